/* SPDX-License-Identifier: MIT */
/*
 * The table of popular header fields, and reading and writing of what a message row keeps of
 * them. The table is made of what clients are seen to ask for: Outlook Express (Newsgroups,
 * X-MSOESRec ...), Thunderbird, Apple Mail, K-9, mutt, mbsync, offlineimap, Roundcube, Delta
 * Chat. A field that is not in a message costs nothing, so rare names are cheap; large ones
 * that every message has (Received, DKIM-Signature) are left out on purpose.
 *
 * The index has a fixed width, so that filtering is one walk over a few octets: the commonest
 * FETCH of a message list spends its time here.
 *
 * Pure. Thread: any.
 */
#include "mailbox/content/fields.h"

#include "syntax/mail/header.h"

/* Stored in message rows by position: add at the end, never change an entry. */
static const struct span field_names[] = {
    SPAN_INIT("From"),
    SPAN_INIT("To"),
    SPAN_INIT("Cc"),
    SPAN_INIT("Bcc"),
    SPAN_INIT("Subject"),
    SPAN_INIT("Date"),
    SPAN_INIT("Message-ID"),
    SPAN_INIT("In-Reply-To"),
    SPAN_INIT("References"),
    SPAN_INIT("Reply-To"),
    SPAN_INIT("Sender"),
    SPAN_INIT("Content-Type"),
    SPAN_INIT("Content-Transfer-Encoding"),
    SPAN_INIT("MIME-Version"),
    SPAN_INIT("Priority"),
    SPAN_INIT("X-Priority"),
    SPAN_INIT("Importance"),
    SPAN_INIT("X-MSMail-Priority"),
    SPAN_INIT("X-MSOESRec"),
    SPAN_INIT("X-Ref"),
    SPAN_INIT("Xref"),
    SPAN_INIT("Newsgroups"),
    SPAN_INIT("Followup-To"),
    SPAN_INIT("List-Id"),
    SPAN_INIT("List-Post"),
    SPAN_INIT("List-Unsubscribe"),
    SPAN_INIT("List-Unsubscribe-Post"),
    SPAN_INIT("List-Subscribe"),
    SPAN_INIT("Mailing-List"),
    SPAN_INIT("X-Loop"),
    SPAN_INIT("Precedence"),
    SPAN_INIT("Return-Path"),
    SPAN_INIT("Disposition-Notification-To"),
    SPAN_INIT("Return-Receipt-To"),
    SPAN_INIT("Mail-Followup-To"),
    SPAN_INIT("Mail-Reply-To"),
    SPAN_INIT("X-Draft-Info"),
    SPAN_INIT("X-TUID"),
    SPAN_INIT("X-OfflineIMAP"),
    SPAN_INIT("X-K9mail-Identity"),
    SPAN_INIT("Chat-Version"),
    SPAN_INIT("Auto-Submitted"),
    SPAN_INIT("Autocrypt-Setup-Message"),
    SPAN_INIT("X-Microsoft-Original-Message-ID"),
    SPAN_INIT("X-Label"),
    SPAN_INIT("X-Keywords"),
    SPAN_INIT("Keywords"),
    SPAN_INIT("Lines"),
    SPAN_INIT("X-Original-To"),
    SPAN_INIT("Delivered-To"),
    SPAN_INIT("X-Uniform-Type-Identifier"),
    SPAN_INIT("X-Universally-Unique-Identifier"),
    SPAN_INIT("Content-Description"),
    SPAN_INIT("Content-Language"),
    SPAN_INIT("X-Spam-Flag"),
    SPAN_INIT("X-Account-Key"),
};

enum {
    TABLE_IDS = ARRAY_LEN(field_names),
    HEAD_OCTETS = 3,
    INDEX_OCTETS = 3, /* of one field */
    FIELDS_COUNT_MAX = 255,
};
_Static_assert(ARRAY_LEN(field_names) <= 64, "ids are bits of one word");

enum { BLANK_NONE, BLANK_LF, BLANK_CRLF };

int
fields_id(struct span name)
{
    if (name.len == 0)
        return FIELDS_NONE;
    const char first = ascii_lower(name.ptr[0]);
    for (int id = 0; id < TABLE_IDS; id++)
        if (field_names[id].len == name.len && ascii_lower(field_names[id].ptr[0]) == first &&
            span_ieq(field_names[id], name))
            return id;
    return FIELDS_NONE;
}

