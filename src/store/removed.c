/* SPDX-License-Identifier: MIT */
/* The one order in which a removed account goes; see the header. Thread: any. */
#include "store/removed.h"

#include "store/store.h"

enum rc
removed_purge(struct registry *registry, struct store *store, uint64_t id, struct err *err)
{
    enum rc rc = registry_purge_begin(registry, id, err);

    if (rc == RC_OK)
        rc = store_account_remove(store, id, err);
    return rc == RC_OK ? registry_purge_end(registry, id, err) : rc;
}
