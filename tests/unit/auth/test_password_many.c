/* SPDX-License-Identifier: MIT */
/* Many passwords on many threads: each result is that of its own password, in its own place. */
#include "support/cm.h"

#include <stdio.h>
#include <string.h>

#include "auth/password_many.h"
#include "base/limits.h"

enum { COUNT = 64, BAD_EVERY = 7, SHARED = 5 };

/* bcrypt of the least cost: tests need no safety. */
static const struct password_policy cheap = {
    .prefix = "$2b$", .cost = 4, .scram_iterations = 4096};

static char words[COUNT][LIMIT_PASSWORD + 2];
static struct password_job jobs[COUNT];

static bool
is_bad(size_t i)
{
    return i % BAD_EVERY == 3;
}

/* Every seventh is empty or too long; two are the same word. */
static void
jobs_make(void)
{
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(words[i], sizeof words[i], "word of %zu", i == COUNT - 1 ? SHARED : i);
        if (is_bad(i) && i % 2 == 0)
            memset(words[i], 'x', LIMIT_PASSWORD + 1);
        jobs[i] = (struct password_job){.password = span_of_str(words[i])};
        if (is_bad(i) && i % 2 == 1)
            jobs[i].password = SPAN("");
        jobs[i].err.rc = RC_IO; /* what was there before must not stay */
    }
}

static void
jobs_check(void)
{
    for (size_t i = 0; i < COUNT; i++) {
        struct scram_keys keys = jobs[i].scram;
        if (is_bad(i)) {
            assert_int_equal(jobs[i].err.rc, RC_INVALID);
            assert_non_null(strstr(jobs[i].err.text, "1 to 511 octets"));
            continue;
        }
        assert_int_equal(jobs[i].err.rc, RC_OK);
        assert_int_equal(password_verify(jobs[i].password, jobs[i].crypt), RC_OK);
        const struct span other = jobs[(i + 1) % COUNT].password;
        assert_int_equal(password_verify(other, jobs[i].crypt), RC_DENIED);
        /* The keys are made again from their own salt. */
        assert_int_equal(password_scram_keys(jobs[i].password, &keys), RC_OK);
        assert_memory_equal(&keys, &jobs[i].scram, sizeof keys);
    }
    /* The same word twice: salts of their own. */
    assert_string_not_equal(jobs[SHARED].crypt, jobs[COUNT - 1].crypt);
    assert_true(memcmp(jobs[SHARED].scram.salt, jobs[COUNT - 1].scram.salt, 16) != 0);
}

static void
results_are_in_their_places(void **state)
{
    /* 0: as when the system gives no thread; the caller does it. */
    static const unsigned threads[] = {0, 1, 2, 7, COUNT, 4 * COUNT};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        jobs_make();
        password_new_many(&cheap, jobs, COUNT, threads[i],
                          i % 2 == 0 ? HASHING_ALONE : HASHING_BEHIND_LOGINS);
        jobs_check();
    }
    password_new_many(&cheap, jobs, 0, 4, HASHING_ALONE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_are_in_their_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
