/* SPDX-License-Identifier: MIT */
/*
 * EXTERNAL (RFC 4422 appendix A): TLS has verified a certificate, and what remains is to find
 * its account. Nothing here is a guess, so nothing is rationed.
 */
#ifndef AUTH_EXTERNAL_H
#define AUTH_EXTERNAL_H

#include "auth/auth.h"
#include "auth/sasl.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/rc.h"
#include "base/span.h"

/**
 * Finds the account of a client whose certificate has the names of the channel: the first name
 * that has one; with an authzid, the account that the authzid means, if it is among them.
 * RC_OK, and out->subject is the name in the certificate; RC_DENIED, out->reason says why:
 * AUTH_CERTIFICATE, AUTH_NOT_YOURS; RC_DISABLED; RC_LIMIT; RC_IO ...: the registry failed.
 * Thread: session; may wait for the registry.
 */
MUST_USE enum rc external_decide(struct auth *auth, const struct sasl_channel *channel,
                                 struct span authzid, const struct auth_peer *peer,
                                 struct auth_result *out, struct err *err);

#endif
