/* SPDX-License-Identifier: MIT */
/*
 * See the header.
 *
 *   own names -> who shares -> [the mailboxes of each] -> complete
 */
#include "imap/names/gather.h"

#include <stdio.h>
#include <string.h>

#include "mailbox/sharing/access.h"
#include "store/sharing.h"

struct imap_gather {
    struct arena *arena; /* borrowed; it and all that it finds are there */
    const struct imap_list_req *req;
    enum names_list_kind kind;
    struct names_list *list; /* NULL: nothing has been gathered yet */
    bool asked;              /* the registry was asked: the next three members are known */
    struct rights_user user;
    struct registry_sharer *sharers;
    size_t sharer_count;
    size_t next;
    size_t guest_count;  /* mailboxes of all sharers so far */
    size_t guest_octets; /* octets of their names */
    bool is_cut;         /* there is more than the limits allow */
    /* the limit for all sharers together is reached: the rest are not looked at */
    bool is_full;
    uint64_t *left_out; /* accounts that could not be read */
    size_t left_out_count;
};

const struct imap_list_req *
imap_gather_others(void)
{
    static const struct imap_list_pattern pattern = {.text = SPAN_INIT(OTHER_USERS "/*")};
    static const struct imap_list_req req = {
        .extended = true,
        .returns = IMAP_LIST_RETURN_SUBSCRIBED | IMAP_LIST_RETURN_CHILDREN,
        .reference = {.text = {"", 0}},
        .patterns = &pattern,
        .pattern_count = 1,
    };

    return &req;
}

const struct imap_list_req *
imap_gather_of_owner(struct arena *arena, struct span name)
{
    struct imap_list_req *req = arena_new(arena, struct imap_list_req);
    struct imap_list_pattern *pattern = arena_new(arena, struct imap_list_pattern);
    const char *text = arena_printf(arena, OTHER_USERS "/%.*s/*", SPAN_FMT(name));

    if (req == NULL || pattern == NULL || text == NULL)
        return NULL;
    *pattern = (struct imap_list_pattern){.text = span_of_str(text)};
    *req = *imap_gather_others();
    req->patterns = pattern;
    return req;
}

struct imap_gather *
imap_gather_new(struct arena *arena, const struct imap_list_req *req, enum names_list_kind kind)
{
    struct imap_gather *gather = arena_new(arena, struct imap_gather);

    if (gather != NULL)
        *gather = (struct imap_gather){.arena = arena, .req = req, .kind = kind};
    return gather;
}

static enum imap_step
own_names(struct imap_session *im, struct imap_gather *gather)
{
    enum imap_step step = STEP_DONE;
    AUTO_TX tx = NULL;
    struct err err = {.rc = RC_OK};

    if (!imap_read_begin(im, im->acct, &tx, &step))
        return step;
    const enum rc rc =
        names_list_gather(gather->arena, tx, gather->req, gather->kind, &gather->list, &err);
    if (rc == RC_OK)
        return STEP_MORE;
    gather->list = NULL;
    return imap_fail(im, rc, &err);
}

/* Asks the registry who shares with the user, unless nobody shares anything or the request is
 * about other names. */
static enum rc
ask(struct imap_session *im, struct imap_gather *gather, struct err *err)
{
    struct registry *registry = im->s.env->registry;
    struct arena *arena = gather->arena;
    const uint64_t account = im->s.account_id;
    bool any = false;

    if (!env_settings(im->s.env)->sharing ||
        !names_list_reaches(gather->list, SPAN(OTHER_USERS)))
        return RC_OK;
    enum rc rc = registry_shares(registry, &any, err);
    if (rc != RC_OK || !any)
        return rc;
    rc = access_user(registry, account, arena, &gather->user, err);
    if (rc == RC_OK)
        rc = registry_sharers(registry, account, LIMIT_SHARERS + 1, arena, &gather->sharers,
                              &gather->sharer_count, err);
    if (rc == RC_OK && gather->sharer_count > LIMIT_SHARERS) {
        gather->is_cut = true;
        gather->sharer_count = LIMIT_SHARERS;
    }
    gather->left_out = arena_array(arena, uint64_t, gather->sharer_count + 1);
    return rc == RC_OK && gather->left_out == NULL ? RC_LIMIT : rc;
}

/* Whether there is room for one more mailbox. */
static bool
has_room(struct imap_gather *gather, size_t of_this_sharer, size_t octets)
{
    const bool has = of_this_sharer < LIMIT_SHARER_MAILBOXES &&
                     gather->guest_count < LIMIT_GUEST_MAILBOXES &&
                     octets <= LIMIT_GUEST_MAILBOX_OCTETS - gather->guest_octets;

    if (has) {
        gather->guest_count++;
        gather->guest_octets += octets;
    }
    return has;
}

/* Adds the mailboxes of one sharer under the names that this user sees. Mailboxes whose names
 * would be too long or too deep are left out. */
