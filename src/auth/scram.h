/* SPDX-License-Identifier: MIT */
/*
 * The client's messages of a SCRAM exchange (RFC 5802 section 7), as far as the server has to
 * look into them itself: what the client says about channel binding, and whose proof it sent.
 * GNU SASL reads the same messages and decides; nothing is accepted here that it refuses. Pure.
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
    SCRAM_NO_BINDING,      /* "n": the client cannot */
    SCRAM_BINDING_UNKNOWN, /* "y": the client can, and believes that the server cannot */
    SCRAM_BINDING,         /* "p=NAME" */
};

/* client-first-message; the spans are parts of it. */
struct scram_first {
    enum scram_flag flag;
    struct span binding; /* NAME; empty unless SCRAM_BINDING */
    struct span header;  /* gs2-header: the flag, the authzid and the commas behind them */
    struct span bare;    /* client-first-message-bare */
};
/** False: it does not begin with a gs2-header. */
MUST_USE bool scram_first_read(struct span message, struct scram_first *out);

/* client-final-message; the spans are parts of it. */
struct scram_final {
    struct span channel; /* base64 of gs2-header and channel binding data */
    struct span without_proof;
    uint8_t proof[SCRAM_PROOF_OCTETS];
};
/** False: it does not begin with a channel binding or does not end with a proof. */
MUST_USE bool scram_final_read(struct span message, struct scram_final *out);

/** Whether the proof was made with the password that this StoredKey is of. auth_message:
 * client-first-message-bare "," server-first-message "," client-final-message-without-proof.
 * False also without memory. */
bool scram_proof_is_of(const uint8_t stored_key[SCRAM_PROOF_OCTETS],
                       const uint8_t proof[SCRAM_PROOF_OCTETS], struct span auth_message);

#endif
