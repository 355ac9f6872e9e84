/* SPDX-License-Identifier: MIT */
/*
 * The one folding used for searching: two texts match without regard to case if the folding of
 * one contains the folding of the other.
 *
 * fold(text) is the folding of each character by itself, one after the other: NFKD, full case
 * folding, NFKD again. So fold(ab) = fold(a) fold(b): a substring stays a substring, and text
 * may be cut into pieces between any two characters. This follows i;unicode-casemap (RFC 5051),
 * which also decomposes each character by itself, but with full case folding in place of title
 * case, so that "STRASSE" finds "straße". Texts that are equal in that collation have the same
 * folding. Marks are kept in the order of the text: "e" finds "é", but "é" does not find "e".
 *
 * Thread: any; a struct fold belongs to one thread at a time.
 */
#ifndef SYNTAX_FOLD_H
#define SYNTAX_FOLD_H

#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

enum { FOLD_CACHE = 512, FOLD_OCTETS = 27 };

struct fold_entry {
    uint32_t character; /* 0: free */
    uint8_t len;
    char octets[FOLD_OCTETS];
};

/* Characters that a caller has folded lately: about 16 KiB, one for each SEARCH. */
struct fold {
    struct fold_entry cache[FOLD_CACHE];
};

void fold_init(struct fold *fold);
/** Appends the folding of text, which is UTF-8 cut between characters; octets that are not
 * UTF-8 are kept as they are. ASCII is fast. */
void fold_put(struct fold *fold, struct span text, struct buf *out);

#endif
