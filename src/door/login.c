/* SPDX-License-Identifier: MIT */
/* See the header for the states. Each is a function here. */
#include "door/login.h"

#include "auth/auth.h"
#include "base/limits.h"
#include "net/slots.h"
#include "net/tls.h"
#include "net/tls_client.h"
#include "session/table.h"

enum { QUOTED_OCTETS = 200 }; /* octets of a name that are shown in the log */

enum login_state {
    AT_EXCHANGE, /* SASL lines are exchanged */
    AT_QUICK,    /* the credentials are complete: was this password verified recently? */
    AT_DELAY,    /* no: the throttle delays it; then HASH, or the exchange continues */
    AT_HASH,     /* waits for a slot to hash it in */
    AT_PLACE,    /* verified: waits for a place among the account's connections */
    AT_OVER,
};

struct login {
    struct session *session;
    struct arena *arena;
    struct sasl *sasl; /* owned; NULL: LOGIN, USER and the like */
    enum sasl_mech mech;
    struct auth_request request;
    struct throttle_ticket ticket; /* what was paid for the hash */
    struct auth_result result;
    struct account *acct; /* held; set with LOGIN_ADMITTED */
    uint64_t epoch;       /* of the registry, taken before anything was read there */
    int64_t began_us;
    int64_t ready_us; /* when DELAY ends; monotonic */
    int64_t wait_until_us;
    enum login_state state;
    enum login_refusal refusal;
    bool hash_queued;
    bool wants_line; /* a challenge was sent: nothing can be done until the answer is here */
    bool has_line;
    struct span line;     /* in the arena */
    struct buf challenge; /* owned */
    const char *others;   /* in the arena, or NULL */
};

/* The passwords of an account that are valid at this door. */
static uint32_t
protocol_of(const struct session *session)
{
    return session->door->service == LOG_IMAP ? APP_IMAP : 0;
}

static struct auth_peer
peer_of(const struct session *session)
{
    const struct net_addr *peer = &session->peer;
    const size_t octets = peer->family == NET_IPV4 ? 4 : peer->family == NET_IPV6 ? 16 : 0;

    return (struct auth_peer){
        .address = octets == 0 ? SPAN("") : span_of(peer->ip, octets),
        .trusted = net_prefixes_hold(&env_settings(session->env)->trusted, peer),
        .protocol = protocol_of(session),
    };
}

struct login *
login_new(struct session *session, struct arena *arena)
{
    struct login *login = arena_new(arena, struct login);

    if (login == NULL)
        return NULL;
    *login = (struct login){
        .session = session,
        .arena = arena,
        .began_us = session_now_us(session),
        .epoch = registry_epoch(session->env->registry),
        .state = AT_OVER,
        .request = {.peer = peer_of(session),
                    .no_keys = env_settings(session->env)->scram == SCRAM_NEVER},
    };
    buf_init(&login->challenge, 2 * (size_t)LIMIT_SASL_MESSAGE);
    session_state_set(session, SESSION_AUTHENTICATING);
    return login;
}

void
login_password(struct login *login, struct span name, struct span password)
{
    login->request.name = name;
    login->request.password = password;
    login->state = AT_QUICK;
}

_Static_assert((int)TLS_EXPORTER_OCTETS == (int)SASL_CHANNEL_OCTETS &&
                   (int)TLS_CLIENT_NAMES == (int)SASL_CLIENT_NAMES &&
                   (int)TLS_CLIENT_NAME_OCTETS == (int)REGISTRY_NAME_OCTETS,
               "the same");

/* The certificate's names; serial may be NULL. */
static void
client_names(const struct session *session, struct sasl_channel *out,
             char serial[TLS_CLIENT_SERIAL_OCTETS])
{
    struct tls_client client;

    if (!tls_conn_client(&session->conn, env_settings(session->env)->client_name,
                         session->env->clock, &client))
        return;
    out->name_count = client.count;
    memcpy(out->names, client.names, sizeof out->names);
    if (serial != NULL)
        memcpy(serial, client.serial, sizeof client.serial);
}

