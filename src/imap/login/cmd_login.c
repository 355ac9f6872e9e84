/* SPDX-License-Identifier: MIT */
/*
 * LOGIN and AUTHENTICATE (RFC 3501 sections 6.2.2, 6.2.3; RFC 4959). The dialogue only gathers
 * what the client says; whether it is right is found out by auth/: at once when the password
 * was verified lately, else after the throttle's delay and in a HASH slot, parked meanwhile.
 *
 *   sasl lines --> credentials --> QUICK --> DELAY --> HASH --> logged in, or NO
 *        \--> SCRAM decides by itself ----------------^  | its account has all it may have, and
 *                                                       +-> PLACE: suspects among them are
 * probed
 */
#include "imap/imap_session.h"

#include "auth/auth.h"
#include "auth/sasl.h"
#include "base/limits.h"
#include "session/table.h"

enum stage { STAGE_SASL, STAGE_QUICK, STAGE_DELAY, STAGE_HASH, STAGE_DENY, STAGE_PLACE };

struct login {
    struct sasl *sasl; /* AUTHENTICATE; owned */
    enum sasl_mech mech;
    struct auth_request request;
    struct auth_result result;
    int64_t began_us;
    int64_t ready_us; /* DELAY and DENY end then */
    enum stage stage;
    bool hash_queued;
    bool wants_line; /* a challenge is out: nothing to do until its answer is here */
    bool has_line;
    struct span line; /* the client's answer, in the command's arena */
    const char *why;  /* DENY: for the log; in the command's arena, or NULL */
};

static struct span
peer_address(const struct imap_session *im)
{
    switch (im->s.peer.family) {
    case NET_IPV4:
        return span_of(im->s.peer.ip, 4);
    case NET_IPV6:
        return span_of(im->s.peer.ip, 16);
    default:
        return SPAN("");
    }
}

/* Lets go of exchange and queue place; also when the session ends in between. */
static bool
login_abandon(struct imap_session *im)
{
    struct login *login = im->work->run;

    if (login->hash_queued)
        slot_cancel(im->s.env->slots, SLOT_HASH, im->s.task.id);
    login->hash_queued = false;
    session_place_done(&im->s);
    sasl_free(login->sasl);
    login->sasl = NULL;
    im->work->abandon = NULL;
    return true;
}

static struct login *
login_new(struct imap_session *im, enum stage stage)
{
    struct imap_work *work = im->work;
    struct login *login = arena_new(&work->arena, struct login);

    if (login == NULL)
        return NULL;
    login->began_us = session_now_us(&im->s);
    login->stage = stage;
    login->request.address = peer_address(im);
    work->run = login;
    work->abandon = login_abandon;
    session_state_set(&im->s, SESSION_AUTHENTICATING);
    return login;
}

static const char *
mechanism_name(const struct imap_work *work)
{
    const struct login *login = work->run;

    return work->cmd.id == IMAP_CMD_LOGIN ? "LOGIN command" : sasl_mech_name(login->mech);
}

static enum imap_step
deny(struct imap_session *im, const char *code, const char *text, const char *log_text)
{
    session_event(&im->s, EVENT_LOGIN_FAILED);
    log_put(&im->s.log, LOG_E_LOGIN_FAILED, "login failed: %s", log_text);
    im->s.counts.login_failures++;
    return imap_no(im->work, code, text);
}

static enum imap_step
over_limit(struct imap_session *im, const struct auth_result *result, const char *others)
{
    session_set_account_name(&im->s, span_of_str(result->account));
    session_identity_changed(&im->s);
    im->refused = true;
    const char *text = arena_printf(&im->work->arena,
                                    "Your account has as many connections as it may have (%s); "
                                    "close a program that is not needed",
                                    others == NULL ? "all in use" : others);

    log_put(&im->s.log, LOG_E_LOGIN_FAILED, "login failed: too many connections (%s)",
            others == NULL ? "all in use" : others);
    return imap_no(im->work, "LIMIT", text == NULL ? "Too many connections" : text);
}

/* All places of the account are taken. Perhaps by the dead: then it waits for one of theirs. */
static enum imap_step
no_place(struct imap_session *im, const struct auth_result *result, const char *others)
{
    struct login *login = im->work->run;

    if (login->stage != STAGE_PLACE) {
        if (!session_place_wait(&im->s, END_LIMIT_ACCOUNT, result->account_id))
            return over_limit(im, result, others);
        if (result != &login->result)
            login->result = *result;
        login->stage = STAGE_PLACE;
    }
    if (session_now_us(&im->s) >= im->s.place->until_us)
        return over_limit(im, result, others);
    im->work->wait_until_us = im->s.place->until_us;
    return STEP_WAIT;
}

