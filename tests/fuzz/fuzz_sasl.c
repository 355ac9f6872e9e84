/* SPDX-License-Identifier: MIT */
/* What the server reads of SASL messages itself: SCRAM's, those with tokens, and the tokens,
 * whose signatures are looked at with a key of each kind. */
#include "auth/app_password.h"
#include "auth/bearer.h"
#include "auth/oauth.h"
#include "auth/scram.h"
#include "base/check.h"

#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
is_inside(struct span part, struct span whole)
{
    return part.len == 0 || (part.ptr >= whole.ptr && part.len <= whole.len &&
                             part.ptr + part.len <= whole.ptr + whole.len);
}

/* Those of RFC 7515 appendix A.2 and A.3. */
static const char keys[] =
    "{\"keys\":[{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\""
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrc"
    "S2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGz"
    "jb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xs"
    "mtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8"
    "q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ\"},"
    "{\"kty\":\"EC\",\"crv\":\"P-256\","
    "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}";

static struct oauth *oauth;

static void
oauth_end(void)
{
    oauth_unref(oauth);
}

static void
oauth_begin(void)
{
    char path[] = "/tmp/roost-fuzz-keys-XXXXXX";
    const struct oauth_config config = {
        .keys_path = path, .issuer = "joe", .audience = "mail", .claim = "sub", .hosts = "a"};
    const int fd = mkstemp(path);

    CHECK(fd >= 0 && write(fd, keys, sizeof keys - 1) == (ssize_t)sizeof keys - 1);
    close(fd);
    CHECK(oauth_new(&oauth, &config, NULL) == RC_OK);
    CHECK(unlink(path) == 0 && atexit(oauth_end) == 0);
}

static void
token_look(struct span text)
{
    static const uint8_t key[SCRAM_PROOF_OCTETS];
    struct oauth_token *token = NULL;
    enum auth_reason reason;

    (void)app_password_is_form(text);
    (void)scram_proof_is_of(key, key, text);
    if (oauth_token_read(text, &token) != RC_OK)
        return;
    CHECK(oauth_token_subject(token) != NULL && oauth_token_name(oauth, token) != NULL);
    CHECK(oauth_token_verify(oauth, token, 1300819000, &reason) == RC_OK);
    oauth_token_free(token);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct span message = span_of(data, size);
    struct scram_first first;
    struct scram_final final;
    struct bearer bearer;

    if (oauth == NULL)
        oauth_begin();
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
