/* SPDX-License-Identifier: MIT */
/*
 * Finds accounts that were made before some names were reserved for access control lists.
 * Nobody can share a mailbox with such an account alone, because a list would take the name for
 * somebody else. The registry is read as it is; a registry of an older version is not checked.
 */
#include "cli/check/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/engine_sqlite.h"
#include "store/registry.h"

enum { BATCH = 64 };

static void
tell(struct check *check, const char *name)
{
    check_tell(
        check, CHECK_NOTE, "accounts",
        "%s: access control lists take this name for somebody else, so no mailbox can be "
        "shared with this account alone; give it another name (roost account remove, "
        "then roost account restore --as)",
        name);
}

/* Checks names after this one, as long as they may be reserved. */
static void
walk(struct check *check, struct registry *registry, const char *after, const char *until)
{
    struct registry_account *rows = calloc(BATCH, sizeof *rows);
    char last[REGISTRY_NAME_OCTETS];
    size_t count = rows == NULL ? 0 : BATCH;

    snprintf(last, sizeof last, "%s", after);
    while (count == BATCH) {
        if (registry_list(registry, span_of_str(last), BATCH, rows, &count, NULL) != RC_OK)
            break;
        for (size_t i = 0; i < count; i++) {
            if (strcmp(rows[i].name, until) > 0)
                count = 0;
            else if (registry_name_is_reserved(span_of_str(rows[i].name)))
                tell(check, rows[i].name);
        }
        if (count > 0)
            memcpy(last, rows[count - 1].name, sizeof last);
    }
    free(rows);
}

void
check_names(struct check *check, struct config *config)
{
    const struct sqlite_registry_options options = {.path = config_path(config, "registry.db"),
                                                    .registry.clock = &clock_system,
                                                    .unsettled = true};
    struct registry *registry = NULL;

    if (registry_open_sqlite(&options, &registry, NULL) != RC_OK)
        return; /* there is none yet, or another check tells what is wrong with it */
    walk(check, registry, "", "-\xff");
    walk(check, registry, "anyon", "anyone@\xff");
    registry_close(registry);
}
