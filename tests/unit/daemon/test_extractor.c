/* SPDX-License-Identifier: MIT */
/* [search] extract: which commands there may be, which one is run, what is logged of failures,
 * that nobody waits for them at the end, and that another command makes another index. */
#include "support/cm.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/limits.h"
#include "daemon/extractor.h"
#include "journal/log.h"
#include "support/fake_clock.h"
#include "support/tmpdir.h"

#include <fcntl.h>

#define DAY "roost-2026-11-12.log"

static struct tmpdir dir;
static struct err err;
static struct fake_clock now;
static struct index_counts counted;

static const char *
conf_write(const char *text)
{
    static char path[300];

    snprintf(path, sizeof path, "%s", tmpdir_file(&dir, "roost.conf"));
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    return path;
}

static struct config *
conf_read(const char *text)
{
    struct config *config = NULL;

    assert_ok(config_read(conf_write(text), NULL, 0, &config, &err));
    return config;
}

static void
assert_refused(const char *text, const char *why)
{
    struct config *config = NULL;

    assert_int_equal(config_read(conf_write(text), NULL, 0, &config, &err), RC_INVALID);
    if (strstr(err.text, why) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.text, why);
}

static int
setup(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    tmpdir_make(&dir);
    fake_clock_init(&now, 1794486257); /* 2026-11-12 */
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    tmpdir_remove(&dir);
    return 0;
}

/* ---- the configuration ---- */

static void
test_commands(void **state)
{
    struct config *config = conf_read("[search]\n"
                                      "extract = Application/PDF  /usr/bin/pdftotext -q  - -\n"
                                      "extract = image/x-y+z /bin/ocr\n"
                                      "extract = application/pdf /bin/other\n");

    (void)state;
    assert_int_equal(config->extract_count, 2); /* the last one for a type counts */
    assert_string_equal(config->extract_commands[0].type, "application/pdf");
    assert_string_equal(config->extract_commands[0].args[0], "/bin/other");
    assert_null(config->extract_commands[0].args[1]);
    assert_string_equal(config->extract_commands[1].type, "image/x-y+z");
    config_free(config);
    config = conf_read("[search]\nextract = application/pdf /usr/bin/pdftotext -q  - -\n");
    assert_string_equal(config->extract_commands[0].args[1], "-q");
    assert_string_equal(config->extract_commands[0].args[3], "-");
    assert_null(config->extract_commands[0].args[4]);
    config_free(config);
    config = conf_read("[search]\nextract =\n");
    assert_int_equal(config->extract_count, 0);
    config_free(config);
    assert_refused("[search]\n\nextract = pdf /bin/cat\n",
                   "roost.conf:3: [search] extract: \"pdf\"");
    assert_refused("[search]\nextract = application/ /bin/cat\n", "not a media type");
    assert_refused("[search]\nextract = a/b/c /bin/cat\n", "not a media type");
    assert_refused("[search]\nextract = application/* /bin/cat\n", "not a media type");
    assert_refused("[search]\nextract = text/html /bin/cat\n", "without a program");
    assert_refused("[search]\nextract = message/rfc822 /bin/cat\n", "without a program");
    assert_refused("[search]\nextract = application/pdf\n", "no program");
    assert_refused("[search]\nextract = application/pdf cat\n", "whole path");
    assert_refused("[search]\nextract = application/pdf ./cat\n", "whole path");
    assert_refused("[search]\nindex = no\nextract = application/pdf /bin/cat\n", "needs");
}

static void
test_how_many_types(void **state)
{
    static const unsigned counts[] = {LIMIT_EXTRACT_COMMANDS, LIMIT_EXTRACT_COMMANDS + 1,
                                      10 * LIMIT_EXTRACT_COMMANDS};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        static char text[64 + 10 * LIMIT_EXTRACT_COMMANDS * 48];
        size_t len = (size_t)snprintf(text, sizeof text, "[search]\n");
        for (unsigned k = 0; k < counts[i]; k++)
            len += (size_t)snprintf(text + len, sizeof text - len,
                                    "extract = application/x%u /bin/cat\n", k);
        if (counts[i] <= LIMIT_EXTRACT_COMMANDS)
            config_free(conf_read(text));
        else
            assert_refused(text, "more than 32 media types");
    }
}

static void
test_how_many_arguments(void **state)
{
    static const unsigned counts[] = {LIMIT_EXTRACT_ARGUMENTS, LIMIT_EXTRACT_ARGUMENTS + 1,
                                      10 * LIMIT_EXTRACT_ARGUMENTS};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        char text[600];
        struct config *config = NULL;
        size_t len =
            (size_t)snprintf(text, sizeof text, "search.extract=application/pdf /bin/cat");
        for (unsigned k = 1; k < counts[i]; k++)
            len += (size_t)snprintf(text + len, sizeof text - len, " -");
        const char *overrides[] = {text};
        const enum rc rc = config_read(conf_write(""), overrides, 1, &config, &err);
        assert_int_equal(rc, counts[i] <= LIMIT_EXTRACT_ARGUMENTS ? RC_OK : RC_INVALID);
        if (rc == RC_OK)
            assert_non_null(config->extract_commands[0].args[counts[i] - 1]);
        config_free(config);
    }
}

