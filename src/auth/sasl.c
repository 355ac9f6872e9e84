/* SPDX-License-Identifier: MIT */
/*
 * Exchanges through GNU SASL. Its callback runs on the session's thread inside sasl_step and
 * only records credentials (PLAIN, LOGIN) or supplies keys (SCRAM). For an account that does
 * not exist or has no keys, it supplies a salt that is always the same for the name, and keys
 * that nothing matches. What SCRAM's messages say about channel binding is checked here before
 * GNU SASL gets them (scram.h), so that the reasons for a refusal can be told apart.
 */
#include "auth/sasl.h"

#include <gsasl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/auth_private.h"
#include "auth/bearer.h"
#include "auth/external.h"
#include "auth/scram.h"
#include "base/base64.h"
#include "base/limits.h"

enum {
    BASE64_KEY_OCTETS = 64, /* 32 octets in base64, with the terminator */
    INVENTED_SALT_OCTETS = 16,
};

struct sasl {
    struct auth *auth;
    Gsasl_session *session;
    enum sasl_mech mech;
    bool begun;     /* the first step was taken */
    bool have_keys; /* the callback has set the properties of SCRAM */
    /* tokens: the outcome once the client has acknowledged the error; SASL_CHALLENGE: nothing
     * was refused */
    enum sasl_outcome refused;
    /* SCRAM has succeeded: only the client's empty answer is missing */
    bool final_sent;
    bool known;      /* SCRAM: the name has an account */
    enum rc trouble; /* failure in the callback: the registry failed */
    bool paid;       /* SCRAM: ticket is for the next step */
    struct throttle_ticket ticket;
    struct sasl_channel channel;
    struct buf channel_text; /* SCRAM: what the client must bind to, in base64; owned */
    struct buf said; /* SCRAM: what both sides have said, which the proof covers; owned */
    enum auth_reason reason;
    struct auth_request request;
    struct auth_result result;
    struct registry_account account; /* SCRAM */
    /* SCRAM: the application password of the proof; id 0: none */
    struct app_password app;
    struct err trouble_err;
    char name[REGISTRY_NAME_OCTETS];    /* as given (PLAIN, LOGIN) or prepared (SCRAM) */
    char authzid[REGISTRY_NAME_OCTETS]; /* as given */
    char password[LIMIT_PASSWORD + 2];  /* one octet more than a password may have */
};

static const char *const mech_names[SASL_MECH_COUNT] = {
    [SASL_PLAIN] = "PLAIN",
    [SASL_LOGIN] = "LOGIN",
    [SASL_SCRAM_SHA_256] = "SCRAM-SHA-256",
    [SASL_SCRAM_SHA_256_PLUS] = "SCRAM-SHA-256-PLUS",
    [SASL_EXTERNAL] = "EXTERNAL",
    [SASL_OAUTHBEARER] = "OAUTHBEARER",
    [SASL_XOAUTH2] = "XOAUTH2",
};

const char *
sasl_mech_name(enum sasl_mech mech)
{
    return mech_names[mech];
}

bool
sasl_mech_of_name(struct span name, enum sasl_mech *mech_out)
{
    for (unsigned i = 0; i < SASL_MECH_COUNT; i++) {
        if (span_ieq_str(name, mech_names[i])) {
            *mech_out = (enum sasl_mech)i;
            return true;
        }
    }
    return false;
}

bool
sasl_mech_is_plaintext(enum sasl_mech mech)
{
    return mech == SASL_PLAIN || mech == SASL_LOGIN;
}

bool
sasl_mech_is_scram(enum sasl_mech mech)
{
    return mech == SASL_SCRAM_SHA_256 || mech == SASL_SCRAM_SHA_256_PLUS;
}

static bool
is_bearer(enum sasl_mech mech)
{
    return mech == SASL_OAUTHBEARER || mech == SASL_XOAUTH2;
}

bool
sasl_mech_shows_secret(enum sasl_mech mech)
{
    return sasl_mech_is_plaintext(mech) || is_bearer(mech);
}

