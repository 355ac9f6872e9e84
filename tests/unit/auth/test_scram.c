/* SPDX-License-Identifier: MIT */
/* What the server reads of SCRAM's messages itself: RFC 7677 section 3 and damaged ones. */
#include "support/cm.h"

#include "auth/password.h"
#include "auth/scram.h"
#include "base/base64.h"

static void
reads_the_first_message(void **state)
{
    (void)state;
    static const struct {
        const char *message;
        bool good;
        enum scram_flag flag;
        const char *binding, *header, *bare;
    } rows[] = {
        {"n,,n=user,r=x", true, SCRAM_NO_BINDING, "", "n,,", "n=user,r=x"},
        {"y,,n=user,r=x", true, SCRAM_BINDING_UNKNOWN, "", "y,,", "n=user,r=x"},
        {"n,a=ann,n=user,r=x", true, SCRAM_NO_BINDING, "", "n,a=ann,", "n=user,r=x"},
        {"p=tls-exporter,a=,n=u", true, SCRAM_BINDING, "tls-exporter", "p=tls-exporter,a=,",
         "n=u"},
        {"n,,", true, SCRAM_NO_BINDING, "", "n,,", ""},
        {"", false, 0, NULL, NULL, NULL},
        {"n", false, 0, NULL, NULL, NULL},
        {"n,", false, 0, NULL, NULL, NULL},
        {",,n=user", false, 0, NULL, NULL, NULL},
        {"N,,n=user", false, 0, NULL, NULL, NULL},
        {"p=,,n=user", false, 0, NULL, NULL, NULL},
        {"p,,n=user", false, 0, NULL, NULL, NULL},
        {"nn,,n=user", false, 0, NULL, NULL, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct scram_first first;
        assert_int_equal(scram_first_read(span_of_str(rows[i].message), &first), rows[i].good);
        if (!rows[i].good)
            continue;
        assert_int_equal(first.flag, rows[i].flag);
        assert_true(span_eq_str(first.binding, rows[i].binding));
        assert_true(span_eq_str(first.header, rows[i].header));
        assert_true(span_eq_str(first.bare, rows[i].bare));
    }
}

static void
reads_the_final_message(void **state)
{
    (void)state;
    static const struct {
        const char *message;
        bool good;
    } rows[] = {
        {"c=biws,r=abc,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", true},
        {"c=,r=abc,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", true},
        {"c=biws,r=abc,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=,x=y", false},
        {"c=biws,r=abc,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ", false},
        {"c=biws,r=abc,p=", false},
        {"c=biws,r=abc,p=AAAA", false},
        {"c=biws,r=abc", false},
        {"x=biws,r=abc,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", false},
        {"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", false},
        {",", false},
        {"", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct scram_final final;
        assert_int_equal(scram_final_read(span_of_str(rows[i].message), &final), rows[i].good);
    }
}

/* The example of RFC 7677 section 3: user "user", password "pencil". */
static void
knows_whose_proof_it_is(void **state)
{
    (void)state;
    static const char first[] = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
    static const char server[] = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                                 "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
    static const char last[] = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                               "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    struct scram_keys keys = {.iterations = 4096, .salt_octets = 16};
    struct scram_first begun;
    struct scram_final final;
    AUTO_BUF salt = {0};
    AUTO_BUF text = {0};

    buf_init(&salt, 64);
    buf_init(&text, 1000);
    assert_int_equal(base64_decode(&salt, SPAN("W22ZaJ0SNY7soEsUEjb6gQ==")), RC_OK);
    memcpy(keys.salt, buf_span(&salt).ptr, 16);
    assert_int_equal(password_scram_keys(SPAN("pencil"), &keys), RC_OK);
    assert_true(scram_first_read(span_of_str(first), &begun));
    assert_true(scram_final_read(span_of_str(last), &final));
    buf_printf(&text, "%.*s,%s,%.*s", SPAN_FMT(begun.bare), server,
               SPAN_FMT(final.without_proof));
    assert_true(scram_proof_is_of(keys.stored_key, final.proof, buf_span(&text)));
    final.proof[31] ^= 1;
    assert_false(scram_proof_is_of(keys.stored_key, final.proof, buf_span(&text)));
    final.proof[31] ^= 1;
    keys.stored_key[0] ^= 1;
    assert_false(scram_proof_is_of(keys.stored_key, final.proof, buf_span(&text)));
    keys.stored_key[0] ^= 1;
    assert_false(
        scram_proof_is_of(keys.stored_key, final.proof, span_tail(buf_span(&text), 1)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_first_message),
        cmocka_unit_test(reads_the_final_message),
        cmocka_unit_test(knows_whose_proof_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
