/* SPDX-License-Identifier: MIT */
/*
 * From links to the trees of the answer: steps 2 to 6 of RFC 5256 section 3. The messages are
 * sorted by date once; every later stage is one walk over them in this order, so siblings and
 * threads come out sorted wherever they are appended to a list:
 *
 *   ADDING ─> COUNTING ─> SORTING ─> PRUNING ─> ROOTING ─> SUBJECTS ─> MERGING ─┐
 *                            │                     └────────── REFS ──────────────┤
 *                            └─────── ORDEREDSUBJECT: SUBJECTS ───────────────────┤
 *                                                                                 v
 *                             COMPLETE <─ RANKING <─ MARKING <─ REFS ─ LISTING <─ CLEARING
 *                                ^───────────── others ──────────────────┘
 *
 * A dummy keeps a place only at the top, with two children or more. After PRUNING the parent of
 * a message is another message, such a dummy, or none.
 */
#include "mailbox/order/threads_private.h"

static enum rc
sorting_begin(struct threads *threads)
{
    const uint32_t count = threads_item_count(threads);

    texts_done(&threads->ids);
    buf_done(&threads->forest);
    buf_done(&threads->node_of);
    char *room = buf_reserve(&threads->order, 2 * (size_t)count * sizeof(uint32_t) + 1);
    if (room == NULL)
        return RC_LIMIT;
    uint32_t *order = (uint32_t *)(void *)room;
    for (uint32_t i = 0; i < count; i++)
        order[i] = i;
    const struct radix_keys by_date = {
        .first = count == 0 ? NULL : &threads_items(threads)->sent_s,
        .stride = sizeof(struct threads_item),
    };
    radix_init(&threads->radix, order, order + count, count, by_date);
    return RC_OK;
}

/* One entry for each subject: NONE. */
static enum rc
subjects_begin(struct threads *threads)
{
    const size_t octets = threads->subjects.count * sizeof(uint32_t);
    char *room = buf_reserve(&threads->by_subject, octets + 1);

    if (room == NULL)
        return RC_LIMIT;
    memset(room, 0xff, octets);
    buf_grew(&threads->by_subject, octets);
    return RC_OK;
}

static bool
is_dummy(const struct threads_node *node)
{
    return node->item == NONE;
}

/* The message that `at` of the order is. */
static struct threads_item *
item_at(const struct threads *threads, uint32_t at)
{
    return &threads_items(threads)[threads->radix.items[at]];
}

/* Step 3. The nearest message above, else the dummy at the top, else NONE; dummies on the way
 * are made to point there too, so all walks together are linear. */
static uint32_t
pruned_parent(struct threads_node *nodes, uint32_t parent)
{
    uint32_t found = parent;

    while (found != NONE && is_dummy(&nodes[found]) && nodes[found].parent != NONE)
        found = nodes[found].parent;
    while (parent != found) {
        const uint32_t above = nodes[parent].parent;
        nodes[parent].parent = found;
        parent = above;
    }
    return found;
}

static void
prune(struct threads *threads, const struct threads_item *item)
{
    struct threads_node *nodes = threads_nodes(threads);
    struct threads_node *node = &nodes[item->node];

    node->parent = pruned_parent(nodes, node->parent);
    if (node->parent != NONE && is_dummy(&nodes[node->parent]))
        nodes[node->parent].children++;
}

/* Steps 2 and 4. A dummy with one child gives way to it; others stand where their first child
 * does, and it is remembered. */
static enum rc
root_add(struct threads *threads, const struct threads_item *item)
{
    struct threads_node *nodes = threads_nodes(threads);
    struct threads_node *node = &nodes[item->node];
    uint32_t root = item->node;

    if (node->parent != NONE) {
        struct threads_node *parent = &nodes[node->parent];
        if (!is_dummy(parent))
            return RC_OK;
        if (parent->children == 1) {
            node->parent = NONE;
        } else if (parent->first == NONE) {
            parent->first = item->node;
            root = node->parent;
        } else {
            return RC_OK;
        }
    }
    buf_put(&threads->roots, &root, sizeof root);
    return buf_ok(&threads->roots) ? RC_OK : RC_LIMIT;
}

/* ---- step 5 ---- */

static struct threads_item *
item_of(const struct threads *threads, const struct threads_node *node)
{
    return &threads_items(threads)[node->item];
}

/* The subject of a thread, and where the node that stands for it is noted; NULL: it is
 * empty. */
static uint32_t *
thread_subject(const struct threads *threads, uint32_t root)
{
    const struct threads_node *node = &threads_nodes(threads)[root];

    if (is_dummy(node))
        node = &threads_nodes(threads)[node->first];
    const uint32_t subject = item_of(threads, node)->subject;
    return texts_at(&threads->subjects, subject).len == 0
               ? NULL
               : &threads_numbers(&threads->by_subject)[subject];
}

