/* SPDX-License-Identifier: MIT */
/* What waits for [quota] warn_command has a limit, and without a command nothing waits. */
#include "support/cm.h"

#include "base/limits.h"
#include "daemon/quota_watch.h"

static const struct quota_crossing crossing = {80, QUOTA_STORAGE, 80, 100};

static unsigned
told(const char *command)
{
    const struct settings settings = {.quota_command = command};
    struct env *env = calloc(1, sizeof *env);
    struct quota_watch *watch = NULL;
    struct err err = {.rc = RC_OK};
    unsigned count = 0;

    assert_non_null(env);
    env->clock = &clock_system;
    atomic_init(&env->settings, &settings);
    assert_int_equal(quota_watch_new(env, &watch, &err), RC_OK);
    while (count < 2 * LIMIT_QUOTA_COMMANDS && quota_watch_tell(watch, "anna", &crossing))
        count++;
    quota_watch_free(watch);
    free(env);
    return count;
}

static void
test_the_queue_is_bounded(void **state)
{
    (void)state;
    const unsigned count = told("/bin/true");
    assert_in_range(count, LIMIT_QUOTA_COMMANDS,
                    LIMIT_QUOTA_COMMANDS + 8); /* some may have run */
    assert_int_equal(told(""), 2 * LIMIT_QUOTA_COMMANDS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_queue_is_bounded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