static char told[400];

static void
tell(void *ctx, const char *text)
{
    (void)ctx;
    snprintf(told, sizeof told, "%s", text);
}

/* Whoever examines a configuration is told of a program that is missing; a server starts. */
static void
test_missing_program(void **state)
{
    const struct config_teller teller = {.tell = tell};
    const char *text = "[search]\nextract = application/pdf /nonexistent/totext -\n";
    struct config *config = NULL;

    (void)state;
    config_free(conf_read(text));
    config_examine(conf_write(text), NULL, 0, &teller, &config);
    assert_non_null(
        strstr(told, "roost.conf:2: [search] extract: /nonexistent/totext: No such"));
    config_free(config);
    told[0] = '\0';
    config_examine(conf_write("[search]\nextract = application/pdf /bin/cat\n"), NULL, 0,
                   &teller, &config);
    assert_string_equal(told, "");
    config_free(config);
}

static void
test_another_command_is_another_form(void **state)
{
    static const char *const texts[] = {
        "",
        "[search]\nextract = application/pdf /bin/cat\n",
        "[search]\nextract = application/pdf /bin/cat -\n",
        "[search]\nextract = application/pdfx /bin/cat\n",
        "[search]\nextract = application/pdf /bin/cat\nextract = image/png /bin/cat\n",
    };
    uint32_t forms[ARRAY_LEN(texts)];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct config *config = conf_read(texts[i]);
        forms[i] = extractor_form(config, 77);
        assert_int_equal(extractor_form(config, 77), forms[i]);
        assert_true(i == 0 || extractor_form(config, 78) != forms[i]);
        config_free(config);
        for (size_t k = 0; k < i; k++)
            assert_int_not_equal(forms[k], forms[i]);
    }
    assert_int_equal(forms[0], 77); /* without commands, an index is as it was */
}

/* ---- running ---- */

static enum rc
run(const struct extract *extract, const char *type, const char *input, struct buf *out)
{
    const struct span all = span_of_str(type);
    const ptrdiff_t slash = span_find_char(all, '/');
    const int command = extract->find(extract->ctx, span_head(all, (size_t)slash),
                                      span_tail(all, (size_t)slash + 1));

    assert_true(command >= 0);
    return extract->run(extract->ctx, command, LIMIT_EXTRACT_WALL_MS, span_of_str(input), out,
                        &err);
}

static struct extractor *
extractor(const struct config *config, struct log *log)
{
    struct extractor *made = NULL;

    assert_ok(extractor_new(config, log, &now.clock, &counted, &made, &err));
    return made;
}

static void
test_runs_what_is_configured(void **state)
{
    struct config *config = conf_read("[search]\nextract = application/pdf /bin/cat\n"
                                      "extract = application/x-upper /usr/bin/tr a-z A-Z\n"
                                      "extract = application/x-endless /bin/cat /dev/zero\n"
                                      "extract = application/x-limits /bin/sh -c "
                                      "ulimit${IFS}-t&&ulimit${IFS}-v\n");
    struct extractor *made = extractor(config, NULL);
    const struct extract *extract = extractor_extract(made);
    AUTO_BUF out = {0};

    (void)state;
    if (under_valgrind())
        skip(); /* there, nobody may have fewer files open than it says */
    buf_init(&out, 10 * (size_t)LIMIT_EXTRACT_OUTPUT);
    assert_int_equal(extract->find(extract->ctx, SPAN("application"), SPAN("zip")), -1);
    assert_int_equal(extract->find(extract->ctx, SPAN(""), SPAN("")), -1);
    assert_int_equal(extract->find(extract->ctx, SPAN("APPLICATION"), SPAN("Pdf")), 0);
    assert_ok(run(extract, "application/pdf", "as it is", &out));
    assert_ok(run(extract, "application/X-upper", "large", &out));
    assert_true(span_eq(buf_span(&out), SPAN("as it isLARGE")));
    buf_clear(&out);
    assert_ok(run(extract, "application/x-limits", "", &out));
    char limits[64];
    snprintf(limits, sizeof limits, "%u\n%u\n", LIMIT_EXTRACT_CPU_S,
             LIMIT_EXTRACT_MEMORY / 1024);
    assert_true(span_eq_str(buf_span(&out), limits));
    buf_clear(&out);
    assert_ok(run(extract, "application/x-endless", "", &out));
    assert_int_equal(buf_len(&out), LIMIT_EXTRACT_OUTPUT);
    extractor_free(made);
    config_free(config);
    config = conf_read("");
    assert_null(extractor(config, NULL));
    assert_null(extractor_extract(NULL));
    config_free(config);
}

