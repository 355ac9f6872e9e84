/* SPDX-License-Identifier: MIT */
/* Foreign logs at their limits: long lines, many sessions, damaged files. */
#include "support/cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/base64.h"
#include "base/buf.h"
#include "journal/foreign/newest.h"
#include "journal/foreign/report.h"
#include "journal/foreign/source.h"
#include "support/tmpdir_each.h"

static struct err err;

static FILE *
make(const char *name)
{
    FILE *file = fopen(tmpdir_file(&dir, name), "w");

    assert_non_null(file);
    return file;
}

static void
read_story(struct foreign_story *story, const char *name)
{
    const char *path = strdup(tmpdir_file(&dir, name));
    const struct foreign_options options = {0};

    assert_ok(foreign_story_read(story, &path, 1, &options, &err));
    free((void *)(uintptr_t)path);
}

/* The length and the cut flag of a file's first line of `octets`, and that the second is
 * whole. */
static void
check_line(size_t octets, size_t expect, bool cut)
{
    struct foreign_source *source;
    struct foreign_line line;
    FILE *file = make("long.log");

    for (size_t i = 0; i < octets; i++)
        fputc('x', file);
    fputs("\r\nsecond", file);
    fclose(file);
    assert_ok(foreign_source_open(&source, tmpdir_file(&dir, "long.log"), &err));
    assert_true(foreign_source_line(source, &line));
    assert_int_equal(line.text.len, expect);
    assert_int_equal(line.cut, cut);
    assert_true(foreign_source_line(source, &line));
    assert_int_equal(line.number, 2);
    assert_true(span_eq_str(line.text, "second"));
    assert_false(foreign_source_line(source, &line));
    assert_ok(foreign_source_trouble(source, &err));
    foreign_source_close(source);
}

static void
test_long_lines(void **state)
{
    (void)state;
    check_line(10, 10, false);
    check_line(LIMIT_FOREIGN_LINE - 2, LIMIT_FOREIGN_LINE - 2, false);
    check_line(LIMIT_FOREIGN_LINE, LIMIT_FOREIGN_LINE, true);
    check_line(LIMIT_FOREIGN_LINE + 1, LIMIT_FOREIGN_LINE, true);
    check_line(LIMIT_FOREIGN_LINE * 40, LIMIT_FOREIGN_LINE, true);
}

static void
count_line(void *ctx, struct span line)
{
    unsigned *count = ctx;

    assert_true(span_eq_str(line, "x"));
    ++*count;
}

/* A format is recognised by the first lines of a file, all of which are read again. */
static void
test_sample(void **state)
{
    static const unsigned lines[] = {0, LIMIT_FOREIGN_SAMPLE, LIMIT_FOREIGN_SAMPLE + 1,
                                     LIMIT_FOREIGN_SAMPLE * 40};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        struct foreign_source *source;
        struct foreign_line line;
        unsigned shown = 0;
        unsigned read = 0;
        FILE *file = make("sample.log");
        for (unsigned n = 0; n < lines[i]; n++)
            fputs("x\n", file);
        fclose(file);
        assert_ok(foreign_source_open(&source, tmpdir_file(&dir, "sample.log"), &err));
        foreign_source_peek(source, count_line, &shown);
        assert_int_equal(shown,
                         lines[i] < LIMIT_FOREIGN_SAMPLE ? lines[i] : LIMIT_FOREIGN_SAMPLE);
        while (foreign_source_line(source, &line))
            read++;
        assert_int_equal(read, lines[i]);
        foreign_source_close(source);
    }
}

/* --- A log with the newest entry first --- */

enum { TURNED_LINE = 64 };

struct turned {
    uint64_t first; /* numbers of the lines as they came */
    uint64_t last;
    uint64_t count;
};

static int64_t
turned_tod(struct span line)
{
    uint64_t number;

    return span_to_u64(span_head(line, 10), UINT64_MAX, &number) ? (int64_t)number : -1;
}

static void
turned_take(void *ctx, struct foreign_line *line)
{
    struct turned *turned = ctx;

    if (turned->count++ == 0)
        turned->first = line->number;
    turned->last = line->number;
}

/* lines lines of TURNED_LINE octets, each earlier than the one before. */
static bool
turn(unsigned lines, int step, struct turned *out)
{
    struct foreign_source *source;
    FILE *file = make("turned.log");

    *out = (struct turned){0};
    for (unsigned i = 0; i < lines; i++)
        fprintf(file, "%010d%*s\n", 2000000000 + step * (int)i, TURNED_LINE - 10, "x");
    fclose(file);
    assert_ok(foreign_source_open(&source, tmpdir_file(&dir, "turned.log"), &err));
    bool whole = false;
    assert_ok(foreign_newest_read(source, turned_tod, turned_take, out, &whole));
    foreign_source_close(source);
    return whole;
}

