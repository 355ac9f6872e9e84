/* SPDX-License-Identifier: MIT */
/*
 * Remembers when application passwords were used last until that is written, so that no login
 * waits for the disk because of it. Bounded: when LIMIT_APP_PASSWORD_USES wait, further ones
 * are passed over, and their next login notes them.
 */
#ifndef AUTH_USES_H
#define AUTH_USES_H

#include "base/attr.h"
#include "base/err.h"
#include "base/rc.h"
#include "store/app_password.h"

struct uses;

/** NULL: no memory. Thread: start-up. */
struct uses *uses_new(void);
void uses_free(struct uses *uses);
/** app was used now. Thread: any; never waits. */
void uses_note(struct uses *uses, const struct app_password *app, int64_t now_s);
/** Writes what waits. What could not be written is noted again at the next login. Thread: one
 * at a time; waits for disk. */
MUST_USE enum rc uses_save(struct uses *uses, struct registry *registry, struct err *err);

#endif
