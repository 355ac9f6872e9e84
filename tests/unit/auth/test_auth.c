/* SPDX-License-Identifier: MIT */
/* The flow of a login by password. */
#include "fixture.h"

#include <pthread.h>

#include "auth/auth_private.h"
#include "base/limits.h"
#include "store/removed.h"

static struct fixture f;
static struct err err;

static int
setup(void **state)
{
    (void)state;
    fixture_open(&f);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    fixture_close(&f);
    return 0;
}

static struct auth_request
request(const char *name, const char *authzid, const char *password)
{
    return (struct auth_request){.name = span_of_str(name),
                                 .authzid = span_of_str(authzid),
                                 .password = span_of_str(password),
                                 .peer.address = SPAN("\xcb\x00\x71\x09")};
}

static struct throttle_ticket ticket;

static enum rc
quick(const struct auth_request *r, struct auth_result *result)
{
    return auth_quick(f.auth, r, &ticket, result, &err);
}

/* A whole login. */
static enum rc
verify(const struct auth_request *r, struct auth_result *result)
{
    const enum rc rc = auth_quick(f.auth, r, &ticket, result, &err);

    return rc == RC_AGAIN ? auth_verify(f.auth, r, &ticket, result, &err) : rc;
}

static void
who_may_and_who_may_not(void **state)
{
    (void)state;
    const struct {
        const char *name;
        const char *authzid;
        const char *password;
        enum rc rc;
        uint64_t id;
    } rows[] = {
        {"joe", "", "pencil", RC_OK, f.joe},
        {"JOE", "", "pencil", RC_OK, f.joe},
        {"joe@example.org", "", "pencil", RC_OK, f.joe},
        {"joe", "joe@example.org", "pencil", RC_OK, f.joe},
        {"jo\xc2\xad"
         "e",
         "", "pencil", RC_OK, f.joe}, /* SASLprep drops a soft hyphen */
        {"joe@elsewhere.org", "", "pencil", RC_DENIED, 0},
        {"joe", "", "pen", RC_DENIED, 0},
        {"joe", "", "", RC_DENIED, 0},
        {"joe", "off", "pencil", RC_DENIED, 0},
        {"joe", "nobody", "pencil", RC_DENIED, 0},
        {"joe", "\x07", "pencil", RC_DENIED, 0},
        {"nobody", "", "pencil", RC_DENIED, 0},
        {"nobody", "", "x", RC_DENIED, 0},
        {"", "", "pencil", RC_DENIED, 0},
        {"\xff\xfe", "", "pencil", RC_DENIED, 0},
        {"off", "", "pencil", RC_DISABLED, f.off},
        {"off", "", "wrong", RC_DENIED, 0},
        {"empty", "", "", RC_DENIED, 0},
        {"empty", "", "x", RC_DENIED, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct auth_request r = request(rows[i].name, rows[i].authzid, rows[i].password);
        struct auth_result result = {0};
        assert_int_equal(verify(&r, &result), rows[i].rc);
        assert_int_equal(result.account_id, rows[i].id);
    }
    char name[600];
    memset(name, 'n', sizeof name);
    struct auth_request r = request("", "", "pencil");
    r.name = span_of(name, sizeof name);
    struct auth_result result;
    assert_int_equal(verify(&r, &result), RC_DENIED);
}

static void
paid_once(void **state)
{
    (void)state;
    struct auth_result result;
    const struct auth_request right = request("joe", "", "pencil");
    const struct auth_request wrong = request("joe", "", "pen");
    assert_int_equal(quick(&right, &result), RC_AGAIN);
    assert_int_equal(ticket.wait_ms, 0);
    assert_ok(verify(&right, &result));
    assert_string_equal(result.account, "joe");
    result = (struct auth_result){0};
    assert_ok(quick(&right, &result));
    assert_int_equal(result.account_id, f.joe);
    assert_string_equal(result.account, "joe");
    assert_int_equal(quick(&wrong, &result), RC_AGAIN);
    const struct auth_request foreign = request("joe", "off", "pencil");
    assert_int_equal(quick(&foreign, &result), RC_AGAIN);

    /* A new password makes the old one worthless at once. */
    char hash[REGISTRY_CRYPT_OCTETS];
    struct scram_keys keys;
    assert_ok(password_new(&fixture_policy, SPAN("pen"), hash, &keys, &err));
    assert_ok(registry_set_password(f.registry, f.joe, hash, &keys, &err));
    assert_int_equal(quick(&right, &result), RC_AGAIN);
    assert_int_equal(verify(&right, &result), RC_DENIED);
    assert_ok(verify(&wrong, &result));
    assert_int_equal(result.password_generation, 2);

    /* So does switching the account off. */
    assert_ok(registry_set_state(f.registry, f.joe, ACCOUNT_DISABLED, &err));
    assert_int_equal(quick(&wrong, &result), RC_AGAIN);
    assert_int_equal(verify(&wrong, &result), RC_DISABLED);
}

/* A password that was right lately is told from a wrong one without a hash. Whoever has spent
 * his guesses must not learn which it was, or he could try as many as the network carries. */
static void
memory_is_no_oracle(void **state)
{
    struct auth_result result;
    const struct auth_request right = request("joe", "", "pencil");
    struct auth_request from_away = right;

    (void)state;
    from_away.peer.address = SPAN("\xc6\x33\x64\x01");
    assert_ok(verify(&right, &result));
    assert_ok(quick(&from_away, &result)); /* who has a budget may ask, and it costs nothing */
    from_away.peer.address = SPAN("\xc6\x33\x64\x02");
    for (int i = 0; i < LIMIT_GUESSES + 10; i++) {
        char text[16];
        snprintf(text, sizeof text, "guess %d", i);
        struct auth_request guess = from_away;
        guess.password = span_of_str(text);
        if (quick(&guess, &result) == RC_BUSY)
            break;
    }
    assert_int_equal(quick(&from_away, &result), RC_BUSY);
    assert_int_equal(result.reason, AUTH_TOO_MANY_GUESSES);
    assert_ok(quick(&right, &result)); /* the owner at home is asked for nothing */
}

/* Guesses at joe from his own address. Returns what the next guess has to wait for. */
static int64_t
guess_at_home(int count)
{
    struct auth_result result;
    static int number;

    for (int i = 0; i < count; i++) {
        char text[16];
        snprintf(text, sizeof text, "guess %d", number++);
        const struct auth_request guess = request("joe", "", text);
        assert_int_equal(quick(&guess, &result), RC_AGAIN);
        if (ticket.wait_ms != 0)
            return ticket.wait_ms;
        assert_int_equal(auth_verify(f.auth, &guess, &ticket, &result, &err), RC_DENIED);
    }
    return 0;
}

/* Somebody guesses at the owner's address. While he waits for his answers, whoever else comes
 * from there is let in at once, but several of them spend that too. Then the right password is
 * not told from wrong ones either, or each of them would be a guess for nothing. */
static void
who_guesses_at_home(void **state)
{
    struct auth_result result;
    const struct auth_request right = request("joe", "", "pencil");

    (void)state;
    assert_ok(verify(&right, &result));
    assert_int_not_equal(guess_at_home(2 * LIMIT_GUESSES), 0);
    struct throttle_ticket guesser = ticket;
    for (int i = 0; i < 2 * LIMIT_GUESSES; i++)
        assert_ok(quick(&right, &result));
    auth_left(f.auth, &guesser); /* nobody waits any longer */
    assert_int_equal(quick(&right, &result), RC_AGAIN);
    assert_int_not_equal(ticket.wait_ms, 0);
    assert_ok(auth_verify(f.auth, &right, &ticket, &result, &err));

    assert_int_not_equal(guess_at_home(1), 0);
    assert_int_not_equal(guess_at_home(2 * LIMIT_GUESSES), 0);
    assert_int_equal(quick(&right, &result), RC_AGAIN);
    assert_int_equal(ticket.wait_ms, LIMIT_THROTTLE_MS);
}

/* Right and wrong passwords are known without a hash for their times, and not beyond. */
static void
memory_ages(void **state)
{
    static const int64_t beyond_ms[] = {1, 100 * INT64_C(86400000)};
    struct auth_result result;
    const struct auth_request right = request("joe", "", "pencil");
    const struct auth_request wrong = request("joe", "", "pen");

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(beyond_ms); i++) {
        assert_ok(verify(&right, &result));
        fake_clock_move_ms(&f.now, LIMIT_AUTH_CACHE_MS - 1);
        assert_ok(quick(&right, &result));
        fake_clock_move_ms(&f.now, beyond_ms[i]);
        assert_int_equal(quick(&right, &result), RC_AGAIN);
        assert_int_equal(verify(&wrong, &result), RC_DENIED);
        fake_clock_move_ms(&f.now, LIMIT_AUTH_REFUSED_MS - 1);
        assert_int_equal(quick(&wrong, &result), RC_DENIED);
        assert_int_equal(result.reason, AUTH_WRONG_AGAIN);
        fake_clock_move_ms(&f.now, LIMIT_AUTH_REFUSED_MS - 1); /* it was tried meanwhile */
        assert_int_equal(quick(&wrong, &result), RC_DENIED);
        fake_clock_move_ms(&f.now, LIMIT_AUTH_REFUSED_MS + beyond_ms[i] - 1);
        assert_int_equal(quick(&wrong, &result), RC_AGAIN);
    }
}