static void
test_newest_first(void **state)
{
    const unsigned fit = LIMIT_FOREIGN_NEWEST / TURNED_LINE;
    struct turned turned;

    (void)state;
    assert_true(turn(3, -1, &turned));
    assert_int_equal(turned.count, 3);
    assert_int_equal(turned.first, 3);
    assert_int_equal(turned.last, 1);
    assert_true(turn(3, 1, &turned));
    assert_int_equal(turned.first, 1);
    assert_true(turn(0, 1, &turned));
    assert_int_equal(turned.count, 0);
    assert_true(turn(fit, -1, &turned));
    assert_int_equal(turned.first, fit);
    for (unsigned beyond = 1; beyond <= fit; beyond += fit - 1) {
        assert_false(turn(fit + beyond, -1, &turned));
        assert_int_equal(turned.first, fit);
        assert_int_equal(turned.last, 1);
    }
}

/* UTF-16 that ends within a character. */
static void
test_half_characters(void **state)
{
    static const char *const files[] = {"\xff\xfe"
                                        "a\0b\0=\xd8\0",
                                        "\xff\xfe"
                                        "a\0b\0="};
    static const size_t octets[] = {9, 7};
    struct foreign_source *source;
    struct foreign_line line;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        FILE *file = make("half.log");
        assert_int_equal(fwrite(files[i], 1, octets[i], file), octets[i]);
        fclose(file);
        assert_ok(foreign_source_open(&source, tmpdir_file(&dir, "half.log"), &err));
        assert_true(foreign_source_line(source, &line));
        assert_true(span_starts(line.text, SPAN("ab")));
        assert_false(foreign_source_line(source, &line));
        foreign_source_close(source);
    }
}

static void
test_files_that_cannot_be_read(void **state)
{
    struct foreign_story story;
    const struct foreign_options options = {0};
    const char *paths[100 * LIMIT_FOREIGN_FILES];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(paths); i++)
        paths[i] = "/nonexistent/log";
    assert_int_equal(foreign_story_read(&story, paths, 1, &options, &err), RC_NOT_FOUND);
    foreign_story_done(&story);
    assert_int_equal(foreign_story_read(&story, paths, LIMIT_FOREIGN_FILES, &options, &err),
                     RC_NOT_FOUND);
    foreign_story_done(&story);
    assert_int_equal(foreign_story_read(&story, paths, LIMIT_FOREIGN_FILES + 1, &options, &err),
                     RC_LIMIT);
    foreign_story_done(&story);
    assert_int_equal(foreign_story_read(&story, paths, ARRAY_LEN(paths), &options, &err),
                     RC_LIMIT);
    foreign_story_done(&story);
    paths[0] = dir.path;
    assert_int_equal(foreign_story_read(&story, paths, 1, &options, &err), RC_NOT_FOUND);
    assert_non_null(strstr(err.text, "is a folder"));
    foreign_story_done(&story);
    fclose(make("empty.log"));
    paths[0] = tmpdir_file(&dir, "empty.log");
    assert_int_equal(foreign_story_read(&story, paths, 1, &options, &err), RC_NOT_FOUND);
    assert_non_null(strstr(err.text, "is empty"));
    foreign_story_done(&story);
}

/* A gzip file that was cut is read as far as it goes, and says so. */
static void
test_damaged_gzip(void **state)
{
    struct foreign_story story;
    const char *path = tmpdir_file(&dir, "mail.log.gz");
    unsigned seed = 1;

    (void)state;
    gzFile gz = gzopen(path, "wb9");
    for (int i = 0; i < 20000; i++) {
        seed = seed * 1103515245 + 12345;
        gzprintf(gz, "IMAP 12:24:17.921 A 06157 %d 0001 SELECT \"box%u\"\n", i % 9 + 1, seed);
    }
    gzclose(gz);
    assert_int_equal(truncate(path, 50000), 0);
    read_story(&story, "mail.log.gz");
    assert_true(story.files[0].lines > 100 && story.files[0].lines < 20000);
    assert_non_null(strstr(story.files[0].trouble, "gzip"));
    foreign_story_done(&story);
}

