/* SPDX-License-Identifier: MIT */
/*
 * The first words of a message, as mail programs show them in lists (RFC 8970): plain text on
 * one line, from the first part with a text that says anything. Pure. Thread: any.
 *
 *   for (part = preview_part_first(root); part != NULL; part = preview_part_next(part))
 *       read body octets of part, at most LIMIT_PREVIEW_OCTETS of them
 *       preview_put(part, octets, &out);  out is not empty: this is it
 */
#ifndef SYNTAX_MAIL_PREVIEW_H
#define SYNTAX_MAIL_PREVIEW_H

#include "base/buf.h"
#include "base/span.h"
#include "syntax/mail/mime_scan.h"

/**
 * The parts that a preview can be made of, in the order in which to try them: text/plain and
 * text/html that are no attachments; those inside of enclosed messages come after all others.
 * NULL: there is none (left). The tree may be of mime_parts_decode.
 */
const struct mime_part *preview_part_first(const struct mime_part *root);
const struct mime_part *preview_part_next(const struct mime_part *part);

/**
 * Appends what the first octets of a part's body say, as UTF-8: at most LIMIT_PREVIEW_CHARS
 * characters, without markup, controls, lines that are quoted, the armour of OpenPGP, and
 * blanks but single ones inside. Nothing when nothing is left. body may be cut anywhere. Memory
 * is short: out has failed.
 */
void preview_put(const struct mime_part *part, struct span body, struct buf *out);

#endif
