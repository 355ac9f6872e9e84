/* SPDX-License-Identifier: MIT */
/*
 * The charset that a text in HTML names itself, in a meta element at its beginning. It counts
 * where the Content-Type names none, or us-ascii, which is what programs write that do not know
 * (RFC 2045 section 5.2, RFC 7103 section 7.6); browsers look for it in the same way.
 * Pure. Thread: any.
 */
#ifndef SYNTAX_HTML_CHARSET_H
#define SYNTAX_HTML_CHARSET_H

#include <stdbool.h>

#include "base/span.h"

/** Whether the charset of the Content-Type, which may be empty, leaves it to the text. */
bool html_charset_matters(struct span named);

/**
 * The charset that the text names. head: its first octets, LIMIT_HTML_CHARSET_OCTETS, or all of
 * them if there are fewer; what comes behind is not looked at. Empty: it names none that is
 * known. Borrowed from head, or static.
 *
 * A byte order mark of UTF-8 comes first. Then, of the first meta element with one of them, the
 * attribute charset, or the charset in the attribute content if http-equiv is content-type; not
 * in comments and not in attributes of other elements. A text in which such an element can be
 * read at all is not UTF-16, so this means UTF-8.
 */
struct span html_charset_find(struct span head);

#endif
