/* SPDX-License-Identifier: MIT */
/*
 * The collation i;unicode-casemap (RFC 5051), which SORT and THREAD must use (RFC 5256
 * section 7): texts compare as the octets of their mappings do, so memcmp is all that sorting
 * needs. The mapping of a character is its title case and then its decomposition, both as in
 * UnicodeData.txt, applied again to the result until nothing changes.
 *
 * This is not the folding of searches (fold.h), which uses full case folding so that "STRASSE"
 * finds "straße". The order differs too: here "_" comes after all letters of ASCII.
 *
 * Thread: any; a struct casemap belongs to one thread at a time.
 */
#ifndef SYNTAX_CASEMAP_H
#define SYNTAX_CASEMAP_H

#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

/* Grows with every change of the mapping. Keys that were stored under another version are made
 * again. */
enum { CASEMAP_VERSION = 1 };

enum { CASEMAP_CACHE = 64, CASEMAP_OCTETS = 27 };

struct casemap_entry {
    uint32_t character; /* 0: free */
    uint8_t len;
    char octets[CASEMAP_OCTETS];
};

/* Characters that a caller has mapped lately. It has only 2 KiB, because it is made for each
 * message that arrives. */
struct casemap {
    struct casemap_entry cache[CASEMAP_CACHE];
};

void casemap_init(struct casemap *map);
/** Appends the mapping of text, which is UTF-8 cut between characters; octets that are not
 * UTF-8 are kept as they are. ASCII is fast. */
void casemap_put(struct casemap *map, struct span text, struct buf *out);

#endif
