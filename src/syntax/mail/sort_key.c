/* SPDX-License-Identifier: MIT */
/* A field's text is decoded into a buffer of the keyer's, cut, and mapped into the caller's. */
#include "syntax/mail/sort_key.h"

#include "base/limits.h"
#include "syntax/mail/address.h"
#include "syntax/mail/base_subject.h"
#include "syntax/mail/encoded_word.h"

/* Of a field only its first address counts, so that a list of thousands costs nothing. */
enum {
    ADDRESS_OCTETS_MAX = 16 << 10,
    ARENA_OCTETS = 8 * ADDRESS_OCTETS_MAX,
    DECODED_OCTETS_MAX = 16 * LIMIT_HEADER_FIELD, /* the worst that a charset does to a field */
};

void
sort_keyer_init(struct sort_keyer *keyer)
{
    casemap_init(&keyer->map);
    buf_init(&keyer->text, DECODED_OCTETS_MAX);
    arena_init(&keyer->arena, ARENA_OCTETS);
}

void
sort_keyer_done(struct sort_keyer *keyer)
{
    buf_done(&keyer->text);
    arena_done(&keyer->arena);
}

/* At most LIMIT_SORT_KEY octets of text, cut between two characters of UTF-8. */
static struct span
cut(struct span text)
{
    size_t len = LIMIT_SORT_KEY;

    if (text.len <= len)
        return text;
    while (len > LIMIT_SORT_KEY - 3 && ((unsigned char)text.ptr[len] & 0xC0) == 0x80)
        len--;
    return span_head(text, len);
}

/* A mapping can be longer than its text: the key is cut where the limit says. */
static void
put_key(struct sort_keyer *keyer, struct span text, struct buf *out)
{
    const size_t before = buf_len(out);

    casemap_put(&keyer->map, cut(text), out);
    if (buf_len(out) - before > LIMIT_SORT_KEY)
        buf_truncate(out, before + LIMIT_SORT_KEY);
}

/* RFC 5957 section 3. */
static void
put_display(struct sort_keyer *keyer, const struct address *address)
{
    encoded_word_decode(&keyer->text, address->name);
    if (buf_len(&keyer->text) > 0 || address->mailbox.len == 0)
        return;
    buf_put_span(&keyer->text, address->mailbox);
    if (address->host.len > 0) {
        buf_put_char(&keyer->text, '@');
        buf_put_span(&keyer->text, address->host);
    }
}

size_t
sort_key_address(struct sort_keyer *keyer, struct span value, struct buf *out)
{
    const size_t before = buf_len(out);
    struct address_iter iter;
    struct address address;
    size_t len = 0;

    buf_clear(&keyer->text);
    address_iter_init(&iter, span_head(value, ADDRESS_OCTETS_MAX), &keyer->arena);
    if (!address_next(&iter, &address)) {
        out->failed |= keyer->arena.starved;
        arena_reset(&keyer->arena);
        return 0;
    }
    if (address.kind == ADDRESS_GROUP_BEGIN) {
        encoded_word_decode(&keyer->text, address.name);
        put_key(keyer, buf_span(&keyer->text), out);
        len = buf_len(out) - before;
    } else {
        put_key(keyer, address.mailbox, out);
        len = buf_len(out) - before;
        put_display(keyer, &address);
    }
    put_key(keyer, buf_span(&keyer->text), out);
    out->failed |= keyer->text.failed || keyer->arena.starved;
    arena_reset(&keyer->arena);
    return len;
}

bool
sort_key_subject(struct sort_keyer *keyer, struct span value, struct buf *out)
{
    const struct base_subject base = base_subject_of(value, &keyer->text);

    put_key(keyer, base.text, out);
    out->failed |= keyer->text.failed;
    return base.is_reply_or_forward;
}
