/* SPDX-License-Identifier: MIT */
/* SASL exchanges, SCRAM against GNU SASL's own client. */
#include "fixture.h"

#include <gsasl.h>

#include "auth/auth_private.h"
#include "auth/sasl.h"
#include "auth/sasl_prep.h"
#include "base/base64.h"
#include "base/limits.h"

static struct fixture f;
static struct err err;
static const struct auth_peer local = {.address = SPAN_INIT("")};

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

static struct span
encode(struct buf *buf, struct span text)
{
    buf_init(buf, 10000);
    base64_put(buf, text);
    return buf_span(buf);
}

static void
names(void **state)
{
    (void)state;
    enum sasl_mech mech;
    for (unsigned i = 0; i < SASL_MECH_COUNT; i++) {
        assert_true(sasl_mech_of_name(span_of_str(sasl_mech_name(i)), &mech));
        assert_int_equal(mech, i);
    }
    assert_true(sasl_mech_of_name(SPAN("scram-sha-256"), &mech));
    assert_false(sasl_mech_of_name(SPAN("SCRAM-SHA-1"), &mech));
    assert_false(sasl_mech_of_name(SPAN("GSSAPI"), &mech));
    assert_true(sasl_mech_is_plaintext(SASL_PLAIN) && sasl_mech_is_plaintext(SASL_LOGIN));
    assert_false(sasl_mech_is_plaintext(SASL_SCRAM_SHA_256));
    assert_true(sasl_mech_is_scram(SASL_SCRAM_SHA_256_PLUS));
    assert_false(sasl_mech_is_scram(SASL_PLAIN));
}

static void
prepares_names(void **state)
{
    (void)state;
    static const struct {
        struct span name;
        const char *expect; /* NULL: refused */
    } rows[] = {
        /* RFC 4013 section 3 */
        {SPAN_INIT("I\xc2\xadX"), "IX"},   {SPAN_INIT("user"), "user"},
        {SPAN_INIT("USER"), "USER"},       {SPAN_INIT("\xc2\xaa"), "a"},
        {SPAN_INIT("\xe2\x85\xa8"), "IX"}, {SPAN_INIT("\x07"), NULL},
        {SPAN_INIT("\xd8\xa7\x31"), NULL}, {SPAN_INIT(""), NULL},
        {SPAN_INIT("a\0b"), NULL},         {SPAN_INIT("\xff"), NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char out[REGISTRY_NAME_OCTETS];
        const enum rc rc = sasl_prep_name(rows[i].name, out);
        assert_int_equal(rc, rows[i].expect == NULL ? RC_INVALID : RC_OK);
        if (rc == RC_OK)
            assert_string_equal(out, rows[i].expect);
    }
}

static void
plain(void **state)
{
    (void)state;
    static const struct {
        struct span message;
        enum sasl_outcome outcome;
        const char *authzid, *name, *password;
    } rows[] = {
        {SPAN_INIT("\0joe\0pencil"), SASL_CREDENTIALS, "", "joe", "pencil"},
        {SPAN_INIT("ann\0joe\0pen cil"), SASL_CREDENTIALS, "ann", "joe", "pen cil"},
        {SPAN_INIT("\0j\xc3\xb6\0\xe2\x82\xac"), SASL_CREDENTIALS, "", "j\xc3\xb6",
         "\xe2\x82\xac"},
        {SPAN_INIT("joe\0pencil"), SASL_MALFORMED, NULL, NULL, NULL},
        {SPAN_INIT("joe"), SASL_MALFORMED, NULL, NULL, NULL},
    };
    for (int initial = 0; initial < 2; initial++) {
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
            struct sasl *sasl;
            AUTO_BUF line = {0};
            AUTO_BUF challenge = {0};
            buf_init(&challenge, 1000);
            assert_ok(sasl_start(&sasl, f.auth, SASL_PLAIN, &local, NULL, &err));
            if (!initial)
                assert_int_equal(sasl_step(sasl, (struct span){NULL, 0}, &challenge, &err),
                                 SASL_CHALLENGE);
            assert_int_equal(buf_len(&challenge), 0);
            assert_int_equal(sasl_step(sasl, encode(&line, rows[i].message), &challenge, &err),
                             rows[i].outcome);
            if (rows[i].outcome == SASL_CREDENTIALS) {
                const struct auth_request *request = sasl_request(sasl);
                assert_true(span_eq_str(request->authzid, rows[i].authzid));
                assert_true(span_eq_str(request->name, rows[i].name));
                assert_true(span_eq_str(request->password, rows[i].password));
            }
            sasl_free(sasl);
        }
    }
}

