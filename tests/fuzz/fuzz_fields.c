/* SPDX-License-Identifier: MIT */
/*
 * The stored header fields. First as they are made: what they answer equals what the header
 * answers. Then the input itself taken for a stored row: nothing outside of it is read.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "mailbox/content/fields.h"
#include "syntax/mail/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct span names[] = {
    SPAN_INIT("subject"), SPAN_INIT("References"), SPAN_INIT("X-Priority"),
    SPAN_INIT("To"),      SPAN_INIT("Date"),
};

static void
require(bool truth)
{
    if (!truth)
        abort();
}

static void
as_header(struct span input)
{
    AUTO_ARENA arena = {0};
    AUTO_BUF stored = {0};
    AUTO_BUF quick = {0};
    AUTO_BUF slow = {0};
    struct header_names set;
    struct fields_want want;
    const struct span header = span_head(input, header_size(input));

    arena_init(&arena, 1 << 20);
    buf_init(&stored, 8 << 20);
    buf_init(&quick, 8 << 20);
    buf_init(&slow, 8 << 20);
    fields_put(&stored, header);
    require(header_names_init(&set, &arena, names, ARRAY_LEN(names)) == RC_OK);
    header_filter(&slow, header, &set, HEADER_FIELDS);
    fields_want_init(&want, names, ARRAY_LEN(names));
    if (fields_filter(&quick, buf_span(&stored), &want))
        require(span_eq(buf_span(&quick), buf_span(&slow)));
}

static void
as_stored(struct span input)
{
    AUTO_BUF out = {0};
    struct fields_want want;
    struct fields_iter iter;
    struct span raw;

    buf_init(&out, 8 << 20);
    fields_want_init(&want, names, ARRAY_LEN(names));
    if (!fields_filter(&out, input, &want))
        require(buf_len(&out) == 0);
    for (int id = FIELDS_NONE; id <= FIELDS_MAX; id++)
        if (fields_iter_init(&iter, input, id))
            while (fields_next(&iter, id, &raw))
                require(fields_value(raw).len <= raw.len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct span input = span_of(data, size);

    as_header(input);
    as_stored(input);
    return 0;
}
