/* SPDX-License-Identifier: MIT */
/* Known pairs of address and account: how long they last, over restarts, and damaged files. */
#include "support/cm.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/known.h"
#include "base/limits.h"
#include "support/fake_clock.h"
#include "support/tmpdir.h"

static struct tmpdir dir;
static struct fake_clock now;
static char path[256];
static struct known *known;
static struct err err;
static const uint8_t secret[32] = "a secret of thirty-two octets..";
static const struct span home = SPAN_INIT("\xcb\x00\x71\x09");
static const struct span away = SPAN_INIT("\xc6\x33\x64\x01");
static const struct span six = SPAN_INIT("\x20\x01\x0d\xb8\0\0\0\1\0\0\0\0\0\0\0\1");
static const struct span six_neighbour =
    SPAN_INIT("\x20\x01\x0d\xb8\0\0\0\1\xff\0\0\0\0\0\0\2");

static int
setup(void **state)
{
    (void)state;
    tmpdir_make(&dir);
    snprintf(path, sizeof path, "%s", tmpdir_file(&dir, "known"));
    fake_clock_init(&now, 1794486257);
    known = known_new(64, secret, path, &now.clock);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    known_free(known);
    tmpdir_remove(&dir);
    return 0;
}

static void
restart(void)
{
    assert_ok(known_save(known, &err));
    known_free(known);
    known = known_new(64, secret, path, &now.clock);
    assert_non_null(known);
}

static void
a_pair_lasts_thirty_days(void **state)
{
    (void)state;
    assert_false(known_has(known, home, 7));
    known_note(known, home, 7);
    known_note(known, six, 8);
    restart();
    assert_true(known_has(known, home, 7));
    assert_true(known_has(known, six_neighbour, 8));
    assert_false(known_has(known, home, 8));
    assert_false(known_has(known, away, 7));
    assert_true(known_has(known, SPAN(""), 9)); /* local */
    fake_clock_move_ms(&now, (LIMIT_KNOWN_DAYS - INT64_C(1)) * 86400000);
    assert_true(known_has(known, home, 7));
    known_note(known, six, 8);
    fake_clock_move_ms(&now, INT64_C(86400000));
    assert_false(known_has(known, home, 7));
    assert_true(known_has(known, six, 8));
    restart();
    assert_false(known_has(known, home, 7));
    assert_true(known_has(known, six, 8));
    /* A clock that was wrong and is set back makes nobody a stranger. */
    fake_clock_move_ms(&now, INT64_C(-40) * 86400000);
    assert_true(known_has(known, six, 8));
}

static void
they_are_bounded(void **state)
{
    (void)state;
    for (uint64_t i = 1; i < 10000; i++)
        known_note(known, home, i);
    restart();
    unsigned count = 0;
    for (uint64_t i = 1; i < 10000; i++)
        count += known_has(known, home, i);
    assert_in_range(count, 32, 64);
    fake_clock_move_ms(&now, 3600000); /* the one just noted always has a place */
    for (uint64_t i = 20000; i < 20100; i++) {
        known_note(known, home, i);
        assert_true(known_has(known, home, i));
    }
}

/* Whoever has an account and addresses without number makes the server forget nobody else. */
static void
an_account_has_its_share(void **state)
{
    (void)state;
    known_free(known);
    known = known_new(4096, secret, path, &now.clock);
    assert_non_null(known);
    for (uint64_t i = 1; i <= 1000; i++)
        known_note(known, home, i);
    fake_clock_move_ms(&now, 3600000);
    unsigned before = 0;
    for (uint64_t i = 1; i <= 1000; i++)
        before += known_has(known, home, i);
    for (uint32_t i = 0; i < 100000; i++)
        known_note(known, span_of(&i, 4), 5000);
    unsigned after = 0;
    for (uint64_t i = 1; i <= 1000; i++)
        after += known_has(known, home, i);
    assert_in_range(before, 990, 1000);
    assert_in_range(after, 980, before); /* one in 256 has the same octet as the account */
    unsigned own = 0;
    for (uint32_t i = 0; i < 100000; i++)
        own += known_has(known, span_of(&i, 4), 5000);
    assert_in_range(own, 500, 1024);
}

