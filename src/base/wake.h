/* SPDX-License-Identifier: MIT */
/*
 * How lower layers tell a layer above that there is something to do, without knowing it: a
 * function and two words. The function may be called on any thread with locks up to LOCK_SLOTS
 * held, so it may do nothing but post to an inbox and wake a task (docs/style.md, section 9).
 */
#ifndef BASE_WAKE_H
#define BASE_WAKE_H

#include <stddef.h>
#include <stdint.h>

struct wake {
    void (*fn)(void *ctx, uint64_t id); /* NULL: nobody waits */
    void *ctx;
    uint64_t id; /* for sessions: slot and generation, never a pointer */
};

/* Nobody is to be woken. */
#define WAKE_NOBODY ((struct wake){.fn = NULL})

static inline void
wake_call(struct wake wake)
{
    if (wake.fn != NULL)
        wake.fn(wake.ctx, wake.id);
}

#endif