/* Whether GNU SASL handles the mechanism; the others are handled here. */
static bool
is_of_library(enum sasl_mech mech)
{
    return mech != SASL_EXTERNAL && !is_bearer(mech);
}

/* --- GNU SASL's callback --- */

/* A property of the client's message, cut to the size of the buffer. False: it was longer. */
static bool
take_property(Gsasl_session *session, Gsasl_property property, char *dst, size_t cap,
              struct span *out)
{
    const char *value = gsasl_property_fast(session, property);
    const size_t len = value == NULL ? 0 : strlen(value);
    const size_t kept = len < cap ? len : cap - 1;

    if (kept > 0)
        memcpy(dst, value, kept);
    dst[kept] = '\0';
    *out = span_of(dst, kept);
    return len == kept;
}

static int
on_credentials(struct sasl *sasl, Gsasl_session *session)
{
    struct auth_request *request = &sasl->request;

    /* A password that is too long keeps one octet too many and so stays wrong. */
    (void)take_property(session, GSASL_PASSWORD, sasl->password, sizeof sasl->password,
                        &request->password);
    if (!take_property(session, GSASL_AUTHID, sasl->name, sizeof sasl->name, &request->name) ||
        !take_property(session, GSASL_AUTHZID, sasl->authzid, sizeof sasl->authzid,
                       &request->authzid))
        request->name = SPAN(""); /* nobody has such a name; verifying it takes as long */
    /* GNU SASL returns the name if the client left the authzid empty. */
    if (span_eq(request->authzid, request->name))
        request->authzid = SPAN("");
    return GSASL_OK;
}

/* Keys that nothing matches, and a salt that stays the same. False: no memory. */
static bool
invent_keys(const struct sasl *sasl, struct scram_keys *keys)
{
    uint8_t mac[32];
    const struct span name = span_of_str(sasl->name);

    if (!auth_secret_mac(sasl->auth, "scram-salt", name, mac) ||
        !auth_secret_mac(sasl->auth, "scram-stored", name, keys->stored_key) ||
        !auth_secret_mac(sasl->auth, "scram-server", name, keys->server_key))
        return false;
    memcpy(keys->salt, mac, INVENTED_SALT_OCTETS);
    keys->salt_octets = INVENTED_SALT_OCTETS;
    keys->iterations = sasl->auth->policy.scram_iterations ? sasl->auth->policy.scram_iterations
                                                           : LIMIT_SCRAM_ITERATIONS;
    return true;
}

static int
set_base64(Gsasl_session *session, Gsasl_property property, const uint8_t *data, size_t octets)
{
    AUTO_BUF text = {0};

    buf_init(&text, BASE64_KEY_OCTETS);
    base64_put(&text, span_of(data, octets));
    buf_put_char(&text, '\0');
    const int result = buf_ok(&text)
                           ? gsasl_property_set(session, property, buf_span(&text).ptr)
                           : GSASL_MALLOC_ERROR;
    password_wipe(text.data, buf_len(&text));
    return result;
}

/* The account's keys, or invented ones if it has none. */
static enum rc
find_keys(struct sasl *sasl, Gsasl_session *session, struct scram_keys *keys_out)
{
    struct span name;
    char given[REGISTRY_NAME_OCTETS];
    enum rc rc = RC_NOT_FOUND;

    (void)take_property(session, GSASL_AUTHZID, sasl->authzid, sizeof sasl->authzid,
                        &sasl->request.authzid);
    const bool whole = take_property(session, GSASL_AUTHID, given, sizeof given, &name);
    memcpy(sasl->name, given, sizeof given);
    if (whole)
        rc = auth_find_login(sasl->auth, name, sasl->name, &sasl->account, &sasl->trouble_err);
    if (rc != RC_OK && rc != RC_NOT_FOUND)
        return rc;
    sasl->known = rc == RC_OK && sasl->account.scram.iterations != 0;
    const struct scram_keys *own = &sasl->account.scram;
    if (sasl->known && scram_keys_are_there(own)) {
        *keys_out = *own;
        return RC_OK;
    }
    if (!invent_keys(sasl, keys_out))
        return err_set(&sasl->trouble_err, RC_LIMIT, 0, "SASL: no memory for keys");
    if (sasl->known) { /* only application passwords have keys */
        keys_out->iterations = own->iterations;
        keys_out->salt_octets = own->salt_octets;
        memcpy(keys_out->salt, own->salt, sizeof keys_out->salt);
    }
    return RC_OK;
}

