/* SPDX-License-Identifier: MIT */
/*
 * COMPRESS=DEFLATE under a connection, against zlib: each way a client may flush, octets that
 * come one by one or cut anywhere, parking and hand-over at each point, bombs, what is damaged
 * or breaks off, TLS below, memory that runs out, and what a parked connection keeps.
 */
#include "net/conn_deflate.h"

#include "support/cm.h"
#include "support/each_alloc.h"

#include "net/deflate_past.h"
#include "tls_link.h"

enum { IN_MAX = 65536, TEXT = 150000 };

/* The client's side, and the network between. */
struct peer {
    z_stream deflater;
    z_stream inflater;
    struct buf to_server; /* on its way */
    struct buf heard;     /* what the server has said, inflated */
    size_t wire;          /* compressed octets of that */
    size_t drip;          /* octets at most for each call; 0: all */
    unsigned blocked;     /* calls of send that take nothing */
    bool closed;
};

static ssize_t
peer_recv(struct conn *conn, void *dst, size_t cap)
{
    struct peer *peer = conn->io_ctx;
    size_t len = buf_len(&peer->to_server);

    if (len == 0 && peer->closed)
        return 0;
    if (len == 0) {
        errno = EAGAIN;
        return -1;
    }
    len = len < cap ? len : cap;
    len = peer->drip != 0 && len > peer->drip ? peer->drip : len;
    memcpy(dst, buf_span(&peer->to_server).ptr, len);
    buf_consume(&peer->to_server, len);
    return (ssize_t)len;
}

static ssize_t
peer_send(struct conn *conn, const void *src, size_t len)
{
    struct peer *peer = conn->io_ctx;

    if (peer->blocked > 0) {
        peer->blocked--;
        errno = EAGAIN;
        return -1;
    }
    len = peer->drip != 0 && len > peer->drip ? peer->drip : len;
    peer->inflater.next_in = src;
    peer->inflater.avail_in = (uInt)len;
    while (peer->inflater.avail_in > 0) {
        char *dst = buf_reserve(&peer->heard, 65536);
        if (dst == NULL) {
            errno = ENOMEM;
            return -1;
        }
        peer->inflater.next_out = (Bytef *)dst;
        peer->inflater.avail_out = 65536;
        assert_int_equal(inflate(&peer->inflater, Z_SYNC_FLUSH), Z_OK);
        buf_grew(&peer->heard, 65536 - peer->inflater.avail_out);
    }
    peer->wire += len;
    return (ssize_t)len;
}

static const struct conn_io peer_io = {.recv = peer_recv, .send = peer_send};

static const struct conn_config peer_config = {
    .in_max = IN_MAX, .out_max = LIMIT_OUTPUT_MAX, .clock = &clock_system};

static void
peer_init(struct peer *peer, int level, int strategy)
{
    *peer = (struct peer){.drip = 0};
    assert_int_equal(deflateInit2(&peer->deflater, level, Z_DEFLATED, -15, 8, strategy), Z_OK);
    assert_int_equal(inflateInit2(&peer->inflater, -15), Z_OK);
    buf_init(&peer->to_server, 8 << 20);
    buf_init(&peer->heard, 8 << 20);
}

static void
peer_done(struct peer *peer)
{
    deflateEnd(&peer->deflater);
    inflateEnd(&peer->inflater);
    buf_done(&peer->to_server);
    buf_done(&peer->heard);
}

static void
open_compressed(struct conn *conn, struct peer *peer)
{
    assert_int_equal(conn_open_io(conn, &peer_io, peer, &peer_config), RC_OK);
    assert_int_equal(conn_deflate_begin(conn), RC_OK);
    assert_true(conn_is_compressed(conn));
}

/* Appends text, compressed, to out. */
static void
squeeze(z_stream *deflater, struct span text, int flush, struct buf *out)
{
    deflater->next_in = (const Bytef *)text.ptr;
    deflater->avail_in = (uInt)text.len;
    do {
        char *dst = buf_reserve(out, 4096);
        if (dst == NULL)
            return; /* out has failed */
        deflater->next_out = (Bytef *)dst;
        deflater->avail_out = 4096;
        assert_true(deflate(deflater, flush) != Z_STREAM_ERROR);
        buf_grew(out, 4096 - deflater->avail_out);
    } while (deflater->avail_out == 0);
}

static void
say(struct peer *peer, struct span text, int flush)
{
    squeeze(&peer->deflater, text, flush, &peer->to_server);
}

static uint32_t seed;

static uint32_t
any(uint32_t below)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

/* Commands as clients send them, with now and then octets that cannot be compressed. */
static void
make_text(struct buf *text, size_t octets)
{
    static const char *const words[] = {"UID FETCH ",   "STORE ",
                                        "1:*",          "+FLAGS (\\Seen)",
                                        "SELECT INBOX", "BODY.PEEK[HEADER.FIELDS (DATE)]"};

    buf_init(text, octets + 4096);
    for (unsigned line = 0; buf_len(text) < octets; line++) {
        buf_printf(text, "a%u ", line);
        for (uint32_t i = any(6); i > 0; i--)
            buf_put_str(text, words[any(ARRAY_LEN(words))]);
        if (any(40) == 0)
            for (uint32_t i = any(3000); i > 0; i--)
                buf_put_char(text, (char)any(256));
        buf_put_lit(text, "\r\n");
    }
    buf_truncate(text, octets);
}

/* The poller would tell at once. */
static bool
has_more(const struct conn *conn)
{
    const struct peer *peer = conn->io_ctx;

    return conn->io == &peer_io && buf_len(&peer->to_server) > 0;
}

/* Takes what has come into got, parking after each read. Returns how the last read went. */
static enum rc
listen_parked(struct conn *conn, struct buf *got)
{
    enum rc rc;
    enum task_next next;

    do {
        rc = conn_read(conn);
        buf_put_span(got, buf_span(&conn->in));
        buf_consume(&conn->in, buf_len(&conn->in));
        next = conn_park(conn);
    } while (rc == RC_OK || (rc == RC_AGAIN && (next == TASK_YIELD || has_more(conn))));
    return rc;
}

