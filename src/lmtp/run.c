/* SPDX-License-Identifier: MIT */
/*
 * The LMTP dialogue (RFC 2033): lines in, replies out, with pipelining (RFC 2920). Every reply
 * has an enhanced status code (RFC 2034). Receiving and delivering are in files of their own.
 */
#include "lmtp/lmtp_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session/handover.h"
#include "session/table.h"

enum { INPUT_MAX = 65536, BAD_COMMANDS_MAX = 20 };

static void
bad(struct lmtp_session *lm, const char *reply)
{
    lm->s.counts.bad_commands++;
    log_put(&lm->s.log, LOG_E_BAD_COMMAND, "%s", reply);
    lmtp_reply(lm, "%s", reply);
    if (++lm->bad_commands >= BAD_COMMANDS_MAX)
        session_end(&lm->s, END_BAD_COMMANDS, NULL);
}

/* ---- commands ---- */

static void
do_lhlo(struct lmtp_session *lm, const struct lmtp_cmd *cmd)
{
    const struct settings *settings = env_settings(lm->s.env);
    struct buf *out = &lm->s.conn.out;

    lmtp_reset(lm);
    lm->state = LMTP_READY;
    snprintf(lm->client_name, sizeof lm->client_name, "%.*s", SPAN_FMT(cmd->text));
    for (char *c = lm->client_name; *c != '\0'; c++)
        if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f || strchr("()<>\\\"", *c))
            *c = '?'; /* the name goes into a header line */
    buf_printf(out,
               "250-%s\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n"
               "250-CHUNKING\r\n250-SMTPUTF8\r\n250 SIZE %ju\r\n",
               settings->hostname, (uintmax_t)settings->append_octets);
}

static void
do_mail(struct lmtp_session *lm, const struct lmtp_cmd *cmd)
{
    if (lm->state == LMTP_GREETED) {
        bad(lm, "503 5.5.1 LHLO first");
        return;
    }
    if (lm->state != LMTP_READY) {
        bad(lm, "503 5.5.1 A transaction is under way");
        return;
    }
    if (cmd->size > env_settings(lm->s.env)->append_octets) {
        lmtp_reply(lm, "552 5.3.4 Message size exceeds the limit");
        return;
    }
    lm->sender = arena_span(&lm->arena, cmd->path);
    if (lm->sender.ptr == NULL) {
        lmtp_reply(lm, "452 4.3.1 Out of memory");
        return;
    }
    lm->utf8 = cmd->utf8;
    lm->state = LMTP_IN_MAIL;
    lmtp_reply(lm, "250 2.1.0 Sender OK");
}

static void
do_data(struct lmtp_session *lm)
{
    if (lm->state != LMTP_IN_MAIL) {
        bad(lm, "503 5.5.1 MAIL first");
        return;
    }
    if (lm->rcpt_count == 0) {
        lmtp_reply(lm, "503 5.5.1 No valid recipients"); /* RFC 2033 section 4.2 */
        return;
    }
    lmtp_receive_begin(lm);
    lm->state = LMTP_RECEIVING_DATA;
    lmtp_reply(lm, "354 Go ahead, end with a dot");
}

static void
do_bdat(struct lmtp_session *lm, const struct lmtp_cmd *cmd)
{
    if (lm->state == LMTP_IN_MAIL && lm->rcpt_count > 0) {
        lmtp_receive_begin(lm);
    } else if (lm->state != LMTP_BETWEEN_CHUNKS) {
        /* The octets arrive anyway (RFC 3030 section 2), so they must be read. */
        lmtp_reset(lm);
        lm->rcpt_count = 0;
    }
    lm->chunk_left = cmd->chunk_octets;
    lm->chunk_last = cmd->chunk_last;
    lm->state = LMTP_RECEIVING_CHUNK;
}

