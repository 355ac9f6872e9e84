/* SPDX-License-Identifier: MIT */
/* Single messages as files: `.eml`, Maildir files once they are found. Pure. Thread: any. */
#ifndef CLI_MAIL_EML_H
#define CLI_MAIL_EML_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/** When the message arrived: the date of the first Received field that has one, otherwise of
 * Date. */
bool eml_date(struct span text, int64_t *date_out);

/* How much a file must look like a message to be treated as one. */
enum eml_proof {
    EML_ANY_FIELD,   /* it was named, or is called .eml: a line of its head must be a field */
    EML_KNOWN_FIELD, /* it was found: it must have one of the fields that mail has */
};
bool eml_is_message(struct span text, enum eml_proof proof);

#endif