/* Hands it to another connection, but for what is in conn->in. False: it cannot be. */
static bool
move(struct conn *conn, struct peer *peer)
{
    AUTO_BUF packed = {0};
    struct conn other;

    buf_init(&packed, 4 * IN_MAX);
    if (!conn_deflate_pack(conn, &packed))
        return false;
    struct unpack in = {.rest = buf_span(&packed)};
    assert_int_equal(conn_open_io(&other, &peer_io, peer, &peer_config), RC_OK);
    assert_true(conn_deflate_unpack(&other, &in));
    assert_true(unpack_whole(&in));
    conn_close(conn, NULL);
    *conn = other;
    return true;
}

/* ---- receiving ---- */

static void
test_each_way_to_flush(void **state)
{
    static const struct {
        int level;
        int strategy;
        int flush;
    } table[] = {
        {6, Z_DEFAULT_STRATEGY, Z_SYNC_FLUSH},
        {6, Z_DEFAULT_STRATEGY, Z_FULL_FLUSH},
        {6, Z_DEFAULT_STRATEGY, Z_PARTIAL_FLUSH},
        {9, Z_DEFAULT_STRATEGY, Z_BLOCK},
        {0, Z_DEFAULT_STRATEGY, Z_SYNC_FLUSH},
        {0, Z_DEFAULT_STRATEGY, Z_PARTIAL_FLUSH},
        {1, Z_FIXED, Z_PARTIAL_FLUSH},
        {1, Z_FIXED, Z_SYNC_FLUSH},
        {1, Z_HUFFMAN_ONLY, Z_PARTIAL_FLUSH},
        {6, Z_RLE, Z_PARTIAL_FLUSH},
    };
    static const size_t drips[] = {1, 2, 3, 7, 1000, 0};
    struct buf text;

    (void)state;
    seed = 1;
    make_text(&text, TEXT);
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        for (size_t d = 0; d < ARRAY_LEN(drips); d++) {
            struct peer peer;
            struct conn conn;
            AUTO_BUF got = {0};
            struct span left = buf_span(&text);
            if (drips[d] != 0) /* what makes the difference comes early */
                left.len /= drips[d] == 1 ? 8 : 4;
            const struct span whole = left;
            buf_init(&got, TEXT + IN_MAX);
            peer_init(&peer, table[i].level, table[i].strategy);
            open_compressed(&conn, &peer);
            peer.drip = drips[d];
            while (left.len > 0) {
                const struct span piece = span_head(left, 1 + any(900));
                left = span_tail(left, piece.len);
                say(&peer, piece, table[i].flush);
                assert_int_equal(listen_parked(&conn, &got), RC_AGAIN);
            }
            say(&peer, SPAN(""), Z_SYNC_FLUSH); /* what Z_BLOCK has kept */
            assert_int_equal(listen_parked(&conn, &got), RC_AGAIN);
            assert_int_equal(buf_len(&got), whole.len);
            assert_memory_equal(buf_span(&got).ptr, whole.ptr, whole.len);
            assert_int_equal(conn.octets_in, whole.len);
            conn_close(&conn, NULL);
            peer_done(&peer);
        }
    }
    buf_done(&text);
}

/* A stream is cut at each of its octets, parked there, and handed to another connection if that
 * can be; at most points it can. */
static void
test_parks_and_moves_at_each_octet(void **state)
{
    static const int flushes[] = {Z_SYNC_FLUSH, Z_PARTIAL_FLUSH, Z_FULL_FLUSH};
    struct buf text;

    (void)state;
    seed = 2;
    make_text(&text, 8000);
    for (size_t f = 0; f < ARRAY_LEN(flushes); f++) {
        struct peer peer;
        struct conn conn;
        AUTO_BUF got = {0};
        AUTO_BUF stream = {0};
        buf_init(&got, TEXT);
        buf_init(&stream, TEXT);
        peer_init(&peer, 6, Z_DEFAULT_STRATEGY);
        open_compressed(&conn, &peer);
        for (struct span left = buf_span(&text); left.len > 0;) {
            const struct span piece = span_head(left, 1 + any(90));
            left = span_tail(left, piece.len);
            squeeze(&peer.deflater, piece, flushes[f], &stream);
            for (; buf_len(&stream) > 0; buf_consume(&stream, 1)) {
                buf_put_span(&peer.to_server, span_head(buf_span(&stream), 1));
                assert_int_equal(listen_parked(&conn, &got), RC_AGAIN);
                assert_true(move(&conn, &peer));
            }
        }
        assert_int_equal(buf_len(&got), buf_len(&text));
        assert_memory_equal(buf_span(&got).ptr, buf_span(&text).ptr, buf_len(&text));
        conn_close(&conn, NULL);
        peer_done(&peer);
    }
    buf_done(&text);
}

/* Blocks as long as each kind gets them, which refer to what came before, cut anywhere. */
static void
test_moves_in_long_blocks(void **state)
{
    static const struct {
        int level;
        int strategy;
    } table[] = {
        {6, Z_DEFAULT_STRATEGY}, {9, Z_DEFAULT_STRATEGY}, {1, Z_FIXED},
        {0, Z_DEFAULT_STRATEGY}, {6, Z_HUFFMAN_ONLY},     {6, Z_RLE},
    };
    struct buf text;

    (void)state;
    seed = 20;
    make_text(&text, TEXT);
    for (unsigned round = 0; round < 2 * ARRAY_LEN(table); round++) {
        struct peer peer;
        struct conn conn;
        AUTO_BUF got = {0};
        AUTO_BUF stream = {0};
        const size_t piece_max = round % 2 == 0 ? 300 : 20000;
        buf_init(&got, 5 * TEXT);
        buf_init(&stream, 5 * TEXT);
        peer_init(&peer, table[round / 2].level, table[round / 2].strategy);
        open_compressed(&conn, &peer);
        squeeze(&peer.deflater, buf_span(&text), Z_SYNC_FLUSH, &stream);
        while (buf_len(&stream) > 0) {
            const struct span piece =
                span_head(buf_span(&stream), 1 + any((uint32_t)piece_max));
            buf_put_span(&peer.to_server, piece);
            buf_consume(&stream, piece.len);
            for (enum rc rc = RC_OK; rc == RC_OK;) { /* also where there was no room for more */
                rc = conn_read(&conn);
                buf_put_span(&got, buf_span(&conn.in));
                buf_consume(&conn.in, buf_len(&conn.in));
                if (any(4) > 0)
                    assert_true(move(&conn, &peer));
            }
        }
        assert_true(span_eq(buf_span(&got), buf_span(&text)));
        conn_close(&conn, NULL);
        peer_done(&peer);
    }
    buf_done(&text);
}

