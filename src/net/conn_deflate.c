/* SPDX-License-Identifier: MIT */
/*
 * The deflate layer of a connection, by zlib; see the header.
 *
 * Sending: octets go into `deflater`, its output waits in `held`, and a flush (Z_SYNC_FLUSH)
 * ends on the boundary of an octet, so that no part of a line stays behind. Without a deflater,
 * the next octet begins a new stream, with an empty window.
 *
 *   AT REST --send--> deflater --flush--> all held --sent, conn_deflate_rest--> AT REST
 *
 * Receiving: octets from the layer below wait in `unread` until there is room for what they
 * expand to, so that a few octets that stand for very many (a bomb) never give more than was
 * asked for. zlib stops at the end of each block (Z_BLOCK), where a stream can be continued
 * later from its window and the bits that are left. What has been received since such an end is
 * remembered (`block`). If it has given nothing yet, as what peers leave that flush with
 * Z_PARTIAL_FLUSH, it is read again when the session goes on. If it has given something, zlib
 * keeps all of its state while the session is parked, and reads it again in another process.
 *
 *   AT REST --recv, past_resume--> inflater --end of a block, conn_deflate_rest--> AT REST
 *
 * Thread: the session's; no locks.
 */
#include "net/conn_deflate.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "net/conn_private.h"
#include "net/deflate_past.h"

enum {
    LEVEL = 4, /* of zlib; the lowest one whose output is at most a tenth larger than that of
                  level 6 */
    SEND_STEP = 32768,      /* compressed octets in each call that sends */
    SEND_TAKE = 262144,     /* octets of the session that one of them takes */
    HELD_MAX = 1 << 20,     /* never reached, as a flush of zlib's own memory gives 64 KiB */
    FLUSH_STEP = 4096,      /* most answers are short */
    READ_STEP_SHORT = 4096, /* the room that conn_read has for a command */
    READ_STEP_LONG = 16384, /* a whole TLS record */
    BEGUN_MAX = 16,         /* the empty block of Z_PARTIAL_FLUSH takes two */
    BLOCK_MAX =
        65535 + 16,      /* a stored block and its header; others of zlib have half of that */
    GIVEN_MAX = 1 << 20, /* of which a bomb may make more, but nobody else does */
};

/* What another process is told first. */
enum packed {
    PACKED_PLAIN,
    PACKED_COMPRESSED,
    PACKED_ENDS,            /* plain, and deflate_ends */
    PACKED_COMPRESSED_ENDS, /* deflate_ends, and the last block is not over */
    PACKED_COUNT,
};

struct conn_deflate {
    z_stream *deflater; /* owned; NULL: at rest */
    z_stream *inflater; /* owned; NULL: at rest; then past and bits say how to continue */
    struct buf held;    /* compressed and not yet sent */
    struct buf unread;  /* received and not yet inflated */
    struct buf block;   /* received since the end of the last block; failed: longer than that */
    struct deflate_past past;
    uint64_t wire_in; /* compressed octets in each direction */
    uint64_t wire_out;
    uint32_t given;   /* octets inflated from `block`; at most GIVEN_MAX + 1 */
    uint32_t fresh;   /* octets inflated since past was taken; at most ZLIB_WINDOW */
    bool unflushed;   /* the deflater was given octets since the last flush */
    bool more_inside; /* the inflater may hold octets for which there was no room */
    bool in_ended;    /* the peer has ended its stream: nothing may follow */
    bool at_flush;    /* what was given last ends where the peer has flushed or ended */
    uint8_t last;     /* the last octet that the inflater took */
    uint8_t bits; /* how many bits of the last octet are left at the end of the last block: 0 to
                     7 */
    uint8_t bits_are;
};

/* --- sending --- */

static enum rc
no_memory(struct conn *conn)
{
    conn_note_end(conn, CONN_END_MEMORY, ENOMEM, 0);
    conn_both_ended(conn);
    return RC_CLOSED;
}

/* Notes what the session must come back for. */
static void
note_holds(struct conn *conn)
{
    const struct conn_deflate *z = conn->deflate;

    conn->holds_output = z->unflushed || buf_len(&z->held) > 0;
}

