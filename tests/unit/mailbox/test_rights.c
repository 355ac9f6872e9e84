/* SPDX-License-Identifier: MIT */
/* Rights: letters and bits both ways, changes, and what a list comes to for one user. */
#include "support/cm.h"

#include "mailbox/sharing/rights.h"
#include "store/store.h"

static uint32_t
parsed(const char *letters)
{
    uint32_t rights = 0;

    assert_int_equal(rights_parse(span_of_str(letters), &rights), RC_OK);
    return rights;
}

static void
assert_written(uint32_t rights, const char *expected)
{
    const struct rights_text text = rights_write(rights);

    if (!span_eq_str(rights_span(&text), expected))
        fail_msg("%.*s is not %s", SPAN_FMT(rights_span(&text)), expected);
}

static void
test_letters(void **state)
{
    uint32_t rights = 77;

    (void)state;
    assert_written(0, "");
    assert_written(RIGHTS_ALL, "lrswipkxtecda");
    assert_written(parsed("lrswida"), "lrswiteda");
    assert_written(parsed("lrswikda"), "lrswiktecda");
    assert_written(parsed("c"), "kxc");
    assert_written(parsed("d"), "ted");
    assert_written(parsed("x"), "xc");
    assert_written(parsed("e"), "ed");
    assert_written(parsed("aal"), "la"); /* the order and repetitions mean nothing */
    for (unsigned octet = 0; octet < 256; octet++) {
        const char letter = (char)octet;
        const bool known = octet != 0 && strchr("lrswipkxtecda", letter) != NULL;
        assert_int_equal(rights_parse(span_of(&letter, 1), &rights),
                         known ? RC_OK : RC_INVALID);
    }
    rights = 77;
    assert_int_equal(rights_parse(SPAN("lrZ"), &rights), RC_INVALID);
    assert_int_equal(rights, 77);
    for (uint32_t bits = 0; bits <= RIGHTS_ALL; bits++) {
        const struct rights_text text = rights_write(bits);
        assert_int_equal(rights_parse(rights_span(&text), &rights), RC_OK);
        /* c and d say more than one of their members alone. */
        assert_int_equal(rights & bits, bits);
    }
}

static void
test_changes(void **state)
{
    static const struct {
        const char *before;
        const char *change;
        const char *after;
    } cases[] = {
        {"lr", "s", "s"},      {"lr", "", ""},       {"lr", "+s", "lrs"}, {"lr", "+", "lr"},
        {"lr", "-r", "l"},     {"lr", "-", "lr"},    {"lr", "-s", "lr"},  {"", "+cd", "kxtecd"},
        {"kxte", "-c", "ted"}, {"lrte", "-d", "lr"}, {"lr", "+lr", "lr"},
    };
    static const char *const bad[] = {"+-l", "--l", "l+", "-Z", "+l r", "\xc3\xa4"};
    struct rights_change change;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(rights_change_parse(span_of_str(cases[i].change), &change), RC_OK);
        assert_written(rights_changed(parsed(cases[i].before), &change), cases[i].after);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(rights_change_parse(span_of_str(bad[i]), &change), RC_INVALID);
}

static void
test_flags(void **state)
{
    (void)state;
    assert_int_equal(rights_flags(0), 0);
    assert_int_equal(rights_flags(parsed("s")), MSG_SEEN);
    assert_int_equal(rights_flags(parsed("t")), MSG_DELETED);
    assert_int_equal(rights_flags(parsed("w")), MSG_ANSWERED | MSG_FLAGGED | MSG_DRAFT);
    assert_int_equal(rights_flags(RIGHTS_ALL), MSG_SYSTEM_FLAGS);
}

static void
test_lists(void **state)
{
    const uint64_t groups[] = {3, 8};
    const struct rights_user anna = {.account = 5, .groups = groups, .group_count = 2};
    const struct rights_user bert = {.account = 6};
    const struct acl_row rows[] = {
        {1, ACL_ANYONE, 0, false, RIGHT_LOOKUP | RIGHT_READ},
        {1, ACL_ACCOUNT, 5, false, RIGHT_INSERT | RIGHT_READ},
        {1, ACL_GROUP, 8, false, RIGHT_WRITE | RIGHT_EXPUNGE},
        {1, ACL_GROUP, 9, false, RIGHT_ADMINISTER},
        {1, ACL_GROUP, 5, false, RIGHT_POST}, /* the number of an account is not a group's */
        {1, ACL_ACCOUNT, 8, false, RIGHT_POST},
        {1, ACL_ACCOUNT, 6, true, RIGHT_READ},
        {1, ACL_GROUP, 3, true, RIGHT_EXPUNGE | RIGHT_SEEN},
    };

    (void)state;
    assert_int_equal(rights_of(rows, 0, &anna), 0);
    assert_written(rights_of(rows, ARRAY_LEN(rows), &anna), "lrwi");
    assert_written(rights_of(rows, ARRAY_LEN(rows), &bert), "l");
    /* What is no right here is none, whatever a newer server has stored. */
    const struct acl_row odd = {1, ACL_ANYONE, 0, false, 1u << 30 | RIGHT_READ};
    assert_int_equal(rights_of(&odd, 1, &bert), RIGHT_READ);
    const struct acl_row of_a_kind = {1, (enum acl_kind)9, 0, false, RIGHT_READ};
    assert_int_equal(rights_of(&of_a_kind, 1, &bert), 0);
    const struct acl_row none[] = {{1, ACL_ANYONE, 0, true, RIGHTS_ALL},
                                   {1, ACL_ACCOUNT, 5, false, RIGHTS_ALL}};
    assert_int_equal(rights_of(none, 2, &anna), 0);
}

static void
test_anyone_but_this_user(void **state)
{
    const struct rights_user anna = {.account = 5, .not_as_anyone = true};
    const struct acl_row granted[] = {
        {1, ACL_ANYONE, 0, false, RIGHTS_ALL},
        {1, ACL_ACCOUNT, 5, false, RIGHT_LOOKUP | RIGHT_READ},
    };
    const struct acl_row taken[] = {
        {1, ACL_ANYONE, 0, true, RIGHT_READ},
        {1, ACL_ACCOUNT, 5, false, RIGHT_LOOKUP | RIGHT_READ},
    };

    (void)state;
    assert_int_equal(rights_of(granted, 1, &anna), 0);
    assert_written(rights_of(granted, 2, &anna), "lr");
    assert_written(rights_of(taken, 2, &anna), "l");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_letters),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_anyone_but_this_user),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
