/* SPDX-License-Identifier: MIT */
/*
 * Memory runs out while somebody logs in: the answer is that, never that the password is wrong
 * or the account unknown, and nothing counts as a guess.
 */
#include "fixture.h"

#include <gsasl.h>

#include "auth/auth_private.h"
#include "auth/sasl.h"
#include "auth/sasl_prep.h"
#include "support/each_alloc.h"

#define JOERG "j\xc3\xb6rg"

enum { GUESSES = 200 }; /* more than any budget holds */

static struct fixture f;
static struct err err;
static const struct auth_peer far = {.address = SPAN_INIT("\xcb\x00\x71\x09")};

/* What the next SASLpreps say, as libidn does without memory; 0: what is so. */
static int idn_error;

int __real_gsasl_saslprep(const char *in, Gsasl_saslprep_flags flags, char **out, int *why);
int __wrap_gsasl_saslprep(const char *in, Gsasl_saslprep_flags flags, char **out, int *why);

int
__wrap_gsasl_saslprep(const char *in, Gsasl_saslprep_flags flags, char **out, int *why)
{
    if (idn_error == 0)
        return __real_gsasl_saslprep(in, flags, out, why);
    *out = NULL;
    *why = idn_error;
    return GSASL_SASLPREP_ERROR;
}

static int
setup(void **state)
{
    char hash[REGISTRY_CRYPT_OCTETS];
    struct scram_keys keys;
    uint64_t id;

    (void)state;
    fixture_open(&f);
    assert_ok(password_new(&fixture_policy, SPAN("pencil"), hash, &keys, &err));
    assert_ok(registry_add(f.registry, SPAN(JOERG), hash, &keys, &id, &err));
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    fixture_close(&f);
    return 0;
}

/* Forgets which passwords were right, wrong and how often. */
static void
forget(void *ctx)
{
    const struct auth_options options = {
        .registry = f.registry, .clock = &f.now.clock, .policy = fixture_policy};

    (void)ctx;
    auth_close(f.auth);
    assert_ok(auth_open(&f.auth, &options, &err));
}

static struct auth_request
request(struct span name, struct span password)
{
    return (struct auth_request){
        .name = name, .password = password, .peer = far, .no_keys = true};
}

/* A guess need not wait: nothing was counted before it. */
static void
nothing_was_counted(void)
{
    const struct auth_request req = request(SPAN(JOERG), SPAN("other"));
    struct throttle_ticket ticket;
    struct auth_result result;

    assert_int_equal(auth_quick(f.auth, &req, &ticket, &result, &err), RC_AGAIN);
    assert_int_equal(ticket.wait_ms, 0);
}

/* ---- the library without memory ---- */

static const int idn_errors[] = {104, 200, 201};

static void
unprepared_name(void **state)
{
    struct auth_request req = request(SPAN(JOERG), SPAN("pencil"));
    struct throttle_ticket ticket;
    struct auth_result result;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(idn_errors); i++) {
        for (int guess = 0; guess < GUESSES; guess++) {
            idn_error = idn_errors[i];
            assert_int_equal(auth_quick(f.auth, &req, &ticket, &result, &err), RC_LIMIT);
            assert_int_equal(err.rc, RC_LIMIT);
            idn_error = 0; /* it was there, then not */
            assert_int_equal(auth_quick(f.auth, &req, &ticket, &result, &err), RC_AGAIN);
            idn_error = idn_errors[i];
            err.rc = RC_OK;
            assert_int_equal(auth_verify(f.auth, &req, &ticket, &result, &err), RC_LIMIT);
            assert_int_equal(err.rc, RC_LIMIT);
            idn_error = 0;
        }
    }
    nothing_was_counted();
    req.authzid = SPAN(JOERG);
    assert_int_equal(auth_quick(f.auth, &req, &ticket, &result, &err), RC_AGAIN);
    assert_ok(auth_verify(f.auth, &req, &ticket, &result, &err));
}

/* What is no UTF-8 is nobody's name, for good. */
static void
forbidden_name(void **state)
{
    static const char *const names[] = {"j\xf6rg",
                                        "\xc3",
                                        "\xc0\xaf",
                                        "\xed\xa0\x80",
                                        "\xe0\x80\x80",
                                        "\xf4\x90\x80\x80",
                                        "\xf8\x88\x80\x80\x80"};
    char out[REGISTRY_NAME_OCTETS];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        assert_int_equal(sasl_prep_name(span_of_str(names[i]), out), RC_INVALID);
    idn_error = 104; /* the same with a libidn that is stricter than needs be */
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        assert_int_equal(sasl_prep_name(span_of_str(names[i]), out), RC_INVALID);
    assert_int_equal(sasl_prep_name(SPAN("\xe2\x82\xac\xf0\x9f\x98\x80"), out), RC_LIMIT);
    idn_error = 0;
}

/* ---- each allocation ---- */

struct attempt {
    struct span name;
    struct span password;
    bool right;
    enum sasl_mech mech;
};

static bool
by_password(void *ctx)
{
    const struct attempt *attempt = ctx;
    const struct auth_request req = request(attempt->name, attempt->password);
    struct throttle_ticket ticket;
    struct auth_result result;

    err.rc = RC_OK;
    enum rc rc = auth_quick(f.auth, &req, &ticket, &result, &err);
    if (rc == RC_AGAIN)
        rc = auth_verify(f.auth, &req, &ticket, &result, &err);
    if (rc == RC_LIMIT)
        assert_int_equal(err.rc, RC_LIMIT);
    else
        assert_int_equal(rc, attempt->right ? RC_OK : RC_DENIED);
    return rc != RC_LIMIT;
}

