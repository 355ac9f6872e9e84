/* SPDX-License-Identifier: MIT */
/* The end of a command: the tagged answer, the record of the command, and the limit on the
 * number of bad commands. */
#include "imap/imap_session.h"

#include "base/limits.h"

void
imap_answer(struct imap_session *im)
{
    struct imap_work *work = im->work;
    struct iw w = imap_line(im);

    iw_status_line(&w, work->cmd.tag, work->reply.status, work->reply.code,
                   span_of_str(work->reply.text));
    struct event *event = session_event(&im->s, EVENT_COMMAND);
    event->code = work->phase == PHASE_INPUT ? 0 : event_command(imap_cmd_word(work->cmd.id));
    event->outcome = work->reply.status == IW_OK   ? EVENT_OK
                     : work->reply.status == IW_NO ? EVENT_NO
                                                   : EVENT_BAD;
    event->a = (uint32_t)((session_now_us(&im->s) - work->began_us) / 1000);
    event->b = (uint32_t)(im->s.conn.octets_out + buf_len(&im->s.conn.out) - work->out_octets);
    im->s.counts.commands++;
    if (work->reply.status == IW_BAD) {
        im->s.counts.bad_commands++;
        im->bad_commands++;
        log_put(&im->s.log, LOG_E_BAD_COMMAND, "%s", work->reply.text);
    } else if (im->state != IMAP_NOT_AUTHENTICATED) {
        /* the counter must not add up over a session that lasts for weeks */
        im->bad_commands = 0;
    }
    const bool ok = work->reply.status == IW_OK;
    if (work->cmd.id == IMAP_CMD_LOGOUT && ok)
        session_end(&im->s, END_LOGOUT, NULL);
    if (ok && work->row != NULL && work->row->after_ok != NULL)
        work->phase = PHASE_SWITCH;
    else
        imap_work_drop(im);
    const unsigned most = im->state == IMAP_NOT_AUTHENTICATED ? LIMIT_BAD_COMMANDS_BEFORE_LOGIN
                                                              : LIMIT_BAD_COMMANDS;
    if (im->bad_commands >= most)
        session_end(&im->s, END_BAD_COMMANDS, "%u in a row", im->bad_commands);
    if (im->s.counts.login_failures >= LIMIT_LOGIN_FAILURES &&
        im->state == IMAP_NOT_AUTHENTICATED)
        session_end(&im->s,
                    im->login == IMAP_LOGIN_UNVERIFIED ? END_STORE_FAILED : END_LOGIN_FAILURES,
                    "%u failed logins on this connection", im->s.counts.login_failures);
}

void
imap_refuse(struct imap_session *im, struct span tag, enum iw_status status, const char *code,
            const char *text)
{
    struct imap_work *work = im->work;

    work->cmd.tag = arena_span(&work->arena, tag);
    work->cmd.id = IMAP_CMD_NOOP;
    work->reply = (struct imap_reply){status, code, text};
    imap_answer(im);
}
