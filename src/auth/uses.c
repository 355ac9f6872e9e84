/* SPDX-License-Identifier: MIT */
/* An array under a lock. Few are used between two writes. Any thread. */
#include "auth/uses.h"

#include <stdlib.h>
#include <string.h>

#include "base/lock.h"

struct uses {
    struct lock lock; /* LOCK_LEAF; guards what follows */
    size_t count;
    struct app_use waiting[LIMIT_APP_PASSWORD_USES];
};

struct uses *
uses_new(void)
{
    struct uses *uses = calloc(1, sizeof *uses);

    if (uses != NULL)
        lock_init(&uses->lock, LOCK_LEAF);
    return uses;
}

void
uses_free(struct uses *uses)
{
    if (uses == NULL)
        return;
    lock_done(&uses->lock);
    free(uses);
}

void
uses_note(struct uses *uses, const struct app_password *app, int64_t now_s)
{
    size_t at = 0;

    if (now_s - app->used_s < LIMIT_APP_PASSWORD_USED_S)
        return;
    lock_enter(&uses->lock);
    while (at < uses->count && uses->waiting[at].id != app->id)
        at++;
    if (at < LIMIT_APP_PASSWORD_USES)
        uses->waiting[at] = (struct app_use){.id = app->id, .used_s = now_s};
    if (at == uses->count && at < LIMIT_APP_PASSWORD_USES)
        uses->count++;
    lock_leave(&uses->lock);
}

enum rc
uses_save(struct uses *uses, struct registry *registry, struct err *err)
{
    lock_enter(&uses->lock);
    const size_t count = uses->count;
    struct app_use *taken = count == 0 ? NULL : malloc(count * sizeof *taken);
    if (taken != NULL) {
        memcpy(taken, uses->waiting, count * sizeof *taken);
        uses->count = 0;
    }
    lock_leave(&uses->lock);
    if (count == 0)
        return RC_OK;
    if (taken == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory to note when passwords were used");
    const enum rc rc = registry_app_used(registry, taken, count, err);
    free(taken);
    return rc;
}
