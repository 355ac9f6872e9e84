/* SPDX-License-Identifier: MIT */
/* SASLprep (RFC 4013), which names and passwords go through before they are compared. */
#ifndef AUTH_SASL_PREP_H
#define AUTH_SASL_PREP_H

#include "base/attr.h"
#include "base/rc.h"
#include "base/span.h"
#include "store/registry.h"

/** STORED refuses unassigned code points, QUERY allows them. RC_INVALID: text contains
 * forbidden characters or is too long. RC_LIMIT: no memory. out is terminated. Thread: any. */
enum sasl_prep_use { SASL_PREP_QUERY, SASL_PREP_STORED };
MUST_USE enum rc sasl_prep(struct span text, enum sasl_prep_use use, char *out, size_t cap);

/** The same for the name of a user, as SASL_PREP_QUERY. */
MUST_USE enum rc sasl_prep_name(struct span name, char out[REGISTRY_NAME_OCTETS]);

#endif
