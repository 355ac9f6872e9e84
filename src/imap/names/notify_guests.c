/* SPDX-License-Identifier: MIT */
/*
 * NOTIFY for mailboxes of other users: those among MAILBOXES, SUBTREE and SUBSCRIBED that the
 * user could read when it asked. Of each owner's account there is one watch; the news that it
 * gathers is told as STATUS, if the user may still read the mailbox. Names are not told: what
 * is watched are the mailboxes of that moment, by the names of that moment (docs/protocol.md
 * P-12).
 *
 * Thread: the session's.
 */
#include "imap/notify.h"

#include <stdlib.h>
#include <string.h>

#include "imap/names/gather.h"
#include "mailbox/sharing/access.h"
#include "mailbox/status.h"

/* What is told of them. */
enum {
    EVENTS_OF_MESSAGES =
        IMAP_EVENT_MESSAGE_NEW | IMAP_EVENT_MESSAGE_EXPUNGE | IMAP_EVENT_FLAG_CHANGE,
};

struct notify_guest {
    uint64_t mbox;
    uint32_t name_at; /* in texts */
    uint32_t name_len;
    uint8_t events; /* enum imap_notify_event */
};

struct notify_guests {
    struct notify_guests *next;
    struct account *acct; /* held */
    struct news_watch watch;
    struct news *at_hand; /* owned; taken and not told yet; NULL: none */
    uint64_t told_modseq;
    size_t count;
    size_t cap;
    struct notify_guest *mailboxes; /* owned; ascending, once complete */
    struct buf texts;
    size_t row; /* the next one to be looked at, while `rows` */
    bool
        rows; /* all are looked at: something was missed, or they are told for the first time */
    bool first;
};

/* ---- life ---- */

void
notify_guests_free(struct notify_guests *guests)
{
    while (guests != NULL) {
        struct notify_guests *next = guests->next;
        news_end(&guests->watch);
        free(guests->at_hand);
        free(guests->mailboxes);
        buf_done(&guests->texts);
        account_put(guests->acct);
        free(guests);
        guests = next;
    }
}

/* That of an account, which is made if there is none. RC_NOT_FOUND: the account is gone. */
static enum rc
guests_of(struct imap_session *im, struct notify_guests **list, uint64_t owner,
          struct notify_guests **out)
{
    for (*out = *list; *out != NULL; *out = (*out)->next)
        if (account_id((*out)->acct) == owner)
            return RC_OK;
    struct notify_guests *guests = calloc(1, sizeof *guests);
    if (guests == NULL)
        return RC_LIMIT;
    buf_init(&guests->texts, LIMIT_NOTIFY_OCTETS);
    const enum rc rc = account_get(im->s.env->accounts, owner, &guests->acct);
    if (rc != RC_OK) {
        free(guests);
        return rc;
    }
    guests->next = *list;
    *list = *out = guests;
    return RC_OK;
}

static bool
guest_add(struct notify_guests *guests, uint64_t mbox, unsigned events, struct span name)
{
    if (guests->count == guests->cap) {
        const size_t cap = guests->cap == 0 ? 4 : guests->cap * 2;
        struct notify_guest *more = realloc(guests->mailboxes, cap * sizeof *more);
        if (more == NULL)
            return false;
        guests->mailboxes = more;
        guests->cap = cap;
    }
    guests->mailboxes[guests->count++] = (struct notify_guest){
        .mbox = mbox,
        .name_at = (uint32_t)buf_len(&guests->texts),
        .name_len = (uint32_t)name.len,
        .events = (uint8_t)events,
    };
    buf_put_span(&guests->texts, name);
    return buf_ok(&guests->texts);
}

static const struct notify_guest *
guest_find(const struct notify_guests *guests, uint64_t mbox)
{
    for (size_t i = 0; i < guests->count; i++)
        if (guests->mailboxes[i].mbox == mbox)
            return &guests->mailboxes[i];
    return NULL;
}

/* ---- what is asked for ---- */

/* The first group that a mailbox belongs to says it (RFC 5465 section 6). */
static unsigned
events_of(const struct imap_notify_req *req, const struct names_entry *entry)
{
    const struct span name = entry->name;

    for (size_t i = 0; i < req->group_count; i++) {
        const struct imap_notify_group *group = &req->groups[i];
        if (group->scope == IMAP_NOTIFY_SUBSCRIBED && (entry->attrs & NAMES_SUBSCRIBED) != 0)
            return group->events;
        if (group->scope != IMAP_NOTIFY_MAILBOXES && group->scope != IMAP_NOTIFY_SUBTREE)
            continue;
        for (size_t k = 0; k < group->mailbox_count; k++) {
            const struct span asked = group->mailboxes[k].name;
            if (asked.len > 0 &&
                (span_eq(asked, name) ||
                 (group->scope == IMAP_NOTIFY_SUBTREE && mbox_name_is_below(name, asked))))
                return group->events;
        }
    }
    return 0;
}