/* More sessions than are kept: all are counted, those with trouble stay. */
static void
test_many_sessions(void **state)
{
    struct foreign_story story;
    const unsigned count = LIMIT_FOREIGN_KEPT + LIMIT_FOREIGN_OPEN + 100;
    FILE *file = make("many.log");

    (void)state;
    fputs("IMAP 10:00:00.000 A 06157 1 0001 IDLE\n", file);
    fputs("IMAP 10:00:00.000 A 06266 1 + idling\n", file);
    fputs("IMAP 10:40:00.000 F 06050 1 Removing session ann - It has timed out\n", file);
    for (unsigned i = 2; i < count + 2; i++) {
        fprintf(file, "IMAP 10:40:01.000 A 06157 %u 0001 LOGOUT\n", i);
        fprintf(file, "IMAP 10:40:01.000 A 06266 %u 0001 OK bye\n", i);
    }
    fclose(file);
    read_story(&story, "many.log");
    assert_int_equal(story.logs[0].sessions, count + 1);
    assert_int_equal(story.kept, LIMIT_FOREIGN_KEPT);
    assert_int_equal(story.kept + story.counted_all, count + 1);
    assert_int_equal(story.counted[RULE_LOGGED_OUT], story.counted_all);
    struct foreign_verdict verdict;
    foreign_judge(&story.cases[0], &verdict);
    assert_int_equal(verdict.rule, RULE_NEVER_DONE);
    foreign_story_done(&story);
}

/* Commands beyond the ring: the last are kept, and the tags still match. */
static void
test_many_commands(void **state)
{
    struct foreign_story story;
    FILE *file = make("cmds.log");

    (void)state;
    for (unsigned i = 1; i <= 10 * LIMIT_FOREIGN_COMMANDS; i++) {
        fprintf(file, "IMAP 10:00:00.000 A 06157 1 %04u NOOP\n", i);
        fprintf(file, "IMAP 10:00:00.000 A 06266 1 %04u OK done\n", i);
    }
    fclose(file);
    read_story(&story, "cmds.log");
    const struct foreign_session *session = story.cases[0].views[0];
    assert_int_equal(session->cmd_count, 10 * LIMIT_FOREIGN_COMMANDS);
    assert_int_equal(foreign_session_cmd_kept(session), LIMIT_FOREIGN_COMMANDS);
    assert_string_equal(foreign_session_last(session)->tag, "0640");
    assert_null(foreign_session_find(session, SPAN("0001")));
    assert_non_null(foreign_session_find(session, SPAN("0577")));
    foreign_story_done(&story);
}

/* Lines are joined up to the limit; what is behind it is no part of the entry. */
static void
test_folds(void **state)
{
    static const unsigned before[] = {LIMIT_FOREIGN_FOLDS - 1, LIMIT_FOREIGN_FOLDS,
                                      100 * LIMIT_FOREIGN_FOLDS};

    (void)state;
    for (size_t round = 0; round < ARRAY_LEN(before); round++) {
        struct foreign_story story;
        FILE *file = make("fold.log");
        fputs("IMAP 10:00:00.000 F 06050 1 Removing session ann\n", file);
        for (unsigned i = 0; i < before[round]; i++)
            fputs("   -\n", file);
        fputs("   It has timed out\n   administrator\n", file);
        fclose(file);
        read_story(&story, "fold.log");
        const struct foreign_session *session = story.cases[0].views[0];
        assert_int_equal(foreign_session_has(session, FACT_TIMED_OUT), round == 0);
        if (round == 0)
            assert_null(strstr(session->facts[FACT_TIMED_OUT].text, "administrator"));
        foreign_story_done(&story);
    }
}

/* More secrets than are remembered: then no text is repeated at all. */
static void
test_many_secrets(void **state)
{
    struct foreign_story story;
    FILE *file = make("secrets.log");

    (void)state;
    for (unsigned i = 0; i < 10 * LIMIT_FOREIGN_SECRETS; i++)
        fprintf(file, "C: %u LOGIN bob PLANTED%u\n", i, i);
    fputs("S: * BYE not PLANTED36\n", file);
    fclose(file);
    read_story(&story, "secrets.log");
    assert_string_equal(story.cases[0].views[0]->facts[FACT_BYE].text, "***");
    foreign_story_done(&story);
}

