/* SPDX-License-Identifier: MIT */
/* What NOTIFY keeps about mailboxes of other users; see the header. */
#include "imap/names/notify_others.h"

#include <stdlib.h>
#include <string.h>

#include "store/registry.h"

/* ---- accounts ---- */

static void
owner_free(struct notify_owner *owner)
{
    news_end(&owner->news);
    hub_unwatch(&owner->watch);
    free(owner->at_hand);
    free(owner->mailboxes);
    buf_done(&owner->texts);
    account_put(owner->acct);
    budget_give(owner->budget, (int64_t)owner->charged);
    free(owner);
}

/* Takes what the owner has grown by since. RC_LIMIT: the budget has no room for it; the session
 * then gives all of it up. */
static enum rc
owner_charge(struct notify_owner *owner)
{
    const size_t octets =
        sizeof *owner + owner->cap * sizeof *owner->mailboxes + owner->texts.cap;

    if (octets <= owner->charged)
        return RC_OK;
    if (!budget_take(owner->budget, (int64_t)(octets - owner->charged)))
        return RC_LIMIT;
    owner->charged = octets;
    return RC_OK;
}

void
notify_look_free(struct notify_others *others)
{
    if (others->look == NULL)
        return;
    arena_done(&others->look->arena);
    free(others->look);
    others->look = NULL;
}

void
notify_others_free(struct notify_others *others)
{
    if (others == NULL)
        return;
    while (others->owners != NULL) {
        struct notify_owner *owner = others->owners;
        others->owners = owner->next;
        owner_free(owner);
    }
    notify_look_free(others);
    free(others);
}

struct notify_others *
notify_others_new(void)
{
    struct notify_others *others = calloc(1, sizeof *others);

    if (others != NULL) {
        others->look_at_all = true;
        others->sharing = true;
    }
    return others;
}

static void
owner_watch(struct imap_session *im, struct notify_owner *owner)
{
    const struct watch_filter filter = {.events = WATCH_NAMES | WATCH_METADATA};

    if (owner->watch.acct != NULL)
        return;
    news_begin(owner->acct, &owner->news, session_waker(&im->s));
    hub_watch(owner->acct, &owner->watch, &filter, session_waker(&im->s));
}

static enum rc
owner_new(struct imap_session *im, struct notify_others *others, uint64_t account,
          struct notify_owner **out)
{
    struct notify_owner *owner = calloc(1, sizeof *owner);

    if (owner == NULL)
        return RC_LIMIT;
    buf_init(&owner->texts, LIMIT_NOTIFY_OCTETS);
    owner->budget = &im->s.env->notify_budget;
    enum rc rc = owner_charge(owner);
    if (rc == RC_OK)
        rc = account_get(im->s.env->accounts, account, &owner->acct);
    if (rc != RC_OK) {
        budget_give(owner->budget, (int64_t)owner->charged);
        free(owner);
        return rc;
    }
    struct notify_owner **last = &others->owners;
    while (*last != NULL)
        last = &(*last)->next;
    *last = *out = owner;
    return RC_OK;
}

enum rc
notify_owner_get(struct imap_session *im, struct notify_others *others, uint64_t account,
                 struct notify_owner **out)
{
    for (*out = others->owners; *out != NULL; *out = (*out)->next)
        if (account_id((*out)->acct) == account)
            return RC_OK;
    const enum rc rc = owner_new(im, others, account, out);
    if (rc != RC_OK)
        return rc;
    owner_watch(im, *out);
    (*out)->names_serial = account_names_serial((*out)->acct);
    (*out)->rows = true;
    others->look_at_all = true; /* it was listed before the watch began */
    return RC_OK;
}

void
notify_owners_tidy(struct imap_session *im, struct notify_others *others)
{
    struct notify_owner **link = &others->owners;
    struct registry_account row;

    while (*link != NULL) {
        struct notify_owner *owner = *link;
        if (registry_find_id(im->s.env->registry, account_id(owner->acct), &row, NULL) !=
            RC_NOT_FOUND) {
            link = &owner->next;
        } else {
            *link = owner->next;
            owner_free(owner);
        }
    }
}

/* ---- mailboxes ---- */

struct notify_other *
notify_other_find(const struct notify_owner *owner, uint64_t mbox)
{
    for (size_t i = 0; i < owner->count; i++)
        if (owner->mailboxes[i].mbox == mbox)
            return &owner->mailboxes[i];
    return NULL;
}

enum rc
notify_other_rename(struct notify_owner *owner, struct notify_other *other, struct span name)
{
    const size_t at = buf_len(&owner->texts);

    buf_put_span(&owner->texts, name);
    if (!buf_ok(&owner->texts))
        return RC_LIMIT;
    other->name_at = (uint32_t)at;
    other->name_len = (uint32_t)name.len;
    return owner_charge(owner);
}

enum rc
notify_other_add(struct notify_others *others, struct notify_owner *owner, uint64_t mbox,
                 struct span name, struct notify_other **out)
{
    size_t total = 0;

