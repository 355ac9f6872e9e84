/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "mailbox/content/quota_notice.h"

#include <stdio.h>
#include <time.h>

#include "base/rng.h"
#include "mailbox/account_private.h"
#include "mailbox/content/ingest.h"
#include "store/registry.h"

enum { NOTICE_MAX = 8192, NOTICE_ARENA = 1 << 20, AMOUNT_MAX = 40 };

/* ---- text ---- */

static void
amount_print(const struct quota_crossing *crossing, uint64_t amount, char out[AMOUNT_MAX])
{
    static const char *const units[] = {"octets", "KB", "MB", "GB", "TB"};
    double shown = (double)amount;
    size_t unit = 0;

    if (crossing->resource != QUOTA_STORAGE) {
        snprintf(out, AMOUNT_MAX, "%ju messages", (uintmax_t)amount);
        return;
    }
    for (; shown >= 1024 && unit + 1 < ARRAY_LEN(units); unit++)
        shown /= 1024;
    snprintf(out, AMOUNT_MAX, "%.*f %s", unit == 0 ? 0 : 1, shown, units[unit]);
}

static void
header_write(struct buf *out, const struct quota_notice *notice)
{
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const bool bare = span_find_char(notice->account, '@') < 0;
    const time_t now = (time_t)notice->now_s;
    struct tm tm;

    gmtime_r(&now, &tm);
    buf_printf(out, "From: Mail server <postmaster@%.*s>\r\n", SPAN_FMT(notice->hostname));
    buf_printf(out, "To: <%.*s%s%.*s>\r\n", SPAN_FMT(notice->account), bare ? "@" : "",
               SPAN_FMT(bare ? notice->hostname : SPAN("")));
    buf_printf(out, "Subject: Your mailbox is %u %% full\r\n", notice->crossing->percent);
    buf_printf(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n", days[tm.tm_wday], tm.tm_mday,
               months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
    buf_printf(out, "Message-ID: <quota.%016jx@%.*s>\r\n", (uintmax_t)notice->unique,
               SPAN_FMT(notice->hostname));
    buf_put_str(out, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                     "Content-Type: text/plain; charset=us-ascii\r\n\r\n");
}

void
quota_notice_write(struct buf *out, const struct quota_notice *notice)
{
    char used[AMOUNT_MAX];
    char limit[AMOUNT_MAX];

    amount_print(notice->crossing, notice->crossing->used, used);
    amount_print(notice->crossing, notice->crossing->limit, limit);
    header_write(out, notice);
    buf_printf(
        out,
        "Your mailbox holds %s of the %s that it may hold.\r\n\r\n"
        "When it is full, mail for you will be refused, and your mail program will not\r\n"
        "be able to store or copy messages. To make room, delete mail that you do not\r\n"
        "need any more, and empty the trash.\r\n\r\n"
        "This message was written by the mail server %.*s.\r\n",
        used, limit, SPAN_FMT(notice->hostname));
}

/* ---- into INBOX ---- */

/* The text for the threshold that is passed with the notice itself included. */
static void
text_make(struct buf *out, struct quota_notice *notice, struct quota_crossing *crossing)
{
    const uint64_t used = crossing->used;

    for (unsigned told = 0; told != crossing->percent;) {
        told = crossing->percent;
        crossing->used = used;
        buf_clear(out);
        quota_notice_write(out, notice);
        crossing->used += crossing->resource == QUOTA_STORAGE ? buf_len(out) : UINT64_C(1);
        crossing->percent = quota_percent(crossing->used, crossing->limit);
    }
}

/* Where there is no INBOX, or no memory to look for it, there is no notice. */
static enum rc
enter(struct turn_ctx *ctx, struct arena *arena, struct span text,
      const struct quota_crossing *passed, struct err *err)
{
    struct ingest ingest;
    struct mbox_row inbox;
    struct entry added;

    enum rc rc = ingest_prepare(arena, text, &ingest, NULL);
    if (rc != RC_OK)
        return RC_OK;
    rc = store_mbox_find(ctx->tx, SPAN("INBOX"), arena, &inbox, err);
    if (rc == RC_NOT_FOUND || rc == RC_LIMIT || (rc == RC_OK && inbox.uidnext == UINT32_MAX))
        return RC_OK;
    if (rc != RC_OK)
        return rc;
    const struct ingest_entry as = {.mbox = inbox.id, .internaldate_s = ctx->now_s};
    rc = ingest_store(ctx, &ingest, &as, &added, err);
    if (rc == RC_OK && passed->percent > ctx->req->crossed.percent)
        ctx->req->crossed = *passed; /* the notice itself has passed another threshold */
    return rc;
}

enum rc
quota_notice_add(struct turn_ctx *ctx, const struct quota_crossing *crossing, struct err *err)
{
    struct accounts *accounts = ctx->acct->accounts;
    const struct quota_rules *rules = atomic_load(&accounts->quota);
    struct quota_crossing passed = *crossing;
    struct registry_account row;
    AUTO_ARENA arena = {0};
    AUTO_BUF text = {0};

    if (crossing->percent == 0 || !rules->warns || accounts->registry == NULL ||
        registry_find_id(accounts->registry, ctx->acct->id, &row, NULL) != RC_OK)
        return RC_OK;
    struct quota_notice notice = {
        .crossing = &passed,
        .account = span_of_str(row.name),
        .hostname = span_of_str(rules->hostname),
        .now_s = ctx->now_s,
        .unique = rng_u64(&rng_system),
    };
    arena_init(&arena, NOTICE_ARENA);
    buf_init(&text, NOTICE_MAX);
    text_make(&text, &notice, &passed);
    return buf_ok(&text) ? enter(ctx, &arena, buf_span(&text), &passed, err) : RC_OK;
}
