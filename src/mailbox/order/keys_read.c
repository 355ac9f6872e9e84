/* SPDX-License-Identifier: MIT */
/* The row's keys first; then its stored fields; then the header block. */
#include "mailbox/order/keys_read.h"

#include "mailbox/content/fields.h"
#include "mailbox/content/ingest.h"

void
keys_reader_init(struct keys_reader *reader)
{
    keys_maker_init(&reader->maker);
    buf_init(&reader->header, INGEST_HEADER_MAX + 1);
}

void
keys_reader_done(struct keys_reader *reader)
{
    keys_maker_done(&reader->maker);
    buf_done(&reader->header);
}

/* References is the last of the fields that keys are made of (fields.c). */
static bool
stored_header(struct span stored, struct span *header_out)
{
    return fields_block(stored, fields_id(SPAN("References")) + 1, header_out);
}

enum rc
keys_read_header(struct keys_reader *reader, struct store_tx *tx, uint64_t message,
                 unsigned wanted, struct keys *out, struct err *err)
{
    struct message_row row;
    struct span header;

    enum rc rc = store_message_read(tx, message, MESSAGE_FIELDS, &row, err);
    if (rc == RC_OK && !stored_header(row.fields, &header)) {
        const uint64_t octets =
            row.header_octets < INGEST_HEADER_MAX ? row.header_octets : INGEST_HEADER_MAX;
        buf_clear(&reader->header);
        rc = store_content_read(tx, message, 0, octets, &reader->header, err);
        if (rc == RC_OK && !buf_ok(&reader->header))
            rc = err_set(err, RC_LIMIT, 0, "header block");
        header = buf_span(&reader->header);
    }
    if (rc == RC_OK && keys_make(&reader->maker, header, wanted, out) != RC_OK)
        rc = err_set(err, RC_LIMIT, 0, "sort keys of message %ju", (uintmax_t)message);
    return rc;
}

enum rc
keys_read(struct keys_reader *reader, struct store_tx *tx, uint64_t message, unsigned wanted,
          struct keys *out, struct err *err)
{
    struct message_row row;

    enum rc rc = store_message_read(tx, message, MESSAGE_KEYS, &row, err);
    if (rc == RC_OK && !keys_unpack(&reader->maker, row.keys, row.message_id, out))
        rc = keys_read_header(reader, tx, message, wanted, out, err);
    if (rc == RC_NOT_FOUND) {
        *out = (struct keys){.has_date = false};
        rc = RC_OK;
    }
    return rc;
}
