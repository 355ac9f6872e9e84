/* SPDX-License-Identifier: MIT */
/*
 * Keys of session tickets: a ring of three, each used for twelve hours, so that a ticket is
 * valid for at least a day. They are kept only in memory, and shared and counted by all
 * contexts of a server, so that no client needs a full handshake just because the certificate
 * was reloaded.
 */
#ifndef NET_TLS_TICKET_H
#define NET_TLS_TICKET_H

#include <openssl/ssl.h>

#include "base/attr.h"
#include "base/clock.h"

struct ticket_ring;

enum { TICKET_LIFE_S = 24 * 3600, TICKET_KEY_S = 12 * 3600 };

/** NULL: no memory. One reference is the caller's. */
struct ticket_ring *ticket_ring_new(const struct clock *clock);
struct ticket_ring *ticket_ring_ref(struct ticket_ring *ring);
void ticket_ring_unref(struct ticket_ring *ring);
/** What SSL_CTX_set_tlsext_ticket_key_evp_cb asks for. Thread: any. */
int ticket_ring_crypt(struct ticket_ring *ring, unsigned char name[16], unsigned char *iv,
                      EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int encrypt);

#endif
