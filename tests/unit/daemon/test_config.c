/* SPDX-License-Identifier: MIT */
/* roost.conf: the bounds of every key, all problems with their lines, and what has changed. */
#include "support/cm.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/config.h"
#include "daemon/config_key.h"
#include "support/tmpdir.h"

static struct tmpdir dir;
static struct err err;

static const char *
conf_write(const char *text)
{
    static char path[300];

    snprintf(path, sizeof path, "%s", tmpdir_file(&dir, "roost.conf"));
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
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

/* ---- every key ---- */

static const char *
unit_text(enum key_unit unit)
{
    return unit == UNIT_SECONDS || unit == UNIT_DAYS ? "s" : "";
}

/* What a number is stored as. */
static uint64_t
stored(const struct config *config, const struct config_key *key)
{
    const void *field = (const char *)config + key->offset;

    return key->unit == UNIT_OCTETS ? *(const uint64_t *)field : *(const uint32_t *)field;
}

static enum rc
number_try(const struct config_key *key, uint64_t number, uint64_t *stored_out)
{
    char text[200];
    struct config *config = NULL;

    snprintf(text, sizeof text, "%s.%s=%ju%s", key->section, key->name, (uintmax_t)number,
             unit_text(key->unit));
    const char *overrides[] = {text};
    const enum rc rc = config_read(conf_write(""), overrides, 1, &config, &err);
    if (rc == RC_OK)
        *stored_out = stored(config, key);
    config_free(config);
    return rc;
}

static void
bounds_of_every_number(void **state)
{
    unsigned numbers = 0;

    (void)state;
    for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
        const struct config_key *key = &config_keys[i];
        uint64_t value = 0;
        if (key->type != KEY_NUMBER)
            continue;
        numbers++;
        const uint64_t per = key->unit == UNIT_DAYS ? 86400 : 1;
        assert_ok(number_try(key, key->min, &value));
        assert_int_equal(value, (key->min + per - 1) / per);
        assert_ok(number_try(key, key->max, &value));
        assert_int_equal(value, (key->max + per - 1) / per);
        if (key->min > 0)
            assert_int_equal(number_try(key, key->min - 1, &value), RC_INVALID);
        assert_int_equal(number_try(key, key->max + 1, &value), RC_INVALID);
        assert_int_equal(number_try(key, UINT64_MAX, &value), RC_INVALID);
        assert_true(key->unit == UNIT_OCTETS || key->max / per <= UINT32_MAX);
    }
    assert_true(numbers > 20);
}

/* Each row is complete, and its section's rows stand together. */
static void
rows_are_in_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
        const struct config_key *key = &config_keys[i];
        bool known = false;
        assert_ptr_equal(config_key_find(key->section, key->name, &known), key);
        assert_int_equal(key->type == KEY_NUMBER, key->unit != UNIT_NONE);
        assert_int_equal(key->type == KEY_CHOICE, key->choices != NULL);
        assert_true(key->meaning[0] != '\0' && key->meaning[strlen(key->meaning) - 1] == '.');
        for (size_t k = 0; k + 1 < i; k++)
            assert_true(strcmp(config_keys[k].section, key->section) != 0 ||
                        strcmp(config_keys[i - 1].section, key->section) == 0);
    }
}

static void
days_are_rounded_up(void **state)
{
    (void)state;
    struct config *config = conf_read("[log]\nkeep = 25h\n[journal]\nkeep = 2d\n");
    assert_int_equal(config->log_keep_days, 2);
    assert_int_equal(config->journal_keep_days, 2);
    config_free(config);
}

/* ---- problems ---- */

static char told[8192];
static unsigned told_count;

static void
on_problem(void *ctx, const char *text)
{
    const size_t len = strlen(told);
    const char *name = strstr(text, "roost.conf");

    (void)ctx;
    snprintf(told + len, sizeof told - len, "%s\n", name == NULL ? text : name);
    told_count++;
}

