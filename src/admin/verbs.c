/* SPDX-License-Identifier: MIT */
/* The table; see the header. */
#include "admin/verbs.h"

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
    {"account-app-password", false, verb_account_app_password},
    {"account-quota", false, verb_account_quota},
    {"account-shares", false, verb_account_shares},
    {"group-add", false, verb_group_add},
    {"group-remove", false, verb_group_remove},
    {"group-list", false, verb_group_list},
    {"group-members", false, verb_group_members},
    {"import", false, verb_import},
    {"export", false, verb_export},
    {"index", false, verb_index},
    {"search", false, verb_search},
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