/* A block of fixed codes (RFC 1951 section 3.2.6), which may be as long as it likes: count
 * times the letter x. It does not end. */
static void
long_block(struct buf *out, size_t count)
{
    enum { FIXED = 2, KIND_BITS = 3, X = 0x30 + 'x' };
    unsigned held = FIXED;
    unsigned bits = KIND_BITS;

    for (size_t i = 0; i < count; i++) {
        for (int bit = 7; bit >= 0; bit--) /* codes begin with their highest bit */
            held |= (unsigned)(X >> bit & 1) << bits++;
        buf_put_char(out, (char)(held & 0xff));
        held >>= 8;
        bits -= 8;
    }
}

static bool
moves_after(struct span stream, size_t *given_out)
{
    struct peer peer;
    struct conn conn;
    AUTO_BUF got = {0};

    buf_init(&got, 4 << 20);
    peer_init(&peer, 6, Z_DEFAULT_STRATEGY);
    open_compressed(&conn, &peer);
    buf_put_span(&peer.to_server, stream);
    assert_int_equal(listen_parked(&conn, &got), RC_AGAIN);
    *given_out = buf_len(&got);
    const bool moved = move(&conn, &peer);
    buf_put_span(&peer.to_server, stream); /* it goes on either way */
    assert_true(listen_parked(&conn, &got) != RC_OK);
    conn_close(&conn, NULL);
    peer_done(&peer);
    return moved;
}

static void
test_block_that_is_too_long_to_move(void **state)
{
    enum { BLOCK_MAX = 65535 + 16, TEXT_MAX = 1 << 20 };
    AUTO_BUF stream = {0};
    AUTO_BUF zeros = {0};
    size_t given;

    (void)state;
    buf_init(&stream, 8 << 20);
    long_block(&stream, 100 * BLOCK_MAX);
    assert_true(moves_after(span_head(buf_span(&stream), BLOCK_MAX), &given));
    assert_false(moves_after(span_head(buf_span(&stream), BLOCK_MAX + 1), &given));
    assert_false(moves_after(span_head(buf_span(&stream), 30 * BLOCK_MAX), &given));

    /* A few octets that stand for very many. */
    struct peer peer;
    buf_init(&zeros, 3 * TEXT_MAX);
    memset(buf_reserve(&zeros, 3 * TEXT_MAX), 0, 3 * TEXT_MAX);
    buf_grew(&zeros, 3 * TEXT_MAX);
    buf_clear(&stream);
    peer_init(&peer, 9, Z_DEFAULT_STRATEGY);
    squeeze(&peer.deflater, buf_span(&zeros), Z_SYNC_FLUSH, &stream);
    peer_done(&peer);
    bool moved = true;
    size_t before = 0;
    for (size_t len = 100; moved && len < buf_len(&stream); len += 64) {
        before = given;
        moved = moves_after(span_head(buf_span(&stream), len), &given);
        if (len == 100)
            assert_true(moved);
    }
    assert_false(moved);
    assert_true(before <= TEXT_MAX && given > TEXT_MAX);
}

/* Commands that came together are read one by one. What waits for its turn is moved as it
 * is. */
static void
test_what_is_not_inflated_goes_along(void **state)
{
    enum { COMMANDS = 3, FILLERS = 16 };
    static const int levels[] = {0, 1, 6};
    static const struct span command = SPAN_INIT("a NOOP0123456789abcdef");
    struct buf text;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
        for (size_t filler = 0; filler <= FILLERS; filler++) { /* it ends at other bits */
            const struct span one = span_head(command, command.len - filler);
            struct peer peer;
            struct conn conn;
            peer_init(&peer, levels[i], Z_DEFAULT_STRATEGY);
            open_compressed(&conn, &peer);
            for (unsigned n = 0; n < COMMANDS; n++)
                say(&peer, one, Z_SYNC_FLUSH);
            for (unsigned n = 0; n < COMMANDS; n++) {
                assert_int_equal(conn_read(&conn), RC_OK);
                assert_true(span_eq(buf_span(&conn.in), one));
                buf_clear(&conn.in);
                assert_true(move(&conn, &peer));
            }
            assert_int_equal(conn_read(&conn), RC_AGAIN);
            conn_close(&conn, NULL);
            peer_done(&peer);
        }
    }
    /* As much as can be waiting: the client did not wait for the OK. */
    struct peer peer;
    struct conn conn;
    AUTO_BUF stream = {0};
    AUTO_BUF got = {0};
    seed = 10;
    make_text(&text, IN_MAX * 2);
    buf_init(&stream, IN_MAX * 3);
    buf_init(&got, IN_MAX * 3);
    peer_init(&peer, 0, Z_DEFAULT_STRATEGY);
    squeeze(&peer.deflater, span_head(buf_span(&text), 1), Z_SYNC_FLUSH, &stream);
    squeeze(&peer.deflater, span_tail(buf_span(&text), 1), Z_SYNC_FLUSH, &stream);
    assert_int_equal(conn_open_io(&conn, &peer_io, &peer, &peer_config), RC_OK);
    buf_put_span(&conn.in, span_head(buf_span(&stream), IN_MAX));
    buf_put_span(&peer.to_server, span_tail(buf_span(&stream), IN_MAX));
    assert_int_equal(conn_deflate_begin(&conn), RC_OK);
    assert_int_equal(conn_read(&conn), RC_OK);
    assert_int_equal(buf_len(&conn.in), 1);
    buf_put_span(&got, buf_span(&conn.in));
    buf_clear(&conn.in);
    assert_true(move(&conn, &peer));
    assert_int_equal(listen_parked(&conn, &got), RC_AGAIN);
    assert_true(span_eq(buf_span(&got), buf_span(&text)));
    conn_close(&conn, NULL);
    peer_done(&peer);
    buf_done(&text);
}

