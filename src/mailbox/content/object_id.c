/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "mailbox/content/object_id.h"

#include <string.h>

enum {
    ID_OCTETS = 20, /* of a digest: 160 bits, exactly 32 characters */
    CHAR_BITS = 5,
    EMAIL_OCTETS = MESSAGE_DIGEST_OCTETS + 10,
};

/* Base32 of RFC 4648 section 6 in lower case, without padding: no two differ by case alone. */
static struct object_id
id_write(char kind, const uint8_t *octets, size_t count)
{
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
    struct object_id id = {.len = 1, .text = {kind}};
    uint32_t bits = 0;
    unsigned have = 0;

    for (size_t i = 0; i < count; i++) {
        bits = bits << 8 | octets[i];
        have += 8;
        for (; have >= CHAR_BITS; have -= CHAR_BITS)
            id.text[id.len++] = digits[bits >> (have - CHAR_BITS) & 31];
    }
    if (have > 0)
        id.text[id.len++] = digits[bits << (CHAR_BITS - have) & 31];
    return id;
}

struct object_id
object_id_of_mailbox(const struct mbox_object_id *id)
{
    return id_write('F', id->octets, sizeof id->octets);
}

static enum rc
id_of_text(char kind, struct span text, struct object_id *out, struct err *err)
{
    struct digest digest;

    if (digest_make(text, &digest) != RC_OK)
        return err_set(err, RC_LIMIT, 0, "SHA-256");
    *out = id_write(kind, digest.octets, ID_OCTETS);
    return RC_OK;
}

/* The digest of the text, and the internal date: seconds and zone, the high octets first. */
static void
email_octets(const struct digest *digest, const struct object_ids_req *req,
             char out[EMAIL_OCTETS])
{
    char *at = out + sizeof digest->octets;

    memcpy(out, digest->octets, sizeof digest->octets);
    for (int shift = 56; shift >= 0; shift -= 8)
        *at++ = (char)((uint64_t)req->internaldate_s >> shift);
    for (int shift = 8; shift >= 0; shift -= 8)
        *at++ = (char)((uint16_t)req->internaldate_zone_min >> shift);
}

void
object_ids_reader_init(struct object_ids_reader *reader)
{
    keys_reader_init(&reader->keys);
    reader->digest = (struct digest_reader){.ctx = NULL};
}

void
object_ids_reader_done(struct object_ids_reader *reader)
{
    keys_reader_done(&reader->keys);
    digest_reader_done(&reader->digest);
}

enum rc
object_ids_read(struct object_ids_reader *reader, struct store_tx *tx,
                const struct object_ids_req *req, const struct message_row *row,
                struct object_ids *out, struct err *err)
{
    const struct span stored = row->digest;
    struct object_ids ids;
    struct digest digest;
    struct keys keys;
    char email[EMAIL_OCTETS];
    enum rc rc = RC_OK;

    if (stored.len == sizeof digest.octets)
        memcpy(digest.octets, stored.ptr, stored.len);
    else
        rc = digest_read(&reader->digest, tx, req->message, &digest, err);
    /* The row is good up to here: reading a text leaves it alone. */
    if (rc == RC_OK && !keys_unpack(&reader->keys.maker, row->keys, row->message_id, &keys))
        rc = keys_read_header(&reader->keys, tx, req->message, 0, &keys, err);
    if (rc != RC_OK)
        return rc;
    email_octets(&digest, req, email);
    rc = id_of_text('M', span_of(email, sizeof email), &ids.email, err);
    if (rc != RC_OK)
        return rc;
    const struct span oldest = keys.reference_count > 0 ? keys.references[0] : keys.id;
    rc = id_of_text('T', oldest.len > 0 ? oldest : digest_span(&digest), &ids.thread, err);
    if (rc == RC_OK)
        *out = ids;
    return rc;
}
