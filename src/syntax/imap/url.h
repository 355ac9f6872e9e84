/* SPDX-License-Identifier: MIT */
/*
 * URLs of messages and their parts as CATENATE takes them (RFC 4469 section 3): relative ones
 * of RFC 2192, which name something in the session's own account.
 *
 *     /Drafts;UIDVALIDITY=385759045/;UID=20/;SECTION=1.MIME
 *     ;UID=20            in the selected mailbox
 *
 * Pure; any thread.
 */
#ifndef SYNTAX_IMAP_URL_H
#define SYNTAX_IMAP_URL_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/rc.h"
#include "base/span.h"
#include "syntax/imap/fetch.h"
#include "syntax/imap/mbox_name.h"

struct imap_url {
    bool is_selected;        /* it names no mailbox: the selected one */
    struct mbox_arg mailbox; /* else */
    uint32_t uidvalidity;    /* 0: it says nothing of it */
    uint32_t uid;            /* at least 1 */
    struct imap_section section;
};

/** RC_INVALID: not such a URL (an absolute one, one with a partial, one of a mailbox), or
 * longer than LIMIT_URL. RC_LIMIT: arena. What *out points to is in arena. */
MUST_USE enum rc imap_url_parse(struct span text, struct arena *arena, struct imap_url *out);

/** Appends it as a response code may show it (url-resp-text of RFC 4469 section 5): octets that
 *  have no place there are written with a percent sign; what is beyond LIMIT_URL is left out.
 */
void imap_url_put(struct buf *out, struct span text);

#endif