void
login_channel(const struct session *session, struct sasl_channel *out)
{
    *out = (struct sasl_channel){.offered = false};
    if (session->by_proxy) /* it may have ended the client's TLS and begun its own */
        return;
    out->offered = tls_conn_exporter(&session->conn, out->exporter) == RC_OK;
    client_names(session, out, NULL);
}

enum rc
login_sasl(struct login *login, enum sasl_mech mech, struct err *err)
{
    struct sasl_channel channel;

    login_channel(login->session, &channel);
    login->mech = mech;
    login->state = AT_EXCHANGE;
    return sasl_start(&login->sasl, login->session->env->auth, mech, &login->request.peer,
                      &channel, err);
}

enum rc
login_line(struct login *login, struct span line)
{
    login->line = line.len == 0 ? SPAN("") : arena_span(login->arena, line);
    login->has_line = true;
    return login->line.ptr == NULL ? RC_LIMIT : RC_OK;
}

int64_t
login_wait_until_us(const struct login *login)
{
    return login->wait_until_us;
}

struct span
login_challenge(const struct login *login)
{
    return buf_span(&login->challenge);
}

enum login_refusal
login_refusal(const struct login *login)
{
    return login->refusal;
}

const char *
login_others(const struct login *login)
{
    return login->others == NULL ? "all in use" : login->others;
}

struct account *
login_account_take(struct login *login)
{
    struct account *acct = login->acct;

    login->acct = NULL;
    return acct;
}

bool
login_showed_password(const struct login *login)
{
    return login->sasl == NULL || sasl_mech_shows_secret(login->mech);
}

/* ---- ends ---- */

/* Makes text of the peer safe for a line that programs read: puts it in quotation marks that it
 * cannot close. */
static void
put_quoted(struct buf *out, struct span text)
{
    const struct span part = span_head(text, QUOTED_OCTETS);

    buf_put_char(out, '"');
    for (size_t i = 0; i < part.len; i++) {
        const char c = part.ptr[i];
        const bool plain = (unsigned char)c >= ' ' && c != 0x7f && c != '"' && c != '\\';
        buf_put_char(out, plain ? c : '?');
    }
    buf_put_char(out, '"');
}

/* Programs rely on the form of this line: docs/fail2ban.md. Text that the peer chose comes
 * last. */
static void
refusal_log(struct login *login, const char *reason, const char *more)
{
    struct session *session = login->session;
    const struct span name = login->request.name.len > 0 || login->sasl == NULL
                                 ? login->request.name
                                 : sasl_name(login->sasl);
    char address[NET_ADDR_TEXT];
    AUTO_BUF line = {0};

    buf_init(&line, LIMIT_LOG_LINE);
    net_addr_print_host(&session->peer, address);
    buf_printf(&line, "reason=%s address=%s login=", reason, address);
    put_quoted(&line, name);
    buf_put_lit(&line, " client=");
    put_quoted(&line, span_of_str(session->client_id));
    if (more != NULL)
        buf_printf(&line, " (%s)", more);
    log_put(&session->log, LOG_E_LOGIN_FAILED, "login failed: %.*s", SPAN_FMT(buf_span(&line)));
}

/* Every refused login comes here, so each has its line in the log. reason: docs/fail2ban.md
 * lists them. more: text for the end of the line, or NULL. */
static enum login_outcome
refuse(struct login *login, enum login_refusal refusal, const char *reason, const char *more)
{
    refusal_log(login, reason, more);
    if (login_refusal_is_ours(refusal))
        login->session->counts.login_failures++;
    login->state = AT_OVER;
    login->wait_until_us = 0;
    login->refusal = refusal;
    return LOGIN_REFUSED;
}

