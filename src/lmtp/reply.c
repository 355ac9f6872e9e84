/* SPDX-License-Identifier: MIT */
/* What every step of the dialogue needs: a reply line, and the end of a transaction. */
#include "lmtp/lmtp_session.h"

#include <stdarg.h>
#include <stdio.h>

void
lmtp_reply(struct lmtp_session *lm, const char *fmt, ...)
{
    char line[600]; /* RFC 5321 section 4.5.3.1.5: reply lines of 512 at most */
    va_list ap;

    va_start(ap, fmt);
    int len = vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    if (len > 509)
        len = 509;
    for (int i = 0; i < len; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    buf_put(&lm->s.conn.out, line, (size_t)len);
    buf_put_lit(&lm->s.conn.out, "\r\n");
}

void
lmtp_reset(struct lmtp_session *lm)
{
    spool_done(&lm->spool);
    arena_reset(&lm->arena);
    lm->sender = SPAN("");
    lm->utf8 = false;
    lm->rcpts = NULL;
    lm->rcpt_count = lm->rcpt_next = 0;
    lm->data = (struct lmtp_data){0};
    lm->chunk_left = 0;
    lm->octets = 0;
    lm->data_too_big = false;
    lm->spool_rc = RC_OK;
    lm->state = lm->client_name[0] == '\0' ? LMTP_GREETED : LMTP_READY;
}
