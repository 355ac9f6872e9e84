/* SPDX-License-Identifier: MIT */
/* A function for each promise. CHECK ends the process at the first one that is broken. */
#include "support/mail_check.h"

#include "base/check.h"
#include "base/limits.h"
#include "support/imap_check.h"
#include "syntax/imap/mbox_name.h"
#include "syntax/mail/adapt.h"
#include "syntax/mail/bodystructure.h"
#include "syntax/mail/envelope.h"
#include "syntax/mail/header.h"
#include "syntax/mail/mime_parts.h"
#include "syntax/mail/mime_scan.h"
#include "syntax/mail/search/mime_search.h"
#include "syntax/mail/rfc5322_summary.h"

struct subject {
    struct span message;
    const struct mime_part *root;
    unsigned parts_seen;
    unsigned stand_ins; /* parts that are shown without existing */
};

static uint64_t
count_lines(struct span text)
{
    uint64_t lines = 0;

    for (size_t i = 0; i < text.len; i++)
        lines += text.ptr[i] == '\n';
    return lines;
}

static struct span
slice(const struct subject *s, uint64_t offset, uint64_t size)
{
    CHECK(offset <= s->message.len && size <= s->message.len - offset);
    return span_of(s->message.ptr + offset, (size_t)size);
}

static uint64_t
part_end(const struct mime_part *part)
{
    return part->body_off + part->body_size;
}

static void
check_children(const struct subject *s, const struct mime_part *part)
{
    const struct mime_part *child = part->first_child;

    if (part->kind == MIME_LEAF) {
        CHECK(child == NULL);
        return;
    }
    CHECK(child != NULL);
    if (part->kind == MIME_MESSAGE) {
        CHECK(child->next == NULL);
        CHECK(child->header_off == part->body_off);
        CHECK(part_end(child) == part_end(part));
        return;
    }
    uint64_t at = part->body_off;
    for (; child != NULL; child = child->next) {
        CHECK(child->parent == part);
        CHECK(child->header_off >= at);
        /* What precedes a part ends with its delimiter, unless the part is everything. */
        const struct span gap = slice(s, at, child->header_off - at);
        if (gap.len > 0)
            CHECK(span_find(gap, SPAN("--")) >= 0);
        else
            CHECK(part->first_child == child && child->next == NULL);
        at = part_end(child);
    }
    CHECK(at <= part_end(part));
}

static void
check_tree(const struct subject *s)
{
    unsigned count = 0;

    CHECK(s->root->header_off == 0);
    CHECK(part_end(s->root) == s->message.len);
    CHECK(s->root->header_size == header_size(s->message));
    for (const struct mime_part *part = s->root; part != NULL; part = mime_part_after(part)) {
        CHECK(part->body_off == part->header_off + part->header_size);
        CHECK(part->body_lines == count_lines(slice(s, part->body_off, part->body_size)));
        check_children(s, part);
        count++;
    }
    CHECK(count <= LIMIT_MIME_PARTS);
}

static void
check_table(const struct subject *s)
{
    struct mime_part *copy;
    AUTO_ARENA arena = {0};
    AUTO_BUF table = {0};

    arena_init(&arena, 64u << 20);
    buf_init(&table, 1u << 20);
    mime_parts_encode(&table, s->root);
    CHECK(buf_ok(&table));
    CHECK(mime_parts_decode(buf_span(&table), &arena, &copy) == RC_OK);
    const struct mime_part *b = copy;
    for (const struct mime_part *a = s->root; a != NULL; a = mime_part_after(a)) {
        CHECK(b != NULL);
        CHECK(a->header_off == b->header_off);
        CHECK(a->body_off == b->body_off);
        CHECK(a->body_size == b->body_size);
        CHECK(a->body_lines == b->body_lines);
        CHECK(a->kind == b->kind);
        CHECK(a->media == b->media);
        CHECK(a->encoding == b->encoding);
        CHECK(a->is_attachment == b->is_attachment);
        if (a->charset.len <= 64)
            CHECK(span_ieq(a->charset, b->charset));
        b = mime_part_after(b);
    }
    CHECK(b == NULL);
}

static struct span
section(const struct subject *s, const uint32_t *path, size_t path_len,
        enum mime_section_kind kind)
{
    struct mime_slice found;

    CHECK(mime_section_find(s->root, path, path_len, kind, &found) == RC_OK);
    return slice(s, found.offset, found.size);
}

