/* SPDX-License-Identifier: MIT */
/* The embedded engine's table. */
#include "store/sqlite/account.h"

const struct store_ops sqlite_ops = {
    .name = "sqlite",
#define STORE_OP(op) .op = sqlite_##op,
#include "store/ops.def"
#undef STORE_OP
};
