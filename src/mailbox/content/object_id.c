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

/* A message whose identifiers are being made. */
struct making {
    struct object_ids_reader *reader;
    struct store_tx *tx;
    const struct object_ids_req *req;
    bool has_digest;
    struct digest digest;
};

/* The digest of the text, made if the row had none. */
static enum rc
need_digest(struct making *making, struct err *err)
{
    if (making->has_digest)
        return RC_OK;
    const enum rc rc = digest_read(&making->reader->digest, making->tx, making->req->message,
                                   &making->digest, err);
    making->has_digest = rc == RC_OK;
    return rc;
}

static enum rc
email_id(struct making *making, struct object_id *out, struct err *err)
{
    char octets[EMAIL_OCTETS];

    const enum rc rc = need_digest(making, err);
    if (rc != RC_OK)
        return rc;
    email_octets(&making->digest, making->req, octets);
    return id_of_text('M', span_of(octets, sizeof octets), out, err);
}

/* Most messages name another one or themselves, and then their text does not matter. The row is
 * not good any more afterwards. */
static enum rc
thread_id(struct making *making, const struct message_row *row, struct object_id *out,
          struct err *err)
{
    struct keys_reader *reader = &making->reader->keys;
    struct keys keys;

    if (!keys_unpack(&reader->maker, row->keys, row->message_id, &keys)) {
        const enum rc rc =
            keys_read_header(reader, making->tx, making->req->message, 0, &keys, err);
        if (rc != RC_OK)
            return rc;
    }
    const struct span oldest = keys.reference_count > 0 ? keys.references[0] : keys.id;
    if (oldest.len > 0)
        return id_of_text('T', oldest, out, err);
    const enum rc rc = need_digest(making, err);
    return rc == RC_OK ? id_of_text('T', digest_span(&making->digest), out, err) : rc;
}

enum rc
object_ids_read(struct object_ids_reader *reader, struct store_tx *tx,
                const struct object_ids_req *req, const struct message_row *row,
                struct object_ids *out, struct err *err)
{
    struct making making = {.reader = reader, .tx = tx, .req = req};
    struct object_ids ids = {.email = {.len = 0}};
    enum rc rc = RC_OK;

    making.has_digest = row->digest.len == sizeof making.digest.octets;
    if (making.has_digest)
        memcpy(making.digest.octets, row->digest.ptr, row->digest.len);
    if ((req->kinds & OBJECT_EMAILID) != 0)
        rc = email_id(&making, &ids.email, err);
    if (rc == RC_OK && (req->kinds & OBJECT_THREADID) != 0)
        rc = thread_id(&making, row, &ids.thread, err);
    if (rc == RC_OK)
        *out = ids;
    return rc;
}
