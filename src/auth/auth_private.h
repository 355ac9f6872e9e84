/* SPDX-License-Identifier: MIT */
/* What the files of this folder share. */
#ifndef AUTH_AUTH_PRIVATE_H
#define AUTH_AUTH_PRIVATE_H

#include <gsasl.h>

#include "auth/auth.h"
#include "auth/auth_cache.h"
#include "auth/keys.h"
#include "auth/known.h"
#include "auth/throttle.h"
#include "auth/uses.h"
#include "base/lock.h"

enum {
    SECRET_OCTETS = 32,
    KINDS = 4, /* number of kinds of hashes that unknown accounts imitate */
};

/* A kind of hash that real accounts have: method and cost, and how often it was met. */
struct hash_kind {
    uint32_t key_octets; /* of setting: "$2b$12$" */
    uint32_t met;
    char setting[REGISTRY_CRYPT_OCTETS]; /* one that is in use; its salt does no harm here */
};

struct auth {
    struct registry *registry;
    const struct clock *clock;
    struct password_policy policy;
    struct auth_cache *cache;   /* verified passwords */
    struct auth_cache *refused; /* wrong passwords */
    struct known *known;
    struct key_maker *keys;
    struct throttle *throttle;
    struct uses *uses; /* uses of application passwords */
    Gsasl *gsasl;
    uint8_t secret[SECRET_OCTETS];       /* the registry's secret */
    char setting[REGISTRY_CRYPT_OCTETS]; /* for unknown accounts, while no kind is known */

    struct lock lock;    /* LOCK_LEAF; guards what follows */
    struct oauth *oauth; /* a reference; bearer.c; NULL: no tokens are accepted */
    struct hash_kind kinds[KINDS];
    uint32_t kind_count;
    int64_t ready_until_ms; /* auth_scram_ready's answer is valid until then; monotonic */
    bool ready;
};

/* A fresh crypt(3) setting (method, cost, salt) for a new password. */
enum rc password_setting(const struct password_policy *policy, char out[REGISTRY_CRYPT_OCTETS],
                         struct err *err);

/* HMAC-SHA-256 under the server's secret over purpose and name. False: no memory. */
MUST_USE bool auth_secret_mac(const struct auth *auth, const char *purpose, struct span name,
                              uint8_t out[32]);

/* Finds the account that may log in with this name. prepared_out is written if SASLprep allows
 * the name. RC_NOT_FOUND (err untouched): there is none, or the name is forbidden. RC_LIMIT: no
 * memory. Others: as registry_find_login. */
MUST_USE enum rc auth_find_login(struct auth *auth, struct span name,
                                 char prepared_out[REGISTRY_NAME_OCTETS],
                                 struct registry_account *out, struct err *err);

/* RC_OK: authzid is empty or means this account. RC_DENIED (err untouched): it does not.
 * Others: as auth_find_login. */
enum rc auth_check_authzid(struct auth *auth, struct span authzid,
                           const struct registry_account *account, struct err *err);

/* Starts GNU SASL for auth: sasl.c. */
enum rc sasl_library_open(struct auth *auth, struct err *err);

/* The number of a login: the account's id or, if there is no account, a number made from the
 * name. */
uint64_t auth_login_number(const struct registry_account *account, struct span name);

void auth_result_fill(struct auth_result *out, const struct registry_account *account);

/* Whether an application password that is right may open the account, and if not, why. */
enum auth_reason auth_app_reason(const struct auth *auth, const struct app_password *app,
                                 uint32_t protocol);
/* Notes in a result which application password it was. */
void auth_result_app(struct auth_result *out, const struct app_password *app);

#endif