enum login_outcome
login_forbid(struct login *login)
{
    login->session->counts.login_failures++;
    return refuse(login, LOGIN_NEEDS_TLS, "needs-tls", NULL);
}

static enum login_outcome
deny(struct login *login, enum login_refusal refusal, enum auth_reason reason)
{
    struct session *session = login->session;
    const char *app = login->result.app_password == 0 ? NULL : login->result.app_name;

    session_event(session, EVENT_LOGIN_FAILED);
    session->counts.login_failures++;
    return refuse(login, refusal, auth_reason_name(reason),
                  app == NULL ? NULL
                              : arena_printf(login->arena, "application password \"%s\"", app));
}

void
login_done(struct login *login)
{
    if (login->hash_queued)
        slot_cancel(login->session->env->slots, SLOT_HASH, login->session->task.id);
    login->hash_queued = false;
    auth_left(login->session->env->auth, &login->ticket);
    session_place_done(login->session);
    /* A client that disconnects instead of acknowledging the refusal counts as refused too. */
    if (login->sasl != NULL && login->state != AT_OVER && sasl_is_refused(login->sasl)) {
        login->result = *sasl_result(login->sasl);
        (void)deny(login, LOGIN_WRONG, sasl_reason(login->sasl));
    }
    sasl_free(login->sasl);
    login->sasl = NULL;
    buf_done(&login->challenge);
    if (login->acct != NULL)
        account_put(login->acct);
    login->acct = NULL;
    login->state = AT_OVER;
}

static enum login_outcome
trouble(struct login *login, const struct err *err)
{
    log_put(&login->session->log, LOG_E_STORE_FAILED, "%s", err->text);
    return refuse(login, LOGIN_TROUBLE, "server-failed", NULL);
}

static enum login_outcome
over_limit(struct login *login)
{
    struct session *session = login->session;

    session_set_account_name(session, span_of_str(login->result.account));
    session_identity_changed(session);
    return refuse(login, LOGIN_FULL, "too-many-connections", login_others(login));
}

/* All places of the account are taken. If suspect sessions hold some of them, waits for one of
 * these. */
static enum login_outcome
no_place(struct login *login)
{
    struct session *session = login->session;

    if (session->place == NULL &&
        !session_place_wait(session, END_LIMIT_ACCOUNT, login->result.account_id))
        return over_limit(login);
    if (session_now_us(session) >= session->place->until_us)
        return over_limit(login);
    login->wait_until_us = session->place->until_us;
    return LOGIN_WAITS;
}

static enum session_credential
credential_of(const struct login *login)
{
    if (login->sasl != NULL && login->mech == SASL_EXTERNAL)
        return CREDENTIAL_CERTIFICATE;
    if (login->sasl != NULL && (login->mech == SASL_OAUTHBEARER || login->mech == SASL_XOAUTH2))
        return CREDENTIAL_TOKEN;
    return login->result.app_password != 0 ? CREDENTIAL_APP_PASSWORD : CREDENTIAL_PASSWORD;
}

static enum end_reason
app_password_changed(const struct login *login, struct err *err)
{
    bool there = false;

    if (registry_app_is_there(login->session->env->registry, login->result.account_id,
                              login->result.app_password, &there, err) != RC_OK)
        return END_STORE_FAILED;
    return there ? END_NONE : END_APP_PASSWORD_REVOKED;
}

/* What was verified may have changed before the session became the account's, when the session
 * could not be notified yet. From now on it is notified. END_NONE: nothing has changed.
 */
static enum end_reason
changed_meanwhile(struct login *login, struct err *err)
{
    struct registry *registry = login->session->env->registry;
    struct registry_account row;

    if (registry_epoch(registry) == login->epoch)
        return END_NONE;
    const enum rc rc = registry_find_id(registry, login->result.account_id, &row, err);
    if (rc != RC_OK)
        return rc == RC_NOT_FOUND ? END_ACCOUNT_REMOVED : END_STORE_FAILED;
    if (row.state != ACCOUNT_ENABLED)
        return END_ACCOUNT_DISABLED;
    if (login->result.app_password != 0)
        return app_password_changed(login, err);
    if (credential_of(login) != CREDENTIAL_PASSWORD)
        return END_NONE;
    return row.password_generation == login->result.password_generation ? END_NONE
                                                                        : END_PASSWORD_CHANGED;
}

