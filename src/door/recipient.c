/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "door/recipient.h"

#include <stddef.h>

/* The whole local part is tried first, because an account may have a '+' in its name. */
enum rc
recipient_find(struct registry *registry, struct span local, struct span domain,
               struct recipient *out, struct err *err)
{
    out->detail = SPAN("");
    out->epoch = registry_epoch(registry);
    enum rc rc = registry_route(registry, local, domain, &out->route, &out->account, err);
    const ptrdiff_t plus = span_find_char(local, '+');
    if (rc != RC_OK || out->route != ROUTE_UNKNOWN_USER || plus <= 0)
        return rc;
    rc = registry_route(registry, span_head(local, (size_t)plus), domain, &out->route,
                        &out->account, err);
    if (rc == RC_OK && out->route == ROUTE_ACCOUNT)
        out->detail = span_tail(local, (size_t)plus + 1);
    return rc;
}
