/* SPDX-License-Identifier: MIT */
/*
 * Reads ENVELOPE and BODYSTRUCTURE as a strict client would, by the grammar of RFC 3501 or RFC
 * 9051, section 9, and shows what a body structure says about each part.
 */
#ifndef SUPPORT_IMAP_CHECK_H
#define SUPPORT_IMAP_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum { CHECK_PATH_MAX = 256 };

struct check_part {
    const uint32_t *path;
    size_t path_len;
    bool is_multipart; /* if set, nothing below is */
    bool has_lines;    /* for text and messages */
    bool is_global;    /* message/global, shown as a message */
    uint64_t octets;
    uint64_t lines;
};

typedef void check_part_fn(void *ctx, const struct check_part *part);

enum check_form { CHECK_BODY, CHECK_BODYSTRUCTURE };

/* What message/global is: a leaf (RFC 3501), or a message (RFC 9051). */
enum check_global { CHECK_GLOBAL_LEAF, CHECK_GLOBAL_MESSAGE };

/** Whether text is one ENVELOPE and nothing more. */
bool imap_check_envelope(struct span text);
/** Whether text is one body structure and nothing more. see (may be NULL) is called for each
 * part with its number, also if an error is found later. */
bool imap_check_body(struct span text, enum check_form form, enum check_global global,
                     check_part_fn *see, void *ctx);

#endif
