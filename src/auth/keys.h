/* SPDX-License-Identifier: MIT */
/*
 * Makes SCRAM keys for accounts that were imported with only a hash, from the password with
 * which such an account logs in. This takes 30 ms of processor time, so it is done after the
 * login, by a separate thread that runs only when a processor is idle. The thread does not
 * begin while passwords are being verified, because both need the same cache and the same
 * registry. If that never ends, it makes one key every LIMIT_KEY_PATIENCE_MS.
 *
 * The queue is bounded. If it is full, or a password has waited for LIMIT_KEY_WAIT_MS, the key
 * is left to the next login of that account. Passwords are wiped when they are no longer
 * needed, and a stop drops all that are waiting.
 */
#ifndef AUTH_KEYS_H
#define AUTH_KEYS_H

#include "auth/password.h"
#include "base/attr.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/rc.h"

struct key_maker;

/** The registry and the clock are borrowed for life. RC_LIMIT: no memory or no thread. Thread:
 * start-up. */
MUST_USE enum rc key_maker_new(struct registry *registry, const struct password_policy *policy,
                               const struct clock *clock, struct key_maker **out,
                               struct err *err);
/** Drops the waiting passwords, and waits for the key that is being made. NULL is allowed. */
void key_maker_free(struct key_maker *maker);
/** Copies the password, at most LIMIT_PASSWORD octets. Thread: any; never waits. */
void key_maker_add(struct key_maker *maker, const struct registry_account *account,
                   struct span password);
/** A password is about to be verified. Thread: any; never waits. */
void key_maker_hush(struct key_maker *maker);
/** Waits until no password waits and no key is being made. False: wait_ms have passed. For
 * tests. */
MUST_USE bool key_maker_settle(struct key_maker *maker, int64_t wait_ms);

#endif