/* The session belongs to the account already, so it ends for the same reason as the account's
 * other sessions. */
static enum login_outcome
too_late(struct login *login, enum end_reason reason, const struct err *err)
{
    if (reason == END_STORE_FAILED) {
        session_end(login->session, reason, "%s", err->text);
        return refuse(login, LOGIN_TROUBLE, "server-failed", NULL);
    }
    session_end(login->session, reason, "while it logged in");
    return refuse(login, reason == END_ACCOUNT_DISABLED ? LOGIN_DISABLED : LOGIN_WRONG,
                  "changed-meanwhile", NULL);
}

static enum login_outcome
not_got(struct login *login, enum rc rc)
{
    if (rc == RC_NOT_FOUND) { /* removed just now, together with its mail */
        session_end(login->session, END_ACCOUNT_REMOVED, "while it logged in");
        return refuse(login, LOGIN_WRONG, "changed-meanwhile", NULL);
    }
    return refuse(login, rc == RC_LIMIT ? LOGIN_NO_MEMORY : LOGIN_TROUBLE, "server-failed",
                  NULL);
}

/* Puts words before the subject, which is text that the issuer may have taken from its user. */
static const char *
subject_words(struct login *login, const char *words)
{
    AUTO_BUF quoted = {0};

    if (login->result.subject[0] == '\0')
        return "";
    buf_init(&quoted, 2 * (size_t)QUOTED_OCTETS);
    put_quoted(&quoted, span_of_str(login->result.subject));
    return arena_printf(login->arena, "%s %.*s", words, SPAN_FMT(buf_span(&quoted)));
}

static const char *
certificate_words(struct login *login)
{
    struct sasl_channel channel;
    char serial[TLS_CLIENT_SERIAL_OCTETS] = "?";

    client_names(login->session, &channel, serial);
    const char *words = arena_printf(login->arena, " with certificate %s of", serial);
    return words == NULL ? NULL : subject_words(login, words);
}

/* Names the credential used, if the account may have several of that kind. In the arena. */
static const char *
credential_words(struct login *login)
{
    const char *words = "";

    switch (credential_of(login)) {
    case CREDENTIAL_APP_PASSWORD:
        words = arena_printf(login->arena, " with application password \"%s\"",
                             login->result.app_name);
        break;
    case CREDENTIAL_CERTIFICATE:
        words = certificate_words(login);
        break;
    case CREDENTIAL_TOKEN:
        words = subject_words(login, " with a token of");
        break;
    case CREDENTIAL_PASSWORD:
    case CREDENTIAL_COUNT:
        break;
    }
    return words == NULL ? "" : words;
}

/* Logs who has logged in, and how. */
static void
login_note(struct login *login)
{
    static const enum event_login hows[SASL_MECH_COUNT] = {
        [SASL_PLAIN] = EVENT_LOGIN_PLAIN,
        [SASL_LOGIN] = EVENT_LOGIN_LOGIN,
        [SASL_SCRAM_SHA_256] = EVENT_LOGIN_SCRAM_SHA_256,
        [SASL_SCRAM_SHA_256_PLUS] = EVENT_LOGIN_SCRAM_SHA_256_PLUS,
        [SASL_EXTERNAL] = EVENT_LOGIN_EXTERNAL,
        [SASL_OAUTHBEARER] = EVENT_LOGIN_OAUTHBEARER,
        [SASL_XOAUTH2] = EVENT_LOGIN_XOAUTH2,
    };
    struct session *session = login->session;
    const struct auth_result *result = &login->result;
    const enum event_login how = login->sasl == NULL ? EVENT_LOGIN_COMMAND : hows[login->mech];

    struct event *event = session_event(session, EVENT_LOGIN);
    event->a = (uint32_t)((session_now_us(session) - login->began_us) / 1000);
    event->b = (uint32_t)result->app_password;
    event->code = (uint8_t)how;
    log_put(&session->log, LOG_E_LOGGED_IN, "logged in as %s by %s%s", result->account,
            event_login_name((uint8_t)how), credential_words(login));
}

