/* SPDX-License-Identifier: MIT */
/*
 * Step 1 of RFC 5256 section 3: messages come in and are linked to what they refer to. A
 * message that is referred to and has not come (yet) is a dummy.
 *
 * Before a link is made, it is asked whether it would make a loop, but only where one is
 * possible at all, which in real mail is rare. A few steps upwards tell it in threads that are
 * not deep. When they do not, a forest is made of all links, which tells it in logarithmic time
 * however deep threads are, and is kept up to date from then on. Making it takes a while, so it
 * is made in pieces, and meanwhile no message is added.
 */
#include "mailbox/order/threads_private.h"

enum {
    STEPS_UP = 64,        /* without the forest */
    FOREST_NODES = 16384, /* put into the forest at a time, which takes some milliseconds */
};

void
threads_init(struct threads *threads, enum threads_kind kind, size_t max_octets)
{
    *threads =
        (struct threads){.kind = kind, .max_octets = max_octets, .deferred = THREADS_NO_ID};
    texts_init(&threads->ids, max_octets);
    texts_init(&threads->subjects, max_octets);
    struct buf *const all[] = {&threads->messages, &threads->nodes,  &threads->forest,
                               &threads->node_of,  &threads->order,  &threads->by_subject,
                               &threads->roots,    &threads->numbers};
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        buf_init(all[i], max_octets);
}

void
threads_done(struct threads *threads)
{
    texts_done(&threads->ids);
    texts_done(&threads->subjects);
    buf_done(&threads->messages);
    buf_done(&threads->nodes);
    buf_done(&threads->forest);
    buf_done(&threads->node_of);
    buf_done(&threads->order);
    buf_done(&threads->by_subject);
    buf_done(&threads->roots);
    buf_done(&threads->numbers);
}

size_t
threads_octets(const struct threads *threads)
{
    return texts_octets(&threads->ids) + texts_octets(&threads->subjects) +
           buf_len(&threads->messages) + buf_len(&threads->nodes) + buf_len(&threads->forest) +
           buf_len(&threads->node_of) + buf_len(&threads->order) +
           buf_len(&threads->by_subject) + buf_len(&threads->roots);
}

uint32_t
threads_node_new(struct threads *threads, uint32_t item)
{
    struct threads_node *node =
        (struct threads_node *)(void *)texts_room(&threads->nodes, sizeof *node);

    if (node == NULL)
        return NONE;
    *node = (struct threads_node){
        .parent = NONE, .item = item, .first = NONE, .last = NONE, .next = NONE};
    buf_grew(&threads->nodes, sizeof *node);
    return threads_node_count(threads) - 1;
}

/* ---- links ---- */

static struct forest_node *
forest_of(const struct threads *threads)
{
    return (struct forest_node *)(void *)threads->forest.data;
}

/* Puts some nodes into the forest. RC_AGAIN: not all are in it yet. A node is linked once, as
 * it has one parent, and the links make no loop, so they can come in any order. */
static enum rc
forest_make(struct threads *threads)
{
    const uint32_t count = threads_node_count(threads);
    const struct threads_node *nodes = threads_nodes(threads);

    if (threads->forest_at == 0) {
        const size_t octets = count * sizeof(struct forest_node);
        char *room = buf_reserve(&threads->forest, octets + 1);
        if (room == NULL)
            return RC_LIMIT;
        memset(room, 0xff, octets); /* forest_node_alone */
        buf_grew(&threads->forest, octets);
    }
    for (unsigned i = 0; i < FOREST_NODES && threads->forest_at < count; i++) {
        const uint32_t node = threads->forest_at++;
        if (nodes[node].parent != NONE)
            forest_link(forest_of(threads), node, nodes[node].parent);
    }
    return threads->forest_at < count ? RC_AGAIN : RC_OK;
}

enum loop { LOOP_NO, LOOP_YES, LOOP_UNKNOWN };

/* Whether child, which has no parent, must not be put below parent, because that would make a
 * loop. A node without children is above nothing, and a root is below nothing. */