/* ---- the end of it ---- */

/* The last command is run once it has come, whatever of the octets behind it has; the others
 * come one by one, and the connection is moved between them. */
static void
end_at(struct span stream, size_t command_len, size_t cut, struct span plain, bool moves)
{
    struct peer peer;
    struct conn conn;

    peer_init(&peer, 6, Z_DEFAULT_STRATEGY);
    open_compressed(&conn, &peer);
    buf_put_span(&peer.to_server, span_head(stream, cut));
    assert_int_equal(conn_read(&conn), RC_OK);
    assert_int_equal(buf_len(&conn.in), command_len);
    buf_clear(&conn.in);
    assert_int_equal(conn_deflate_stop(&conn), RC_OK);
    assert_false(conn_is_compressed(&conn));
    buf_put_span(&peer.to_server, span_tail(stream, cut));
    peer.drip = moves ? 1 : 0;
    while (buf_len(&peer.to_server) > 0) {
        if (moves && buf_len(&conn.in) == 0)
            assert_true(move(&conn, &peer));
        assert_true(conn_read(&conn) == RC_OK || buf_len(&conn.in) == 0);
    }
    assert_true(span_eq(buf_span(&conn.in), plain));
    if (!moves)
        assert_int_equal(conn.octets_in, command_len + plain.len);
    conn_close(&conn, NULL);
    peer_done(&peer);
}

/* How many octets of the stream the command takes. */
static size_t
first_cut(struct span stream, size_t command_len)
{
    for (size_t cut = 1; cut <= stream.len; cut++) {
        char text[64];
        z_stream inflater = {.next_in = (const Bytef *)stream.ptr,
                             .avail_in = (uInt)cut,
                             .next_out = (Bytef *)text,
                             .avail_out = sizeof text};
        assert_int_equal(inflateInit2(&inflater, -15), Z_OK);
        (void)inflate(&inflater, Z_SYNC_FLUSH);
        const size_t got = sizeof text - inflater.avail_out;
        inflateEnd(&inflater);
        if (got == command_len)
            return cut;
    }
    fail();
    return 0;
}

static void
test_the_end_of_a_stream_comes_later(void **state)
{
    enum { FILLERS = 16 };
    static const struct span ends[] = {
        SPAN_INIT(""),
        SPAN_INIT("\3\0"),
        SPAN_INIT("\1\0\0\xff\xff"),
        SPAN_INIT("\0\0\0\xff\xff\0\0\0\xff\xff\3\0"),
    };
    static const struct span command = SPAN_INIT("y UNAUTHENTICATE0123456789abcdef");
    static const struct span plain = SPAN_INIT("z \3\0\1\xff\r\n"); /* all of that is kept */

    unsigned in_block = 0;

    (void)state;
    for (size_t i = 0; i <= ARRAY_LEN(ends); i++) {
        for (size_t filler = 0; filler <= FILLERS; filler++) { /* it ends at other bits */
            const struct span one = span_head(command, command.len - filler);
            AUTO_BUF stream = {0};
            struct peer peer;
            buf_init(&stream, 4096);
            peer_init(&peer, 6, Z_DEFAULT_STRATEGY);
            const bool finish = i == ARRAY_LEN(ends);
            squeeze(&peer.deflater, one, finish ? Z_FINISH : Z_SYNC_FLUSH, &stream);
            peer_done(&peer);
            const size_t first = first_cut(buf_span(&stream), one.len);
            in_block += finish && first < buf_len(&stream);
            buf_put_span(&stream, finish ? SPAN("") : ends[i]);
            buf_put_span(&stream, plain);
            for (size_t cut = first; cut <= buf_len(&stream); cut++) {
                end_at(buf_span(&stream), one.len, cut, plain, false);
                end_at(buf_span(&stream), one.len, cut, plain, true);
            }
        }
    }
    assert_true(in_block > 0); /* the end of the block does come in an octet of its own */
}

/* The last command fills all of the room that there is, and only the end of its block is left
 * inside or on the way. */
static void
test_the_last_command_fills_the_room(void **state)
{
    enum { END_OCTETS = 8 };
    unsigned in_block = 0;
    AUTO_BUF text = {0};
    AUTO_BUF stream = {0};
    struct peer of_stream;

    (void)state;
    buf_init(&text, IN_MAX);
    buf_init(&stream, 2 * IN_MAX);
    seed = 11;
    make_text(&text, IN_MAX);
    assert_int_equal(buf_len(&text), IN_MAX);
    peer_init(&of_stream, 6, Z_DEFAULT_STRATEGY);
    squeeze(&of_stream.deflater, buf_span(&text), Z_FINISH, &stream);
    peer_done(&of_stream);
    const size_t stream_len = buf_len(&stream);
    buf_put_lit(&stream, "z NOOP\r\n");
    for (size_t cut = stream_len - END_OCTETS; cut <= buf_len(&stream); cut++) {
        struct peer peer;
        struct conn conn;
        peer_init(&peer, 6, Z_DEFAULT_STRATEGY);
        open_compressed(&conn, &peer);
        buf_put_span(&peer.to_server, span_head(buf_span(&stream), cut));
        while (conn_read(&conn) == RC_OK && buf_len(&conn.in) < IN_MAX)
            continue;
        if (buf_len(&conn.in) == IN_MAX) {
            in_block += cut < stream_len;
            buf_clear(&conn.in);
            assert_int_equal(conn_deflate_stop(&conn), RC_OK);
            assert_int_equal(conn.end, CONN_OPEN);
            buf_put_span(&peer.to_server, span_tail(buf_span(&stream), cut));
            while (buf_len(&peer.to_server) > 0)
                assert_true(conn_read(&conn) == RC_OK || buf_len(&conn.in) == 0);
            assert_true(span_eq(buf_span(&conn.in), SPAN("z NOOP\r\n")));
            assert_int_equal(conn.octets_in, IN_MAX + 8);
        }
        conn_close(&conn, NULL);
        peer_done(&peer);
    }
    assert_true(in_block > 0);
}