/* What the server said at its end, told with so many octets. */
static size_t
bye_kept(size_t octets)
{
    struct foreign_story story;
    FILE *file = make("bye.log");

    fputs("C: 1 NOOP\nS: * BYE ", file);
    for (size_t i = 0; i < octets; i++)
        fputc("0123456789"[i % 10], file);
    fputs("\n", file);
    fclose(file);
    read_story(&story, "bye.log");
    const char *text = story.cases[0].views[0]->facts[FACT_BYE].text;
    const size_t kept = strlen(text);
    for (size_t i = 0; i < kept; i++)
        assert_int_equal(text[i], "0123456789"[i % 10]);
    foreign_story_done(&story);
    return kept;
}

static void
test_long_text(void **state)
{
    (void)state;
    assert_int_equal(bye_kept(LIMIT_FOREIGN_TEXT - 1), LIMIT_FOREIGN_TEXT - 1);
    assert_int_equal(bye_kept(LIMIT_FOREIGN_TEXT), LIMIT_FOREIGN_TEXT);
    assert_int_equal(bye_kept(LIMIT_FOREIGN_TEXT + 1), LIMIT_FOREIGN_TEXT);
    assert_int_equal(bye_kept(LIMIT_FOREIGN_TEXT * 100), LIMIT_FOREIGN_TEXT);
}

/* A password or token, however long, is in no text; what stands around it is. */
static void
test_long_secrets(void **state)
{
    static const size_t octets[] = {LIMIT_FOREIGN_TEXT - 1, LIMIT_FOREIGN_TEXT,
                                    LIMIT_FOREIGN_TEXT + 1, LIMIT_FOREIGN_TEXT * 10};
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(octets); i++) {
        struct foreign_story story;
        char *secret = calloc(1, octets[i] + 1);
        FILE *file = make("token.log");
        assert_non_null(secret);
        memset(secret, 'P', octets[i]);
        fprintf(file, "C: 1 LOGIN bob %s\nS: * BYE not %s here\n", secret, secret);
        fclose(file);
        read_story(&story, "token.log");
        assert_string_equal(story.cases[0].views[0]->facts[FACT_BYE].text, "not *** here");
        foreign_story_done(&story);
        free(secret);
    }
}

/* The same for the password within an AUTHENTICATE PLAIN. */
static void
test_long_plain(void **state)
{
    static const size_t octets[] = {8, LIMIT_FOREIGN_TEXT, LIMIT_FOREIGN_TEXT * 10};
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(octets); i++) {
        struct foreign_story story;
        char *secret = calloc(1, octets[i] + 1);
        FILE *file = make("plain.log");
        AUTO_BUF plain = {0};
        AUTO_BUF base64 = {0};
        assert_non_null(secret);
        memset(secret, 'P', octets[i]);
        buf_init(&plain, 1 << 16);
        buf_init(&base64, 1 << 16);
        buf_put(&plain, "\0bob\0", 5);
        buf_put_str(&plain, secret);
        base64_put(&base64, buf_span(&plain));
        fprintf(file, "C: 1 AUTHENTICATE PLAIN %.*s\nS: * BYE not %s here\n",
                SPAN_FMT(buf_span(&base64)), secret);
        fclose(file);
        read_story(&story, "plain.log");
        assert_string_equal(story.cases[0].views[0]->facts[FACT_BYE].text, "not *** here");
        foreign_story_done(&story);
        free(secret);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_long_lines, tmpdir_setup, tmpdir_teardown),
        cmocka_unit_test_setup_teardown(test_sample, tmpdir_setup, tmpdir_teardown),
        cmocka_unit_test_setup_teardown(test_newest_first, tmpdir_setup, tmpdir_teardown),
        cmocka_unit_test_setup_teardown(test_half_characters, tmpdir_setup, tmpdir_teardown),
        cmocka_unit_test_setup_teardown(test_files_that_cannot_be_read, tmpdir_setup,
                                        tmpdir_teardown),
        cmocka_unit_test_setup_teardown(test_damaged_gzip, tmpdir_setup, tmpdir_teardown),
        cmocka_unit_test_setup_teardown(test_many_sessions, tmpdir_setup, tmpdir_teardown),
        cmocka_unit_test_setup_teardown(test_many_commands, tmpdir_setup, tmpdir_teardown),
        cmocka_unit_test_setup_teardown(test_folds, tmpdir_setup, tmpdir_teardown),
        cmocka_unit_test_setup_teardown(test_many_secrets, tmpdir_setup, tmpdir_teardown),
        cmocka_unit_test_setup_teardown(test_long_text, tmpdir_setup, tmpdir_teardown),
        cmocka_unit_test_setup_teardown(test_long_secrets, tmpdir_setup, tmpdir_teardown),
        cmocka_unit_test_setup_teardown(test_long_plain, tmpdir_setup, tmpdir_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