static enum rc
add(struct imap_gather *gather, const struct registry_sharer *sharer,
    const struct access_row *rows, size_t count)
{
    struct arena *arena = gather->arena;
    const size_t left = LIMIT_GUEST_MAILBOXES - gather->guest_count;
    const size_t share = left < LIMIT_SHARER_MAILBOXES ? left : LIMIT_SHARER_MAILBOXES;
    struct names_guest *guests =
        arena_array(arena, struct names_guest, (count < share ? count : share) + 1);
    size_t used = 0;

    if (guests == NULL)
        return RC_LIMIT;
    for (size_t i = 0; i < count; i++) {
        char text[LIMIT_MBOX_NAME + 2]; /* room for one octet more than a name may have */
        snprintf(text, sizeof text, OTHER_USERS "/%.*s/%.*s", SPAN_FMT(sharer->name),
                 SPAN_FMT(rows[i].row.name));
        if (mbox_name_check(span_of_str(text)) != NULL)
            continue;
        if (!has_room(gather, used, strlen(text))) {
            gather->is_cut = true;
            gather->is_full = used < LIMIT_SHARER_MAILBOXES;
            break;
        }
        const char *name = arena_str(arena, span_of_str(text));
        if (name == NULL)
            return RC_LIMIT;
        guests[used] = (struct names_guest){
            .row = rows[i].row, .owner = sharer->account, .rights = rows[i].rights};
        guests[used].row.name = span_of_str(name);
        guests[used++].row.special_use = 0; /* it is not this user's trash */
    }
    return names_list_add(gather->list, guests, used);
}

/* Whether the account may have mailboxes that the request is about. */
static bool
is_reached(struct imap_session *im, const struct imap_gather *gather,
           const struct registry_sharer *sharer)
{
    if (span_find_char(sharer->name, MBOX_DELIMITER) >= 0)
        return false; /* no mailbox can be named below such a name */
    if (!accounts_is_made(im->s.env->accounts, sharer->account))
        return false; /* never used, so it shares nothing; it must not be created here */
    const char *level =
        arena_printf(gather->arena, OTHER_USERS "/%.*s", SPAN_FMT(sharer->name));
    return level == NULL || names_list_reaches(gather->list, span_of_str(level));
}

/* If the account of one sharer cannot be read, the others are listed all the same. */
static void
leave_out(struct imap_session *im, struct imap_gather *gather,
          const struct registry_sharer *sharer, enum rc rc, const struct err *err)
{
    gather->left_out[gather->left_out_count++] = sharer->account;
    log_put(&im->s.log, rc == RC_CORRUPT ? LOG_E_STORE_CORRUPT : LOG_E_STORE_FAILED,
            "the mailboxes that %.*s shares are left out of a list: %s", SPAN_FMT(sharer->name),
            err->text[0] == '\0' ? rc_name(rc) : err->text);
}

static enum imap_step
next_sharer(struct imap_session *im, struct imap_gather *gather)
{
    const struct registry_sharer *sharer = &gather->sharers[gather->next];
    struct access_row *rows = NULL;
    size_t count = 0;
    enum imap_step step = STEP_DONE;
    struct account *acct = NULL;
    AUTO_ARENA scratch = {0}; /* for all mailboxes there, shared or not */
    AUTO_TX tx = NULL;
    struct err err = {.rc = RC_OK};

    arena_init(&scratch, LIMIT_CMD_ARENA);
    enum rc rc = is_reached(im, gather, sharer)
                     ? account_get(im->s.env->accounts, sharer->account, &acct)
                     : RC_NOT_FOUND;
    if (rc == RC_OK && !imap_read_ready(im, acct, &step)) {
        account_put(acct);
        return step;
    }
    if (rc == RC_OK)
        rc = store_read_begin(account_store(acct), session_waker(&im->s), &tx, &err);
    if (rc == RC_OK)
        rc = access_list(tx, &gather->user, &scratch, &rows, &count, &err);
    if (rc == RC_OK)
        rc = add(gather, sharer, rows, count);
    store_end(tx);
    tx = NULL;
    account_put(acct);
    if (rc == RC_AGAIN)
        return STEP_WAIT;
    if (rc != RC_OK && rc != RC_NOT_FOUND)
        leave_out(im, gather, sharer, rc, &err);
    gather->is_cut = gather->is_cut || rc == RC_LIMIT;
    gather->next = gather->is_full ? gather->sharer_count : gather->next + 1;
    return STEP_MORE;
}

bool
imap_gather_sharer(const struct imap_gather *gather, size_t at, struct registry_sharer *out)
{
    if (at >= gather->sharer_count)
        return false;
    *out = gather->sharers[at];
    return true;
}

bool
imap_gather_is_cut(const struct imap_gather *gather)
{
    return gather->is_cut;
}

bool
imap_gather_lacks_any(const struct imap_gather *gather)
{
    return gather->left_out_count > 0;
}

bool
imap_gather_lacks(const struct imap_gather *gather, uint64_t owner)
{
    for (size_t i = 0; i < gather->left_out_count; i++)
        if (gather->left_out[i] == owner)
            return true;
    return false;
}

enum imap_step
imap_gather_step(struct imap_session *im, struct imap_gather *gather,
                 struct names_list **list_out)
{
    struct err err = {.rc = RC_OK};
    enum rc rc = RC_OK;

    *list_out = NULL;
    if (gather->list == NULL)
        return own_names(im, gather);
    if (!gather->asked)
        rc = ask(im, gather, &err);
    gather->asked = true;
    if (rc == RC_OK && gather->next < gather->sharer_count)
        return next_sharer(im, gather);
    if (rc == RC_OK)
        rc = names_list_build(gather->list, &err);
    if (rc != RC_OK)
        return imap_fail(im, rc, &err);
    *list_out = gather->list;
    return STEP_DONE;
}
