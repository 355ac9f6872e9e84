/* SPDX-License-Identifier: MIT */
/*
 * The body structure is written by walking down the tree; BODY is read off the finished text,
 * of which it is a part.
 *
 * The budget: values are cut so that text ends about SOFT_END; from there on parts are written
 * as stubs, for which the rest of LIMIT_BODYSTRUCTURE has room whatever the tree is.
 */
#include "syntax/mail/bodystructure.h"

#include "base/limits.h"
#include "syntax/mail/envelope.h"
#include "syntax/mail/mime_params.h"
#include "syntax/mail/mime_put.h"
#include "syntax/mail/rendered.h"

enum {
    STUB_OCTETS = 128, /* one part without values: at most this */
    SOFT_END = LIMIT_BODYSTRUCTURE - LIMIT_MIME_PARTS * STUB_OCTETS,
};

struct render {
    struct buf *out;
    struct span message;
    size_t end; /* buf_len(out) where stubs begin */
    struct arena arena;
    struct mime_value value; /* scratch: too large for each level's frame */
};

/* Octets that the next value may take: half of what is left, since each may need a
 * backslash. */
static size_t
room(const struct render *render)
{
    const size_t len = buf_len(render->out) + STUB_OCTETS;

    return len < render->end ? (render->end - len) / 2 : 0;
}

static void
put_value(struct render *render, struct span text)
{
    mime_put_string(render->out, text, MIME_AS_IS, room(render));
}

static void
put_lower(struct render *render, struct span text)
{
    mime_put_string(render->out, text, MIME_LOWER, room(render));
}

static bool
has_param(const struct mime_value *value, struct span name)
{
    for (size_t i = 0; i < value->param_count; i++)
        if (span_ieq(value->params[i].name, name))
            return true;
    return false;
}

/* The parameters in render->value. Those of a text name its charset, in the plain form, which
 * is the one that clients look for. */
static void
put_params(struct render *render, bool is_text)
{
    struct mime_value *value = &render->value;
    struct buf *out = render->out;
    const size_t before = buf_len(out);
    struct span charset = {NULL, 0};
    const bool is_plain = has_param(value, SPAN("charset"));

    if (is_text && mime_value_param_octets(value, "charset", &render->arena, &charset) != RC_OK)
        value->param_count = 0;
    out->failed |= render->arena.starved;
    buf_put_char(out, '(');
    for (size_t i = 0; i < value->param_count && room(render) > 0; i++) {
        struct mime_param param = value->params[i];
        if (is_text && !is_plain && span_ieq(param.name, SPAN("charset*")))
            param = (struct mime_param){.name = SPAN("charset"), .value = charset};
        if (i > 0)
            buf_put_char(out, ' ');
        put_lower(render, param.name);
        buf_put_char(out, ' ');
        put_value(render, param.value);
    }
    if (is_text && charset.ptr == NULL) {
        if (buf_len(out) > before + 1)
            buf_put_char(out, ' ');
        buf_put_lit(out, "\"charset\" \"us-ascii\"");
    }
    if (buf_ok(out) && buf_len(out) == before + 1) {
        buf_truncate(out, before);
        buf_put_lit(out, "NIL");
    } else {
        buf_put_char(out, ')');
    }
}

/* Parses a field into render->value; nothing of it when that would take too much memory. */
static void
parse_field(struct render *render, struct span text)
{
    arena_reset(&render->arena);
    if (text.ptr == NULL || mime_value_parse(text, &render->arena, &render->value) != RC_OK) {
        render->value.word = SPAN("");
        render->value.param_count = 0;
    }
    render->out->failed |= render->arena.starved;
}

/* ("attachment" ("filename" "x")) or NIL */
static void
put_disposition(struct render *render, const struct mime_part *part)
{
    parse_field(render, part->fields[MIME_FIELD_DISPOSITION]);
    if (render->value.word.len == 0) {
        buf_put_lit(render->out, "NIL");
        return;
    }
    buf_put_char(render->out, '(');
    put_lower(render, render->value.word);
    buf_put_char(render->out, ' ');
    put_params(render, false);
    buf_put_char(render->out, ')');
}

