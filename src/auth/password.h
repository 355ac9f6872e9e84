/* SPDX-License-Identifier: MIT */
/*
 * Password hashes by crypt(3) and SCRAM keys. New passwords get yescrypt; whatever else
 * libxcrypt verifies (SHA-512, bcrypt ...) is accepted when imported. All of it burns processor
 * time on purpose: run it in a HASH slot.
 */
#ifndef AUTH_PASSWORD_H
#define AUTH_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/rc.h"
#include "base/span.h"
#include "store/registry.h"

/* How new passwords are kept. All zero: the defaults. Tests use cheap ones. */
struct password_policy {
    const char *prefix;        /* crypt(3) method; NULL: "$y$" */
    unsigned long cost;        /* 0: the method's own default */
    uint32_t scram_iterations; /* 0: LIMIT_SCRAM_ITERATIONS */
};

/** Whether it can be anybody's: 1 to LIMIT_PASSWORD octets and no NUL among them. */
bool password_is_possible(struct span password);

/** Hashes a new password with a fresh salt. RC_INVALID: empty, over LIMIT_PASSWORD or with a
 * NUL octet. Thread: any; burns about 20 ms. */
MUST_USE enum rc password_hash(const struct password_policy *policy, struct span password,
                               char out[REGISTRY_CRYPT_OCTETS], struct err *err);

/** RC_OK, RC_DENIED (also for hashes that cannot be verified: they match nothing), RC_LIMIT (no
 *  memory). Compares in constant time. Thread: any; burns what the hash costs. */
MUST_USE enum rc password_verify(struct span password, const char *crypt);

/**
 * Checks a hash from elsewhere: `{crypt}$6$...`, `{SHA512-CRYPT}...`, `{BLF-CRYPT}...`, or bare
 * `$...`, and writes it as kept. RC_INVALID, with words for people: no such method, or one that
 * libxcrypt calls unsafe (DES, MD5). Thread: any.
 */
MUST_USE enum rc password_import(struct span text, char out[REGISTRY_CRYPT_OCTETS],
                                 struct err *err);

/** True when text begins with a scheme in braces, so that it is a hash and no password. */
bool password_is_hash(struct span text);

/**
 * The SCRAM-SHA-256 keys of a password (RFC 5802 section 3, RFC 7677), with a fresh salt. The
 * password is prepared by SASLprep. RC_INVALID when that forbids it: then such a login works by
 * PLAIN only. Thread: any; burns about 30 ms.
 */
MUST_USE enum rc password_scram(const struct password_policy *policy, struct span password,
                                struct scram_keys *out, struct err *err);

/** Fills stored_key and server_key from a prepared password and the iterations and salt that
 * are in *keys. Thread: any. */
MUST_USE enum rc password_scram_keys(struct span prepared, struct scram_keys *keys);

/** Hash and keys at once, for registry_add and registry_set_password; keys with 0 iterations
 *  where SASLprep forbids the password. */
MUST_USE enum rc password_new(const struct password_policy *policy, struct span password,
                              char crypt_out[REGISTRY_CRYPT_OCTETS],
                              struct scram_keys *scram_out, struct err *err);

/** Overwrites what must not stay in memory. */
void password_wipe(void *secret, size_t octets);

#endif
