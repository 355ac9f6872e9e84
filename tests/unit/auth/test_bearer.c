/* SPDX-License-Identifier: MIT */
/* Messages with tokens, and which of them are guesses. The signed token is that of RFC 7515
 * appendix A.2; what tokens may say otherwise is tested by transcripts. */
#include "fixture.h"

#include <stdio.h>

#include "auth/auth_private.h"
#include "auth/bearer.h"
#include "auth/oauth.h"
#include "base/limits.h"

#define SIGNED                                                                                 \
    "eyJhbGciOiJSUzI1NiJ9."                                                                    \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0" \
    "cnVlfQ."
#define SIGNATURE                                                                              \
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Q"             \
    "c_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTy"             \
    "WzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwu"             \
    "sC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5A"             \
    "XLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"

static const char key[] =
    "{\"keys\":[{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\""
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrc"
    "S2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGz"
    "jb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xs"
    "mtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8"
    "q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
    "\"}]}";

static struct fixture f;
static struct err err;
static struct span from;

static int
setup(void **state)
{
    char path[256];
    struct oauth *oauth = NULL;
    struct oauth_config config = {
        .issuer = "joe", .audience = "mail", .claim = "iss", .hosts = ""};

    (void)state;
    fixture_open(&f);
    snprintf(path, sizeof path, "%s", tmpdir_file(&f.dir, "jwks.json"));
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(key, file);
    fclose(file);
    config.keys_path = path;
    assert_false(auth_takes_tokens(f.auth));
    assert_ok(oauth_new(&oauth, &config, &err));
    auth_set_oauth(f.auth, oauth);
    from = SPAN("\xcb\x00\x71\x09");
    assert_true(auth_takes_tokens(f.auth));
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    fixture_close(&f);
    return 0;
}