/* The account is known and right: the session becomes its own. */
static enum imap_step
admit(struct imap_session *im, const struct auth_result *result)
{
    struct imap_work *work = im->work;
    char *others = NULL;
    AUTO_BUF code = {0};

    if (account_get(im->s.env->accounts, result->account_id, &im->acct) != RC_OK)
        return imap_fail(im, RC_LIMIT, NULL);
    const enum rc rc = session_table_login(im->s.env->table, &im->s, result->account_id,
                                           result->account, &work->arena, &others);
    if (rc != RC_OK) {
        account_put(im->acct);
        im->acct = NULL;
        return rc == RC_LIMIT ? no_place(im, result, others) : imap_fail(im, RC_BUSY, NULL);
    }
    work->wait_until_us = 0;
    im->state = IMAP_AUTHENTICATED;
    im->password_shown = work->cmd.id == IMAP_CMD_LOGIN ||
                         sasl_mech_is_plaintext(((const struct login *)work->run)->mech);
    im->bad_commands = 0;
    if (im->framer != NULL)
        imap_framer_set_max(im->framer, LIMIT_LINE);
    session_identity_changed(&im->s);
    session_event(&im->s, EVENT_LOGIN)->a =
        (uint32_t)((session_now_us(&im->s) - ((struct login *)work->run)->began_us) / 1000);
    log_put(&im->s.log, LOG_E_LOGGED_IN, "logged in as %s by %s", result->account,
            mechanism_name(work));
    buf_init(&code, 1024);
    buf_put_lit(&code, "CAPABILITY ");
    imap_put_capabilities(im, &code);
    return imap_ok(work, arena_str(&work->arena, buf_span(&code)), "Logged in");
}

static enum imap_step
store_trouble(struct imap_session *im, const struct err *err)
{
    log_put(&im->s.log, LOG_E_STORE_FAILED, "%s", err->text);
    return imap_no(im->work, "UNAVAILABLE", "Logins cannot be checked now; try again later");
}

/* What auth says of a password. */
static enum imap_step
verdict(struct imap_session *im, enum rc rc, const struct err *err)
{
    struct login *login = im->work->run;
    const char *why = err != NULL ? err->text : login->why != NULL ? login->why : "denied";

    switch (rc) {
    case RC_OK:
        return admit(im, &login->result);
    case RC_DENIED:
        return deny(im, "AUTHENTICATIONFAILED", "Wrong name or password", why);
    case RC_DISABLED:
        return deny(im, "CONTACTADMIN", "The account is disabled", why);
    default:
        return store_trouble(im, err);
    }
}

static enum imap_step
hash_step(struct imap_session *im, struct login *login)
{
    struct slots *slots = im->s.env->slots;
    struct err err;

    switch (slot_take(slots, SLOT_HASH, im->s.task.id, net_addr_hash(&im->s.peer))) {
    case SLOT_QUEUED:
        login->hash_queued = true;
        return STEP_WAIT;
    case SLOT_REFUSED:
        return imap_no(im->work, "UNAVAILABLE", "Too many logins at once; try again");
    case SLOT_GOT:
        break;
    }
    login->hash_queued = false;
    const enum rc rc = auth_verify(im->s.env->auth, &login->request, &login->result, &err);
    slot_give(slots, SLOT_HASH);
    return verdict(im, rc, &err);
}

