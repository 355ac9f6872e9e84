/* SPDX-License-Identifier: MIT */
/* mbox files of other programs: every octet behind the first separator is in exactly one
 * message. */
#include "base/check.h"
#include "cli/mail_source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = span_of(data, size);
    struct mbox_message message;
    size_t messages = 0;

    while (rest.len > 0) {
        const struct span before = rest;
        AUTO_BUF text = {0};
        buf_init(&text, size * 2 + 16);
        if (!mbox_next(&rest, &message)) {
            CHECK(messages == 0); /* what begins as an mbox is one to its end */
            break;
        }
        CHECK(rest.len < before.len);
        CHECK(message.raw.ptr >= before.ptr &&
              message.raw.ptr + message.raw.len <= before.ptr + before.len);
        mail_text_put(&text, message.raw, MAIL_MBOX);
        CHECK(buf_ok(&text));
        (void)mbox_from_date(message.from_line);
        messages++;
    }
    return 0;
}