static void
login(void **state)
{
    (void)state;
    for (int initial = 0; initial < 2; initial++) {
        struct sasl *sasl;
        AUTO_BUF name = {0};
        AUTO_BUF password = {0};
        AUTO_BUF challenge = {0};
        buf_init(&challenge, 1000);
        assert_ok(sasl_start(&sasl, f.auth, SASL_LOGIN, &local, NULL, &err));
        if (!initial) {
            assert_int_equal(sasl_step(sasl, (struct span){NULL, 0}, &challenge, &err),
                             SASL_CHALLENGE);
            assert_true(span_eq_str(buf_span(&challenge), "VXNlciBOYW1l")); /* User Name */
            buf_clear(&challenge);
        }
        assert_int_equal(sasl_step(sasl, encode(&name, SPAN("joe")), &challenge, &err),
                         SASL_CHALLENGE);
        assert_true(span_eq_str(buf_span(&challenge), "UGFzc3dvcmQ=")); /* Password */
        assert_int_equal(sasl_step(sasl, encode(&password, SPAN("pencil")), &challenge, &err),
                         SASL_CREDENTIALS);
        assert_true(span_eq_str(sasl_request(sasl)->name, "joe"));
        assert_true(span_eq_str(sasl_request(sasl)->password, "pencil"));
        struct auth_result result;
        struct throttle_ticket ticket = {0};
        assert_ok(auth_verify(f.auth, sasl_request(sasl), &ticket, &result, &err));
        sasl_free(sasl);
    }
}

/* An empty line, whether it is the name or the password, is a login that fails. */
static void
login_empty(void **state)
{
    static const char *const lines[][3] = {{"=", NULL}, {NULL, "", NULL}, {NULL, "am9l", ""}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        struct sasl *sasl;
        enum sasl_outcome outcome = SASL_CHALLENGE;
        AUTO_BUF challenge = {0};
        buf_init(&challenge, 1000);
        assert_ok(sasl_start(&sasl, f.auth, SASL_LOGIN, &local, NULL, &err));
        for (size_t k = 0; outcome == SASL_CHALLENGE; k++) {
            assert_true(k < 3);
            const struct span none = {NULL, 0};
            const struct span line = lines[i][k] == NULL ? none : span_of_str(lines[i][k]);
            outcome = sasl_step(sasl, line, &challenge, &err);
        }
        assert_int_equal(outcome, SASL_DENIED);
        assert_int_equal(err.rc, RC_DENIED);
        assert_int_equal(sasl_reason(sasl), i < 2 ? AUTH_NO_ACCOUNT : AUTH_WRONG_PASSWORD);
        assert_true(span_eq_str(sasl_name(sasl), i < 2 ? "" : "joe"));
        sasl_free(sasl);
    }
}

/* Where a message is asked for, an empty one is none: it is not asked for again and again. The
 * only message of EXTERNAL may be empty. */
static void
empty_messages(void **state)
{
    (void)state;
    for (unsigned mech = 0; mech < SASL_MECH_COUNT; mech++) {
        struct sasl *sasl;
        AUTO_BUF challenge = {0};
        buf_init(&challenge, 1000);
        assert_ok(sasl_start(&sasl, f.auth, (enum sasl_mech)mech, &local, NULL, &err));
        assert_int_equal(sasl_step(sasl, (struct span){NULL, 0}, &challenge, &err),
                         SASL_CHALLENGE);
        assert_int_equal(sasl_step(sasl, SPAN(""), &challenge, &err),
                         mech == SASL_LOGIN || mech == SASL_EXTERNAL ? SASL_DENIED
                                                                     : SASL_MALFORMED);
        sasl_free(sasl);
    }
}

