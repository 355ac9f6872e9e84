/* SPDX-License-Identifier: MIT */
/*
 * The text of messages. Most texts are small, and one row holds all of it. A larger one is
 * divided: piece 0 is its header (or as much of it as a piece holds), then come pieces of
 * LIMIT_BODY_CHUNK octets, each compressed if that saves a third. Row id = message << 16 |
 * piece, so a text is one run of rows and any offset is found without reading what comes
 * before. Thread: the transaction's.
 */
#include "store/sqlite/private.h"

#include "base/check.h"

enum form {
    FORM_WHOLE = 0, /* all of the text in one row */
    FORM_RAW = 1,   /* a piece as it is */
    FORM_ZSTD = 2,  /* a piece, compressed */
};

/* columns of SQL_CONTENT_FROM */
enum { COLUMN_ID, COLUMN_OCTETS, COLUMN_FORM, COLUMN_DATA };

static uint64_t
row_id(uint64_t message, uint64_t piece)
{
    return message << CONTENT_PIECE_BITS | piece;
}

/* ---- writing ---- */

/* octets: in piece 0 those of the whole text, in others those of the piece's text. */
static enum rc
row_add(struct sqlite_tx *tx, uint64_t id, uint64_t octets, enum form form, struct span data,
        struct err *err)
{
    AUTO_STMT stmt = stmt_get(tx->db, SQL_CONTENT_ADD);

    bind_u64(&stmt, 1, id);
    bind_u64(&stmt, 2, octets);
    stmt_bind_i64(&stmt, 3, form);
    stmt_bind_blob(&stmt, 4, data);
    return stmt_run(&stmt, err);
}

static enum rc
pieces_add(struct sqlite_tx *tx, uint64_t message, struct span body, struct err *err)
{
    enum rc rc = RC_OK;
    bool compress = true;

    for (uint64_t piece = 1; body.len != 0 && rc == RC_OK; piece++) {
        const struct span raw = span_head(body, LIMIT_BODY_CHUNK);
        struct span packed;
        /* If one piece cannot be compressed well, the rest is not tried (attachments in
         * base64). */
        compress = compress && piece_compress(raw, &packed);
        rc = row_add(tx, row_id(message, piece), raw.len, compress ? FORM_ZSTD : FORM_RAW,
                     compress ? packed : raw, err);
        body = span_tail(body, raw.len);
    }
    return rc;
}

enum rc
content_add(struct sqlite_tx *tx, uint64_t message, const struct message_new *msg,
            struct err *err)
{
    if (msg->text.len <= CONTENT_WHOLE_MAX)
        return row_add(tx, row_id(message, 0), msg->text.len, FORM_WHOLE, msg->text, err);
    const uint64_t head =
        msg->header_octets < LIMIT_BODY_CHUNK ? msg->header_octets : LIMIT_BODY_CHUNK;
    const enum rc rc = row_add(tx, row_id(message, 0), msg->text.len, FORM_RAW,
                               span_head(msg->text, head), err);
    return rc == RC_OK ? pieces_add(tx, message, span_tail(msg->text, head), err) : rc;
}

/* ---- reading ---- */

/* Puts the cursor on the row with this id. RC_NOT_FOUND: there is none, and the cursor is
 * closed.
 */
static enum rc
cursor_move(struct sqlite_tx *tx, uint64_t id, bool next, struct err *err)
{
    struct cursor *cursor = &tx->content;

    if (cursor->open && !next) {
        stmt_reset(&cursor->stmt);
        cursor->open = false;
    }
    if (!cursor->open) {
        cursor->stmt = stmt_get(tx->db, SQL_CONTENT_FROM);
        bind_u64(&cursor->stmt, 1, id);
        cursor->open = true;
    }
    if (stmt_row(&cursor->stmt)) {
        cursor->at = col_u64(&cursor->stmt, COLUMN_ID);
        if (cursor->at == id)
            return RC_OK;
    }
    const enum rc rc = stmt_end(&cursor->stmt, err);
    stmt_reset(&cursor->stmt);
    cursor->open = false;
    return rc == RC_OK ? RC_NOT_FOUND : rc;
}

static enum rc
damaged(uint64_t message, uint64_t piece, struct err *err)
{
    return err_set(err, RC_CORRUPT, 0, "text of message %ju: piece %ju is missing or damaged",
                   (uintmax_t)message, (uintmax_t)piece);
}

