/* SPDX-License-Identifier: MIT */
/*
 * The schema of an account's database, by version; docs/schema.md says what every table and
 * column means, and a test compares the two. Steps are never changed once released.
 *
 * The layout follows what is read together and written together:
 *   entry     narrow and clustered by (mbox, uid): a mailbox is one run of pages. No index on
 *             modseq: it would be rewritten with every change of flags (4 times the cost), and
 *             versions in memory answer CHANGEDSINCE.
 *   expunged  clustered by (mbox, modseq, uid): "what vanished since" is one run.
 *   message   what FETCH shows without the text, hottest columns first, so that a listing of
 *             a mailbox reads few pages.
 *   content   the text, apart: reading the above passes no bodies.
 */
#include "store/sqlite/private.h"

const char *const sql_texts[SQL_COUNT] = {
#define SQL(name, text) [SQL_##name] = (text),
#include "store/sqlite/sql.def"
#undef SQL
};

static const char version_1[] =
    "CREATE TABLE account ("
    " id INTEGER PRIMARY KEY CHECK (id = 1),"
    " mbox_floor INTEGER NOT NULL,"
    " uidvalidity_floor INTEGER NOT NULL,"
    " modseq_floor INTEGER NOT NULL,"
    " message_floor INTEGER NOT NULL);"
    "INSERT INTO account VALUES (1, 0, 0, 0, 0);"

    "CREATE TABLE mailbox ("
    " id INTEGER PRIMARY KEY,"
    " name TEXT NOT NULL,"
    " special_use INTEGER NOT NULL,"
    " uidvalidity INTEGER NOT NULL,"
    " uidnext INTEGER NOT NULL,"
    " recent_from INTEGER NOT NULL,"
    " messages INTEGER NOT NULL,"
    " unseen INTEGER NOT NULL,"
    " deleted INTEGER NOT NULL,"
    " octets INTEGER NOT NULL,"
    " highest_modseq INTEGER NOT NULL,"
    " expunged_floor INTEGER NOT NULL,"
    " expunged_octets INTEGER NOT NULL,"
    " created_s INTEGER NOT NULL,"
    " retired_s INTEGER);"
    "CREATE UNIQUE INDEX mailbox_name ON mailbox (name) WHERE retired_s IS NULL;"

    "CREATE TABLE subscription (name TEXT PRIMARY KEY) WITHOUT ROWID;"

    "CREATE TABLE keyword ("
    " mbox INTEGER NOT NULL,"
    " number INTEGER NOT NULL,"
    " name TEXT NOT NULL,"
    " PRIMARY KEY (mbox, number)) WITHOUT ROWID;"

    "CREATE TABLE entry ("
    " mbox INTEGER NOT NULL,"
    " uid INTEGER NOT NULL,"
    " flags INTEGER NOT NULL,"
    " keywords_0 INTEGER NOT NULL,"
    " keywords_1 INTEGER NOT NULL,"
    " modseq INTEGER NOT NULL,"
    " message INTEGER NOT NULL,"
    " octets INTEGER NOT NULL,"
    " internaldate_s INTEGER NOT NULL,"
    " internaldate_zone_min INTEGER NOT NULL,"
    " savedate_s INTEGER NOT NULL,"
    " PRIMARY KEY (mbox, uid)) WITHOUT ROWID;"

    "CREATE TABLE expunged ("
    " mbox INTEGER NOT NULL,"
    " modseq INTEGER NOT NULL,"
    " uid INTEGER NOT NULL,"
    " flags INTEGER NOT NULL,"
    " keywords_0 INTEGER NOT NULL,"
    " keywords_1 INTEGER NOT NULL,"
    " message INTEGER NOT NULL,"
    " octets INTEGER NOT NULL,"
    " internaldate_s INTEGER NOT NULL,"
    " internaldate_zone_min INTEGER NOT NULL,"
    " savedate_s INTEGER NOT NULL,"
    " expunged_s INTEGER NOT NULL,"
    " why INTEGER NOT NULL,"
    " PRIMARY KEY (mbox, modseq, uid)) WITHOUT ROWID;"

    "CREATE TABLE message ("
    " id INTEGER PRIMARY KEY,"
    " octets INTEGER NOT NULL,"
    " header_octets INTEGER NOT NULL,"
    " envelope BLOB NOT NULL,"
    " fields BLOB NOT NULL,"
    " bodystructure BLOB NOT NULL,"
    " parts BLOB NOT NULL,"
    " message_id BLOB NOT NULL);"

    "CREATE TABLE content ("
    " id INTEGER PRIMARY KEY,"
    " octets INTEGER NOT NULL,"
    " form INTEGER NOT NULL,"
    " data BLOB NOT NULL);"

    "CREATE TABLE imported ("
    " mbox INTEGER NOT NULL,"
    " digest BLOB NOT NULL,"
    " PRIMARY KEY (mbox, digest)) WITHOUT ROWID;"

    "CREATE TABLE unnamed (message INTEGER PRIMARY KEY);";

