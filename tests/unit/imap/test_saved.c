/* SPDX-License-Identifier: MIT */
/* The saved search result as it is kept and handed over: whole, bounded, or refused. */
#include "support/cm.h"

#include "imap/imap_session.h"

static struct imap_session *
session_new(void)
{
    struct imap_session *im = calloc(1, sizeof *im);

    assert_non_null(im);
    return im;
}

static void
test_runs(void **state)
{
    /* 1:3, 5, 300:4294967295 */
    static const char packed[] = "\x01\x02\x01\x00\xa6\x02\xd3\xfd\xff\xff\x0f";
    struct imap_session *im = session_new();
    struct uid_run *runs;
    size_t count;
    AUTO_ARENA arena = {0};

    (void)state;
    arena_init(&arena, 1 << 20);
    assert_int_equal(imap_saved_runs(im, &arena, &runs, &count), RC_OK);
    assert_int_equal(count, 0);
    const struct span all = span_of(packed, sizeof packed - 1);
    assert_true(imap_saved_set(im, all));
    assert_true(span_eq(imap_saved_span(im), all));
    assert_int_equal(imap_saved_runs(im, &arena, &runs, &count), RC_OK);
    assert_int_equal(count, 3);
    assert_int_equal(runs[0].first, 1);
    assert_int_equal(runs[0].last, 3);
    assert_int_equal(runs[1].first, 5);
    assert_int_equal(runs[1].last, 5);
    assert_int_equal(runs[2].first, 300);
    assert_int_equal(runs[2].last, UINT32_MAX);
    imap_saved_forget(im);
    assert_int_equal(imap_saved_span(im).len, 0);
    free(im);
}

/* What another process may send: cut, UID 0, beyond the last UID, numbers without an end. */
static void
test_damaged(void **state)
{
    static const struct span damaged[] = {
        SPAN_INIT("\x01"),
        SPAN_INIT("\x01\x80"),
        SPAN_INIT("\x00\x00"),
        SPAN_INIT("\x01\xff\xff\xff\xff\x0f"),
        SPAN_INIT("\x01\xff\xff\xff\xff\x1f"),
        SPAN_INIT("\x80\x80\x80\x80\x80\x80\x00\x00"),
    };
    struct imap_session *im = session_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(damaged); i++) {
        assert_true(imap_saved_set(im, SPAN("\x01\x00")));
        if (imap_saved_set(im, damaged[i]))
            fail_msg("case %zu was taken", i);
        assert_int_equal(imap_saved_span(im).len, 0);
    }
    free(im);
}

static void
test_limit(void **state)
{
    struct imap_session *im = session_new();
    struct uid_run *runs;
    size_t count;
    AUTO_ARENA arena = {0};
    AUTO_BUF packed = {0};

    (void)state;
    arena_init(&arena, 16 << 20);
    buf_init(&packed, 16 << 20);
    while (buf_len(&packed) < LIMIT_SAVED_OCTETS)
        buf_put(&packed, "\x01\x00", 2);
    assert_true(imap_saved_set(im, buf_span(&packed)));
    assert_int_equal(imap_saved_runs(im, &arena, &runs, &count), RC_OK);
    assert_int_equal(count, LIMIT_SAVED_OCTETS / 2);
    assert_int_equal(runs[count - 1].last, LIMIT_SAVED_OCTETS - 1);
    buf_put(&packed, "\x01\x00", 2);
    assert_false(imap_saved_set(im, buf_span(&packed)));
    while (buf_len(&packed) < 8 << 20)
        buf_put(&packed, "\x01\x00", 2);
    assert_false(imap_saved_set(im, buf_span(&packed)));
    free(im);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