/* Text that was compressed behind the last command, in its block, is not taken for plain. */
static void
test_the_last_block_has_no_more_text(void **state)
{
    struct peer peer;
    struct conn conn;

    (void)state;
    peer_init(&peer, 6, Z_FIXED);
    open_compressed(&conn, &peer);
    AUTO_BUF stream = {0};
    buf_init(&stream, 4096);
    squeeze(&peer.deflater, SPAN("y UNAUTHENTICATE\r\nz NOOP\r\n"), Z_FINISH, &stream);
    buf_put_span(&peer.to_server,
                 span_head(buf_span(&stream), first_cut(buf_span(&stream), 18)));
    assert_int_equal(conn_read(&conn), RC_OK);
    assert_int_equal(buf_len(&conn.in), 18);
    assert_int_equal(conn_deflate_stop(&conn), RC_OK);
    buf_put_span(&peer.to_server, SPAN("\xff\xff\xff"));
    while (conn_read(&conn) == RC_OK || buf_len(&peer.to_server) > 0)
        ;
    assert_int_equal(conn_read(&conn), RC_CLOSED);
    assert_int_equal(conn.end, CONN_END_DEFLATE_ERROR);
    assert_int_equal(buf_len(&conn.in), 18);
    conn_close(&conn, NULL);
    peer_done(&peer);
}

/* What was sent before the command is gone from memory; what is behind it is compressed. */
static void
test_octets_behind_the_command_are_compressed(void **state)
{
    struct peer peer;
    struct conn conn;

    (void)state;
    peer_init(&peer, 6, Z_DEFAULT_STRATEGY);
    assert_int_equal(conn_open_io(&conn, &peer_io, &peer, &peer_config), RC_OK);
    buf_put_lit(&peer.to_server, "a COMPRESS DEFLATE\r\n");
    say(&peer, SPAN("b NOOP\r\n"), Z_SYNC_FLUSH);
    assert_int_equal(conn_read(&conn), RC_OK);
    buf_consume(&conn.in, 20);
    const size_t early = buf_len(&conn.in);
    buf_put_lit(&conn.out, "a OK\r\n");
    assert_int_equal(conn_deflate_begin(&conn), RC_AGAIN); /* the OK first */
    buf_clear(&conn.out);
    assert_int_equal(conn_deflate_begin(&conn), RC_OK);
    assert_int_equal(conn.octets_in, 20);
    assert_int_equal(conn_park(&conn), TASK_YIELD);
    assert_int_equal(conn_read(&conn), RC_OK);
    assert_true(span_eq_str(buf_span(&conn.in), "b NOOP\r\n"));
    assert_int_equal(conn.octets_in, 28);
    struct conn_evidence evidence;
    conn_evidence_get(&conn, &evidence);
    assert_true(evidence.deflate);
    assert_int_equal(evidence.wire_in, early);
    conn_close(&conn, NULL);
    peer_done(&peer);
}

/* Few octets that stand for many become no more than there is room and a slice for. */
static void
test_a_bomb_is_bounded(void **state)
{
    enum { BOMB = 64 << 20 };
    struct peer peer;
    struct conn conn;
    size_t total = 0;
    char *zeros = calloc(1, 1 << 20);

    (void)state;
    peer_init(&peer, 9, Z_DEFAULT_STRATEGY);
    open_compressed(&conn, &peer);
    for (size_t i = 0; i < BOMB >> 20; i++)
        say(&peer, span_of(zeros, 1 << 20), Z_NO_FLUSH);
    say(&peer, SPAN(""), Z_SYNC_FLUSH);
    assert_true(buf_len(&peer.to_server) < 100000);
    for (;;) {
        const enum rc rc = conn_read(&conn);
        const size_t held = buf_len(&conn.in);
        assert_true(held <= IN_MAX && held <= LIMIT_READ_SLICE);
        if (rc == RC_LIMIT)
            break; /* it is full, and nobody has taken anything */
        assert_int_equal(rc, RC_OK);
    }
    assert_int_equal(conn_park(&conn), TASK_PARK_INPUT); /* no room: not over and over */
    conn_set_in_max(&conn, 4 << 20);
    while (total < BOMB) {
        buf_clear(&conn.in);
        assert_int_equal(conn_read(&conn), RC_OK);
        assert_true(buf_len(&conn.in) <= LIMIT_READ_SLICE + IN_MAX);
        total = conn.octets_in;
        if (total < BOMB)
            assert_true(conn_has_unread(&conn) || buf_len(&peer.to_server) > 0);
    }
    buf_clear(&conn.in);
    assert_int_equal(conn_read(&conn), RC_AGAIN);
    free(zeros);
    conn_close(&conn, NULL);
    peer_done(&peer);
}

/* Empty blocks without end become nothing, and each read looks at few of them. */
static void
test_empty_blocks_give_nothing(void **state)
{
    struct peer peer;
    struct conn conn;
    unsigned reads = 0;

    (void)state;
    peer_init(&peer, 9, Z_DEFAULT_STRATEGY);
    open_compressed(&conn, &peer);
    for (size_t i = 0; i < 200000; i++)
        buf_put(&peer.to_server, "\0\0\0\xff\xff", 5);
    while (buf_len(&peer.to_server) > 0) {
        const size_t before = buf_len(&peer.to_server);
        assert_int_equal(conn_read(&conn), RC_AGAIN);
        assert_true(before - buf_len(&peer.to_server) <= 16384);
        conn_park(&conn);
        reads++;
    }
    assert_true(reads >= 1000000 / 16384);
    assert_int_equal(buf_len(&conn.in), 0);
    say(&peer, SPAN("a NOOP\r\n"), Z_SYNC_FLUSH);
    assert_int_equal(conn_read(&conn), RC_OK);
    conn_close(&conn, NULL);
    peer_done(&peer);
}

static void
assert_end(struct conn *conn, enum conn_end end, const char *text)
{
    struct conn_evidence evidence;
    char got[200];

    conn_evidence_get(conn, &evidence);
    conn_evidence_text(&evidence, got, sizeof got);
    assert_int_equal(evidence.end, end);
    assert_string_equal(got, text);
}

