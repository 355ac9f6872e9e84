/* SPDX-License-Identifier: MIT */
/*
 * Power loss at every moment while the journal stores records and is opened and closed. Nobody
 * waits for a record, so the last ones may be missing. But in each state the journal opens and
 * is not damaged; what it has are the first records, whole and in their order; those are there
 * at least that were stored before it was closed the last time; it takes more, and it counts
 * on from the highest session number that is left.
 */
#include "support/cm.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "journal/journal.h"
#include "power.h"
#include "support/fake_clock.h"
#include "support/tmpdir.h"

enum { LIVES = 4, RECORDS = 12 }; /* records of each life */

struct story {
    struct tmpdir dir;
    struct fake_clock now;
    struct journal *journal;
    struct err err;
    struct power *power;
    size_t closed_at[LIVES]; /* all records of this life are there from then on */
};

static void
story_open(struct story *story, const char *dir)
{
    char path[300];

    snprintf(path, sizeof path, "%s/journal.db", dir);
    const struct journal_options options = {.path = path, .clock = &story->now.clock};
    const enum rc rc = journal_open(&story->journal, &options, &story->err);
    if (rc != RC_OK)
        fail_msg("%s: %s", rc_name(rc), story->err.text);
}

static void
session_ends(struct story *story, uint64_t session)
{
    char mailbox[400];

    memset(mailbox, 'a' + (int)(session % 26), sizeof mailbox);
    const struct end_record record = {.session = session,
                                      .service = LOG_IMAP,
                                      .reason = END_IDLE_TIMEOUT,
                                      .start_ms = 1000,
                                      .end_ms = 2000 + (int64_t)session,
                                      .account = SPAN("user@example.org"),
                                      .peer = SPAN("203.0.113.9"),
                                      .mailbox = span_of(mailbox, sizeof mailbox)};
    journal_session_end(story->journal, &record);
    journal_flush(story->journal);
}

static void
record(struct story *story)
{
    uint64_t session = 0;

    story->power = power_new(story->dir.path);
    for (unsigned life = 0; life < LIVES; life++) {
        story_open(story, story->dir.path);
        for (unsigned i = 0; i < RECORDS; i++)
            session_ends(story, ++session);
        journal_close(story->journal);
        story->closed_at[life] = power_count(story->power);
    }
    power_stop(story->power);
}

/* ---- looking ---- */

/* The records are those of the first sessions. */
static bool
count_record(void *ctx, const struct end_record *record)
{
    uint64_t *count = ctx;

    (*count)++;
    assert_int_equal(record->session, *count);
    assert_int_equal(record->mailbox.len, 400);
    for (size_t i = 0; i < record->mailbox.len; i++)
        assert_int_equal(record->mailbox.ptr[i], 'a' + (int)(record->session % 26));
    return true;
}

static uint64_t
records_there(struct story *story, const char *dir)
{
    const struct journal_query query = {.max = 0};
    struct journal_reader *reader = NULL;
    struct arena arena;
    uint64_t count = 0;
    char path[300];

    snprintf(path, sizeof path, "%s/journal.db", dir);
    arena_init(&arena, 1 << 20);
    assert_int_equal(journal_reader_open(&reader, path, &story->err), RC_OK);
    assert_int_equal(journal_walk(reader, &query, count_record, &count, &story->err), RC_OK);
    journal_reader_close(reader);
    arena_done(&arena);
    return count;
}

static void
check_state(void *ctx, size_t at, const char *dir)
{
    struct story *story = ctx;
    uint64_t owed = 0;
    char path[300];

    for (unsigned life = 0; life < LIVES && story->closed_at[life] <= at; life++)
        owed += RECORDS;
    story_open(story, dir);
    const uint64_t there = records_there(story, dir);
    if (there < owed)
        fail_msg("after %zu changes of the disk there are %ju records, not %ju", at,
                 (uintmax_t)there, (uintmax_t)owed);
    assert_int_equal(journal_first_session(story->journal), there + 1);
    session_ends(story, there + 1);
    assert_int_equal(records_there(story, dir), there + 1);
    journal_close(story->journal);
    snprintf(path, sizeof path, "%s/journal.db.damaged", dir);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void
test_power_loss_at_every_moment(void **state)
{
    struct story story = {0};

    (void)state;
    tmpdir_make_in(&story.dir, tmpdir_parent_in_memory());
    fake_clock_init(&story.now, 1794486257);
    record(&story);
    power_look(story.power, story.dir.path, check_state, &story);
    power_free(story.power);
    tmpdir_remove(&story.dir);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_power_loss_at_every_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
