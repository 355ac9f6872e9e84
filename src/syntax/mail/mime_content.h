/* SPDX-License-Identifier: MIT */
/*
 * What the Content fields of a part say about it: the second half of the scanner. Only for
 * mime_scan. Pure. Thread: any.
 */
#ifndef SYNTAX_MAIL_MIME_CONTENT_H
#define SYNTAX_MAIL_MIME_CONTENT_H

#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/rc.h"
#include "base/span.h"
#include "syntax/mail/mime_params.h"
#include "syntax/mail/mime_scan.h"

/* What reading needs, made once for a message. */
struct mime_content_reader {
    struct arena *arena;     /* the tree's; borrowed */
    struct arena scratch;    /* one part's parameters */
    struct mime_value value; /* one field's */
};

void mime_content_reader_init(struct mime_content_reader *reader, struct arena *arena);
void mime_content_reader_done(struct mime_content_reader *reader);

/** Keeps the field that begins with this name and ends at end, if it is one of enum mime_field
 *  and the first of its name. */
void mime_content_note(struct mime_part *part, struct span name, const char *end);

/**
 * Sets type, kind, media, charset, encoding and is_attachment from the fields noted.
 * *boundary_out: a multipart's boundary; untouched when it has none. RC_LIMIT: arena.
 */
MUST_USE enum rc mime_content_read(struct mime_content_reader *reader, struct mime_part *part,
                                   struct span *boundary_out);

/** Sets type, kind and media, whatever the fields say. Both names are string literals. */
void mime_content_set_type(struct mime_part *part, const char *type, const char *subtype);

#endif