static int
give_keys(Gsasl_session *session, const struct scram_keys *keys)
{
    char iterations[16];

    snprintf(iterations, sizeof iterations, "%u", keys->iterations);
    int result = gsasl_property_set(session, GSASL_SCRAM_ITER, iterations);
    if (result == GSASL_OK)
        result = set_base64(session, GSASL_SCRAM_SALT, keys->salt, keys->salt_octets);
    if (result == GSASL_OK)
        result = set_base64(session, GSASL_SCRAM_STOREDKEY, keys->stored_key,
                            sizeof keys->stored_key);
    if (result == GSASL_OK)
        result = set_base64(session, GSASL_SCRAM_SERVERKEY, keys->server_key,
                            sizeof keys->server_key);
    return result;
}

/* GNU SASL invents what it is not given and continues; only `trouble` tells that something
 * failed. */
static int
on_keys_wanted(struct sasl *sasl, Gsasl_session *session)
{
    struct scram_keys keys = {0};

    if (sasl->have_keys)
        return GSASL_OK;
    sasl->have_keys = true;
    sasl->trouble = find_keys(sasl, session, &keys);
    if (sasl->trouble == RC_OK && give_keys(session, &keys) != GSASL_OK)
        sasl->trouble =
            err_set(&sasl->trouble_err, RC_LIMIT, 0, "SASL: no memory to give the keys");
    password_wipe(&keys, sizeof keys);
    return sasl->trouble == RC_OK ? GSASL_OK : GSASL_NO_CALLBACK;
}

static int
on_callback(Gsasl *library, Gsasl_session *session, Gsasl_property property)
{
    struct sasl *sasl = gsasl_session_hook_get(session);
    (void)library;

    switch (property) {
    case GSASL_VALIDATE_SIMPLE:
        return on_credentials(sasl, session);
    case GSASL_SCRAM_ITER:
    case GSASL_SCRAM_SALT:
    case GSASL_SCRAM_STOREDKEY:
    case GSASL_SCRAM_SERVERKEY:
        return on_keys_wanted(sasl, session);
    default: /* passwords in clear and other channel bindings are not supplied */
        return GSASL_NO_CALLBACK;
    }
}

enum rc
sasl_library_open(struct auth *auth, struct err *err)
{
    const int result = gsasl_init(&auth->gsasl);

    if (result != GSASL_OK) {
        auth->gsasl = NULL;
        return err_set(err, RC_UNSUPPORTED, 0, "GNU SASL: %s", gsasl_strerror(result));
    }
    for (unsigned i = 0; i < SASL_MECH_COUNT; i++)
        if (is_of_library((enum sasl_mech)i) &&
            !gsasl_server_support_p(auth->gsasl, mech_names[i]))
            return err_set(err, RC_UNSUPPORTED, 0, "GNU SASL has no %s", mech_names[i]);
    gsasl_callback_set(auth->gsasl, on_callback);
    return RC_OK;
}

/* --- Steps --- */

void
sasl_free(struct sasl *sasl)
{
    if (sasl == NULL)
        return;
    throttle_left(sasl->auth->throttle, &sasl->ticket);
    if (sasl->session != NULL)
        gsasl_finish(sasl->session);
    buf_done(&sasl->channel_text);
    buf_done(&sasl->said);
    password_wipe(sasl, sizeof *sasl);
    free(sasl);
}

