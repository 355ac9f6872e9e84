/* SPDX-License-Identifier: MIT */
/*
 * Where accounts lie below DIR/accounts. Layout 1 chose the directories xx/yy by the lowest and
 * the second lowest octet of the account's number, layout 2 by the third and the second lowest
 * (account_dir). DIR/accounts/layout holds the number of the one that is in use; where it is
 * missing, what an older server made is moved.
 */
#ifndef STORE_SQLITE_LAYOUT_H
#define STORE_SQLITE_LAYOUT_H

#include "base/attr.h"
#include "base/err.h"
#include "base/rc.h"

struct sqlite_store;

/**
 * Brings every account to its place, once. Cut off anywhere, it goes on at the next start.
 * Before anything is opened; nobody else has the store. Waits for disk. RC_UNSUPPORTED: a newer
 * layout.
 */
MUST_USE enum rc layout_keep(struct sqlite_store *store, struct err *err);

#endif
