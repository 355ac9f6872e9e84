/* SPDX-License-Identifier: MIT */
/*
 * Failed logins slow down the next ones: per address (IPv6: per /64), and, for addresses that
 * never logged in to it, per account. The wait grows with each failure, is bounded, and is a
 * deadline for a parked session, never a sleeping thread. Tables are bounded and age out. An
 * address from which the account was logged in to lately never waits for what others did.
 */
#ifndef AUTH_THROTTLE_H
#define AUTH_THROTTLE_H

#include <stdint.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/span.h"

struct throttle;

/** entries: of each table, at least 8, rounded up to a power of two. NULL: no memory. */
struct throttle *throttle_new(uint32_t entries, const struct clock *clock);
void throttle_free(struct throttle *throttle);

/* address: 4 or 16 octets in network order; empty for local peers, which never wait.
 * login: the name given, existing or not; compared without regard to ASCII case. */

/**
 * How long this login must wait before its password is looked at, 0 .. LIMIT_THROTTLE_MS ms.
 * Attempts made at the same time wait one behind the other. Thread: any.
 */
int64_t throttle_enter_ms(struct throttle *throttle, struct span address, struct span login);
void throttle_failed(struct throttle *throttle, struct span address, struct span login);
/** Remembers the address as good for this login. Its failures stay: else one own account would
 * be enough to guess at others without waiting. */
void throttle_succeeded(struct throttle *throttle, struct span address, struct span login);
/** Whether this login succeeded from this address lately. */
bool throttle_is_good(struct throttle *throttle, struct span address, struct span login);

#endif
