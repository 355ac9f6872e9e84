/* SPDX-License-Identifier: MIT */
/* Steps of a search program, and what each costs. */
#include "mailbox/search/search_private.h"

#include "mailbox/content/fields.h"

/* Order among siblings; what is asked first decides most cheaply. */
static const uint8_t costs[] = {
    [OP_CONST] = 0,       [OP_FLAG] = 1,        [OP_RECENT] = 1,     [OP_KEYWORD] = 1,
    [OP_RUNS] = 2,        [OP_LARGER] = 1,      [OP_SMALLER] = 1,    [OP_MODSEQ] = 1,
    [OP_BEFORE] = 2,      [OP_ON] = 2,          [OP_SINCE] = 2,      [OP_OLDER] = 1,
    [OP_YOUNGER] = 1,     [OP_SENTBEFORE] = 11, [OP_SENTON] = 11,    [OP_SENTSINCE] = 11,
    [OP_SAVEDBEFORE] = 1, [OP_SAVEDON] = 1,     [OP_SAVEDSINCE] = 1, [OP_EMAILID] = 9,
    [OP_THREADID] = 9,    [OP_FIELD] = 12,      [OP_ADDRESS] = 14,   [OP_HAS_FIELD] = 10,
    [OP_TEXT] = 40,
};

struct search_node *
search_node_new(struct search_compiler *c, enum search_op op)
{
    struct search_node *node = arena_new(c->arena, struct search_node);

    if (node != NULL) {
        node->op = op;
        node->cost = op < ARRAY_LEN(costs) ? costs[op] : 0;
        node->field_id = FIELDS_NONE;
        node->question = NO_QUESTION;
        c->search->node_count++;
    }
    return node;
}

struct search_node *
search_node_number(struct search_compiler *c, enum search_op op, int64_t number)
{
    struct search_node *node = search_node_new(c, op);

    if (node != NULL)
        node->number = number;
    return node;
}
