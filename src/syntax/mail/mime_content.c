/* SPDX-License-Identifier: MIT */
/* Three tables of facts, and the walk from a field's value to the row that it names. */
#include "syntax/mail/mime_content.h"

#include "base/limits.h"
#include "syntax/mail/header.h"

enum {
    KEPT_OCTETS_MAX = 1024,                  /* of a boundary or charset that must be copied */
    SCRATCH_OCTETS = 8 * LIMIT_HEADER_FIELD, /* what parameters of one field may need */
};

static const struct {
    struct span name; /* after "content-" */
    enum mime_field field;
} content_fields[] = {
    {SPAN_INIT("type"), MIME_FIELD_TYPE},
    {SPAN_INIT("transfer-encoding"), MIME_FIELD_ENCODING},
    {SPAN_INIT("id"), MIME_FIELD_ID},
    {SPAN_INIT("description"), MIME_FIELD_DESCRIPTION},
    {SPAN_INIT("disposition"), MIME_FIELD_DISPOSITION},
    {SPAN_INIT("language"), MIME_FIELD_LANGUAGE},
    {SPAN_INIT("location"), MIME_FIELD_LOCATION},
    {SPAN_INIT("md5"), MIME_FIELD_MD5},
};

static const struct {
    struct span name;
    enum mime_encoding encoding;
} encodings[] = {
    {SPAN_INIT("7bit"), MIME_ENCODING_7BIT},
    {SPAN_INIT("8bit"), MIME_ENCODING_8BIT},
    {SPAN_INIT("binary"), MIME_ENCODING_BINARY},
    {SPAN_INIT("quoted-printable"), MIME_ENCODING_QP},
    {SPAN_INIT("base64"), MIME_ENCODING_BASE64},
};

/* The first row that fits counts; a NULL subtype fits all. */
static const struct {
    const char *type;
    const char *subtype;
    enum mime_media media;
    enum mime_kind kind;
} media_types[] = {
    {"text", "plain", MIME_MEDIA_TEXT_PLAIN, MIME_LEAF},
    {"text", "html", MIME_MEDIA_TEXT_HTML, MIME_LEAF},
    {"text", "calendar", MIME_MEDIA_CALENDAR, MIME_LEAF},
    {"text", NULL, MIME_MEDIA_TEXT_OTHER, MIME_LEAF},
    {"multipart", "alternative", MIME_MEDIA_MULTIPART_ALTERNATIVE, MIME_MULTIPART},
    {"multipart", NULL, MIME_MEDIA_MULTIPART, MIME_MULTIPART},
    {"message", "rfc822", MIME_MEDIA_MESSAGE, MIME_MESSAGE},
    {"message", "global", MIME_MEDIA_MESSAGE, MIME_MESSAGE},
    {"image", NULL, MIME_MEDIA_IMAGE, MIME_LEAF},
    {"audio", NULL, MIME_MEDIA_AUDIO, MIME_LEAF},
    {"video", NULL, MIME_MEDIA_VIDEO, MIME_LEAF},
};

static void
set_media(struct mime_part *part)
{
    part->kind = MIME_LEAF;
    part->media = MIME_MEDIA_OTHER;
    for (size_t i = 0; i < ARRAY_LEN(media_types); i++) {
        if (span_ieq_str(part->type, media_types[i].type) &&
            (media_types[i].subtype == NULL ||
             span_ieq_str(part->subtype, media_types[i].subtype))) {
            part->media = media_types[i].media;
            part->kind = media_types[i].kind;
            return;
        }
    }
}

void
mime_content_set_type(struct mime_part *part, const char *type, const char *subtype)
{
    part->type = span_of_str(type);
    part->subtype = span_of_str(subtype);
    set_media(part);
}

/* RFC 2046 section 5.1.5: in a digest the default is an enclosed message. */
static bool
is_in_digest(const struct mime_part *part)
{
    return part->parent != NULL && part->parent->kind == MIME_MULTIPART &&
           span_ieq_str(part->parent->subtype, "digest");
}

void
mime_content_note(struct mime_part *part, struct span name, const char *end)
{
    const struct span prefix = SPAN("content-");

    if (name.len <= prefix.len || ascii_lower(*name.ptr) != 'c' || !span_istarts(name, prefix))
        return;
    const struct span rest = span_tail(name, prefix.len);
    for (size_t i = 0; i < ARRAY_LEN(content_fields); i++) {
        struct span *slot = &part->fields[content_fields[i].field];
        if (slot->ptr == NULL && span_ieq(rest, content_fields[i].name))
            *slot = header_field_value(name, end);
    }
}

