/* SPDX-License-Identifier: MIT */
/* Base subjects, what counts as a reply, and that hostile ones take linear time. */
#include "support/cm.h"

#include "base/limits.h"
#include "syntax/mail/base_subject.h"

static const struct {
    const char *value;
    const char *base;
    bool is_reply;
} subjects[] = {
    {"", "", false},
    {"Hello", "Hello", false},
    {"  Hello \t world\r\n  again ", "Hello world again", false},
    {"Re: Hello", "Hello", true},
    {"RE: re:Re : Hello", "Hello", true},
    {"Re[2]: Hello", "Hello", true},
    {"Re [list] : Hello", "Hello", true},
    {"Fwd: Fw: FWD : Hello", "Hello", true},
    {"Fwdd: Hello", "Fwdd: Hello", false},
    {"Reply: Hello", "Reply: Hello", false},
    {"Re Hello", "Re Hello", false},
    {"AW: Hello", "AW: Hello", false}, /* translations are not known to the RFC */
    {"Hello (fwd)", "Hello", true},
    {"Hello (FWD) (fwd)  ", "Hello", true},
    {"Hello(fwd)", "Hello", true},
    {"(fwd)", "", true},
    {"[list] Hello", "Hello", false},
    {"[a] [b][c] Hello", "Hello", false},
    {"[list] Re: Hello", "Hello", true},
    {"[a][b] Re: [c] Re[d]: [e] Hello [f]", "Hello [f]", true},
    {"[list]", "[list]", false}, /* a blob is kept where nothing else is left */
    {"[a] [b]", "[b]", false},
    {"Re: [a] [b]", "[b]", true},
    {"[a][b][c] (fwd)", "[c]", true},
    {"[a", "[a", false},
    {"[a[b] c", "[a[b] c", false},
    {"[] Hello", "Hello", false},
    {"Re:", "", true},
    {"Re: Re:", "", true},
    {"[fwd: Hello]", "Hello", true},
    {"[FWD: Re: [list] Hello (fwd)]", "Hello", true},
    {"[fwd: [fwd: Re: Hello]]", "Hello", true},
    {"[fwd: Hello] again", "again", false}, /* a blob like any other */
    {"[fwd:]", "", true},
    {"[fwd: ]", "", true},
    {"[fwd: Hello", "[fwd: Hello", false},
    {"Re: [fwd: Hello]", "Hello", true},
    {"=?utf-8?q?Re=3A_Gr=C3=BC=C3=9Fe?=",
     "Gr\xC3\xBC\xC3\x9F"
     "e",
     true},
    {"=?utf-8?b?UmU6?= =?utf-8?b?IEhlbGxv?=", "Hello", true},
    {"Re: =?utf-8?q?=5Blist=5D?= Hello", "Hello", true},
};

static void
test_subjects(void **state)
{
    AUTO_BUF scratch = {0};

    (void)state;
    buf_init(&scratch, 4096);
    for (size_t i = 0; i < ARRAY_LEN(subjects); i++) {
        const struct base_subject base =
            base_subject_of(span_of_str(subjects[i].value), &scratch);
        if (!span_eq_str(base.text, subjects[i].base))
            fail_msg("%s gives %.*s", subjects[i].value, SPAN_FMT(base.text));
        if (base.is_reply_or_forward != subjects[i].is_reply)
            fail_msg("%s: is it a reply?", subjects[i].value);
    }
}

/* A buffer that is too small gives nothing rather than a part. */
static void
test_no_room(void **state)
{
    AUTO_BUF scratch = {0};

    (void)state;
    buf_init(&scratch, 8);
    assert_int_equal(base_subject_of(SPAN("Re: a subject"), &scratch).text.len, 0);
    assert_true(span_eq_str(base_subject_of(SPAN("Re: a"), &scratch).text, "a"));
}

/* The largest field that is parsed at all, made of one piece again and again. */
static void
test_hostile(void **state)
{
    static const char *const pieces[] = {
        "[a]", "[", "Re:", "Re[a]:", "[fwd:", " (fwd)", "[a]Re", "[a] Re:", "]", "\t "};
    AUTO_BUF value = {0};
    AUTO_BUF scratch = {0};

    (void)state;
    buf_init(&value, 2 * LIMIT_HEADER_FIELD);
    buf_init(&scratch, 2 * LIMIT_HEADER_FIELD);
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        buf_clear(&value);
        while (buf_len(&value) < LIMIT_HEADER_FIELD)
            buf_put_str(&value, pieces[i]);
        const struct base_subject base = base_subject_of(buf_span(&value), &scratch);
        assert_true(base.text.len <= buf_len(&value));
        if (strcmp(pieces[i], "[fwd:") == 0) { /* and with all of them closed */
            for (size_t n = buf_len(&value) / 5; n > 0; n--)
                buf_put_char(&value, ']');
            assert_true(base_subject_of(buf_span(&value), &scratch).is_reply_or_forward);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_subjects),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_hostile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