static void
test_what_is_not_deflate(void **state)
{
    static const struct span table[] = {
        SPAN_INIT("b NOOP\r\n"),             /* a client that did not wait for the OK */
        SPAN_INIT("\x78\x9c\x4b\x04\x00"),   /* zlib's own header, as some libraries write it */
        SPAN_INIT("\x06"),                   /* a kind of block that does not exist */
        SPAN_INIT("\0\1\0\0\0x"),            /* lengths that do not match */
        SPAN_INIT("\x1f\x8b\x08\0\0\0\0\0"), /* gzip */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct peer peer;
        struct conn conn;
        peer_init(&peer, 6, Z_DEFAULT_STRATEGY);
        open_compressed(&conn, &peer);
        buf_put_span(&peer.to_server, table[i]);
        enum rc rc = RC_OK;
        for (unsigned n = 0; n < 10 && rc != RC_CLOSED; n++) {
            rc = conn_read(&conn);
            conn_park(&conn);
        }
        assert_int_equal(rc, RC_CLOSED);
        assert_end(&conn, CONN_END_DEFLATE_ERROR,
                   "what the client sent is not compressed, or damaged");
        buf_put_lit(&conn.out, "* BYE\r\n"); /* it can be told */
        assert_int_equal(conn_flush(&conn), RC_OK);
        assert_true(span_eq_str(buf_span(&peer.heard), "* BYE\r\n"));
        assert_int_equal(conn_park(&conn), TASK_PARK_WAKE);
        conn_close(&conn, NULL);
        peer_done(&peer);
    }
}

/* Each octet of a stream is changed in turn: no read past anything, and it ends or goes on. */
static void
test_damaged_streams(void **state)
{
    struct buf text;
    struct peer peer;
    AUTO_BUF stream = {0};
    size_t ended = 0;

    (void)state;
    seed = 3;
    make_text(&text, 3000);
    buf_init(&stream, 65536);
    peer_init(&peer, 6, Z_DEFAULT_STRATEGY);
    squeeze(&peer.deflater, buf_span(&text), Z_SYNC_FLUSH, &stream);
    for (size_t at = 0; at < buf_len(&stream); at++) {
        struct conn conn;
        AUTO_BUF got = {0};
        buf_init(&got, 1 << 20);
        open_compressed(&conn, &peer);
        buf_put_span(&peer.to_server, buf_span(&stream));
        peer.to_server.data[peer.to_server.head + at] ^= (char)(1u << any(8));
        peer.drip = 1 + any(200);
        if (listen_parked(&conn, &got) == RC_CLOSED) {
            assert_int_equal(conn.end, CONN_END_DEFLATE_ERROR);
            ended++;
        }
        buf_clear(&peer.to_server);
        conn_close(&conn, NULL);
    }
    assert_true(ended > 0); /* a literal that became another one is not seen */
    peer_done(&peer);
    buf_done(&text);
}

static void
test_where_a_stream_may_break_off(void **state)
{
    static const struct {
        int flush;
        bool whole; /* all of it has come */
        enum conn_end end;
        const char *text;
    } table[] = {
        {Z_SYNC_FLUSH, true, CONN_END_FIN, "the client closed the connection"},
        {Z_PARTIAL_FLUSH, true, CONN_END_FIN, "the client closed the connection"},
        {Z_FINISH, true, CONN_END_FIN, "the client closed the connection"},
        {Z_SYNC_FLUSH, false, CONN_END_DEFLATE_CUT,
         "the client closed the connection in the middle of compressed data"},
        {Z_FINISH, false, CONN_END_DEFLATE_CUT,
         "the client closed the connection in the middle of compressed data"},
    };
    struct buf text;

    (void)state;
    seed = 4;
    make_text(&text, 3000);
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct peer peer;
        struct conn conn;
        AUTO_BUF got = {0};
        buf_init(&got, 65536);
        peer_init(&peer, 6, Z_DEFAULT_STRATEGY);
        open_compressed(&conn, &peer);
        say(&peer, buf_span(&text), table[i].flush);
        if (!table[i].whole)
            buf_truncate(&peer.to_server, buf_len(&peer.to_server) / 2);
        peer.closed = true;
        assert_int_equal(listen_parked(&conn, &got), RC_CLOSED);
        if (table[i].whole)
            assert_int_equal(buf_len(&got), buf_len(&text));
        assert_end(&conn, table[i].end, table[i].text);
        conn_close(&conn, NULL);
        peer_done(&peer);
    }
    buf_done(&text);
}

static void
test_nothing_follows_the_end_of_a_stream(void **state)
{
    struct peer peer;
    struct conn conn;
    AUTO_BUF got = {0};

    (void)state;
    buf_init(&got, 65536);
    for (unsigned together = 0; together < 2; together++) {
        buf_clear(&got);
        peer_init(&peer, 6, Z_DEFAULT_STRATEGY);
        open_compressed(&conn, &peer);
        say(&peer, SPAN("a NOOP\r\n"), Z_FINISH);
        if (together == 0)
            assert_int_equal(listen_parked(&conn, &got), RC_AGAIN);
        buf_put_lit(&peer.to_server, "x");
        assert_int_equal(listen_parked(&conn, &got), RC_CLOSED);
        assert_true(span_eq_str(buf_span(&got), "a NOOP\r\n"));
        assert_int_equal(conn.end, CONN_END_DEFLATE_ERROR);
        conn_close(&conn, NULL);
        peer_done(&peer);
    }
}

/* ---- sending ---- */

