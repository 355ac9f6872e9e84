/* SPDX-License-Identifier: MIT */
/* Memory runs out while roost.conf is read: the answer is that, or the whole configuration. */
#include "support/cm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/config.h"
#include "daemon/config_key.h"
#include "support/each_alloc.h"
#include "support/tmpdir.h"

static const char text[] = "[server]\n"
                           "hostname = mail.example.org\n"
                           "domains = example.org example.net\n"
                           "  a.example b.example c.example d.example e.example f.example\n"
                           "[imap]\n"
                           "listen = 127.0.0.1:1143 [::1]:1143 /run/imap.sock\n"
                           "[imaps]\n"
                           "listen = 127.0.0.1:1993\n"
                           "[tls]\n"
                           "certificate = cert.pem\n"
                           "[auth]\n"
                           "trusted_networks = 192.0.2.0/24 2001:db8::/32\n"
                           "[log]\n"
                           "levels = SF imap:APSF\n";

static const char *const overrides[] = {"limits.max_connections_per_user=7", "tls.key=key.pem"};

static struct tmpdir dir;
static struct err err;

struct reading {
    char path[300];
    struct config *right;
    enum rc told; /* by config_examine */
};

static void
must_be_right(const struct reading *reading, const struct config *config)
{
    for (size_t i = 0; i < CONFIG_KEY_COUNT; i++)
        if (!config_key_same(config, reading->right, &config_keys[i]))
            fail_msg("[%s] %s", config_keys[i].section, config_keys[i].name);
    assert_string_equal(config->dir, reading->right->dir);
}

static bool
read_once(void *ctx)
{
    const struct reading *reading = ctx;
    struct config *config = NULL;

    errno = ENOENT; /* of something before */
    const enum rc rc =
        config_read(reading->path, overrides, ARRAY_LEN(overrides), &config, &err);
    if (rc == RC_OK)
        must_be_right(reading, config);
    else if (rc != RC_LIMIT)
        fail_msg("%s: %s", rc_name(rc), err.text);
    config_free(config);
    return rc == RC_OK;
}

static void
tell(void *ctx, const char *problem)
{
    struct reading *reading = ctx;

    assert_non_null(strstr(problem, "memory"));
    reading->told = RC_LIMIT;
}

static bool
examine_once(void *ctx)
{
    struct reading *reading = ctx;
    struct config *config = NULL;
    const struct config_teller teller = {.ctx = reading, .tell = tell};

    reading->told = RC_OK;
    config_examine(reading->path, overrides, ARRAY_LEN(overrides), &teller, &config);
    if (reading->told == RC_OK)
        must_be_right(reading, config);
    else
        assert_null(config);
    config_free(config);
    return reading->told == RC_OK;
}

static void
each_allocation(void **state)
{
    static const struct each_alloc reads = {.name = "read", .act = read_once};
    static const struct each_alloc examines = {.name = "examine", .act = examine_once};
    struct reading reading = {.right = NULL};

    (void)state;
    tmpdir_make(&dir);
    snprintf(reading.path, sizeof reading.path, "%s", tmpdir_file(&dir, "roost.conf"));
    FILE *file = fopen(reading.path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, sizeof text - 1, file), sizeof text - 1);
    assert_int_equal(fclose(file), 0);
    assert_ok(config_read(reading.path, overrides, ARRAY_LEN(overrides), &reading.right, &err));
    assert_true(each_alloc(&reads, &reading) > 0);
    assert_true(each_alloc(&examines, &reading) > 0);
    config_free(reading.right);
    tmpdir_remove(&dir);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
