/* SPDX-License-Identifier: MIT */
/*
 * What this server offers in each state of the session: the rows of capability.def that apply
 * now.
 */
#include "imap/imap_session.h"

#include "auth/auth.h"
#include "door/login.h"

bool
imap_plaintext_allowed(const struct imap_session *im)
{
    switch (env_settings(im->s.env)->allow_plaintext) {
    case PLAINTEXT_YES:
        return true;
    case PLAINTEXT_LOOPBACK:
        return session_is_private(&im->s) || net_addr_is_loopback(&im->s.peer);
    case PLAINTEXT_NO:
        break;
    }
    return session_is_private(&im->s);
}

static bool
scram_offered(const struct imap_session *im)
{
    switch (env_settings(im->s.env)->scram) {
    case SCRAM_ALWAYS:
        return true;
    case SCRAM_NEVER:
        return false;
    case SCRAM_AUTO:
        break;
    }
    return auth_scram_ready(im->s.env->auth);
}

bool
imap_mech_is_safe(const struct imap_session *im, enum sasl_mech mech)
{
    if (sasl_mech_is_plaintext(mech))
        return imap_plaintext_allowed(im);
    return !sasl_mech_shows_secret(mech) || session_is_private(&im->s);
}

bool
imap_mech_offered(const struct imap_session *im, enum sasl_mech mech)
{
    struct sasl_channel channel;

    switch (mech) {
    case SASL_PLAIN:
    case SASL_LOGIN:
        return true;
    case SASL_SCRAM_SHA_256:
        return scram_offered(im);
    case SASL_SCRAM_SHA_256_PLUS:
        login_channel(&im->s, &channel);
        return scram_offered(im) && channel.offered;
    case SASL_OAUTHBEARER:
    case SASL_XOAUTH2:
        return auth_takes_tokens(im->s.env->auth);
    case SASL_EXTERNAL:
        login_channel(&im->s, &channel);
        return channel.name_count > 0;
    case SASL_MECH_COUNT:
        break;
    }
    return false;
}

/* In which states a row is shown. Bits. */
enum shown {
    BEFORE_TLS = 1,
    BEFORE_LOGIN = 2,
    AFTER_LOGIN = 4,
    NOT_LOGGED_IN = BEFORE_TLS | BEFORE_LOGIN,
    ALWAYS = NOT_LOGGED_IN | AFTER_LOGIN,
};

enum condition {
    NO_CONDITION,
    APPEND_OCTETS,    /* always shown; the limit follows the word (RFC 7889) */
    MESSAGES_LIMITED, /* the limit follows the word, here and in the next row (RFC 9738) */
    SAVES_LIMITED,
    TLS_CONFIGURED,
    PLAINTEXT_ALLOWED,
    PLAINTEXT_REFUSED,
    SCRAM_OFFERED,
    SCRAM_PLUS_OFFERED,
    EXTERNAL_OFFERED,
    TOKENS_OFFERED,
    NOT_COMPRESSED,
    SHARING,
    UNAUTHENTICATE_ALLOWED,
    LITERALS_OF_ANY_SIZE, /* exactly one of these two (RFC 7888 section 5) */
    LITERALS_SMALL,
};

static const struct capability {
    struct span word;
    enum shown shown;
    enum condition condition;
    enum imap_enabled enables;
} capabilities[] = {
#define CAPABILITY(word, shown, condition, enables)                                            \
    {SPAN_INIT(word), shown, condition, enables},
#include "imap/capability.def"
#undef CAPABILITY
};

static enum shown
shown_now(const struct imap_session *im)
{
    if (im->state != IMAP_NOT_AUTHENTICATED)
        return AFTER_LOGIN;
    return session_is_private(&im->s) ? BEFORE_LOGIN : BEFORE_TLS;
}