/* RFC 3282: tags divided by commas; comments left out. */
static void
put_languages(struct render *render, struct span text)
{
    struct buf *out = render->out;
    const size_t before = buf_len(out);

    while (text.len > 0 && room(render) > 0) {
        const ptrdiff_t comma = span_find_char(text, ',');
        struct span tag = span_head(text, comma < 0 ? text.len : (size_t)comma);
        text = span_tail(text, tag.len + 1);
        const ptrdiff_t comment = span_find_char(tag, '(');
        if (comment >= 0)
            tag.len = (size_t)comment;
        tag = span_trim(tag);
        if (tag.len == 0)
            continue;
        buf_put_char(out, buf_len(out) == before ? '(' : ' ');
        put_value(render, tag);
    }
    if (buf_len(out) == before)
        buf_put_lit(out, "NIL");
    else
        buf_put_char(out, ')');
}

/* disposition SP language SP location: the end of both kinds of extension data. */
static void
put_extension_end(struct render *render, const struct mime_part *part)
{
    put_disposition(render, part);
    buf_put_char(render->out, ' ');
    put_languages(render, part->fields[MIME_FIELD_LANGUAGE]);
    buf_put_char(render->out, ' ');
    mime_put_nstring(render->out, part->fields[MIME_FIELD_LOCATION], room(render));
}

static const char *const encoding_names[] = {
    [MIME_ENCODING_7BIT] = "\"7bit\"",     [MIME_ENCODING_8BIT] = "\"8bit\"",
    [MIME_ENCODING_BINARY] = "\"binary\"", [MIME_ENCODING_QP] = "\"quoted-printable\"",
    [MIME_ENCODING_BASE64] = "\"base64\"",
};

static void
put_encoding(struct render *render, const struct mime_part *part)
{
    if (part->encoding == MIME_ENCODING_UNKNOWN)
        put_lower(render, part->fields[MIME_FIELD_ENCODING]);
    else
        buf_put_str(render->out, encoding_names[part->encoding]);
}

static void
put_number(struct render *render, uint64_t number)
{
    buf_put_char(render->out, ' ');
    buf_put_u64(render->out, number);
}

/* type SP subtype SP params SP id SP description SP encoding SP octets */
static void
put_basic(struct render *render, const struct mime_part *part)
{
    struct buf *out = render->out;

    put_lower(render, part->type);
    buf_put_char(out, ' ');
    put_lower(render, part->subtype);
    buf_put_char(out, ' ');
    parse_field(render, part->fields[MIME_FIELD_TYPE]);
    put_params(render, mime_is_text(part));
    buf_put_char(out, ' ');
    mime_put_nstring(out, part->fields[MIME_FIELD_ID], room(render));
    buf_put_char(out, ' ');
    mime_put_nstring(out, part->fields[MIME_FIELD_DESCRIPTION], room(render));
    buf_put_char(out, ' ');
    put_encoding(render, part);
    put_number(render, part->body_size);
}

static void
put_stub(struct render *render, const struct mime_part *part)
{
    buf_put_lit(render->out, "(\"application\" \"octet-stream\" NIL NIL NIL \"7bit\"");
    put_number(render, part->body_size);
    buf_put_lit(render->out, " NIL NIL NIL NIL)");
}

static void put_part(struct render *render, const struct mime_part *part);

static void
put_multipart(struct render *render, const struct mime_part *part)
{
    struct buf *out = render->out;

    buf_put_char(out, '(');
    for (const struct mime_part *child = part->first_child; child; child = child->next)
        put_part(render, child);
    buf_put_char(out, ' ');
    if (room(render) == 0) {
        buf_put_lit(out, "\"mixed\" NIL NIL NIL NIL)");
        return;
    }
    put_lower(render, part->subtype);
    buf_put_char(out, ' ');
    parse_field(render, part->fields[MIME_FIELD_TYPE]);
    put_params(render, false);
    buf_put_char(out, ' ');
    put_extension_end(render, part);
    buf_put_char(out, ')');
}

