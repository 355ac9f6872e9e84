/* SPDX-License-Identifier: MIT */
/* What the server reads of SASL messages itself: SCRAM's, those with tokens, and the tokens. */
#include "auth/app_password.h"
#include "auth/bearer.h"
#include "auth/oauth.h"
#include "auth/scram.h"
#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
is_inside(struct span part, struct span whole)
{
    return part.len == 0 || (part.ptr >= whole.ptr && part.len <= whole.len &&
                             part.ptr + part.len <= whole.ptr + whole.len);
}

static void
token_look(struct span text)
{
    static const uint8_t key[SCRAM_PROOF_OCTETS];
    struct oauth_token *token = NULL;

    (void)app_password_is_form(text);
    (void)scram_proof_is_of(key, key, text);
    if (oauth_token_read(text, &token) != RC_OK)
        return;
    CHECK(oauth_token_subject(token) != NULL);
    oauth_token_free(token);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct span message = span_of(data, size);
    struct scram_first first;
    struct scram_final final;
    struct bearer bearer;

    if (scram_first_read(message, &first)) {
        CHECK(first.header.len + first.bare.len == size);
        CHECK((first.flag == SCRAM_BINDING) == (first.binding.len > 0));
        CHECK(is_inside(first.binding, first.header));
    }
    if (scram_final_read(message, &final))
        CHECK(is_inside(final.channel, final.without_proof) &&
              is_inside(final.without_proof, message));
    for (unsigned mech = SASL_OAUTHBEARER; mech <= SASL_XOAUTH2; mech++) {
        if (!bearer_read((enum sasl_mech)mech, message, &bearer))
            continue;
        CHECK(bearer.name.len <= message.len); /* it may be decoded */
        CHECK(is_inside(bearer.token, message));
        token_look(bearer.token);
    }
    token_look(message);
    return 0;
}
