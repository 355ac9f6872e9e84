/* SPDX-License-Identifier: MIT */
/*
 * What this server can do, by the state of the session. A word stands here only when all of
 * what it promises works (docs/protocol.md lists the standards behind the words).
 */
#include "imap/imap_session.h"

#include "auth/auth.h"

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

bool
imap_scram_offered(const struct imap_session *im)
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

void
imap_put_capabilities(struct imap_session *im, struct buf *out)
{
    buf_put_lit(
        out, "IMAP4rev1 LITERAL+ SASL-IR ID ENABLE IDLE NAMESPACE UIDPLUS MOVE UNSELECT "
             "CHILDREN SPECIAL-USE CREATE-SPECIAL-USE LIST-EXTENDED LIST-STATUS "
             "STATUS=SIZE MULTIAPPEND ESEARCH SEARCHRES SORT SORT=DISPLAY ESORT "
             "THREAD=ORDEREDSUBJECT THREAD=REFERENCES THREAD=REFS I18NLEVEL=1 PARTIAL WITHIN");
    buf_printf(out, " APPENDLIMIT=%ju", (uintmax_t)env_settings(im->s.env)->append_octets);
    if (im->state != IMAP_NOT_AUTHENTICATED)
        return;
    if (!session_is_private(&im->s) && im->s.env->tls != NULL)
        buf_put_lit(out, " STARTTLS");
    if (imap_plaintext_allowed(im))
        buf_put_lit(out, " AUTH=PLAIN AUTH=LOGIN");
    else
        buf_put_lit(out, " LOGINDISABLED"); /* RFC 3501 section 7.2.1 */
    if (imap_scram_offered(im))
        buf_put_lit(out, " AUTH=SCRAM-SHA-256");
}
