/* SPDX-License-Identifier: MIT */
/* Networks in the journal: stored, found, replaced, removed; their sentences. */
#include "support/cm.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "journal/journal.h"
#include "journal/network.h"
#include "support/fake_clock.h"
#include "support/tmpdir.h"

static struct tmpdir dir;
static struct err err;
static struct fake_clock now;
static struct journal *journal;
static struct journal_reader *reader;

static int
setup(void **state)
{
    (void)state;
    tmpdir_make(&dir);
    fake_clock_init(&now, 1794486257);
    const struct journal_options options = {.path = tmpdir_file(&dir, "journal.db"),
                                            .clock = &now.clock};
    assert_ok(journal_open(&journal, &options, &err));
    assert_ok(journal_reader_open(&reader, tmpdir_file(&dir, "journal.db"), &err));
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    journal_reader_close(reader);
    journal_close(journal);
    tmpdir_remove(&dir);
    return 0;
}

static struct network_record
sample(const char *name)
{
    struct network_record record = {
        .interval_s = 270,
        .trial_s = 0,
        .limit_s = 300,
        .why = NETWORK_FELL,
        .failures = 2,
        .retry_ms = 1794486257000,
        .changed_ms = 1794486200000,
        .seen_ms = 1794486256000,
        .silence_count = 2,
        .silences = {{240, 31, 0}, {300, 0, 3}},
    };

    snprintf(record.network, sizeof record.network, "%s", name);
    return record;
}

static void
put(const struct network_record *records, size_t count)
{
    assert_true(journal_put_networks(journal, records, count));
    journal_flush(journal);
}

static void
test_what_is_put_is_found(void **state)
{
    const struct network_record in[] = {sample("203.0.113.0/24"), sample("2001:db8:1::/48")};
    struct network_record out;

    (void)state;
    put(in, 2);
    memset(&out, 0xff, sizeof out);
    assert_ok(journal_find_network(reader, SPAN("2001:db8:1::/48"), &out, &err));
    assert_memory_equal(&out, &in[1], sizeof out);
    assert_int_equal(journal_find_network(reader, SPAN("198.51.100.0/24"), &out, &err),
                     RC_NOT_FOUND);
}

static void
test_all_classes_fit(void **state)
{
    struct network_record in = sample("203.0.113.0/24");
    struct network_record out;

    (void)state;
    in.silence_count = NETWORK_SILENCES;
    for (uint32_t i = 0; i < NETWORK_SILENCES; i++)
        in.silences[i] =
            (struct network_silence){UINT32_MAX - NETWORK_SILENCES + i, UINT32_MAX, UINT32_MAX};
    put(&in, 1);
    assert_ok(journal_find_network(reader, SPAN("203.0.113.0/24"), &out, &err));
    assert_memory_equal(&out, &in, sizeof out);
}

static bool
count_one(void *ctx, const struct network_record *record)
{
    unsigned *count = ctx;

    assert_true(record->interval_s > 0);
    return ++*count < 100;
}

static unsigned
rows(void)
{
    unsigned count = 0;

    assert_ok(journal_walk_networks(reader, count_one, &count, &err));
    return count;
}

static void
test_replaced_and_removed(void **state)
{
    struct network_record in[] = {sample("203.0.113.0/24"), sample("198.51.100.0/24"),
                                  sample("192.0.2.0/24")};
    struct network_record gone = {.network = "192.0.2.0/24"};
    struct network_record out;

    (void)state;
    put(in, 3);
    in[0].interval_s = 240;
    put(in, 1);
    assert_ok(journal_find_network(reader, SPAN("203.0.113.0/24"), &out, &err));
    assert_int_equal(out.interval_s, 240);
    assert_int_equal(rows(), 3);
    put(&gone, 1);
    assert_int_equal(rows(), 2);
    gone.network[0] = '\0';
    put(&gone, 1);
    assert_int_equal(rows(), 0);
}

static void
test_queue_is_bounded(void **state)
{
    static struct network_record many[2000];
    const size_t fit = LIMIT_JOURNAL_QUEUE / sizeof many[0];

    (void)state;
    assert_true(fit > LIMIT_NETWORKS); /* all that are known, at once */
    for (size_t i = 0; i < ARRAY_LEN(many); i++) {
        many[i] = sample("");
        snprintf(many[i].network, sizeof many[i].network, "10.%zu.%zu.0/24", i / 256, i % 256);
    }
    put(many, ARRAY_LEN(many));
    assert_int_equal(rows(), 100); /* the visitor's end */
    static struct network_record *more;
    more = calloc(fit + 1, sizeof *more);
    assert_non_null(more);
    assert_false(journal_put_networks(journal, more, fit + 1));
    free(more);
    put(many, 1);
}

static void
test_sentences(void **state)
{
    static const struct {
        struct network_record record;
        const char *text;
    } table[] = {
        {{.interval_s = 240},
         "This network is not known to forget connections; its clients get a keepalive every 4 "
         "minutes."},
        {{.interval_s = 270, .limit_s = 300, .why = NETWORK_FELL},
         "This network forgets connections that are silent for 5 minutes; its clients now get "
         "a keepalive every 4 min 30 s."},
        {{.interval_s = 240, .trial_s = 270},
         "This network is not known to forget connections; its clients get a keepalive every 4 "
         "minutes. One address there tries 4 min 30 s."},
        {{.interval_s = 120, .limit_s = 120, .why = NETWORK_TOO_SHORT},
         "Even 2 minutes of silence, the least that [idle] keepalive_min allows, are too much "
         "for this network: it forgets connections sooner."},
        {{.interval_s = 1, .limit_s = 90, .why = NETWORK_FELL},
         "This network forgets connections that are silent for 90 seconds; its clients now get "
         "a keepalive every 1 second."},
    };
    AUTO_BUF buf = {0};

    (void)state;
    buf_init(&buf, 1000);
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        buf_clear(&buf);
        network_sentence(&table[i].record, &buf);
        buf_put_char(&buf, '\0');
        assert_string_equal(buf_span(&buf).ptr, table[i].text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_put_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(test_all_classes_fit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_replaced_and_removed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_queue_is_bounded, setup, teardown),
        cmocka_unit_test(test_sentences),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
