/* SPDX-License-Identifier: MIT */
/*
 * Delivery: each accepted recipient has a text of its own (with its Delivered-To), a commit of
 * its own and a reply of its own (RFC 2033 section 4.2), in order. 250 is sent when the
 * message is on disk.
 */
#include "lmtp/lmtp_session.h"

#include <stdio.h>
#include <time.h>

#include "syntax/mail/header.h"

enum { TRACE_MAX = 8192, HOPS_MAX = 100, COPY_STEP = 262144, REPLY_PATH_MAX = 300 };

void
lmtp_trace_put(struct lmtp_session *lm, const struct lmtp_rcpt *rcpt, struct buf *out)
{
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const time_t now = (time_t)clock_wall_s(lm->s.env->clock);
    char peer[NET_ADDR_TEXT];
    struct tm tm;

    gmtime_r(&now, &tm);
    net_addr_print_host(&lm->s.peer, peer);
    buf_printf(out, "Return-Path: <%.*s>\r\n", SPAN_FMT(lm->sender));
    buf_printf(out, "Delivered-To: %.*s\r\n", SPAN_FMT(rcpt->path));
    /* RFC 6531 section 4.3 */
    buf_printf(out, "Received: from %s (%s)\r\n\tby %s with %s id %ju\r\n", lm->client_name,
               peer, env_settings(lm->s.env)->hostname, lm->utf8 ? "UTF8LMTP" : "LMTP",
               (uintmax_t)lm->s.number);
    buf_printf(out, "\tfor <%.*s>; %s, %d %s %d %02d:%02d:%02d +0000\r\n", SPAN_FMT(rcpt->path),
               days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour,
               tm.tm_min, tm.tm_sec);
}

/* The message has been here before, or has passed too many servers (RFC 5321 section 6.3). */
static bool
is_loop(struct span text, const struct lmtp_rcpt *rcpt, size_t prefix_octets)
{
    const struct span sent = span_tail(text, prefix_octets);
    struct header_field field;
    struct header_iter iter;
    unsigned hops = 0;

    header_iter_init(&iter, span_head(sent, header_size(sent)));
    while (header_next(&iter, &field)) {
        if (span_ieq(field.name, SPAN("Received")) && ++hops > HOPS_MAX)
            return true;
        if (span_ieq(field.name, SPAN("Delivered-To")) &&
            span_ieq(span_trim(field.value), rcpt->path))
            return true;
    }
    return false;
}

/* ---- one recipient ---- */

static void
reply_for(struct lmtp_session *lm, const struct lmtp_rcpt *rcpt, const char *code,
          const char *text)
{
    if (code[0] != '2')
        log_put(&lm->s.log, LOG_E_MESSAGE_REFUSED, "refused account=%.*s: reply=%s %s",
                SPAN_FMT(rcpt->account), code, text);
    AUTO_BUF path = {0};

    buf_init(&path, REPLY_PATH_MAX + 1);
    lmtp_address_put(&path, rcpt->path, lm->utf8, REPLY_PATH_MAX);
    lmtp_reply(lm, "%s <%.*s> %s", code, SPAN_FMT(buf_span(&path)), text);
}

/* RFC 3463 section 3.3: X.2.2 */
static const char *const full_codes[] = {
    [QUOTA_FULL_TEMPORARY] = "452 4.2.2",
    [QUOTA_FULL_PERMANENT] = "552 5.2.2",
};

static void
reply_failure(struct lmtp_session *lm, const struct lmtp_rcpt *rcpt, enum rc rc,
              const struct err *err)
{
    if (err != NULL && err->text[0] != '\0')
        log_put(&lm->s.log,
                rc == RC_FULL    ? LOG_E_STORE_FULL
                : rc == RC_QUOTA ? LOG_E_OVER_QUOTA
                                 : LOG_E_STORE_FAILED,
                "%s", err->text);
    switch (rc) {
    case RC_QUOTA:
        reply_for(lm, rcpt, full_codes[env_settings(lm->s.env)->quota_full],
                  "The mailbox is full");
        break;
    case RC_FULL:
        reply_for(lm, rcpt, "452 4.3.1", "The server's disk is full");
        break;
    case RC_LIMIT:
        reply_for(lm, rcpt, "452 4.3.1", "Out of resources for this message");
        break;
    case RC_CROWDED:
        reply_for(lm, rcpt, "452 4.3.1",
                  "Too many large messages arrive at once; try again later");
        break;
    case RC_CORRUPT:
        reply_for(lm, rcpt, "451 4.2.0", "The mailbox is damaged");
        break;
    default:
        reply_for(lm, rcpt, "451 4.3.0", "The mail store failed; try again later");
        break;
    }
}