static void
command_run(struct lmtp_session *lm, const struct lmtp_cmd *cmd)
{
    if (lm->state == LMTP_BETWEEN_CHUNKS &&
        (cmd->verb == LMTP_MAIL || cmd->verb == LMTP_RCPT || cmd->verb == LMTP_DATA)) {
        bad(lm, "503 5.5.1 BDAT or RSET");
        return;
    }
    switch (cmd->verb) {
    case LMTP_LHLO:
        do_lhlo(lm, cmd);
        break;
    case LMTP_MAIL:
        do_mail(lm, cmd);
        break;
    case LMTP_RCPT:
        if (lm->state == LMTP_IN_MAIL)
            lmtp_rcpt_add(lm, cmd->path);
        else
            bad(lm, "503 5.5.1 MAIL first");
        break;
    case LMTP_DATA:
        do_data(lm);
        break;
    case LMTP_BDAT:
        do_bdat(lm, cmd);
        break;
    case LMTP_RSET:
        lmtp_reset(lm);
        lmtp_reply(lm, "250 2.0.0 Reset");
        break;
    case LMTP_NOOP:
        lmtp_reply(lm, "250 2.0.0 OK");
        break;
    case LMTP_VRFY:
        lmtp_reply(lm, "252 2.1.5 Try RCPT");
        break;
    case LMTP_QUIT:
        session_end(&lm->s, END_QUIT, NULL);
        break;
    case LMTP_HELO:
        bad(lm, "500 5.5.1 This is LMTP: say LHLO");
        break;
    case LMTP_UNKNOWN:
        bad(lm, "500 5.5.1 Command not known");
        break;
    }
}

static void
line_run(struct lmtp_session *lm, struct span line)
{
    const char *why = "Syntax error";
    struct lmtp_cmd cmd;
    char reply[200];

    log_line_in(&lm->s.log, LINE_COMMAND, line);
    lm->s.counts.commands++;
    const enum rc rc = lmtp_parse(line, &cmd, &why);
    if (rc == RC_OK) {
        command_run(lm, &cmd);
        return;
    }
    snprintf(reply, sizeof reply, "%s %s", rc == RC_UNSUPPORTED ? "555 5.5.4" : "501 5.5.4",
             why);
    bad(lm, reply);
    /* Its chunk follows at once (RFC 3030 section 2), and its end is unknown, so mail would be
     * read as commands. */
    if (cmd.verb == LMTP_BDAT)
        session_end(&lm->s, END_BAD_COMMANDS, "a BDAT that does not say how much comes");
}

/* ---- the loop ---- */

/* Discards what has arrived of a line that is too long, up to a bound. */
static void
line_pass(struct lmtp_session *lm, size_t octets)
{
    lm->passed_octets += octets;
    buf_consume(&lm->s.conn.in, octets);
    if (lm->passed_octets <= LIMIT_LMTP_LINE_PASSED)
        return;
    bad(lm, "500 5.5.6 Line too long");
    session_end(&lm->s, END_LINE_TOO_LONG, "over %u octets", LIMIT_LMTP_LINE_PASSED);
}

/* Takes a line from the input. False: there is no complete line yet. */
static bool
line_take(struct lmtp_session *lm)
{
    struct buf *in = &lm->s.conn.in;
    const struct span have = buf_span(in);
    const ptrdiff_t end = span_find_char(have, '\n');

    if (end < 0) {
        if (have.len > LIMIT_LMTP_LINE || lm->passed_octets > 0)
            line_pass(lm, have.len);
        return false;
    }
    if (lm->passed_octets > 0 || end > (ptrdiff_t)LIMIT_LMTP_LINE) {
        lm->passed_octets = 0;
        bad(lm, "500 5.5.6 Line too long");
    } else {
        struct span line = span_head(have, (size_t)end);
        if (line.len > 0 && line.ptr[line.len - 1] == '\r')
            line.len--;
        line_run(lm, line);
    }
    buf_consume(in, (size_t)end + 1);
    return true;
}

