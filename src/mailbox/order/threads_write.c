/* SPDX-License-Identifier: MIT */
/*
 * Walks the trees of an answer (RFC 5256 section 4). A thread, and each of several siblings, is
 * in parentheses; an only child follows its parent. The way back up is a step a level, so a
 * thread of a million messages can be left off anywhere in it.
 */
#include "mailbox/order/threads_private.h"

enum place {
    PLACE_BEFORE, /* nothing of the node was told yet: so it is zero */
    PLACE_NUMBER,
    PLACE_CHILDREN,
    PLACE_AFTER, /* its children were told */
    PLACE_PAST,  /* all of it was */
};

static bool
has_parentheses(const struct threads_node *nodes, uint32_t node)
{
    const uint32_t parent = nodes[node].parent;

    return parent == NONE || nodes[parent].children > 1;
}

static void
go(struct threads *threads, uint32_t node, enum place place)
{
    threads->node = node;
    threads->place = (uint8_t)place;
}

enum threads_token
threads_next(struct threads *threads, uint32_t *number_out)
{
    const struct threads_node *nodes = threads_nodes(threads);
    const uint32_t at = threads->node;

    if (at == NONE)
        return THREADS_END;
    switch ((enum place)threads->place) {
    case PLACE_BEFORE:
        go(threads, at, PLACE_NUMBER);
        return has_parentheses(nodes, at) ? THREADS_OPEN : THREADS_NOTHING;
    case PLACE_NUMBER:
        go(threads, at, PLACE_CHILDREN);
        if (nodes[at].item == NONE)
            return THREADS_NOTHING;
        *number_out = threads_items(threads)[nodes[at].item].number;
        return THREADS_NUMBER;
    case PLACE_CHILDREN:
        if (nodes[at].first != NONE)
            go(threads, nodes[at].first, PLACE_BEFORE);
        else
            go(threads, at, PLACE_AFTER);
        return THREADS_NOTHING;
    case PLACE_AFTER:
        go(threads, at, PLACE_PAST);
        return has_parentheses(nodes, at) ? THREADS_CLOSE : THREADS_NOTHING;
    case PLACE_PAST:
        break;
    }
    if (nodes[at].next != NONE)
        go(threads, nodes[at].next, PLACE_BEFORE);
    else
        go(threads, nodes[at].parent, PLACE_AFTER);
    return threads->node == NONE ? THREADS_END : THREADS_NOTHING;
}