/* Finishes with this recipient, whatever the result. */
static void
recipient_end(struct lmtp_session *lm)
{
    struct lmtp_delivery *delivery = lm->delivery;

    if (delivery != NULL) {
        spool_done(&delivery->copy);
        if (delivery->acct != NULL)
            account_put(delivery->acct);
        lm->delivery = NULL;
    }
    arena_reset(&lm->delivery_arena);
    lm->rcpt_next++;
}

/* Makes the request that adds the message to the mailbox `name` in the account's turn. */
static void
request_make(struct lmtp_session *lm, struct span name)
{
    struct lmtp_delivery *delivery = lm->delivery;

    append_op_init(&delivery->op, &lm->delivery_arena, session_waker(&lm->s));
    delivery->op.name = name;
    delivery->op.msgs = &delivery->msg;
    delivery->op.msg_count = 1;
    delivery->op.turn.octets = delivery->ingest.msg.text.len;
}

/* The text for the first recipient is the spool itself; the texts for the others have trace
 * lines of their own. */
static enum rc
delivery_begin(struct lmtp_session *lm, const struct lmtp_rcpt *rcpt, struct err *err)
{
    struct lmtp_delivery *delivery = arena_new(&lm->delivery_arena, struct lmtp_delivery);
    AUTO_BUF trace = {0};
    struct span text;

    if (delivery == NULL)
        return RC_LIMIT;
    spool_init(&delivery->copy, &lm->s.env->delivery_spool, 0);
    delivery->began_us = session_now_us(&lm->s);
    delivery->step = lm->rcpt_next == 0 ? DELIVERY_SCAN : DELIVERY_COPY;
    lm->delivery = delivery;
    enum rc rc = spool_read(&lm->spool, &text, err);
    if (rc == RC_OK && is_loop(text, rcpt, lm->prefix_octets))
        delivery->step = DELIVERY_LOOPS;
    if (rc != RC_OK || delivery->step != DELIVERY_COPY)
        return rc;
    buf_init(&trace, TRACE_MAX);
    lmtp_trace_put(lm, rcpt, &trace);
    if (!buf_ok(&trace))
        return err_set(err, RC_LIMIT, 0, "no memory for the fields of a delivery");
    delivery->passed = lm->prefix_octets;
    return spool_append(&delivery->copy, buf_span(&trace), err);
}

/* Copies some of the text behind this recipient's trace lines. */
static enum rc
delivery_copy(struct lmtp_session *lm, struct err *err)
{
    struct lmtp_delivery *delivery = lm->delivery;
    struct span text;

    enum rc rc = spool_read(&lm->spool, &text, err);
    if (rc != RC_OK)
        return rc;
    const struct span some = span_head(span_tail(text, delivery->passed), COPY_STEP);
    delivery->passed += some.len;
    if (some.len == 0)
        delivery->step = DELIVERY_SCAN;
    return spool_append(&delivery->copy, some, err);
}

/* The account, held. It may have been removed or disabled since the recipient was accepted:
 * RC_NOT_FOUND, RC_DISABLED. */
static enum rc
account_take(struct lmtp_session *lm, const struct lmtp_rcpt *rcpt, struct err *err)
{
    struct registry *registry = lm->s.env->registry;
    struct registry_account row = {.state = ACCOUNT_ENABLED};

    enum rc rc = account_get(lm->s.env->accounts, rcpt->account_id, &lm->delivery->acct);
    if (rc == RC_OK && registry_epoch(registry) != rcpt->epoch)
        rc = registry_find_id(registry, rcpt->account_id, &row, err);
    return rc == RC_OK && row.state != ACCOUNT_ENABLED ? RC_DISABLED : rc;
}

/* Makes everything that needs no turn. */
static enum rc
delivery_scan(struct lmtp_session *lm, const struct lmtp_rcpt *rcpt, struct err *err)
{
    struct lmtp_delivery *delivery = lm->delivery;
    struct spool *spool = lm->rcpt_next == 0 ? &lm->spool : &delivery->copy;
    struct span text;

    enum rc rc = spool_read(spool, &text, err);
    if (rc == RC_OK)
        rc = ingest_prepare(&lm->delivery_arena, text, &delivery->ingest, err);
    if (rc == RC_OK)
        rc = account_take(lm, rcpt, err);
    if (rc != RC_OK)
        return rc;
    delivery->msg = (struct append_msg){.ingest = &delivery->ingest,
                                        .internaldate_s = clock_wall_s(lm->s.env->clock)};
    request_make(lm, rcpt->mailbox.len > 0 ? rcpt->mailbox : SPAN("INBOX"));
    delivery->step = DELIVERY_TURN;
    return RC_OK;
}