static enum rc
held_send(struct conn *conn)
{
    struct conn_deflate *z = conn->deflate;
    enum rc rc = RC_OK;

    while (rc == RC_OK && buf_len(&z->held) > 0) {
        const struct span left = buf_span(&z->held);
        size_t sent = 0;
        rc = conn->write_ended ? RC_CLOSED
                               : conn_transport(conn)->send(conn, left.ptr, left.len, &sent);
        if (rc != RC_OK)
            break;
        buf_consume(&z->held, sent);
        z->wire_out += sent;
        conn->last_out_us = clock_mono_us(conn->clock);
    }
    note_holds(conn);
    return rc;
}

/* Calls zlib once, with at least room octets of `held` for its output. False: no memory. */
static bool
deflate_into_held(struct conn_deflate *z, size_t room, int flush)
{
    char *dst = buf_reserve(&z->held, room);

    if (dst == NULL)
        return false;
    z->deflater->next_out = (Bytef *)dst;
    z->deflater->avail_out = (uInt)room;
    const int result = deflate(z->deflater, flush);
    CHECK(result == Z_OK ||
          result == Z_BUF_ERROR); /* nothing that a peer sends makes it fail */
    buf_grew(&z->held, room - z->deflater->avail_out);
    return true;
}

static enum rc
layer_send(struct conn *conn, const void *src, size_t len, size_t *sent_out)
{
    struct conn_deflate *z = conn->deflate;
    const enum rc before = held_send(conn);

    if (before != RC_OK)
        return before;
    if (z->deflater == NULL)
        z->deflater = zlib_deflater_take(LEVEL);
    if (z->deflater == NULL)
        return no_memory(conn);
    const uInt step = len > SEND_TAKE ? SEND_TAKE : (uInt)len;
    z->deflater->next_in = src;
    z->deflater->avail_in = step;
    z->unflushed = true;
    do /* earlier output of zlib may need all of the room */
        if (!deflate_into_held(z, SEND_STEP, Z_NO_FLUSH))
            return no_memory(conn);
    while (z->deflater->avail_in == step);
    *sent_out = step - z->deflater->avail_in;
    return held_send(conn) == RC_CLOSED ? RC_CLOSED : RC_OK;
}

static enum rc
layer_flush(struct conn *conn)
{
    struct conn_deflate *z = conn->deflate;

    if (z->unflushed) {
        size_t room = FLUSH_STEP;
        do {
            if (!deflate_into_held(z, room, Z_SYNC_FLUSH))
                return no_memory(conn);
            room = SEND_STEP;
        } while (z->deflater->avail_out == 0);
        z->unflushed = false;
    }
    return held_send(conn);
}

/* --- receiving --- */

static enum rc
not_deflate(struct conn *conn)
{
    conn_note_end(conn, CONN_END_DEFLATE_ERROR, 0, 0);
    conn->read_ended = true; /* the peer can still be told */
    return RC_CLOSED;
}

/* Notes where zlib has stopped, after it took `taken` octets that end at next_in and gave
 * `given`. */
static void
note_place(struct conn_deflate *z, size_t taken, size_t given)
{
    enum { BITS = 7, BLOCK_END = 128 };
    const z_stream *inflater = z->inflater;

    z->fresh = z->fresh + given > ZLIB_WINDOW ? ZLIB_WINDOW : z->fresh + (uint32_t)given;
    if (taken > 0)
        z->last = inflater->next_in[-1];
    if ((inflater->data_type & BLOCK_END) != 0) {
        z->bits = inflater->data_type & BITS;
        z->bits_are = (uint8_t)(z->last >> (8 - z->bits));
        z->given = 0;
        buf_clear(&z->block);
        return;
    }
    z->given = given > GIVEN_MAX - z->given ? GIVEN_MAX + 1 : z->given + (uint32_t)given;
    if (taken > 0)
        buf_put(&z->block, inflater->next_in - taken, taken);
}

