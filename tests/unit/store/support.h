/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the store share: the engine under test (ROOST_TEST_ENGINE), a data
 * directory that goes away, a clock moved by hand, short forms of begin and commit, messages
 * made from a number.
 */
#ifndef TESTS_UNIT_STORE_SUPPORT_H
#define TESTS_UNIT_STORE_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "store/engine_sqlite.h"
#include "store/store.h"

enum { TEST_ARENA_OCTETS = 64 << 20, TEST_DAY_S = 86400 };

struct fixture {
    char dir[64];
    char accounts[80];
    struct store *store;
    struct store_account *acct; /* account 7 */
    struct sqlite_options options;
    struct arena arena;
    struct err err;
    unsigned reports;
    bool reads_flags; /* the engine skips what is known */
    unsigned again;   /* begins that the engine put off */
};

/* Moved by hand: seconds since 1970. */
extern int64_t test_now_s;
extern const struct clock test_clock;

struct fixture *fixture_new(void);
/* Other stores may be opened on its directory, with its options. */
struct fixture *fixture_new_shared(void);
void fixture_free(struct fixture *fx);
/* Closes and opens the store again, as after a restart. */
void fixture_restart(struct fixture *fx);

#define assert_rc(actual, expected)                                                            \
    do {                                                                                       \
        const enum rc rc_ = (actual);                                                          \
        if (rc_ != (expected))                                                                 \
            fail_msg("%s is %s, not %s (%s)", #actual, rc_name(rc_), rc_name(expected),        \
                     fx->err.text);                                                            \
    } while (0)
#define assert_ok(actual) assert_rc(actual, RC_OK)

struct store_tx *begin_write(struct fixture *fx);
struct store_tx *begin_read(struct fixture *fx);
void commit(struct fixture *fx, struct store_tx *tx);

/* Id of a mailbox by name. */
uint64_t mbox_id(struct fixture *fx, struct store_tx *tx, const char *name);
struct mbox_row mbox_row(struct fixture *fx, struct store_tx *tx, const char *name);

/* A text of about octets octets that is the same for the same seed. */
void make_text(struct buf *out, unsigned seed, size_t octets);
/* Adds a message and an entry of it. */
struct entry add_text(struct fixture *fx, struct store_tx *tx, uint64_t mbox, struct span text,
                      uint32_t flags);
struct entry add_message(struct fixture *fx, struct store_tx *tx, uint64_t mbox, unsigned seed,
                         uint32_t flags);
/* count messages in one transaction; flags 0. */
void fill(struct fixture *fx, const char *name, unsigned count);
/* The same in every field. */
void assert_entry_equal(const struct entry *a, const struct entry *b);
/* All entries of a mailbox, in the fixture's arena. */
struct entry *entries(struct fixture *fx, struct store_tx *tx, uint64_t mbox, size_t *count);
/* Runs SQL on the account's database from outside; SQLite's result. */
int run_sql(struct fixture *fx, const char *sql);
/* store_verify says nothing. */
void verify(struct fixture *fx);

#endif
