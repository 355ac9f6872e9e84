/* SPDX-License-Identifier: MIT */
/* Hashes, imports, and the SCRAM keys of RFC 7677's example. */
#include "support/cm.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <string.h>

#include "auth/password.h"
#include "base/base64.h"
#include "base/limits.h"

static struct err err;

/* bcrypt of the least cost: tests need no safety. */
static const struct password_policy cheap = {
    .prefix = "$2b$", .cost = 4, .scram_iterations = 4096};

static void
hashes_verify(void **state)
{
    (void)state;
    static const struct password_policy policies[] = {{0},
                                                      {.prefix = "$6$", .cost = 1000},
                                                      {.prefix = "$2b$", .cost = 4},
                                                      {.prefix = "$5$", .cost = 1000}};
    static const char *const prefixes[] = {"$y$", "$6$", "$2b$04$", "$5$"};
    for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
        char one[REGISTRY_CRYPT_OCTETS];
        char two[REGISTRY_CRYPT_OCTETS];
        assert_ok(password_hash(&policies[i], SPAN("pencil"), one, &err));
        assert_ok(password_hash(&policies[i], SPAN("pencil"), two, &err));
        assert_int_equal(strncmp(one, prefixes[i], strlen(prefixes[i])), 0);
        assert_string_not_equal(one, two); /* salted */
        assert_int_equal(password_verify(SPAN("pencil"), one), RC_OK);
        assert_int_equal(password_verify(SPAN("Pencil"), one), RC_DENIED);
        assert_int_equal(password_verify(SPAN("pencil "), one), RC_DENIED);
        assert_int_equal(password_verify(SPAN(""), one), RC_DENIED);
        assert_int_equal(password_verify(SPAN("pencil\0x"), one), RC_DENIED);
    }
}

static void
known_hashes(void **state)
{
    (void)state;
    static const struct {
        const char *password;
        const char *text;
        enum rc import;
    } rows[] = {
        /* From the specifications of the methods. */
        {"U*U", "{BLF-CRYPT}$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
         RC_OK},
        {"U*U", "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", RC_OK},
        {"x", "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/", RC_INVALID},
        {"x", "abJnggxhB/yWI", RC_INVALID},
        {"x", "{PLAIN}secret", RC_INVALID},
        {"x", "{crypt}", RC_INVALID},
        {"x", "", RC_INVALID},
        {"x", "{crypt}$6$salt:bad", RC_INVALID},
        {"x", "$99$abc$def", RC_INVALID},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char hash[REGISTRY_CRYPT_OCTETS];
        const enum rc rc = password_import(span_of_str(rows[i].text), hash, &err);
        assert_int_equal(rc, rows[i].import);
        if (rc == RC_OK)
            assert_int_equal(password_verify(span_of_str(rows[i].password), hash), RC_OK);
        else
            assert_true(strlen(err.text) > 10);
    }
}

static void
imports_what_it_made(void **state)
{
    (void)state;
    static const char *const schemes[] = {"{crypt}", "{SHA512-CRYPT}", "{Crypt}", ""};
    char made[REGISTRY_CRYPT_OCTETS];
    const struct password_policy policy = {.prefix = "$6$", .cost = 1000};
    assert_ok(password_hash(&policy, SPAN("pw"), made, &err));
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        char text[2 * REGISTRY_CRYPT_OCTETS];
        char hash[REGISTRY_CRYPT_OCTETS];
        snprintf(text, sizeof text, "%s%s", schemes[i], made);
        assert_int_equal(password_is_hash(span_of_str(text)), schemes[i][0] == '{');
        assert_ok(password_import(span_of_str(text), hash, &err));
        assert_string_equal(hash, made);
        text[strlen(text) - 1] = '\0'; /* cut */
        assert_int_equal(password_import(span_of_str(text), hash, &err), RC_INVALID);
    }
    assert_false(password_is_hash(SPAN("secret")));
    assert_false(password_is_hash(SPAN("{}x")));
}

