/* SPDX-License-Identifier: MIT */
/*
 * The items of FETCH responses for this client. Items that were not named are added where they
 * must go with changes of flags or with unsolicited responses. ENVELOPE, BODYSTRUCTURE and BODY
 * are sent as they are stored or, in a few cases, in a form that the client can read.
 *
 * Thread: the session's.
 */
#include "imap/selected/fetch_private.h"

#include <string.h>

#include "base/limits.h"

/* ---- which items ---- */

enum { ADDED_MAX = 3 }; /* FLAGS, UID, MODSEQ */

bool
imap_fetch_marks(const struct imap_session *im, const struct imap_fetch_req *req)
{
    return req->marks_seen && im->view.mode == VIEW_READ_WRITE &&
           (imap_selected_rights(im) & RIGHT_SEEN) != 0; /* RFC 4314 section 4 */
}

/* Copies the items of req, with room for more. NULL: no memory. */
static struct imap_fetch_item *
items_copy(struct arena *arena, struct imap_fetch_req *req)
{
    struct imap_fetch_item *items =
        arena_array(arena, struct imap_fetch_item, req->item_count + ADDED_MAX);

    if (items == NULL)
        return NULL;
    memcpy(items, req->items, req->item_count * sizeof *items);
    req->items = items;
    return items;
}

static void
item_add(struct imap_fetch_req *req, struct imap_fetch_item *items, enum imap_fetch_kind kind,
         struct span label)
{
    if ((req->kinds & 1u << kind) != 0)
        return;
    items[req->item_count++] = (struct imap_fetch_item){.kind = kind, .label = label};
    req->kinds |= 1u << kind;
}

/* A UIDFETCH begins with the UID (RFC 9586 section 3.3). */
static void
uid_add(const struct imap_session *im, struct imap_fetch_req *req,
        struct imap_fetch_item *items)
{
    if (!imap_is_enabled(im, ENABLES_UIDONLY))
        item_add(req, items, FETCH_UID, SPAN("UID"));
}

bool
imap_fetch_items_add(struct imap_session *im, const struct imap_fetch_req *from,
                     struct imap_fetch_req *to)
{
    *to = *from;
    if (from->uid_is_implied && imap_is_enabled(im, ENABLES_UIDONLY)) {
        to->items++;
        to->item_count--;
        to->kinds &= ~(1u << FETCH_UID);
    }
    if (!from->marks_seen)
        return true;
    struct imap_fetch_item *items = items_copy(&im->work->arena, to);
    if (items == NULL)
        return false;
    item_add(to, items, FETCH_FLAGS, SPAN("FLAGS"));
    if (imap_is_enabled(im, ENABLES_CONDSTORE) && imap_fetch_marks(im, from)) {
        uid_add(im, to, items);
        item_add(to, items, FETCH_MODSEQ, SPAN("MODSEQ"));
    }
    return true;
}

enum rc
imap_fetch_pushed_parse(struct imap_session *im, struct span list, struct imap_fetch_req *req)
{
    struct arena *arena = &im->work->arena;
    const bool condstore = imap_is_enabled(im, ENABLES_CONDSTORE);

    const enum rc rc = imap_fetch_list_parse(list, arena, req);
    if (rc != RC_OK)
        return rc;
    struct imap_fetch_item *items = items_copy(arena, req);
    if (items == NULL)
        return RC_LIMIT;
    if (condstore || imap_dialect(im)->uid_when_unasked == TOLD)
        uid_add(im, req, items);
    if (condstore)
        item_add(req, items, FETCH_MODSEQ, SPAN("MODSEQ"));
    return RC_OK;
}

/* ---- how they are written ---- */

enum { TOLD_MAX = 4 * LIMIT_ADAPTED + (1 << 20) };
_Static_assert(TOLD_MAX + LIMIT_OUTPUT_HIGH_WATER <= LIMIT_OUTPUT_MAX, "it would not fit");

/* RC_CORRUPT: the stored text is not what we write. */
static enum rc
adapt_item(struct buf *out, const struct fetch_step *step, unsigned how)
{
    return step->item->kind == FETCH_ENVELOPE ? adapt_envelope(out, step->text, how)
                                              : adapt_body(out, step->text, how);
}

void
imap_write_mail_syntax(struct imap_session *im, struct iw *w, const struct fetch_step *step)
{
    const struct imap_dialect *dialect = imap_dialect(im);
    const unsigned how = (unsigned)dialect->mail_text | (unsigned)dialect->message_global;
    AUTO_BUF told = {0};

    if (!adapt_is_due(step->text, how)) {
        iw_token(w, step->text);
        return;
    }
    buf_init(&told, TOLD_MAX);
    const enum rc rc = adapt_item(&told, step, how);
    if (rc == RC_OK && !buf_ok(&told))
        w->out->failed = true; /* no memory: treated as if the output had none */
    /* What cannot be parsed is sent as it was stored. */
    iw_token(w, rc == RC_OK ? buf_span(&told) : step->text);
}
