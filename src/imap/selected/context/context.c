/* SPDX-License-Identifier: MIT */
/* What is kept of a context, and CANCELUPDATE (RFC 5267 section 4.3.5); see the header. */
#include "imap/selected/context/context.h"

#include <stdlib.h>
#include <string.h>

#include "imap/selected/packed_uids.h"

/* ---- looking ---- */

struct imap_context *
imap_context_find(const struct imap_session *im, struct span tag)
{
    for (struct imap_context *context = im->contexts; context != NULL; context = context->next)
        if (span_eq(context_tag(context), tag))
            return context;
    return NULL;
}

static size_t
text_len(const struct imap_context *context)
{
    return (size_t)context->tag_len + context->criteria_len + context->fetch_len +
           context->numbers_len;
}

/* Whether this is the oldest context. Its results have room of their own, so that one context
 * is always possible. */
static bool
is_first(const struct imap_session *im, const struct imap_context *context)
{
    return im->contexts == NULL || im->contexts == context;
}

/* How much of LIMIT_CONTEXTS_OCTETS a context takes with a result of this size. */
static size_t
octets_of(const struct imap_session *im, const struct imap_context *context, size_t found_len)
{
    const size_t results = context->numbers_len + found_len;

    return text_len(context) - context->numbers_len + (is_first(im, context) ? 0 : results);
}

/* Whether there is room for a context with a result of this size. */
static bool
has_room(const struct imap_session *im, const struct imap_context *context, size_t found_len)
{
    size_t octets = octets_of(im, context, found_len);

    for (const struct imap_context *other = im->contexts; other != NULL; other = other->next)
        if (other != context)
            octets += octets_of(im, other, context_found(other).len);
    return octets <= LIMIT_CONTEXTS_OCTETS &&
           context->numbers_len + found_len <= LIMIT_CONTEXT_FIRST_OCTETS;
}

/* What exceeds the share of each session is charged to a budget that all sessions share. */
static bool
charge(struct imap_session *im, struct imap_context *context, size_t found_len)
{
    const size_t results = context->numbers_len + found_len;
    const uint32_t charged = results > LIMIT_CONTEXTS_OCTETS ? (uint32_t)results : 0;
    struct budget *budget = &im->s.env->context_budget;

    if (charged > context->charged && !budget_take(budget, charged - context->charged))
        return false;
    if (charged < context->charged)
        budget_give(budget, context->charged - charged);
    context->charged = charged;
    return true;
}

static size_t
count_of(const struct imap_session *im)
{
    size_t count = 0;

    for (const struct imap_context *context = im->contexts; context != NULL;
         context = context->next)
        count++;
    return count;
}

bool
imap_context_due(struct imap_session *im, const struct imap_context *context)
{
    const struct view *view = &im->view;
    struct mailbox_state state;

    if (im->state != IMAP_SELECTED || view->gone ||
        (imap_selected_rights(im) & RIGHT_READ) == 0)
        return false;
    mailbox_state(view->mailbox, &state);
    if (state.gone)
        return false;
    if (context->stale || state.last_flags_modseq > context->modseq ||
        context->uid_bound < view->uid_bound)
        return true;
    /* Since the view was last awake, it may have learnt new flags of messages that are gone. */
    if (state.last_expunge_modseq > view->modseq && view->members != NULL &&
        version_newest(view->members) > context->gone_modseq)
        return true;
    if (context->by_last && view->members != NULL &&
        version_last_uid(view->members) != context->last_uid)
        return true;
    const int64_t now_s = clock_wall_s(im->s.env->clock);
    return context->by_time &&
           (now_s < context->now_s || now_s - context->now_s >= CONTEXT_TIME_STEP_S);
}

bool
imap_contexts_due(struct imap_session *im)
{
    for (const struct imap_context *context = im->contexts; context != NULL;
         context = context->next)
        if (imap_context_due(im, context))
            return true;
    return false;
}

/* ---- life ---- */

