/* SPDX-License-Identifier: MIT */
/* Application passwords: how they look, whom they open, and what the log is told. */
#include "fixture.h"

#include "auth/app_password.h"
#include "auth/auth_private.h"
#include "base/limits.h"

static struct fixture f;
static struct err err;
static char text[APP_PASSWORD_TEXT_OCTETS]; /* joe's, named phone */
static uint64_t phone;
static struct throttle_ticket ticket;

static uint64_t
add(uint64_t account, const char *name, uint32_t protocols, int64_t expires_s,
    char out[APP_PASSWORD_TEXT_OCTETS])
{
    struct app_password app = {.protocols = protocols, .expires_s = expires_s};
    struct registry_account row;
    struct scram_keys salt;
    uint64_t id = 0;

    snprintf(app.name, sizeof app.name, "%s", name);
    app_password_draw(&rng_system, out);
    assert_ok(registry_find_id(f.registry, account, &row, &err));
    assert_ok(app_password_keys(&fixture_policy, &row, span_of_str(out), &app, &salt, &err));
    assert_ok(registry_app_add(f.registry, account, &app, &salt, &id, &err));
    return id;
}

static int
setup(void **state)
{
    (void)state;
    fixture_open(&f);
    phone = add(f.joe, "phone", APP_EVERY, 0, text);
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
request(const char *name, const char *password)
{
    return (struct auth_request){.name = span_of_str(name),
                                 .authzid = SPAN(""),
                                 .password = span_of_str(password),
                                 .peer.address = SPAN("\xcb\x00\x71\x09"),
                                 .peer.protocol = APP_IMAP};
}

/* A whole login. */
static enum rc
verify(const char *name, const char *password, struct auth_result *result)
{
    const struct auth_request r = request(name, password);
    const enum rc rc = auth_quick(f.auth, &r, &ticket, result, &err);

    return rc == RC_AGAIN ? auth_verify(f.auth, &r, &ticket, result, &err) : rc;
}

static void
looks_like_one(void **state)
{
    (void)state;
    struct rng rng;
    char one[APP_PASSWORD_TEXT_OCTETS];
    char other[APP_PASSWORD_TEXT_OCTETS];
    static const char *const others[] = {"",
                                         "secret",
                                         "k3vqz-7bm2d-pxw4a-hj6tn-5fcyr",
                                         "k3vqz-7bm2d-pxw4a-hj6tn-5fcyrea",
                                         "K3vqz-7bm2d-pxw4a-hj6tn-5fcyre",
                                         "k3vqz 7bm2d pxw4a hj6tn 5fcyre",
                                         "k3vqz-7bm2d-pxw4a-hj6tn-5fcyr1",
                                         "k3vqz-7bm2d-pxw4a-hj6tn05fcyre"};

    app_password_draw(&rng_system, one);
    app_password_draw(&rng_system, other);
    assert_int_equal(strlen(one), 30);
    assert_true(app_password_is_form(span_of_str(one)));
    assert_string_not_equal(one, other);
    assert_true(app_password_is_form(SPAN("k3vqz-7bm2d-pxw4a-hj6tn-5fcyre")));
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_false(app_password_is_form(span_of_str(others[i])));
    rng_seed(&rng, 1); /* the same octets make the same password */
    app_password_draw(&rng, one);
    rng_seed(&rng, 1);
    app_password_draw(&rng, other);
    assert_string_equal(one, other);
}

static void
opens_the_account(void **state)
{
    (void)state;
    struct auth_result result;
    const struct auth_request r = request("joe", text);

    assert_ok(auth_quick(f.auth, &r, &ticket, &result, &err)); /* without a hash */
    assert_int_equal(result.account_id, f.joe);
    assert_int_equal(result.app_password, phone);
    assert_string_equal(result.app_name, "phone");
    assert_ok(verify("joe", "pencil", &result));
    assert_int_equal(result.app_password, 0);
    assert_int_equal(verify("imported@example.org", text, &result), RC_DENIED);
    assert_int_equal(result.reason, AUTH_WRONG_PASSWORD);
    assert_int_equal(verify("nobody", text, &result), RC_DENIED);
    add(f.off, "phone", APP_EVERY, 0, text);
    assert_int_equal(verify("off", text, &result), RC_DISABLED);
    /* An account without a password of its own. */
    add(f.empty, "phone", APP_EVERY, 0, text);
    assert_ok(verify("empty", text, &result));
}

/* Also where passwords that were right before are remembered. */
static void
revoked_at_once(void **state)
{
    (void)state;
    struct auth_result result;
    uint64_t id;

    assert_ok(verify("joe", text, &result));
    assert_ok(verify("joe", text, &result));
    assert_ok(registry_app_remove(f.registry, f.joe, SPAN("phone"), &id, &err));
    assert_int_equal(verify("joe", text, &result), RC_DENIED);
    assert_int_equal(result.reason, AUTH_WRONG_PASSWORD);
    assert_int_equal(verify("joe", text, &result), RC_DENIED);
    assert_int_equal(result.reason, AUTH_WRONG_AGAIN);
}

static void
expires(void **state)
{
    (void)state;
    struct auth_result result;
    const int64_t now_s = clock_wall_s(&f.now.clock);

    add(f.joe, "tablet", APP_EVERY, now_s + 10, text);
    assert_ok(verify("joe", text, &result));
    fake_clock_move_ms(&f.now, 9999);
    assert_ok(verify("joe", text, &result));
    fake_clock_move_ms(&f.now, 1);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(verify("joe", text, &result), RC_DENIED);
        assert_int_equal(result.reason, AUTH_APP_EXPIRED);
        assert_string_equal(result.app_name, "tablet");
    }
}

