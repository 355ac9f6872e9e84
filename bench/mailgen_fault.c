/* SPDX-License-Identifier: MIT */
/*
 * Faults that do not belong to one field: octets that must not occur, missing ends, and
 * excessive nesting. The others are made where the field is written.
 */
#include "bench/mailgen_private.h"

#include <stdio.h>

enum { DEEP_MAX = 400 };

/* Spoils about one octet in 400 beyond the first 40, at least one. */
static void
sprinkle(struct mailgen *gen, char c)
{
    struct buf *const out = &gen->out;
    const size_t len = buf_len(out);
    size_t at = 40;

    do {
        at += 1 + mg_pick(gen, 400);
        if (at >= len)
            break;
        if (out->data[out->head + at] == ' ')
            out->data[out->head + at] = c;
    } while (at < len);
    out->data[out->head + len / 2] = c;
}

/* Removes the CR from all or some line ends. */
static void
drop_crs(struct mailgen *gen)
{
    struct buf *const out = &gen->out;
    char *const data = out->data + out->head;
    const size_t len = buf_len(out);
    const bool all = mg_pick(gen, 2) == 0;
    size_t to = 0;

    for (size_t i = 0; i < len; i++) {
        if (data[i] == '\r' && (all || mg_pick(gen, 8) == 0))
            continue;
        data[to++] = data[i];
    }
    buf_truncate(out, to);
}

/* Removes the first empty line, so that the header block runs to the end. */
static void
drop_separator(struct mailgen *gen)
{
    struct buf *const out = &gen->out;
    const ptrdiff_t at = span_find(buf_span(out), SPAN("\r\n\r\n"));

    if (at >= 0 && mg_pick(gen, 2) == 0) {
        buf_truncate(out, (size_t)at + (mg_pick(gen, 2) ? 2 : 0));
    } else if (at >= 0) {
        char *const data = out->data + out->head;
        memmove(data + at + 2, data + at + 4, buf_len(out) - (size_t)at - 4);
        buf_truncate(out, buf_len(out) - 2);
    }
}

void
mg_fault_apply(struct mailgen *gen)
{
    struct buf *const out = &gen->out;

    switch (gen->fault) {
    case MAILGEN_BARE_CR:
        sprinkle(gen, '\r');
        break;
    case MAILGEN_BARE_LF:
        drop_crs(gen);
        break;
    case MAILGEN_NUL:
        sprinkle(gen, '\0');
        break;
    case MAILGEN_NO_BODY_SEPARATOR:
        drop_separator(gen);
        break;
    case MAILGEN_NO_FINAL_NEWLINE:
        while (buf_len(out) > 1 && out->data[out->tail - 1] < ' ')
            buf_truncate(out, buf_len(out) - 1);
        break;
    default:
        break;
    }
}

void
mg_put_deep(struct mailgen *gen, const struct mg_head *head, size_t octets)
{
    struct buf *const out = &gen->out;
    const unsigned depth = 20 + mg_pick(gen, DEEP_MAX - 20);
    const bool messages = mg_pick(gen, 2) == 0;
    const bool same_boundary = mg_pick(gen, 4) == 0;

    for (unsigned i = 0; i < depth; i++) {
        if (messages && i % 2 == 1) {
            buf_put_lit(out, "Content-Type: message/rfc822\r\n\r\nSubject: inside\r\n");
            continue;
        }
        const unsigned name = same_boundary ? 0 : i;
        buf_printf(out, "Content-Type: multipart/mixed; boundary=\"b%u\"\r\n\r\n--b%u\r\n",
                   name, name);
    }
    mg_put_shape(gen, MAILGEN_PLAIN, head, octets);
    if (mg_pick(gen, 2) == 0)
        for (unsigned i = depth; i-- > 0;)
            if (!messages || i % 2 == 0)
                buf_printf(out, "\r\n--b%u--\r\n", same_boundary ? 0 : i);
}
