/* SPDX-License-Identifier: MIT */
/* The changes of one commit take so much memory and no more. */
#include "support/cm.h"

#include <string.h>

#include "base/limits.h"
#include "mailbox/change_private.h"

enum { UIDS = 100000, INBOX = 1 };

static uint32_t uids[UIDS];

static enum rc
expunge(struct change_log *log)
{
    return change_expunged(log, INBOX, uids, UIDS, 5);
}

static size_t
records(struct change_log *log)
{
    const uint64_t mbox = INBOX;
    const struct mbox_changes *changes = map_get(&log->by_mbox, map_key_u64(&mbox));
    size_t count = 0;

    for (const struct change_record *r = changes->first; r != NULL; r = r->next)
        count++;
    return count;
}

/* Most of what the log has taken is made up. */
static void
test_memory_is_bounded(void **state)
{
    struct change_log *log = change_log_new();

    (void)state;
    assert_non_null(log);
    assert_int_equal(expunge(log), RC_OK);
    const size_t before = log->arena.used_octets;
    assert_int_equal(expunge(log), RC_OK);
    const size_t each = log->arena.used_octets - before;
    assert_in_range(each, sizeof uids, sizeof uids + 64);

    log->arena.used_octets = LIMIT_CHANGE_LOG - each + 1;
    assert_int_equal(expunge(log), RC_LIMIT);
    assert_int_equal(records(log), 2);
    log->arena.used_octets = LIMIT_CHANGE_LOG - each;
    const struct change_mark mark = change_log_mark(log);
    assert_int_equal(expunge(log), RC_OK);
    assert_int_equal(records(log), 3);
    assert_int_equal(expunge(log), RC_LIMIT);
    assert_int_equal(change_added(log, INBOX, NULL, LIMIT_CHANGE_LOG), RC_LIMIT);
    assert_int_equal(change_added(log, INBOX, NULL, SIZE_MAX), RC_LIMIT);
    assert_int_equal(records(log), 3);
    change_log_rollback(log, mark); /* the request that failed takes back all of its own */
    assert_int_equal(records(log), 2);
    assert_int_equal(log->arena.used_octets, LIMIT_CHANGE_LOG - each);
    assert_int_equal(expunge(log), RC_OK); /* and another one has room for as much */
    assert_int_equal(expunge(log), RC_LIMIT);
    assert_int_equal(records(log), 3);
    change_log_unref(log);
}

/* What a request has read into the log's arena is given back too if it reports nothing of
 * it. */
static void
test_what_was_not_reported_is_given_back(void **state)
{
    struct change_log *log = change_log_new();

    (void)state;
    assert_non_null(log);
    assert_int_equal(expunge(log), RC_OK);
    const size_t before = log->arena.used_octets;
    const struct change_mark mark = change_log_mark(log);
    assert_non_null(arena_alloc(change_log_arena(log), 1 << 20, 8));
    change_log_rollback(log, mark);
    assert_int_equal(log->arena.used_octets, before);
    assert_int_equal(records(log), 1);
    change_log_unref(log);
}

/* Two requests of a batch change the same, and only the second one fails. */
static void
test_taking_back_leaves_what_was_there(void **state)
{
    struct change_log *log = change_log_new();

    (void)state;
    assert_non_null(log);
    assert_int_equal(change_metadata(log, INBOX), RC_OK);
    assert_int_equal(change_mbox_names(log, INBOX), RC_OK);
    const struct change_mark mark = change_log_mark(log);
    assert_int_equal(change_metadata(log, INBOX), RC_OK);
    assert_int_equal(change_mbox_names(log, INBOX), RC_OK);
    change_log_rollback(log, mark);
    assert_true(change_log_has_metadata(log));
    assert_true(change_log_has_names(log));
    change_log_unref(log);
}

/* A request that fails has done nothing: neither to what is somebody else's, which stays his
 * own doing, nor to rights. */
static void
test_taking_back_leaves_no_trace(void **state)
{
    struct change_log *log = change_log_new();

    (void)state;
    assert_non_null(log);
    log->by = 1;
    assert_int_equal(change_mbox_names(log, INBOX), RC_OK);
    assert_true(change_log_is_by(log->first, 1));
    assert_false(change_log_is_by(log->first, 2));
    const struct change_mark mark = change_log_mark(log);
    log->by = 2;
    assert_int_equal(change_acl(log, INBOX), RC_OK);
    assert_false(change_log_is_by(log->first, 1));
    assert_true(change_log_has_acl(log));
    change_log_rollback(log, mark);
    assert_true(change_log_is_by(log->first, 1));
    assert_false(change_log_has_acl(log));
    assert_int_equal(change_metadata(log, INBOX), RC_OK); /* of several now */
    assert_false(change_log_is_by(log->first, 1));
    assert_false(change_log_is_by(log->first, 2));
    change_log_unref(log);
}

/* Nobody is the same as nobody else. */
static void
test_what_nobody_did_is_nobodys(void **state)
{
    struct change_log *log = change_log_new();

    (void)state;
    assert_non_null(log);
    assert_int_equal(change_acl(log, INBOX), RC_OK);
    assert_false(change_log_is_by(log->first, 0));
    assert_true(change_log_has_acl(log));
    change_log_unref(log);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_is_bounded),
        cmocka_unit_test(test_what_was_not_reported_is_given_back),
        cmocka_unit_test(test_taking_back_leaves_what_was_there),
        cmocka_unit_test(test_taking_back_leaves_no_trace),
        cmocka_unit_test(test_what_nobody_did_is_nobodys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