static void
see_part(void *ctx, const struct check_part *part)
{
    struct subject *s = ctx;

    if (part->is_multipart)
        return;
    struct mime_slice found;
    /* An encoded message/global cannot be opened: an empty message stands for what is in it. */
    if (mime_section_find(s->root, part->path, part->path_len, MIME_SECTION_BODY, &found) ==
        RC_NOT_FOUND) {
        CHECK(part->octets == 0 && part->lines == 0);
        s->parts_seen++;
        s->stand_ins++;
        return;
    }
    const struct span body = section(s, part->path, part->path_len, MIME_SECTION_BODY);
    CHECK(part->octets == body.len);
    /* If it is shown as a leaf, its lines are no longer known. */
    if (part->has_lines && !(part->is_global && part->lines == 0))
        CHECK(part->lines == count_lines(body));
    s->parts_seen++;
}

/* A message/global may be shown as a leaf, and then what is in it is not shown. */
static bool
is_shown(const struct mime_part *part)
{
    for (part = part->parent; part != NULL; part = part->parent)
        if (part->kind == MIME_MESSAGE && !span_ieq(part->subtype, SPAN("rfc822")))
            return false;
    return true;
}

static bool
is_ascii(struct span text)
{
    return !adapt_is_due(text, ADAPT_TO_ASCII);
}

/* The only 8-bit octets left are in values that are not UTF-8. */
static void
check_ascii(struct span stored, struct span told)
{
    if (utf8_is_valid(stored))
        CHECK(is_ascii(told));
}

static void
check_envelope(const struct subject *s)
{
    AUTO_BUF stored = {0};
    AUTO_BUF told = {0};

    buf_init(&stored, (size_t)2 * LIMIT_ENVELOPE);
    buf_init(&told, (size_t)16 * LIMIT_ENVELOPE);
    envelope_put(&stored, slice(s, 0, s->root->header_size));
    CHECK(buf_ok(&stored));
    CHECK(imap_check_envelope(buf_span(&stored)));
    CHECK(adapt_envelope(&told, buf_span(&stored), ADAPT_TO_ASCII) == RC_OK && buf_ok(&told));
    CHECK(imap_check_envelope(buf_span(&told)));
    check_ascii(buf_span(&stored), buf_span(&told));
    if (is_ascii(buf_span(&stored)))
        CHECK(span_eq(buf_span(&stored), buf_span(&told)));
}

/* Checks the structure as told to a client of IMAP4rev1 and to one of IMAP4rev2. */
static void
check_structure(struct subject *s, struct span stored, unsigned how, enum check_global global)
{
    AUTO_BUF told = {0};
    AUTO_BUF basic = {0};
    unsigned parts = 0;

    buf_init(&told, (size_t)16 * LIMIT_BODYSTRUCTURE);
    buf_init(&basic, LIMIT_BODYSTRUCTURE);
    CHECK(adapt_body(&told, stored, how) == RC_OK && buf_ok(&told));
    s->parts_seen = 0;
    s->stand_ins = 0;
    CHECK(imap_check_body(buf_span(&told), CHECK_BODYSTRUCTURE, global, see_part, s));
    for (const struct mime_part *part = s->root; part != NULL; part = mime_part_after(part))
        parts +=
            part->kind != MIME_MULTIPART && (global == CHECK_GLOBAL_MESSAGE || is_shown(part));
    CHECK(parts + s->stand_ins == s->parts_seen);
    if ((how & ADAPT_TO_ASCII) != 0)
        check_ascii(stored, buf_span(&told));

    CHECK(bodystructure_put_basic(&basic, stored) == RC_OK && buf_ok(&basic));
    buf_clear(&told);
    CHECK(adapt_body(&told, buf_span(&basic), how) == RC_OK && buf_ok(&told));
    CHECK(imap_check_body(buf_span(&told), CHECK_BODY, global, NULL, NULL));
}

static void
check_rendering(struct subject *s)
{
    AUTO_BUF stored = {0};

    check_envelope(s);
    buf_init(&stored, LIMIT_BODYSTRUCTURE);
    bodystructure_put(&stored, s->message, s->root);
    CHECK(buf_ok(&stored));
    check_structure(s, buf_span(&stored), ADAPT_TO_ASCII | ADAPT_GLOBAL_CLOSED,
                    CHECK_GLOBAL_LEAF);
    check_structure(s, buf_span(&stored), ADAPT_GLOBAL_OPEN, CHECK_GLOBAL_MESSAGE);
}

/* Each message, including enclosed ones, consists of its header and its text. */
static void
check_sections(const struct subject *s)
{
    const struct span whole = section(s, NULL, 0, MIME_SECTION_BODY);
    const struct span header = section(s, NULL, 0, MIME_SECTION_HEADER);
    const struct span text = section(s, NULL, 0, MIME_SECTION_TEXT);

    CHECK(span_eq(whole, s->message));
    CHECK(header.ptr + header.len == text.ptr);
    CHECK(header.len + text.len == whole.len);
}

