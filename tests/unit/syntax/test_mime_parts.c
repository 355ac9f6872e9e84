/* SPDX-License-Identifier: MIT */
/* Part numbers of RFC 3501 section 6.4.5's own example, table sizes, and damaged tables. */
#include "support/cm.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/rng.h"
#include "syntax/mail/mime_parts.h"

/* The shape that RFC 3501 section 6.4.5 numbers. */
static const char example[] =
    "Subject: top\r\nContent-Type: multipart/mixed; boundary=A\r\n\r\n"
    "--A\r\nContent-Type: text/plain\r\n\r\nONE\r\n"
    "--A\r\nContent-Type: application/octet-stream\r\n\r\nTWO\r\n"
    "--A\r\nContent-Type: message/rfc822\r\n\r\n"
    "Subject: three\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n"
    "--B\r\nContent-Type: text/plain\r\n\r\nTHREE.ONE\r\n"
    "--B\r\nContent-Type: application/octet-stream\r\n\r\nTHREE.TWO\r\n"
    "--B--\r\n"
    "--A\r\nContent-Type: multipart/mixed; boundary=C\r\n\r\n"
    "--C\r\nContent-Type: image/gif\r\n\r\nFOUR.ONE\r\n"
    "--C\r\nContent-Type: message/rfc822\r\n\r\n"
    "Subject: four.two\r\nContent-Type: multipart/mixed; boundary=D\r\n\r\n"
    "--D\r\nContent-Type: text/plain\r\n\r\nFOUR.TWO.ONE\r\n"
    "--D\r\nContent-Type: multipart/alternative; boundary=E\r\n\r\n"
    "--E\r\nContent-Type: text/plain\r\n\r\nFOUR.TWO.TWO.ONE\r\n"
    "--E\r\nContent-Type: text/richtext\r\n\r\nFOUR.TWO.TWO.TWO\r\n"
    "--E--\r\n--D--\r\n--C--\r\n--A--\r\n";

static const struct {
    uint32_t path[5];
    size_t path_len;
    enum mime_section_kind kind;
    const char *starts; /* NULL: there is no such section */
} sections[] = {
    {{0}, 0, MIME_SECTION_BODY, "Subject: top"},
    {{0}, 0, MIME_SECTION_HEADER, "Subject: top"},
    {{0}, 0, MIME_SECTION_TEXT, "--A\r\n"},
    {{1}, 1, MIME_SECTION_BODY, "ONE"},
    {{1}, 1, MIME_SECTION_MIME, "Content-Type: text/plain"},
    {{1}, 1, MIME_SECTION_HEADER, NULL},
    {{1, 1}, 2, MIME_SECTION_BODY, NULL},
    {{2}, 1, MIME_SECTION_BODY, "TWO"},
    {{3}, 1, MIME_SECTION_BODY, "Subject: three"},
    {{3}, 1, MIME_SECTION_HEADER, "Subject: three"},
    {{3}, 1, MIME_SECTION_TEXT, "--B\r\n"},
    {{3}, 1, MIME_SECTION_MIME, "Content-Type: message/rfc822"},
    {{3, 1}, 2, MIME_SECTION_BODY, "THREE.ONE"},
    {{3, 2}, 2, MIME_SECTION_BODY, "THREE.TWO"},
    {{3, 3}, 2, MIME_SECTION_BODY, NULL},
    {{4}, 1, MIME_SECTION_BODY, "--C\r\n"},
    {{4}, 1, MIME_SECTION_TEXT, NULL},
    {{4, 1}, 2, MIME_SECTION_BODY, "FOUR.ONE"},
    {{4, 1}, 2, MIME_SECTION_MIME, "Content-Type: image/gif"},
    {{4, 2}, 2, MIME_SECTION_HEADER, "Subject: four.two"},
    {{4, 2}, 2, MIME_SECTION_TEXT, "--D\r\n"},
    {{4, 2, 1}, 3, MIME_SECTION_BODY, "FOUR.TWO.ONE"},
    {{4, 2, 2}, 3, MIME_SECTION_BODY, "--E\r\n"},
    {{4, 2, 2, 1}, 4, MIME_SECTION_BODY, "FOUR.TWO.TWO.ONE"},
    {{4, 2, 2, 2}, 4, MIME_SECTION_BODY, "FOUR.TWO.TWO.TWO"},
    {{4, 2, 2, 2, 1}, 5, MIME_SECTION_BODY, NULL},
    {{5}, 1, MIME_SECTION_BODY, NULL},
    {{0}, 1, MIME_SECTION_BODY, NULL},
    {{0}, 0, MIME_SECTION_MIME, NULL},
};

