/* SPDX-License-Identifier: MIT */
/* As section 13.2.3.2 of the HTML standard: the prescan of a byte stream. */
#include "syntax/html_charset.h"

#include "base/limits.h"
#include "syntax/charset.h"

struct reader {
    const char *at;
    const char *end;
};

struct attribute {
    struct span name; /* empty: there was none */
    struct span value;
};

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

static bool
is_letter(char c)
{
    return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
}

static struct span
rest_of(const struct reader *reader)
{
    return span_of(reader->at, (size_t)(reader->end - reader->at));
}

static void
skip_spaces(struct reader *reader)
{
    while (reader->at < reader->end && is_space(*reader->at))
        reader->at++;
}

/* Behind the next such text, or to the end. */
static void
skip_past(struct reader *reader, struct span text)
{
    const ptrdiff_t at = span_find(rest_of(reader), text);

    reader->at = at < 0 ? reader->end : reader->at + at + text.len;
}

/* ---- attributes ---- */

static struct span
quoted(struct reader *reader)
{
    const char quote = *reader->at++;
    const struct span rest = rest_of(reader);
    const ptrdiff_t end = span_find_char(rest, quote);
    const struct span value = span_head(rest, end < 0 ? rest.len : (size_t)end);

    reader->at += value.len + (end >= 0);
    return end < 0 ? SPAN("") : value; /* a value that is cut off says nothing */
}

static struct span
bare(struct reader *reader)
{
    const char *begin = reader->at;

    while (reader->at < reader->end && !is_space(*reader->at) && *reader->at != '>')
        reader->at++;
    return span_of(begin, (size_t)(reader->at - begin));
}

static bool
ends_name(char c)
{
    return is_space(c) || c == '=' || c == '/' || c == '>';
}

/* The next one of the tag; none is left if its name is empty. */
static struct attribute
attribute_next(struct reader *reader)
{
    struct attribute attribute = {.name = SPAN(""), .value = SPAN("")};

    while (reader->at < reader->end && (is_space(*reader->at) || *reader->at == '/'))
        reader->at++;
    const char *begin = reader->at;
    if (begin == reader->end || *begin == '>')
        return attribute;
    reader->at++; /* also an equals sign is a name here */
    while (reader->at < reader->end && !ends_name(*reader->at))
        reader->at++;
    attribute.name = span_of(begin, (size_t)(reader->at - begin));
    skip_spaces(reader);
    if (reader->at == reader->end || *reader->at != '=')
        return attribute;
    reader->at++;
    skip_spaces(reader);
    if (reader->at < reader->end)
        attribute.value =
            *reader->at == '"' || *reader->at == '\'' ? quoted(reader) : bare(reader);
    return attribute;
}

/* ---- meta ---- */

/* The charset in "text/html; charset=x". */
static struct span
charset_in(struct span content)
{
    static const struct span word = SPAN_INIT("charset");
    struct reader reader = {content.ptr, content.ptr + content.len};

    while (reader.at < reader.end) {
        if (!span_istarts(rest_of(&reader), word)) {
            reader.at++;
            continue;
        }
        reader.at += word.len;
        skip_spaces(&reader);
        if (reader.at == reader.end || *reader.at != '=')
            continue;
        reader.at++;
        skip_spaces(&reader);
        if (reader.at == reader.end)
            break;
        if (*reader.at == '"' || *reader.at == '\'')
            return quoted(&reader);
        const char *begin = reader.at;
        while (reader.at < reader.end && !is_space(*reader.at) && *reader.at != ';')
            reader.at++;
        return span_of(begin, (size_t)(reader.at - begin));
    }
    return SPAN("");
}