static int
library_start(struct sasl *sasl)
{
    const int result =
        gsasl_server_start(sasl->auth->gsasl, mech_names[sasl->mech], &sasl->session);

    if (result != GSASL_OK)
        return result;
    gsasl_session_hook_set(sasl->session, sasl);
    return sasl->mech == SASL_SCRAM_SHA_256_PLUS
               ? set_base64(sasl->session, GSASL_CB_TLS_EXPORTER, sasl->channel.exporter,
                            sizeof sasl->channel.exporter)
               : GSASL_OK;
}

enum rc
sasl_start(struct sasl **sasl_out, struct auth *auth, enum sasl_mech mech,
           const struct auth_peer *peer, const struct sasl_channel *channel, struct err *err)
{
    struct sasl *sasl = calloc(1, sizeof *sasl);

    if (sasl == NULL)
        return err_set(err, RC_LIMIT, 0, "SASL: no memory");
    sasl->auth = auth;
    sasl->mech = mech;
    sasl->request.peer = *peer;
    if (channel != NULL)
        sasl->channel = *channel;
    buf_init(&sasl->channel_text, 2 * (size_t)LIMIT_SASL_MESSAGE);
    buf_init(&sasl->said, 4 * (size_t)LIMIT_SASL_MESSAGE);
    const int result = is_of_library(mech) ? library_start(sasl) : GSASL_OK;
    if (result != GSASL_OK) {
        sasl_free(sasl);
        return err_set(err, RC_LIMIT, 0, "SASL: %s", gsasl_strerror(result));
    }
    *sasl_out = sasl;
    return RC_OK;
}

/* The keys were wrong, or right for somebody else. An application password that is right but
 * may not be used is not a guess. */
static enum sasl_outcome
deny(struct sasl *sasl, enum auth_reason reason, struct err *err)
{
    sasl->reason = reason;
    if (reason == AUTH_APP_EXPIRED || reason == AUTH_APP_PROTOCOL)
        throttle_refund(sasl->auth->throttle, &sasl->ticket);
    else if (reason != AUTH_TOO_MANY_GUESSES)
        throttle_failed(sasl->auth->throttle, &sasl->ticket);
    (void)err_set(err, RC_DENIED, 0, "%s", auth_reason_name(reason));
    return SASL_DENIED;
}

/* There is no verdict, so it was not a guess. text: NULL if err is filled already. */
static enum sasl_outcome
failed(struct sasl *sasl, enum rc rc, const char *text, struct err *err)
{
    throttle_refund(sasl->auth->throttle, &sasl->ticket);
    if (text != NULL)
        (void)err_set(err, rc, 0, "%s", text);
    return SASL_FAILED;
}

/* The result of an exchange that GNU SASL has accepted. */
static enum sasl_outcome
accepted(struct sasl *sasl, struct err *err)
{
    if (!sasl_mech_is_scram(sasl->mech))
        return SASL_CREDENTIALS;
    const enum rc rc =
        auth_check_authzid(sasl->auth, sasl->request.authzid, &sasl->account, err);
    if (rc != RC_OK && rc != RC_DENIED)
        return failed(sasl, rc, NULL, err);
    if (rc == RC_DENIED || !sasl->known)
        return deny(sasl, AUTH_NOT_YOURS, err);
    throttle_refund(sasl->auth->throttle, &sasl->ticket);
    auth_result_fill(&sasl->result, &sasl->account);
    if (sasl->app.id != 0)
        auth_result_app(&sasl->result, &sasl->app);
    if (sasl->account.state != ACCOUNT_ENABLED) {
        sasl->reason = AUTH_ACCOUNT_DISABLED;
        (void)err_set(err, RC_DISABLED, 0, "%s", auth_reason_name(sasl->reason));
        return SASL_DISABLED;
    }
    known_note(sasl->auth->known, sasl->request.peer.address, sasl->account.id);
    if (sasl->app.id != 0)
        uses_note(sasl->auth->uses, &sasl->app, clock_wall_s(sasl->auth->clock));
    return SASL_AUTHENTICATED;
}