static void
log_lines(struct log *log, struct buf *out)
{
    log_flush(log);
    AUTO_FD fd = open(tmpdir_file(&dir, DAY), O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    buf_clear(out);
    assert_ok(fd_read_all(fd, out, &err));
}

static unsigned
count(const struct buf *text, const char *needle)
{
    struct span rest = buf_span(text);
    unsigned found = 0;
    ptrdiff_t at;

    while ((at = span_find(rest, span_of_str(needle))) >= 0) {
        found++;
        rest = span_tail(rest, (size_t)at + 1);
    }
    return found;
}

/* The first failure, and what comes LIMIT_EXTRACT_LOG_MS later, with the number of the others.
 */
static void
test_failures_are_logged_in_moderation(void **state)
{
    struct config *config = conf_read("[search]\nextract = application/pdf /bin/false\n"
                                      "extract = application/x-none /nonexistent/totext\n");
    const struct log_options options = {.dir = dir.path, .clock = &now.clock, .keep_days = 7};
    struct log *log = NULL;
    AUTO_BUF out = {0};
    AUTO_BUF text = {0};

    (void)state;
    if (under_valgrind())
        skip();
    buf_init(&out, LIMIT_EXTRACT_OUTPUT);
    buf_init(&text, 1 << 20);
    assert_ok(log_open(&log, &options, &err));
    struct extractor *made = extractor(config, log);
    const struct extract *extract = extractor_extract(made);
    log_lines(log, &text);
    assert_int_equal(count(&text, "07115"), 1);
    assert_int_equal(count(&text, "[search] extract: /nonexistent/totext: No such file"), 1);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(run(extract, "application/pdf", "", &out), RC_INVALID);
    assert_int_equal(run(extract, "application/x-none", "", &out), RC_NOT_FOUND);
    log_lines(log, &text);
    assert_int_equal(count(&text, "07115"), 2);
    assert_int_equal(count(&text, "(application/pdf): ended with status 1; 0 others since the "
                                  "last such entry, 1 in all"),
                     1);
    fake_clock_move_ms(&now, LIMIT_EXTRACT_LOG_MS - 1);
    extract->note(extract->ctx, 0, "it is too large");
    log_lines(log, &text);
    assert_int_equal(count(&text, "07115"), 2);
    fake_clock_move_ms(&now, 1);
    extract->note(extract->ctx, 1, "it is too large");
    log_lines(log, &text);
    assert_int_equal(count(&text, "(application/x-none): it is too large; 6 others since the "
                                  "last such entry, 8 in all"),
                     1);
    assert_int_equal(buf_len(&out), 0);
    assert_int_equal(atomic_load(&counted.unread), 8);
    extractor_free(made);
    log_close(log);
    config_free(config);
}

struct waiting {
    const struct extract *extract;
    enum rc rc;
};

static void *
run_long(void *arg)
{
    struct waiting *waiting = arg;
    AUTO_BUF out = {0};

    buf_init(&out, LIMIT_EXTRACT_OUTPUT);
    waiting->rc = waiting->extract->run(waiting->extract->ctx, 0, 600000, SPAN(""), &out, NULL);
    return NULL;
}

/* Whether it runs already or not: it is over at once. */
static void
test_nobody_waits_at_the_end(void **state)
{
    struct config *config = conf_read("[search]\nextract = application/pdf /bin/sleep 1000\n"
                                      "extract = application/x-cat /bin/cat\n");
    struct extractor *made = extractor(config, NULL);
    struct waiting waiting = {.extract = extractor_extract(made)};
    AUTO_BUF out = {0};
    pthread_t thread;

    (void)state;
    if (under_valgrind())
        skip();
    buf_init(&out, LIMIT_EXTRACT_OUTPUT);
    assert_int_equal(pthread_create(&thread, NULL, run_long, &waiting), 0);
    extractor_stop(made);
    pthread_join(thread, NULL);
    assert_int_equal(waiting.rc, RC_AGAIN);
    extractor_stop(made);
    assert_int_equal(run(waiting.extract, "application/x-cat", "x", &out), RC_AGAIN);
    extractor_go(made);
    assert_ok(run(waiting.extract, "application/x-cat", "x", &out));
    extractor_go(made);
    extractor_go(NULL);
    extractor_stop(NULL);
    extractor_free(made);
    extractor_free(NULL);
    config_free(config);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_how_many_types),
        cmocka_unit_test(test_how_many_arguments),
        cmocka_unit_test(test_missing_program),
        cmocka_unit_test(test_another_command_is_another_form),
        cmocka_unit_test(test_runs_what_is_configured),
        cmocka_unit_test(test_failures_are_logged_in_moderation),
        cmocka_unit_test(test_nobody_waits_at_the_end),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