/* Base64 of the channel binding that both sides have. */
static const char zeros[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
static const struct sasl_channel channel = {.offered = true};

static int
client_callback(Gsasl *library, Gsasl_session *session, Gsasl_property property)
{
    const struct attempt *attempt = gsasl_session_hook_get(session);
    const struct span text = property == GSASL_AUTHID ? attempt->name : attempt->password;
    char value[64];

    (void)library;
    if (property == GSASL_CB_TLS_EXPORTER && attempt->mech == SASL_SCRAM_SHA_256_PLUS)
        return gsasl_property_set(session, property, zeros);
    if (property != GSASL_AUTHID && property != GSASL_PASSWORD)
        return GSASL_NO_CALLBACK;
    snprintf(value, sizeof value, "%.*s", SPAN_FMT(text));
    return gsasl_property_set(session, property, value);
}

static Gsasl *clients;

/* The client's allocations are the library's own, and do not fail. */
static bool
by_exchange(void *ctx)
{
    struct attempt *attempt = ctx;
    Gsasl_session *client;
    struct sasl *sasl = NULL;
    AUTO_BUF challenge = {0};
    enum sasl_outcome outcome = SASL_CHALLENGE;

    buf_init(&challenge, 10000);
    assert_int_equal(gsasl_client_start(clients, sasl_mech_name(attempt->mech), &client),
                     GSASL_OK);
    gsasl_session_hook_set(client, attempt);
    err.rc = RC_OK;
    if (sasl_start(&sasl, f.auth, attempt->mech, &far, &channel, &err) != RC_OK)
        outcome = SASL_FAILED;
    if (outcome == SASL_CHALLENGE && attempt->mech == SASL_LOGIN)
        outcome = sasl_step(sasl, (struct span){NULL, 0}, &challenge, &err);
    while (outcome == SASL_CHALLENGE) {
        char text[4096];
        char *line = NULL;
        snprintf(text, sizeof text, "%.*s", SPAN_FMT(buf_span(&challenge)));
        const int result = gsasl_step64(client, text, &line);
        assert_true(result == GSASL_OK || result == GSASL_NEEDS_MORE);
        buf_clear(&challenge);
        outcome = sasl_step(sasl, span_of_str(line), &challenge, &err);
        gsasl_free(line);
    }
    if (outcome == SASL_FAILED)
        assert_int_equal(err.rc, RC_LIMIT);
    else if (!sasl_mech_is_scram(attempt->mech))
        assert_int_equal(outcome, SASL_CREDENTIALS);
    else
        assert_int_equal(outcome, attempt->right ? SASL_AUTHENTICATED : SASL_DENIED);
    sasl_free(sasl);
    gsasl_finish(client);
    return outcome != SASL_FAILED;
}

static void
each_allocation(void **state)
{
    static struct attempt attempts[] = {
        {.name = SPAN_INIT(JOERG), .password = SPAN_INIT("pencil"), .right = true},
        {.name = SPAN_INIT("joe"), .password = SPAN_INIT("pencil"), .right = true},
        {.name = SPAN_INIT("joe"), .password = SPAN_INIT("wrong")},
        {.name = SPAN_INIT("nobody"), .password = SPAN_INIT("pencil")},
    };
    static const struct each_alloc password = {
        .name = "password", .before = forget, .act = by_password};
    static const char *const names[] = {"PLAIN", "LOGIN", "SCRAM-SHA-256",
                                        "SCRAM-SHA-256-PLUS"};

    (void)state;
    assert_int_equal(gsasl_init(&clients), GSASL_OK);
    gsasl_callback_set(clients, client_callback);
    for (size_t i = 0; i < ARRAY_LEN(attempts); i++) {
        each_alloc(&password, &attempts[i]);
        for (unsigned mech = 0; mech < ARRAY_LEN(names); mech++) {
            const struct each_alloc exchange = {
                .name = names[mech], .before = forget, .act = by_exchange};
            attempts[i].mech = (enum sasl_mech)mech;
            assert_true(each_alloc(&exchange, &attempts[i]) > 0);
        }
    }
    gsasl_done(clients);
}

/* However often it happens: no guess. */
static void
counts_nothing(void **state)
{
    static struct attempt attempt = {.name = SPAN_INIT(JOERG),
                                     .password = SPAN_INIT("pencil"),
                                     .right = true,
                                     .mech = SASL_SCRAM_SHA_256};

    (void)state;
    assert_int_equal(gsasl_init(&clients), GSASL_OK);
    gsasl_callback_set(clients, client_callback);
    for (int guess = 0; guess < GUESSES; guess++) {
        fault_alloc_arm(FAULT_ALLOC_ALL_FROM, (uint64_t)guess % 20 + 1);
        (void)by_exchange(&attempt);
        (void)by_password(&attempt);
        (void)fault_alloc_disarm();
    }
    nothing_was_counted();
    gsasl_done(clients);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(unprepared_name, setup, teardown),
        cmocka_unit_test_setup_teardown(forbidden_name, setup, teardown),
        cmocka_unit_test_setup_teardown(each_allocation, setup, teardown),
        cmocka_unit_test_setup_teardown(counts_nothing, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