static enum sasl_outcome
refused(struct sasl *sasl, int result, struct err *err)
{
    if (result == GSASL_MALLOC_ERROR || result == GSASL_CRYPTO_ERROR)
        return failed(sasl, RC_LIMIT, gsasl_strerror(result), err);
    if (!sasl->have_keys || result == GSASL_MECHANISM_PARSE_ERROR ||
        result == GSASL_MECHANISM_CALLED_TOO_MANY_TIMES) {
        (void)err_set(err, RC_INVALID, 0, "SASL: %s", gsasl_strerror(result));
        return SASL_MALFORMED;
    }
    return deny(sasl, sasl->known ? AUTH_WRONG_PASSWORD : AUTH_NO_ACCOUNT, err);
}

/* What the client must send as its channel binding: its gs2-header, with PLUS followed by the
 * binding data, in base64 (RFC 5802 section 7, cbind-input). False: no memory. */
static bool
channel_expect(struct sasl *sasl, struct span header)
{
    AUTO_BUF input = {0};

    buf_init(&input, 2 * (size_t)LIMIT_SASL_MESSAGE);
    buf_put_span(&input, header);
    if (sasl->mech == SASL_SCRAM_SHA_256_PLUS)
        buf_put(&input, sasl->channel.exporter, sizeof sasl->channel.exporter);
    base64_put(&sasl->channel_text, buf_span(&input));
    return buf_ok(&input) && buf_ok(&sasl->channel_text);
}

/* Checks what the client's first message says about channel binding. RFC 5802 section 6: if
 * somebody removes the PLUS from what the server offers, clients say "y", and then the login
 * must fail. Nothing is paid, because no key was compared. SASL_CHALLENGE: continue. */
static enum sasl_outcome
scram_first(struct sasl *sasl, struct span message, struct err *err)
{
    struct scram_first first;
    const bool bound = sasl->mech == SASL_SCRAM_SHA_256_PLUS;

    if (!scram_first_read(message, &first) || bound != (first.flag == SCRAM_BINDING)) {
        (void)err_set(err, RC_INVALID, 0,
                      "SASL: the channel binding of the message does not fit the mechanism");
        return SASL_MALFORMED;
    }
    if (bound && !span_eq_str(first.binding, "tls-exporter"))
        return deny(sasl, AUTH_CHANNEL_UNKNOWN, err);
    if (first.flag == SCRAM_BINDING_UNKNOWN && sasl->channel.offered)
        return deny(sasl, AUTH_CHANNEL_HIDDEN, err);
    buf_put_span(&sasl->said, first.bare);
    buf_put_char(&sasl->said, ',');
    return channel_expect(sasl, first.header) && buf_ok(&sasl->said)
               ? SASL_CHALLENGE
               : failed(sasl, RC_LIMIT, "SASL: no memory for a message", err);
}

/* Finds the application password that made the proof; id 0: none. */
static enum rc
app_of_proof(struct sasl *sasl, const struct scram_final *final, struct err *err)
{
    struct app_password rows[LIMIT_APP_PASSWORDS];
    size_t count = 0;
    const struct span said = buf_span(&sasl->said);

    if (scram_keys_are_there(&sasl->account.scram) &&
        scram_proof_is_of(sasl->account.scram.stored_key, final->proof, said))
        return RC_OK; /* it is the proof of the account's own password */
    const enum rc rc =
        registry_app_list(sasl->auth->registry, sasl->account.id, rows, &count, err);
    for (size_t i = 0; rc == RC_OK && i < count && sasl->app.id == 0; i++)
        if (scram_proof_is_of(rows[i].stored_key, final->proof, said))
            sasl->app = rows[i];
    password_wipe(rows, sizeof rows);
    return rc;
}

/* GNU SASL compares a proof with the keys of one password. If an application password made the
 * proof, GNU SASL gets the keys of that one. SASL_CHALLENGE: continue. */