/* Whether the peer has stopped where a stream may not end, as far as it has been inflated. */
static bool
is_in_block(const struct conn_deflate *z)
{
    return !z->in_ended &&
           (z->given > 0 || !buf_ok(&z->block) || buf_len(&z->block) > BEGUN_MAX);
}

/* Whether zlib is at the end of a block that is the end of an octet too, as after a flush. */
static bool
is_at_flush(const z_stream *inflater)
{
    enum { BITS = 7, BLOCK_END = 128 };

    return (inflater->data_type & BLOCK_END) != 0 && (inflater->data_type & BITS) == 0;
}

/* Inflates unread octets to at most cap octets at dst, but none that come after a flush. */
static enum rc
inflate_some(struct conn *conn, void *dst, size_t cap, size_t *got_out)
{
    enum { LAST_BLOCK = 64 };
    struct conn_deflate *z = conn->deflate;
    z_stream *inflater = z->inflater;
    const struct span unread = buf_span(&z->unread);
    int result = Z_OK;

    inflater->next_in = (const Bytef *)unread.ptr;
    inflater->avail_in = (uInt)unread.len;
    inflater->next_out = dst;
    inflater->avail_out = (uInt)cap;
    do {
        const uInt in_before = inflater->avail_in;
        const uInt out_before = inflater->avail_out;
        result = inflate(inflater, Z_BLOCK);
        note_place(z, in_before - inflater->avail_in, out_before - inflater->avail_out);
    } while (result == Z_OK && inflater->avail_out > 0 &&
             (inflater->avail_in > 0 || (inflater->data_type & LAST_BLOCK) != 0) &&
             !(inflater->avail_out < cap && is_at_flush(inflater)));
    buf_consume(&z->unread, unread.len - inflater->avail_in);
    z->in_ended = result == Z_STREAM_END;
    const size_t got = cap - inflater->avail_out;
    z->at_flush = got > 0 && (z->in_ended || is_at_flush(inflater));
    const bool failed =
        result == Z_DATA_ERROR || result == Z_MEM_ERROR || result == Z_STREAM_ERROR;
    z->more_inside = failed || (inflater->avail_out == 0 && !z->in_ended);
    if (got > 0) {
        *got_out = got;
        return RC_OK; /* the next call tells of a failure */
    }
    if (result == Z_MEM_ERROR)
        return no_memory(conn);
    return failed ? not_deflate(conn) : RC_AGAIN;
}

/* The peer's stream stops. If it does not end where a stream may end, that is how the
 * connection ended. */
static void
note_cut(struct conn *conn)
{
    if (is_in_block(conn->deflate) &&
        (conn->end == CONN_END_FIN || conn->end == CONN_END_TLS_CLOSE ||
         conn->end == CONN_END_TLS_TRUNCATED))
        conn->end = CONN_END_DEFLATE_CUT;
}

/* Receives once from the layer below. */
static enum rc
take_in(struct conn *conn, size_t octets)
{
    struct conn_deflate *z = conn->deflate;
    char *dst = buf_reserve(&z->unread, octets);
    size_t got = 0;

    if (dst == NULL)
        return no_memory(conn);
    const enum rc rc = conn_transport(conn)->recv(conn, dst, octets, &got);
    if (rc == RC_CLOSED)
        note_cut(conn);
    if (rc != RC_OK)
        return rc;
    buf_grew(&z->unread, got);
    z->wire_in += got;
    return RC_OK;
}

/*
 * Reads what has come of the block once more, until it has given as much as before, so that
 * zlib knows again where it is. If the text before the block is no longer all there, other
 * octets come out; but how many does not depend on what they are. Afterwards the window gets
 * what was in it, which a raw stream allows at any time (zlib.h, inflateSetDictionary).
 */
