/* SPDX-License-Identifier: MIT */
/* A message that arrives: whether there is room for it, storing it, and telling the owner that
 * the account fills up. See ingest.h. */
#include "mailbox/content/ingest.h"

#include "mailbox/content/quota_notice.h"
#include "mailbox/write/quota.h"

enum rc
ingest_apply(struct turn_ctx *ctx, const struct ingest *ingest, const struct ingest_entry *as,
             const struct quota_amounts *freed, struct entry *added_out, struct err *err)
{
    const struct quota_amounts more = {
        .of = {[QUOTA_STORAGE] = ingest->msg.text.len, [QUOTA_MESSAGE] = 1}};
    struct quota_crossing crossing;

    enum rc rc = quota_allows(ctx, &more, freed, &crossing, err);
    if (rc == RC_OK)
        rc = ingest_store(ctx, ingest, as, added_out, err);
    return rc == RC_OK ? quota_notice_add(ctx, &crossing, err) : rc;
}
