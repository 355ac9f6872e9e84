/* SPDX-License-Identifier: MIT */
/* Dates: RFC 5322 appendix A, obsolete zones and years, and what is not a date. */
#include "support/cm.h"

#include "syntax/mail/rfc5322_date.h"

static const struct {
    const char *text;
    int64_t epoch_s;
    int32_t zone_minutes;
    int32_t year, month, day;
} dates[] = {
    {" Fri, 21 Nov 1997 09:55:06 -0600", 880127706, -360, 1997, 11, 21},
    {"Tue, 1 Jul 2003 10:52:37 +0200", 1057049557, 120, 2003, 7, 1},
    {"Thu,\r\n      13\r\n        Feb\r\n          1969\r\n      23:32\r\n               -0330 "
     "(Newfoundland Time)",
     -27723480, -210, 1969, 2, 13},
    {"21 Nov 97 09:55:06 GMT", 880106106, 0, 1997, 11, 21},
    {"Mon, 17 Jul 2000 00:00:00 EDT", 963806400, -240, 2000, 7, 17},
    {"1 Jan 1970 00:00:00 +0000", 0, 0, 1970, 1, 1},
    {"1 Jan 70 00:00 Z", 0, 0, 1970, 1, 1},
    {"29 Feb 2000 12:00:00 pst", 951854400, -480, 2000, 2, 29},
    {"31 Dec 1999 23:59:60 +0000", 946684800, 0, 1999, 12, 31},
    {"1 Jan 05", 1104537600, 0, 2005, 1, 1},
    {"1 January 105 00:00", 1104537600, 0, 2005, 1, 1},
    {"Mon Sep  1 12:34:56 2003", 1062419696, 0, 2003, 9, 1},
    {"1-Sep-2003 12:34:56 +02:00", 1062412496, 120, 2003, 9, 1},
    {"Sat, 1 Sep 2003 12:34:56 GMT+0200", 1062412496, 120, 2003, 9, 1},
    {"1 Sep 2003 12:34:56 XYZ", 1062419696, 0, 2003, 9, 1},
    {"1 Sep 2003 12:34:56 +9999", 1062419696, 0, 2003, 9, 1},
    {"(a (b) c) 1 Sep 2003 (open", 1062374400, 0, 2003, 9, 1},
    {"1 Jan 2000 24:00", 946684800, 0, 2000, 1, 1}, /* no such time: midnight UTC */
    {"1 Jan 2000 00:60 -0800", 946684800, 0, 2000, 1, 1},
    {"1 Jan 2000 0:0:61", 946684800, 0, 2000, 1, 1},
};

static const char *const no_dates[] = {
    "",      "garbage",  "32 Jan 2000 00:00", "30 Feb 2000", "29 Feb 1900",  "0 Jan 2000",
    "1 Jan", "Jan 2000", "1 2 2000",          "1 Jan 99999", "(1 Jan 2000)", "::::",
};

static void
test_dates(void **state)
{
    struct rfc5322_date date;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(dates); i++) {
        if (!rfc5322_date_parse(span_of_str(dates[i].text), &date))
            fail_msg("%s is no date", dates[i].text);
        if (date.epoch_s != dates[i].epoch_s)
            fail_msg("%s gives %lld", dates[i].text, (long long)date.epoch_s);
        assert_int_equal(date.zone_minutes, dates[i].zone_minutes);
        assert_int_equal(date.year, dates[i].year);
        assert_int_equal(date.month, dates[i].month);
        assert_int_equal(date.day, dates[i].day);
    }
}

static void
test_no_dates(void **state)
{
    struct rfc5322_date date;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(no_dates); i++) {
        if (rfc5322_date_parse(span_of_str(no_dates[i]), &date))
            fail_msg("%s is a date", no_dates[i]);
    }
}

static void
test_days(void **state)
{
    (void)state;
    assert_int_equal(rfc5322_days(1970, 1, 1), 0);
    assert_int_equal(rfc5322_days(1969, 12, 31), -1);
    assert_int_equal(rfc5322_days(2000, 3, 1), 11017);
    assert_int_equal(rfc5322_days(1, 1, 1), -719162);
    assert_int_equal(rfc5322_days(9999, 12, 31), 2932896);
    for (int32_t year = 1; year < 3000; year++)
        assert_true(rfc5322_days(year, 12, 31) + 1 == rfc5322_days(year + 1, 1, 1));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_no_dates),
        cmocka_unit_test(test_days),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
