/* SPDX-License-Identifier: MIT */
/*
 * A counted allowance shared by all threads: octets of memory for input and spool,
 * descriptors, sessions. Taking more than is left fails at once and never waits.
 */
#ifndef BASE_BUDGET_H
#define BASE_BUDGET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

struct budget {
    atomic_int_fast64_t left;
    int64_t total;
};

void budget_init(struct budget *budget, int64_t total);
/** False: less than amount is left, and nothing is taken. Thread: any. */
MUST_USE bool budget_take(struct budget *budget, int64_t amount);
void budget_give(struct budget *budget, int64_t amount);
int64_t budget_used(struct budget *budget);

#endif