static struct config *
examine(const char *text, const char *const *overrides, size_t count)
{
    static const struct config_teller teller = {.tell = on_problem};
    struct config *config = NULL;

    told[0] = '\0';
    told_count = 0;
    config_examine(conf_write(text), overrides, count, &teller, &config);
    return config;
}

static void
all_problems_are_told(void **state)
{
    const char *overrides[] = {"log.keep=3651d", "nonsense", "idle.policy=timeout"};

    (void)state;
    struct config *config = examine("loose = 1\n"
                                    "[imap]\n"
                                    "lissten = 1\n"
                                    "\n"
                                    "[smtp]\n"
                                    "listen = 25\n"
                                    "port = 25\n"
                                    "[idle]\n"
                                    "keepalive = soon\n"
                                    "keepalive_max = 9m\n"
                                    "just words\n"
                                    "[empty]\n"
                                    "[unclosed\n"
                                    "[limits]\n"
                                    "login_timeout = 2m ; a comment\n"
                                    "login_timeout ; = no pair\n",
                                    overrides, ARRAY_LEN(overrides));
    assert_string_equal(
        told,
        "roost.conf:1: \"loose\" stands before the first [section]\n"
        "roost.conf:3: [imap] has no key \"lissten\"\n"
        "roost.conf:5: there is no section [smtp]\n" /* once, not for each key */
        "roost.conf:9: [idle] keepalive: \"soon\" is not a time such as 90s, 4m, 2h or 14d\n"
        "roost.conf:11: neither [section] nor key = value\n"
        "roost.conf:12: there is no section [empty]\n"
        "roost.conf:13: a section needs a ] at its end\n"
        "roost.conf:16: neither [section] nor key = value\n"
        "-o log.keep=3651d: [log] keep: 3651d is out of bounds: 0 to 315360000\n"
        "-o nonsense: not section.key=value\n");
    /* What is right is taken, what is wrong has its default. */
    assert_int_equal(config->settings.idle_keepalive_s, 240);
    assert_int_equal(config->settings.idle_keepalive_max_s, 540);
    assert_int_equal(config->settings.login_timeout_s, 120);
    assert_int_equal(config->settings.append_octets, 64 << 20);
    assert_int_equal(config->settings.idle_policy, IDLE_TIMEOUT);
    config_free(config);
}

/* The first of them is what config_read says; it takes nothing then. */
static void
first_problem(void **state)
{
    struct config *config = NULL;

    (void)state;
    assert_int_equal(
        config_read(conf_write("[empty]\n[imap]\nlissten = 1\n"), NULL, 0, &config, &err),
        RC_INVALID);
    assert_null(config);
    assert_non_null(strstr(err.text, "roost.conf:1: there is no section [empty]"));
}

/* A mark, blanks around names, CRLF, values that go on in indented lines, sections without
 * keys, and what looks like a section inside of a value. */
static void
lines_as_inih_takes_them(void **state)
{
    (void)state;
    struct config *config = conf_read("\xef\xbb\xbf; comment\r\n"
                                      "[server]\r\n"
                                      "  hostname = mail.example.org\r\n"
                                      "[imap]\n"
                                      "listen = 127.0.0.1:1\n"
                                      "  [::1]:2\n"
                                      "\t# a comment\n"
                                      "listen: 127.0.0.1:3\n"
                                      "[lmtp]\n"
                                      "[limits]");
    assert_string_equal(config->settings.hostname, "mail.example.org");
    assert_int_equal(config->imap_listen.count, 3);
    assert_string_equal(config->imap_listen.items[1], "[::1]:2");
    assert_string_equal(config->imap_listen.items[2], "127.0.0.1:3");
    config_free(config);
}

static void
too_many_problems(void **state)
{
    static char text[40000];
    size_t len = 0;

    (void)state;
    for (unsigned i = 0; i < 2000; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "nonsense\n");
    config_free(examine(text, NULL, 0));
    assert_int_equal(told_count, 100);
}

