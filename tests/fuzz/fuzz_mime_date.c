/* SPDX-License-Identifier: MIT */
/* A Date field: what is read is a day of the calendar, near the second that it names. */
#include <stdint.h>

#include "base/check.h"
#include "syntax/mail/rfc5322_date.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rfc5322_date date;

    if (!rfc5322_date_parse(span_of(data, size), &date))
        return 0;
    CHECK(date.year >= 1 && date.year <= 9999 && date.month >= 1 && date.month <= 12);
    CHECK(date.day >= 1 && date.day <= 31);
    CHECK(date.zone_minutes > -1440 && date.zone_minutes < 1440);
    const int64_t second = date.epoch_s + date.zone_minutes * 60 -
                           rfc5322_days(date.year, date.month, date.day) * 86400;
    CHECK(second >= 0 && second <= 86400);
    return 0;
}
