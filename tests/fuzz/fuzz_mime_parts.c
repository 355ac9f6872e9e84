/* SPDX-License-Identifier: MIT */
/* A part table from anywhere: refused, or a sound tree, which written again reads the same. */
#include <stdint.h>

#include "base/check.h"
#include "syntax/mail/mime_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_part(const struct mime_part *part)
{
    CHECK(part->body_off == part->header_off + part->header_size);
    CHECK((part->kind == MIME_LEAF) == (part->first_child == NULL));
    if (part->parent != NULL)
        CHECK(part->header_off >= part->parent->body_off &&
              part->body_off + part->body_size <=
                  part->parent->body_off + part->parent->body_size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mime_part *root;
    struct mime_part *again;
    AUTO_ARENA arena = {0};
    AUTO_BUF table = {0};

    arena_init(&arena, 16u << 20);
    buf_init(&table, 16u << 20);
    if (mime_parts_decode(span_of(data, size), &arena, &root) != RC_OK)
        return 0;
    for (const struct mime_part *part = root; part != NULL; part = mime_part_after(part))
        check_part(part);
    mime_parts_encode(&table, root);
    CHECK(mime_parts_decode(buf_span(&table), &arena, &again) == RC_OK);
    const struct mime_part *b = again;
    for (const struct mime_part *a = root; a != NULL; a = mime_part_after(a)) {
        CHECK(b != NULL && a->body_off == b->body_off && a->body_size == b->body_size);
        b = mime_part_after(b);
    }
    CHECK(b == NULL);
    return 0;
}
