/* SPDX-License-Identifier: MIT */
/*
 * Where accounts lie below DIR/accounts. Layout 1 chose the directories xx/yy by the lowest and
 * the second lowest octet of the account's number, layout 2 by the third and the second lowest
 * (account_dir). DIR/accounts/layout holds the number of the layout in use. If it is missing,
 * the accounts that an older server made are moved.
 */
#ifndef STORE_SQLITE_LAYOUT_H
#define STORE_SQLITE_LAYOUT_H

#include "base/attr.h"
#include "base/err.h"
#include "base/rc.h"

struct sqlite_store;

/**
 * Brings every account to its place, once. If it is cut off, it continues at the next start. To
 * be called before anything is opened, while nobody else has the store. RC_UNSUPPORTED: a newer
 * layout. Waits for disk.
 */
MUST_USE enum rc layout_keep(struct sqlite_store *store, struct err *err);

#endif
