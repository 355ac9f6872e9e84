/* SPDX-License-Identifier: MIT */
/* A file "A/B.mbox" for the mailbox A/B: mboxrd, with marks in header fields (mbox.h). */
#include <errno.h>
#include <fcntl.h>

#include "base/fd.h"
#include "cli/mail/mbox.h"
#include "cli/mail/out.h"

static enum rc
mbox_begin(struct mail_out *out, struct err *err)
{
    const char *path = buf_span(&out->path).ptr;

    out->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return out->fd >= 0 ? RC_OK : err_set(err, rc_of_errno(errno), errno, "%.200s", path);
}

static enum rc
mbox_message(struct mail_out *out, const struct out_message *message, struct err *err)
{
    /* Dovecot takes the list of keywords from the first message, and drops others. */
    mbox_message_put(&out->text, message->date_s, buf_span(&out->base), message->marks,
                     message->text);
    buf_clear(&out->base);
    return buf_ok(&out->text) ? fd_write_all(out->fd, buf_span(&out->text), err)
                              : err_set(err, RC_LIMIT, 0, "no memory for a message");
}

const struct out_format out_format_mbox = {
    .name = "mbox",
    .subscriptions = ".subscriptions",
    .folder_of = LEVEL_OF_FILE,
    .begin = mbox_begin,
    .message = mbox_message,
};
