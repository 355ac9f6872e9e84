/* SPDX-License-Identifier: MIT */
/*
 * A forest whose trees are joined and cut apart, and which finds the root of any node in
 * amortised logarithmic time: link-cut trees by Sleator and Tarjan, without changing roots.
 * THREAD needs it to refuse links that would make a loop, however deep the threads are and in
 * whatever order their messages come. Walking up from the parent would take quadratic time for
 * mail that is made for that purpose. No recursion. Pure. Thread: the session.
 */
#ifndef MAILBOX_ORDER_FOREST_H
#define MAILBOX_ORDER_FOREST_H

#include <stdint.h>

enum { FOREST_NONE = UINT32_MAX };

/* Part of an array of the caller, which may move in memory. All zeros are not a valid node. */
struct forest_node {
    uint32_t left; /* in the splay tree of its path, ordered by depth */
    uint32_t right;
    uint32_t up; /* parent there; of its root: the node above the path */
};

static inline struct forest_node
forest_node_alone(void)
{
    return (struct forest_node){FOREST_NONE, FOREST_NONE, FOREST_NONE};
}

/** The root of the tree that node is in. */
uint32_t forest_root(struct forest_node *nodes, uint32_t node);
/** Makes child, a root, a child of parent, which must not be in child's tree. */
void forest_link(struct forest_node *nodes, uint32_t child, uint32_t parent);
/** Makes node, which has a parent, the root of a tree of its own. */
void forest_cut(struct forest_node *nodes, uint32_t node);

#endif