static enum end_moment
moment_of(const struct lmtp_session *lm)
{
    switch (lm->state) {
    case LMTP_RECEIVING_DATA:
    case LMTP_RECEIVING_CHUNK:
    case LMTP_BETWEEN_CHUNKS:
        return MOMENT_IN_LITERAL;
    case LMTP_DELIVERING:
        return MOMENT_IN_REPLY;
    case LMTP_IN_MAIL:
        return MOMENT_IN_COMMAND;
    case LMTP_GREETED:
    case LMTP_READY:
        break;
    }
    return MOMENT_BETWEEN;
}

static void
flush(struct lmtp_session *lm)
{
    const enum rc rc = session_flush(&lm->s);

    if (rc == RC_LIMIT)
        session_end(&lm->s, END_LIMIT_MEMORY, "replies");
    else if (rc == RC_CLOSED)
        session_end_by_peer(&lm->s, moment_of(lm));
}

/*
 * A round of deliveries. Replies are sent as deliveries end, at the end of a slice and before
 * any wait. A peer that does not read them does not delay the deliveries, because there are at
 * most LIMIT_LMTP_RECIPIENTS replies. If the peer is gone, no further deliveries are made,
 * because it could not learn of them and would send the message again.
 */
static enum lmtp_go
delivering_go(struct lmtp_session *lm, enum task_next *next_out)
{
    if (slice_spent()) {
        flush(lm);
        return LMTP_GO_PARK;
    }
    if (lmtp_deliver(lm, next_out) == LMTP_GO_ON)
        return LMTP_GO_ON;
    flush(lm);
    return LMTP_GO_PARK;
}

/* One round. LMTP_GO_PARK: park for *next_out. */
static enum lmtp_go
round_go(struct lmtp_session *lm, enum task_next *next_out)
{
    *next_out = TASK_YIELD;
    if (lm->state == LMTP_DELIVERING)
        return delivering_go(lm, next_out);
    if (slice_spent() ||
        (session_is_asked(&lm->s) && lm->state <= LMTP_READY && lm->passed_octets == 0)) {
        flush(lm);
        *next_out = conn_wants_write(&lm->s.conn) ? TASK_PARK_OUTPUT : TASK_YIELD;
        return LMTP_GO_PARK;
    }
    if (buf_len(&lm->s.conn.out) >= LIMIT_OUTPUT_HIGH_WATER) {
        flush(lm);
        *next_out = TASK_PARK_OUTPUT;
        return conn_wants_write(&lm->s.conn) && !session_is_ending(&lm->s) ? LMTP_GO_PARK
                                                                           : LMTP_GO_ON;
    }
    if (lm->state == LMTP_RECEIVING_DATA || lm->state == LMTP_RECEIVING_CHUNK) {
        if (buf_len(&lm->s.conn.in) > 0 || lm->state == LMTP_RECEIVING_CHUNK) {
            const uint64_t before = lm->chunk_left;
            const enum lmtp_state state = lm->state;
            lmtp_receive(lm);
            if (lm->state != state || lm->chunk_left != before || state == LMTP_RECEIVING_DATA)
                return LMTP_GO_ON;
        }
    } else if (line_take(lm)) {
        return LMTP_GO_ON;
    }
    switch (conn_read(&lm->s.conn)) {
    case RC_OK:
        return LMTP_GO_ON;
    case RC_AGAIN:
        flush(lm);
        if (lm->state >= LMTP_RECEIVING_DATA || buf_len(&lm->s.conn.in) > 0)
            conn_ack_now(&lm->s.conn); /* a message or a line is under way */
        *next_out = conn_park(&lm->s.conn);
        return LMTP_GO_PARK;
    default:
        flush(lm);
        session_end_by_peer(&lm->s, moment_of(lm));
        return LMTP_GO_ON;
    }
}

/* When a silent client is disconnected. Never while the client waits for the server. */
static int64_t
deadline_us(const struct lmtp_session *lm)
{
    const int64_t timeout_s = env_settings(lm->s.env)->lmtp_timeout_s;

    return lm->state == LMTP_DELIVERING ? INT64_MAX
                                        : lm->s.conn.last_in_us + timeout_s * 1000000;
}

