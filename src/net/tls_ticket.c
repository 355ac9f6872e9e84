/* SPDX-License-Identifier: MIT */
/*
 * See the header. A key is drawn when the newest is too old at the moment a ticket is sealed:
 * no timer is needed. Tickets are AES-256-CBC with HMAC-SHA-256, OpenSSL's own format.
 */
#include "net/tls_ticket.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/lock.h"

enum { KEYS = 3, NAME_OCTETS = 16, KEY_OCTETS = 32 };

struct ticket_key {
    unsigned char name[NAME_OCTETS];
    unsigned char aes[KEY_OCTETS];
    unsigned char hmac[KEY_OCTETS];
    int64_t made_s; /* wall clock */
    bool drawn;
};

struct ticket_ring {
    atomic_uint refs;
    const struct clock *clock;
    struct lock lock;             /* LOCK_LEAF: keys */
    struct ticket_key keys[KEYS]; /* newest first */
};

struct ticket_ring *
ticket_ring_new(const struct clock *clock)
{
    struct ticket_ring *ring = calloc(1, sizeof *ring);
    if (ring == NULL)
        return NULL;
    atomic_init(&ring->refs, 1);
    ring->clock = clock;
    lock_init(&ring->lock, LOCK_LEAF);
    return ring;
}

struct ticket_ring *
ticket_ring_ref(struct ticket_ring *ring)
{
    atomic_fetch_add(&ring->refs, 1);
    return ring;
}

void
ticket_ring_unref(struct ticket_ring *ring)
{
    if (ring == NULL || atomic_fetch_sub(&ring->refs, 1) != 1)
        return;
    lock_done(&ring->lock);
    OPENSSL_cleanse(ring->keys, sizeof ring->keys);
    free(ring);
}

/* Under lock: the key to seal with, drawn again when the newest is too old. */
static bool
newest(struct ticket_ring *ring, struct ticket_key *key_out)
{
    const int64_t now_s = clock_wall_s(ring->clock);
    const int64_t age_s = now_s - ring->keys[0].made_s;

    if (!ring->keys[0].drawn || age_s >= TICKET_KEY_S || age_s < 0) {
        struct ticket_key key = {.made_s = now_s, .drawn = true};
        if (RAND_bytes(key.name, NAME_OCTETS) != 1 || RAND_bytes(key.aes, KEY_OCTETS) != 1 ||
            RAND_bytes(key.hmac, KEY_OCTETS) != 1)
            return false;
        memmove(&ring->keys[1], &ring->keys[0], (KEYS - 1) * sizeof ring->keys[0]);
        ring->keys[0] = key;
    }
    *key_out = ring->keys[0];
    return true;
}

/* Under lock: -1 when it is none of ours (any more). */
static int
find(const struct ticket_ring *ring, const unsigned char name[16], struct ticket_key *key_out)
{
    for (int i = 0; i < KEYS; i++) {
        if (!ring->keys[i].drawn || memcmp(ring->keys[i].name, name, NAME_OCTETS) != 0)
            continue;
        *key_out = ring->keys[i];
        return i;
    }
    return -1;
}

static bool
set_mac_key(EVP_MAC_CTX *mac, struct ticket_key *key)
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->hmac, KEY_OCTETS),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };

    return EVP_MAC_CTX_set_params(mac, params) == 1;
}

int
ticket_ring_crypt(struct ticket_ring *ring, unsigned char name[16], unsigned char *iv,
                  EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int encrypt)
{
    enum { FAILED = -1, UNKNOWN = 0, GOOD = 1, GOOD_RENEW = 2 };
    struct ticket_key key;
    int answer = FAILED;

    if (encrypt) {
        lock_enter(&ring->lock);
        const bool have = newest(ring, &key);
        lock_leave(&ring->lock);
        if (have && RAND_bytes(iv, 16) == 1 && set_mac_key(mac, &key) &&
            EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, key.aes, iv) == 1) {
            memcpy(name, key.name, NAME_OCTETS);
            answer = GOOD;
        }
    } else {
        lock_enter(&ring->lock);
        const int which = find(ring, name, &key);
        lock_leave(&ring->lock);
        if (which < 0)
            return UNKNOWN;
        if (set_mac_key(mac, &key) &&
            EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, key.aes, iv) == 1)
            answer = which == 0 ? GOOD : GOOD_RENEW;
    }
    OPENSSL_cleanse(&key, sizeof key);
    return answer;
}