static enum loop
would_loop(const struct threads *threads, uint32_t parent, uint32_t child)
{
    const struct threads_node *nodes = threads_nodes(threads);

    if (parent == child)
        return LOOP_YES;
    if (nodes[child].children == 0)
        return LOOP_NO;
    uint32_t above = nodes[parent].parent;
    for (unsigned i = 0; i < STEPS_UP && above != NONE && above != child; i++)
        above = nodes[above].parent;
    if (above == NONE || above == child)
        return above == NONE ? LOOP_NO : LOOP_YES;
    if (!threads->has_forest)
        return LOOP_UNKNOWN;
    return forest_root(forest_of(threads), parent) == child ? LOOP_YES : LOOP_NO;
}

/* child has no parent. RC_AGAIN: the forest is needed to tell whether they may be linked. */
static enum rc
link_under(struct threads *threads, uint32_t parent, uint32_t child)
{
    struct threads_node *nodes = threads_nodes(threads);

    const enum loop loop = would_loop(threads, parent, child);
    if (loop == LOOP_UNKNOWN)
        return RC_AGAIN;
    if (loop == LOOP_YES)
        return RC_OK;
    if (threads->has_forest)
        forest_link(forest_of(threads), child, parent);
    nodes[child].parent = parent;
    nodes[parent].children++;
    return RC_OK;
}

static void
unlink_from_parent(struct threads *threads, uint32_t child)
{
    struct threads_node *nodes = threads_nodes(threads);

    if (threads->has_forest)
        forest_cut(forest_of(threads), child);
    nodes[nodes[child].parent].children--;
    nodes[child].parent = NONE;
}

/* ---- messages ---- */

static uint32_t
linked_node_new(struct threads *threads, uint32_t item)
{
    const struct forest_node alone = forest_node_alone();

    if (threads->has_forest) {
        buf_put(&threads->forest, &alone, sizeof alone);
        if (!buf_ok(&threads->forest))
            return NONE;
        threads->forest_at++;
    }
    return threads_node_new(threads, item);
}

enum rc
threads_reserve(struct threads *threads, uint32_t messages)
{
    const size_t items = messages * sizeof(struct threads_item);
    const size_t nodes = messages * sizeof(struct threads_node);
    enum rc rc = RC_OK;

    if (threads->kind != THREADS_ORDEREDSUBJECT)
        rc = texts_reserve(&threads->ids, messages);
    if (rc == RC_OK && threads->kind != THREADS_REFS)
        rc = texts_reserve(&threads->subjects, messages / 2);
    if (rc != RC_OK || buf_reserve(&threads->messages, items + 1) == NULL ||
        buf_reserve(&threads->nodes, nodes + 1) == NULL)
        return RC_LIMIT;
    return RC_OK;
}

enum rc
threads_ids(struct threads *threads, const struct span *ids, size_t count,
            uint32_t *numbers_out)
{
    const uint32_t known = threads->ids.count;

    if (texts_add_many(&threads->ids, ids, count, numbers_out) != RC_OK)
        return RC_LIMIT;
    const size_t octets = (threads->ids.count - known) * sizeof(uint32_t);
    char *room = buf_reserve(&threads->node_of, octets + 1);
    if (room == NULL)
        return RC_LIMIT;
    memset(room, 0xff, octets); /* NONE */
    buf_grew(&threads->node_of, octets);
    return RC_OK;
}

enum rc
threads_id(struct threads *threads, struct span id, uint32_t *number_out)
{
    return threads_ids(threads, &id, 1, number_out);
}

enum rc
threads_subject(struct threads *threads, struct span subject, uint32_t *number_out)
{
    return texts_add(&threads->subjects, subject, number_out);
}

/* The node of this id, a dummy if there is none yet; NONE: no memory. */
static uint32_t
node_of_id(struct threads *threads, uint32_t id)
{
    uint32_t *node = &threads_numbers(&threads->node_of)[id];

    if (*node == NONE)
        *node = linked_node_new(threads, NONE);
    return *node;
}

/* The node of a new message. One without an id, or with one that an earlier message has, gets
 * one that nothing refers to. NONE: no memory. */
