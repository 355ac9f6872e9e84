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

unsigned
quota_percent(uint64_t used, uint64_t limit)
{
    static const struct {
        unsigned percent;
        unsigned left; /* the part of the limit that is left then: 1 / left */
    } thresholds[] = {{95, 20}, {80, 5}};

    for (size_t i = 0; i < ARRAY_LEN(thresholds); i++)
        if (limit != 0 && used >= limit - limit / thresholds[i].left)
            return thresholds[i].percent;
    return 0;
}

static void
crossing_find(const struct quota_amounts *limits, const struct quota_amounts *used,
              const struct quota_amounts *more, struct quota_crossing *out)
{
    for (unsigned i = QUOTA_STORAGE; i <= QUOTA_MESSAGE; i++) {
        const uint64_t limit = limits->of[i];
        const uint64_t after = used->of[i] + more->of[i];
        if (limit == QUOTA_UNLIMITED || more->of[i] == 0)
            continue;
        const unsigned percent = quota_percent(after, limit);
        if (percent > quota_percent(used->of[i], limit) && percent > out->percent)
            *out = (struct quota_crossing){percent, i, after, limit};
    }
}

/* What the request has changed so far, and what it wants. */
struct growth {
    struct quota_amounts more;  /* in all */
    struct quota_amounts added; /* of that, what is there already */
    struct quota_amounts freed; /* is gone already */
};

static enum rc
decide(struct turn_ctx *ctx, const struct growth *growth, struct quota_crossing *crossed_out,
       struct err *err)
{
    struct quota_amounts more = growth->more;
    struct quota_crossing crossed = {.percent = 0};
    struct quota_amounts limits;
    struct quota_amounts used;
    enum rc rc = account_quota(ctx->acct, &limits, err);

    if (rc == RC_OK && !is_unlimited(&limits)) {
        rc = store_usage(ctx->tx, &used, err);
        for (unsigned i = 0; rc == RC_OK && i < QUOTA_RESOURCES; i++) {
            const uint64_t freed = growth->freed.of[i];
            used.of[i] += freed - growth->added.of[i];
            more.of[i] = more.of[i] > freed ? more.of[i] - freed : 0;
        }
        if (rc == RC_OK)
            rc = compare(&limits, &used, &more, err);
        if (rc == RC_OK)
            crossing_find(&limits, &used, &more, &crossed);
    }
    if (rc == RC_OK && crossed.percent > ctx->req->crossed.percent)
        ctx->req->crossed = crossed;
    if (rc == RC_OK && crossed_out != NULL)
        *crossed_out = crossed;
    return rc;
}

enum rc
quota_allows(struct turn_ctx *ctx, const struct quota_amounts *more,
             const struct quota_amounts *freed, struct quota_crossing *crossed_out,
             struct err *err)
{
    const struct growth growth = {.more = *more, .freed = *freed};

    return decide(ctx, &growth, crossed_out, err);
}

enum rc
quota_fits(struct account *acct, struct store_tx *tx, const struct quota_amounts *more,
           struct err *err)
{
    struct quota_amounts limits;
    struct quota_amounts used;
    enum rc rc = account_quota(acct, &limits, err);

    if (rc != RC_OK || is_unlimited(&limits))
        return rc;
    rc = store_usage(tx, &used, err);
    return rc == RC_OK ? compare(&limits, &used, more, err) : rc;
}

enum rc
quota_allowed(struct turn_ctx *ctx, const struct quota_amounts *added,
              struct quota_crossing *crossed_out, struct err *err)
{
    const struct growth growth = {.more = *added, .added = *added};

    return decide(ctx, &growth, crossed_out, err);
}