static void
context_free(struct imap_session *im, struct imap_context *context)
{
    budget_give(&im->s.env->context_budget, context->charged);
    free(context->found);
    free(context);
}

void
imap_contexts_forget(struct imap_session *im)
{
    while (im->contexts != NULL) {
        struct imap_context *context = im->contexts;
        im->contexts = context->next;
        context_free(im, context);
    }
}

/* Appends it: contexts are told in the order in which they were made. */
static void
link_last(struct imap_session *im, struct imap_context *context)
{
    struct imap_context **link = &im->contexts;

    while (*link != NULL)
        link = &(*link)->next;
    *link = context;
}

static void
context_drop(struct imap_session *im, const struct imap_context *context)
{
    for (struct imap_context **link = &im->contexts; *link != NULL; link = &(*link)->next)
        if (*link == context) {
            struct imap_context *dead = *link;
            *link = dead->next;
            context_free(im, dead);
            return;
        }
}

enum rc
imap_context_keep(struct imap_session *im, struct imap_context *context, struct span packed)
{
    struct context_found *found = NULL;

    if (!has_room(im, context, packed.len))
        return RC_LIMIT;
    if (packed.len > 0) {
        found = malloc(sizeof *found + packed.len);
        if (found == NULL)
            return RC_LIMIT;
        found->len = (uint32_t)packed.len;
        memcpy(found->octets, packed.ptr, packed.len);
    }
    if (!charge(im, context, packed.len)) {
        free(found);
        return RC_LIMIT;
    }
    free(context->found);
    context->found = found;
    return RC_OK;
}

/* Makes a context from its four texts. */
static struct imap_context *
context_new(const struct span parts[4])
{
    const size_t octets = parts[0].len + parts[1].len + parts[2].len + parts[3].len;
    struct imap_context *context = octets > LIMIT_CONTEXTS_OCTETS + LIMIT_CONTEXT_FIRST_OCTETS
                                       ? NULL
                                       : calloc(1, sizeof *context + octets);

    if (context == NULL)
        return NULL;
    context->tag_len = (uint32_t)parts[0].len;
    context->criteria_len = (uint32_t)parts[1].len;
    context->fetch_len = (uint32_t)parts[2].len;
    context->numbers_len = (uint32_t)parts[3].len;
    char *at = context->text;
    for (size_t i = 0; i < 4; i++) {
        if (parts[i].len > 0)
            memcpy(at, parts[i].ptr, parts[i].len);
        at += parts[i].len;
    }
    return context;
}

/* Packs what a search has found. */
static enum rc
found_pack(const struct imap_session *im, const struct search *search, struct buf *out)
{
    struct uids_writer writer = uids_writer(out);
    struct view_run seqs;
    uint32_t pos = 0;

    while (buf_ok(out) && search_next_run(search, &pos, &seqs)) {
        uids_write(&writer, uids_of(im->view.members, seqs));
    }
    return buf_ok(out) ? RC_OK : RC_LIMIT;
}

enum rc
imap_context_add(struct imap_session *im, const struct imap_search_req *req,
                 const struct search *search, int64_t now_s)
{
    const struct view *view = &im->view;
    AUTO_BUF numbers = {0};
    AUTO_BUF found = {0};

    if (count_of(im) >= LIMIT_CONTEXTS)
        return RC_LIMIT;
    buf_init(&numbers, LIMIT_CONTEXT_FIRST_OCTETS);
    buf_init(&found, LIMIT_CONTEXT_FIRST_OCTETS);
    enum rc rc = imap_context_numbers(im, req, &numbers);
    if (rc == RC_OK)
        rc = found_pack(im, search, &found);
    if (rc != RC_OK)
        return RC_LIMIT;
    const struct span parts[4] = {im->work->cmd.tag, req->criteria, req->update_fetch,
                                  buf_span(&numbers)};
    struct imap_context *context = context_new(parts);
    if (context == NULL)
        return RC_LIMIT;
    context->is_uid = req->is_uid;
    /* The search has certainly seen changes up to here; newer ones are looked at again. */
    context->modseq = view->modseq;
    context->gone_modseq = version_newest(view->members);
    context->uid_bound = view->uid_bound;
    context->last_uid = version_last_uid(view->members);
    context->now_s = now_s;
    imap_context_note_keys(context, req);
    rc = imap_context_keep(im, context, buf_span(&found));
    if (rc != RC_OK) {
        context_free(im, context);
        return rc;
    }
    link_last(im, context);
    imap_watch_selected(im);
    return RC_OK;
}

