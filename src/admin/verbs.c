/* SPDX-License-Identifier: MIT */
/* The table, and what verbs share; see the header. */
#include "admin/verbs.h"

#include "session/table.h"
#include "store/registry.h"

static const struct verb verbs[] = {
    {"account-add", false, verb_account_add},
    {"account-add-many", false, verb_account_add_many},
    {"account-passwd", false, verb_account_passwd},
    {"account-list", false, verb_account_list},
    {"account-disable", false, verb_account_disable},
    {"account-enable", false, verb_account_enable},
    {"account-remove", false, verb_account_remove},
    {"account-restore", false, verb_account_restore},
    {"account-removed", false, verb_account_removed},
    {"account-alias", false, verb_account_alias},
    {"import", false, verb_import},
    {"export", false, verb_export},
    {"sessions", true, verb_sessions},
    {"explain", false, verb_explain},
    {"networks", false, verb_networks},
    {"kick", true, verb_kick},
    {"log", true, verb_log},
    {"upgrade", true, verb_upgrade},
};

enum rc
verb_run(const char *name, const struct verb_call *call, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (strcmp(verbs[i].name, name) != 0)
            continue;
        if (verbs[i].needs_server && call->house->table == NULL)
            return err_set(err, RC_UNSUPPORTED, 0, "no server is running here");
        return verbs[i].run(call, err);
    }
    return err_set(err, RC_UNSUPPORTED, 0, "there is no verb \"%.40s\"", name);
}

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
