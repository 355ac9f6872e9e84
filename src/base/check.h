/* SPDX-License-Identifier: MIT */
/*
 * CHECK is for our own mistakes. It is also active in release builds, says where it failed, and
 * ends the process. Whatever a peer can cause must be a result code instead.
 */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

#include "base/attr.h"

#define CHECK(cond)                                                                            \
    do {                                                                                       \
        if (__builtin_expect(!(cond), 0))                                                      \
            check_failed(#cond, __FILE__, __LINE__, __func__);                                 \
    } while (0)

/** Prints which condition failed and where, with this thread's breadcrumb, and aborts. Thread:
 * any. */
NORETURN void check_failed(const char *cond, const char *file, int line, const char *func);

/**
 * Leaves a short note about what this thread is doing, printed if a CHECK fails on it.
 * text is copied and cut at 79 octets; never mail text or credentials. Thread: any.
 */
void check_breadcrumb(const char *text);

#endif