/* A certificate may have names of several accounts, and of nobody. */
static void
external(void **state)
{
    (void)state;
    static const struct {
        const char *names[3];
        struct span authzid;
        enum sasl_outcome outcome;
        enum auth_reason reason;
        const char *account;
    } rows[] = {
        {{"joe@example.org"}, SPAN_INIT(""), SASL_AUTHENTICATED, AUTH_FINE, "joe"},
        {{"joe"}, SPAN_INIT("joe@example.org"), SASL_AUTHENTICATED, AUTH_FINE, "joe"},
        {{"x", "off", "joe"}, SPAN_INIT("joe"), SASL_AUTHENTICATED, AUTH_FINE, "joe"},
        {{"x", "off", "joe"}, SPAN_INIT(""), SASL_DISABLED, AUTH_ACCOUNT_DISABLED, "off"},
        {{"joe"}, SPAN_INIT("empty"), SASL_DENIED, AUTH_NOT_YOURS, ""},
        {{"joe"}, SPAN_INIT("nobody"), SASL_DENIED, AUTH_NOT_YOURS, ""},
        {{"x", "y"}, SPAN_INIT("joe"), SASL_DENIED, AUTH_CERTIFICATE, ""},
        {{NULL}, SPAN_INIT("joe"), SASL_DENIED, AUTH_CERTIFICATE, ""},
        {{"joe"}, SPAN_INIT("j\0e"), SASL_MALFORMED, AUTH_FINE, ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct sasl_channel channel = {.offered = false};
        struct sasl *sasl;
        AUTO_BUF line = {0};
        AUTO_BUF challenge = {0};
        while (channel.name_count < 3 && rows[i].names[channel.name_count] != NULL) {
            snprintf(channel.names[channel.name_count], REGISTRY_NAME_OCTETS, "%s",
                     rows[i].names[channel.name_count]);
            channel.name_count++;
        }
        buf_init(&challenge, 1000);
        assert_ok(sasl_start(&sasl, f.auth, SASL_EXTERNAL, &local, &channel, &err));
        const struct span message =
            rows[i].authzid.len == 0 ? SPAN("=") : encode(&line, rows[i].authzid);
        assert_int_equal(sasl_step(sasl, message, &challenge, &err), rows[i].outcome);
        assert_int_equal(sasl_reason(sasl), rows[i].reason);
        assert_string_equal(sasl_result(sasl)->account, rows[i].account);
        sasl_free(sasl);
    }
}

static void
nonsense(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum sasl_outcome outcome;
    } rows[] = {
        {"*", SASL_CANCELLED},    {"****", SASL_MALFORMED}, {"AGpvZQBwZW5jaWw", SASL_MALFORMED},
        {"A G=", SASL_MALFORMED}, {"====", SASL_MALFORMED},
    };
    for (unsigned mech = 0; mech < SASL_MECH_COUNT; mech++) {
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
            struct sasl *sasl;
            AUTO_BUF challenge = {0};
            buf_init(&challenge, 1000);
            assert_ok(sasl_start(&sasl, f.auth, (enum sasl_mech)mech, &local, NULL, &err));
            assert_int_equal(sasl_step(sasl, span_of_str(rows[i].line), &challenge, &err),
                             rows[i].outcome);
            sasl_free(sasl);
        }
        struct sasl *sasl;
        AUTO_BUF line = {0};
        AUTO_BUF challenge = {0};
        char big[LIMIT_SASL_MESSAGE + 3] = {0};
        buf_init(&challenge, 1000);
        assert_ok(sasl_start(&sasl, f.auth, (enum sasl_mech)mech, &local, NULL, &err));
        assert_int_equal(
            sasl_step(sasl, encode(&line, span_of(big, sizeof big)), &challenge, &err),
            SASL_MALFORMED);
        sasl_free(sasl);
    }
    sasl_free(NULL);
}

static void
long_passwords_stay_wrong(void **state)
{
    (void)state;
    struct sasl *sasl;
    AUTO_BUF line = {0};
    AUTO_BUF challenge = {0};
    char message[5 + 10 * LIMIT_PASSWORD];
    memset(message, 'p', sizeof message);
    memcpy(message, "\0joe", 5);
    buf_init(&challenge, 1000);
    assert_ok(sasl_start(&sasl, f.auth, SASL_PLAIN, &local, NULL, &err));
    assert_int_equal(
        sasl_step(sasl, encode(&line, span_of(message, sizeof message)), &challenge, &err),
        SASL_CREDENTIALS);
    assert_true(sasl_request(sasl)->password.len > LIMIT_PASSWORD);
    sasl_free(sasl);
}

/* --- SCRAM, with GNU SASL as the client --- */

struct client {
    const char *name, *authzid, *password;
    const char *exporter; /* base64 of its channel binding; NULL: it knows of none */
    const char *mech;     /* NULL: SCRAM-SHA-256 */
};

/* What the server's side of the exchange is bound to. */
static const struct sasl_channel *channel;

