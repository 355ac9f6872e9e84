/* SPDX-License-Identifier: MIT */
/* Dates: what is read is written and read again as the same; any number is written legally. */
#include "base/check.h"
#include "syntax/imap/date.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_text(struct span text)
{
    char written[IMAP_DATE_TIME_OCTETS];
    struct imap_date_time when;
    struct imap_date_time again;
    int32_t day;
    int32_t day_again;

    if (imap_date_time_parse(text, &when) == RC_OK) {
        imap_date_time_write(written, when);
        CHECK(imap_date_time_parse(span_of(written, IMAP_DATE_TIME_OCTETS), &again) == RC_OK);
        CHECK(again.zone_minutes == when.zone_minutes);
        CHECK(again.epoch_s == when.epoch_s || text.len == 0 ||
              span_find(text, SPAN(":60 ")) >= 0);
    }
    if (imap_date_parse(text, &day) == RC_OK) {
        imap_date_write(written, day);
        CHECK(imap_date_parse(span_of(written, IMAP_DATE_OCTETS), &day_again) == RC_OK);
        CHECK(day_again == day);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char written[IMAP_DATE_TIME_OCTETS];
    struct imap_date_time when = {0};

    check_text(span_of(data, size));
    if (size < sizeof when.epoch_s + sizeof when.zone_minutes)
        return 0;
    memcpy(&when.epoch_s, data, sizeof when.epoch_s);
    memcpy(&when.zone_minutes, data + sizeof when.epoch_s, sizeof when.zone_minutes);
    imap_date_time_write(written, when);
    CHECK(imap_date_time_parse(span_of(written, sizeof written), &when) == RC_OK);
    imap_date_write(written, imap_date_day_of(when));
    return 0;
}