/* It is the right one, so trying it costs no guess, and it is not remembered as wrong. */
static void
what_may_not_be_used_is_no_guess(void **state)
{
    (void)state;
    struct auth_result result;
    const struct auth_request r = request("joe", text);

    add(f.joe, "old", APP_EVERY, 1, text);
    for (int i = 0; i < 2 * LIMIT_GUESSES; i++) {
        assert_int_equal(auth_quick(f.auth, &r, &ticket, &result, &err), RC_DENIED);
        assert_int_equal(result.reason, AUTH_APP_EXPIRED);
    }
    for (int i = 0; i < 2; i++) {
        ticket = (struct throttle_ticket){0};
        assert_int_equal(auth_verify(f.auth, &r, &ticket, &result, &err), RC_DENIED);
        assert_int_equal(result.reason, AUTH_APP_EXPIRED);
    }
    f.now.wall_us = 0; /* somebody has set the clock */
    assert_ok(auth_quick(f.auth, &r, &ticket, &result, &err));
    assert_int_equal(result.app_password != 0, true);
    assert_ok(auth_verify(f.auth, &r, &ticket, &result, &err));
}

static void
is_for_some_protocols(void **state)
{
    (void)state;
    struct auth_result result;

    add(f.joe, "imap", APP_IMAP, 0, text);
    assert_ok(verify("joe", text, &result));
    add(f.joe, "other", 1u << 30, 0, text);
    assert_int_equal(verify("joe", text, &result), RC_DENIED);
    assert_int_equal(result.reason, AUTH_APP_PROTOCOL);
    assert_string_equal(result.app_name, "other");
}

/* What is refused is a guess, once for each password; what is right is none. */
static void
guesses_are_rationed(void **state)
{
    (void)state;
    struct auth_result result;
    struct auth_request r = request("joe", text);

    for (int i = 0; i < 2 * LIMIT_GUESSES; i++)
        assert_ok(verify("joe", text, &result));
    r.peer.address = SPAN("\xcb\x00\x71\x0a"); /* has not logged in yet */
    for (int i = 0; i < LIMIT_GUESSES; i++) {
        char wrong[APP_PASSWORD_TEXT_OCTETS];
        app_password_draw(&rng_system, wrong);
        r.password = span_of_str(wrong);
        assert_int_equal(auth_quick(f.auth, &r, &ticket, &result, &err), RC_AGAIN);
        assert_int_equal(ticket.wait_ms, 0);
        assert_int_equal(auth_verify(f.auth, &r, &ticket, &result, &err), RC_DENIED);
    }
    /* Now the right one has to wait like any other, and is not told apart meanwhile. */
    r.password = span_of_str(text);
    assert_int_equal(auth_quick(f.auth, &r, &ticket, &result, &err), RC_AGAIN);
    assert_int_equal(ticket.wait_ms, LIMIT_GUESS_MS);
    assert_ok(auth_verify(f.auth, &r, &ticket, &result, &err));
    assert_int_equal(result.app_password, phone);
}

static int64_t
used_s(const char *name)
{
    struct app_password rows[LIMIT_APP_PASSWORDS];
    size_t count = 0;

    assert_ok(registry_app_list(f.registry, f.joe, rows, &count, &err));
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].used_s;
    fail();
    return 0;
}

static void
notes_when_it_was_used(void **state)
{
    (void)state;
    struct auth_result result;
    const int64_t now_s = clock_wall_s(&f.now.clock);

    assert_ok(auth_save(f.auth, &err));
    assert_int_equal(used_s("phone"), 0);
    assert_ok(verify("joe", text, &result));
    assert_int_equal(used_s("phone"), 0); /* no login waits for the disk */
    assert_ok(auth_save(f.auth, &err));
    assert_int_equal(used_s("phone"), now_s);
    fake_clock_move_ms(&f.now, INT64_C(1000) * LIMIT_APP_PASSWORD_USED_S - 1);
    assert_ok(verify("joe", text, &result));
    assert_ok(auth_save(f.auth, &err));
    assert_int_equal(used_s("phone"), now_s);
    fake_clock_move_ms(&f.now, 1);
    assert_ok(verify("joe", text, &result));
    assert_ok(auth_save(f.auth, &err));
    assert_int_equal(used_s("phone"), now_s + LIMIT_APP_PASSWORD_USED_S);
}

/* LIMIT_APP_PASSWORD_USES wait; further ones are passed over, those that wait are not. */
static void
uses_are_bounded(void **state)
{
    (void)state;
    struct uses *uses = uses_new();
    struct app_password app = {0};

    assert_non_null(uses);
    for (uint64_t id = LIMIT_APP_PASSWORD_USES; id > 0; id--) {
        app.id = id + phone; /* none of these is there */
        uses_note(uses, &app, 1900000000);
    }
    app.id = phone;
    uses_note(uses, &app, 1900000000);
    assert_ok(uses_save(uses, f.registry, &err));
    assert_int_equal(used_s("phone"), 0);
    uses_note(uses, &app, 1900000001);
    assert_ok(uses_save(uses, f.registry, &err));
    assert_int_equal(used_s("phone"), 1900000001);
    uses_free(uses);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(looks_like_one),
        T(opens_the_account),
        T(revoked_at_once),
        T(expires),
        T(what_may_not_be_used_is_no_guess),
        T(is_for_some_protocols),
        T(guesses_are_rationed),
        T(notes_when_it_was_used),
        T(uses_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