static void
reads_messages(void **state)
{
    (void)state;
    static const struct {
        enum sasl_mech mech;
        const char *message;
        bool good;
        const char *name, *token;
    } rows[] = {
        /* RFC 7628 section 4.1 and Google's example of XOAUTH2 */
        {SASL_OAUTHBEARER,
         "n,a=user@example.com,\1host=server.example.com\1port=143\1auth=Bearer vF9d\1\1", true,
         "user@example.com", "vF9d"},
        {SASL_XOAUTH2, "user=someuser@example.com\1auth=Bearer ya29.vF9d\1\1", true,
         "someuser@example.com", "ya29.vF9d"},
        {SASL_OAUTHBEARER, "n,,\1auth=bearer  vF9d \1\1", true, "", "vF9d"},
        {SASL_OAUTHBEARER, "y,,\1auth=Bearer vF9d\1\1", true, "", "vF9d"},
        {SASL_OAUTHBEARER, "n,,\1auth=Basic vF9d\1\1", true, "", ""},
        {SASL_OAUTHBEARER, "n,,\1\1", true, "", ""},
        {SASL_OAUTHBEARER, "n,a=,\1new=x\1\1", true, "", ""},
        /* RFC 5801 section 4: saslname */
        {SASL_OAUTHBEARER, "n,a=x=2Cy=3D=2C,\1\1", true, "x,y=,", ""},
        {SASL_OAUTHBEARER, "n,a=x=2cy,\1\1", false, NULL, NULL},
        {SASL_OAUTHBEARER, "n,a=x=41,\1\1", false, NULL, NULL},
        {SASL_OAUTHBEARER, "n,a=x=,\1\1", false, NULL, NULL},
        {SASL_OAUTHBEARER, "n,a=x=2,\1\1", false, NULL, NULL},
        {SASL_XOAUTH2, "user=x=2Cy\1\1", true, "x=2Cy", ""},
        {SASL_OAUTHBEARER, "n,,\1auth=Bearer vF9d\1", false, NULL, NULL},
        {SASL_OAUTHBEARER, "n,,auth=Bearer vF9d\1\1", false, NULL, NULL},
        {SASL_OAUTHBEARER, "p=x,,\1auth=Bearer vF9d\1\1", false, NULL, NULL},
        {SASL_OAUTHBEARER, "n,x,\1auth=Bearer vF9d\1\1", false, NULL, NULL},
        {SASL_OAUTHBEARER, "n,,\1auth=Bearer vF9d\1\1x", false, NULL, NULL},
        {SASL_OAUTHBEARER, "n,,\1=x\1\1", false, NULL, NULL},
        {SASL_OAUTHBEARER, "\1", false, NULL, NULL},
        {SASL_OAUTHBEARER, "", false, NULL, NULL},
        {SASL_XOAUTH2, "n,,\1auth=Bearer vF9d\1\1", false, NULL, NULL},
        {SASL_XOAUTH2, "", false, NULL, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bearer bearer;
        assert_int_equal(bearer_read(rows[i].mech, span_of_str(rows[i].message), &bearer),
                         rows[i].good);
        if (!rows[i].good)
            continue;
        assert_true(span_eq_str(bearer.name, rows[i].name));
        assert_true(span_eq_str(bearer.token, rows[i].token));
    }
}

/* RFC 7515 section 2: three parts in base64url without padding. cjose ends the program at some
 * that are not. */
static void
takes_apart_base64url(void **state)
{
    (void)state;
    static const struct {
        const char *token;
        enum rc expected;
    } rows[] = {
        {"e30.e30.", RC_OK},
        {"e30.e30.AA", RC_OK},
        {"eyJhIjoiPz8_In0.e30.A-_A", RC_OK},
        {"e30.eyJzdWIiOiJ4IeyJhbGciOiJSUdVQ=zI1NiJ9n0.AA", RC_INVALID},
        {"e30=.e30.AA", RC_INVALID},
        {"e30.e30=.AA", RC_INVALID},
        {"e30.e30.AA==", RC_INVALID},
        {"e30.e30.A=", RC_INVALID},
        {"e30.e30.A", RC_INVALID},
        {"e30.e30.AAAAA", RC_INVALID},
        {"e30ab.e30.AA", RC_INVALID},
        {"e30.e.AA", RC_INVALID},
        {"e30.e30.A A", RC_INVALID},
        {"e30.e30.A+/A", RC_INVALID},
        {"e3\xc3.e30.AA", RC_INVALID},
        {".e30.AA", RC_INVALID},
        {"e30..AA", RC_INVALID},
        {"e30.e30", RC_INVALID},
        {"e30.e30.AA.AA", RC_INVALID},
        {"W10.e30.AA", RC_INVALID}, /* no object */
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct oauth_token *token = NULL;
        assert_int_equal(oauth_token_read(span_of_str(rows[i].token), &token),
                         rows[i].expected);
        oauth_token_free(token);
    }
}

static void
reads_hosts(void **state)
{
    (void)state;
    static const struct {
        enum sasl_mech mech;
        const char *message, *host;
    } rows[] = {
        {SASL_OAUTHBEARER, "n,,\1host=mail.example.com\1port=143\1auth=Bearer x\1\1",
         "mail.example.com"},
        {SASL_OAUTHBEARER, "n,,\1auth=Bearer x\1host=mail\1\1", "mail"},
        {SASL_OAUTHBEARER, "n,,\1host=\1auth=Bearer x\1\1", ""},
        {SASL_OAUTHBEARER, "n,,\1auth=Bearer x\1\1", ""},
        {SASL_XOAUTH2, "user=x\1host=mail\1auth=Bearer x\1\1", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bearer bearer;
        assert_true(bearer_read(rows[i].mech, span_of_str(rows[i].message), &bearer));
        assert_true(span_eq_str(bearer.host, rows[i].host));
    }
}

/* As long as the name of an account can be, and one octet longer. */
static void
bounds_names(void **state)
{
    (void)state;
    char message[REGISTRY_NAME_OCTETS + 16];
    struct bearer bearer;

    for (int longer = 0; longer < 2; longer++) {
        const int octets = REGISTRY_NAME_OCTETS - 1 + longer;
        snprintf(message, sizeof message, "n,a=%0*d,\1\1", octets, 0);
        assert_int_equal(bearer_read(SASL_OAUTHBEARER, span_of_str(message), &bearer),
                         longer == 0);
        assert_true(longer == 1 || bearer.name.len == (size_t)octets);
    }
}

static enum rc
decide(const char *token, struct auth_result *result)
{
    const struct bearer bearer = {.name = SPAN(""), .token = span_of_str(token)};
    const struct auth_peer peer = {.address = from};

    return bearer_decide(f.auth, &bearer, &peer, result, &err);
}

/* The signature is right, so nobody has guessed: programs with an old token may come again. */
static void
old_tokens_are_no_guesses(void **state)
{
    (void)state;
    struct auth_result result;

    for (int i = 0; i < 2 * LIMIT_GUESSES; i++) {
        assert_int_equal(decide(SIGNED SIGNATURE, &result), RC_DENIED);
        assert_int_equal(result.reason, AUTH_TOKEN_EXPIRED);
    }
    f.now.wall_us = INT64_C(1300819380) * 1000000; /* it is in time, but has no audience */
    assert_int_equal(decide(SIGNED SIGNATURE, &result), RC_DENIED);
    assert_int_equal(result.reason, AUTH_TOKEN_OTHER);
    f.now.wall_us += (LIMIT_OAUTH_SKEW_S - 1) * INT64_C(1000000);
    assert_int_equal(decide(SIGNED SIGNATURE, &result), RC_DENIED);
    assert_int_equal(result.reason, AUTH_TOKEN_OTHER);
    f.now.wall_us += INT64_C(1000000);
    assert_int_equal(decide(SIGNED SIGNATURE, &result), RC_DENIED);
    assert_int_equal(result.reason, AUTH_TOKEN_EXPIRED);
}

static void
wrong_signatures_are_guesses(void **state)
{
    (void)state;
    struct auth_result result;

    for (int i = 0; i < LIMIT_GUESSES; i++) {
        assert_int_equal(decide(SIGNED "AAAA", &result), RC_DENIED);
        assert_int_equal(result.reason, AUTH_TOKEN_SIGNATURE);
    }
    assert_int_equal(decide(SIGNED "AAAA", &result), RC_BUSY);
    assert_int_equal(result.reason, AUTH_TOO_MANY_GUESSES);
    /* Whoever has a right one is not refused for that. */
    assert_int_equal(decide(SIGNED SIGNATURE, &result), RC_DENIED);
    assert_int_equal(result.reason, AUTH_TOKEN_EXPIRED);
    from = SPAN("\xcb\x00\x71\x0a"); /* another address, which has its own budget */
    assert_int_equal(decide(SIGNED "AAAA", &result), RC_DENIED);
    from = SPAN("\xcb\x00\x71\x09");
    fake_clock_move_ms(&f.now, INT64_C(3600000));
    assert_int_equal(decide(SIGNED "AAAA", &result), RC_DENIED);
    assert_int_equal(result.reason, AUTH_TOKEN_SIGNATURE);
    assert_int_equal(decide("x", &result), RC_DENIED);
    assert_int_equal(result.reason, AUTH_TOKEN_MALFORMED);
}

/* The names are compared only where some are configured, and only with what the client says. */
static void
hosts_are_compared(void **state)
{
    (void)state;
    char longest[OAUTH_TEXT_OCTETS + 1];
    char path[256];
    struct oauth *oauth = NULL;
    struct oauth_config config = {.issuer = "joe", .audience = "mail", .claim = "iss"};

    snprintf(path, sizeof path, "%s", tmpdir_file(&f.dir, "jwks.json"));
    config.keys_path = path;
    config.hosts = "";
    assert_ok(oauth_new(&oauth, &config, &err));
    assert_true(oauth_knows_host(oauth, SPAN("any")));
    oauth_unref(oauth);
    config.hosts = "mail.example.org  imap.example.org";
    assert_ok(oauth_new(&oauth, &config, &err));
    assert_true(oauth_knows_host(oauth, SPAN("")));
    assert_true(oauth_knows_host(oauth, SPAN("Mail.Example.org")));
    assert_true(oauth_knows_host(oauth, SPAN("imap.example.org")));
    assert_false(oauth_knows_host(oauth, SPAN("example.org")));
    assert_false(oauth_knows_host(oauth, SPAN("mail.example.org ")));
    assert_false(oauth_knows_host(oauth, SPAN(" ")));
    oauth_unref(oauth);
    for (int longer = 0; longer < 2; longer++) {
        snprintf(longest, sizeof longest, "%0*d", OAUTH_TEXT_OCTETS - 1 + longer, 0);
        config.hosts = longest;
        const enum rc rc = oauth_new(&oauth, &config, &err);
        assert_int_equal(rc, longer == 0 ? RC_OK : RC_INVALID);
        if (rc == RC_OK)
            oauth_unref(oauth);
    }
}

static void
switched_off(void **state)
{
    (void)state;
    const struct oauth_config none = {.keys_path = ""};
    struct oauth *oauth = NULL;
    struct auth_result result;

    assert_ok(oauth_new(&oauth, &none, &err));
    assert_null(oauth);
    auth_set_oauth(f.auth, NULL);
    assert_false(auth_takes_tokens(f.auth));
    assert_int_equal(decide(SIGNED SIGNATURE, &result), RC_DENIED);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(reads_messages),
        T(takes_apart_base64url),
        T(reads_hosts),
        T(bounds_names),
        T(old_tokens_are_no_guesses),
        T(wrong_signatures_are_guesses),
        T(hosts_are_compared),
        T(switched_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