/* A stale password in some program costs nobody anything, however often it is tried. */
static void
a_password_refused_before_is_no_guess(void **state)
{
    (void)state;
    struct auth_result result;
    const struct auth_request stale = request("joe", "", "pen");
    const struct auth_request unknown = request("nobody", "", "pen");
    assert_int_equal(verify(&stale, &result), RC_DENIED);
    assert_int_equal(result.reason, AUTH_WRONG_PASSWORD);
    assert_int_equal(verify(&unknown, &result), RC_DENIED);
    assert_int_equal(result.reason, AUTH_NO_ACCOUNT);
    for (int i = 0; i < 1000; i++) {
        struct auth_request again = i % 2 == 0 ? stale : unknown;
        const char address[] = {10, 0, 0, (char)(i % 100)};
        again.peer.address = span_of(address, 4); /* wherever it comes from */
        assert_int_equal(quick(&again, &result), RC_DENIED);
        assert_int_equal(result.reason, AUTH_WRONG_AGAIN);
    }
    const struct auth_request right = request("JOE", "", "pencil");
    assert_int_equal(quick(&right, &result), RC_AGAIN);
    assert_int_equal(ticket.wait_ms, 0);

    /* It may become the right one. */
    char hash[REGISTRY_CRYPT_OCTETS];
    struct scram_keys keys;
    assert_ok(password_new(&fixture_policy, SPAN("pen"), hash, &keys, &err));
    assert_ok(registry_set_password(f.registry, f.joe, hash, &keys, &err));
    assert_ok(verify(&stale, &result));
    uint64_t id;
    assert_ok(registry_add(f.registry, SPAN("nobody"), hash, NULL, &id, &err));
    assert_ok(verify(&unknown, &result));
    /* What can be nobody's password is refused without a guess. */
    const struct auth_request empty = request("joe", "", "");
    assert_int_equal(quick(&empty, &result), RC_DENIED);
    assert_int_equal(result.reason, AUTH_WRONG_PASSWORD);
}

