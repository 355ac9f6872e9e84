/* SPDX-License-Identifier: MIT */
/*
 * The date in the line that divides the messages of an mbox. RFC 4155 wants ctime's form in
 * UTC; programs write a dozen others. Pure. Thread: any.
 */
#ifndef CLI_MAIL_FROM_DATE_H
#define CLI_MAIL_FROM_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

/** The seconds since 1970 of "From sender date", without its line end. A date without a zone is
 *  UTC. False: there is no date, or something behind it that belongs to no date. */
MUST_USE bool from_line_date(struct span from_line, int64_t *date_out);

#endif
