/* SPDX-License-Identifier: MIT */
/*
 * Octets to and from the client. If the client is gone, the session ends with a reason that
 * depends on what the protocol was doing.
 */
#include "imap/imap_session.h"

enum end_moment
imap_moment(struct imap_session *im)
{
    if (im->state == IMAP_NOT_AUTHENTICATED)
        return im->login == IMAP_LOGIN_FULL ? MOMENT_REFUSED : MOMENT_BEFORE_LOGIN;
    if (imap_waiting(im) != NULL)
        return MOMENT_IDLE;
    if (imap_has_command(im))
        return MOMENT_IN_REPLY;
    if (im->work != NULL && im->work->spool_count > 0)
        return MOMENT_IN_LITERAL;
    return imap_between_commands(im) ? MOMENT_BETWEEN : MOMENT_IN_COMMAND;
}

void
imap_flush(struct imap_session *im)
{
    switch (session_flush(&im->s)) {
    case RC_OK:
    case RC_AGAIN:
        break;
    case RC_LIMIT:
        session_end(&im->s, END_LIMIT_MEMORY, "output of a command");
        break;
    default:
        session_end_by_peer(&im->s, imap_moment(im));
        break;
    }
}

void
imap_greet(struct imap_session *im)
{
    struct iw w = imap_line(im);
    AUTO_BUF code = {0};

    buf_init(&code, 1024);
    buf_put_lit(&code, "CAPABILITY ");
    imap_put_capabilities(im, &code);
    buf_put_char(&code, '\0');
    iw_status_line(&w, SPAN(""), IW_OK, buf_ok(&code) ? buf_span(&code).ptr : NULL,
                   SPAN("Roost ready"));
}

enum go
imap_read(struct imap_session *im)
{
    /* Most sessions that are woken for a push have been sent nothing by their clients. */
    if (task_expects_input(&im->s.task) && !conn_has_unread(&im->s.conn))
        return GO_PARK;
    const enum rc rc = conn_read(&im->s.conn);

    if (im->login == IMAP_LOGIN_UNGREETED && conn_tls_ready(&im->s.conn)) {
        im->login = IMAP_LOGIN_NONE;
        session_line_begins(&im->s);
        imap_greet(im);
    }
    switch (rc) {
    case RC_OK:
        return GO_ON;
    case RC_AGAIN:
        return GO_PARK;
    case RC_LIMIT: /* the framer takes everything, so the buffer cannot stay full */
    default:
        session_end_by_peer(&im->s, imap_moment(im));
        return GO_ON;
    }
}

void
imap_ack_begun(struct imap_session *im)
{
    if (!imap_between_commands(im))
        conn_ack_now(&im->s.conn);
}
