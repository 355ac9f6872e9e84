/* SPDX-License-Identifier: MIT */
/* Children are in an array of pointers; the root of all threads is a node like others. */
#include "slow_threads.h"

#include <stdlib.h>

#include "base/check.h"

enum { CHILDREN_MAX = 300, NODES_MAX = 400 };

struct slow {
    const struct threads_message *message; /* NULL: a dummy */
    struct span id;
    struct slow *parent;
    struct slow *children[CHILDREN_MAX];
    size_t count;
};

struct world {
    struct slow *nodes;
    size_t count;
    struct slow root;
};

static struct slow *
add_node(struct world *world, struct span id)
{
    CHECK(world->count < NODES_MAX);
    struct slow *node = &world->nodes[world->count++];
    *node = (struct slow){.id = id};
    return node;
}

static struct slow *
find_node(struct world *world, struct span id)
{
    for (size_t i = 0; i < world->count; i++)
        if (id.len > 0 && span_eq(world->nodes[i].id, id))
            return &world->nodes[i];
    return NULL;
}

static struct slow *
find_or_add(struct world *world, struct span id)
{
    struct slow *node = find_node(world, id);

    return node != NULL ? node : add_node(world, id);
}

static void
unlink_node(struct slow *node)
{
    struct slow *parent = node->parent;
    size_t at = 0;

    if (parent == NULL)
        return;
    while (parent->children[at] != node)
        at++;
    for (; at + 1 < parent->count; at++)
        parent->children[at] = parent->children[at + 1];
    parent->count--;
    node->parent = NULL;
}

static void
link_node(struct slow *parent, struct slow *child)
{
    CHECK(parent->count < CHILDREN_MAX);
    parent->children[parent->count++] = child;
    child->parent = parent;
}

static bool
is_below(const struct slow *node, const struct slow *above)
{
    for (; node != NULL; node = node->parent)
        if (node == above)
            return true;
    return false;
}

static void
step_1(struct world *world, const struct threads_message *messages, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct slow *last = NULL;
        struct slow *node = find_node(world, messages[i].id);
        if (node == NULL)
            node = add_node(world, messages[i].id);
        else if (node->message != NULL)
            node = add_node(world, (struct span){NULL, 0});
        node->message = &messages[i];
        for (size_t r = 0; r < messages[i].reference_count; r++) {
            struct slow *at = find_or_add(world, messages[i].references[r]);
            if (last != NULL && at->parent == NULL && !is_below(last, at))
                link_node(last, at);
            last = at;
        }
        unlink_node(node);
        if (last != NULL && !is_below(last, node))
            link_node(last, node);
    }
}

static void
step_2(struct world *world)
{
    for (size_t i = 0; i < world->count; i++)
        if (world->nodes[i].parent == NULL)
            link_node(&world->root, &world->nodes[i]);
}

/* Step 3, below node. */
static void
prune(struct slow *node, const struct slow *root)
{
    for (size_t i = 0; i < node->count;) {
        struct slow *child = node->children[i];
        prune(child, root);
        if (child->message != NULL || (node == root && child->count > 1)) {
            i++;
            continue;
        }
        unlink_node(child);
        while (child->count > 0) {
            struct slow *grandchild = child->children[0];
            unlink_node(grandchild);
            link_node(node, grandchild);
        }
        i = 0;
    }
}

/* A dummy counts as its first child. */
static const struct threads_message *
message_of(const struct slow *node)
{
    return node->message != NULL ? node->message : node->children[0]->message;
}

