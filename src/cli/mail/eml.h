/* SPDX-License-Identifier: MIT */
/* Single messages as files: `.eml`, and files of a Maildir. Pure. Thread: any. */
#ifndef CLI_MAIL_EML_H
#define CLI_MAIL_EML_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/** When the message arrived: the date in the first Received field that has one, otherwise that
 * of the Date field. */
bool eml_date(struct span text, int64_t *date_out);

/* How much a file must look like a message to be treated as one. */
enum eml_proof {
    /* it was named, or its name ends in .eml: a line of its head must be a field */
    EML_ANY_FIELD,
    EML_KNOWN_FIELD, /* it was found: it must have one of the usual fields of mail */
};
bool eml_is_message(struct span text, enum eml_proof proof);

#endif
