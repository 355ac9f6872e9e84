/* SPDX-License-Identifier: MIT */
/*
 * Each tree is divided into paths downwards; a path is a splay tree in the order of depth, and
 * the root of that splay tree points up to the node above the path without being its child.
 * expose() makes the way from a node to its tree's root one path.
 */
#include "mailbox/order/forest.h"

#include <stdbool.h>

static bool
is_splay_root(const struct forest_node *nodes, uint32_t node)
{
    const uint32_t up = nodes[node].up;

    return up == FOREST_NONE || (nodes[up].left != node && nodes[up].right != node);
}

/* Lifts node above its parent in the splay tree. */
static void
rotate(struct forest_node *nodes, uint32_t node)
{
    const uint32_t parent = nodes[node].up;
    const uint32_t above = nodes[parent].up;
    uint32_t moved;

    if (!is_splay_root(nodes, parent)) {
        if (nodes[above].left == parent)
            nodes[above].left = node;
        else
            nodes[above].right = node;
    }
    if (nodes[parent].left == node) {
        moved = nodes[node].right;
        nodes[parent].left = moved;
        nodes[node].right = parent;
    } else {
        moved = nodes[node].left;
        nodes[parent].right = moved;
        nodes[node].left = parent;
    }
    if (moved != FOREST_NONE)
        nodes[moved].up = parent;
    nodes[parent].up = node;
    nodes[node].up = above;
}

static void
splay(struct forest_node *nodes, uint32_t node)
{
    while (!is_splay_root(nodes, node)) {
        const uint32_t parent = nodes[node].up;
        if (!is_splay_root(nodes, parent)) {
            const uint32_t above = nodes[parent].up;
            const bool is_straight =
                (nodes[above].left == parent) == (nodes[parent].left == node);
            rotate(nodes, is_straight ? parent : node);
        }
        rotate(nodes, node);
    }
}

/* Afterwards node is the root of its splay tree, and nothing is below it on its path. */
static void
expose(struct forest_node *nodes, uint32_t node)
{
    splay(nodes, node);
    nodes[node].right = FOREST_NONE;
    while (nodes[node].up != FOREST_NONE) {
        const uint32_t above = nodes[node].up;
        splay(nodes, above);
        nodes[above].right = node;
        splay(nodes, node);
    }
}

uint32_t
forest_root(struct forest_node *nodes, uint32_t node)
{
    expose(nodes, node);
    while (nodes[node].left != FOREST_NONE)
        node = nodes[node].left;
    splay(nodes, node); /* pays for the way down */
    return node;
}

void
forest_link(struct forest_node *nodes, uint32_t child, uint32_t parent)
{
    expose(nodes, child);
    expose(nodes, parent);
    nodes[child].up = parent;
}

void
forest_cut(struct forest_node *nodes, uint32_t node)
{
    expose(nodes, node);
    nodes[nodes[node].left].up = FOREST_NONE;
    nodes[node].left = FOREST_NONE;
}