/* Makes tx->text that of this message, with piece 0. */
static enum rc
text_open(struct sqlite_tx *tx, uint64_t message, struct err *err)
{
    const uint64_t id = row_id(message, 0);
    /* After a text in one row, the next row is that of the next message, which is mostly wanted
     * next. */
    const bool next = tx->content.open && tx->text.message != 0 && tx->text.whole &&
                      message == tx->text.message + 1;

    tx->text.message = 0;
    const enum rc rc = cursor_move(tx, id, next, err);
    if (rc == RC_NOT_FOUND)
        return err_set(err, rc, 0, "message %ju was purged", (uintmax_t)message);
    if (rc != RC_OK)
        return rc;
    struct stmt *stmt = &tx->content.stmt;
    tx->text.data = stmt_span(stmt, COLUMN_DATA);
    tx->text.piece = 0;
    tx->text.octets = col_u64(stmt, COLUMN_OCTETS);
    tx->text.whole = stmt_i64(stmt, COLUMN_FORM) == FORM_WHOLE;
    tx->text.head_octets = tx->text.data.len;
    if (tx->text.head_octets > tx->text.octets ||
        (tx->text.whole && tx->text.head_octets != tx->text.octets))
        return damaged(message, 0, err);
    tx->text.message = message;
    return RC_OK;
}

/* Makes text.data the data of another piece. */
static enum rc
piece_open(struct sqlite_tx *tx, uint64_t piece, struct err *err)
{
    const uint64_t message = tx->text.message;
    const bool next = tx->content.open && piece == tx->text.piece + 1;

    tx->text.message = 0; /* none, until this succeeds */
    enum rc rc = cursor_move(tx, row_id(message, piece), next, err);
    if (rc != RC_OK)
        return rc == RC_NOT_FOUND ? damaged(message, piece, err) : rc;
    struct stmt *stmt = &tx->content.stmt;
    struct span data = stmt_span(stmt, COLUMN_DATA);
    const uint64_t octets = piece == 0 ? tx->text.head_octets : col_u64(stmt, COLUMN_OCTETS);
    if (octets > LIMIT_BODY_CHUNK)
        return damaged(message, piece, err);
    if (stmt_i64(stmt, COLUMN_FORM) == FORM_ZSTD) {
        buf_clear(&tx->scratch);
        rc = piece_expand(data, octets, &tx->scratch, err);
        if (rc != RC_OK)
            return rc;
        data = buf_span(&tx->scratch);
    }
    if (data.len != octets)
        return damaged(message, piece, err);
    tx->text.data = data;
    tx->text.piece = piece;
    tx->text.message = message;
    return RC_OK;
}

enum rc
sqlite_content_peek(struct store_tx *base, uint64_t message, uint64_t offset, uint64_t octets,
                    struct span *out, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    enum rc rc = RC_OK;
    uint64_t piece = 0;
    uint64_t start = 0;

    if (message != tx->text.message)
        rc = text_open(tx, message, err);
    if (rc != RC_OK)
        return rc;
    if (offset >= tx->text.octets || octets == 0) {
        *out = SPAN("");
        return RC_OK;
    }
    if (offset >= tx->text.head_octets) {
        const uint64_t in_body = offset - tx->text.head_octets;
        piece = 1 + in_body / LIMIT_BODY_CHUNK;
        start = tx->text.head_octets + (piece - 1) * LIMIT_BODY_CHUNK;
    }
    if (piece != tx->text.piece)
        rc = piece_open(tx, piece, err);
    if (rc != RC_OK)
        return rc;
    const struct span rest = span_tail(tx->text.data, offset - start);
    if (rest.len == 0)
        return damaged(message, piece, err); /* the piece is shorter than it should be */
    *out = span_head(rest, octets);
    return RC_OK;
}

enum rc
sqlite_content_read(struct store_tx *base, uint64_t message, uint64_t offset, uint64_t octets,
                    struct buf *out, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    const size_t before = buf_len(out);

    do {
        struct span part;
        const enum rc rc = sqlite_content_peek(&tx->base, message, offset, octets, &part, err);
        if (rc != RC_OK) {
            buf_truncate(out, before);
            return rc;
        }
        if (part.len == 0)
            break;
        buf_put_span(out, part);
        if (!buf_ok(out)) {
            buf_truncate(out, before);
            return err_set(err, RC_LIMIT, 0, "message %ju: no room for its text",
                           (uintmax_t)message);
        }
        offset += part.len;
        octets -= part.len;
    } while (octets != 0);
    return RC_OK;
}
