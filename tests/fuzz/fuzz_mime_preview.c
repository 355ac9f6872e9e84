/* SPDX-License-Identifier: MIT */
/* Previews of any message, cut anywhere: short, of legal characters, on one line. The first
 * octet chooses where each body is cut. */
#include <stdint.h>

#include "base/arena.h"
#include "base/check.h"
#include "base/limits.h"
#include "syntax/mail/preview.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_line(struct span line)
{
    unsigned chars = 0;
    unsigned more = 0;

    CHECK(line.len == 0 || (line.ptr[0] != ' ' && line.ptr[line.len - 1] != ' '));
    for (size_t i = 0; i < line.len; i++) {
        const unsigned char c = (unsigned char)line.ptr[i];
        CHECK((c & 0xc0) == 0x80 ? more > 0 : more == 0);
        CHECK(c >= ' ' && c != 0x7f);
        CHECK(c != ' ' || line.ptr[i + 1] != ' ');
        if (more > 0)
            more--;
        else
            more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;
        chars += (c & 0xc0) != 0x80;
    }
    CHECK(more == 0 && chars <= LIMIT_PREVIEW_CHARS);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mime_part *root = NULL;
    struct arena arena;

    if (size == 0)
        return 0;
    const struct span message = span_of(data + 1, size - 1);
    arena_init(&arena, 64 << 20);
    CHECK(mime_scan(message, &arena, &root) == RC_OK);
    for (const struct mime_part *part = preview_part_first(root); part != NULL;
         part = preview_part_next(part)) {
        const struct span body = span_of(message.ptr + part->body_off, part->body_size);
        AUTO_BUF out = {0};
        buf_init(&out, 8192);
        preview_put(part, body, &out);
        CHECK(buf_ok(&out));
        check_line(buf_span(&out));
        buf_clear(&out);
        preview_put(part, span_head(body, body.len * data[0] / 256), &out);
        CHECK(buf_ok(&out));
        check_line(buf_span(&out));
    }
    arena_done(&arena);
    return 0;
}
