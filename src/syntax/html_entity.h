/* SPDX-License-Identifier: MIT */
/* Character references of HTML: &eacute; &#233; &#xe9; Pure. Thread: any. */
#ifndef SYNTAX_HTML_ENTITY_H
#define SYNTAX_HTML_ENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct html_entity {
    uint32_t character; /* 0: it stands for nothing that can be shown */
    size_t octets;      /* of the reference that it takes, without & and ; */
};

/**
 * The character that a reference stands for: text is the letters, digits and # behind its &.
 * is_closed: a ; follows them. Some names also count without one, and may go on as a word then.
 * False: it is no reference.
 */
bool html_entity_find(struct span text, bool is_closed, struct html_entity *out);

#endif