static void
test_answers_between_parks(void **state)
{
    static const size_t drips[] = {1, 3, 1000, 0};
    struct buf text;

    (void)state;
    seed = 5;
    make_text(&text, 1 << 20);
    for (size_t d = 0; d < ARRAY_LEN(drips); d++) {
        struct peer peer;
        struct conn conn;
        struct span left = buf_span(&text);
        if (drips[d] < 10 && drips[d] > 0)
            left.len /= 8;
        const struct span whole = left;
        size_t said = 0;
        peer_init(&peer, 6, Z_DEFAULT_STRATEGY);
        open_compressed(&conn, &peer);
        peer.drip = drips[d];
        while (left.len > 0) {
            const struct span piece =
                span_head(left, any(10) == 0 ? 1 + any(300000) : 1 + any(90));
            left = span_tail(left, piece.len);
            said += piece.len;
            buf_put_span(&conn.out, piece);
            peer.blocked = any(4);
            while (conn_flush(&conn) == RC_AGAIN) { /* the peer does not read for a while */
                assert_true(conn_wants_write(&conn));
                assert_int_equal(conn_park(&conn), TASK_PARK_OUTPUT);
                peer.blocked = any(3);
            }
            assert_false(conn_wants_write(&conn));
            assert_int_equal(buf_len(&peer.heard), said); /* nothing stays behind */
            if (any(3) == 0)
                assert_int_equal(conn_park(&conn), TASK_PARK_INPUT);
        }
        assert_memory_equal(buf_span(&peer.heard).ptr, whole.ptr, whole.len);
        assert_int_equal(conn.octets_out, whole.len);
        struct conn_evidence evidence;
        conn_evidence_get(&conn, &evidence);
        assert_int_equal(evidence.wire_out, peer.wire);
        assert_int_equal(evidence.unsent_octets, 0);
        conn_close(&conn, NULL);
        peer_done(&peer);
    }
    buf_done(&text);
}

/* A flush without anything new says nothing. */
static void
test_an_empty_flush_sends_nothing(void **state)
{
    struct peer peer;
    struct conn conn;

    (void)state;
    peer_init(&peer, 6, Z_DEFAULT_STRATEGY);
    open_compressed(&conn, &peer);
    assert_int_equal(conn_flush(&conn), RC_OK);
    assert_int_equal(peer.wire, 0);
    buf_put_lit(&conn.out, "* 1 EXISTS\r\n");
    assert_int_equal(conn_flush(&conn), RC_OK);
    const size_t wire = peer.wire;
    assert_int_equal(conn_flush(&conn), RC_OK);
    assert_int_equal(conn_park(&conn), TASK_PARK_INPUT); /* which costs no octet */
    assert_int_equal(conn_flush(&conn), RC_OK);
    assert_int_equal(peer.wire, wire);
    conn_close(&conn, NULL);
    peer_done(&peer);
}

/* ---- under TLS ---- */

static void
test_over_tls(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    struct tls_server *server = make_server();
    struct buf text;

    (void)state;
    seed = 6;
    make_text(&text, 300000);
    for (size_t v = 0; v < ARRAY_LEN(versions); v++) {
        struct link link;
        struct peer peer;
        AUTO_BUF got = {0};
        static char chunk[16384];
        buf_init(&got, 1 << 20);
        peer_init(&peer, 6, Z_DEFAULT_STRATEGY);
        link_up(&link, server, versions[v]);
        conn_set_in_max(&link.conn, IN_MAX);
        assert_int_equal(conn_deflate_begin(&link.conn), RC_OK);
        assert_true(conn_is_tls(&link.conn));
        /* The client sends all in large records; the server parks all the time. */
        say(&peer, buf_span(&text), Z_SYNC_FLUSH);
        while (buf_len(&peer.to_server) > 0 || buf_len(&got) < buf_len(&text)) {
            const struct span left = span_head(buf_span(&peer.to_server), 16000);
            if (left.len > 0 && SSL_write(link.client, left.ptr, (int)left.len) > 0)
                buf_consume(&peer.to_server, left.len);
            assert_int_equal(listen_parked(&link.conn, &got), RC_AGAIN);
        }
        assert_memory_equal(buf_span(&got).ptr, buf_span(&text).ptr, buf_len(&text));
        /* And back. */
        buf_put_span(&link.conn.out, buf_span(&text));
        link.conn.io_ctx = &peer;
        while (buf_len(&peer.heard) < buf_len(&text)) {
            assert_true(conn_flush(&link.conn) != RC_CLOSED);
            const int n = SSL_read(link.client, chunk, sizeof chunk);
            if (n > 0)
                assert_int_equal(peer_send(&link.conn, chunk, (size_t)n), n);
        }
        assert_int_equal(conn_flush(&link.conn), RC_OK);
        assert_memory_equal(buf_span(&peer.heard).ptr, buf_span(&text).ptr, buf_len(&text));
        /* close_notify in the middle of a block. */
        say(&peer, buf_span(&text), Z_SYNC_FLUSH);
        assert_int_equal(SSL_write(link.client, buf_span(&peer.to_server).ptr, 9000), 9000);
        buf_clear(&got);
        assert_int_equal(listen_parked(&link.conn, &got), RC_AGAIN);
        SSL_shutdown(link.client);
        assert_int_equal(listen_parked(&link.conn, &got), RC_CLOSED);
        assert_int_equal(link.conn.end, CONN_END_DEFLATE_CUT);
        link_close(&link);
        peer_done(&peer);
    }
    buf_done(&text);
    tls_server_free(server);
}

/* ---- memory ---- */

/* Octets that a parked connection keeps for a client that has sent so many, in lines. */
static size_t
kept_after(size_t octets, int flush)
{
    struct buf text;
    struct peer peer;
    struct conn conn;
    AUTO_BUF got = {0};
    AUTO_BUF packed = {0};

    buf_init(&text, octets + 4096);
    buf_init(&got, octets + 4096);
    buf_init(&packed, 65536);
    for (unsigned line = 0; buf_len(&text) < octets; line++)
        buf_printf(&text, "A%05u UID FETCH %u (FLAGS BODY.PEEK[HEADER.FIELDS (%u)])\r\n", line,
                   any(100000), any(1000));
    peer_init(&peer, 6, Z_DEFAULT_STRATEGY);
    open_compressed(&conn, &peer);
    for (struct span left = buf_span(&text); left.len > 0; left = span_tail(left, 60)) {
        say(&peer, span_head(left, 60), flush);
        assert_int_equal(listen_parked(&conn, &got), RC_AGAIN);
    }
    assert_true(conn_deflate_pack(&conn, &packed));
    const size_t kept = buf_len(&packed);
    conn_close(&conn, NULL);
    peer_done(&peer);
    buf_done(&text);
    return kept;
}