static enum rc
block_again(struct conn *conn)
{
    struct conn_deflate *z = conn->deflate;
    const struct span block = buf_span(&z->block);
    size_t left = z->given;
    size_t gave = 0;
    Bytef given[4096];

    z->inflater->next_in = (const Bytef *)block.ptr;
    z->inflater->avail_in = (uInt)block.len;
    do {
        const size_t room = left < sizeof given ? left : sizeof given;
        z->inflater->next_out = given;
        z->inflater->avail_out = room == 0 ? 1 : (uInt)room;
        (void)inflate(z->inflater, Z_BLOCK);
        gave = (size_t)(z->inflater->next_out - given);
        if (gave > left || (gave == 0 && left > 0))
            return not_deflate(conn); /* of another process, and not what it had read */
        left -= gave;
    } while (left > 0);
    if (z->inflater->avail_in > 0)
        return not_deflate(conn);
    if (z->given > 0 && deflate_past_restore(&z->past, z->inflater) != RC_OK)
        return no_memory(conn);
    return RC_OK;
}

/* Continues where it rested. */
static enum rc
inflater_wake(struct conn *conn)
{
    struct conn_deflate *z = conn->deflate;

    if (z->inflater != NULL)
        return RC_OK;
    const enum rc rc = deflate_past_resume(&z->past, z->given, &z->inflater);
    if (rc == RC_INVALID) /* of another process */
        return not_deflate(conn);
    if (rc != RC_OK || inflatePrime(z->inflater, z->bits, z->bits_are) != Z_OK)
        return no_memory(conn);
    z->fresh = 0;
    return buf_len(&z->block) == 0 ? RC_OK : block_again(conn);
}

static enum rc
unread_inflate(struct conn *conn, void *dst, size_t cap, size_t *got_out)
{
    if (conn->deflate->in_ended)
        return not_deflate(conn);
    const enum rc rc = inflater_wake(conn);
    return rc == RC_OK ? inflate_some(conn, dst, cap, got_out) : rc;
}

static enum rc
layer_recv(struct conn *conn, void *dst, size_t cap, size_t *got_out)
{
    struct conn_deflate *z = conn->deflate;
    const bool left = buf_len(&z->unread) > 0 || z->more_inside;
    enum rc rc = left ? unread_inflate(conn, dst, cap, got_out) : RC_AGAIN;

    /* What was left may be no more than the end of a flush. */
    if (rc != RC_AGAIN || buf_len(&z->unread) > 0)
        return rc;
    rc = take_in(conn, cap > READ_STEP_SHORT ? READ_STEP_LONG : READ_STEP_SHORT);
    return rc == RC_OK ? unread_inflate(conn, dst, cap, got_out) : rc;
}

static bool
layer_has_unread(const struct conn *conn)
{
    const struct conn_deflate *z = conn->deflate;

    return buf_len(&z->unread) > 0 || z->more_inside || conn_transport(conn)->has_unread(conn);
}

const struct conn_layer conn_deflate = {
    .recv = layer_recv,
    .send = layer_send,
    .flush = layer_flush,
    .has_unread = layer_has_unread,
};

/* --- life --- */

static struct conn_deflate *
deflate_new(const struct conn *conn)
{
    struct conn_deflate *z = calloc(1, sizeof *z);
    const size_t in_max = conn->in.max;

    if (z == NULL)
        return NULL;
    buf_init(&z->held, HELD_MAX);
    buf_init(&z->block, BLOCK_MAX);
    buf_init(&z->unread, in_max < READ_STEP_LONG ? READ_STEP_LONG : in_max);
    return z;
}

enum rc
conn_deflate_begin(struct conn *conn)
{
    CHECK(conn->deflate == NULL);
    if (buf_len(&conn->out) > 0)
        return RC_AGAIN;
    struct conn_deflate *z = deflate_new(conn);
    if (z == NULL)
        return RC_LIMIT;
    const struct span early = buf_span(&conn->in);
    buf_put_span(&z->unread, early);
    if (!buf_ok(&z->unread)) {
        buf_done(&z->unread);
        free(z);
        return RC_LIMIT;
    }
    z->wire_in = early.len;
    conn->octets_in -= early.len;
    buf_consume(&conn->in, early.len);
    conn->deflate = z;
    return RC_OK;
}

/* Inflates the rest of the block that had the last command. It must contain no more text.
 * False: it does, or it is damaged. */
