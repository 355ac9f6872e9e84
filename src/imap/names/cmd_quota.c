/* SPDX-License-Identifier: MIT */
/*
 * GETQUOTA, GETQUOTAROOT and SETQUOTA (RFC 9208). An account with limits has one quota root,
 * "", to which all of its mailboxes belong. Resources without a limit are not listed, and
 * without any limit there is no quota root (docs/protocol.md Q-1). Only administrators set
 * limits: QUOTASET is not offered.
 */
#include "imap/imap_session.h"

enum { STORAGE_UNIT = 1024 }; /* octets; RFC 9208 section 5.1 */

static const struct resource {
    struct span name;
    uint64_t unit;
} resources[QUOTA_RESOURCES] = {
    [QUOTA_STORAGE] = {SPAN_INIT("STORAGE"), STORAGE_UNIT},
    [QUOTA_MESSAGE] = {SPAN_INIT("MESSAGE"), 1},
    [QUOTA_MAILBOX] = {SPAN_INIT("MAILBOX"), 1},
};

static const struct span root = SPAN_INIT("");

/* The usage is rounded up and the limit is rounded down, so that a full account looks full. */
static void
quota_line(struct imap_session *im, const struct quota_amounts *used,
           const struct quota_amounts *limits)
{
    struct iw w = imap_line(im);

    iw_untagged(&w);
    iw_word(&w, "QUOTA");
    iw_astring(&w, root);
    iw_open(&w);
    for (unsigned i = 0; i < QUOTA_RESOURCES; i++) {
        const uint64_t unit = resources[i].unit;
        if (limits->of[i] == QUOTA_UNLIMITED)
            continue;
        iw_token(&w, resources[i].name);
        iw_num(&w, used->of[i] / unit + (used->of[i] % unit != 0));
        iw_num(&w, limits->of[i] / unit);
    }
    iw_close(&w);
    iw_end(&w);
}

static bool
is_limited(const struct quota_amounts *limits)
{
    for (unsigned i = 0; i < QUOTA_RESOURCES; i++)
        if (limits->of[i] != QUOTA_UNLIMITED)
            return true;
    return false;
}

/* Reads the usage and the limits of the account. False: return *step_out. */
static bool
quota_read(struct imap_session *im, struct account *acct, struct quota_amounts *used,
           struct quota_amounts *limits, enum imap_step *step_out)
{
    struct err err = {.rc = RC_OK};
    AUTO_TX tx = NULL;

    if (!imap_read_begin(im, acct, &tx, step_out))
        return false;
    enum rc rc = store_usage(tx, used, &err);
    if (rc == RC_OK)
        rc = account_quota(acct, limits, &err);
    if (rc != RC_OK)
        *step_out = imap_fail(im, rc, &err);
    return rc == RC_OK;
}

enum imap_step
cmd_getquota_run(struct imap_session *im, struct imap_work *work)
{
    struct quota_amounts used;
    struct quota_amounts limits;
    enum imap_step step = STEP_DONE;

    if (!span_eq(work->cmd.u.quota.root, root))
        return imap_no(work, "NONEXISTENT", "No such quota root");
    if (!quota_read(im, im->acct, &used, &limits, &step))
        return step;
    if (!is_limited(&limits))
        return imap_no(work, "NONEXISTENT", "The account has no limits");
    quota_line(im, &used, &limits);
    return imap_ok(work, NULL, "GETQUOTA completed");
}

/* The mailbox need not exist (RFC 9208 section 4.1.2). */
enum imap_step
cmd_getquotaroot_run(struct imap_session *im, struct imap_work *work)
{
    const struct imap_mailbox_req *req = &work->cmd.u.mailbox;
    struct quota_amounts used;
    struct quota_amounts limits;
    enum imap_step step = STEP_DONE;

    if (!imap_target_find(im, &req->mailbox, work->row->named, &work->target, &step) ||
        (!work->target.is_guest && !quota_read(im, im->acct, &used, &limits, &step)))
        return step;
    /* another user does not learn how much room is left: docs/protocol.md H-6 */
    const bool has_root = !work->target.is_guest && is_limited(&limits);
    struct iw w = imap_line(im);
    iw_untagged(&w);
    iw_word(&w, "QUOTAROOT");
    iw_mailbox(&w, req->mailbox.name);
    if (has_root)
        iw_astring(&w, root);
    iw_end(&w);
    if (has_root)
        quota_line(im, &used, &limits);
    return imap_ok(work, NULL, "GETQUOTAROOT completed");
}

enum imap_step
cmd_setquota_run(struct imap_session *im, struct imap_work *work)
{
    (void)im;
    return imap_no(work, "NOPERM", "Only an administrator can change limits");
}
