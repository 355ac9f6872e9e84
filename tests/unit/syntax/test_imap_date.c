/* SPDX-License-Identifier: MIT */
/* Dates: known values, every day of 10,000 years there and back, and what is not a date. */
#include "support/cm.h"

#include "syntax/imap/date.h"

static void
test_date_time_known(void **state)
{
    static const struct {
        const char *text;
        int64_t epoch_s;
        int zone;
        const char *written; /* NULL: as read */
    } cases[] = {
        {"01-Jan-1970 00:00:00 +0000", 0, 0, NULL},
        {"17-Jul-1996 02:44:25 -0700", 837596665, -420, NULL}, /* RFC 3501 section 7.4.2 */
        {"07-Feb-1994 21:52:25 -0800", 760686745, -480, NULL},
        {" 7-Feb-1994 21:52:25 -0800", 760686745, -480, "07-Feb-1994 21:52:25 -0800"},
        {"7-Feb-1994 21:52:25 -0800", 760686745, -480, "07-Feb-1994 21:52:25 -0800"},
        {"29-Feb-2000 23:59:59 +0530", 951848999, 330, NULL},
        {"31-dec-1969 23:59:59 +0000", -1, 0, "31-Dec-1969 23:59:59 +0000"},
        {"19-Jan-2038 03:14:08 +0000", 2147483648, 0, NULL},
        {"31-Dec-2016 23:59:60 +0000", 1483228800, 0, "01-Jan-2017 00:00:00 +0000"},
        {"01-Jan-0001 00:00:00 +0000", -62135596800, 0, NULL},
        {"31-Dec-9999 23:59:59 +0000", 253402300799, 0, NULL},
        {"01-Jan-2000 00:00:00 +2359", 946598460, 1439, NULL},
        {"01-Jan-2000 00:00:00 -2359", 946771140, -1439, NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct imap_date_time when = {0};
        char written[IMAP_DATE_TIME_OCTETS];
        if (imap_date_time_parse(span_of_str(cases[i].text), &when) != RC_OK)
            fail_msg("refused: %s", cases[i].text);
        if (when.epoch_s != cases[i].epoch_s)
            fail_msg("%s: %jd", cases[i].text, (intmax_t)when.epoch_s);
        assert_int_equal(when.zone_minutes, cases[i].zone);
        imap_date_time_write(written, when);
        assert_memory_equal(written, cases[i].written ? cases[i].written : cases[i].text,
                            sizeof written);
    }
}

static void
test_date_time_refused(void **state)
{
    static const char *const illegal[] = {
        "",
        "17-Jul-1996",
        "17-Jul-1996 02:44:25",
        "17-Jul-1996 02:44:25 -070",
        "17-Jul-1996 02:44:25 -07000",
        "17-Jul-1996 02:44:25 0700",
        "17-Jul-1996 02:44:25 +2400",
        "17-Jul-1996 02:44:25 +0060",
        "17-Jul-1996 24:00:00 +0000",
        "17-Jul-1996 00:60:00 +0000",
        "17-Jul-1996 00:00:61 +0000",
        "17-Jul-1996  00:00:00 +0000",
        "17-Jul-1996 00:00:00  +0000",
        "17-Jul-1996 0:00:00 +0000",
        "17 Jul 1996 00:00:00 +0000",
        "17-July-1996 00:00:00 +0000",
        "17-Jux-1996 00:00:00 +0000",
        "17-Jul-96 00:00:00 +0000",
        "17-Jul-0000 00:00:00 +0000",
        "17-Jul-10000 00:00:00 +0000",
        "00-Jul-1996 00:00:00 +0000",
        "32-Jul-1996 00:00:00 +0000",
        "31-Jun-1996 00:00:00 +0000",
        "29-Feb-1900 00:00:00 +0000",
        "30-Feb-2000 00:00:00 +0000",
        "  7-Jul-1996 00:00:00 +0000",
        "-7-Jul-1996 00:00:00 +0000",
        "+7-Jul-1996 00:00:00 +0000",
        "\"17-Jul-1996 02:44:25 -0700\"",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(illegal); i++) {
        struct imap_date_time when;
        if (imap_date_time_parse(span_of_str(illegal[i]), &when) != RC_INVALID)
            fail_msg("accepted: %s", illegal[i]);
    }
}

static void
test_date(void **state)
{
    static const struct {
        const char *text;
        int32_t day; /* INT32_MIN: refused */
    } cases[] = {
        {"1-Jan-1970", 0},           {"01-Jan-1970", 0},
        {"31-Dec-1969", -1},         {"1-Feb-1994", 8797},
        {"29-Feb-2024", 19782},      {"1-JAN-0001", -719162},
        {"31-Dec-9999", 2932896},    {"", INT32_MIN},
        {"1-Jan-70", INT32_MIN},     {" 1-Jan-1970", INT32_MIN},
        {"001-Jan-1970", INT32_MIN}, {"1-Jan-1970 ", INT32_MIN},
        {"29-Feb-2023", INT32_MIN},  {"1-Foo-2023", INT32_MIN},
        {"0-Jan-2023", INT32_MIN},   {"1-Jan", INT32_MIN},
        {"1-Jan-", INT32_MIN},       {"1", INT32_MIN},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int32_t day = INT32_MIN;
        const enum rc rc = imap_date_parse(span_of_str(cases[i].text), &day);
        if (rc != (cases[i].day == INT32_MIN ? RC_INVALID : RC_OK) || day != cases[i].day)
            fail_msg("%s: %d, day %d", cases[i].text, rc, day);
    }
}

static void
test_every_day_round_trips(void **state)
{
    char before[IMAP_DATE_OCTETS] = "";

    (void)state;
    for (int32_t day = -719162; day <= 2932896; day++) {
        char text[IMAP_DATE_OCTETS];
        int32_t again = INT32_MIN;
        imap_date_write(text, day);
        assert_int_equal(imap_date_parse(span_of(text, sizeof text), &again), RC_OK);
        assert_int_equal(again, day);
        assert_memory_not_equal(text, before, sizeof text);
        memcpy(before, text, sizeof text);
    }
}

static void
test_out_of_range_stays_legal(void **state)
{
    static const struct imap_date_time far[] = {
        {INT64_MIN, 0},     {INT64_MAX, 0},      {INT64_MIN, 1439}, {INT64_MAX, -1439},
        {INT64_MIN, -1439}, {INT64_MAX, 1439},   {253402300800, 0}, {-62135596801, 0},
        {253402300799, 60}, {-62135596800, -60}, {0, INT16_MAX},    {0, INT16_MIN},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(far); i++) {
        char text[IMAP_DATE_TIME_OCTETS];
        struct imap_date_time when;
        imap_date_time_write(text, far[i]);
        assert_int_equal(imap_date_time_parse(span_of(text, sizeof text), &when), RC_OK);
    }
    for (int i = 0; i < 2; i++) {
        char text[IMAP_DATE_OCTETS];
        int32_t day;
        imap_date_write(text, i ? INT32_MAX : INT32_MIN);
        assert_int_equal(imap_date_parse(span_of(text, sizeof text), &day), RC_OK);
        assert_int_equal(day, i ? 2932896 : -719162);
    }
}

static void
test_day_of_is_in_its_own_zone(void **state)
{
    (void)state;
    assert_int_equal(imap_date_day_of((struct imap_date_time){0, 0}), 0);
    assert_int_equal(imap_date_day_of((struct imap_date_time){0, -1}), -1);
    assert_int_equal(imap_date_day_of((struct imap_date_time){86399, 1}), 1);
    assert_int_equal(imap_date_day_of((struct imap_date_time){-1, 0}), -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_date_time_known),
        cmocka_unit_test(test_date_time_refused),
        cmocka_unit_test(test_date),
        cmocka_unit_test(test_every_day_round_trips),
        cmocka_unit_test(test_out_of_range_stays_legal),
        cmocka_unit_test(test_day_of_is_in_its_own_zone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
