/* SPDX-License-Identifier: MIT */
/*
 * Receives the message into the spool, by DATA or BDAT (RFC 3030). It is always received to
 * its end; if it is too large or there is no space, that is answered afterwards, once for each
 * recipient.
 */
#include "lmtp/lmtp_session.h"

enum { TRACE_MAX = 8192, STEP_MAX = 65536 };

static void
keep(struct lmtp_session *lm, struct span data)
{
    struct err err = {.rc = RC_OK};

    lm->octets += data.len;
    if (lm->octets > env_settings(lm->s.env)->append_octets && !lm->data_too_big) {
        lm->data_too_big = true;
        spool_done(&lm->spool);
    }
    if (lm->data_too_big || lm->spool_rc != RC_OK || lm->rcpt_count == 0)
        return;
    lm->spool_rc = spool_append(&lm->spool, data, &err);
    if (lm->spool_rc != RC_OK) {
        log_put(&lm->s.log, lm->spool_rc == RC_FULL ? LOG_E_STORE_FULL : LOG_E_STORE_FAILED,
                "%s", err.text);
        spool_done(&lm->spool);
    }
}

void
lmtp_receive_begin(struct lmtp_session *lm)
{
    struct err err = {.rc = RC_OK};
    AUTO_BUF trace = {0};

    buf_init(&trace, TRACE_MAX);
    lmtp_trace_put(lm, &lm->rcpts[0], &trace);
    lm->prefix_octets = buf_len(&trace);
    lm->spool_rc = buf_ok(&trace)
                       ? spool_append(&lm->spool, buf_span(&trace), &err)
                       : err_set(&err, RC_LIMIT, 0, "no memory for the fields of a delivery");
    if (lm->spool_rc != RC_OK)
        log_put(&lm->s.log, LOG_E_STORE_FAILED, "%s", err.text);
    lm->octets = 0;
}

static void
complete(struct lmtp_session *lm)
{
    spool_seal(&lm->spool);
    lm->state = LMTP_DELIVERING;
    lm->rcpt_next = 0;
}

static void
receive_data(struct lmtp_session *lm)
{
    struct buf *in = &lm->s.conn.in;
    size_t used = 0;
    AUTO_BUF text = {0};

    buf_init(&text, (size_t)STEP_MAX * 2);
    const bool ended =
        lmtp_data_take(&lm->data, span_head(buf_span(in), STEP_MAX), &text, &used);
    buf_consume(in, used);
    if (buf_ok(&text))
        keep(lm, buf_span(&text));
    else
        lm->spool_rc = RC_LIMIT;
    if (ended)
        complete(lm);
}

static void
receive_chunk(struct lmtp_session *lm)
{
    struct buf *in = &lm->s.conn.in;
    const struct span have = buf_span(in);
    const struct span data =
        span_head(have, have.len < lm->chunk_left ? have.len : (size_t)lm->chunk_left);

    if (data.len > 0) {
        keep(lm, data);
        lm->chunk_left -= data.len;
        buf_consume(in, data.len);
    }
    if (lm->chunk_left > 0)
        return;
    if (lm->rcpt_count == 0) {
        lmtp_reply(lm, "503 5.5.1 No valid recipients");
        lmtp_reset(lm);
        return;
    }
    if (lm->chunk_last) {
        complete(lm);
        return;
    }
    lm->state = LMTP_BETWEEN_CHUNKS;
    lmtp_reply(lm, "250 2.0.0 Chunk received");
}

void
lmtp_receive(struct lmtp_session *lm)
{
    if (lm->state == LMTP_RECEIVING_DATA)
        receive_data(lm);
    else
        receive_chunk(lm);
}
