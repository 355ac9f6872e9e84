/* SPDX-License-Identifier: MIT */
/*
 * For tests of searches that ask an index: mail in many scripts, generated searches of it, and
 * a comparison of what is found with the index and without.
 */
#ifndef TESTS_UNIT_MAILBOX_SEARCHES_H
#define TESTS_UNIT_MAILBOX_SEARCHES_H

#include "base/rng.h"
#include "content.h"
#include "mailbox/search/search_private.h"
#include "store/index.h"

/* ---- the fixture ---- */

extern struct store_indexes *test_indexes; /* of the account; empty at first */

/* For cmocka, as in content.h, with indexes. */
int test_searches_setup(void **state);
/* Others write to the account, too. */
int test_searches_setup_shared(void **state);
int test_searches_teardown(void **state);
/* How often the index was asked for since the last time. */
unsigned test_wished(void);
/* A fifth of them, or all with ROOST_LONG=1. */
unsigned test_rounds_of(unsigned all);

/* ---- mail ---- */

enum { TEST_UNSURE = 1 }; /* of so many messages of test_mail_fill, an index is never sure */

/* mbox NULL: INBOX. */
void test_mail_add(struct content *fx, const char *mbox, struct span text, struct rng *rng);
/* A message of one of a few shapes with any texts. */
void test_mail_add_shape(struct content *fx, const char *mbox, struct rng *rng);
/* Puts messages of all kinds into INBOX. */
void test_mail_fill(struct content *fx, struct rng *rng);
/* The highest number of a message. */
uint64_t test_mail_highest(struct content *fx);

/* ---- searches ---- */

struct test_found {
    uint32_t count;
    uint64_t found[80]; /* bits of sequence numbers */
    uint8_t scores[64 * 80];
};

struct test_how {
    uint32_t ask_at; /* search_req.ask_at */
    struct search_answers *answers;
    bool rates;
    int64_t deadline_us;
    /* between slices; may be NULL */
    void (*meanwhile)(struct content *fx, unsigned slice);
};

/* What the last search did; of test_search_both, the one that asks the index. */
extern struct test_last {
    struct search_tally tally;
    enum hits_stage stage;
    char plan[2048];
} test_last;

/* Any search of the texts that are in the mail; in the fixture's arena. */
const char *test_search_any(struct content *fx, struct rng *rng);
void test_search_run(struct content *fx, struct view *view, const char *line,
                     const struct test_how *how, struct test_found *out);
/* Runs it with and without the index, and expects the same. */
void test_search_both(struct content *fx, struct view *view, const char *line,
                      struct test_how how);
/* How many a scan finds. */
uint32_t test_search_count(struct content *fx, struct view *view, const char *line);

#endif
