/* SPDX-License-Identifier: MIT */
/*
 * Remembers when application passwords were last used until that is written, so that no login
 * has to wait for the disk. Bounded: if LIMIT_APP_PASSWORD_USES are waiting, further uses are
 * dropped, and the next login notes them.
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
/** Notes that app was used now. Thread: any; never waits. */
void uses_note(struct uses *uses, const struct app_password *app, int64_t now_s);
/** Writes what is waiting. What could not be written is noted again at the next login. Thread:
 * one at a time; waits for disk. */
MUST_USE enum rc uses_save(struct uses *uses, struct registry *registry, struct err *err);

#endif
