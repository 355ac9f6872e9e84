/* SPDX-License-Identifier: MIT */
/* EMAILID and THREADID (RFC 8474): object_id.h says what they are. */
#include "mailbox/content/fetch_private.h"

enum rc
fetch_object_ids_make(struct fetch *fetch, struct err *err)
{
    const struct object_ids_req req = {
        .kinds = ((fetch->req->kinds & 1u << FETCH_EMAILID) != 0 ? OBJECT_EMAILID : 0u) |
                 ((fetch->req->kinds & 1u << FETCH_THREADID) != 0 ? OBJECT_THREADID : 0u),
        .message = fetch->msg.message,
        .internaldate_s = fetch->msg.internaldate_s,
        .internaldate_zone_min = fetch->msg.internaldate_zone_min,
    };

    fetch->has_row = false;
    return object_ids_read(fetch->ids_reader, fetch->tx, &req, &fetch->row, &fetch->ids, err);
}

void
fetch_object_id(const struct fetch *fetch, enum imap_fetch_kind kind, struct fetch_step *step)
{
    step->kind = FETCH_STEP_ID;
    step->text = object_id_span(kind == FETCH_EMAILID ? &fetch->ids.email : &fetch->ids.thread);
}
