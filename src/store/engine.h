/* SPDX-License-Identifier: MIT */
/*
 * What an engine is: a table with a function for each row of store/ops.def. For engines only;
 * who uses a store includes store.h.
 *
 * Stores, accounts and transactions carry the table of the engine that made them, so several
 * engines can be open at once. An engine's own structs begin with these and are larger:
 *
 *     struct my_tx { struct store_tx base; ... };
 *
 * store.c calls through the table. NULL never reaches an engine: store_close, store_account_put
 * and store_end take it and do nothing.
 */
#ifndef STORE_ENGINE_H
#define STORE_ENGINE_H

#include "store/store.h"

struct store_ops {
    const char *name; /* as the configuration says it */
#define STORE_OP(op) SAME_TYPE(store_##op) * op;
#include "store/ops.def"
#undef STORE_OP
};

struct store {
    const struct store_ops *ops;
    unsigned traits; /* enum store_traits */
};

struct store_account {
    const struct store_ops *ops;
};

struct store_tx {
    const struct store_ops *ops;
};

#endif