static int
client_callback(Gsasl *library, Gsasl_session *session, Gsasl_property property)
{
    const struct client *client = gsasl_session_hook_get(session);
    (void)library;
    switch (property) {
    case GSASL_AUTHID:
        return gsasl_property_set(session, property, client->name);
    case GSASL_AUTHZID:
        return client->authzid == NULL ? GSASL_NO_CALLBACK
                                       : gsasl_property_set(session, property, client->authzid);
    case GSASL_PASSWORD:
        return gsasl_property_set(session, property, client->password);
    case GSASL_CB_TLS_EXPORTER:
        return client->exporter == NULL
                   ? GSASL_NO_CALLBACK
                   : gsasl_property_set(session, property, client->exporter);
    default:
        return GSASL_NO_CALLBACK;
    }
}

static enum auth_reason reason; /* of the last exchange, if it was denied */

/* Plays the exchange to its end. salt_out: the "s=...,i=..." part of the first challenge. */
static enum sasl_outcome
scram(struct client client, bool initial, struct auth_result *result_out, char salt_out[128],
      int64_t *wait_ms_out)
{
    static const char address[4] = {(char)203, 0, 113, 9};
    const struct auth_peer peer = {.address = span_of(address, 4)};
    int64_t wait_ms = 0;
    Gsasl *library;
    Gsasl_session *session;
    struct sasl *sasl;
    char *out = NULL;
    size_t out_len = 0;
    assert_int_equal(gsasl_init(&library), GSASL_OK);
    gsasl_callback_set(library, client_callback);
    enum sasl_mech mech;
    const char *name = client.mech == NULL ? "SCRAM-SHA-256" : client.mech;
    assert_true(sasl_mech_of_name(span_of_str(name), &mech));
    assert_int_equal(gsasl_client_start(library, name, &session), GSASL_OK);
    gsasl_session_hook_set(session, &client);
    assert_ok(sasl_start(&sasl, f.auth, mech, &peer, channel, &err));
    reason = AUTH_FINE;
    enum sasl_outcome outcome = SASL_CHALLENGE;
    if (!initial) {
        AUTO_BUF nothing = {0};
        buf_init(&nothing, 100);
        outcome = sasl_step(sasl, (struct span){NULL, 0}, &nothing, &err);
        assert_int_equal(buf_len(&nothing), 0);
    }
    int client_result = gsasl_step(session, NULL, 0, &out, &out_len);
    for (int step = 0; step < 5 && outcome == SASL_CHALLENGE; step++) {
        AUTO_BUF line = {0};
        AUTO_BUF challenge = {0};
        AUTO_BUF plaintext = {0};
        buf_init(&challenge, 1000);
        buf_init(&plaintext, 1000);
        if (sasl_must_pay(sasl))
            wait_ms = sasl_pay(sasl);
        outcome = sasl_step(sasl, encode(&line, span_of(out, out_len)), &challenge, &err);
        gsasl_free(out);
        out = NULL;
        out_len = 0;
        if (outcome != SASL_CHALLENGE)
            break;
        assert_ok(base64_decode(&plaintext, buf_span(&challenge)));
        if (step == 0 && salt_out != NULL) {
            const struct span text = buf_span(&plaintext);
            const ptrdiff_t at = span_find(text, SPAN(",s="));
            snprintf(salt_out, 128, "%.*s", SPAN_FMT(span_tail(text, (size_t)at)));
        }
        client_result =
            gsasl_step(session, buf_span(&plaintext).ptr, buf_len(&plaintext), &out, &out_len);
        assert_true(client_result == GSASL_OK || client_result == GSASL_NEEDS_MORE);
    }
    gsasl_free(out);
    if (outcome == SASL_AUTHENTICATED)
        assert_int_equal(client_result, GSASL_OK); /* the client believes the server, too */
    if (outcome == SASL_DENIED)
        reason = sasl_reason(sasl);
    if (result_out != NULL)
        *result_out = *sasl_result(sasl);
    if (wait_ms_out != NULL)
        *wait_ms_out = wait_ms;
    sasl_free(sasl);
    gsasl_finish(session);
    gsasl_done(library);
    return outcome;
}

