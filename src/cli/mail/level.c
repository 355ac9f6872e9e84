/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "cli/mail/level.h"

#include "cli/mail/notes.h"
#include "syntax/imap/mbox_name.h"

enum {
    FILE_NAME_MAX = 240,   /* octets; file systems allow 255, and Dovecot adds a few */
    SIMILAR_OCTETS = 100,  /* octets of a level that are kept in a similar name */
    NAME_OCTETS = 16 << 10 /* octets of any name here */
};

static bool
strip(struct span *name, struct span suffix)
{
    if (name->len <= suffix.len || !span_ieq(span_tail(*name, name->len - suffix.len), suffix))
        return false;
    name->len -= suffix.len;
    return true;
}

static bool
one_read(struct buf *out, struct span name)
{
    if (name.len == 0)
        return false;
    if (mutf7_decode(out, name) == RC_OK)
        return true;
    if (utf8_is_valid(name))
        buf_put_span(out, name);
    return utf8_is_valid(name);
}

/* Reads all levels of name, which divider separates. */
static bool
split_read(struct buf *out, struct span name, char divider)
{
    for (bool is_first = true;; is_first = false) {
        const ptrdiff_t end = span_find_char(name, divider);
        if (!is_first)
            buf_put_char(out, '/');
        if (!one_read(out, span_head(name, end < 0 ? name.len : (size_t)end)))
            return false;
        if (end < 0)
            return buf_ok(out);
        name = span_tail(name, (size_t)end + 1);
    }
}

bool
levels_read(struct buf *out, struct span name)
{
    const size_t before = buf_len(out);

    if (split_read(out, name, '/'))
        return true;
    buf_truncate(out, before);
    return false;
}

bool
level_read(struct buf *out, struct span name, enum level_of of)
{
    static const struct span packed[] = {SPAN_INIT(".gz"), SPAN_INIT(".bz2"), SPAN_INIT(".xz"),
                                         SPAN_INIT(".zst")};
    const size_t before = buf_len(out);

    /* Thunderbird's NAME.sbd and KMail's .NAME.directory contain the folders below NAME. */
    if (of == LEVEL_OF_FOLDER && span_starts(name, SPAN(".")) &&
        strip(&name, SPAN(".directory")))
        name = span_tail(name, 1);
    else if (of == LEVEL_OF_FOLDER && !strip(&name, SPAN(".sbd")))
        (void)strip(&name, SPAN(".mbox"));
    if (of == LEVEL_OF_FILE) {
        for (size_t i = 0; i < ARRAY_LEN(packed); i++)
            if (strip(&name, packed[i]))
                break;
        if (!strip(&name, SPAN(".mbox")))
            (void)strip(&name, SPAN(".mbx"));
    }
    if (of == LEVEL_OF_SUBFOLDER ? split_read(out, span_tail(name, 1), '.')
                                 : one_read(out, name))
        return buf_ok(out);
    buf_truncate(out, before);
    return false;
}

/* ---- writing ---- */

static void
put_as(struct buf *out, struct span name, enum level_of of, enum mbox_wire wire)
{
    if (of == LEVEL_OF_SUBFOLDER)
        buf_put_char(out, '.');
    const size_t start = buf_len(out);
    mbox_name_put(out, name, wire);
    if (of == LEVEL_OF_SUBFOLDER && buf_ok(out)) /* base64 as names have it knows no '/' */
        for (size_t i = start; i < buf_len(out); i++)
            if (out->data[out->head + i] == '/')
                out->data[out->head + i] = '.';
    if (of == LEVEL_OF_FILE)
        buf_put_str(out, ".mbox");
}

/* Names that a directory of mail cannot have: those of Maildir itself, hidden ones, and what
 * shells expand ("~", which Dovecot refuses). */
static bool
is_usable(struct span name, struct span file_name, enum level_of of)
{
    static const char *const taken[] = {"cur", "new", "tmp", NOTES_OF_EXPORT, NOTES_OF_MARKS};

    for (size_t i = 0; i < ARRAY_LEN(taken); i++)
        if (span_eq_str(file_name, taken[i]))
            return false;
    return file_name.len <= FILE_NAME_MAX && name.len > 0 && name.ptr[0] != '~' &&
           (of == LEVEL_OF_SUBFOLDER || file_name.ptr[0] != '.');
}

bool
level_put(struct buf *out, struct span name, enum level_of of)
{
    /* A Maildir++ uses modified UTF-7. Elsewhere it is needed only if UTF-8 would be read as
     * modified UTF-7 ("R&-D"). */
    static const enum mbox_wire wires[] = {MBOX_WIRE_UTF8, MBOX_WIRE_UTF7};
    const size_t before = buf_len(out);
    AUTO_BUF back = {0};

    buf_init(&back, NAME_OCTETS);
    for (size_t i = of == LEVEL_OF_SUBFOLDER; i < ARRAY_LEN(wires); i++) {
        put_as(out, name, of, wires[i]);
        const struct span file_name = span_tail(buf_span(out), before);
        buf_clear(&back);
        if (buf_ok(out) && is_usable(name, file_name, of) && level_read(&back, file_name, of) &&
            span_eq(buf_span(&back), name))
            return true;
        out->failed |= !buf_ok(&back);
        buf_truncate(out, before);
    }
    return false;
}

void
level_put_similar(struct buf *out, struct span name, enum level_of of, unsigned number)
{
    char text[SIMILAR_OCTETS + 1];
    size_t len = 0;

    for (size_t i = 0; i < name.len && len < SIMILAR_OCTETS; i++) {
        const char c = name.ptr[i];
        const bool is_plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                              (c >= 'a' && c <= 'z') || c == '-' || c == ' ' || c == '_';
        if ((c & 0xc0) != 0x80) /* one for each character */
            text[len++] = is_plain ? c : '_';
    }
    buf_put_str(out, of == LEVEL_OF_SUBFOLDER ? "." : "");
    buf_put_char(out, '_'); /* so that it is neither "cur" nor hidden */
    buf_put(out, text, len);
    if (number > 1)
        buf_printf(out, "_%u", number);
    if (of == LEVEL_OF_FILE)
        buf_put_str(out, ".mbox");
}
