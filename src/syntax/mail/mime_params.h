/* SPDX-License-Identifier: MIT */
/*
 * The values of Content-Type and Content-Disposition: a word or two and parameters
 * (RFC 2045 section 5.1, RFC 2183, RFC 2231), from mail as it is. Pure. Thread: any.
 */
#ifndef SYNTAX_MAIL_MIME_PARAMS_H
#define SYNTAX_MAIL_MIME_PARAMS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/rc.h"
#include "base/span.h"

struct mime_param {
    struct span
        name; /* as written; ends with '*' when the value is charset'language'%XX text */
    struct span value; /* unquoted; continuations joined (RFC 2231 sections 3 and 6) */
};

struct mime_value {
    struct span word;    /* type, or disposition; empty when there is none */
    struct span subword; /* subtype; empty when there is none */
    struct mime_param params[LIMIT_MIME_PARAMS];
    size_t param_count;
};

/**
 * Parses `word[/subword][; name=value]...`. Comments are skipped; what makes no sense is
 * skipped; parameters beyond LIMIT_MIME_PARAMS are dropped. Spans borrow from text, or from
 * arena where an octet had to change. RC_LIMIT: arena.
 */
MUST_USE enum rc mime_value_parse(struct span text, struct arena *arena,
                                  struct mime_value *value_out);

/**
 * The octets of the parameter called name, whichever form of RFC 2231 it is written in: charset
 * and language are left out, percent signs decoded. out->ptr is NULL when there is none. It
 * borrows from value or arena. RC_LIMIT: arena.
 */
MUST_USE enum rc mime_value_param_octets(const struct mime_value *value, const char *name,
                                         struct arena *arena, struct span *out);

/**
 * Appends the parameter called name to out in UTF-8: RFC 2231 charset and percent signs
 * decoded, else RFC 2047 words decoded (many mailers write file names so). False: no such
 * parameter.
 */
bool mime_value_param_utf8(const struct mime_value *value, const char *name, struct buf *out);

#endif