/* The login is right, so the session becomes the account's. */
static enum login_outcome
place_go(struct login *login)
{
    struct session *session = login->session;
    const struct auth_result *result = &login->result;
    struct err err = {.rc = RC_OK};
    char *others = NULL;

    session->app_password = (uint32_t)result->app_password;
    session->credential = (uint8_t)credential_of(login);
    const enum rc got = account_get(session->env->accounts, result->account_id, &login->acct);
    if (got != RC_OK)
        return not_got(login, got);
    const enum rc rc = session_table_login(session->env->table, session, result->account_id,
                                           result->account, login->arena, &others);
    if (rc != RC_OK) {
        account_put(login->acct);
        login->acct = NULL;
        login->others = others;
        return rc == RC_LIMIT ? no_place(login)
                              : refuse(login, LOGIN_NO_MEMORY, "server-failed", NULL);
    }
    login->state = AT_OVER;
    login->wait_until_us = 0;
    session_identity_changed(session);
    const enum end_reason reason = changed_meanwhile(login, &err);
    if (reason != END_NONE)
        return too_late(login, reason, &err);
    login_note(login);
    return LOGIN_ADMITTED;
}

/* ---- states ---- */

/* Acts on what auth says about a password. False: the login ends with *outcome_out. */
static bool
is_right(struct login *login, enum rc rc, const struct err *err,
         enum login_outcome *outcome_out)
{
    const enum auth_reason reason = login->result.reason;

    switch (rc) {
    case RC_OK:
        login->state = AT_PLACE;
        return true;
    case RC_DENIED:
        *outcome_out = deny(login, LOGIN_WRONG, reason);
        return false;
    case RC_DISABLED:
        *outcome_out = deny(login, LOGIN_DISABLED, reason);
        return false;
    case RC_BUSY:
        *outcome_out = deny(login, LOGIN_LATER, reason);
        return false;
    default:
        *outcome_out = trouble(login, err);
        return false;
    }
}

/* The verification was paid for, and may take some time. */
static void
delay(struct login *login, int64_t wait_ms)
{
    struct session *session = login->session;

    login->state = AT_DELAY;
    login->ready_us = session_now_us(session) + wait_ms * 1000;
    if (wait_ms > 0)
        log_put(&session->log, LOG_E_THROTTLED, "login delayed by %jd ms", (intmax_t)wait_ms);
}

/* Each state's function either enters the next state (true), or sets *outcome_out for the
 * door. */