/* ---- what has changed ---- */

/* A value of the key that is not its default. */
static const char *
other_value(const struct config_key *key)
{
    static char text[64];

    switch (key->type) {
    case KEY_TEXT:
    case KEY_LIST:
        return "other.example";
    case KEY_PATH:
        return "other.pem";
    case KEY_ENDPOINTS:
        return "127.0.0.1:9";
    case KEY_COMMANDS:
        return "application/pdf /bin/cat";
    case KEY_ENTRIES:
        return "/shared/comment words";
    case KEY_NETWORKS:
        return "10.0.0.0/9";
    case KEY_SWITCH:
        return strcmp(key->value, "yes") == 0 ? "no" : "yes";
    case KEY_CHOICE:
        return key->choices[strcmp(key->choices[0].word, key->value) == 0].word;
    case KEY_LEVELS:
        return "APSF";
    case KEY_NUMBER:
        break;
    }
    snprintf(text, sizeof text, "%ju%s", (uintmax_t)key->max, unit_text(key->unit));
    return text;
}

/* A change of any key is noticed, and of that key only. */
static void
changes_are_noticed(void **state)
{
    struct config *before = conf_read("");

    (void)state;
    for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
        char text[200];
        struct config *after = NULL;
        snprintf(text, sizeof text, "%s.%s=%s", config_keys[i].section, config_keys[i].name,
                 other_value(&config_keys[i]));
        const char *overrides[] = {"tls.certificate=cert.pem", "tls.key=key.pem", text};
        assert_ok(config_read(before->path, overrides, 2, &after, &err));
        config_free(before);
        before = after;
        assert_ok(config_read(before->path, overrides, 3, &after, &err));
        for (size_t k = 0; k < CONFIG_KEY_COUNT; k++)
            if (config_key_same(before, after, &config_keys[k]) != (k != i))
                fail_msg("%s: [%s] %s", text, config_keys[k].section, config_keys[k].name);
        config_free(after);
    }
    config_free(before);
}

/* ---- long lists ---- */

/* Ten times as many cost ten times as much, and no time that anybody would notice. A list that
 * is copied for each word takes 400 MiB of the arena here, which refuses. */
static void
thousands_of_domains(void **state)
{
    enum { MOST = 10000, LINE = 40, OCTETS_EACH = 200 };
    static char text[64 + MOST * LINE];

    (void)state;
    for (size_t count = 10; count <= MOST; count *= 10) {
        size_t len = (size_t)snprintf(text, sizeof text, "[server]\ndomains =");
        char last[LINE] = "";
        for (size_t i = 1; i <= count; i++) {
            snprintf(last, sizeof last, "d%zu.example.org", i);
            len += (size_t)snprintf(text + len, sizeof text - len, "%s%s",
                                    i % 4 == 1 ? "\n    " : " ", last);
        }
        const int64_t began_ms = clock_mono_ms(&clock_system);
        struct config *config = conf_read(text);
        assert_in_range(clock_mono_ms(&clock_system) - began_ms, 0, 1000);
        assert_int_equal(config->domains.count, count);
        assert_string_equal(config->domains.items[0], "d1.example.org");
        assert_string_equal(config->domains.items[count - 1], last);
        assert_true(config->arena.used_octets < 65536 + count * OCTETS_EACH);
        config_free(config);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_of_every_number), cmocka_unit_test(rows_are_in_order),
        cmocka_unit_test(days_are_rounded_up),    cmocka_unit_test(all_problems_are_told),
        cmocka_unit_test(first_problem),          cmocka_unit_test(lines_as_inih_takes_them),
        cmocka_unit_test(too_many_problems),      cmocka_unit_test(changes_are_noticed),
        cmocka_unit_test(thousands_of_domains),
    };
    tmpdir_make(&dir);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    tmpdir_remove(&dir);
    return failed;
}
