/* SPDX-License-Identifier: MIT */
/*
 * Keys for SORT and THREAD (RFC 5256, RFC 5957) out of header fields: octet strings that
 * memcmp puts in the order of i;unicode-casemap, a shorter one before those that begin with
 * it, the empty one (no such field) first. Of longer texts, only LIMIT_SORT_KEY octets count.
 * Pure. Thread: any.
 */
#ifndef SYNTAX_MAIL_SORT_KEY_H
#define SYNTAX_MAIL_SORT_KEY_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/span.h"
#include "syntax/casemap.h"

/* What making keys needs, made once for many messages. */
struct sort_keyer {
    struct casemap map;
    struct buf text;    /* decoded, before it is mapped */
    struct arena arena; /* of one field's addresses */
};

void sort_keyer_init(struct sort_keyer *keyer);
void sort_keyer_done(struct sort_keyer *keyer);

/**
 * Appends the two keys of a field with addresses: that of FROM, TO and CC, which is
 * addr-mailbox of the first address, and that of DISPLAYFROM and DISPLAYTO, which is its name,
 * else its address. Of a group that comes first both are its name, which ENVELOPE has in the
 * place of addr-mailbox. Returns the length of the first key. Ask buf_ok(out) afterwards.
 */
size_t sort_key_address(struct sort_keyer *keyer, struct span value, struct buf *out);

/** Appends the key of the base subject. Returns whether it is one of a reply or forward. */
bool sort_key_subject(struct sort_keyer *keyer, struct span value, struct buf *out);

#endif