/*
 * The parameter called name of reader->value, which is a value of text: borrowed from it, or,
 * where it had to be changed and so is in the scratch, copied into the tree's arena. What is
 * longer then than any boundary or charset is left out.
 */
static enum rc
keep_param(struct mime_content_reader *reader, struct span text, const char *name,
           struct span *out)
{
    struct span value;

    if (mime_value_param_octets(&reader->value, name, &reader->scratch, &value) != RC_OK)
        return RC_LIMIT;
    if (value.ptr == NULL)
        return RC_OK;
    if (value.ptr < text.ptr || value.ptr > text.ptr + text.len) {
        if (value.len > KEPT_OCTETS_MAX)
            return RC_OK;
        value = arena_span(reader->arena, value);
        if (value.ptr == NULL)
            return RC_LIMIT;
    }
    *out = value;
    return RC_OK;
}

/* An absent or unreadable type is text/plain (RFC 2045 section 5.2). */
static enum rc
read_type(struct mime_content_reader *reader, struct mime_part *part, struct span *boundary_out)
{
    const struct span text = part->fields[MIME_FIELD_TYPE];
    const struct mime_value *value = &reader->value;

    if (text.ptr == NULL) {
        if (is_in_digest(part))
            mime_content_set_type(part, "message", "rfc822");
        else
            mime_content_set_type(part, "text", "plain");
        return RC_OK;
    }
    if (mime_value_parse(text, &reader->scratch, &reader->value) != RC_OK)
        return RC_LIMIT;
    if (value->word.len == 0 || value->subword.len == 0) {
        mime_content_set_type(part, "text", "plain");
    } else {
        part->type = value->word;
        part->subtype = value->subword;
        set_media(part);
    }
    if (part->kind == MIME_MULTIPART)
        return keep_param(reader, text, "boundary", boundary_out);
    return mime_is_text(part) ? keep_param(reader, text, "charset", &part->charset) : RC_OK;
}

static enum rc
read_encoding(struct mime_content_reader *reader, struct mime_part *part)
{
    const struct span text = part->fields[MIME_FIELD_ENCODING];
    const struct mime_value *value = &reader->value;

    if (text.ptr == NULL)
        return RC_OK;
    if (mime_value_parse(text, &reader->scratch, &reader->value) != RC_OK)
        return RC_LIMIT;
    part->encoding = value->word.len == 0 ? MIME_ENCODING_7BIT : MIME_ENCODING_UNKNOWN;
    for (size_t i = 0; i < ARRAY_LEN(encodings); i++) {
        if (span_ieq(value->word, encodings[i].name))
            part->encoding = encodings[i].encoding;
    }
    return RC_OK;
}

static enum rc
read_disposition(struct mime_content_reader *reader, struct mime_part *part)
{
    const struct span text = part->fields[MIME_FIELD_DISPOSITION];

    if (text.ptr == NULL)
        return RC_OK;
    if (mime_value_parse(text, &reader->scratch, &reader->value) != RC_OK)
        return RC_LIMIT;
    part->is_attachment = span_ieq_str(reader->value.word, "attachment");
    return RC_OK;
}

/* RFC 6532 section 3.7: message/global may have a transfer encoding, and its parts cannot be
 * seen then. Of message/rfc822 an encoding is no more than a false label (RFC 2046
 * section 5.2.1). */
static bool
is_encoded(const struct mime_part *part)
{
    return part->encoding >= MIME_ENCODING_QP && !span_ieq_str(part->subtype, "rfc822");
}

enum rc
mime_content_read(struct mime_content_reader *reader, struct mime_part *part,
                  struct span *boundary_out)
{
    enum rc rc = read_type(reader, part, boundary_out);

    if (rc == RC_OK)
        rc = read_encoding(reader, part);
    if (part->kind == MIME_MESSAGE && is_encoded(part)) {
        part->kind = MIME_LEAF;
        part->media = MIME_MEDIA_OTHER;
    }
    if (rc == RC_OK)
        rc = read_disposition(reader, part);
    arena_reset(&reader->scratch);
    return rc;
}

void
mime_content_reader_init(struct mime_content_reader *reader, struct arena *arena)
{
    reader->arena = arena; /* value is written before it is read */
    arena_init(&reader->scratch, SCRATCH_OCTETS);
}

void
mime_content_reader_done(struct mime_content_reader *reader)
{
    arena_done(&reader->scratch);
}