/* 5.B */
static void
subject_note(struct threads *threads, uint32_t root)
{
    const struct threads_node *nodes = threads_nodes(threads);
    uint32_t *noted = thread_subject(threads, root);

    if (noted == NULL)
        return;
    if (*noted == NONE) {
        *noted = root;
        return;
    }
    if (is_dummy(&nodes[*noted]))
        return;
    if (is_dummy(&nodes[root]) || (item_of(threads, &nodes[*noted])->is_reply &&
                                   !item_of(threads, &nodes[root])->is_reply))
        *noted = root;
}

/* 5.C */
static enum rc
root_merge(struct threads *threads, uint32_t root)
{
    struct threads_node *nodes = threads_nodes(threads);
    uint32_t *noted = thread_subject(threads, root);

    if (noted == NULL || *noted == root)
        return RC_OK;
    /* With a dummy as the one that stands for the subject: a message becomes its child, and a
     * dummy gives it its children, which LISTING looks up. */
    if (is_dummy(&nodes[*noted]) || (item_of(threads, &nodes[root])->is_reply &&
                                     !item_of(threads, &nodes[*noted])->is_reply)) {
        nodes[root].parent = *noted;
        return RC_OK;
    }
    const uint32_t dummy = threads_node_new(threads, NONE);
    if (dummy == NONE)
        return RC_LIMIT;
    nodes = threads_nodes(threads);
    nodes[root].parent = nodes[*noted].parent = dummy;
    *noted = dummy;
    return RC_OK;
}

/* ORDEREDSUBJECT: the first message of a subject is the parent of all others. */
static void
subject_thread(struct threads *threads, const struct threads_item *item)
{
    uint32_t *first = &threads_numbers(&threads->by_subject)[item->subject];

    if (*first == NONE)
        *first = item->node;
    else
        threads_nodes(threads)[item->node].parent = *first;
}

/* ---- step 6 ---- */

static void
list_reset(struct threads_node *node)
{
    node->first = node->last = node->next = NONE;
    node->children = 0;
}

static void
root_append(struct threads *threads, uint32_t root)
{
    if (threads->first_root == NONE)
        threads->first_root = root;
    else
        threads_nodes(threads)[threads->last_root].next = root;
    threads->last_root = root;
}

static void
child_append(struct threads *threads, const struct threads_item *item)
{
    struct threads_node *nodes = threads_nodes(threads);
    uint32_t parent = nodes[item->node].parent;

    if (parent != NONE && is_dummy(&nodes[parent]) && nodes[parent].parent != NONE)
        parent = nodes[item->node].parent = nodes[parent].parent; /* it was merged */
    if (parent == NONE) {
        root_append(threads, item->node);
        return;
    }
    if (is_dummy(&nodes[parent]) && nodes[parent].first == NONE)
        root_append(threads, parent);
    if (nodes[parent].first == NONE)
        nodes[parent].first = item->node;
    else
        nodes[nodes[parent].last].next = item->node;
    nodes[parent].last = item->node;
    nodes[parent].children++;
}

/* The root of a message's thread. `last` of a message that was asked for before is its root. */
static uint32_t
thread_root(struct threads_node *nodes, uint32_t node)
{
    uint32_t root = node;

    while (nodes[root].parent != NONE && nodes[root].last == NONE)
        root = nodes[root].parent;
    if (nodes[root].parent != NONE)
        root = nodes[root].last;
    for (; node != root && nodes[node].last == NONE; node = nodes[node].parent)
        nodes[node].last = root;
    return root;
}

/* REFS. From the latest message back: a thread that is met for the first time comes before
 * those that have been met. `last` of a root that was met is itself. */
static void
rank(struct threads *threads, const struct threads_item *item)
{
    struct threads_node *nodes = threads_nodes(threads);
    const uint32_t root = thread_root(nodes, item->node);

    if (nodes[root].last == root)
        return;
    nodes[root].last = root;
    nodes[root].next = threads->first_root;
    threads->first_root = root;
}

/* ---- stages ---- */

/* One message, or one root, of a stage that may need memory. */
static enum rc
step(struct threads *threads, uint32_t at)
{
    switch (threads->stage) {
    case THREADS_ROOTING:
        return root_add(threads, item_at(threads, at));
    case THREADS_MERGING:
        return root_merge(threads, threads_numbers(&threads->roots)[at]);
    default: /* THREADS_SUBJECTS */
        if (threads->kind == THREADS_ORDEREDSUBJECT)
            subject_thread(threads, item_at(threads, at));
        else
            subject_note(threads, threads_numbers(&threads->roots)[at]);
        return RC_OK;
    }
}

