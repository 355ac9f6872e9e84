/* SPDX-License-Identifier: MIT */
/*
 * Step 1 of RFC 5256 section 3: messages come in and are linked to what they refer to. A
 * message that is referred to and has not come (yet) is a dummy. The forest says whether a link
 * would make a loop; it is asked only where one is possible at all, which in real mail is rare.
 */
#include "mailbox/order/threads_private.h"

void
threads_init(struct threads *threads, enum threads_kind kind, size_t max_octets)
{
    *threads = (struct threads){.kind = kind, .max_octets = max_octets};
    texts_init(&threads->ids, max_octets);
    texts_init(&threads->subjects, max_octets);
    struct buf *const all[] = {&threads->messages, &threads->nodes, &threads->forest,
                               &threads->node_of,  &threads->order, &threads->by_subject,
                               &threads->roots};
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
    const struct threads_node node = {
        .parent = NONE, .item = item, .first = NONE, .last = NONE, .next = NONE};

    buf_put(&threads->nodes, &node, sizeof node);
    return buf_ok(&threads->nodes) ? threads_node_count(threads) - 1 : NONE;
}

/* ---- links ---- */

static struct forest_node *
forest_of(const struct threads *threads)
{
    return (struct forest_node *)(void *)threads->forest.data;
}

/* Whether child, which has no parent, must not be put below parent, because that would make a
 * loop. A node without children is above nothing, and a root is below nothing. */
static bool
would_loop(const struct threads *threads, uint32_t parent, uint32_t child)
{
    const struct threads_node *nodes = threads_nodes(threads);

    if (parent == child)
        return true;
    return nodes[child].children > 0 && nodes[parent].parent != NONE &&
           forest_root(forest_of(threads), parent) == child;
}

/* child has no parent. */
static void
link_under(struct threads *threads, uint32_t parent, uint32_t child)
{
    struct threads_node *nodes = threads_nodes(threads);

    if (would_loop(threads, parent, child))
        return;
    forest_link(forest_of(threads), child, parent);
    nodes[child].parent = parent;
    nodes[parent].children++;
}

static void
unlink_from_parent(struct threads *threads, uint32_t child)
{
    struct threads_node *nodes = threads_nodes(threads);

    forest_cut(forest_of(threads), child);
    nodes[nodes[child].parent].children--;
    nodes[child].parent = NONE;
}

/* ---- messages ---- */

static uint32_t
linked_node_new(struct threads *threads, uint32_t item)
{
    const struct forest_node alone = forest_node_alone();

    buf_put(&threads->forest, &alone, sizeof alone);
    return buf_ok(&threads->forest) ? threads_node_new(threads, item) : NONE;
}

/* The node of this id, a dummy if there is none yet; NONE: no memory. */
static uint32_t
node_of_id(struct threads *threads, struct span id)
{
    const uint32_t known = threads->ids.count;
    uint32_t number;

    if (texts_add(&threads->ids, id, &number) != RC_OK)
        return NONE;
    if (number < known)
        return threads_numbers(&threads->node_of)[number];
    const uint32_t node = linked_node_new(threads, NONE);
    buf_put(&threads->node_of, &node, sizeof node);
    return buf_ok(&threads->node_of) ? node : NONE;
}

/* The node of a new message. One without an id, or with one that an earlier message has, gets
 * one that nothing refers to. NONE: no memory. */
static uint32_t
node_of_message(struct threads *threads, struct span id, uint32_t item)
{
    if (id.len > 0) {
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

/* Steps 1.A and 1.B. */
static enum rc
add_references(struct threads *threads, uint32_t node, const struct threads_message *message)
{
    uint32_t last = NONE;

    for (size_t i = 0; i < message->reference_count; i++) {
        const uint32_t at = node_of_id(threads, message->references[i]);
        if (at == NONE)
            return RC_LIMIT;
        if (last != NONE && threads_nodes(threads)[at].parent == NONE)
            link_under(threads, last, at);
        last = at;
    }
    const uint32_t parent = threads_nodes(threads)[node].parent;
    if (parent != NONE && parent == last)
        return RC_OK;
    if (parent != NONE)
        unlink_from_parent(threads, node);
    if (last != NONE)
        link_under(threads, last, node);
    return RC_OK;
}

enum rc
threads_add(struct threads *threads, const struct threads_message *message)
{
    const uint32_t at = threads_item_count(threads);
    struct threads_item item = {
        .sent_s = message->sent_s,
        .number = message->number,
        .is_reply = message->is_reply_or_forward,
    };

    if (texts_add(&threads->subjects, message->subject, &item.subject) != RC_OK)
        return RC_LIMIT;
    const bool by_subject = threads->kind == THREADS_ORDEREDSUBJECT;
    item.node =
        by_subject ? threads_node_new(threads, at) : node_of_message(threads, message->id, at);
    if (item.node == NONE)
        return RC_LIMIT;
    if (!by_subject && add_references(threads, item.node, message) != RC_OK)
        return RC_LIMIT;
    buf_put(&threads->messages, &item, sizeof item);
    return buf_ok(&threads->messages) && threads_octets(threads) <= threads->max_octets
               ? RC_OK
               : RC_LIMIT;
}