static uint32_t
node_of_message(struct threads *threads, uint32_t id, uint32_t item)
{
    if (id != THREADS_NO_ID) {
        const uint32_t node = node_of_id(threads, id);
        if (node == NONE)
            return NONE;
        struct threads_node *known = &threads_nodes(threads)[node];
        if (known->item == NONE) {
            known->item = item;
            return node;
        }
    }
    return linked_node_new(threads, item);
}

/* Steps 1.A and 1.B. After RC_AGAIN this can be done again from the beginning: links that were
 * made are there, and are left as they are. */
static enum rc
add_references(struct threads *threads, uint32_t node, const struct threads_numbered *message)
{
    uint32_t last = NONE;
    enum rc rc = RC_OK;

    for (size_t i = 0; i < message->reference_count; i++) {
        const uint32_t at = node_of_id(threads, message->references[i]);
        if (at == NONE)
            return RC_LIMIT;
        if (last != NONE && threads_nodes(threads)[at].parent == NONE)
            rc = link_under(threads, last, at);
        if (rc != RC_OK)
            return rc;
        last = at;
    }
    const uint32_t parent = threads_nodes(threads)[node].parent;
    if (parent != NONE && parent == last)
        return RC_OK;
    if (parent != NONE)
        unlink_from_parent(threads, node);
    return last != NONE ? link_under(threads, last, node) : RC_OK;
}

/* The node of the message, with its links. */
static enum rc
add_links(struct threads *threads, const struct threads_numbered *message, uint32_t *node_out)
{
    uint32_t node = threads->deferred;

    if (node != NONE) {
        const enum rc rc = forest_make(threads);
        if (rc != RC_OK)
            return rc;
    } else {
        node = node_of_message(threads, message->id, threads_item_count(threads));
        if (node == NONE)
            return RC_LIMIT;
    }
    threads->deferred = NONE;
    const enum rc rc = add_references(threads, node, message);
    if (rc == RC_AGAIN) {
        threads->deferred = node;
        threads->has_forest = true;
    }
    *node_out = node;
    return rc;
}

enum rc
threads_add_numbered(struct threads *threads, const struct threads_numbered *message)
{
    struct threads_item item = {
        .sent_s = message->sent_s,
        .number = message->number,
        .subject = message->subject,
        .is_reply = message->is_reply_or_forward,
    };

    if (threads->kind == THREADS_ORDEREDSUBJECT) {
        item.node = threads_node_new(threads, threads_item_count(threads));
        if (item.node == NONE)
            return RC_LIMIT;
    } else {
        const enum rc rc = add_links(threads, message, &item.node);
        if (rc != RC_OK)
            return rc;
    }
    struct threads_item *room =
        (struct threads_item *)(void *)texts_room(&threads->messages, sizeof item);
    if (room == NULL)
        return RC_LIMIT;
    *room = item;
    buf_grew(&threads->messages, sizeof item);
    return threads_octets(threads) <= threads->max_octets ? RC_OK : RC_LIMIT;
}

enum rc
threads_add(struct threads *threads, const struct threads_message *message)
{
    struct threads_numbered numbered = {
        .number = message->number,
        .sent_s = message->sent_s,
        .id = THREADS_NO_ID,
        .is_reply_or_forward = message->is_reply_or_forward,
    };

    if (threads_subject(threads, message->subject, &numbered.subject) != RC_OK)
        return RC_LIMIT;
    if (threads->kind == THREADS_ORDEREDSUBJECT)
        return threads_add_numbered(threads, &numbered);
    if (message->id.len > 0 && threads_id(threads, message->id, &numbered.id) != RC_OK)
        return RC_LIMIT;
    buf_clear(&threads->numbers);
    for (size_t i = 0; i < message->reference_count; i++) {
        uint32_t number;
        if (threads_id(threads, message->references[i], &number) != RC_OK)
            return RC_LIMIT;
        buf_put(&threads->numbers, &number, sizeof number);
    }
    if (!buf_ok(&threads->numbers))
        return RC_LIMIT;
    numbered.references = threads_numbers(&threads->numbers);
    numbered.reference_count = message->reference_count;
    return threads_add_numbered(threads, &numbered);
}
