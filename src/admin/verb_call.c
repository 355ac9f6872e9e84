/* SPDX-License-Identifier: MIT */
/* What verbs share: their arguments, and notifying the sessions concerned. */
#include "admin/verbs.h"

#include "session/table.h"
#include "store/registry.h"

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
