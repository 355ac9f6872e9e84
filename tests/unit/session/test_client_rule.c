/* SPDX-License-Identifier: MIT */
/* Which rule a client gets by what it says of itself, and what each rule says. */
#include "session/client_rule.h"

#include "support/cm.h"

#include "base/check.h"

enum {
#define CLIENT_RULE(...) +1
    RULES = 0
#include "session/client_rule.def"
#undef CLIENT_RULE
};

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
        {"iPhone Mail", "13E238", "iOS", "apple-mail-ios"},
        {"iPad Mail", "13E238", "iOS", "apple-mail-ios"},
        {"iPad Mail", "13E238", "", "apple-mail-ios"},
        {"com.apple.email.maild", "3445.100.39", "iOS", "apple-mail-ios"},
        {"com.apple.email.maild", "3445.100.39", "macOS", "apple-mail"},
        {"FairEmail", "1.2216", "Android", "fairemail"},
        {"K-9 Mail", "6.603", "", "k9-mail"},
        {"Delta Chat", "", "", "delta-chat"},
        {"Thunderbird", "115.0", "", ""},
        {"", "", "", ""},
    };

    bool is_found[RULES + 1] = {false};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const uint8_t rule =
            client_rule_find(span_of_str(cases[i].name), span_of_str(cases[i].version),
                             span_of_str(cases[i].os));
        const struct span label = client_rule_get(rule)->label;
        assert_string_equal(label.ptr, cases[i].label);
        assert_true(span_eq(client_rule_get(client_rule_labelled(label))->label, label));
        is_found[rule] = true;
    }
    for (size_t i = 0; i <= RULES; i++)
        assert_true(is_found[i]);
    assert_int_equal(client_rule_labelled(SPAN("nobody")), CLIENT_RULE_NONE);
}

static const struct client_rule *
labelled(const char *label)
{
    return client_rule_get(client_rule_labelled(span_of_str(label)));
}

static void
test_what_is_masked(void **state)
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
}

/* Every rule of a label says what stands here, and every rule has a label that stands here. */
static void
test_every_rule_says_what_it_should(void **state)
{
    static const struct {
        const char *label, *masks;
        uint16_t least_s, most_s;
        enum client_news news;
        enum client_texts texts;
    } rows[] = {
        {"", "", 0, 0, NEWS_AT_ONCE, TEXTS_AS_ASKED},
        {"apple-mail-old", "OBJECTID", 0, 0, NEWS_WHEN_ASKED, TEXTS_AS_ASKED},
        {"apple-mail", "OBJECTID", 0, 0, NEWS_AT_ONCE, TEXTS_AS_ASKED},
        {"apple-mail-ios", "OBJECTID", 0, 0, NEWS_AT_ONCE, TEXTS_LOOSELY},
        {"fairemail", "", 180, 0, NEWS_AT_ONCE, TEXTS_AS_ASKED},
        {"k9-mail", "", 180, 0, NEWS_AT_ONCE, TEXTS_AS_ASKED},
        {"delta-chat", "", 0, 270, NEWS_AT_ONCE, TEXTS_AS_ASKED},
    };

    (void)state;
    for (uint8_t i = 0; i <= RULES; i++) {
        const struct client_rule *rule = client_rule_get(i);
        size_t row = 0;
        while (row < ARRAY_LEN(rows) && !span_eq_str(rule->label, rows[row].label))
            row++;
        assert_true(row < ARRAY_LEN(rows));
        assert_true(span_eq_str(rule->masks, rows[row].masks));
        assert_int_equal(rule->least_s, rows[row].least_s);
        assert_int_equal(rule->most_s, rows[row].most_s);
        assert_int_equal(rule->news, rows[row].news);
        assert_int_equal(rule->texts, rows[row].texts);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_rule_is_found),
        cmocka_unit_test(test_what_is_masked),
        cmocka_unit_test(test_every_rule_says_what_it_should),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