static enum sasl_outcome
app_choose(struct sasl *sasl, const struct scram_final *final, struct err *err)
{
    buf_put_span(&sasl->said, final->without_proof);
    if (!buf_ok(&sasl->said))
        return failed(sasl, RC_LIMIT, "SASL: no memory for a message", err);
    const enum rc rc = app_of_proof(sasl, final, err);
    if (rc != RC_OK)
        return failed(sasl, rc, NULL, err);
    if (sasl->app.id == 0)
        return SASL_CHALLENGE;
    const enum auth_reason reason =
        auth_app_reason(sasl->auth, &sasl->app, sasl->request.peer.protocol);
    if (reason != AUTH_FINE) {
        auth_result_app(&sasl->result, &sasl->app);
        return deny(sasl, reason, err);
    }
    return set_base64(sasl->session, GSASL_SCRAM_STOREDKEY, sasl->app.stored_key,
                      sizeof sasl->app.stored_key) == GSASL_OK &&
                   set_base64(sasl->session, GSASL_SCRAM_SERVERKEY, sasl->app.server_key,
                              sizeof sasl->app.server_key) == GSASL_OK
               ? SASL_CHALLENGE
               : failed(sasl, RC_LIMIT, "SASL: no memory to give the keys", err);
}

/* The proof has arrived. A login that was bound to another connection is told apart from a
 * wrong password. SASL_CHALLENGE: continue. */
static enum sasl_outcome
scram_final(struct sasl *sasl, struct span message, struct err *err)
{
    struct scram_final final;

    if (!scram_final_read(message, &final))
        return SASL_CHALLENGE; /* GNU SASL will say what is wrong with it */
    if (sasl->mech == SASL_SCRAM_SHA_256_PLUS &&
        !span_eq(final.channel, buf_span(&sasl->channel_text)))
        return deny(sasl, AUTH_CHANNEL_OTHER, err);
    if (sasl->known && sasl->account.app_passwords > 0)
        return app_choose(sasl, &final, err);
    return SASL_CHALLENGE;
}

static enum sasl_outcome
step_decoded(struct sasl *sasl, struct span input, struct buf *challenge, struct err *err)
{
    char *output = NULL;
    size_t output_octets = 0;

    if (sasl_mech_is_scram(sasl->mech) && input.len > 0) {
        const enum sasl_outcome outcome =
            sasl->have_keys ? scram_final(sasl, input, err) : scram_first(sasl, input, err);
        if (outcome != SASL_CHALLENGE)
            return outcome;
    }
    const int result = gsasl_step(sasl->session, input.len == 0 ? "" : input.ptr, input.len,
                                  &output, &output_octets);

    if (sasl->trouble != RC_OK || (result != GSASL_OK && result != GSASL_NEEDS_MORE)) {
        gsasl_free(output);
        return sasl->trouble != RC_OK ? failed(sasl, sasl->trouble, sasl->trouble_err.text, err)
                                      : refused(sasl, result, err);
    }
    base64_put(challenge, span_of(output, output_octets));
    if (sasl->have_keys && result == GSASL_NEEDS_MORE) { /* server-first-message */
        buf_put_span(&sasl->said, span_of(output, output_octets));
        buf_put_char(&sasl->said, ',');
    }
    gsasl_free(output);
    if (!buf_ok(challenge) || !buf_ok(&sasl->said))
        return failed(sasl, RC_LIMIT, "SASL: no memory for a challenge", err);
    if (result == GSASL_NEEDS_MORE)
        return SASL_CHALLENGE;
    if (output_octets == 0)
        return accepted(sasl, err);
    /* IMAP has no place for data in its OK, so the server's last message is sent as one more
     * challenge, which the client answers with an empty line (RFC 3501 section 6.2.2, RFC 5802
     * section 3). */
    sasl->final_sent = true;
    return SASL_CHALLENGE;
}

/* LOGIN asks for the name first, even if the client has sent it already. */
static enum sasl_outcome
step_first(struct sasl *sasl, struct span input, struct buf *challenge, struct err *err)
{
    if (sasl->mech == SASL_LOGIN && input.len > 0) {
        const size_t before = buf_len(challenge);
        const enum sasl_outcome outcome = step_decoded(sasl, SPAN(""), challenge, err);
        if (outcome != SASL_CHALLENGE)
            return outcome;
        buf_truncate(challenge, before);
    }
    return step_decoded(sasl, input, challenge, err);
}