/* Two connections try the same wrong password at once: one guess. */
static void
the_same_guess_twice_at_once_is_paid_once(void **state)
{
    (void)state;
    struct auth_result result;
    struct throttle_ticket tickets[2];
    const struct auth_request stale = request("joe", "", "pen");
    for (int i = 0; i < 2; i++)
        assert_int_equal(auth_quick(f.auth, &stale, &tickets[i], &result, &err), RC_AGAIN);
    for (int i = 0; i < 2; i++)
        assert_int_equal(auth_verify(f.auth, &stale, &tickets[i], &result, &err), RC_DENIED);
    assert_int_equal(result.reason, AUTH_WRONG_AGAIN);
    assert_true(tickets[0].paid_ms[BUDGET_ADDRESS] > 0);
    assert_int_equal(tickets[1].paid_ms[BUDGET_ADDRESS], 0);
}

static void
guesses_are_rationed(void **state)
{
    (void)state;
    struct auth_result result;
    const struct auth_request right = request("joe", "", "pencil");
    const struct auth_request imported = request("imported@example.org", "", "pencil");
    assert_ok(verify(&right, &result)); /* joe is known here */
    for (int i = 0; i < LIMIT_GUESSES; i++) {
        char password[16];
        snprintf(password, sizeof password, "guess%d", i);
        const struct auth_request wrong = request("off", "", password);
        assert_int_equal(verify(&wrong, &result), RC_DENIED);
        assert_int_equal(ticket.wait_ms, 0);
    }
    assert_int_equal(quick(&imported, &result), RC_AGAIN);
    assert_int_equal(ticket.wait_ms, LIMIT_GUESS_MS);
    assert_int_equal(quick(&imported, &result), RC_AGAIN);
    assert_int_equal(quick(&imported, &result), RC_BUSY);
    assert_int_equal(result.reason, AUTH_TOO_MANY_GUESSES);
    auth_cache_free(f.auth->cache); /* as after an hour */
    f.auth->cache = auth_cache_new(64, 1000, &f.now.clock);
    assert_int_equal(quick(&right, &result), RC_AGAIN);
    assert_int_equal(ticket.wait_ms, 0);
    assert_int_equal(ticket.rank, THROTTLE_KNOWN);
    assert_ok(auth_verify(f.auth, &right, &ticket, &result, &err));
}

