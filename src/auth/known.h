/* SPDX-License-Identifier: MIT */
/*
 * Which pairs of address and account have logged in together within LIMIT_KNOWN_DAYS. Whoever
 * floods an account from elsewhere, or guesses at others from the same address, does not stand
 * in their way. Kept in a file over restarts: a keyed digest and the hour of the last success,
 * which tell nobody an address or a name.
 *
 * Bounded by LIMIT_KNOWN; the pair unseen for longest gives way, and no account can take more
 * than a quarter. Losing the file costs some logins their privilege until the next success,
 * nothing else; so it is written once in a while and at a stop, not for each login.
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

/**
 * entries: at least 8, rounded up to a power of two. secret: 32 octets of the server's, copied.
 * path: where they are kept, copied; NULL: nowhere. A file that is damaged, or of another
 * server, counts as none. NULL: no memory. Thread: start-up; reads the file.
 */
struct known *known_new(uint32_t entries, const uint8_t secret[32], const char *path,
                        const struct clock *clock);
/** Does not write the file. */
void known_free(struct known *known);

/** address: 4 or 16 octets (of which the first 8 count). Thread: any. */
bool known_has(struct known *known, struct span address, uint64_t account_id);
void known_note(struct known *known, struct span address, uint64_t account_id);
/** Writes the file when something is new. Thread: any one at a time; waits for disk. */
MUST_USE enum rc known_save(struct known *known, struct err *err);

#endif
