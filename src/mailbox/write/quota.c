/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "mailbox/write/quota.h"

#include "mailbox/memory/account.h"

static const char *const units[QUOTA_RESOURCES] = {
    [QUOTA_STORAGE] = "octets",
    [QUOTA_MESSAGE] = "messages",
    [QUOTA_MAILBOX] = "mailboxes",
};

static bool
is_unlimited(const struct quota_amounts *limits)
{
    for (unsigned i = 0; i < QUOTA_RESOURCES; i++)
        if (limits->of[i] != QUOTA_UNLIMITED)
            return false;
    return true;
}

/* used: before anything was added. */
static enum rc
compare(const struct quota_amounts *limits, const struct quota_amounts *used,
        const struct quota_amounts *more, struct err *err)
{
    for (unsigned i = 0; i < QUOTA_RESOURCES; i++) {
        const uint64_t limit = limits->of[i];
        if (more->of[i] == 0 || limit == QUOTA_UNLIMITED ||
            (used->of[i] <= limit && more->of[i] <= limit - used->of[i]))
            continue;
        return err_set(err, RC_QUOTA, 0, "over quota: %ju of %ju %s are used, %ju more wanted",
                       (uintmax_t)used->of[i], (uintmax_t)limit, units[i],
                       (uintmax_t)more->of[i]);
    }
    return RC_OK;
}

/* usage holds `added` already. */
static enum rc
decide(struct turn_ctx *ctx, const struct quota_amounts *more,
       const struct quota_amounts *added, struct err *err)
{
    struct quota_amounts limits;
    struct quota_amounts used;
    enum rc rc = account_quota(ctx->acct, &limits, err);

    if (rc != RC_OK || is_unlimited(&limits))
        return rc;
    rc = store_usage(ctx->tx, &used, err);
    for (unsigned i = 0; rc == RC_OK && i < QUOTA_RESOURCES; i++)
        used.of[i] -= added->of[i];
    return rc == RC_OK ? compare(&limits, &used, more, err) : rc;
}

enum rc
quota_allows(struct turn_ctx *ctx, const struct quota_amounts *more, struct err *err)
{
    static const struct quota_amounts nothing;

    return decide(ctx, more, &nothing, err);
}

enum rc
quota_allowed(struct turn_ctx *ctx, const struct quota_amounts *added, struct err *err)
{
    return decide(ctx, added, added, err);
}