/* Time passes until the keys are made. */
static bool
keys_settle(void)
{
    for (int i = 0; i < 500; i++) {
        if (key_maker_settle(f.auth->keys, 2 * LIMIT_KEY_QUIET_MS))
            return true;
        fake_clock_move_ms(&f.now, LIMIT_KEY_QUIET_MS);
    }
    return false;
}

static void
an_import_gets_its_keys(void **state)
{
    (void)state;
    struct auth_result result;
    struct registry_account account;
    assert_false(auth_scram_ready(f.auth));
    const struct auth_request wrong = request("imported@example.org", "", "pen");
    const struct auth_request right = request("imported@example.org", "", "pencil");
    assert_int_equal(verify(&wrong, &result), RC_DENIED);
    assert_ok(registry_find_id(f.registry, f.imported, &account, &err));
    assert_int_equal(account.scram.iterations, 0);
    struct auth_request without = right;
    without.no_keys = true;
    assert_ok(verify(&without, &result));
    assert_true(keys_settle());
    assert_ok(registry_find_id(f.registry, f.imported, &account, &err));
    assert_int_equal(account.scram.iterations, 0);
    assert_ok(verify(&right, &result)); /* the cache answers, and keys are made all the same */
    assert_true(keys_settle());
    assert_ok(registry_find_id(f.registry, f.imported, &account, &err));
    assert_int_equal(account.scram.iterations, 4096);
    assert_int_equal(account.password_generation, result.password_generation);
    assert_ok(quick(&right, &result)); /* keys do not void the cache */
    assert_ok(registry_remove(f.registry, f.empty, &err));
    assert_false(auth_scram_ready(f.auth)); /* still the old answer */
    fake_clock_move_ms(&f.now, 6000);
    assert_true(auth_scram_ready(f.auth));
}

/* Unknown names are hashed by what accounts here have; each always alike. */
static void
unknown_names_imitate_known_ones(void **state)
{
    (void)state;
    struct auth_result result;
    static const char *const wrong[] = {"a", "b", "c", "d", "e"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        const struct auth_request joe = request("joe", "", wrong[i]);
        assert_int_equal(verify(&joe, &result), RC_DENIED);
    }
    assert_int_equal(f.auth->kind_count, 1);
    assert_int_equal(f.auth->kinds[0].met, 5);
    assert_int_equal(f.auth->kinds[0].key_octets, strlen("$2b$04$"));
    char hash[REGISTRY_CRYPT_OCTETS];
    const struct password_policy other = {.prefix = "$6$", .cost = 1000};
    assert_ok(password_hash(&other, SPAN("pencil"), hash, &err));
    uint64_t id;
    assert_ok(registry_add(f.registry, SPAN("six"), hash, NULL, &id, &err));
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        const struct auth_request six = request("six", "", wrong[i]);
        assert_int_equal(verify(&six, &result), RC_DENIED);
    }
    assert_int_equal(f.auth->kind_count, 2);
    assert_int_equal(f.auth->kinds[1].key_octets, strlen("$6$rounds=1000$"));
}

static void *
log_in(void *arg)
{
    (void)arg;
    for (int i = 0; i < 30; i++) {
        struct auth_result result;
        struct err mine = {.rc = RC_OK};
        const struct auth_request right = request("joe", "", "pencil");
        const struct auth_request wrong = request("imported@example.org", "", "x");
        struct throttle_ticket own;
        if (auth_quick(f.auth, &right, &own, &result, &mine) != RC_OK)
            CHECK(auth_verify(f.auth, &right, &own, &result, &mine) == RC_OK);
        own = (struct throttle_ticket){0};
        CHECK(auth_verify(f.auth, &wrong, &own, &result, &mine) == RC_DENIED);
        (void)auth_scram_ready(f.auth);
    }
    return NULL;
}

/* What waits for its keys when the server stops is dropped; a full queue takes no more. */
static void
keys_are_bounded_and_dropped(void **state)
{
    (void)state;
    struct registry_account account;
    struct key_maker *maker;
    assert_ok(registry_find_id(f.registry, f.imported, &account, &err));
    const struct password_policy slow = {.scram_iterations = 1000000};
    assert_ok(key_maker_new(f.registry, &slow, &f.now.clock, &maker, &err));
    for (uint64_t i = 0; i < 2 * LIMIT_KEY_QUEUE; i++) {
        account.id = 1000 + i;
        key_maker_add(maker, &account, SPAN("pencil"));
        key_maker_add(maker, &account, SPAN("pencil")); /* it is there already */
    }
    const int64_t began_us = clock_mono_us(&clock_system);
    key_maker_free(maker);
    assert_true(clock_mono_us(&clock_system) - began_us < 20000000); /* not 512 times 0.3 s */

    /* One that has waited for too long is not made. */
    account.id = f.imported;
    assert_ok(key_maker_new(f.registry, &slow, &f.now.clock, &maker, &err));
    struct registry_account other = account;
    other.id = f.joe;
    key_maker_add(maker, &other, SPAN("pencil"));
    key_maker_add(maker, &account, SPAN("pencil"));
    fake_clock_move_ms(&f.now, LIMIT_KEY_WAIT_MS + 1);
    assert_true(key_maker_settle(maker, 60000));
    key_maker_free(maker);
    assert_ok(registry_find_id(f.registry, f.imported, &account, &err));
    assert_int_equal(account.scram.iterations, 0);
}

