/* SPDX-License-Identifier: MIT */
/*
 * Pages of a database as the read transaction under way sees them, without SQLite's page cache:
 * for db/tree.h, which walks through rows much faster than a statement does. A page is in the
 * log, in the last of its frames that belongs to the snapshot, or else in the database's file
 * (SQLite, walformat.html 2.3). What cannot be read here, SQLite can (INV-S26).
 *
 * Thread: the handle's.
 */
#ifndef DB_PAGES_H
#define DB_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "db/db.h"

struct vfs_file;

enum { PAGES_SLACK = 8 }; /* octets that may be read, but mean nothing, behind a page */

struct pages {
    struct vfs_file *main_db; /* borrowed from the handle */
    uint32_t octets;          /* of a page */
    uint32_t frames;          /* of the log, in which pages may be; 0: none is looked at */
};

/**
 * False: there is no read transaction that has read something, there is a write transaction, or
 * other programs use the database too. *out is good until the transaction ends.
 */
MUST_USE bool pages_begin(struct db *db, struct pages *out);

struct page;

/** Memory for a page. NULL: there is none. To be freed with page_free. */
struct page *page_new(const struct pages *pages);
void page_free(struct page *page); /* NULL is allowed */
/** Reads page `number` (1, 2 ...). False: it failed, or the page is not what it should be.
 * Waits for disk. */
MUST_USE bool page_read(const struct pages *pages, uint32_t number, struct page *page);
/** Its octets, with PAGES_SLACK more. */
const unsigned char *page_data(const struct page *page);

#endif