static void
lengths(void **state)
{
    (void)state;
    char hash[REGISTRY_CRYPT_OCTETS];
    char text[LIMIT_PASSWORD + 1];
    memset(text, 'p', sizeof text);
    const struct password_policy policy = {.prefix = "$6$", .cost = 1000};
    assert_ok(password_hash(&policy, span_of(text, LIMIT_PASSWORD), hash, &err));
    assert_int_equal(password_verify(span_of(text, LIMIT_PASSWORD), hash), RC_OK);
    assert_int_equal(password_verify(span_of(text, LIMIT_PASSWORD + 1), hash), RC_DENIED);
    assert_int_equal(password_verify(span_of(text, LIMIT_PASSWORD - 1), hash), RC_DENIED);
    assert_int_equal(password_hash(&policy, span_of(text, LIMIT_PASSWORD + 1), hash, &err),
                     RC_INVALID);
    assert_int_equal(password_hash(&policy, SPAN(""), hash, &err), RC_INVALID);
    assert_int_equal(password_hash(&policy, SPAN("a\0b"), hash, &err), RC_INVALID);
    assert_int_equal(password_verify(SPAN("x"), ""), RC_DENIED);
    assert_int_equal(password_verify(SPAN("x"), "*0"), RC_DENIED);
}

static void
decode(const char *text, uint8_t *out, size_t octets)
{
    AUTO_BUF buf = {0};
    buf_init(&buf, 100);
    assert_ok(base64_decode(&buf, span_of_str(text)));
    assert_int_equal(buf_len(&buf), octets);
    memcpy(out, buf_span(&buf).ptr, octets);
}

/* RFC 7677 section 3: the proof must lead back to the stored key, and the server's signature
 * must be the one of the example. */
static void
the_example_of_rfc_7677(void **state)
{
    (void)state;
    static const char messages[] =
        "n=user,r=rOprNGfwEbeRWgbNEkqO,"
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i="
        "4096,"
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    struct scram_keys keys = {.iterations = 4096, .salt_octets = 16};
    uint8_t proof[32];
    uint8_t expected[32];
    uint8_t signature[32];
    uint8_t client_key[32];
    uint8_t stored[32];
    unsigned len;
    decode("W22ZaJ0SNY7soEsUEjb6gQ==", keys.salt, 16);
    assert_int_equal(password_scram_keys(SPAN("pencil"), &keys), RC_OK);

    decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", proof, 32);
    HMAC(EVP_sha256(), keys.stored_key, 32, (const uint8_t *)messages, sizeof messages - 1,
         signature, &len);
    for (int i = 0; i < 32; i++)
        client_key[i] = proof[i] ^ signature[i];
    SHA256(client_key, 32, stored);
    assert_memory_equal(stored, keys.stored_key, 32);

    decode("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", expected, 32);
    HMAC(EVP_sha256(), keys.server_key, 32, (const uint8_t *)messages, sizeof messages - 1,
         signature, &len);
    assert_memory_equal(signature, expected, 32);
}

static void
new_passwords(void **state)
{
    (void)state;
    char hash[REGISTRY_CRYPT_OCTETS];
    struct scram_keys keys;
    struct scram_keys again;
    assert_ok(password_new(&cheap, SPAN("pencil"), hash, &keys, &err));
    assert_int_equal(keys.iterations, 4096);
    assert_int_equal(keys.salt_octets, 16);
    assert_ok(password_scram(&cheap, SPAN("pencil"), &again, &err));
    assert_memory_not_equal(keys.salt, again.salt, 16);
    assert_memory_not_equal(keys.stored_key, again.stored_key, 32);
    /* A control character: SASLprep forbids it, PLAIN can still send it. */
    assert_ok(password_new(&cheap,
                           SPAN("a\x07"
                                "b"),
                           hash, &keys, &err));
    assert_int_equal(keys.iterations, 0);
    assert_int_equal(password_verify(SPAN("a\x07"
                                          "b"),
                                     hash),
                     RC_OK);
    /* The default has the promised number of iterations. */
    const struct password_policy full = {0};
    assert_ok(password_scram(&full, SPAN("pencil"), &keys, &err));
    assert_int_equal(keys.iterations, LIMIT_SCRAM_ITERATIONS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_verify),           cmocka_unit_test(known_hashes),
        cmocka_unit_test(imports_what_it_made),    cmocka_unit_test(lengths),
        cmocka_unit_test(the_example_of_rfc_7677), cmocka_unit_test(new_passwords),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
