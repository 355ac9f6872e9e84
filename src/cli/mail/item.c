/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "cli/mail/item.h"

#include "base/limits.h"
#include "syntax/imap/flags.h"
#include "syntax/imap/mbox_name.h"

/* Room for the keywords of one message; further ones are skipped. */
enum { MARKS_OCTETS = LIMIT_KEYWORDS * (LIMIT_KEYWORD_OCTETS + 1) };

void
mail_marks_init(struct mail_marks *marks)
{
    *marks = (struct mail_marks){0};
    buf_init(&marks->keywords, MARKS_OCTETS);
}

void
mail_marks_done(struct mail_marks *marks)
{
    buf_done(&marks->keywords);
}

void
mail_marks_clear(struct mail_marks *marks)
{
    marks->flags = 0;
    marks->is_deleted = false;
    buf_clear(&marks->keywords);
}

/* Removes the next word from *list; empty at the end. */
static struct span
word_take(struct span *list)
{
    size_t len = 0;

    *list = span_trim(*list);
    while (len < list->len && strchr(" \t\r\n", list->ptr[len]) == NULL)
        len++;
    const struct span word = span_head(*list, len);
    *list = span_tail(*list, len);
    return word;
}

static bool
has_keyword(const struct mail_marks *marks, struct span name)
{
    struct span list = buf_span(&marks->keywords);

    for (struct span word; (word = word_take(&list)).len > 0;)
        if (span_ieq(word, name))
            return true;
    return false;
}

void
mail_marks_add(struct mail_marks *marks, struct span name)
{
    const unsigned flag = imap_flag_of_name(name);

    marks->flags |= flag & ~(unsigned)IMAP_FLAG_RECENT;
    if (flag != 0 || name.len == 0 || name.ptr[0] == '\\' || !utf8_is_valid(name) ||
        name.len > LIMIT_KEYWORD_OCTETS || has_keyword(marks, name))
        return;
    const size_t before = buf_len(&marks->keywords);
    buf_put_span(&marks->keywords, name);
    buf_put_char(&marks->keywords, ' ');
    if (!buf_ok(&marks->keywords))
        buf_truncate(&marks->keywords, before);
}

void
mail_marks_add_list(struct mail_marks *marks, struct span list)
{
    for (struct span word; (word = word_take(&list)).len > 0;)
        mail_marks_add(marks, word);
}

/* ---- frames ---- */

static json_t *
marks_json(const struct mail_marks *marks)
{
    struct span list = buf_span(&marks->keywords);
    json_t *out = json_array();

    for (unsigned bit = 0; bit < IMAP_FLAG_COUNT; bit++)
        if ((marks->flags >> bit & 1) != 0)
            json_array_append_new(
                out, json_stringn(imap_flag_names[bit].ptr, imap_flag_names[bit].len));
    for (struct span word; (word = word_take(&list)).len > 0;)
        json_array_append_new(out, json_stringn(word.ptr, word.len));
    return out;
}

static json_t *
source_json(const struct mail_item *item)
{
    AUTO_BUF text = {0};

    buf_init(&text, 1u << 16);
    mail_path_put(&text, span_of_str(item->path));
    if (item->line > 0)
        buf_printf(&text, ":%zu", item->line);
    return json_stringn(buf_span(&text).ptr, buf_len(&text));
}

enum rc
mail_item_head(const struct mail_item *item, json_t **head_out, struct err *err)
{
    static const char *const words[] = {
        [MAIL_MESSAGE] = "message",       [MAIL_TROUBLE] = "trouble",
        [MAIL_PASSED] = "passed",         [MAIL_MAILBOX] = "mailbox",
        [MAIL_SUBSCRIBED] = "subscribed", [MAIL_UNSUBSCRIBED] = "unsubscribed"};
    json_t *head = json_pack("{ss, ss*, so*, ss*}", "item", words[item->kind], "mailbox",
                             item->mailbox, "source", source_json(item), "why", item->why);

    if (head == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory for %.200s", item->path);
    if (item->kind == MAIL_MESSAGE) {
        json_object_set_new(head, "flags", marks_json(item->marks));
        if (item->is_dated)
            json_object_set_new(head, "date", json_integer(item->date_s));
        if (item->copy > 1)
            json_object_set_new(head, "copy", json_integer(item->copy));
        if (item->is_repeated)
            json_object_set_new(head, "repeated", json_true());
    }
    *head_out = head;
    return RC_OK;
}

/* ---- text ---- */

void
mail_text_put(struct buf *out, struct span raw)
{
    while (raw.len > 0) {
        const ptrdiff_t eol = span_find_char(raw, '\n');
        const struct span line = span_head(raw, eol < 0 ? raw.len : (size_t)eol);
        raw = span_tail(raw, line.len + (eol >= 0));
        buf_put_span(out, line);
        if (eol < 0)
            return;
        if (line.len == 0 || line.ptr[line.len - 1] != '\r')
            buf_put_char(out, '\r');
        buf_put_char(out, '\n');
    }
}

void
mail_text_put_lf(struct buf *out, struct span text)
{
    while (text.len > 0) {
        const ptrdiff_t eol = span_find(text, SPAN("\r\n"));
        buf_put_span(out, span_head(text, eol < 0 ? text.len : (size_t)eol));
        if (eol < 0)
            return;
        /* A "CR LF" after a CR would be read back as the line end alone, so it stays as it
         * is. */
        if (eol > 0 && text.ptr[eol - 1] == '\r')
            buf_put_char(out, '\r');
        buf_put_char(out, '\n');
        text = span_tail(text, (size_t)eol + 2);
    }
}

void
mail_path_put(struct buf *out, struct span path)
{
    const bool is_utf8 = utf8_is_valid(path);

    for (size_t i = 0; i < path.len; i++) {
        const unsigned char c = (unsigned char)path.ptr[i];
        if (c < 0x20 || c == 0x7f || (c >= 0x80 && !is_utf8))
            buf_printf(out, "\\x%02x", c);
        else
            buf_put_char(out, (char)c);
    }
}
