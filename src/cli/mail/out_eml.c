/* SPDX-License-Identifier: MIT */
/*
 * A directory "A/B" for the mailbox A/B, and a file "UID.eml" for each message, with its octets
 * as they are. Flags, keywords and date are in .roost-marks; the date is also the file's time.
 */
#include "cli/mail/out.h"

enum { PATH_OCTETS = 64 << 10 };

static enum rc
eml_begin(struct mail_out *out, struct err *err)
{
    const enum rc rc = out_dir_make(buf_span(&out->path).ptr, err);

    /* The directory may exist as the parent of another mailbox; names that are made level by
     * level never clash. */
    return rc == RC_EXISTS ? RC_OK : rc;
}

static enum rc
eml_message(struct mail_out *out, const struct out_message *message, struct err *err)
{
    AUTO_BUF path = {0};

    buf_init(&path, PATH_OCTETS);
    buf_printf(&path, "%s/", buf_span(&out->path).ptr);
    const size_t dir = buf_len(&path);
    buf_printf(&path, "%010u.eml", message->uid);
    const size_t name = buf_len(&path) - dir;
    buf_put_char(&path, '\0');
    if (!buf_ok(&path))
        return err_set(err, RC_LIMIT, 0, "the path is too long");
    const enum rc rc = out_file_write(buf_span(&path).ptr, message->text, message->date_s, err);
    return rc == RC_OK
               ? out_marks_note(out, span_of(buf_span(&path).ptr + dir, name), message, err)
               : rc;
}

const struct out_format out_format_eml = {
    .name = "eml",
    .subscriptions = ".subscriptions",
    .folder_of = LEVEL_OF_FOLDER,
    .begin = eml_begin,
    .message = eml_message,
};
