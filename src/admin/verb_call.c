/* SPDX-License-Identifier: MIT */
/* What verbs share: their arguments, a walk over all accounts, and notifying the sessions
 * concerned. */
#include "admin/verbs.h"

#include <stdlib.h>
#include <string.h>

#include "session/table.h"
#include "store/registry.h"

enum { LIST_BATCH = 200 };

const char *
verb_text(const struct verb_call *call, const char *name)
{
    return json_string_value(json_object_get(call->args, name));
}

enum rc
verb_account(const struct verb_call *call, struct registry_account *out, struct err *err)
{
    const char *name = verb_text(call, "account");

    if (name == NULL)
        return err_set(err, RC_INVALID, 0, "no account was named");
    const enum rc rc = registry_find(call->house->registry, span_of_str(name), out, err);
    return rc == RC_NOT_FOUND ? err_set(err, rc, 0, "there is no account \"%.100s\"", name)
                              : rc;
}

void
verb_tell_sessions(const struct verb_call *call, uint64_t account_id, enum session_post post)
{
    if (call->house->table != NULL)
        session_post_all(call->house->table, account_id, post, NULL, 0);
}

enum rc
verb_each_account(const struct verb_call *call, verb_account_fn *fn, struct err *err)
{
    struct registry_account *rows = calloc(LIST_BATCH, sizeof *rows);
    char after[REGISTRY_NAME_OCTETS] = "";
    size_t count = LIST_BATCH;
    enum rc rc = rows == NULL ? err_set(err, RC_LIMIT, 0, "no memory") : RC_OK;

    while (rc == RC_OK && count == LIST_BATCH) {
        rc = registry_list(call->house->registry, span_of_str(after), LIST_BATCH, rows, &count,
                           err);
        for (size_t i = 0; rc == RC_OK && i < count; i++)
            rc = fn(call, &rows[i], err);
        if (rc == RC_OK && count > 0)
            memcpy(after, rows[count - 1].name, sizeof after);
    }
    free(rows);
    return rc;
}
