/* SPDX-License-Identifier: MIT */
/*
 * What the tests of ingest, fetch, search and names share: a store in a directory that goes
 * away, an open account in it, requests made from lines of IMAP, messages appended as a session
 * would.
 */
#ifndef TESTS_UNIT_MAILBOX_CONTENT_H
#define TESTS_UNIT_MAILBOX_CONTENT_H

#include "support/cm.h"
#include "support/fake_clock.h"
#include "support/tmpdir.h"

#include "base/limits.h"
#include "mailbox/memory/account.h"
#include "mailbox/memory/mailbox.h"
#include "mailbox/write/ops.h"
#include "mailbox/view.h"
#include "store/store.h"
#include "syntax/imap/cmd.h"

enum { CONTENT_ACCOUNT = 7, CONTENT_ARENA = 256 << 20 };
#define CONTENT_NOW_S INT64_C(1800000000)

struct content {
    struct tmpdir dir;
    struct fake_clock clock;
    struct store *store;
    struct store_account *handle;
    struct accounts *accounts; /* NULL until content_open_account */
    struct account *acct;
    struct arena arena;
    struct err err;
};

struct content *content_new(void);
/* Its store is STORE_SHARED; others may be opened on its directory. */
struct content *content_new_shared(void);
/* One of those. */
struct store *content_elsewhere(struct content *fx);
void content_free(struct content *fx);
/* Closes the store, which has no open account, and opens it again. */
void content_reopen(struct content *fx);
void content_open_account(struct content *fx);
/* The same, with indexes. */
void content_open_account_with(struct content *fx, const struct account_search *search);
void content_close_account(struct content *fx);
/* For cmocka: *state is a fixture with an open account. */
int content_setup(void **state);
int content_teardown(void **state);
/* Closes it and its files and opens all again, as in a new process. */
void content_restart_account(struct content *fx);

/* result, or the failure's text in the report. */
#define assert_rc(actual, expected)                                                            \
    do {                                                                                       \
        fx->err.text[0] = '\0';                                                                \
        const enum rc rc_ = (actual);                                                          \
        if (rc_ != (expected))                                                                 \
            fail_msg("%s is %s, not %s (%s)", #actual, rc_name(rc_), rc_name(expected),        \
                     fx->err.text);                                                            \
    } while (0)
#undef assert_ok
#define assert_ok(actual) assert_rc(actual, RC_OK)

struct store_tx *content_read(struct content *fx);
struct store_tx *content_write(struct content *fx);
void content_commit(struct content *fx, struct store_tx *tx);

/* A command line without its tag, parsed; in the fixture's arena. */
struct imap_cmd *content_cmd(struct content *fx, const char *line);

/* Runs a request to its end, alone; its result. */
enum rc content_run(struct content *fx, struct turn_req *req);

/* Appends a message to a mailbox and returns its entry. keywords: separated by blanks. */
struct content_mail {
    const char *mbox; /* NULL: INBOX */
    struct span text;
    uint32_t flags;
    const char *keywords;
    int64_t internaldate_s; /* 0: now */
    int16_t zone_min;
    uint64_t by; /* id of the wake of who appends it; 0: nobody's */
};
struct entry content_append(struct content *fx, const struct content_mail *mail);

/* A view of the mailbox, awake. */
struct view *content_view(struct content *fx, const char *mbox);
void content_view_done(struct view *view);
/* The row it is a view of. */
uint64_t content_mbox(struct view *view);

/* Versions that nobody looks at are no longer in memory. */
void content_forget_versions(struct content *fx);

#endif
