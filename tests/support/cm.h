/* SPDX-License-Identifier: MIT */
/* cmocka and the headers that it wants before it. */
#ifndef SUPPORT_CM_H
#define SUPPORT_CM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* RC_OK, or the failure's text in the report. Needs a `struct err err` in scope. */
#define assert_ok(call)                                                                        \
    do {                                                                                       \
        err.text[0] = '\0';                                                                    \
        if ((call) != RC_OK)                                                                   \
            fail_msg("%s: %s", #call, err.text);                                               \
    } while (0)

/* Valgrind has descriptors of its own and starts processes in its own way. */
static inline bool
under_valgrind(void)
{
    const char *preloaded = getenv("LD_PRELOAD");

    return preloaded != NULL && strstr(preloaded, "vgpreload") != NULL;
}

#endif