/* None is made while passwords are being verified, one after the other. */
static void
keys_wait_for_quiet(void **state)
{
    (void)state;
    const struct password_policy cheap = {.scram_iterations = 4096};
    struct registry_account account;
    struct key_maker *maker;
    int64_t now_us = clock_mono_us(&clock_system);
    int64_t longest_us = 0;

    assert_ok(registry_find_id(f.registry, f.imported, &account, &err));
    assert_ok(key_maker_new(f.registry, &cheap, &clock_system, &maker, &err));
    key_maker_hush(maker);
    key_maker_add(maker, &account, SPAN("pencil"));
    const int64_t until_us = now_us + 3000 * (int64_t)LIMIT_KEY_QUIET_MS;
    while (now_us < until_us) {
        const int64_t before_us = now_us;
        key_maker_hush(maker);
        now_us = clock_mono_us(&clock_system);
        if (now_us - before_us > longest_us)
            longest_us = now_us - before_us;
    }
    assert_ok(registry_find_id(f.registry, f.imported, &account, &err));
    if (longest_us < 500 * (int64_t)LIMIT_KEY_QUIET_MS) /* this thread did not stand still */
        assert_int_equal(account.scram.iterations, 0);
    assert_true(key_maker_settle(maker, 60000));
    key_maker_free(maker);
    assert_ok(registry_find_id(f.registry, f.imported, &account, &err));
    assert_int_equal(account.scram.iterations, 4096);
}

/* A clock with which a password is verified, and a fifth of the patience passes, whenever
 * somebody looks. */
struct busy_clock {
    struct clock clock;
    struct key_maker *_Atomic maker;
    atomic_int_fast64_t ms;
    atomic_uint looks;
};

static int64_t
busy_mono(const struct clock *clock)
{
    struct busy_clock *busy = CONTAINER_OF(clock, struct busy_clock, clock);
    struct key_maker *maker = atomic_load(&busy->maker);

    if (maker == NULL) /* it is being made */
        return 0;
    key_maker_hush(maker);
    atomic_fetch_add(&busy->looks, 1);
    return (int64_t)atomic_fetch_add(&busy->ms, LIMIT_KEY_PATIENCE_MS / 5) * 1000;
}

/* If it is never quiet, a key is made all the same. */
static void
keys_do_not_wait_for_ever(void **state)
{
    const struct password_policy cheap = {.scram_iterations = 4096};
    struct busy_clock busy = {.clock = {.mono_us = busy_mono}};
    struct registry_account account;
    struct key_maker *maker;

    (void)state;
    assert_ok(registry_find_id(f.registry, f.imported, &account, &err));
    assert_ok(key_maker_new(f.registry, &cheap, &busy.clock, &maker, &err));
    key_maker_hush(maker);
    atomic_store(&busy.maker, maker);
    key_maker_add(maker, &account, SPAN("pencil"));
    assert_true(key_maker_settle(maker, 60000));
    assert_ok(registry_find_id(f.registry, f.imported, &account, &err));
    assert_int_equal(account.scram.iterations, 4096);
    /* One when the job came, six from the beginning to the end of the wait, one for the job's
     * age, and one more before and after if the thread looks whether there are old jobs. */
    assert_in_range(atomic_load(&busy.looks), 8, 10);
    key_maker_free(maker);
}

static void
many_threads(void **state)
{
    (void)state;
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, log_in, NULL), 0);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(who_may_and_who_may_not),
        T(memory_is_no_oracle),
        T(who_guesses_at_home),
        T(memory_ages),
        T(paid_once),
        T(a_password_refused_before_is_no_guess),
        T(the_same_guess_twice_at_once_is_paid_once),
        T(guesses_are_rationed),
        T(an_import_gets_its_keys),
        T(unknown_names_imitate_known_ones),
        T(keys_are_bounded_and_dropped),
        T(keys_wait_for_quiet),
        T(keys_do_not_wait_for_ever),
        T(many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