/* What is in message/rfc822 and message/global is shown (RFC 9051 section 9, body-type-msg).
 * Clients that do not expect it of message/global are not sent it (adapt.h). */
static bool
has_envelope(const struct mime_part *part)
{
    return part->kind == MIME_MESSAGE &&
           (span_ieq(part->subtype, SPAN("rfc822")) || span_ieq(part->subtype, SPAN("global")));
}

static void
put_message(struct render *render, const struct mime_part *part)
{
    const struct mime_part *child = part->first_child;
    struct buf *out = render->out;

    buf_put_char(out, ' ');
    envelope_put_within(
        out, span_of(render->message.ptr + child->header_off, (size_t)child->header_size),
        room(render));
    buf_put_char(out, ' ');
    put_part(render, child);
    put_number(render, part->body_lines);
}

static void
put_part(struct render *render, const struct mime_part *part)
{
    if (part->kind == MIME_MULTIPART) {
        put_multipart(render, part);
        return;
    }
    if (room(render) == 0) {
        put_stub(render, part);
        return;
    }
    buf_put_char(render->out, '(');
    put_basic(render, part);
    if (has_envelope(part))
        put_message(render, part);
    else if (mime_is_text(part))
        put_number(render, part->body_lines);
    buf_put_char(render->out, ' ');
    mime_put_nstring(render->out, part->fields[MIME_FIELD_MD5], room(render));
    buf_put_char(render->out, ' ');
    put_extension_end(render, part);
    buf_put_char(render->out, ')');
}

void
bodystructure_put(struct buf *out, struct span message, const struct mime_part *root)
{
    struct render render;

    render.out = out;
    render.message = message;
    render.end = buf_len(out) + SOFT_END;
    arena_init(&render.arena, (size_t)LIMIT_HEADER_FIELD * 8);
    put_part(&render, root);
    arena_done(&render.arena);
}

/* --- BODY from BODYSTRUCTURE --- */

/* Copies what has been passed, leaves out the rest of this list, and passes its ')'. */
static bool
drop_extension(struct rendered *r)
{
    const char *const at = r->p;

    while (rendered_take(r, ' ')) {
        if (!rendered_value(r))
            return false;
    }
    rendered_cut(r, at);
    return rendered_take(r, ')');
}

static bool pass_body(struct rendered *r);

/* After "(", at a type: our own writer puts type and subtype in lower case. */
static bool
pass_single(struct rendered *r)
{
    const struct span text = span_of(r->p, (size_t)(r->end - r->p));
    const bool is_text = span_starts(text, SPAN("\"text\" "));
    const bool is_rfc822 = span_starts(text, SPAN("\"message\" \"rfc822\" "));
    const bool is_global = span_starts(text, SPAN("\"message\" \"global\" "));

    if (!rendered_word(r) || !rendered_values(r, 6))
        return false;
    /* One that is encoded has no envelope, nor have those of some older mail. */
    const bool is_message = is_rfc822 || (is_global && r->end - r->p > 1 && r->p[1] == '(');
    if (is_message && !(rendered_values(r, 1) && rendered_take(r, ' ') && pass_body(r)))
        return false;
    return (!is_text && !is_message) || rendered_values(r, 1);
}

static bool
pass_body(struct rendered *r)
{
    bool ok = rendered_take(r, '(') && ++r->depth <= LIMIT_MIME_DEPTH;

    if (ok && rendered_next_is(r, '(')) {
        while (ok && rendered_next_is(r, '('))
            ok = pass_body(r);
        ok = ok && rendered_values(r, 1);
    } else {
        ok = ok && pass_single(r);
    }
    r->depth--;
    return ok && drop_extension(r);
}

enum rc
bodystructure_put_basic(struct buf *out, struct span bodystructure)
{
    const size_t before = buf_len(out);
    struct rendered r = rendered_begin(bodystructure, out);

    if (bodystructure.len == 0 || !pass_body(&r) || r.p != r.end) {
        buf_truncate(out, before);
        return RC_CORRUPT;
    }
    buf_put_char(out, ')');
    return RC_OK;
}