static enum imap_step
sasl_go(struct imap_session *im, struct login *login)
{
    struct imap_work *work = im->work;
    struct iw w = imap_line(im);
    struct err err;
    AUTO_BUF challenge = {0};

    if (work->cmd.u.authenticate.has_initial && !login->has_line) {
        login->line = work->cmd.u.authenticate.initial;
        if (login->line.len == 0)
            login->line = SPAN("="); /* RFC 4959 section 3: an empty initial response */
        work->cmd.u.authenticate.has_initial = false;
    }
    if (login->wants_line && !login->has_line)
        return STEP_INPUT;
    buf_init(&challenge, 65536);
    const enum sasl_outcome outcome = sasl_step(login->sasl, login->line, &challenge, &err);
    login->has_line = false;
    switch (outcome) {
    case SASL_CHALLENGE:
        login->wants_line = true;
        iw_continuation(&w, buf_span(&challenge));
        return STEP_INPUT;
    case SASL_CREDENTIALS:
        login->request = *sasl_request(login->sasl);
        login->stage = STAGE_QUICK;
        return STEP_MORE;
    case SASL_AUTHENTICATED:
        return admit(im, sasl_result(login->sasl));
    case SASL_DENIED:
        login->stage = STAGE_DENY;
        login->why = arena_str(&work->arena, span_of_str(err.text));
        login->ready_us = session_now_us(&im->s) + sasl_wait_ms(login->sasl) * 1000;
        return STEP_MORE;
    case SASL_DISABLED:
        return verdict(im, RC_DISABLED, &err);
    case SASL_CANCELLED:
        return imap_bad(work, "AUTHENTICATE cancelled");
    case SASL_MALFORMED:
        return imap_bad(work, "That is not what the mechanism expects");
    case SASL_FAILED:
        break;
    }
    return store_trouble(im, &err);
}

/* Stages until one of them decides or waits. */
static enum imap_step
login_go(struct imap_session *im, struct login *login)
{
    struct err err;

    switch (login->stage) {
    case STAGE_SASL:
        return sasl_go(im, login);
    case STAGE_QUICK: {
        const enum rc rc = auth_quick(im->s.env->auth, &login->request, &login->result, &err);
        if (rc != RC_AGAIN)
            return verdict(im, rc, &err);
        login->stage = STAGE_DELAY;
        login->ready_us = session_now_us(&im->s) + login->result.wait_ms * 1000;
        if (login->result.wait_ms > 0)
            log_put(&im->s.log, LOG_E_THROTTLED, "login delayed by %jd ms",
                    (intmax_t)login->result.wait_ms);
        return STEP_MORE;
    }
    case STAGE_DELAY:
    case STAGE_DENY:
        if (session_now_us(&im->s) < login->ready_us) {
            im->work->wait_until_us = login->ready_us;
            return STEP_WAIT;
        }
        im->work->wait_until_us = 0;
        if (login->stage == STAGE_DENY)
            return verdict(im, RC_DENIED, NULL);
        login->stage = STAGE_HASH;
        return STEP_MORE;
    case STAGE_HASH:
        return hash_step(im, login);
    case STAGE_PLACE:
        return admit(im, &login->result);
    }
    return STEP_DONE;
}

enum imap_step
cmd_login_run(struct imap_session *im, struct imap_work *work)
{
    if (work->run == NULL) {
        if (!imap_plaintext_allowed(im))
            return imap_no(work, "PRIVACYREQUIRED",
                           "Use TLS: passwords are not taken in the clear");
        struct login *login = login_new(im, STAGE_QUICK);
        if (login == NULL)
            return imap_fail(im, RC_LIMIT, NULL);
        login->request.name = work->cmd.u.login.user;
        login->request.password = work->cmd.u.login.password;
    }
    return login_go(im, work->run);
}

enum imap_step
cmd_authenticate_run(struct imap_session *im, struct imap_work *work)
{
    enum sasl_mech mech;
    struct err err;

    if (work->run == NULL) {
        if (!sasl_mech_of_name(work->cmd.u.authenticate.mechanism, &mech) ||
            (mech == SASL_SCRAM_SHA_256 && !imap_scram_offered(im)))
            return imap_no(work, "CANNOT", "That mechanism is not offered");
        if (sasl_mech_is_plaintext(mech) && !imap_plaintext_allowed(im))
            return imap_no(work, "PRIVACYREQUIRED",
                           "Use TLS: passwords are not taken in the clear");
        struct login *login = login_new(im, STAGE_SASL);
        if (login == NULL)
            return imap_fail(im, RC_LIMIT, NULL);
        login->mech = mech;
        if (sasl_start(&login->sasl, im->s.env->auth, mech, login->request.address, &err) !=
            RC_OK)
            return imap_fail(im, RC_LIMIT, &err);
    }
    return login_go(im, work->run);
}

void
imap_authenticate_line(struct imap_session *im, struct span line)
{
    struct login *login = im->work->run;

    login->line = arena_span(&im->work->arena, line);
    login->has_line = true;
    if (login->line.ptr == NULL)
        session_end(&im->s, END_LIMIT_MEMORY, "AUTHENTICATE");
}
