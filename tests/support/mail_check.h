/* SPDX-License-Identifier: MIT */
/*
 * What must be true of every message, good or bad. Used by the property test and by fuzzing:
 *
 * - the tree keeps what mime_scan.h promises, and survives its table;
 * - header and text give the message; parts and what is between them give the multipart;
 * - ENVELOPE, BODYSTRUCTURE and BODY are legal, and say the sizes and lines of what is fetched;
 * - the fields of a header, and the two halves of a filter, give the header;
 * - a search finds the same however the message is cut.
 */
#ifndef SUPPORT_MAIL_CHECK_H
#define SUPPORT_MAIL_CHECK_H

#include "base/span.h"

/** Ends the process (base/check.h) if one of these is not true. */
void mail_check(struct span message);

#endif
