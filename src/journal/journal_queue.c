/* SPDX-License-Identifier: MIT */
/*
 * End records in the queue: the struct, with only the events that are kept, followed by its
 * texts. Pure.
 */
#include <stddef.h>
#include <string.h>

#include "base/limits.h"
#include "journal/journal_private.h"

enum { TEXTS = 6 }; /* spans of a record */

static struct span *
record_text(struct end_record *record, unsigned index)
{
    struct span *const texts[TEXTS] = {&record->account,   &record->peer,    &record->tls,
                                       &record->client_id, &record->mailbox, &record->detail};

    return texts[index];
}

/* The octets of the struct that are stored; the unused part of the ring is left out. */
static size_t
fixed_octets(const struct end_record *record)
{
    const uint32_t used =
        record->events.count < LIMIT_EVENT_RING ? record->events.count : LIMIT_EVENT_RING;

    return offsetof(struct end_record, events) + offsetof(struct event_ring, at) +
           (size_t)used * sizeof(struct event);
}

bool
journal_queue_put(struct buf *queue, const struct end_record *record)
{
    struct end_record cut = *record;
    const uint32_t fixed = (uint32_t)fixed_octets(record);
    size_t need = sizeof fixed + fixed;

    for (unsigned i = 0; i < TEXTS; i++) {
        struct span *text = record_text(&cut, i);
        *text = span_head(*text, LIMIT_RECORD_TEXT);
        need += text->len;
    }
    char *room = buf_len(queue) + need > LIMIT_JOURNAL_QUEUE ? NULL : buf_reserve(queue, need);
    if (room == NULL) {
        queue->failed = false; /* what was queued before is intact */
        return false;
    }
    memcpy(room, &fixed, sizeof fixed);
    memcpy(room + sizeof fixed, &cut, fixed);
    room += sizeof fixed + fixed;
    for (unsigned i = 0; i < TEXTS; i++) {
        const struct span *text = record_text(&cut, i);
        if (text->len > 0)
            memcpy(room, text->ptr, text->len);
        room += text->len;
    }
    buf_grew(queue, need);
    return true;
}

bool
journal_queue_take(struct span *batch, struct end_record *out)
{
    uint32_t fixed;

    if (batch->len == 0)
        return false;
    *out = (struct end_record){0};
    memcpy(&fixed, batch->ptr, sizeof fixed);
    memcpy(out, batch->ptr + sizeof fixed, fixed);
    *batch = span_tail(*batch, sizeof fixed + fixed);
    for (unsigned i = 0; i < TEXTS; i++) {
        struct span *text = record_text(out, i);
        text->ptr = batch->ptr;
        *batch = span_tail(*batch, text->len);
    }
    return true;
}
