/* SPDX-License-Identifier: MIT */
/* What follows from the settings. */
#include "support/cm.h"

#include "session/settings.h"

static uint64_t
all_of(uint64_t append_octets)
{
    const struct settings settings = {.append_octets = append_octets};

    return settings_append_all(&settings);
}

static void
the_messages_of_one_append(void **state)
{
    const uint64_t least = LIMIT_APPEND_ALL_MIN;
    const uint64_t most = LIMIT_APPEND_ALL_MAX;

    (void)state;
    assert_int_equal(all_of(64 << 20), UINT64_C(1) << 30);
    assert_int_equal(all_of(1024), least);
    assert_int_equal(all_of(least / LIMIT_APPEND_TIMES), least);
    assert_int_equal(all_of(least / LIMIT_APPEND_TIMES + 1), least + LIMIT_APPEND_TIMES);
    assert_int_equal(all_of(most / LIMIT_APPEND_TIMES - 1), most - LIMIT_APPEND_TIMES);
    assert_int_equal(all_of(most / LIMIT_APPEND_TIMES), most);
    assert_int_equal(all_of(most / LIMIT_APPEND_TIMES + 1), most);
    assert_int_equal(all_of(LIMIT_APPEND_MAX), most);
    assert_true(most > LIMIT_APPEND_MAX); /* a message that is allowed is never refused alone */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_messages_of_one_append),
    };
    return cmocka_run_group_tests_name("session/settings", tests, NULL, NULL);
}
