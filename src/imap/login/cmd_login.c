/* SPDX-License-Identifier: MIT */
/*
 * LOGIN and AUTHENTICATE (RFC 3501 sections 6.2.2, 6.2.3; RFC 4959): IMAP's answers to what
 * door/login.h decides. Also UNAUTHENTICATE (RFC 8437), which undoes them.
 */
#include "imap/metadata.h"
#include "imap/notify.h"

#include "auth/sasl.h"
#include "base/limits.h"
#include "door/login.h"
#include "net/conn_deflate.h"

/* Called also when the session ends in between. */
static bool
login_abandon(struct imap_session *im)
{
    login_done(im->work->run);
    im->work->abandon = NULL;
    return true;
}

static struct login *
begin(struct imap_session *im)
{
    struct imap_work *work = im->work;
    struct login *login = login_new(&im->s, &work->arena);

    if (login == NULL)
        return NULL;
    work->run = login;
    work->abandon = login_abandon;
    return login;
}

/* From here on the session belongs to the account. */
static enum imap_step
admit(struct imap_session *im, struct login *login)
{
    struct imap_work *work = im->work;
    AUTO_BUF code = {0};

    im->acct = login_account_take(login);
    im->state = IMAP_AUTHENTICATED;
    im->login = login_showed_password(login) ? IMAP_LOGIN_PASSWORD : IMAP_LOGIN_SCRAM;
    im->bad_commands = 0;
    if (im->framer != NULL)
        imap_framer_set_max(im->framer, LIMIT_LINE);
    buf_init(&code, 1024);
    buf_put_lit(&code, "CAPABILITY ");
    imap_put_capabilities(im, &code);
    return imap_ok(work, imap_code(work, &code), "Logged in");
}

static enum imap_step
refuse(struct imap_session *im, const struct login *login)
{
    struct imap_work *work = im->work;

    if (login_refusal_is_ours(login_refusal(login)))
        im->login = IMAP_LOGIN_UNVERIFIED;
    else if (im->login == IMAP_LOGIN_UNVERIFIED)
        im->login = IMAP_LOGIN_NONE;
    switch (login_refusal(login)) {
    case LOGIN_WRONG:
        return imap_no(work, "AUTHENTICATIONFAILED", "Wrong name or password");
    case LOGIN_DISABLED:
        return imap_no(work, "CONTACTADMIN", "The account is disabled");
    case LOGIN_FULL: {
        const char *text =
            arena_printf(&work->arena,
                         "Your account has as many connections as it may have (%s); "
                         "close a program that is not needed",
                         login_others(login));
        im->login = IMAP_LOGIN_FULL;
        return imap_no(work, "LIMIT", text == NULL ? "Too many connections" : text);
    }
    case LOGIN_LATER:
        return imap_no(
            work, "LIMIT",
            "Too many wrong passwords came from your address; try again in a minute");
    case LOGIN_BUSY:
        return imap_no(work, "UNAVAILABLE", "Too many logins at once; try again");
    case LOGIN_TROUBLE:
        return imap_no(work, "UNAVAILABLE", "Logins cannot be checked now; try again later");
    case LOGIN_NEEDS_TLS:
        return imap_no(work, "PRIVACYREQUIRED",
                       imap_mech_is_safe(im, SASL_PLAIN)
                           ? "Use TLS: tokens are not accepted without encryption"
                           : "Use TLS: passwords are not accepted without encryption");
    case LOGIN_NO_MEMORY:
        break;
    }
    return imap_fail(im, RC_LIMIT, NULL);
}

static enum imap_step
forbid(struct imap_session *im, struct login *login)
{
    (void)login_forbid(login);
    return refuse(im, login);
}

