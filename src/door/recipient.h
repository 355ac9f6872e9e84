/* SPDX-License-Identifier: MIT */
/*
 * Finds out whose mail an address is, for all doors that receive mail. Thread: the session's;
 * may wait for the registry.
 */
#ifndef DOOR_RECIPIENT_H
#define DOOR_RECIPIENT_H

#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/span.h"
#include "store/registry.h"

struct recipient {
    enum registry_route route;
    struct registry_account account; /* with ROUTE_ACCOUNT */
    struct span detail;              /* from user+detail, in the local part; empty: none */
    uint64_t epoch;                  /* of the registry, taken before the look-up */
};

/** local: without quotes (lmtp_path_split). Fails as registry_route. */
MUST_USE enum rc recipient_find(struct registry *registry, struct span local,
                                struct span domain, struct recipient *out, struct err *err);

#endif
