/* SPDX-License-Identifier: MIT */
/*
 * Application passwords: passwords of an account besides its own, one for each device, which
 * can be taken back one by one. They are drawn by the server (auth/app_password.h) with so many
 * bits that a plain SHA-256 is enough to keep them.
 *
 * SCRAM tells the client one salt before it knows which password the client has. So all
 * passwords of an account share its salt and iterations: a new password of the account keeps
 * them as long as there are application passwords, and so does an account whose own password
 * has no keys (scram_keys.salt_only).
 *
 * Thread: any, all functions; they may wait for the engine.
 */
#ifndef STORE_APP_PASSWORD_H
#define STORE_APP_PASSWORD_H

#include "base/limits.h"
#include "store/registry.h"

enum {
    APP_PASSWORD_NAME_OCTETS = LIMIT_APP_PASSWORD_NAME + 1,
    APP_PASSWORD_DIGEST_OCTETS = 32,
};

/* For which protocols a password is; bits, stored. */
enum app_protocol {
    APP_IMAP = 1 << 0,
    APP_EVERY = 0x7fffffff, /* those too that come later */
};

struct app_password {
    uint64_t id;                                /* never reused, 1 to 2^32-1 */
    char name[APP_PASSWORD_NAME_OCTETS];        /* of the device; unique in its account */
    uint32_t protocols;                         /* enum app_protocol */
    uint8_t digest[APP_PASSWORD_DIGEST_OCTETS]; /* SHA-256 of the password */
    uint8_t stored_key[REGISTRY_SCRAM_KEY_OCTETS];
    uint8_t server_key[REGISTRY_SCRAM_KEY_OCTETS];
    int64_t created_s; /* since 1970, as the next two */
    int64_t expires_s; /* from then on it is refused; 0: never */
    int64_t used_s;    /* last, up to LIMIT_APP_PASSWORD_USED_S ago; 0: never */
};

/**
 * Adds one. id and used_s of *new do not matter. salt: the salt and iterations that its keys
 * were made with; they become the account's if it has none. RC_NOT_FOUND: no such account;
 * RC_EXISTS: it has one of this name; RC_LIMIT: it has LIMIT_APP_PASSWORDS, or the numbers are
 * used up; RC_AGAIN: the account has another salt by now; RC_INVALID: the name is empty, too
 * long or has control characters.
 */
MUST_USE enum rc registry_app_add(struct registry *registry, uint64_t account,
                                  const struct app_password *password,
                                  const struct scram_keys *salt, uint64_t *id_out,
                                  struct err *err);
/** RC_NOT_FOUND: the account has none of this name. */
MUST_USE enum rc registry_app_remove(struct registry *registry, uint64_t account,
                                     struct span name, uint64_t *id_out, struct err *err);
/** All of an account in order of name, in rows, of which there are LIMIT_APP_PASSWORDS. */
MUST_USE enum rc registry_app_list(struct registry *registry, uint64_t account,
                                   struct app_password *rows, size_t *count_out,
                                   struct err *err);
/** The one with this digest. RC_NOT_FOUND. */
MUST_USE enum rc registry_app_find(struct registry *registry, uint64_t account,
                                   const uint8_t digest[APP_PASSWORD_DIGEST_OCTETS],
                                   struct app_password *out, struct err *err);
/** Whether the account still has it. */
MUST_USE enum rc registry_app_is_there(struct registry *registry, uint64_t account, uint64_t id,
                                       bool *there_out, struct err *err);

struct app_use {
    uint64_t id;
    int64_t used_s;
};
/** Notes when some were used, in one transaction. Those that are gone are passed over. */
MUST_USE enum rc registry_app_used(struct registry *registry, const struct app_use *uses,
                                   size_t count, struct err *err);

#endif
