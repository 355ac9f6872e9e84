/* SPDX-License-Identifier: MIT */
/*
 * The full check of an account: SQLite's own, every invariant of docs/invariants.md that can be
 * asked of the tables, and every text read to its end. Thread: the transaction's; reads the
 * whole file.
 */
#include "store/sqlite/private.h"

#include <openssl/evp.h>

#include "base/check.h"

static const enum sql_id questions[] = {
    SQL_V_COUNTERS, SQL_V_TOPS,     SQL_V_ROWS,      SQL_V_HOMELESS,
    SQL_V_TWICE,    SQL_V_MESSAGES, SQL_V_UNNAMED,   SQL_V_EXPUNGED_OCTETS,
    SQL_V_KEYWORDS, SQL_V_BORNE,    SQL_V_MAILBOXES, SQL_V_CONTENT,
    SQL_V_METADATA, SQL_V_ACL,
};

static void
finding(struct buf *findings, struct span text)
{
    buf_put_span(findings, text);
    buf_put_char(findings, '\n');
}

static enum rc
ask(struct sqlite_tx *tx, enum sql_id question, struct buf *findings, struct err *err)
{
    AUTO_STMT stmt = stmt_get(tx->db, question);

    while (stmt_row(&stmt))
        finding(findings, stmt_span(&stmt, 0));
    return stmt_end(&stmt, err);
}

/* What the account is said to hold is what is there, also where a writer keeps it in memory. */
static enum rc
check_usage(struct sqlite_tx *tx, struct buf *findings, struct err *err)
{
    AUTO_STMT stmt = stmt_get(tx->db, SQL_V_RECOUNT);
    struct quota_amounts usage;
    enum rc rc = sqlite_usage(&tx->base, &usage, err);

    if (rc == RC_OK)
        rc = stmt_one(&stmt, err);
    for (int i = 0; rc == RC_OK && i < QUOTA_RESOURCES; i++)
        if (usage.of[i] != col_u64(&stmt, i))
            buf_printf(findings, "INV-S3 resource %d of the account: %ju used, counted %ju\n",
                       i, (uintmax_t)usage.of[i], (uintmax_t)col_u64(&stmt, i));
    return rc;
}

struct text {
    uint64_t message;
    uint64_t octets;
    struct span digest; /* empty: none was made yet */
};

/* Whether the digest that was begun is the one that is stored. */
static bool
is_digest(EVP_MD_CTX *ctx, struct span digest)
{
    uint8_t made[MESSAGE_DIGEST_OCTETS];

    return EVP_DigestFinal_ex(ctx, made, NULL) == 1 && digest.len == sizeof made &&
           memcmp(digest.ptr, made, sizeof made) == 0;
}

/* Reads one text to its end. Only damage is a finding; other failures end the check. */
static enum rc
check_text(struct sqlite_tx *tx, EVP_MD_CTX *ctx, const struct text *text, struct buf *findings,
           struct err *err)
{
    const uint64_t message = text->message;
    struct err why = {.rc = RC_OK};
    uint64_t offset = 0;
    struct span part = {0};
    enum rc rc = RC_OK;

    if (EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1)
        return err_set(err, RC_LIMIT, 0, "SHA-256");
    do {
        rc = sqlite_content_peek(&tx->base, message, offset, UINT64_MAX, &part, &why);
        offset += rc == RC_OK ? part.len : 0;
        if (rc == RC_OK && EVP_DigestUpdate(ctx, part.ptr, part.len) != 1)
            return err_set(err, RC_LIMIT, 0, "SHA-256");
    } while (rc == RC_OK && part.len != 0);
    if (rc == RC_CORRUPT || rc == RC_NOT_FOUND) {
        buf_printf(findings, "INV-S5 %s\n", why.text);
        return RC_OK;
    }
    if (rc != RC_OK)
        return err_set(err, rc, why.os_errno, "%s", why.text);
    if (offset != text->octets)
        buf_printf(findings, "INV-S5 message %ju: %ju octets of text instead of %ju\n",
                   (uintmax_t)message, (uintmax_t)offset, (uintmax_t)text->octets);
    else if (text->digest.len != 0 && !is_digest(ctx, text->digest))
        buf_printf(findings, "INV-S5 message %ju: its text is not what it was\n",
                   (uintmax_t)message);
    return RC_OK;
}

static enum rc
check_texts(struct sqlite_tx *tx, struct buf *findings, struct err *err)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    enum rc rc = ctx == NULL ? err_set(err, RC_LIMIT, 0, "SHA-256") : RC_OK;
    struct stmt stmt = stmt_get(tx->db, SQL_V_TEXTS);

    while (rc == RC_OK && stmt_row(&stmt)) {
        const struct text text = {
            .message = col_u64(&stmt, 0),
            .octets = col_u64(&stmt, 1),
            .digest = stmt_span(&stmt, 3),
        };
        if (col_u64(&stmt, 2) > text.octets)
            buf_printf(findings, "INV-S5 message %ju: its header is longer than it is\n",
                       (uintmax_t)text.message);
        rc = check_text(tx, ctx, &text, findings, err);
    }
    const enum rc ended = stmt_end(&stmt, err);
    stmt_reset(&stmt);
    EVP_MD_CTX_free(ctx);
    return rc == RC_OK ? ended : rc;
}

enum rc
sqlite_verify(struct store_tx *base, struct buf *findings, struct err *err)
{
    struct sqlite_tx *tx = sqlite_tx_of(base);
    const size_t before = buf_len(findings);
    struct err why = {.rc = RC_OK};
    enum rc rc = db_check(tx->db, DB_CHECK_FULL, &why);

    tx_reset_cursors(tx);
    if (rc == RC_CORRUPT)
        finding(findings, span_of_str(why.text));
    else if (rc != RC_OK)
        return err_set(err, rc, why.os_errno, "%s", why.text);
    rc = RC_OK;
    for (size_t i = 0; i < ARRAY_LEN(questions) && rc == RC_OK; i++)
        rc = ask(tx, questions[i], findings, err);
    if (rc == RC_OK)
        rc = check_usage(tx, findings, err);
    if (rc == RC_OK)
        rc = check_texts(tx, findings, err);
    if (rc != RC_OK)
        return rc;
    if (!buf_ok(findings))
        return err_set(err, RC_LIMIT, 0, "more findings than there is room for");
    if (buf_len(findings) != before)
        return err_set(err, RC_CORRUPT, 0, "%s is damaged", db_path(tx->db));
    return RC_OK;
}
