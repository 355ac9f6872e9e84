/* SPDX-License-Identifier: MIT */
/*
 * The client's messages in a SCRAM exchange (RFC 5802 section 7), as far as Roost reads them
 * itself: what the client says about channel binding, and which password made the proof. GNU
 * SASL reads the same messages and decides; nothing that it refuses is accepted here. Pure.
 * Thread: any.
 */
#ifndef AUTH_SCRAM_H
#define AUTH_SCRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

enum { SCRAM_PROOF_OCTETS = 32 };

/* gs2-cbind-flag */
enum scram_flag {
    SCRAM_NO_BINDING, /* "n": the client does not support channel binding */
    /* "y": the client supports it, and believes that the server does not */
    SCRAM_BINDING_UNKNOWN,
    SCRAM_BINDING, /* "p=NAME" */
};

/* client-first-message. The spans point into it. */
struct scram_first {
    enum scram_flag flag;
    struct span binding; /* NAME; empty unless the flag is SCRAM_BINDING */
    struct span header;  /* gs2-header: the flag, the authzid and the commas */
    struct span bare;    /* client-first-message-bare */
};
/** False: it does not begin with a gs2-header. */
MUST_USE bool scram_first_read(struct span message, struct scram_first *out);

/* client-final-message. The spans point into it. */
struct scram_final {
    struct span channel; /* gs2-header and channel binding data, in base64 */
    struct span without_proof;
    uint8_t proof[SCRAM_PROOF_OCTETS];
};
/** False: it does not begin with a channel binding or does not end with a proof. */
MUST_USE bool scram_final_read(struct span message, struct scram_final *out);

/** Whether the proof was made with the password of this StoredKey. auth_message:
 * client-first-message-bare "," server-first-message "," client-final-message-without-proof.
 * Also false if there is no memory. */
bool scram_proof_is_of(const uint8_t stored_key[SCRAM_PROOF_OCTETS],
                       const uint8_t proof[SCRAM_PROOF_OCTETS], struct span auth_message);

#endif