void
fields_put(struct buf *out, struct span header)
{
    struct header_iter iter;
    struct header_field field;
    struct span raw[FIELDS_COUNT_MAX];
    uint8_t index[FIELDS_COUNT_MAX * INDEX_OCTETS];
    size_t count = 0;
    size_t octets = 0;

    header_iter_init(&iter, header);
    while (header_next(&iter, &field)) {
        const int id = fields_id(field.name);
        if (id == FIELDS_NONE)
            continue;
        octets += field.raw.len;
        if (count == FIELDS_COUNT_MAX || octets > FIELDS_OCTETS_MAX) {
            buf_put(out, (char[HEAD_OCTETS]){0}, HEAD_OCTETS); /* knows of nothing */
            return;
        }
        index[count * INDEX_OCTETS] = (uint8_t)id;
        index[count * INDEX_OCTETS + 1] = (uint8_t)(field.raw.len & 0xff);
        index[count * INDEX_OCTETS + 2] = (uint8_t)(field.raw.len >> 8);
        raw[count++] = field.raw;
    }

    buf_put_char(out, (char)TABLE_IDS);
    buf_put_char(out, (char)(iter.blank.len > BLANK_CRLF ? BLANK_CRLF : iter.blank.len));
    buf_put_char(out, (char)count);
    buf_put(out, index, count * INDEX_OCTETS);
    for (size_t i = 0; i < count; i++)
        buf_put_span(out, raw[i]);
}

void
fields_want_init(struct fields_want *want, const struct span *names, size_t count)
{
    *want = (struct fields_want){.all_known = true};
    for (size_t i = 0; i < count; i++) {
        const int id = fields_id(names[i]);
        if (id == FIELDS_NONE)
            want->all_known = false;
        else
            want->ids |= UINT64_C(1) << id;
    }
}

static uint8_t
octet_at(struct span stored, size_t at)
{
    return (uint8_t)stored.ptr[at];
}

/* Does stored tell of all these ids, and is its index whole? */
static bool
tells_of(struct span stored, uint64_t ids)
{
    if (stored.len < HEAD_OCTETS)
        return false;
    const uint8_t known = octet_at(stored, 0);
    if (known == 0 || (known < FIELDS_MAX && (ids >> known) != 0))
        return false;
    return HEAD_OCTETS + (size_t)octet_at(stored, 2) * INDEX_OCTETS <= stored.len;
}

static size_t
entry_octets(struct span stored, size_t entry)
{
    return octet_at(stored, entry + 1) | (size_t)octet_at(stored, entry + 2) << 8;
}

bool
fields_filter(struct buf *out, struct span stored, const struct fields_want *want)
{
    if (!want->all_known || !tells_of(stored, want->ids))
        return false;

    const size_t before = buf_len(out);
    const size_t index_end = HEAD_OCTETS + (size_t)octet_at(stored, 2) * INDEX_OCTETS;
    size_t from = index_end; /* fields wanted that lie side by side are copied in one piece */
    size_t at = index_end;
    for (size_t entry = HEAD_OCTETS; entry < index_end; entry += INDEX_OCTETS) {
        const uint8_t id = octet_at(stored, entry);
        const size_t octets = entry_octets(stored, entry);
        if (octets > stored.len - at) {
            buf_truncate(out, before);
            return false;
        }
        if (id >= FIELDS_MAX || (want->ids >> id & 1) == 0) {
            if (at > from)
                buf_put(out, stored.ptr + from, at - from);
            from = at + octets;
        }
        at += octets;
    }
    if (at > from)
        buf_put(out, stored.ptr + from, at - from);
    if (octet_at(stored, 1) == BLANK_CRLF)
        buf_put_lit(out, "\r\n");
    else if (octet_at(stored, 1) == BLANK_LF)
        buf_put_char(out, '\n');
    return true;
}

bool
fields_block(struct span stored, int ids, struct span *block_out)
{
    if (!tells_of(stored, UINT64_C(1) << (ids - 1)))
        return false;
    *block_out = span_tail(stored, HEAD_OCTETS + (size_t)octet_at(stored, 2) * INDEX_OCTETS);
    return true;
}

bool
fields_iter_init(struct fields_iter *iter, struct span stored, int id)
{
    if (id < 0 || id >= FIELDS_MAX || !tells_of(stored, UINT64_C(1) << id))
        return false;
    const size_t index_end = HEAD_OCTETS + (size_t)octet_at(stored, 2) * INDEX_OCTETS;
    *iter = (struct fields_iter){.stored = stored, .offset = (uint32_t)index_end};
    return true;
}

bool
fields_next(struct fields_iter *iter, int id, struct span *raw_out)
{
    const struct span stored = iter->stored;

    while (iter->next < octet_at(stored, 2)) {
        const size_t entry = HEAD_OCTETS + (size_t)iter->next * INDEX_OCTETS;
        const size_t octets = entry_octets(stored, entry);
        const size_t at = iter->offset;
        if (octets > stored.len - at)
            return false;
        iter->next++;
        iter->offset += (uint32_t)octets;
        if (octet_at(stored, entry) == id) {
            *raw_out = span_of(stored.ptr + at, octets);
            return true;
        }
    }
    return false;
}

struct span
fields_value(struct span raw)
{
    const ptrdiff_t colon = span_find_char(raw, ':');
    struct span value = span_tail(raw, (size_t)(colon + 1));

    if (value.len > 0 && value.ptr[value.len - 1] == '\n')
        value.len--;
    if (value.len > 0 && value.ptr[value.len - 1] == '\r')
        value.len--;
    return value;
}
