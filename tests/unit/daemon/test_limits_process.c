/* SPDX-License-Identifier: MIT */
/* Who gets how many of the files that may be open: all of them are given out, and none twice.
 */
#include "support/cm.h"

#include "base/limits.h"
#include "daemon/limits_process.h"

static void
spools_have_a_part(void **state)
{
    static const struct {
        uint64_t files;
        uint64_t spools;
    } rows[] = {
        {0, LIMIT_SPOOL_FILES_MIN},
        {LIMIT_SPOOL_FILES_MIN * LIMIT_SPOOL_PART - 1, LIMIT_SPOOL_FILES_MIN},
        {LIMIT_SPOOL_FILES_MIN * LIMIT_SPOOL_PART, LIMIT_SPOOL_FILES_MIN},
        {(LIMIT_SPOOL_FILES_MIN + 1) * LIMIT_SPOOL_PART, LIMIT_SPOOL_FILES_MIN + 1},
        {1024, 64},
        {LIMIT_SPOOL_FILES * LIMIT_SPOOL_PART - 1, LIMIT_SPOOL_FILES - 1},
        {LIMIT_SPOOL_FILES * LIMIT_SPOOL_PART, LIMIT_SPOOL_FILES},
        {UINT64_MAX, LIMIT_SPOOL_FILES},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(process_spools(rows[i].files), rows[i].spools);
}

static void
no_file_is_given_twice(void **state)
{
    (void)state;
    for (uint64_t files = 512; files < UINT64_C(1) << 30; files += files / 7) {
        const uint64_t store = files / 4; /* daemon/house.c */
        assert_int_equal(store + process_fds_besides(files) + process_connections(files),
                         files);
        assert_true(process_fds_besides(files) > process_spools(files));
    }
    for (uint64_t files = 0; files < 512; files++) /* they do not suffice, and that is told */
        assert_true(process_connections(files) > 0);
    assert_int_equal(process_connections(UINT64_MAX), UINT32_MAX);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spools_have_a_part),
        cmocka_unit_test(no_file_is_given_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
