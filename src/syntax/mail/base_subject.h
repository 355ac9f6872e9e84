/* SPDX-License-Identifier: MIT */
/*
 * The base subject (RFC 5256 section 2.1): what is left of a subject without the "Re:", "Fwd:",
 * "(fwd)", "[fwd: ...]" and "[list]" around it. Pure. Thread: any.
 */
#ifndef SYNTAX_MAIL_BASE_SUBJECT_H
#define SYNTAX_MAIL_BASE_SUBJECT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"

struct base_subject {
    struct span text;         /* UTF-8; borrowed from scratch until its next write */
    bool is_reply_or_forward; /* as RFC 5256 section 3 defines it for THREAD=REFERENCES */
};

/**
 * value: of a Subject field, folded or not, with encoded words. scratch is cleared and used;
 * when it is full (its failed flag is set) the result is empty. Linear in the size of value.
 */
struct base_subject base_subject_of(struct span value, struct buf *scratch);

#endif