static struct span
meta_charset(struct reader *reader)
{
    struct span charset = SPAN("");
    struct span content = SPAN("");
    bool is_type = false;

    for (struct attribute attribute = attribute_next(reader); attribute.name.len > 0;
         attribute = attribute_next(reader)) {
        if (span_ieq(attribute.name, SPAN("charset")) && charset.len == 0)
            charset = span_trim(attribute.value);
        else if (span_ieq(attribute.name, SPAN("content")) && content.len == 0)
            content = charset_in(attribute.value);
        else if (span_ieq(attribute.name, SPAN("http-equiv")))
            is_type |= span_ieq(span_trim(attribute.value), SPAN("content-type"));
    }
    if (reader->at == reader->end) /* the tag is cut off, and so may be a name */
        return SPAN("");
    return charset.len > 0 || !is_type ? charset : content;
}

/* Whether it has ASCII as it stands. UTF-7, UCS-2, EBCDIC and the like are not meant: the
 * element could not be read in them. */
static bool
has_ascii(struct span name)
{
    static const struct span text = SPAN_INIT("<meta charset='x'>+ADw- &ADw-");
    struct charset charset;
    AUTO_BUF utf8 = {0};

    buf_init(&utf8, 4096);
    charset_open(&charset, name);
    charset_put(&charset, text, &utf8);
    charset_finish(&charset, &utf8);
    charset_close(&charset);
    return !buf_ok(&utf8) || span_eq(buf_span(&utf8), text);
}

/* What is meant by the name. */
static struct span
settle(struct span name)
{
    static const struct span wide[] = {SPAN_INIT("utf-16"), SPAN_INIT("utf-32"),
                                       SPAN_INIT("utf16"),  SPAN_INIT("utf32"),
                                       SPAN_INIT("ucs-"),   SPAN_INIT("iso-10646-ucs-"),
                                       SPAN_INIT("unicode")};

    for (size_t i = 0; i < ARRAY_LEN(wide); i++)
        if (span_istarts(name, wide[i]))
            return SPAN("utf-8");
    return charset_is_known(name) && has_ascii(name) ? name : SPAN("");
}

/* ---- the text ---- */

static void
skip_tag(struct reader *reader)
{
    while (reader->at < reader->end && !is_space(*reader->at) && *reader->at != '>')
        reader->at++;
    while (attribute_next(reader).name.len > 0)
        continue;
}

static bool
is_meta(struct span rest)
{
    return span_istarts(rest, SPAN("<meta")) && rest.len > 5 &&
           (is_space(rest.ptr[5]) || rest.ptr[5] == '/');
}

bool
html_charset_matters(struct span named)
{
    named = span_trim(named);
    return named.len == 0 || span_ieq(named, SPAN("us-ascii")) ||
           span_ieq(named, SPAN("ascii"));
}

struct span
html_charset_find(struct span head)
{
    struct reader reader = {head.ptr, head.ptr + head.len};

    if (head.len > LIMIT_HTML_CHARSET_OCTETS)
        reader.end = head.ptr + LIMIT_HTML_CHARSET_OCTETS;
    if (span_starts(head, SPAN("\xEF\xBB\xBF")))
        return SPAN("utf-8");
    for (;;) {
        const ptrdiff_t at = span_find_char(rest_of(&reader), '<');
        if (at < 0)
            return SPAN("");
        reader.at += at;
        const struct span rest = rest_of(&reader);
        if (span_starts(rest, SPAN("<!--"))) {
            reader.at += 2; /* <!--> is a comment */
            skip_past(&reader, SPAN("-->"));
        } else if (is_meta(rest)) {
            reader.at += 5;
            const struct span charset = settle(meta_charset(&reader));
            if (charset.len > 0)
                return charset;
        } else if (rest.len > 1 &&
                   (is_letter(rest.ptr[1]) ||
                    (rest.len > 2 && rest.ptr[1] == '/' && is_letter(rest.ptr[2])))) {
            skip_tag(&reader);
        } else if (rest.len > 1 &&
                   (rest.ptr[1] == '!' || rest.ptr[1] == '/' || rest.ptr[1] == '?')) {
            skip_past(&reader, SPAN(">"));
        } else {
            reader.at++;
        }
    }
}