/* Whether any group may be about mailboxes of others. */
bool
notify_guests_are_asked(const struct imap_notify_req *req)
{
    struct span owner;
    struct span rest;

    for (size_t i = 0; i < req->group_count; i++) {
        const struct imap_notify_group *group = &req->groups[i];
        if (group->scope == IMAP_NOTIFY_SUBSCRIBED)
            return true;
        for (size_t k = 0; k < group->mailbox_count; k++)
            if (imap_name_is_others(group->mailboxes[k].name, &owner, &rest))
                return true;
    }
    return false;
}

const struct imap_list_req *
notify_guests_list_req(void)
{
    static const struct imap_list_pattern pattern = {.text = SPAN_INIT(OTHER_USERS "/*")};
    static const struct imap_list_req req = {
        .extended = true,
        .returns = IMAP_LIST_RETURN_SUBSCRIBED,
        .reference = {.text = {"", 0}},
        .patterns = &pattern,
        .pattern_count = 1,
    };

    return &req;
}

enum rc
notify_guests_take(struct imap_session *im, const struct imap_notify_req *req,
                   struct names_list *list, struct notify_guests **guests)
{
    struct names_entry entry;
    size_t total = 0;
    size_t octets = 0;
    enum rc rc;

    while ((rc = names_list_next(list, &entry)) != RC_NOT_FOUND) {
        const unsigned events = rc == RC_OK ? events_of(req, &entry) & EVENTS_OF_MESSAGES : 0;
        if (events == 0 || entry.owner == 0 || entry.row == NULL ||
            (entry.rights & RIGHT_READ) == 0)
            continue;
        octets += entry.name.len;
        if (total++ == LIMIT_NOTIFY_GUESTS || octets > LIMIT_NOTIFY_OCTETS)
            return RC_LIMIT;
        struct notify_guests *of = NULL;
        const enum rc found = guests_of(im, guests, entry.owner, &of);
        if (found == RC_NOT_FOUND)
            continue;
        if (found != RC_OK || !guest_add(of, entry.row->id, events, entry.name))
            return RC_LIMIT;
    }
    for (struct notify_guests *of = *guests; of != NULL; of = of->next) {
        of->rows = true;
        of->first = req->status;
    }
    return RC_OK;
}

void
notify_guests_watch(struct imap_session *im, struct notify_guests *guests)
{
    for (; guests != NULL; guests = guests->next)
        if (guests->watch.acct == NULL)
            news_begin(guests->acct, &guests->watch, session_waker(&im->s));
}

bool
notify_guests_wait(struct notify_guests *guests)
{
    for (; guests != NULL; guests = guests->next)
        if (guests->at_hand != NULL || guests->rows || news_wait(&guests->watch))
            return true;
    return false;
}

/* ---- telling ---- */

/* One mailbox as it is now, if the user may read it and it is not the selected one. */
static enum rc
guest_tell(struct imap_session *im, struct notify_guests *guests,
           const struct notify_guest *guest, unsigned happened, uint64_t since,
           struct store_tx *tx, struct err *err)
{
    struct arena *arena = &im->work->sync_arena;
    const unsigned items = imap_notify_items(im, guest->events, happened, guests->first);
    struct rights_user user;
    struct mbox_row row;
    struct status status;
    uint32_t rights = 0;

    if (items == 0 || !env_settings(im->s.env)->sharing ||
        imap_is_selected(im, guests->acct, guest->mbox))
        return RC_OK;
    arena_reset(arena);
    enum rc rc = access_user(im->s.env->registry, im->s.account_id, arena, &user, err);
    if (rc == RC_OK)
        rc = access_rights(tx, &user, guest->mbox, arena, &rights, err);
    if (rc == RC_OK && (rights & RIGHT_READ) == 0)
        return RC_OK;
    if (rc == RC_OK)
        rc = store_mbox_get(tx, guest->mbox, arena, &row, err);
    if (rc == RC_OK && row.highest_modseq > since)
        rc = status_of_row(guests->acct, NULL, &row, items, &status, err);
    if (rc != RC_OK || row.highest_modseq <= since)
        return rc == RC_NOT_FOUND ? RC_OK : rc;
    const struct span texts = buf_span(&guests->texts);
    imap_status_line(im, span_of(texts.ptr + guest->name_at, guest->name_len), &status, items);
    return RC_OK;
}