static void
check_sections(const struct mime_part *root)
{
    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        struct mime_slice slice;
        const enum rc rc = mime_section_find(root, sections[i].path, sections[i].path_len,
                                             sections[i].kind, &slice);
        if (sections[i].starts == NULL) {
            assert_int_equal(rc, RC_NOT_FOUND);
            continue;
        }
        assert_int_equal(rc, RC_OK);
        assert_true(span_starts(span_of(example + slice.offset, (size_t)slice.size),
                                span_of_str(sections[i].starts)));
    }
}

static void
test_sections(void **state)
{
    struct mime_part *root;
    struct mime_part *copy;
    AUTO_ARENA arena = {0};
    AUTO_BUF table = {0};

    (void)state;
    arena_init(&arena, 1u << 20);
    buf_init(&table, 4096);
    assert_int_equal(mime_scan(span_of_str(example), &arena, &root), RC_OK);
    check_sections(root);
    mime_parts_encode(&table, root);
    assert_int_equal(mime_parts_decode(buf_span(&table), &arena, &copy), RC_OK);
    check_sections(copy);
}

/* A message that is not a multipart has part 1; one that is a message has parts below it. */
static void
test_single_parts(void **state)
{
    static const uint32_t ones[] = {1, 1};
    const struct span text = SPAN("A: b\r\n\r\nbody");
    const struct span wrapped = SPAN("Content-Type: message/rfc822\r\n\r\nA: b\r\n\r\nbody");
    struct mime_part *root;
    struct mime_slice slice;
    AUTO_ARENA arena = {0};

    (void)state;
    arena_init(&arena, 65536);
    assert_int_equal(mime_scan(text, &arena, &root), RC_OK);
    assert_int_equal(mime_section_find(root, ones, 1, MIME_SECTION_BODY, &slice), RC_OK);
    assert_int_equal(slice.offset, 8);
    assert_int_equal(mime_section_find(root, ones, 1, MIME_SECTION_MIME, &slice), RC_OK);
    assert_int_equal(slice.size, 8);
    assert_int_equal(mime_section_find(root, ones, 2, MIME_SECTION_BODY, &slice), RC_NOT_FOUND);

    assert_int_equal(mime_scan(wrapped, &arena, &root), RC_OK);
    assert_int_equal(mime_section_find(root, ones, 1, MIME_SECTION_HEADER, &slice), RC_OK);
    assert_int_equal(slice.size, 8);
    assert_int_equal(mime_section_find(root, ones, 2, MIME_SECTION_BODY, &slice), RC_OK);
    assert_int_equal(slice.size, 4);
}

static void
test_table_size(void **state)
{
    struct mime_part *root;
    AUTO_ARENA arena = {0};
    AUTO_BUF table = {0};

    (void)state;
    arena_init(&arena, 65536);
    buf_init(&table, 4096);
    assert_int_equal(mime_scan(SPAN("Content-Type: text/plain; charset=utf-8\r\n\r\nhello\r\n"),
                               &arena, &root),
                     RC_OK);
    mime_parts_encode(&table, root);
    assert_true(buf_len(&table) <= 8);
}

/* Whatever octets are in a table, what comes out is a tree that keeps its promises. */
static void
test_damaged_tables(void **state)
{
    struct mime_part *root;
    unsigned survived = 0;
    AUTO_ARENA arena = {0};
    AUTO_BUF table = {0};

    (void)state;
    arena_init(&arena, 1u << 20);
    buf_init(&table, 4096);
    assert_int_equal(mime_scan(span_of_str(example), &arena, &root), RC_OK);
    mime_parts_encode(&table, root);
    for (size_t len = 0; len < buf_len(&table); len++)
        assert_int_equal(mime_parts_decode(span_head(buf_span(&table), len), &arena, &root),
                         RC_CORRUPT);
    for (uint64_t seed = 1; seed <= 20000; seed++) {
        char copy[4096];
        struct rng rng;
        rng_seed(&rng, seed);
        memcpy(copy, buf_span(&table).ptr, buf_len(&table));
        copy[rng_below(&rng, buf_len(&table))] = (char)rng_below(&rng, 256);
        arena_reset(&arena);
        if (mime_parts_decode(span_of(copy, buf_len(&table)), &arena, &root) != RC_OK)
            continue;
        survived++;
        for (const struct mime_part *part = root; part != NULL; part = mime_part_after(part)) {
            assert_int_equal(part->body_off, part->header_off + part->header_size);
            if (part->parent != NULL)
                assert_true(part->header_off >= part->parent->body_off &&
                            part->body_off + part->body_size <=
                                part->parent->body_off + part->parent->body_size);
            assert_int_equal(part->kind == MIME_LEAF, part->first_child == NULL);
        }
    }
    assert_true(survived > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sections),
        cmocka_unit_test(test_single_parts),
        cmocka_unit_test(test_table_size),
        cmocka_unit_test(test_damaged_tables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
