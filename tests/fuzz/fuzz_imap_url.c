/* SPDX-License-Identifier: MIT */
/* URLs of CATENATE: what is understood is within its limits, and what is shown of any text can
 * stand in a response code. */
#include "base/check.h"
#include "base/limits.h"
#include "syntax/imap/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_shown(struct span text)
{
    AUTO_BUF out = {0};

    buf_init(&out, 4 * LIMIT_URL);
    imap_url_put(&out, text);
    CHECK(buf_ok(&out));
    const struct span shown = buf_span(&out);
    for (size_t i = 0; i < shown.len; i++)
        CHECK(shown.ptr[i] > ' ' && shown.ptr[i] < 0x7f && shown.ptr[i] != ']');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct span text = span_of((const char *)data, size);
    struct imap_url url;
    AUTO_ARENA arena = {0};

    arena_init(&arena, 1u << 20);
    check_shown(text);
    const enum rc rc = imap_url_parse(text, &arena, &url);
    CHECK(rc == RC_OK || rc == RC_INVALID);
    if (rc != RC_OK)
        return 0;
    CHECK(size <= LIMIT_URL && url.uid > 0);
    CHECK(url.is_selected || mbox_name_check(url.mailbox.name) == NULL);
    CHECK(url.section.depth <= LIMIT_SECTION_DEPTH);
    CHECK(url.section.text != SECTION_MIME || url.section.depth > 0);
    for (size_t i = 0; i < url.section.depth; i++)
        CHECK(url.section.part[i] > 0);
    return 0;
}