/* Notes LOGIN's first message for the log, because GNU SASL tells the name only together with
 * the password. */
static void
name_keep(struct sasl *sasl, struct span name)
{
    const struct span kept = span_head(name, sizeof sasl->name - 1);

    memcpy(sasl->name, kept.ptr, kept.len);
    sasl->name[kept.len] = '\0';
}

/* The one message of EXTERNAL is the authzid, which may be empty. */
static enum sasl_outcome
step_external(struct sasl *sasl, struct span input, struct err *err)
{
    const struct span kept = span_head(input, sizeof sasl->name - 1);

    if (input.len > kept.len || span_find_char(input, '\0') >= 0) {
        (void)err_set(err, RC_INVALID, 0, "SASL: not a name");
        return SASL_MALFORMED;
    }
    if (kept.len > 0)
        memcpy(sasl->authzid, kept.ptr, kept.len);
    sasl->authzid[kept.len] = '\0';
    snprintf(sasl->name, sizeof sasl->name, "%s",
             kept.len > 0 ? sasl->authzid : sasl->channel.names[0]);
    const enum rc rc = external_decide(sasl->auth, &sasl->channel, span_of_str(sasl->authzid),
                                       &sasl->request.peer, &sasl->result, err);
    sasl->reason = sasl->result.reason;
    switch (rc) {
    case RC_OK:
        return SASL_AUTHENTICATED;
    case RC_DENIED:
        return SASL_DENIED;
    case RC_DISABLED:
        return SASL_DISABLED;
    default:
        return SASL_FAILED;
    }
}

/* A failure is first told in JSON, which the client has to acknowledge before the exchange
 * fails (RFC 7628 section 3.2.3). */
static enum sasl_outcome
bearer_refuse(struct sasl *sasl, enum sasl_outcome outcome, struct buf *challenge,
              struct err *err)
{
    base64_put(challenge, bearer_error(sasl->mech, sasl->reason));
    if (!buf_ok(challenge))
        return failed(sasl, RC_LIMIT, "SASL: no memory for a challenge", err);
    sasl->refused = outcome;
    return SASL_CHALLENGE;
}

static enum sasl_outcome
step_bearer(struct sasl *sasl, struct span input, struct buf *challenge, struct err *err)
{
    struct bearer bearer;

    if (!bearer_read(sasl->mech, input, &bearer)) {
        (void)err_set(err, RC_INVALID, 0, "SASL: not a message with a token");
        return SASL_MALFORMED;
    }
    const struct span kept = span_head(bearer.name, sizeof sasl->name - 1);
    if (kept.len > 0)
        memcpy(sasl->name, kept.ptr, kept.len);
    const enum rc rc =
        bearer_decide(sasl->auth, &bearer, &sasl->request.peer, &sasl->result, err);
    sasl->reason = sasl->result.reason;
    switch (rc) {
    case RC_OK:
        return SASL_AUTHENTICATED;
    case RC_DENIED:
        return bearer_refuse(sasl, SASL_DENIED, challenge, err);
    case RC_BUSY: /* no error in JSON says "later", and others make clients drop the token */
        return SASL_DENIED;
    case RC_DISABLED:
        return bearer_refuse(sasl, SASL_DISABLED, challenge, err);
    default:
        return SASL_FAILED;
    }
}

bool
sasl_is_refused(const struct sasl *sasl)
{
    return sasl->refused != SASL_CHALLENGE;
}

bool
sasl_must_pay(const struct sasl *sasl)
{
    return sasl->have_keys && !sasl->final_sent && !sasl->paid;
}

int64_t
sasl_pay(struct sasl *sasl)
{
    struct auth *auth = sasl->auth;
    const struct auth_peer *peer = &sasl->request.peer;
    const struct throttle_who payer = {
        .address = peer->address,
        .trusted = peer->trusted,
        .login =
            auth_login_number(sasl->known ? &sasl->account : NULL, span_of_str(sasl->name)),
        .known = sasl->known && known_has(auth->known, peer->address, sasl->account.id),
    };

    throttle_enter(auth->throttle, &payer, &sasl->ticket);
    sasl->paid = sasl->ticket.wait_ms >= 0;
    if (!sasl->paid)
        sasl->reason = AUTH_TOO_MANY_GUESSES;
    return sasl->ticket.wait_ms;
}

