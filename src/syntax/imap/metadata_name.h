/* SPDX-License-Identifier: MIT */
/*
 * Names of metadata entries (RFC 5464 section 3.2): ASCII without controls, `*` and `%`,
 * components with a slash before each, the first of them "/private" or "/shared". They are
 * compared without regard to case.
 *
 * Pure; any thread.
 */
#ifndef SYNTAX_IMAP_METADATA_NAME_H
#define SYNTAX_IMAP_METADATA_NAME_H

#include <stdbool.h>

#include "base/span.h"
#include "syntax/imap/req.h"

/** NULL: an entry can have this name. Otherwise a sentence that says what is wrong. */
const char *metadata_name_check(struct span name);
/** NULL: entries can have this name, or names that begin with its components, as "/private" or
 * "/shared/vendor/token". */
const char *metadata_prefix_check(struct span name);
/** Whether the entry belongs to a user, and is not shared. Of a legal name. */
bool metadata_name_is_private(struct span name);
/** Whether an entry is one that is asked for by this name, down to this depth (section
 *  4.2.2). */
bool metadata_name_matches(struct span entry, struct span asked, enum imap_depth depth);

#endif