static enum imap_step
go(struct imap_session *im, struct login *login)
{
    struct iw w = imap_line(im);
    const enum login_outcome outcome = login_go(login);

    im->work->wait_until_us = login_wait_until_us(login);
    switch (outcome) {
    case LOGIN_WAITS:
        return STEP_WAIT;
    case LOGIN_CHALLENGE:
        iw_continuation(&w, login_challenge(login));
        return STEP_INPUT;
    case LOGIN_LINE:
        return STEP_INPUT;
    case LOGIN_ADMITTED:
        return admit(im, login);
    case LOGIN_REFUSED:
        return refuse(im, login);
    case LOGIN_CANCELLED:
        return imap_bad(im->work, "AUTHENTICATE cancelled");
    case LOGIN_MALFORMED:
        break;
    }
    return imap_bad(im->work, "That is not what the mechanism expects");
}

enum imap_step
cmd_login_run(struct imap_session *im, struct imap_work *work)
{
    if (work->run == NULL) {
        struct login *login = begin(im);
        if (login == NULL)
            return imap_fail(im, RC_LIMIT, NULL);
        login_password(login, work->cmd.u.login.user, work->cmd.u.login.password);
        if (!imap_mech_is_safe(im, SASL_PLAIN))
            return forbid(im, login);
    }
    return go(im, work->run);
}

enum imap_step
cmd_authenticate_run(struct imap_session *im, struct imap_work *work)
{
    enum sasl_mech mech;
    struct err err = {.rc = RC_OK};

    if (work->run == NULL) {
        if (!sasl_mech_of_name(work->cmd.u.authenticate.mechanism, &mech) ||
            !imap_mech_offered(im, mech))
            return imap_no(work, "CANNOT", "That mechanism is not offered");
        struct login *login = begin(im);
        if (login != NULL && !imap_mech_is_safe(im, mech))
            return forbid(im, login);
        if (login == NULL || login_sasl(login, mech, &err) != RC_OK)
            return imap_fail(im, RC_LIMIT, &err);
        const struct span initial = work->cmd.u.authenticate.initial;
        /* RFC 4959 section 3: an empty initial response is "=" */
        if (work->cmd.u.authenticate.has_initial &&
            login_line(login, initial.len == 0 ? SPAN("=") : initial) != RC_OK)
            return imap_fail(im, RC_LIMIT, NULL);
    }
    return go(im, work->run);
}

void
imap_authenticate_line(struct imap_session *im, struct span line)
{
    if (login_line(im->work->run, line) != RC_OK)
        session_end(&im->s, END_LIMIT_MEMORY, "AUTHENTICATE");
}

enum imap_step
cmd_unauthenticate_run(struct imap_session *im, struct imap_work *work)
{
    if (!env_settings(im->s.env)->unauthenticate) /* RFC 8437 section 8 */
        return imap_no(work, "CANNOT", "UNAUTHENTICATE is switched off here");
    return imap_ok(work, NULL, "UNAUTHENTICATE completed");
}

/* Nothing of what was said since the login is remembered, except who the client is (RFC 8437
 * sections 3 and 4.1). */
void
imap_unauthenticate(struct imap_session *im)
{
    imap_unselect(im);
    imap_notify_free(im->notify);
    im->notify = NULL;
    im->notify_state = NOTIFY_UNUSED;
    imap_metadata_free(im);
    account_put(im->acct);
    im->acct = NULL;
    im->state = IMAP_NOT_AUTHENTICATED;
    im->login = IMAP_LOGIN_NONE;
    if (im->idle_end == IMAP_IDLE_DONE)
        im->idle_end = IMAP_IDLE_OPEN; /* a late DONE may still come */
    im->enabled = ENABLES_NOTHING;
    im->bad_commands = 0;
    if (im->framer != NULL)
        imap_framer_set_max(im->framer, LIMIT_LINE_BEFORE_LOGIN);
    session_begin_anew(&im->s);
    if (!conn_is_compressed(&im->s.conn))
        return;
    if (conn_deflate_stop(&im->s.conn) != RC_OK)
        session_end(&im->s, END_LIMIT_MEMORY, "UNAUTHENTICATE");
    session_compressed(&im->s);
}