static bool
block_pass(struct conn *conn, struct span *octets)
{
    enum { BLOCK_END = 128 };
    Bytef text[1];

    if (inflater_wake(conn) != RC_OK)
        return false;
    z_stream *inflater = conn->deflate->inflater;
    inflater->next_in = (const Bytef *)octets->ptr;
    inflater->avail_in = (uInt)octets->len;
    inflater->next_out = text;
    inflater->avail_out = sizeof text;
    const int result = inflate(inflater, Z_BLOCK);
    const size_t taken = octets->len - inflater->avail_in;
    note_place(conn->deflate, taken, 0);
    *octets = span_tail(*octets, taken);
    if (inflater->avail_out == 0 ||
        (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR))
        return false;
    if (result == Z_STREAM_END || (inflater->data_type & BLOCK_END) != 0)
        conn_deflate_end(conn);
    return true;
}

/* Passes over empty blocks, which say nothing but that the peer has flushed or ended. They may
 * come in parts, and the first one may have begun in an octet that the inflater took, but they
 * consist of these octets, and no command begins with one of them:
 *
 *   00 00 00 ff ff   a stored block (RFC 1951 section 3.2.4)
 *   01 00 00 ff ff   the same, the last of its stream
 *   03 00            the last one, with fixed codes (section 3.2.6)
 */
static struct span
end_skip(struct conn *conn, struct span octets)
{
    static const char of_empty_blocks[] = {'\0', '\1', '\3', '\xff'};

    while (octets.len > 0 &&
           memchr(of_empty_blocks, octets.ptr[0], sizeof of_empty_blocks) != NULL)
        octets = span_tail(octets, 1);
    conn->deflate_ends = octets.len == 0;
    return octets;
}

size_t
conn_deflate_pass_end(struct conn *conn, char *dst, size_t len)
{
    struct span plain = span_of(dst, len);

    if (conn->deflate != NULL && !block_pass(conn, &plain)) {
        (void)not_deflate(conn);
        return 0;
    }
    plain = end_skip(conn, plain);
    memmove(dst, plain.ptr, plain.len);
    return plain.len;
}

/* What is left may be text for which there was no room, or just the end of the block. */
static enum rc
stop_in_block(struct conn *conn)
{
    struct conn_deflate *z = conn->deflate;
    char none[1];
    AUTO_BUF left = {0};

    conn->deflate_ends = true;
    buf_init(&left, buf_len(&z->unread) + 1);
    buf_put_span(&left, buf_span(&z->unread));
    if (!buf_ok(&left))
        return RC_LIMIT;
    buf_clear(&z->unread);
    const size_t len = buf_len(&left);
    char *const octets = len > 0 ? left.data + left.head : none;
    const size_t plain = conn_deflate_pass_end(conn, octets, len);
    buf_put_span(&conn->in, span_of(octets, plain));
    conn->octets_in += plain;
    return buf_ok(&conn->in) ? RC_OK : RC_LIMIT;
}

enum rc
conn_deflate_stop(struct conn *conn)
{
    struct conn_deflate *z = conn->deflate;

    if (z == NULL)
        return RC_OK;
    CHECK(!conn->holds_output);
    if (is_in_block(z))
        return stop_in_block(conn);
    const struct span plain = end_skip(conn, buf_span(&z->unread));
    buf_put_span(&conn->in, plain);
    conn->octets_in += plain.len;
    conn_deflate_end(conn);
    return buf_ok(&conn->in) ? RC_OK : RC_LIMIT;
}

bool
conn_deflate_at_flush(const struct conn *conn)
{
    return conn->deflate != NULL && conn->deflate->at_flush;
}

/* Keeps of the inflater what is needed to continue. */
static void
inflater_end(struct conn_deflate *z)
{
    if (!deflate_past_keep(&z->past, z->inflater, z->fresh))
        return; /* no memory now, so it stays as it is */
    zlib_inflater_give(z->inflater);
    z->inflater = NULL;
    z->fresh = 0;
}