enum sasl_outcome
sasl_step(struct sasl *sasl, struct span line, struct buf *challenge, struct err *err)
{
    AUTO_BUF input = {0};
    const bool first = !sasl->begun;

    buf_init(&input, LIMIT_SASL_MESSAGE);
    sasl->begun = true;
    if (sasl_is_refused(sasl)) { /* whatever the client answers */
        (void)err_set(err, RC_DENIED, 0, "%s", auth_reason_name(sasl->reason));
        return sasl->refused;
    }
    if (span_eq_str(line, "*"))
        return SASL_CANCELLED;
    if (!is_of_library(sasl->mech) && first && line.ptr == NULL)
        return SASL_CHALLENGE; /* an empty challenge */
    if (sasl->mech == SASL_LOGIN && (first ? span_eq_str(line, "=") : line.len == 0)) {
        /* No account has an empty name or password. The log says so, for people who leave a
         * field empty. */
        sasl->reason = sasl->name[0] == '\0' ? AUTH_NO_ACCOUNT : AUTH_WRONG_PASSWORD;
        (void)err_set(err, RC_DENIED, 0, "an empty name or password");
        return SASL_DENIED;
    }
    const bool empty = first ? span_eq_str(line, "=") : line.len == 0;
    if (sasl->mech == SASL_EXTERNAL && empty)
        return step_external(sasl, SPAN(""), err);
    if (empty && !sasl->final_sent) {
        /* RFC 4959 section 3: the client's first message is empty, which PLAIN and SCRAM do not
         * allow. Asking for it again would be one challenge too many. */
        (void)err_set(err, RC_INVALID, 0, "SASL: an empty message");
        return SASL_MALFORMED;
    }
    const enum rc rc = base64_decode(&input, line);
    if (rc == RC_LIMIT && line.len / 4 * 3 <= LIMIT_SASL_MESSAGE)
        return failed(sasl, RC_LIMIT, "SASL: no memory for a message", err);
    if (rc != RC_OK) {
        (void)err_set(err, RC_INVALID, 0, "SASL: not base64, or too long");
        return SASL_MALFORMED;
    }
    if (sasl->mech == SASL_LOGIN && sasl->name[0] == '\0')
        name_keep(sasl, buf_span(&input));
    enum sasl_outcome outcome;
    if (sasl->mech == SASL_EXTERNAL) {
        outcome = step_external(sasl, buf_span(&input), err);
    } else if (is_bearer(sasl->mech)) {
        outcome = step_bearer(sasl, buf_span(&input), challenge, err);
    } else if (sasl_must_pay(sasl) && sasl_pay(sasl) != 0) {
        outcome = deny(sasl, AUTH_TOO_MANY_GUESSES, err);
    } else if (sasl->final_sent) {
        outcome = buf_len(&input) == 0 ? accepted(sasl, err) : SASL_MALFORMED;
        if (outcome == SASL_MALFORMED)
            (void)err_set(err, RC_INVALID, 0, "SASL: an answer where none belongs");
    } else if (first) {
        outcome = step_first(sasl, buf_span(&input), challenge, err);
    } else {
        outcome = step_decoded(sasl, buf_span(&input), challenge, err);
    }
    if (input.data != NULL)
        password_wipe(input.data, input.cap);
    return outcome;
}

const struct auth_request *
sasl_request(const struct sasl *sasl)
{
    return &sasl->request;
}

const struct auth_result *
sasl_result(const struct sasl *sasl)
{
    return &sasl->result;
}

enum auth_reason
sasl_reason(const struct sasl *sasl)
{
    return sasl->reason;
}

struct span
sasl_name(const struct sasl *sasl)
{
    return span_of_str(sasl->name);
}