static void
places_follow_the_accounts(void **state)
{
    (void)state;
    assert_int_equal(known_places(0), LIMIT_KNOWN);
    assert_int_equal(known_places(LIMIT_KNOWN / LIMIT_KNOWN_EACH), LIMIT_KNOWN);
    assert_int_equal(known_places(100000), 100000 * LIMIT_KNOWN_EACH);
    assert_int_equal(known_places(LIMIT_KNOWN_MAX / LIMIT_KNOWN_EACH - 1),
                     (LIMIT_KNOWN_MAX / LIMIT_KNOWN_EACH - 1) * LIMIT_KNOWN_EACH);
    assert_int_equal(known_places(LIMIT_KNOWN_MAX / LIMIT_KNOWN_EACH), LIMIT_KNOWN_MAX);
    assert_int_equal(known_places(UINT64_MAX), LIMIT_KNOWN_MAX);
}

/* address i of an account. */
static struct span
address_of(uint64_t account, uint32_t i, uint32_t *room)
{
    *room = (uint32_t)account * 7 + i;
    return span_of(room, sizeof *room);
}

static unsigned
count_known(uint64_t accounts, uint32_t each)
{
    unsigned found = 0;

    for (uint64_t account = 1; account <= accounts; account++) {
        for (uint32_t i = 0; i < each; i++) {
            uint32_t room;
            found += known_has(known, address_of(account, i, &room), account);
        }
    }
    return found;
}

/* A site with 100,000 accounts (ROOST_LONG=1; otherwise a fifth of that and of the places),
 * each at home, at work and on the way: nearly all pairs are there for thirty days, and over a
 * restart. */
static void
a_large_site_is_known(void **state)
{
    enum { EACH = 3, A_MINUTE = 2000 };
    const unsigned accounts = getenv("ROOST_LONG") != NULL ? 100000 : 20000;

    (void)state;
    known_free(known);
    known = known_new(LIMIT_KNOWN, secret, path, &now.clock);
    assert_non_null(known);
    for (uint64_t account = 1; account <= accounts; account++) {
        for (uint32_t i = 0; i < EACH; i++) {
            uint32_t room;
            known_note(known, address_of(account, i, &room), account);
        }
        if (account % A_MINUTE == 0)
            known_grow(known, known_places(accounts));
    }
    const unsigned found = count_known(accounts, EACH);
    assert_in_range(found, accounts * EACH * 999 / 1000, accounts * EACH);
    assert_ok(known_save(known, &err));
    known_free(known);
    fake_clock_move_ms(&now, (LIMIT_KNOWN_DAYS - INT64_C(1)) * 86400000);
    known = known_new(LIMIT_KNOWN, secret, path, &now.clock);
    assert_non_null(known);
    assert_in_range(count_known(accounts, EACH), found - 10, found);
}

static void
note_many(uint64_t from, uint64_t to)
{
    uint32_t room;

    for (uint64_t account = from; account < to; account++)
        known_note(known, address_of(account, 0, &room), account);
}

/* The table, which has 64 places, does not grow before it is needed, nor beyond what it may. */
static void
it_grows_as_far_as_it_may(void **state)
{
    (void)state;
    note_many(1, 9);
    known_grow(known, 1024); /* an eighth */
    note_many(1000, 2000);
    assert_in_range(count_known(2000, 1), 40, 64);
    fake_clock_move_ms(&now, (int64_t)LIMIT_KNOWN_DAYS * 86400000);
    known_grow(known, 1024); /* all are too old */
    note_many(2000, 3000);
    assert_in_range(count_known(3000, 1), 40, 64);
    known_grow(known, 128);
    note_many(3000, 4000);
    assert_in_range(count_known(4000, 1), 100, 128);
    known_grow(known, 64); /* there are fewer accounts now: nothing is forgotten for that */
    known_grow(known, 0);
    assert_in_range(count_known(4000, 1), 100, 128);
    for (int i = 0; i < 8; i++) {
        note_many(4000, 5000);
        known_grow(known, 256);
    }
    assert_in_range(count_known(5000, 1), 220, 256);
}

