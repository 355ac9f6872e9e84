/* SPDX-License-Identifier: MIT */
/* Atomic allowance. Any thread. */
#include "base/budget.h"

#include "base/check.h"

void
budget_init(struct budget *budget, int64_t total)
{
    atomic_init(&budget->left, total);
    budget->total = total;
}

bool
budget_take(struct budget *budget, int64_t amount)
{
    CHECK(amount >= 0);
    int_fast64_t left = atomic_load_explicit(&budget->left, memory_order_relaxed);

    do {
        if (left < amount)
            return false;
    } while (!atomic_compare_exchange_weak(&budget->left, &left, left - amount));
    return true;
}

void
budget_give(struct budget *budget, int64_t amount)
{
    const int_fast64_t before = atomic_fetch_add(&budget->left, amount);

    CHECK(before + amount <= budget->total);
}

int64_t
budget_used(struct budget *budget)
{
    return budget->total - (int64_t)atomic_load_explicit(&budget->left, memory_order_relaxed);
}