void
imap_context_refuse_tag(struct imap_session *im, struct span tag, const char *text)
{
    struct iw w = imap_line(im);

    iw_begin_status(&w, SPAN(""), IW_NO);
    iw_code_open(&w, SPAN("NOUPDATE"));
    iw_string(&w, tag);
    iw_code_close(&w);
    iw_end_text(&w, span_of_str(text));
}

void
imap_context_refuse(struct imap_session *im, struct imap_context *context, const char *text)
{
    imap_context_refuse_tag(im, context_tag(context), text);
    context_drop(im, context);
}

enum imap_step
cmd_cancel_update_run(struct imap_session *im, struct imap_work *work)
{
    const struct imap_cancel_update_req *req = &work->cmd.u.cancel_update;

    for (size_t i = 0; i < req->tag_count; i++)
        context_drop(im, imap_context_find(im, req->tags[i]));
    imap_watch_selected(im);
    return imap_ok(work, NULL, "CANCELUPDATE completed");
}

/* ---- for another process ---- */

void
imap_contexts_pack(const struct imap_session *im, struct buf *out)
{
    pack_u8(out, (uint8_t)count_of(im));
    for (const struct imap_context *context = im->contexts; context != NULL;
         context = context->next) {
        pack_span(out, context_tag(context));
        pack_span(out, context_criteria(context));
        pack_span(out, context_fetch(context));
        pack_span(out, context_numbers(context));
        pack_span(out, context_found(context));
        pack_u64(out, context->modseq);
        pack_i64(out, context->now_s);
        pack_u32(out, context->uid_bound);
        pack_u32(out, context->last_uid);
        pack_u8(out, context->is_uid);
        pack_u8(out, context->by_time);
        pack_u8(out, context->by_last);
    }
}

/* False: no memory. */
static bool
unpack_one(struct imap_session *im, struct unpack *in)
{
    const struct span parts[4] = {
        unpack_text(in, LIMIT_TAG),
        unpack_span(in, LIMIT_CONTEXTS_OCTETS),
        unpack_span(in, LIMIT_CONTEXTS_OCTETS),
        unpack_span(in, LIMIT_CONTEXT_FIRST_OCTETS),
    };
    const struct span found = unpack_span(in, LIMIT_CONTEXT_FIRST_OCTETS);
    struct imap_context *context = context_new(parts);
    size_t runs = 0;

    if (context == NULL)
        return false;
    link_last(im, context);
    context->modseq = unpack_u64(in);
    context->now_s = (int64_t)unpack_u64(in);
    context->uid_bound = unpack_u32(in, UINT32_MAX);
    context->last_uid = unpack_u32(in, UINT32_MAX);
    context->is_uid = unpack_bool(in);
    context->by_time = unpack_bool(in);
    context->by_last = unpack_bool(in);
    context->stale = true; /* what happened before the handover is not known here */
    context->gone = (uint32_t)found.len;
    in->failed |= parts[0].len == 0 || !uids_check(found, &runs);
    return imap_context_keep(im, context, found) == RC_OK;
}

bool
imap_contexts_unpack(struct imap_session *im, struct unpack *in)
{
    const unsigned count = unpack_u8(in);

    in->failed |= count > LIMIT_CONTEXTS;
    for (unsigned i = 0; i < count && !in->failed; i++)
        if (!unpack_one(im, in))
            return false;
    return true;
}