enum { LOGINS = 100000, AT_ONCE = 512 };

struct logins {
    atomic_uint grown; /* how often the table has been told to grow */
    atomic_bool over;
    unsigned lost; /* pairs that were unknown right after their success */
};

static void *
log_in(void *ctx)
{
    struct logins *logins = ctx;
    uint32_t room;

    for (uint64_t account = 1; account <= LOGINS; account++) {
        const struct span address = address_of(account, 0, &room);
        known_note(known, address, account);
        logins->lost += !known_has(known, address, account);
        const unsigned grown = atomic_load(&logins->grown);
        while (account % AT_ONCE == 0 && atomic_load(&logins->grown) == grown)
            sched_yield(); /* so that no row is full only because the other thread is slow */
    }
    atomic_store(&logins->over, true);
    return NULL;
}

/* Logins go on while rows are doubled, and none of them is lost with the rows before. */
static void
it_grows_among_logins(void **state)
{
    struct logins logins = {.lost = 0};
    pthread_t thread;

    (void)state;
    known_free(known);
    known = known_new(32 * AT_ONCE, secret, path, &now.clock);
    assert_non_null(known);
    assert_int_equal(pthread_create(&thread, NULL, log_in, &logins), 0);
    while (!atomic_load(&logins.over)) {
        known_grow(known, LIMIT_KNOWN_MAX);
        atomic_fetch_add(&logins.grown, 1);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(logins.lost, 0);
    assert_in_range(count_known(LOGINS, 1), LOGINS / 1000 * 999, LOGINS);
}

/* The file with octet `at` changed, or cut there. */
static void
damage(off_t at, bool cut)
{
    char octet = 0;
    const int fd = open(path, O_RDWR | O_CLOEXEC);

    assert_true(fd >= 0);
    if (cut) {
        assert_int_equal(ftruncate(fd, at), 0);
    } else {
        assert_int_equal(pread(fd, &octet, 1, at), 1);
        octet ^= 1;
        assert_int_equal(pwrite(fd, &octet, 1, at), 1);
    }
    close(fd);
}

static void
a_damaged_file_counts_as_none(void **state)
{
    (void)state;
    struct stat st;
    for (int cut = 0; cut < 2; cut++) {
        for (off_t at = 0;; at++) {
            known_note(known, home, 7);
            fake_clock_move_ms(&now, 3600000); /* so that the file is written again */
            known_note(known, home, 7);
            assert_ok(known_save(known, &err));
            assert_int_equal(stat(path, &st), 0);
            assert_int_equal(st.st_mode & 0777, 0600);
            if (at == st.st_size)
                break;
            damage(at, cut);
            known_free(known);
            known = known_new(64, secret, path, &now.clock);
            assert_false(known_has(known, home, 7));
        }
    }
    /* Of another server: the digests mean nothing there. */
    known_free(known);
    static const uint8_t other[32] = {1};
    known = known_new(64, other, path, &now.clock);
    assert_false(known_has(known, home, 7));
}

static void
nothing_new_is_not_written(void **state)
{
    (void)state;
    assert_ok(known_save(known, &err));
    assert_int_equal(access(path, F_OK), -1);
    known_note(known, home, 7);
    assert_ok(known_save(known, &err));
    assert_int_equal(unlink(path), 0);
    known_note(known, home, 7);
    assert_ok(known_save(known, &err));
    assert_int_equal(access(path, F_OK), -1);
    /* One that cannot be written is tried again. */
    known_free(known);
    known = known_new(64, secret, "/nowhere/at/all", &now.clock);
    known_note(known, home, 7);
    assert_int_equal(known_save(known, &err), RC_NOT_FOUND);
    assert_int_equal(known_save(known, &err), RC_NOT_FOUND);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_pair_lasts_thirty_days),   T(an_account_has_its_share),
        T(they_are_bounded),           T(places_follow_the_accounts),
        T(a_large_site_is_known),      T(it_grows_as_far_as_it_may),
        T(it_grows_among_logins),      T(a_damaged_file_counts_as_none),
        T(nothing_new_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