static void
check_header(struct span block)
{
    static const struct span wanted[] = {SPAN_INIT("Subject"), SPAN_INIT("to"),
                                         SPAN_INIT("RECEIVED"), SPAN_INIT("Content-Type")};
    struct header_names names;
    struct header_iter iter;
    struct header_field field;
    const char *at = block.ptr;
    size_t marks = 0; /* octets of byte order marks, which no filter returns */
    AUTO_ARENA arena = {0};
    AUTO_BUF yes = {0};
    AUTO_BUF no = {0};

    header_iter_init(&iter, block);
    while (header_next(&iter, &field)) {
        CHECK(field.raw.ptr == at);
        at += field.raw.len;
        if (field.name.len + field.value.len == 0 && span_eq(field.raw, SPAN("\xEF\xBB\xBF")))
            marks += field.raw.len;
    }
    CHECK((size_t)(at - block.ptr) + iter.blank.len == block.len);

    arena_init(&arena, 4096);
    buf_init(&yes, block.len + 1);
    buf_init(&no, block.len + 1);
    CHECK(header_names_init(&names, &arena, wanted, ARRAY_LEN(wanted)) == RC_OK);
    header_filter(&yes, block, &names, HEADER_FIELDS);
    header_filter(&no, block, &names, HEADER_FIELDS_NOT);
    CHECK(buf_len(&yes) + buf_len(&no) + marks == block.len + iter.blank.len);
}

static void
search_in_steps(struct mime_search *search, const struct subject *s, size_t step)
{
    uint64_t offset;

    mime_search_begin(search, s->root);
    while (mime_search_wants(search, &offset)) {
        CHECK(offset < s->message.len);
        mime_search_feed(search, span_head(span_tail(s->message, (size_t)offset), step));
    }
}

static void
check_search(const struct subject *s)
{
    static const struct mime_needle needles[] = {
        {SPAN_INIT("HELLO, world"), MIME_SCOPE_BODY, MIME_EXACT},
        {SPAN_INIT("the"), MIME_SCOPE_TEXT, MIME_EXACT},
        {SPAN_INIT("J\xC3\x96RG"), MIME_SCOPE_TEXT, MIME_EXACT},
        {SPAN_INIT("zzzzzz"), MIME_SCOPE_BODY, MIME_EXACT},
        {SPAN_INIT("\xC3\xA4"), MIME_SCOPE_BODY, MIME_EXACT},
        {SPAN_INIT("efgh"), MIME_SCOPE_TEXT, MIME_EXACT},
        {SPAN_INIT("content-type: text"), MIME_SCOPE_BODY, MIME_EXACT},
        {SPAN_INIT("hello wrold"), MIME_SCOPE_TEXT, MIME_FUZZY_BEST},
        {SPAN_INIT("the"), MIME_SCOPE_BODY, MIME_FUZZY_BEST},
    };
    static const size_t steps[] = {1, 7, 100};
    unsigned whole[ARRAY_LEN(needles)];
    struct mime_search search;
    AUTO_ARENA arena = {0};

    arena_init(&arena, 65536);
    CHECK(mime_search_init(&search, &arena, needles, ARRAY_LEN(needles)) == RC_OK);
    search_in_steps(&search, s, SIZE_MAX);
    for (size_t i = 0; i < ARRAY_LEN(needles); i++)
        whole[i] = mime_search_score(&search, i);
    for (size_t k = s->message.len > 20000 ? 2 : 0; k < ARRAY_LEN(steps); k++) {
        search_in_steps(&search, s, steps[k]);
        for (size_t i = 0; i < ARRAY_LEN(needles); i++)
            CHECK(whole[i] == mime_search_score(&search, i));
    }
    CHECK(!mime_search_failed(&search));
    mime_search_done(&search);
}

void
mail_check(struct span message)
{
    struct rfc5322_summary summary;
    struct mime_part *root;
    AUTO_ARENA arena = {0};

    arena_init(&arena, 64u << 20);
    CHECK(mime_scan(message, &arena, &root) == RC_OK);
    struct subject s = {.message = message, .root = root};
    check_tree(&s);
    check_table(&s);
    check_sections(&s);
    check_rendering(&s);
    for (const struct mime_part *part = root; part != NULL; part = mime_part_after(part))
        check_header(slice(&s, part->header_off, part->header_size));
    check_search(&s);
    CHECK(rfc5322_summary(slice(&s, 0, root->header_size), &arena, &summary) == RC_OK);
}