static void
test_what_a_parked_one_keeps(void **state)
{
    static const int flushes[] = {Z_SYNC_FLUSH, Z_PARTIAL_FLUSH};

    (void)state;
    seed = 7;
    for (size_t i = 0; i < ARRAY_LEN(flushes); i++) {
        assert_true(kept_after(2048, flushes[i]) < 2048 - 400); /* 400: the layer itself */
        assert_true(kept_after(100 << 10, flushes[i]) < 8 << 10);
        printf("kept after 2 KiB: %zu, after 100 KiB: %zu\n", kept_after(2048, flushes[i]),
               kept_after(100 << 10, flushes[i]));
    }
}

/* A dialogue of some lines, which ends well or says that memory was short. */
static bool
dialogue(void *ctx)
{
    const struct buf *text = ctx;
    struct peer peer;
    struct conn conn;
    bool short_of = false;
    size_t said = 0;

    peer_init(&peer, 6, Z_DEFAULT_STRATEGY);
    if (conn_open_io(&conn, &peer_io, &peer, &peer_config) != RC_OK ||
        conn_deflate_begin(&conn) != RC_OK)
        short_of = true;
    for (struct span left = buf_span(text); left.len > 0 && !short_of;
         left = span_tail(left, 300)) {
        const struct span piece = span_head(left, 300);
        say(&peer, piece, Z_PARTIAL_FLUSH);
        if (!buf_ok(&peer.to_server))
            short_of = true;
        while (!short_of && buf_len(&peer.to_server) > 0) {
            const size_t before = buf_len(&peer.to_server);
            const enum rc rc = conn_read(&conn);
            /* Without memory it does not look whether there is something to read. */
            short_of =
                rc == RC_CLOSED || (rc == RC_AGAIN && buf_len(&peer.to_server) == before);
        }
        if (!short_of) {
            assert_int_equal(buf_len(&conn.in), piece.len);
            assert_memory_equal(buf_span(&conn.in).ptr, piece.ptr, piece.len);
            buf_consume(&conn.in, piece.len);
            buf_put_span(&conn.out, piece);
            said += piece.len;
            short_of = conn_flush(&conn) != RC_OK || !buf_ok(&peer.heard);
        }
        conn_park(&conn);
    }
    if (short_of)
        assert_true(conn.end == CONN_END_MEMORY || conn.end == CONN_OPEN);
    else
        assert_int_equal(buf_len(&peer.heard), said);
    conn_close(&conn, NULL);
    peer_done(&peer);
    return !short_of;
}

static void
test_no_memory(void **state)
{
    struct buf text;
    const struct each_alloc one = {.name = "a compressed dialogue", .act = dialogue};

    (void)state;
    seed = 8;
    make_text(&text, 4000);
    each_alloc(&one, &text);
    buf_done(&text);
}

/* What another process packed is believed only if it can be. */
static void
test_what_is_no_packed_stream(void **state)
{
    AUTO_BUF packed = {0};

    (void)state;
    struct peer peer;
    struct conn conn;
    AUTO_BUF got = {0};
    buf_init(&got, 65536);
    buf_init(&packed, 65536);
    seed = 9;
    peer_init(&peer, 6, Z_DEFAULT_STRATEGY);
    open_compressed(&conn, &peer);
    struct buf text;
    make_text(&text, 5000);
    say(&peer, buf_span(&text), Z_PARTIAL_FLUSH);
    assert_int_equal(listen_parked(&conn, &got), RC_AGAIN);
    assert_true(conn_deflate_pack(&conn, &packed));
    conn_close(&conn, NULL);
    for (size_t at = 0; at < buf_len(&packed); at++) {
        AUTO_BUF changed = {0};
        buf_init(&changed, 65536);
        buf_put_span(&changed, buf_span(&packed));
        changed.data[at] ^= (char)(1u << any(8));
        struct unpack in = {.rest = buf_span(&changed)};
        assert_int_equal(conn_open_io(&conn, &peer_io, &peer, &peer_config), RC_OK);
        if (conn_deflate_unpack(&conn, &in) && unpack_whole(&in)) {
            buf_put_lit(&peer.to_server, "\0\0\0\xff\xff\x4a\x04\0");
            (void)listen_parked(&conn, &got);
            buf_clear(&peer.to_server);
        }
        conn_close(&conn, NULL);
    }
    for (size_t len = 0; len < buf_len(&packed); len++) {
        struct unpack in = {.rest = span_head(buf_span(&packed), len)};
        assert_int_equal(conn_open_io(&conn, &peer_io, &peer, &peer_config), RC_OK);
        assert_false(conn_deflate_unpack(&conn, &in) && unpack_whole(&in));
        conn_close(&conn, NULL);
    }
    buf_done(&text);
    peer_done(&peer);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_way_to_flush),
        cmocka_unit_test(test_parks_and_moves_at_each_octet),
        cmocka_unit_test(test_moves_in_long_blocks),
        cmocka_unit_test(test_block_that_is_too_long_to_move),
        cmocka_unit_test(test_what_is_not_inflated_goes_along),
        cmocka_unit_test(test_the_end_of_a_stream_comes_later),
        cmocka_unit_test(test_the_last_command_fills_the_room),
        cmocka_unit_test(test_the_last_block_has_no_more_text),
        cmocka_unit_test(test_octets_behind_the_command_are_compressed),
        cmocka_unit_test(test_a_bomb_is_bounded),
        cmocka_unit_test(test_empty_blocks_give_nothing),
        cmocka_unit_test(test_what_is_not_deflate),
        cmocka_unit_test(test_damaged_streams),
        cmocka_unit_test(test_where_a_stream_may_break_off),
        cmocka_unit_test(test_nothing_follows_the_end_of_a_stream),
        cmocka_unit_test(test_answers_between_parks),
        cmocka_unit_test(test_an_empty_flush_sends_nothing),
        cmocka_unit_test(test_over_tls),
        cmocka_unit_test(test_what_a_parked_one_keeps),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_what_is_no_packed_stream),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