static void
scram_decides(void **state)
{
    (void)state;
    const struct {
        struct client client;
        enum sasl_outcome outcome;
        uint64_t id;
    } rows[] = {
        {{"joe", NULL, "pencil", NULL, NULL}, SASL_AUTHENTICATED, f.joe},
        {{"joe@example.org", NULL, "pencil", NULL, NULL}, SASL_AUTHENTICATED, f.joe},
        {{"joe", "joe", "pencil", NULL, NULL}, SASL_AUTHENTICATED, f.joe},
        {{"joe", "off", "pencil", NULL, NULL}, SASL_DENIED, 0},
        {{"joe", "nobody", "pencil", NULL, NULL}, SASL_DENIED, 0},
        {{"joe", NULL, "pen", NULL, NULL}, SASL_DENIED, 0},
        {{"nobody", NULL, "pencil", NULL, NULL}, SASL_DENIED, 0},
        {{"imported@example.org", NULL, "pencil", NULL, NULL},
         SASL_DENIED,
         0}, /* no keys yet */
        {{"off", NULL, "pencil", NULL, NULL}, SASL_DISABLED, f.off},
        {{"off", NULL, "pen", NULL, NULL}, SASL_DENIED, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (int initial = 0; initial < 2; initial++) {
            struct auth_result result;
            assert_int_equal(scram(rows[i].client, initial, &result, NULL, NULL),
                             rows[i].outcome);
            assert_int_equal(result.account_id, rows[i].id);
        }
    }
}

/* RFC 5802 section 6 and RFC 9266: who binds is bound to this channel. (GNU SASL's client never
 * says "y": see scram_flags.) */
static void
scram_binds_the_channel(void **state)
{
    (void)state;
    static const struct sasl_channel offered = {.offered = true,
                                                .exporter = "0123456789abcdef"};
    static const char ours[] = "MDEyMzQ1Njc4OWFiY2RlZgAAAAAAAAAAAAAAAAAAAAA=";
    static const char other[] = "MDEyMzQ1Njc4OWFiY2RlZwAAAAAAAAAAAAAAAAAAAAA=";
    static const char plus[] = "SCRAM-SHA-256-PLUS";
    const struct {
        const struct sasl_channel *channel;
        struct client client;
        enum sasl_outcome outcome;
        enum auth_reason reason;
    } rows[] = {
        {&offered, {"joe", NULL, "pencil", ours, plus}, SASL_AUTHENTICATED, AUTH_FINE},
        {&offered, {"joe", "joe", "pencil", ours, plus}, SASL_AUTHENTICATED, AUTH_FINE},
        {&offered, {"joe", NULL, "pen", ours, plus}, SASL_DENIED, AUTH_WRONG_PASSWORD},
        {&offered, {"nobody", NULL, "pen", ours, plus}, SASL_DENIED, AUTH_NO_ACCOUNT},
        {&offered, {"joe", NULL, "pencil", other, plus}, SASL_DENIED, AUTH_CHANNEL_OTHER},
        {&offered, {"joe", NULL, "pencil", NULL, NULL}, SASL_AUTHENTICATED, AUTH_FINE},
        {NULL, {"joe", NULL, "pencil", NULL, NULL}, SASL_AUTHENTICATED, AUTH_FINE},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        channel = rows[i].channel;
        assert_int_equal(scram(rows[i].client, i % 2 == 0, NULL, NULL, NULL), rows[i].outcome);
        assert_int_equal(reason, rows[i].reason);
    }
    channel = NULL;
}

/* What does not fit the name of the mechanism is not looked at any further. */
static void
scram_flags(void **state)
{
    (void)state;
    static const struct sasl_channel offered = {.offered = true};
    static const struct {
        enum sasl_mech mech;
        const char *message;
        enum sasl_outcome outcome;
        enum auth_reason reason;
    } rows[] = {
        {SASL_SCRAM_SHA_256, "p=tls-exporter,,n=joe,r=abc", SASL_MALFORMED, AUTH_FINE},
        {SASL_SCRAM_SHA_256, "x,,n=joe,r=abc", SASL_MALFORMED, AUTH_FINE},
        {SASL_SCRAM_SHA_256, "n", SASL_MALFORMED, AUTH_FINE},
        {SASL_SCRAM_SHA_256, "n,", SASL_MALFORMED, AUTH_FINE},
        {SASL_SCRAM_SHA_256, ",,n=joe,r=abc", SASL_MALFORMED, AUTH_FINE},
        {SASL_SCRAM_SHA_256, "y,,n=joe,r=abc", SASL_DENIED, AUTH_CHANNEL_HIDDEN},
        {SASL_SCRAM_SHA_256, "n,,n=joe,r=abc", SASL_CHALLENGE, AUTH_FINE},
        {SASL_SCRAM_SHA_256_PLUS, "n,,n=joe,r=abc", SASL_MALFORMED, AUTH_FINE},
        {SASL_SCRAM_SHA_256_PLUS, "y,,n=joe,r=abc", SASL_MALFORMED, AUTH_FINE},
        {SASL_SCRAM_SHA_256_PLUS, "p=,,n=joe,r=abc", SASL_MALFORMED, AUTH_FINE},
        {SASL_SCRAM_SHA_256_PLUS, "p=tls-unique,,n=joe,r=abc", SASL_DENIED,
         AUTH_CHANNEL_UNKNOWN},
        {SASL_SCRAM_SHA_256_PLUS, "p=tls-exporter,,n=joe,r=abc", SASL_CHALLENGE, AUTH_FINE},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct sasl *sasl;
        AUTO_BUF line = {0};
        AUTO_BUF challenge = {0};
        buf_init(&challenge, 1000);
        assert_ok(sasl_start(&sasl, f.auth, rows[i].mech, &local, &offered, &err));
        assert_int_equal(
            sasl_step(sasl, encode(&line, span_of_str(rows[i].message)), &challenge, &err),
            rows[i].outcome);
        assert_int_equal(sasl_reason(sasl), rows[i].reason);
        sasl_free(sasl);
    }
}

static void
scram_tells_nothing_of_who_exists(void **state)
{
    (void)state;
    char one[128];
    char two[128];
    char other[128];
    char joe[128];
    scram((struct client){"nobody", NULL, "a", NULL, NULL}, true, NULL, one, NULL);
    scram((struct client){"nobody", NULL, "b", NULL, NULL}, true, NULL, two, NULL);
    scram((struct client){"somebody", NULL, "b", NULL, NULL}, true, NULL, other, NULL);
    scram((struct client){"joe", NULL, "b", NULL, NULL}, true, NULL, joe, NULL);
    assert_string_equal(one, two);
    assert_string_not_equal(one, other);
    assert_int_equal(strlen(one), strlen(joe));
    assert_string_equal(strstr(one, ",i="), strstr(joe, ",i="));
}

/* Each proof is a guess; it is paid for before it is looked at. */
static void
scram_guesses_are_rationed(void **state)
{
    (void)state;
    int64_t wait_ms = -1;
    for (int i = 0; i < LIMIT_GUESSES; i++) {
        scram((struct client){"joe", NULL, "a", NULL, NULL}, true, NULL, NULL, &wait_ms);
        assert_int_equal(wait_ms, 0);
    }
    scram((struct client){"joe", NULL, "b", NULL, NULL}, true, NULL, NULL, &wait_ms);
    assert_int_equal(wait_ms, LIMIT_GUESS_MS);
    scram((struct client){"joe", NULL, "b", NULL, NULL}, true, NULL, NULL, &wait_ms);
    assert_int_equal(
        scram((struct client){"nobody", NULL, "b", NULL, NULL}, true, NULL, NULL, &wait_ms),
        SASL_DENIED);
    assert_int_equal(wait_ms, -1);
    fake_clock_move_ms(&f.now, INT64_C(3600000));
    assert_int_equal(
        scram((struct client){"joe", NULL, "pencil", NULL, NULL}, true, NULL, NULL, &wait_ms),
        SASL_AUTHENTICATED);
    assert_int_equal(wait_ms, 0);
}

static void
scram_after_the_keys_came(void **state)
{
    (void)state;
    const struct auth_request request = {.name = SPAN("imported@example.org"),
                                         .password = SPAN("pencil")};
    struct auth_result result;
    struct throttle_ticket ticket;
    assert_int_equal(auth_quick(f.auth, &request, &ticket, &result, &err), RC_AGAIN);
    assert_ok(auth_verify(f.auth, &request, &ticket, &result, &err));
    bool made = false;
    for (unsigned i = 0; i < 100 && !made; i++) { /* the maker waits until logins are quiet */
        fake_clock_move_ms(&f.now, LIMIT_KEY_QUIET_MS);
        made = key_maker_settle(f.auth->keys, 2 * LIMIT_KEY_QUIET_MS);
    }
    assert_true(made);
    const struct client client = {"imported@example.org", NULL, "pencil", NULL, NULL};
    assert_int_equal(scram(client, true, &result, NULL, NULL), SASL_AUTHENTICATED);
    assert_int_equal(result.account_id, f.imported);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(names),
        T(prepares_names),
        T(plain),
        T(login),
        T(login_empty),
        T(empty_messages),
        T(external),
        T(nonsense),
        T(long_passwords_stay_wrong),
        T(scram_decides),
        T(scram_binds_the_channel),
        T(scram_flags),
        T(scram_tells_nothing_of_who_exists),
        T(scram_guesses_are_rationed),
        T(scram_after_the_keys_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
