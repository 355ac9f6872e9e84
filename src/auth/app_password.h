/* SPDX-License-Identifier: MIT */
/*
 * Draws application passwords and recognizes them (store/app_password.h keeps them). Each has
 * 128 random bits in 26 letters and digits of base32, which are easy to tell apart, in five
 * groups: "k3vqz-7bm2d-pxw4a-hj6tn-5fcyre". It is compared as it is written, including hyphens,
 * because SCRAM allows nothing else.
 */
#ifndef AUTH_APP_PASSWORD_H
#define AUTH_APP_PASSWORD_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/password.h"
#include "base/attr.h"
#include "base/rng.h"
#include "base/span.h"
#include "store/app_password.h"

enum { APP_PASSWORD_TEXT_OCTETS = 31 }; /* includes the terminator */

/** Thread: any. */
void app_password_draw(struct rng *rng, char out[APP_PASSWORD_TEXT_OCTETS]);
/** Whether text has the form of one. Other texts are not looked up. Thread: any. */
bool app_password_is_form(struct span text);
/** The digest that is stored. Thread: any. */
void app_password_digest(struct span text, uint8_t out[APP_PASSWORD_DIGEST_OCTETS]);

/**
 * Fills digest and keys of *out from a password that was drawn, and *salt_out with the salt
 * that they were made with: that of the account if it has one. Both are for registry_app_add.
 * RC_LIMIT: no memory. Thread: any; takes about 30 ms of processor time.
 */
MUST_USE enum rc app_password_keys(const struct password_policy *policy,
                                   const struct registry_account *account, struct span text,
                                   struct app_password *out, struct scram_keys *salt_out,
                                   struct err *err);

#endif