static void
delivered(struct lmtp_session *lm, const struct lmtp_rcpt *rcpt)
{
    struct lmtp_delivery *delivery = lm->delivery;
    const struct delivery_record record = {
        .account = rcpt->account,
        .mailbox = delivery->op.name,
        .sender = lm->sender,
        .message_id = delivery->ingest.msg.message_id,
        .octets = delivery->ingest.msg.text.len,
        .uid = delivery->msg.added.uid,
        .took_us = (uint32_t)(session_now_us(&lm->s) - delivery->began_us),
    };

    log_delivery(&lm->s.log, &record);
    lm->s.counts.messages++;
    reply_for(lm, rcpt, "250 2.0.0", "Delivered");
}

/* False: it waits for a slot or the turn. */
static bool
turn(struct lmtp_session *lm)
{
    struct lmtp_delivery *delivery = lm->delivery;
    const enum rc rc = door_write(&delivery->write, &lm->s, delivery->acct, &delivery->op.turn);

    if (rc == RC_BUSY)
        delivery->op.turn.result = RC_BUSY;
    return rc != RC_AGAIN;
}

/* False: it waits for a slot or the turn. */
static bool
delivery_turn(struct lmtp_session *lm, const struct lmtp_rcpt *rcpt)
{
    struct append_op *op = &lm->delivery->op;

    if (!turn(lm))
        return false;
    if (op->turn.result == RC_NOT_FOUND && !span_eq(op->name, SPAN("INBOX"))) {
        /* user+nosuchmailbox: strangers may not create mailboxes, and no mail may be lost */
        request_make(lm, SPAN("INBOX"));
        return true;
    }
    if (op->turn.result == RC_OK)
        delivered(lm, rcpt);
    else
        reply_failure(lm, rcpt, op->turn.result, &op->turn.err);
    recipient_end(lm);
    return true;
}

static enum rc
delivery_step(struct lmtp_session *lm, const struct lmtp_rcpt *rcpt, struct err *err)
{
    if (lm->delivery == NULL)
        return delivery_begin(lm, rcpt, err);
    if (lm->delivery->step == DELIVERY_COPY)
        return delivery_copy(lm, err);
    return delivery_scan(lm, rcpt, err);
}

/* The next step for this recipient. False: it waits. */
static bool
recipient_step(struct lmtp_session *lm, const struct lmtp_rcpt *rcpt)
{
    struct err err = {.rc = RC_OK};

    if (lm->delivery != NULL && lm->delivery->step == DELIVERY_TURN)
        return delivery_turn(lm, rcpt);
    if (lm->delivery != NULL && lm->delivery->step == DELIVERY_LOOPS) {
        reply_for(lm, rcpt, "554 5.4.6", "Mail loop detected");
        recipient_end(lm);
        return true;
    }
    const enum rc rc = delivery_step(lm, rcpt, &err);
    if (rc == RC_NOT_FOUND)
        reply_for(lm, rcpt, "550 5.1.1", "No such account");
    else if (rc == RC_DISABLED)
        reply_for(lm, rcpt, "550 5.2.1", "The account is disabled");
    else if (rc != RC_OK)
        reply_failure(lm, rcpt, rc, &err);
    if (rc != RC_OK)
        recipient_end(lm);
    return true;
}

/* A message for one recipient is always delivered. If a message has many, a server that is
 * being stopped finishes the current delivery and leaves the others in the client's queue. */
static bool
is_cut_short(const struct lmtp_session *lm)
{
    return lm->rcpt_next > 0 && lm->delivery == NULL && session_is_asked(&lm->s);
}

enum lmtp_go
lmtp_deliver(struct lmtp_session *lm, enum task_next *next_out)
{
    const struct lmtp_rcpt *rcpt = &lm->rcpts[lm->rcpt_next];

    if (lm->data_too_big) {
        reply_for(lm, rcpt, "552 5.3.4", "Message size exceeds the limit");
        lm->rcpt_next++;
    } else if (lm->spool_rc != RC_OK) {
        reply_failure(lm, rcpt, lm->spool_rc, NULL);
        lm->rcpt_next++;
    } else if (is_cut_short(lm)) {
        reply_for(lm, rcpt, "451 4.3.2", "The server is stopping; try again later");
        lm->rcpt_next++;
    } else if (!recipient_step(lm, rcpt)) {
        *next_out = TASK_PARK_WAKE;
        return LMTP_GO_PARK;
    }
    if (lm->rcpt_next == lm->rcpt_count)
        lmtp_reset(lm);
    return LMTP_GO_ON;
}

bool
lmtp_deliver_abandon(struct lmtp_session *lm)
{
    struct lmtp_delivery *delivery = lm->delivery;

    if (delivery == NULL)
        return true;
    if (!door_write_cancel(&delivery->write, &lm->s, delivery->acct))
        return false;
    recipient_end(lm);
    return true;
}
