/* SPDX-License-Identifier: MIT */
/* Which rule a client gets by what it says of itself, and what each rule says. */
#include "session/client_rule.h"

#include "support/cm.h"

#include "base/check.h"

static void
test_every_rule_is_found(void **state)
{
    static const struct {
        const char *name;
        const char *version;
        const char *os;
        const char *label;
    } cases[] = {
        {"Mac OS X Mail", "16.0 (3774.600.62)", "Mac OS X", "apple-mail"},
        {"mac os x mail", "4.5 (1084)", "", "apple-mail"},
        {"Mac OS X Mail", "3.6 (935/935.3)", "Mac OS X", "apple-mail-old"},
        {"Mac OS X Mail", "4", "", "apple-mail"},
        {"Mac OS X Mail", "", "", "apple-mail"},
        {"Mac OS X Mail", "beta 3", "", "apple-mail"},
        {"Mac OS X Mail", "99999999999999999999", "", "apple-mail"},
        {"Mac OS X Mail 2", "3", "", ""},
        {"iPhone Mail", "13E238", "iOS", "apple-mail"},
        {"iPad Mail", "13E238", "iOS", "apple-mail"},
        {"com.apple.email.maild", "3445.100.39", "iOS", "apple-mail"},
        {"FairEmail", "1.2216", "Android", "fairemail"},
        {"K-9 Mail", "6.603", "", "k9-mail"},
        {"Delta Chat", "", "", "delta-chat"},
        {"Thunderbird", "115.0", "", ""},
        {"", "", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const uint8_t rule =
            client_rule_find(span_of_str(cases[i].name), span_of_str(cases[i].version),
                             span_of_str(cases[i].os));
        const struct span label = client_rule_get(rule)->label;
        assert_string_equal(label.ptr, cases[i].label);
        assert_true(span_eq(client_rule_get(client_rule_labelled(label))->label, label));
    }
    assert_int_equal(client_rule_labelled(SPAN("nobody")), CLIENT_RULE_NONE);
}

static const struct client_rule *
labelled(const char *label)
{
    return client_rule_get(client_rule_labelled(span_of_str(label)));
}

static void
test_what_rules_say(void **state)
{
    (void)state;
    assert_true(client_rule_masks(labelled("apple-mail"), SPAN("OBJECTID")));
    assert_true(client_rule_masks(labelled("apple-mail-old"), SPAN("OBJECTID")));
    assert_false(client_rule_masks(labelled("apple-mail"), SPAN("OBJECT")));
    assert_false(client_rule_masks(labelled("apple-mail"), SPAN("")));
    assert_false(client_rule_masks(labelled("fairemail"), SPAN("OBJECTID")));
    assert_false(client_rule_masks(labelled(""), SPAN("OBJECTID")));
    const struct client_rule two = {.masks = SPAN("IDLE COMPRESS=DEFLATE")};
    assert_true(client_rule_masks(&two, SPAN("IDLE")));
    assert_true(client_rule_masks(&two, SPAN("COMPRESS=DEFLATE")));
    assert_false(client_rule_masks(&two, SPAN("COMPRESS=")));
    assert_int_equal(labelled("apple-mail-old")->news, NEWS_WHEN_ASKED);
    assert_int_equal(labelled("apple-mail")->news, NEWS_AT_ONCE);
    assert_int_equal(labelled("fairemail")->least_s, 180);
    assert_int_equal(labelled("delta-chat")->most_s, 270);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_rule_is_found),
        cmocka_unit_test(test_what_rules_say),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
