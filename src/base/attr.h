/* SPDX-License-Identifier: MIT */
/*
 * Compiler attributes and the few macros that all code uses. Nothing else belongs here.
 */
#ifndef BASE_ATTR_H
#define BASE_ATTR_H

#include <stddef.h>
#include <stdint.h>

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt_arg, first_arg) __attribute__((format(printf, fmt_arg, first_arg)))
#define NONNULL __attribute__((nonnull))
#define NORETURN __attribute__((noreturn))
#define CLEANUP(fn) __attribute__((cleanup(fn)))
#define UNUSED __attribute__((unused))
#define ALWAYS_INLINE __attribute__((always_inline))

/* Declares a function with the type of fn. */
#define SAME_TYPE(fn) __typeof__(fn)

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
/* The struct that contains *ptr as a member. Does not keep const. */
#define CONTAINER_OF(ptr, type, member) ((type *)((uintptr_t)(ptr)-offsetof(type, member)))

#endif