/* The messages, roots or nodes of the stage from threads->at up to end. */
static enum rc
steps(struct threads *threads, uint32_t end)
{
    const uint32_t last = threads_item_count(threads) - 1;
    struct threads_node *nodes = threads_nodes(threads);
    const uint32_t first = threads->at;
    enum rc rc = RC_OK;

    threads->at = end;
    switch (threads->stage) {
    case THREADS_COUNTING:
        for (uint32_t at = first; at < end; at++)
            nodes[at].children = 0;
        break;
    case THREADS_CLEARING:
        for (uint32_t at = first; at < end; at++)
            list_reset(&nodes[at]);
        break;
    case THREADS_MARKING:
        for (uint32_t at = first; at < end; at++)
            nodes[at].last = NONE;
        break;
    case THREADS_PRUNING:
        for (uint32_t at = first; at < end; at++)
            prune(threads, item_at(threads, at));
        break;
    case THREADS_LISTING:
        for (uint32_t at = first; at < end; at++)
            child_append(threads, item_at(threads, at));
        break;
    case THREADS_RANKING:
        for (uint32_t at = first; at < end; at++)
            rank(threads, item_at(threads, last - at));
        break;
    default:
        for (uint32_t at = first; rc == RC_OK && at < end; at++)
            rc = step(threads, at);
        break;
    }
    return rc;
}

/* How many steps the stage has. */
static uint32_t
stage_length(const struct threads *threads)
{
    switch (threads->stage) {
    case THREADS_COUNTING:
    case THREADS_CLEARING:
    case THREADS_MARKING:
        return threads_node_count(threads);
    case THREADS_SUBJECTS:
        if (threads->kind == THREADS_ORDEREDSUBJECT)
            break;
        return (uint32_t)(buf_len(&threads->roots) / sizeof(uint32_t));
    case THREADS_MERGING:
        return (uint32_t)(buf_len(&threads->roots) / sizeof(uint32_t));
    default:
        break;
    }
    return threads_item_count(threads);
}

static enum threads_stage
stage_after(const struct threads *threads)
{
    const bool by_references = threads->kind == THREADS_REFERENCES;

    switch (threads->stage) {
    case THREADS_ADDING:
        return THREADS_COUNTING;
    case THREADS_COUNTING:
        return THREADS_SORTING;
    case THREADS_SORTING:
        return threads->kind == THREADS_ORDEREDSUBJECT ? THREADS_SUBJECTS : THREADS_PRUNING;
    case THREADS_PRUNING:
        return THREADS_ROOTING;
    case THREADS_ROOTING:
        return by_references ? THREADS_SUBJECTS : THREADS_CLEARING;
    case THREADS_SUBJECTS:
        return by_references ? THREADS_MERGING : THREADS_CLEARING;
    case THREADS_MERGING:
        return THREADS_CLEARING;
    case THREADS_CLEARING:
        return THREADS_LISTING;
    case THREADS_LISTING:
        return threads->kind == THREADS_REFS ? THREADS_MARKING : THREADS_COMPLETE;
    case THREADS_MARKING:
        return THREADS_RANKING;
    case THREADS_RANKING:
    case THREADS_COMPLETE:
        break;
    }
    return THREADS_COMPLETE;
}

static enum rc
stage_next(struct threads *threads)
{
    threads->at = 0;
    threads->stage = stage_after(threads);
    switch (threads->stage) {
    case THREADS_SORTING:
        return sorting_begin(threads);
    case THREADS_SUBJECTS:
        return subjects_begin(threads);
    case THREADS_LISTING:
        threads->first_root = threads->last_root = NONE;
        return RC_OK;
    case THREADS_RANKING:
        threads->first_root = NONE;
        return RC_OK;
    case THREADS_COMPLETE:
        threads->node = threads->first_root;
        return RC_OK;
    default:
        return RC_OK;
    }
}

enum rc
threads_step(struct threads *threads, uint32_t messages)
{
    while (threads->stage != THREADS_COMPLETE) {
        enum rc rc = RC_OK;
        if (threads->stage == THREADS_SORTING) {
            if (!radix_step(&threads->radix, messages))
                return RC_AGAIN;
        } else if (threads->stage != THREADS_ADDING) {
            const uint32_t length = stage_length(threads);
            const uint32_t left = length - threads->at;
            const uint32_t some = left < messages ? left : messages;
            rc = steps(threads, threads->at + some);
            messages -= some;
            if (rc == RC_OK && threads->at < length)
                return RC_AGAIN;
        }
        if (rc == RC_OK)
            rc = stage_next(threads);
        if (rc != RC_OK)
            return rc;
    }
    return RC_OK;
}
