/* SPDX-License-Identifier: MIT */
/* mbox files of other programs: they are messages from the first to the last octet, and each
 * message survives being written again. */
#include "base/check.h"
#include "cli/mail/mbox.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A message that was taken out of an mbox, put into another one and taken out again is the
 * same, with the same marks. */
static void
round_trip(const struct mbox_message *first)
{
    const struct span raw = first->raw;
    struct mail_marks marks;
    struct mail_marks again;
    struct mbox_message message;
    int64_t date;
    AUTO_BUF text = {0};
    AUTO_BUF file = {0};
    AUTO_BUF back = {0};

    mail_marks_init(&marks);
    mail_marks_init(&again);
    buf_init(&text, raw.len * 2 + 16);
    buf_init(&file, raw.len * 3 + 65536);
    buf_init(&back, raw.len * 3 + 65536);
    mbox_text_put(&text, first, &marks);
    mbox_message_put(&file, 1000000000, SPAN(""), &marks, buf_span(&text));
    CHECK(buf_ok(&text) && buf_ok(&file));
    struct span rest = buf_span(&file);
    CHECK(mbox_next(&rest, &message) && rest.len == 0);
    CHECK(mbox_date(&message, &date) && date == 1000000000);
    mbox_text_put(&back, &message, &again);
    CHECK(buf_ok(&back) && marks.flags == again.flags &&
          span_eq(buf_span(&marks.keywords), buf_span(&again.keywords)));
    /* A missing line end at the end, and the empty line after a header without a body, are
     * what an mbox cannot tell. */
    CHECK(span_starts(buf_span(&back), buf_span(&text)) &&
          buf_len(&back) <= buf_len(&text) + 4);
    mail_marks_done(&marks);
    mail_marks_done(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct span whole = span_of(data, size);
    struct span rest = whole;
    struct mbox_message message;
    int64_t date;

    for (int by_name = 0; by_name <= 1; by_name++) {
        if (!mbox_begins(whole, by_name ? MBOX_BY_NAME : MBOX_BY_CONTENT, &rest))
            continue;
        CHECK(rest.ptr >= whole.ptr && rest.ptr + rest.len == whole.ptr + whole.len);
        while (rest.len > 0) {
            const struct span before = rest;
            CHECK(mbox_next(&rest, &message)); /* what begins as an mbox is one to its end */
            CHECK(rest.len < before.len && rest.ptr + rest.len == whole.ptr + whole.len);
            CHECK(message.raw.ptr > before.ptr &&
                  message.raw.ptr + message.raw.len <= rest.ptr);
            (void)mbox_date(&message, &date);
            (void)mbox_is_folder_data(message.raw);
            round_trip(&message);
        }
    }
    return 0;
}
