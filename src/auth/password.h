/* SPDX-License-Identifier: MIT */
/*
 * Password hashes of crypt(3), and SCRAM keys. New passwords are hashed with yescrypt;
 * imported hashes may be of any kind that libxcrypt verifies (SHA-512, bcrypt ...). All of
 * this needs much processor time on purpose, so run it in a HASH slot.
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

/* How new passwords are hashed. Zeroed: the defaults. Tests use cheap methods. */
struct password_policy {
    const char *prefix;        /* crypt(3) method; NULL: "$y$" */
    unsigned long cost;        /* 0: the method's own default */
    uint32_t scram_iterations; /* 0: LIMIT_SCRAM_ITERATIONS */
    /* The keys whose salt and iterations are used, because other passwords of the account have
     * them (store/app_password.h). NULL or no iterations: a new salt. Borrowed. */
    const struct scram_keys *salt;
};

/** Whether it can be a password at all: 1 to LIMIT_PASSWORD octets without NUL. */
bool password_is_possible(struct span password);

/** Hashes a new password with a new salt. RC_INVALID: empty, over LIMIT_PASSWORD or with a NUL
 * octet. Thread: any; takes about 20 ms of processor time. */
MUST_USE enum rc password_hash(const struct password_policy *policy, struct span password,
                               char out[REGISTRY_CRYPT_OCTETS], struct err *err);

/** RC_OK, RC_DENIED (also for hashes that cannot be verified: they match nothing), RC_LIMIT
 * (no memory). Compares in constant time. Thread: any; takes the time that the hash costs. */
MUST_USE enum rc password_verify(struct span password, const char *crypt);

/**
 * Checks an imported hash: `{crypt}$6$...`, `{SHA512-CRYPT}...`, `{BLF-CRYPT}...`, or bare
 * `$...`, and writes it as it is to be stored. RC_INVALID, with words for people: no such
 * method, or one that libxcrypt calls unsafe (DES, MD5). Thread: any.
 */
MUST_USE enum rc password_import(struct span text, char out[REGISTRY_CRYPT_OCTETS],
                                 struct err *err);

/** True if text begins with a scheme in braces, and so is a hash and not a password. */
bool password_is_hash(struct span text);

/**
 * Makes the SCRAM-SHA-256 keys of a password (RFC 5802 section 3, RFC 7677). The password is
 * prepared by SASLprep. RC_INVALID: SASLprep forbids it, and the login works only by PLAIN and
 * LOGIN. Thread: any; takes about 30 ms of processor time.
 */
MUST_USE enum rc password_scram(const struct password_policy *policy, struct span password,
                                struct scram_keys *out, struct err *err);

/** Fills stored_key and server_key from a prepared password and the iterations and salt that
 * are in *keys. Thread: any. */
MUST_USE enum rc password_scram_keys(struct span prepared, struct scram_keys *keys);

/** Makes both hash and keys, for registry_add and registry_set_password. The keys have 0
 * iterations if SASLprep forbids the password. */
MUST_USE enum rc password_new(const struct password_policy *policy, struct span password,
                              char crypt_out[REGISTRY_CRYPT_OCTETS],
                              struct scram_keys *scram_out, struct err *err);

/** Overwrites what must not stay in memory. */
void password_wipe(void *secret, size_t octets);

#endif