/* The number that follows a word ending in '='. 0: none. */
static uint64_t
value_of(const struct imap_session *im, enum condition condition)
{
    const struct settings *settings = env_settings(im->s.env);

    switch (condition) {
    case APPEND_OCTETS:
        return settings->append_octets;
    case MESSAGES_LIMITED:
        return settings->message_limit;
    case SAVES_LIMITED:
        return settings->message_limit == 0 ? settings->save_limit : 0;
    case NO_CONDITION:
    case TLS_CONFIGURED:
    case PLAINTEXT_ALLOWED:
    case PLAINTEXT_REFUSED:
    case SCRAM_OFFERED:
    case SCRAM_PLUS_OFFERED:
    case EXTERNAL_OFFERED:
    case TOKENS_OFFERED:
    case NOT_COMPRESSED:
    case SHARING:
    case UNAUTHENTICATE_ALLOWED:
    case LITERALS_OF_ANY_SIZE:
    case LITERALS_SMALL:
        break;
    }
    return 0;
}

static bool
condition_holds(const struct imap_session *im, enum condition condition)
{
    switch (condition) {
    case NO_CONDITION:
    case APPEND_OCTETS:
        return true;
    case MESSAGES_LIMITED:
    case SAVES_LIMITED:
        return value_of(im, condition) != 0;
    case TLS_CONFIGURED:
        return im->s.env->tls != NULL;
    case PLAINTEXT_ALLOWED:
        return imap_plaintext_allowed(im);
    case PLAINTEXT_REFUSED:
        return !imap_plaintext_allowed(im);
    case SCRAM_OFFERED:
        return imap_mech_offered(im, SASL_SCRAM_SHA_256);
    case SCRAM_PLUS_OFFERED:
        return imap_mech_offered(im, SASL_SCRAM_SHA_256_PLUS);
    case EXTERNAL_OFFERED:
        return imap_mech_offered(im, SASL_EXTERNAL);
    case TOKENS_OFFERED:
        return imap_mech_is_safe(im, SASL_OAUTHBEARER) &&
               imap_mech_offered(im, SASL_OAUTHBEARER);
    case NOT_COMPRESSED:
        return !conn_is_compressed(&im->s.conn);
    case SHARING:
        return env_settings(im->s.env)->sharing;
    case UNAUTHENTICATE_ALLOWED:
        return env_settings(im->s.env)->unauthenticate;
    case LITERALS_OF_ANY_SIZE:
        return env_settings(im->s.env)->literals == LITERALS_PLUS;
    case LITERALS_SMALL:
        return env_settings(im->s.env)->literals == LITERALS_MINUS;
    }
    return false;
}

bool
imap_shows(const struct imap_session *im, struct span word)
{
    return !client_rule_masks(session_client_rule(&im->s), word);
}

void
imap_put_capabilities(struct imap_session *im, struct buf *out)
{
    const enum shown now = shown_now(im);

    for (size_t i = 0; i < ARRAY_LEN(capabilities); i++) {
        const struct capability *row = &capabilities[i];
        if ((row->shown & now) == 0 || !condition_holds(im, row->condition) ||
            !imap_shows(im, row->word))
            continue;
        if (i > 0)
            buf_put_char(out, ' ');
        buf_put_span(out, row->word);
        const uint64_t value = value_of(im, row->condition);
        if (value != 0)
            buf_put_u64(out, value);
    }
}

static bool
is_named(const struct imap_enable_req *req, struct span word)
{
    for (size_t i = 0; i < req->capability_count; i++)
        if (span_ieq(req->capabilities[i], word))
            return true;
    return false;
}

bool
imap_enables(const struct imap_enable_req *req, enum imap_enabled what)
{
    for (size_t i = 0; i < ARRAY_LEN(capabilities); i++)
        if (capabilities[i].enables == what && is_named(req, capabilities[i].word))
            return true;
    return false;
}

void
imap_enable(struct imap_session *im, const struct imap_enable_req *req, struct iw *w)
{
    for (size_t i = 0; i < ARRAY_LEN(capabilities); i++) {
        const struct capability *row = &capabilities[i];
        if (row->enables == ENABLES_NOTHING || !is_named(req, row->word))
            continue;
        im->enabled = (uint8_t)(im->enabled | row->enables);
        iw_token(w, row->word);
    }
}
