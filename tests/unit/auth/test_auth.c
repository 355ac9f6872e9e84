/* SPDX-License-Identifier: MIT */
/* The flow of a login by password. */
#include "fixture.h"

#include <pthread.h>

#include "auth/auth_private.h"

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
                                 .address = SPAN("\xcb\x00\x71\x09")};
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
        assert_int_equal(auth_verify(f.auth, &r, &result, &err), rows[i].rc);
        assert_int_equal(result.account_id, rows[i].id);
    }
    char name[600];
    memset(name, 'n', sizeof name);
    struct auth_request r = request("", "", "pencil");
    r.name = span_of(name, sizeof name);
    struct auth_result result;
    assert_int_equal(auth_verify(f.auth, &r, &result, &err), RC_DENIED);
}

static void
paid_once(void **state)
{
    (void)state;
    struct auth_result result;
    const struct auth_request right = request("joe", "", "pencil");
    const struct auth_request wrong = request("joe", "", "pen");
    assert_int_equal(auth_quick(f.auth, &right, &result, &err), RC_AGAIN);
    assert_int_equal(result.wait_ms, 0);
    assert_ok(auth_verify(f.auth, &right, &result, &err));
    assert_string_equal(result.account, "joe");
    result = (struct auth_result){0};
    assert_ok(auth_quick(f.auth, &right, &result, &err));
    assert_int_equal(result.account_id, f.joe);
    assert_string_equal(result.account, "joe");
    assert_int_equal(auth_quick(f.auth, &wrong, &result, &err), RC_AGAIN);
    const struct auth_request foreign = request("joe", "off", "pencil");
    assert_int_equal(auth_quick(f.auth, &foreign, &result, &err), RC_AGAIN);

    /* A new password makes the old one worthless at once. */
    char hash[REGISTRY_CRYPT_OCTETS];
    struct scram_keys keys;
    assert_ok(password_new(&fixture_policy, SPAN("pen"), hash, &keys, &err));
    assert_ok(registry_set_password(f.registry, f.joe, hash, &keys, &err));
    assert_int_equal(auth_quick(f.auth, &right, &result, &err), RC_AGAIN);
    assert_int_equal(auth_verify(f.auth, &right, &result, &err), RC_DENIED);
    assert_ok(auth_verify(f.auth, &wrong, &result, &err));
    assert_int_equal(result.password_generation, 2);

    /* So does switching the account off. */
    assert_ok(registry_set_state(f.registry, f.joe, ACCOUNT_DISABLED, &err));
    assert_int_equal(auth_quick(f.auth, &wrong, &result, &err), RC_AGAIN);
    assert_int_equal(auth_verify(f.auth, &wrong, &result, &err), RC_DISABLED);
}

static void
failures_cost_time(void **state)
{
    (void)state;
    struct auth_result result;
    const struct auth_request wrong = request("joe", "", "pen");
    const struct auth_request unknown = request("nobody", "", "pen");
    assert_int_equal(auth_verify(f.auth, &wrong, &result, &err), RC_DENIED);
    assert_int_equal(auth_quick(f.auth, &wrong, &result, &err), RC_AGAIN);
    assert_int_equal(result.wait_ms, 500);
    assert_int_equal(auth_verify(f.auth, &unknown, &result, &err), RC_DENIED);
    assert_int_equal(auth_quick(f.auth, &unknown, &result, &err), RC_AGAIN);
    assert_true(result.wait_ms >= 1000);
    const struct auth_request right = request("joe", "", "pencil");
    assert_ok(auth_verify(f.auth, &right, &result, &err));
    assert_int_equal(auth_quick(f.auth, &right, &result, &err), RC_OK);
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
    assert_int_equal(auth_verify(f.auth, &wrong, &result, &err), RC_DENIED);
    assert_ok(registry_find_id(f.registry, f.imported, &account, &err));
    assert_int_equal(account.scram.iterations, 0);
    assert_ok(auth_verify(f.auth, &right, &result, &err));
    assert_ok(registry_find_id(f.registry, f.imported, &account, &err));
    assert_int_equal(account.scram.iterations, 4096);
    assert_int_equal(account.password_generation, result.password_generation);
    assert_ok(auth_quick(f.auth, &right, &result, &err)); /* keys do not void the cache */
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
    const struct auth_request joe = request("joe", "", "pen");
    for (int i = 0; i < 5; i++)
        assert_int_equal(auth_verify(f.auth, &joe, &result, &err), RC_DENIED);
    assert_int_equal(f.auth->kind_count, 1);
    assert_int_equal(f.auth->kinds[0].met, 5);
    assert_int_equal(f.auth->kinds[0].key_octets, strlen("$2b$04$"));
    char hash[REGISTRY_CRYPT_OCTETS];
    const struct password_policy other = {.prefix = "$6$", .cost = 1000};
    assert_ok(password_hash(&other, SPAN("pencil"), hash, &err));
    uint64_t id;
    assert_ok(registry_add(f.registry, SPAN("six"), hash, NULL, &id, &err));
    const struct auth_request six = request("six", "", "pen");
    for (int i = 0; i < 5; i++)
        assert_int_equal(auth_verify(f.auth, &six, &result, &err), RC_DENIED);
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
        if (auth_quick(f.auth, &right, &result, &mine) != RC_OK)
            CHECK(auth_verify(f.auth, &right, &result, &mine) == RC_OK);
        CHECK(auth_verify(f.auth, &wrong, &result, &mine) == RC_DENIED);
        (void)auth_scram_ready(f.auth);
    }
    return NULL;
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
        T(paid_once),
        T(failures_cost_time),
        T(an_import_gets_its_keys),
        T(unknown_names_imitate_known_ones),
        T(many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
