/* SPDX-License-Identifier: MIT */
/*
 * Knows which pairs of address and account have logged in together within LIMIT_KNOWN_DAYS. A
 * flood on the account from elsewhere, or guesses at other accounts from the same address, do
 * not delay them. They are kept in a file across restarts, as a keyed digest and the hour of
 * the last success, which reveal neither addresses nor names.
 *
 * The table is at most a quarter full, as long as known_places lets it grow for the number of
 * accounts: about 16 pairs for each, with 64 to 128 octets of memory for a pair. Beyond that,
 * the pair unseen for longest is replaced, and no account can have more than a quarter of the
 * places. If the file is lost, pairs are unknown only until their next success. So it is
 * written from time to time and when the server stops, but not for each login.
 */
#ifndef AUTH_KNOWN_H
#define AUTH_KNOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/rc.h"
#include "base/span.h"

struct known;

/** The number of places that the table may have for so many accounts. */
uint32_t known_places(uint64_t accounts);

/**
 * entries: at least 8, rounded up to a power of two; more if the file has more. secret: the
 * server's 32 octets, copied. path: the file, copied; NULL: none. A file that is damaged or
 * belongs to another server is ignored. NULL: no memory. Thread: start-up; reads the file.
 */
struct known *known_new(uint32_t entries, const uint8_t secret[32], const char *path,
                        const struct clock *clock);
/** Does not write the file. */
void known_free(struct known *known);

/** address: 4 or 16 octets (of which the first 8 count). Thread: any. */
bool known_has(struct known *known, struct span address, uint64_t account_id);
void known_note(struct known *known, struct span address, uint64_t account_id);
/** Makes the table larger if it is too full, up to that number of places. Without memory,
 * nothing changes. Thread: that of known_save. */
void known_grow(struct known *known, uint32_t places);
/** Writes the file if something has changed; RC_OK: it is on disk. Thread: any, one at a time;
 * waits for disk. */
MUST_USE enum rc known_save(struct known *known, struct err *err);

#endif
