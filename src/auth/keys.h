/* SPDX-License-Identifier: MIT */
/*
 * SCRAM keys for accounts that were imported with a hash alone, made from the password that
 * such an account logs in with. That takes 30 ms of a processor, so it is done after the login,
 * by a thread of its own that runs only when nobody else wants the processor, and begins none
 * while passwords are being verified: both want the same cache and the same registry. When that
 * never ends, it makes one in LIMIT_KEY_PATIENCE_MS.
 *
 * The queue is bounded: when it is full, or a password has waited for LIMIT_KEY_WAIT_MS, the
 * next login of that account tries again. Passwords are wiped when they are done with, and at a
 * stop all that wait are dropped.
 */
#ifndef AUTH_KEYS_H
#define AUTH_KEYS_H

#include "auth/password.h"
#include "base/attr.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/rc.h"

struct key_maker;

/** The registry and the clock are borrowed for life. RC_LIMIT: memory, threads. Thread:
 *  start-up. */
MUST_USE enum rc key_maker_new(struct registry *registry, const struct password_policy *policy,
                               const struct clock *clock, struct key_maker **out,
                               struct err *err);
/** Drops what waits, ends what is being made. NULL is allowed. */
void key_maker_free(struct key_maker *maker);
/** Copies the password, at most LIMIT_PASSWORD octets. Thread: any; never waits. */
void key_maker_add(struct key_maker *maker, const struct registry_account *account,
                   struct span password);
/** A password is about to be verified. Thread: any; never waits. */
void key_maker_hush(struct key_maker *maker);
/** Until nothing waits and nothing is being made, or wait_ms have passed: false. For tests. */
MUST_USE bool key_maker_settle(struct key_maker *maker, int64_t wait_ms);

#endif
