/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "auth/external.h"

#include <stdio.h>

#include "auth/auth_private.h"

/* Finds an account that the certificate names: *found_out, and its name in the certificate.
 * With an authzid, only the account that it means. */
static enum rc
account_find(struct auth *auth, const struct sasl_channel *channel, struct span authzid,
             bool *any_out, const char **found_out, struct registry_account *out,
             struct err *err)
{
    *any_out = false;
    *found_out = NULL;
    for (size_t i = 0; i < channel->name_count && *found_out == NULL; i++) {
        char name[REGISTRY_NAME_OCTETS];
        enum rc rc = auth_find_login(auth, span_of_str(channel->names[i]), name, out, err);
        if (rc == RC_NOT_FOUND)
            continue;
        if (rc != RC_OK)
            return rc;
        *any_out = true;
        rc = auth_check_authzid(auth, authzid, out, err);
        if (rc != RC_OK && rc != RC_DENIED)
            return rc;
        if (rc == RC_OK)
            *found_out = channel->names[i];
    }
    return RC_OK;
}

enum rc
external_decide(struct auth *auth, const struct sasl_channel *channel, struct span authzid,
                const struct auth_peer *peer, struct auth_result *out, struct err *err)
{
    struct registry_account account;
    bool any = false;
    const char *found = NULL;
    const enum rc rc = account_find(auth, channel, authzid, &any, &found, &account, err);

    if (rc != RC_OK)
        return rc;
    *out = (struct auth_result){.reason = any ? AUTH_NOT_YOURS : AUTH_CERTIFICATE};
    if (found == NULL)
        return err_set(err, RC_DENIED, 0, "%s", auth_reason_name(out->reason));
    auth_result_fill(out, &account);
    snprintf(out->subject, sizeof out->subject, "%s", found);
    if (account.state != ACCOUNT_ENABLED) {
        out->reason = AUTH_ACCOUNT_DISABLED;
        return err_set(err, RC_DISABLED, 0, "%s", auth_reason_name(out->reason));
    }
    known_note(auth->known, peer->address, account.id);
    return RC_OK;
}