static enum task_next
lmtp_run(struct session *session, uint32_t why)
{
    struct lmtp_session *lm = lmtp_of(session);
    enum task_next next = TASK_PARK_WAKE;

    (void)why;
    if (session_now_us(session) >= deadline_us(lm))
        session_end(session, END_INACTIVITY, "[limits] lmtp_timeout");
    if (conn_wants_write(&session->conn))
        flush(lm);
    while (!session_is_ending(session))
        if (round_go(lm, &next) == LMTP_GO_PARK)
            break;
    session->deadline_us = deadline_us(lm);
    session_state_set(session, lm->state <= LMTP_READY ? SESSION_CONNECTED : SESSION_COMMAND);
    return next;
}

/* ---- beginning and end ---- */

static void
parts_init(struct lmtp_session *lm)
{
    arena_init(&lm->arena, LIMIT_CMD_ARENA);
    arena_init(&lm->delivery_arena, INGEST_ARENA);
    spool_init(&lm->spool, &lm->s.env->delivery_spool, 0);
}

static void
lmtp_opened(struct session *session)
{
    struct lmtp_session *lm = lmtp_of(session);

    parts_init(lm);
    if (!session_is_ending(session))
        lmtp_reply(lm, "220 %s LMTP Roost", env_settings(session->env)->hostname);
}

static void
lmtp_goodbye(struct session *session)
{
    const struct end_reason_info *info = end_reason_info(session->reason);
    const char *words = session->end_words != NULL ? session->end_words : info->bye;

    if (info->bye[0] == '\0' || info->status[0] == '\0')
        return;
    lmtp_reply(lmtp_of(session), "%s %s %s", session->reason == END_QUIT ? "221" : "421",
               info->status, words);
}

static bool
lmtp_release(struct session *session)
{
    struct lmtp_session *lm = lmtp_of(session);

    if (!lmtp_deliver_abandon(lm))
        return false;
    lmtp_reset(lm);
    arena_done(&lm->arena);
    arena_done(&lm->delivery_arena);
    return true;
}

/* ---- handover: between transactions there is next to nothing to pack ---- */

static bool
lmtp_at_rest(const struct session *session)
{
    const struct lmtp_session *lm = CONTAINER_OF(session, struct lmtp_session, s);

    return lm->state <= LMTP_READY && lm->passed_octets == 0;
}

static bool
lmtp_pack(struct session *session, struct buf *out)
{
    const struct lmtp_session *lm = lmtp_of(session);

    pack_u8(out, lm->state == LMTP_READY);
    pack_u32(out, lm->bad_commands);
    pack_span(out, span_of_str(lm->client_name));
    pack_span(out, buf_span(&session->conn.in));
    return true;
}

static bool
lmtp_unpack(struct session *session, struct unpack *in)
{
    struct lmtp_session *lm = lmtp_of(session);

    parts_init(lm);
    lm->state = unpack_bool(in) ? LMTP_READY : LMTP_GREETED;
    lm->bad_commands = unpack_u32(in, BAD_COMMANDS_MAX);
    const struct span name = unpack_text(in, sizeof lm->client_name - 1);
    memcpy(lm->client_name, name.ptr, name.len);
    buf_put_span(&session->conn.in, unpack_span(in, session->conn.in.max));
    session_state_set(session, SESSION_CONNECTED);
    return !in->failed && buf_ok(&session->conn.in);
}

static void
lmtp_describe(const struct session *session, struct end_record *record)
{
    (void)session;
    record->evidence.state =
        STATE_LOGGED_IN; /* LMTP has no login: any client that can connect may deliver */
}

const struct front_door lmtp_door = {
    .service = LOG_LMTP,
    .session_octets = sizeof(struct lmtp_session),
    .in_max = INPUT_MAX,
    .opened = lmtp_opened,
    .run = lmtp_run,
    .goodbye = lmtp_goodbye,
    .release = lmtp_release,
    .at_rest = lmtp_at_rest,
    .pack = lmtp_pack,
    .unpack = lmtp_unpack,
    .describe = lmtp_describe,
};
