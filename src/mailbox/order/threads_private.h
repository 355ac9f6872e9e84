/* SPDX-License-Identifier: MIT */
/*
 * What the parts of THREAD share: threads.c takes the messages and links them, threads_shape.c
 * makes the trees of the result, and threads_write.c walks them.
 */
#ifndef MAILBOX_ORDER_THREADS_PRIVATE_H
#define MAILBOX_ORDER_THREADS_PRIVATE_H

#include "mailbox/order/forest.h"
#include "mailbox/order/threads.h"

enum { NONE = FOREST_NONE };

struct threads_item {
    int64_t sent_s;
    uint32_t number;
    uint32_t node;
    uint32_t subject;
    bool is_reply;
};

struct threads_node {
    uint32_t parent;   /* NONE: a root. A dummy that was merged into another one points there */
    uint32_t item;     /* index of its message; NONE: a dummy */
    uint32_t children; /* how many; while messages come in, dummies count too; then only of a
                          dummy at the top; from LISTING on of all */
    uint32_t first;    /* child, of the result */
    uint32_t last;
    uint32_t next; /* sibling */
};

static inline struct threads_item *
threads_items(const struct threads *threads)
{
    return (struct threads_item *)(void *)threads->messages.data;
}

static inline uint32_t
threads_item_count(const struct threads *threads)
{
    return (uint32_t)(buf_len(&threads->messages) / sizeof(struct threads_item));
}

static inline struct threads_node *
threads_nodes(const struct threads *threads)
{
    return (struct threads_node *)(void *)threads->nodes.data;
}

static inline uint32_t
threads_node_count(const struct threads *threads)
{
    return (uint32_t)(buf_len(&threads->nodes) / sizeof(struct threads_node));
}

static inline uint32_t *
threads_numbers(const struct buf *buf)
{
    return (uint32_t *)(void *)buf->data;
}

/** A new node; NONE: no memory. */
uint32_t threads_node_new(struct threads *threads, uint32_t item);

#endif