/* Keys for SORT and THREAD. Adding columns touches no row. Existing messages have no keys
 * (NULL) and get them in the background: those from keys_next up to, but not including,
 * keys_before.
 */
static const char version_2[] =
    "ALTER TABLE message ADD COLUMN keys BLOB;"
    "ALTER TABLE account ADD COLUMN keys_next INTEGER NOT NULL DEFAULT 1;"
    "ALTER TABLE account ADD COLUMN keys_before INTEGER NOT NULL DEFAULT 1;"
    "UPDATE account SET keys_before = (SELECT ifnull(max(id), 0) + 1 FROM message);";

/* What DELETED-STORAGE tells. NULL: not counted, in mailboxes that had deleted messages before.
 * They are counted from the next time on that they have none (rows/counters.c). */
static const char version_3[] = "ALTER TABLE mailbox ADD COLUMN deleted_octets INTEGER;"
                                "UPDATE mailbox SET deleted_octets = 0 WHERE deleted = 0;";

/* Object identifiers (RFC 8474). Mailboxes are few, so those that are there get theirs at once;
 * digests of messages are made in the background, together with keys. */
static const char version_4[] = "ALTER TABLE mailbox ADD COLUMN object_id BLOB;"
                                "UPDATE mailbox SET object_id = randomblob(16);"
                                "ALTER TABLE message ADD COLUMN digest BLOB;"
                                "UPDATE account SET keys_next = 1,"
                                " keys_before = (SELECT ifnull(max(id), 0) + 1 FROM message);";

/* Metadata (RFC 5464). One tree, because every table and index takes a page of each account;
 * there are few rows, mostly none. */
static const char version_5[] = "CREATE TABLE metadata ("
                                " mbox INTEGER NOT NULL,"
                                " user INTEGER NOT NULL,"
                                " name TEXT NOT NULL COLLATE NOCASE,"
                                " modseq INTEGER NOT NULL,"
                                " value BLOB,"
                                " PRIMARY KEY (mbox, user, name)) WITHOUT ROWID;";

/* Access control lists (RFC 4314): who may do what with a mailbox, besides the owner. */
static const char version_6[] = "CREATE TABLE acl ("
                                " mbox INTEGER NOT NULL,"
                                " kind INTEGER NOT NULL,"
                                " who INTEGER NOT NULL,"
                                " negative INTEGER NOT NULL,"
                                " rights INTEGER NOT NULL,"
                                " PRIMARY KEY (mbox, kind, who, negative)) WITHOUT ROWID;";

/* Keys of SORT and THREAD of many messages in one piece. They are made when somebody sorts. */
static const char version_7[] = "CREATE TABLE sort_block ("
                                " id INTEGER PRIMARY KEY,"
                                " data BLOB NOT NULL);";

static const struct db_step steps[] = {
    {.sql = version_1}, {.sql = version_2}, {.sql = version_3}, {.sql = version_4},
    {.sql = version_5}, {.sql = version_6}, {.sql = version_7},
};

const struct db_schema account_schema = {
    .what = "account's mail",
    .application_id = 0x526f6f73, /* "Roos" */
    .steps = steps,
    .step_count = ARRAY_LEN(steps),
};
