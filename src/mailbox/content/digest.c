/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "mailbox/content/digest.h"

#include <openssl/evp.h>

enum { STEP_OCTETS = 4 << 20 }; /* some ten milliseconds */

enum rc
digest_make(struct span text, struct digest *out)
{
    return EVP_Digest(text.ptr, text.len, out->octets, NULL, EVP_sha256(), NULL) == 1
               ? RC_OK
               : RC_LIMIT;
}

void
digest_reader_done(struct digest_reader *reader)
{
    EVP_MD_CTX_free(reader->ctx);
    *reader = (struct digest_reader){.ctx = NULL};
}

static bool
begin(struct digest_reader *reader, uint64_t message)
{
    if (reader->ctx == NULL)
        reader->ctx = EVP_MD_CTX_new();
    reader->message = 0;
    if (reader->ctx == NULL || EVP_DigestInit_ex(reader->ctx, EVP_sha256(), NULL) != 1)
        return false;
    reader->message = message;
    reader->offset = 0;
    return true;
}

enum rc
digest_read(struct digest_reader *reader, struct store_tx *tx, uint64_t message,
            struct digest *out, struct err *err)
{
    struct span piece = {0};
    uint64_t step = 0;

    if (reader->message != message && !begin(reader, message))
        return err_set(err, RC_LIMIT, 0, "SHA-256");
    for (;;) {
        const enum rc rc =
            store_content_peek(tx, message, reader->offset, STEP_OCTETS - step, &piece, err);
        if (rc != RC_OK)
            return rc;
        if (piece.len == 0)
            break;
        if (EVP_DigestUpdate(reader->ctx, piece.ptr, piece.len) != 1)
            return err_set(err, RC_LIMIT, 0, "SHA-256");
        reader->offset += piece.len;
        step += piece.len;
        if (step >= STEP_OCTETS)
            return RC_AGAIN;
    }
    reader->message = 0;
    return EVP_DigestFinal_ex(reader->ctx, out->octets, NULL) == 1
               ? RC_OK
               : err_set(err, RC_LIMIT, 0, "SHA-256");
}
