/* SPDX-License-Identifier: MIT */
/*
 * A session's memory: a few kilobytes, and a ring of commands only if its log shows any.
 * Secrets (passwords of LOGIN, SASL data) are kept until the session is read to its end, for
 * one purpose only: servers and clients repeat them in messages that are shown, where they must
 * be hidden.
 */
#include "journal/foreign/session.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "journal/foreign/story.h"

enum { SECRET_MIN = 3, COMMANDS_FIRST = 8 };

struct foreign_session *
foreign_session_new(struct foreign_log *log, struct span key)
{
    struct foreign_session *session = calloc(1, sizeof *session);

    if (session == NULL)
        return NULL;
    session->key = strndup(key.len == 0 ? "" : key.ptr, key.len);
    if (session->key == NULL) {
        free(session);
        return NULL;
    }
    list_init(&session->link);
    session->log = log;
    return session;
}

static void
secrets_free(struct foreign_session *session)
{
    for (uint32_t i = 0; i < session->secret_count; i++) {
        explicit_bzero(session->secrets[i], strlen(session->secrets[i]));
        free(session->secrets[i]);
    }
    session->secret_count = 0;
}

void
foreign_session_finish(struct foreign_session *session)
{
    secrets_free(session);
}

void
foreign_session_free(struct foreign_session *session)
{
    if (session == NULL)
        return;
    secrets_free(session);
    for (size_t i = 0; i < FACT_COUNT; i++)
        free(session->facts[i].text);
    free(session->cmds);
    free(session->key);
    free(session);
}

struct foreign_cmd *
foreign_session_cmd_add(struct foreign_session *session)
{
    if (session->cmd_count == session->cmd_cap && session->cmd_cap < LIMIT_FOREIGN_COMMANDS) {
        const uint32_t cap = session->cmd_cap == 0 ? COMMANDS_FIRST : session->cmd_cap * 2;
        struct foreign_cmd *cmds = realloc(session->cmds, cap * sizeof *cmds);
        if (cmds == NULL) {
            session->log->starved = true;
            return NULL;
        }
        session->cmds = cmds;
        session->cmd_cap = cap;
    }
    struct foreign_cmd *cmd = &session->cmds[session->cmd_count++ % session->cmd_cap];
    *cmd = (struct foreign_cmd){.name = "?"};
    return cmd;
}

uint32_t
foreign_session_cmd_kept(const struct foreign_session *session)
{
    return session->cmd_count < session->cmd_cap ? session->cmd_count : session->cmd_cap;
}

struct foreign_cmd *
foreign_session_cmd(const struct foreign_session *session, uint32_t index)
{
    const uint32_t kept = foreign_session_cmd_kept(session);

    if (index >= kept)
        return NULL;
    return &session->cmds[(session->cmd_count - kept + index) % session->cmd_cap];
}

struct foreign_cmd *
foreign_session_last(const struct foreign_session *session)
{
    const uint32_t kept = foreign_session_cmd_kept(session);

    return kept == 0 ? NULL : foreign_session_cmd(session, kept - 1);
}

struct foreign_cmd *
foreign_session_find(const struct foreign_session *session, struct span tag)
{
    for (uint32_t i = foreign_session_cmd_kept(session); i-- > 0;) {
        struct foreign_cmd *cmd = foreign_session_cmd(session, i);
        if (cmd->tag[0] != '\0' && span_eq_str(tag, cmd->tag))
            return cmd;
    }
    return NULL;
}

/* Of a longer secret (a token), the beginning is kept; secret_at finds its end. */
static void
secret_keep(struct foreign_session *session, struct span text)
{
    text = span_head(text, LIMIT_FOREIGN_TEXT);
    if (text.len < SECRET_MIN || session->secrets_lost)
        return;
    for (uint32_t i = 0; i < session->secret_count; i++)
        if (span_eq_str(text, session->secrets[i]))
            return;
    char *copy =
        session->secret_count == LIMIT_FOREIGN_SECRETS ? NULL : strndup(text.ptr, text.len);
    session->log->starved |= copy == NULL && session->secret_count < LIMIT_FOREIGN_SECRETS;
    if (copy != NULL)
        session->secrets[session->secret_count++] = copy;
    else
        session->secrets_lost = true;
}

void
foreign_session_secret(struct foreign_session *session, struct span text)
{
    AUTO_BUF plain = {0};

    secret_keep(session, text);
    /* SASL PLAIN is name and password with NULs between (RFC 4616). */
    buf_init(&plain, text.len);
    const enum rc rc = base64_decode(&plain, text);
    session->log->starved |= rc == RC_LIMIT;
    if (rc != RC_OK)
        return;
    struct span rest = buf_span(&plain);
    const ptrdiff_t first = span_find_char(rest, '\0');
    if (first < 0) {
        secret_keep(session, rest);
        return;
    }
    rest = span_tail(rest, (size_t)first + 1);
    const ptrdiff_t second = span_find_char(rest, '\0');
    if (second < 0)
        return;
    if (session->account[0] == '\0')
        foreign_session_copy(session, session->account, sizeof session->account,
                             span_head(rest, (size_t)second));
    secret_keep(session, span_tail(rest, (size_t)second + 1));
}

/* The length of the secret that text begins with, or 0. */
static size_t
secret_at(const struct foreign_session *session, struct span text)
{
    size_t longest = 0;

    for (uint32_t i = 0; i < session->secret_count; i++) {
        const struct span secret = span_of_str(session->secrets[i]);
        if (secret.len > longest && span_starts(text, secret))
            longest = secret.len;
    }
    if (longest == LIMIT_FOREIGN_TEXT) /* it may have been cut */
        while (longest < text.len && strchr(" \t\r\n\"", text.ptr[longest]) == NULL)
            longest++;
    return longest;
}

void
foreign_session_copy(const struct foreign_session *session, char *dst, size_t cap,
                     struct span text)
{
    size_t used = 0;

    if (session->secrets_lost)
        text = SPAN("***");
    while (text.len > 0) {
        const size_t hidden = secret_at(session, text);
        if (used + (hidden > 0 ? 3 : 1) >= cap)
            break;
        if (hidden > 0) {
            memcpy(dst + used, "***", 3);
            used += 3;
            text = span_tail(text, hidden);
        } else {
            dst[used++] = text.ptr[0] == '\0' ? '?' : text.ptr[0];
            text = span_tail(text, 1);
        }
    }
    /* Removes a character that was cut in the middle. */
    if (text.len > 0)
        while (used > 0 && (dst[used - 1] & 0xc0) == 0x80)
            used--;
    if (text.len > 0 && used > 0 && (dst[used - 1] & 0x80) != 0)
        used--;
    dst[used] = '\0';
}

void
foreign_session_fact(struct foreign_session *session, enum foreign_fact fact,
                     const struct foreign_ref *ref, struct span text)
{
    struct foreign_seen *seen = &session->facts[fact];

    if (seen->count++ == 0)
        seen->first = *ref;
    seen->last = *ref;
    seen->sent = session->sent;
    seen->told = session->told;
    text = span_trim(text);
    if (text.len == 0)
        return;
    free(seen->text);
    seen->text = malloc(LIMIT_FOREIGN_TEXT + 1);
    if (seen->text == NULL)
        session->log->starved = true;
    else
        foreign_session_copy(session, seen->text, LIMIT_FOREIGN_TEXT + 1, text);
}