void
conn_deflate_rest(struct conn *conn)
{
    struct conn_deflate *z = conn->deflate;

    if (z == NULL)
        return;
    if (!conn->holds_output) {
        zlib_deflater_give(z->deflater);
        z->deflater = NULL;
        buf_release_if_empty(&z->held);
    }
    buf_release_if_empty(&z->unread);
    buf_release_if_empty(&z->block);
    /* Or it is needed again at once, or more would have to be kept. */
    if (z->inflater != NULL && buf_len(&z->unread) == 0 && !z->more_inside && !is_in_block(z))
        inflater_end(z);
}

void
conn_deflate_end(struct conn *conn)
{
    struct conn_deflate *z = conn->deflate;

    if (z == NULL)
        return;
    zlib_deflater_give(z->deflater);
    zlib_inflater_give(z->inflater);
    deflate_past_done(&z->past);
    buf_done(&z->held);
    buf_done(&z->unread);
    buf_done(&z->block);
    free(z);
    conn->deflate = NULL;
    conn->holds_output = false;
}

void
conn_deflate_evidence(const struct conn *conn, struct conn_evidence *evidence_out)
{
    const struct conn_deflate *z = conn->deflate;

    if (!conn_is_compressed(conn))
        return;
    evidence_out->deflate = true;
    evidence_out->wire_in = z->wire_in;
    evidence_out->wire_out = z->wire_out;
    evidence_out->unsent_octets += buf_len(&z->held);
}

/* --- from one process to another --- */

static enum packed
packed_as(const struct conn *conn)
{
    if (conn->deflate == NULL)
        return conn->deflate_ends ? PACKED_ENDS : PACKED_PLAIN;
    return conn->deflate_ends ? PACKED_COMPRESSED_ENDS : PACKED_COMPRESSED;
}

bool
conn_deflate_pack(struct conn *conn, struct buf *out)
{
    struct conn_deflate *z = conn->deflate;

    pack_u8(out, (uint8_t)packed_as(conn));
    if (z == NULL)
        return true;
    conn_deflate_rest(conn);
    if (z->inflater != NULL && buf_ok(&z->block) && z->given <= GIVEN_MAX)
        inflater_end(z);
    if (z->deflater != NULL || z->inflater != NULL)
        return false;
    pack_u64(out, z->wire_in);
    pack_u64(out, z->wire_out);
    pack_u8(out, z->in_ended);
    pack_u8(out, z->bits);
    pack_u8(out, z->bits_are);
    pack_u8(out, z->last);
    pack_u8(out, z->more_inside);
    pack_u32(out, z->given);
    pack_span(out, buf_span(&z->block));
    pack_u32(out, z->past.recent);
    pack_span(out, deflate_past_span(&z->past));
    pack_span(out, buf_span(&z->unread));
    return true;
}

bool
conn_deflate_unpack(struct conn *conn, struct unpack *in)
{
    const enum packed packed = unpack_u8(in);
    in->failed |= packed >= PACKED_COUNT;
    conn->deflate_ends = packed == PACKED_ENDS || packed == PACKED_COMPRESSED_ENDS;
    if (in->failed || packed == PACKED_PLAIN || packed == PACKED_ENDS)
        return !in->failed;
    struct conn_deflate *z = deflate_new(conn);
    if (z == NULL)
        return false;
    conn->deflate = z; /* conn_close frees it in any case */
    z->wire_in = unpack_u64(in);
    z->wire_out = unpack_u64(in);
    z->in_ended = unpack_bool(in);
    z->bits = unpack_u8(in);
    z->bits_are = unpack_u8(in);
    z->last = unpack_u8(in);
    z->more_inside = unpack_bool(in);
    z->given = unpack_u32(in, GIVEN_MAX);
    buf_put_span(&z->block, unpack_span(in, BLOCK_MAX));
    const uint32_t recent = unpack_u32(in, PAST_RECENT_MAX);
    const struct span past = unpack_span(in, PAST_MAX + PAST_RECENT_MAX);
    buf_put_span(&z->unread, unpack_span(in, z->unread.max));
    if (in->failed || !buf_ok(&z->unread) || !buf_ok(&z->block) || z->bits > 7 ||
        z->bits_are >> z->bits != 0)
        return false;
    return deflate_past_set(&z->past, past, recent);
}
