/* SPDX-License-Identifier: MIT */
/* See the header. Base32 is that of RFC 4648 section 6 in lower case. */
#include "auth/app_password.h"

#include <openssl/sha.h>
#include <string.h>

enum {
    RANDOM_OCTETS = 16,
    GROUP = 5,   /* symbols in a group; the last group has one more */
    HYPHENS = 4, /* between five groups */
    SYMBOLS = APP_PASSWORD_TEXT_OCTETS - 1 - HYPHENS,
};

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

_Static_assert(SYMBOLS * 5 >= RANDOM_OCTETS * 8, "every bit has a place");
_Static_assert((int)APP_PASSWORD_DIGEST_OCTETS == SHA256_DIGEST_LENGTH, "a digest fits");

static bool
is_hyphen(size_t at)
{
    return at % (GROUP + 1) == GROUP && at / (GROUP + 1) < HYPHENS;
}

void
app_password_draw(struct rng *rng, char out[APP_PASSWORD_TEXT_OCTETS])
{
    uint8_t octets[RANDOM_OCTETS + 1] = {0}; /* the last two bits are not part of the 128 */
    size_t bit = 0;

    rng_fill(rng, octets, RANDOM_OCTETS);
    for (size_t at = 0; at < APP_PASSWORD_TEXT_OCTETS - 1; at++) {
        if (is_hyphen(at)) {
            out[at] = '-';
            continue;
        }
        const unsigned pair = (unsigned)octets[bit / 8] << 8 | octets[bit / 8 + 1];
        out[at] = alphabet[pair >> (11 - bit % 8) & 31];
        bit += 5;
    }
    out[APP_PASSWORD_TEXT_OCTETS - 1] = '\0';
    password_wipe(octets, sizeof octets);
}

bool
app_password_is_form(struct span text)
{
    if (text.len != APP_PASSWORD_TEXT_OCTETS - 1)
        return false;
    for (size_t at = 0; at < text.len; at++)
        if (is_hyphen(at) ? text.ptr[at] != '-'
                          : memchr(alphabet, text.ptr[at], sizeof alphabet - 1) == NULL)
            return false;
    return true;
}

void
app_password_digest(struct span text, uint8_t out[APP_PASSWORD_DIGEST_OCTETS])
{
    SHA256((const unsigned char *)text.ptr, text.len, out);
}

enum rc
app_password_keys(const struct password_policy *policy, const struct registry_account *account,
                  struct span text, struct app_password *out, struct scram_keys *salt_out,
                  struct err *err)
{
    struct password_policy with_salt = *policy;
    struct scram_keys keys;

    with_salt.salt = &account->scram;
    const enum rc rc = password_scram(&with_salt, text, &keys, err);
    if (rc != RC_OK)
        return rc;
    app_password_digest(text, out->digest);
    memcpy(out->stored_key, keys.stored_key, sizeof out->stored_key);
    memcpy(out->server_key, keys.server_key, sizeof out->server_key);
    *salt_out = keys;
    password_wipe(&keys, sizeof keys);
    return RC_OK;
}