static int
compare(const void *left, const void *right)
{
    const struct threads_message *a = message_of(*(struct slow *const *)left);
    const struct threads_message *b = message_of(*(struct slow *const *)right);

    if (a->sent_s != b->sent_s)
        return a->sent_s < b->sent_s ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

/* Steps 4 and 6. */
static void
sort_below(struct slow *node)
{
    for (size_t i = 0; i < node->count; i++)
        sort_below(node->children[i]);
    qsort(node->children, node->count, sizeof(struct slow *), compare);
}

/* Step 5; table[i] stands for the subject of the i-th thread. */
static void
step_5(struct world *world)
{
    struct slow **table = calloc(NODES_MAX, sizeof(struct slow *));
    struct slow **threads = calloc(NODES_MAX, sizeof(struct slow *));
    struct span *subjects = calloc(NODES_MAX, sizeof(struct span));
    const size_t count = world->root.count;
    size_t known = 0;

    CHECK(table != NULL && threads != NULL && subjects != NULL);
    for (size_t i = 0; i < count; i++) {
        struct slow *node = threads[i] = world->root.children[i];
        const struct span subject = message_of(node)->subject;
        size_t at = 0;
        while (at < known && !span_eq(subjects[at], subject))
            at++;
        if (subject.len == 0)
            continue;
        if (at == known) {
            subjects[known] = subject;
            table[known++] = node;
        } else if (table[at]->message != NULL &&
                   (node->message == NULL || (table[at]->message->is_reply_or_forward &&
                                              !node->message->is_reply_or_forward))) {
            table[at] = node;
        }
    }
    for (size_t i = 0; i < count; i++) {
        struct slow *node = threads[i];
        const struct span subject = message_of(node)->subject;
        size_t at = 0;
        while (at < known && !span_eq(subjects[at], subject))
            at++;
        if (subject.len == 0 || table[at] == node)
            continue;
        if (table[at]->message == NULL && node->message == NULL) {
            unlink_node(node);
            while (node->count > 0) {
                struct slow *child = node->children[0];
                unlink_node(child);
                link_node(table[at], child);
            }
        } else if (table[at]->message == NULL || (node->message->is_reply_or_forward &&
                                                  !table[at]->message->is_reply_or_forward)) {
            unlink_node(node);
            link_node(table[at], node);
        } else {
            struct slow *dummy = add_node(world, (struct span){NULL, 0});
            unlink_node(node);
            unlink_node(table[at]);
            link_node(&world->root, dummy);
            link_node(dummy, table[at]);
            link_node(dummy, node);
            table[at] = dummy;
        }
    }
    free(table);
    free(threads);
    free(subjects);
}

static const struct threads_message *
latest_of(const struct slow *node)
{
    const struct threads_message *latest = node->message;

    for (size_t i = 0; i < node->count; i++) {
        const struct threads_message *other = latest_of(node->children[i]);
        if (latest == NULL || other->sent_s > latest->sent_s ||
            (other->sent_s == latest->sent_s && other->number > latest->number))
            latest = other;
    }
    return latest;
}

static int
compare_latest(const void *left, const void *right)
{
    const struct threads_message *a = latest_of(*(struct slow *const *)left);
    const struct threads_message *b = latest_of(*(struct slow *const *)right);

    if (a->sent_s != b->sent_s)
        return a->sent_s < b->sent_s ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

static void
ordered_subject(struct world *world, const struct threads_message *messages, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct slow *node = add_node(world, (struct span){NULL, 0});
        node->message = &messages[i];
        link_node(&world->root, node);
    }
    sort_below(&world->root);
    for (size_t i = 0; i < world->root.count;) {
        struct slow *node = world->root.children[i];
        size_t first = 0;
        while (!span_eq(world->root.children[first]->message->subject, node->message->subject))
            first++;
        if (first == i) {
            i++;
            continue;
        }
        unlink_node(node);
        link_node(world->root.children[first], node);
    }
}

static void
put(struct buf *out, const struct slow *node)
{
    if (node->message != NULL)
        buf_printf(out, "%u", node->message->number);
    if (node->count == 1) {
        buf_put_char(out, ' ');
        put(out, node->children[0]);
        return;
    }
    for (size_t i = 0; i < node->count; i++) {
        buf_put_str(out, i == 0 && node->message != NULL ? " (" : "(");
        put(out, node->children[i]);
        buf_put_char(out, ')');
    }
}

void
slow_threads_put(struct buf *out, enum threads_kind kind,
                 const struct threads_message *messages, size_t count)
{
    struct world *world = calloc(1, sizeof *world);

    CHECK(world != NULL);
    world->nodes = calloc(NODES_MAX, sizeof(struct slow));
    CHECK(world->nodes != NULL);
    if (kind == THREADS_ORDEREDSUBJECT) {
        ordered_subject(world, messages, count);
    } else {
        step_1(world, messages, count);
        step_2(world);
        prune(&world->root, &world->root);
    }
    sort_below(&world->root);
    if (kind == THREADS_REFERENCES)
        step_5(world);
    sort_below(&world->root);
    if (kind == THREADS_REFS)
        qsort(world->root.children, world->root.count, sizeof(struct slow *), compare_latest);
    for (size_t i = 0; i < world->root.count; i++) {
        buf_put_char(out, '(');
        put(out, world->root.children[i]);
        buf_put_char(out, ')');
    }
    free(world->nodes);
    free(world);
}