    for (const struct notify_owner *o = others->owners; o != NULL; o = o->next)
        total += o->count;
    if (total >= LIMIT_NOTIFY_GUESTS)
        return RC_LIMIT;
    if (owner->count == owner->cap) {
        const size_t cap = owner->cap == 0 ? 4 : owner->cap * 2;
        struct notify_other *more = realloc(owner->mailboxes, cap * sizeof *more);
        if (more == NULL)
            return RC_LIMIT;
        owner->mailboxes = more;
        owner->cap = cap;
    }
    *out = &owner->mailboxes[owner->count];
    **out = (struct notify_other){.mbox = mbox};
    const enum rc rc = notify_other_rename(owner, *out, name);
    owner->count += rc == RC_OK;
    return rc;
}

enum rc
notify_owner_compact(struct notify_owner *owner)
{
    AUTO_BUF texts = {0};
    size_t octets = 0;

    for (size_t i = 0; i < owner->count; i++)
        octets += owner->mailboxes[i].name_len;
    if (octets == buf_len(&owner->texts))
        return RC_OK;
    buf_init(&texts, LIMIT_NOTIFY_OCTETS);
    for (size_t i = 0; i < owner->count; i++)
        buf_put_span(&texts, other_name(owner, &owner->mailboxes[i]));
    if (!buf_ok(&texts))
        return RC_LIMIT;
    buf_clear(&owner->texts);
    buf_put_span(&owner->texts, buf_span(&texts));
    if (!buf_ok(&owner->texts))
        return RC_LIMIT;
    octets = 0;
    for (size_t i = 0; i < owner->count; i++) {
        owner->mailboxes[i].name_at = (uint32_t)octets;
        octets += owner->mailboxes[i].name_len;
    }
    return RC_OK;
}

/* ---- for another process ---- */

static void
other_pack(const struct notify_owner *owner, const struct notify_other *other, struct buf *out)
{
    pack_u64(out, other->mbox);
    pack_u8(out, other->fixed);
    pack_u8(out, other->by_name);
    pack_u8(out, other->state & (uint8_t)~OTHER_SEEN);
    pack_span(out, other_name(owner, other));
}

void
notify_others_pack(const struct notify_others *others, struct buf *out)
{
    pack_u8(out, others != NULL);
    if (others == NULL)
        return;
    pack_u64(out, others->sharers);
    for (const struct notify_owner *owner = others->owners; owner != NULL;
         owner = owner->next) {
        pack_u64(out, account_id(owner->acct));
        pack_u64(out, owner->told_modseq);
        pack_u64(out, owner->metadata_upto);
        pack_u32(out, (uint32_t)owner->count);
        for (size_t i = 0; i < owner->count; i++)
            other_pack(owner, &owner->mailboxes[i], out);
    }
    pack_u64(out, 0);
}

/* Unpacks one mailbox. owner NULL: its account is gone, and the mailbox is left out. */
static enum rc
other_unpack(struct unpack *in, struct notify_others *others, struct notify_owner *owner)
{
    struct notify_other *other = NULL;
    const uint64_t mbox = unpack_u64(in);
    const uint8_t fixed = unpack_u8(in);
    const uint8_t by_name = unpack_u8(in);
    const uint8_t state = unpack_u8(in);
    const struct span name = unpack_span(in, LIMIT_MBOX_NAME);

    if (in->failed || owner == NULL)
        return RC_OK; /* the caller checks for failure */
    const enum rc rc = notify_other_add(others, owner, mbox, name, &other);
    if (rc != RC_OK)
        return rc;
    owner->fresh |= (state & OTHER_FRESH) != 0;
    other->fixed = fixed;
    other->by_name = by_name;
    other->state = state & (uint8_t)~OTHER_SEEN;
    return RC_OK;
}

static enum rc
owner_unpack(struct imap_session *im, struct unpack *in, struct notify_others *others,
             uint64_t account)
{
    struct notify_owner *owner = NULL;
    const uint64_t told_modseq = unpack_u64(in);
    const uint64_t metadata_upto = unpack_u64(in);
    const uint32_t count = unpack_u32(in, LIMIT_NOTIFY_GUESTS);

    if (in->failed)
        return RC_OK; /* the caller checks for failure */
    enum rc rc = owner_new(im, others, account, &owner);
    if (rc == RC_NOT_FOUND)
        rc = RC_OK;
    if (rc == RC_OK && owner != NULL) {
        owner->told_modseq = told_modseq;
        owner->metadata_upto = metadata_upto;
        owner->rows = owner->unsure = true; /* others may have written meanwhile */
    }
    for (uint32_t i = 0; rc == RC_OK && !in->failed && i < count; i++)
        rc = other_unpack(in, others, owner);
    return rc;
}

bool
notify_others_unpack(struct imap_session *im, struct unpack *in, struct notify_others **out)
{
    if (!unpack_bool(in))
        return true;
    *out = notify_others_new(); /* a look at all is due */
    if (*out == NULL)
        return false;
    (*out)->sharers = unpack_u64(in);
    while (!in->failed) {
        const uint64_t account = unpack_u64(in);
        if (in->failed || account == 0)
            return true;
        if (owner_unpack(im, in, *out, account) != RC_OK)
            return false;
    }
    return true;
}

void
notify_others_resume(struct imap_session *im, struct notify_others *others)
{
    if (others == NULL)
        return;
    for (struct notify_owner *owner = others->owners; owner != NULL; owner = owner->next)
        owner_watch(im, owner);
}
