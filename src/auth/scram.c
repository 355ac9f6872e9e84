/* SPDX-License-Identifier: MIT */
/* See the header; RFC 5802 sections 3 and 7. */
#include "auth/scram.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <string.h>

#include "base/base64.h"

_Static_assert((int)SCRAM_PROOF_OCTETS == SHA256_DIGEST_LENGTH, "a proof is a SHA-256");

bool
scram_first_read(struct span message, struct scram_first *out)
{
    const ptrdiff_t flag_end = span_find_char(message, ',');

    if (flag_end < 1)
        return false;
    const struct span flag = span_head(message, (size_t)flag_end);
    const struct span rest = span_tail(message, (size_t)flag_end + 1);
    const ptrdiff_t authzid_end = span_find_char(rest, ',');
    if (authzid_end < 0)
        return false;
    *out = (struct scram_first){.binding = SPAN("")};
    if (span_eq_str(flag, "n"))
        out->flag = SCRAM_NO_BINDING;
    else if (span_eq_str(flag, "y"))
        out->flag = SCRAM_BINDING_UNKNOWN;
    else if (flag.len > 2 && flag.ptr[0] == 'p' && flag.ptr[1] == '=')
        out->flag = SCRAM_BINDING;
    else
        return false;
    if (out->flag == SCRAM_BINDING)
        out->binding = span_tail(flag, 2);
    const size_t header = flag.len + 1 + (size_t)authzid_end + 1;
    out->header = span_head(message, header);
    out->bare = span_tail(message, header);
    return true;
}

bool
scram_final_read(struct span message, struct scram_final *out)
{
    AUTO_BUF proof = {0};
    size_t at = message.len;

    /* The proof is the last attribute, and base64 has no comma. */
    while (at > 0 && message.ptr[at - 1] != ',')
        at--;
    const struct span last = span_tail(message, at);
    const ptrdiff_t channel_end = span_find_char(message, ',');
    if (at == 0 || channel_end < 2 || message.ptr[0] != 'c' || message.ptr[1] != '=' ||
        last.len < 2 || last.ptr[0] != 'p' || last.ptr[1] != '=')
        return false;
    buf_init(&proof, 2 * (size_t)SCRAM_PROOF_OCTETS);
    if (base64_decode(&proof, span_tail(last, 2)) != RC_OK ||
        buf_len(&proof) != SCRAM_PROOF_OCTETS)
        return false;
    out->channel = span_tail(span_head(message, (size_t)channel_end), 2);
    out->without_proof = span_head(message, at - 1);
    memcpy(out->proof, buf_span(&proof).ptr, SCRAM_PROOF_OCTETS);
    return true;
}

bool
scram_proof_is_of(const uint8_t stored_key[SCRAM_PROOF_OCTETS],
                  const uint8_t proof[SCRAM_PROOF_OCTETS], struct span auth_message)
{
    uint8_t key[SHA256_DIGEST_LENGTH]; /* ClientSignature, then ClientKey */
    uint8_t digest[SHA256_DIGEST_LENGTH];
    unsigned len = 0;

    if (HMAC(EVP_sha256(), stored_key, SCRAM_PROOF_OCTETS,
             (const unsigned char *)auth_message.ptr, auth_message.len, key, &len) == NULL)
        return false;
    for (size_t i = 0; i < sizeof key; i++)
        key[i] ^= proof[i];
    const bool same = SHA256(key, sizeof key, digest) != NULL &&
                      CRYPTO_memcmp(digest, stored_key, sizeof digest) == 0;
    OPENSSL_cleanse(key, sizeof key);
    return same;
}