static bool
exchange_go(struct login *login, enum login_outcome *outcome_out)
{
    struct err err = {.rc = RC_OK};

    if (login->wants_line && !login->has_line) {
        *outcome_out = LOGIN_LINE;
        return false;
    }
    if (login->has_line && sasl_must_pay(login->sasl)) {
        const int64_t wait_ms = sasl_pay(login->sasl);
        if (wait_ms < 0)
            *outcome_out = deny(login, LOGIN_LATER, sasl_reason(login->sasl));
        else
            delay(login, wait_ms);
        return wait_ms >= 0;
    }
    buf_clear(&login->challenge);
    const enum sasl_outcome outcome =
        sasl_step(login->sasl, login->line, &login->challenge, &err);
    login->has_line = false;
    switch (outcome) {
    case SASL_CHALLENGE:
        login->wants_line = true;
        *outcome_out = LOGIN_CHALLENGE;
        return false;
    case SASL_CREDENTIALS: {
        const bool no_keys = login->request.no_keys;
        login->request = *sasl_request(login->sasl);
        login->request.no_keys = no_keys;
        login->state = AT_QUICK;
        return true;
    }
    case SASL_AUTHENTICATED:
        login->result = *sasl_result(login->sasl);
        login->state = AT_PLACE;
        return true;
    case SASL_DENIED:
    case SASL_DISABLED:
        login->result = *sasl_result(login->sasl);
        login->result.reason = sasl_reason(login->sasl);
        return is_right(login,
                        outcome == SASL_DISABLED                        ? RC_DISABLED
                        : login->result.reason == AUTH_TOO_MANY_GUESSES ? RC_BUSY
                                                                        : RC_DENIED,
                        &err, outcome_out);
    case SASL_CANCELLED:
        *outcome_out = LOGIN_CANCELLED;
        return false;
    case SASL_MALFORMED:
        *outcome_out = LOGIN_MALFORMED;
        return false;
    case SASL_FAILED:
        break;
    }
    *outcome_out = trouble(login, &err);
    return false;
}

static bool
quick_go(struct login *login, enum login_outcome *outcome_out)
{
    struct session *session = login->session;
    struct err err = {.rc = RC_OK};

    const enum rc rc =
        auth_quick(session->env->auth, &login->request, &login->ticket, &login->result, &err);
    if (rc != RC_AGAIN)
        return is_right(login, rc, &err, outcome_out);
    delay(login, login->ticket.wait_ms);
    return true;
}

static bool
delay_go(struct login *login, enum login_outcome *outcome_out)
{
    if (session_now_us(login->session) < login->ready_us) {
        login->wait_until_us = login->ready_us;
        *outcome_out = LOGIN_WAITS;
        return false;
    }
    login->wait_until_us = 0;
    login->state =
        login->sasl != NULL && !sasl_mech_is_plaintext(login->mech) ? AT_EXCHANGE : AT_HASH;
    return true;
}

static bool
hash_go(struct login *login, enum login_outcome *outcome_out)
{
    struct session *session = login->session;
    struct slots *slots = session->env->slots;
    static const enum slot_rank ranks[] = {
        [THROTTLE_KNOWN] = SLOT_FIRST,
        [THROTTLE_CLEAN] = SLOT_NEXT,
        [THROTTLE_LATE] = SLOT_LAST,
    };
    struct err err = {.rc = RC_OK};

    const enum slot_answer answer =
        slot_take_ranked(slots, SLOT_HASH, session->task.id,
                         net_addr_share_hash(&session->peer), ranks[login->ticket.rank]);
    login->hash_queued = answer == SLOT_QUEUED;
    if (answer != SLOT_GOT) {
        *outcome_out = answer == SLOT_QUEUED
                           ? LOGIN_WAITS
                           : refuse(login, LOGIN_BUSY, "too-many-logins", NULL);
        return false;
    }
    const enum rc rc =
        auth_verify(session->env->auth, &login->request, &login->ticket, &login->result, &err);
    slot_give(slots, SLOT_HASH);
    return is_right(login, rc, &err, outcome_out);
}

enum login_outcome
login_go(struct login *login)
{
    enum login_outcome outcome = LOGIN_REFUSED;
    bool goes_on = true;

    while (goes_on) {
        switch (login->state) {
        case AT_EXCHANGE:
            goes_on = exchange_go(login, &outcome);
            break;
        case AT_QUICK:
            goes_on = quick_go(login, &outcome);
            break;
        case AT_DELAY:
            goes_on = delay_go(login, &outcome);
            break;
        case AT_HASH:
            goes_on = hash_go(login, &outcome);
            break;
        case AT_PLACE:
            return place_go(login);
        case AT_OVER:
            return outcome;
        }
    }
    return outcome;
}
