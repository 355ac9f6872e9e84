/* SPDX-License-Identifier: MIT */
/*
 * The date in the line that separates the messages of an mbox. RFC 4155 requires the form of
 * ctime in UTC, but programs write a dozen other forms. Pure. Thread: any.
 */
#ifndef CLI_MAIL_FROM_DATE_H
#define CLI_MAIL_FROM_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

/** The seconds since 1970 of "From sender date", without its line end. A date without a zone
 * is UTC. False: there is no date, or it is followed by something that is not part of a
 * date. */
MUST_USE bool from_line_date(struct span from_line, int64_t *date_out);

#endif