/* All of its mailboxes, as far as the output goes. False: *step_out. */
static bool
rows_tell(struct imap_session *im, struct notify_guests *guests, struct store_tx *tx,
          enum imap_step *step_out, struct err *err)
{
    const uint64_t since = guests->first ? 0 : guests->told_modseq;
    uint64_t modseq = 0;
    enum rc rc = store_modseq(tx, &modseq, err);

    while (rc == RC_OK && guests->row < guests->count) {
        if (imap_output_full(im) || slice_spent()) {
            *step_out = imap_output_full(im) ? STEP_OUTPUT : STEP_MORE;
            return false;
        }
        /* The first time, without STATUS, the client wants to hear of what comes. */
        if (guests->first || guests->told_modseq != 0)
            rc = guest_tell(im, guests, &guests->mailboxes[guests->row], WATCH_ALL, since, tx,
                            err);
        guests->row++;
    }
    if (rc != RC_OK) {
        *step_out = STEP_DONE;
        return false;
    }
    guests->told_modseq = modseq;
    guests->rows = guests->first = false;
    guests->row = 0;
    return true;
}

/* The next thing that is due of one account. False: *step_out is what to wait for; STEP_DONE:
 * it cannot be told. */
static bool
guests_tell(struct imap_session *im, struct notify_guests *guests, enum imap_step *step_out)
{
    const struct imap_reply reply = im->work->reply;
    const struct news *news = guests->at_hand;
    const struct notify_guest *guest = NULL;
    AUTO_TX tx = NULL;
    struct err err = {.rc = RC_OK};

    if (!guests->rows && news->events != WATCH_NAMES)
        guest = guest_find(guests, news->mbox);
    if (guests->rows || guest != NULL) {
        if (!imap_read_begin(im, guests->acct, &tx, step_out)) {
            im->work->reply = reply;
            return false;
        }
        if (guests->rows)
            return rows_tell(im, guests, tx, step_out, &err);
        enum rc rc = guest_tell(im, guests, guest, news->events, 0, tx, &err);
        if (rc == RC_OK)
            rc = store_modseq(tx, &guests->told_modseq, &err);
        if (rc != RC_OK) {
            *step_out = STEP_DONE;
            return false;
        }
    }
    free(guests->at_hand);
    guests->at_hand = NULL;
    return true;
}

enum imap_step
notify_guests_step(struct imap_session *im, struct notify_guests *guests, bool *failed_out)
{
    enum imap_step step = STEP_DONE;
    enum news_lost lost = NEWS_ALL_KEPT;

    while (guests != NULL) {
        if (imap_output_full(im))
            return STEP_OUTPUT;
        if (slice_spent())
            return STEP_MORE;
        if (!guests->rows && guests->at_hand == NULL)
            guests->at_hand = news_take(&guests->watch, &lost);
        if (lost != NEWS_ALL_KEPT) { /* the rows tell what was missed of messages */
            guests->rows = true;
            lost = NEWS_ALL_KEPT;
        }
        if (!guests->rows && guests->at_hand == NULL) {
            guests = guests->next;
            continue;
        }
        if (!guests_tell(im, guests, &step)) {
            *failed_out = step == STEP_DONE;
            return step;
        }
    }
    return STEP_DONE;
}

/* ---- for another process ---- */

void
notify_guests_pack(const struct notify_guests *guests, struct buf *out)
{
    for (; guests != NULL; guests = guests->next)
        for (size_t i = 0; i < guests->count; i++) {
            const struct notify_guest *guest = &guests->mailboxes[i];
            pack_u64(out, account_id(guests->acct));
            pack_u64(out, guests->told_modseq);
            pack_u64(out, guest->mbox);
            pack_u8(out, guest->events);
            pack_span(out,
                      span_of(buf_span(&guests->texts).ptr + guest->name_at, guest->name_len));
        }
    pack_u64(out, 0);
}

bool
notify_guests_unpack(struct imap_session *im, struct unpack *in, struct notify_guests **guests)
{
    for (size_t total = 0; !in->failed; total++) {
        const uint64_t owner = unpack_u64(in);
        if (owner == 0)
            return true;
        const uint64_t told_modseq = unpack_u64(in);
        const uint64_t mbox = unpack_u64(in);
        const uint8_t events = unpack_u8(in);
        const struct span name = unpack_span(in, LIMIT_MBOX_NAME);
        if (total == LIMIT_NOTIFY_GUESTS || in->failed) {
            in->failed = true;
            return true;
        }
        struct notify_guests *of = NULL;
        const enum rc rc = guests_of(im, guests, owner, &of);
        if (rc == RC_NOT_FOUND)
            continue;
        if (rc != RC_OK || !guest_add(of, mbox, events, name))
            return false;
        of->told_modseq = told_modseq;
        of->rows = true; /* what others wrote meanwhile */
    }
    return true;
}
