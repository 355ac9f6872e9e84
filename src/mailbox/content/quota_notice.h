/* SPDX-License-Identifier: MIT */
/*
 * The message that tells the owner of an account that it is filling up. It is put into INBOX by
 * the request that passed the threshold, in its transaction: so it comes once each time, also
 * when the server is killed or others write too. It counts like any message (RFC 9208 section
 * 5.2: MESSAGE is an exact number), but no limit refuses it.
 */
#ifndef MAILBOX_CONTENT_QUOTA_NOTICE_H
#define MAILBOX_CONTENT_QUOTA_NOTICE_H

#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "mailbox/write/quota.h"

struct quota_notice {
    const struct quota_crossing *crossing;
    struct span account;  /* name, or name@domain */
    struct span hostname; /* of the server */
    int64_t now_s;
    uint64_t unique; /* for its Message-ID */
};
/** The whole message. Pure. */
void quota_notice_write(struct buf *out, const struct quota_notice *notice);

/** Puts it into INBOX; nothing happens if there was no crossing, if [quota] warn is off, or if
 *  memory or the UIDs of INBOX are used up: what caused it is worth more. On failure the
 *  request's savepoint must be undone. Thread: the holder of the turn. Waits for disk. */
MUST_USE enum rc quota_notice_add(struct turn_ctx *ctx, const struct quota_crossing *crossing,
                                  struct err *err);

#endif
