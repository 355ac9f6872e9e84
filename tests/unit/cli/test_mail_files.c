/* SPDX-License-Identifier: MIT */
/* Pure parts of reading and writing mail files: dates, dividers, names, marks, limits. */
#include "base/limits.h"
#include "cli/mail/copies.h"
#include "cli/mail/eml.h"
#include "cli/mail/from_date.h"
#include "cli/mail/level.h"
#include "cli/mail/maildir.h"
#include "cli/mail/mbox.h"
#include "cli/mail/source.h"
#include "cli/mail/unpack.h"
#include "cli/mail/unpack_lz4.h"
#include "support/cm.h"
#include "support/tmpdir.h"
#include "syntax/imap/flags.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <lz4.h>
#include <lz4frame.h>
#include <zlib.h>

static void
test_from_dates(void **state)
{
    static const struct {
        const char *line;
        int64_t when; /* -1: no date */
    } rows[] = {
        {"From a@b Thu Oct 28 17:00:38 2004", 1098982838},
        {"From a@b  Thu Oct  7 17:00:38 2004", 1097168438},
        {"From 1@xxx Tue Mar 11 01:31:25 +0000 2025", 1741656685},
        {"From a b c Thu Oct 28 17:00:38 CEST 2004", 1098975638},
        {"From a@b Thu Oct 28 17:00:38 MET DST 2004", 1098975638},
        {"From a@b Thu, 28 Oct 2004 17:00:38 -0400", 1098997238},
        {"From a@b Thu, 28 Oct 2004 17:00:38 -0400 (EDT)", 1098997238},
        {"From a@b 2004-10-28 17:00:38", 1098982838},
        {"From a@b 2004-10-28T17:00:38.123Z", 1098982838},
        {"From a@b Thu Oct 28 17:00:38 2004 remote from host", 1098982838},
        {"From a@b Thursday Oct 28 17:00 2004", 1098982800},
        {"From Thu Oct 28 17:00:38 2004", 1098982838},
        {"From a@b Sun Feb 29 00:00:00 2004", 1078012800},
        {"From a@b Sun Feb 29 00:00:00 2003", -1},
        {"From a@b Sun Feb 29 00:00:00 1900", -1},
        {"From a@b Thu Oct 32 17:00:38 2004", -1},
        {"From a@b Thu Oct 28 24:00:00 2004", -1},
        {"From a@b Thu Oct 28 2004", -1},
        {"From a@b Thu Oct 28 17:00:38", -1},
        {"From a@b Thu Oct 28 17:00:38 2004 we met", -1},
        {"From now on, 28 Oct 2004 is a day", -1},
        {"From here on it is text", -1},
        {"From ", -1},
        {"Thu Oct 28 17:00:38 2004", -1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t when = -1;
        const bool has = from_line_date(span_of_str(rows[i].line), &when);
        if (has != (rows[i].when >= 0) || (has && when != rows[i].when))
            fail_msg("%s: %d %jd", rows[i].line, has, (intmax_t)when);
    }
}

/* Junk before the first message: LIMIT_MBOX_JUNK octets at most. */
static void
test_junk_before_an_mbox(void **state)
{
    static const size_t sizes[] = {1, LIMIT_MBOX_JUNK - 1, LIMIT_MBOX_JUNK, LIMIT_MBOX_JUNK + 1,
                                   LIMIT_MBOX_JUNK * 16};
    static const char box[] = "From a@b Thu Oct 28 17:00:38 2004\nSubject: x\n\nb\n";

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        AUTO_BUF text = {0};
        struct span rest;
        buf_init(&text, sizes[i] + sizeof box);
        while (buf_len(&text) + 1 < sizes[i])
            buf_put_char(&text, 'j');
        buf_put_char(&text, '\n');
        buf_put_str(&text, box);
        const bool is_mbox = mbox_begins(buf_span(&text), MBOX_BY_CONTENT, &rest);
        assert_int_equal(is_mbox, sizes[i] <= LIMIT_MBOX_JUNK);
        if (is_mbox)
            assert_int_equal(rest.len, sizeof box - 1);
    }
    struct span rest;
    const struct span message = SPAN("Subject: x\n\nFrom a@b Thu Oct 28 17:00:38 2004\nA: b\n");
    assert_false(mbox_begins(message, MBOX_BY_CONTENT, &rest)); /* a message with such text */
    assert_true(mbox_begins(message, MBOX_BY_NAME, &rest));
}

/* What is compressed may be LIMIT_MAIL_UNPACKED octets; the buffer's maximum holds it. */
static void
test_unpacking_is_bounded(void **state)
{
    enum { SIZE = 1 << 20 };
    char *plain = calloc(1, SIZE);
    uLongf packed_len = compressBound(SIZE) + 32;
    unsigned char *packed = malloc(packed_len);
    z_stream z = {0};

    (void)state;
    assert_true(plain != NULL && packed != NULL);
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (unsigned char *)plain;
    z.avail_in = SIZE;
    z.next_out = packed;
    z.avail_out = (unsigned)packed_len;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    const struct span data = span_of(packed, z.total_out);
    deflateEnd(&z);
    assert_true(unpack_is_needed(data));
    const size_t room[] = {SIZE / 4, SIZE - 1, SIZE * 2};
    for (size_t i = 0; i < ARRAY_LEN(room); i++) {
        AUTO_BUF out = {0};
        struct err err = {.rc = RC_OK};
        buf_init(&out, room[i]);
        const enum rc rc = unpack(&out, data, &err);
        assert_int_equal(rc, room[i] < SIZE ? RC_LIMIT : RC_OK);
        assert_true(rc != RC_OK || buf_len(&out) == SIZE);
    }
    for (size_t len = 3; len < data.len; len += 7) { /* cut off anywhere */
        AUTO_BUF out = {0};
        buf_init(&out, LIMIT_MAIL_UNPACKED);
        assert_int_equal(unpack(&out, span_head(data, len), NULL), RC_INVALID);
    }
    free(plain);
    free(packed);
}

/* A text in LZ4, of which every part is damaged, and for which there may be too little room. */
static void
assert_lz4(struct span packed, struct span plain, const size_t *whole_until, size_t wholes)
{
    AUTO_BUF out = {0};
    AUTO_BUF small = {0};

    buf_init(&out, 2 << 20);
    buf_init(&small, plain.len - 1);
    assert_true(unpack_is_needed(packed));
    assert_int_equal(unpack(&out, packed, NULL), RC_OK);
    assert_true(span_eq(buf_span(&out), plain));
    assert_int_equal(unpack(&small, packed, NULL), RC_LIMIT);
    for (size_t len = 15; len < packed.len; len++) {
        bool is_whole = false; /* a chunk ends there, and nothing says that more must follow */
        for (size_t i = 0; i < wholes; i++)
            is_whole |= len == whole_until[i];
        buf_clear(&out);
        assert_int_equal(unpack(&out, span_head(packed, len), NULL),
                         is_whole ? RC_OK : RC_INVALID);
    }
}

static void
test_lz4(void **state)
{
    enum { CHUNK = 3000, CHUNKS = 3 };
    static const char head[] = LZ4_DOVECOT_MAGIC "\0\1\0\0";
    AUTO_BUF plain = {0};
    AUTO_BUF packed = {0};
    char block[LZ4_COMPRESSBOUND(CHUNK)];
    char frame[2 * CHUNK * CHUNKS];
    size_t ends[CHUNKS + 1];

    (void)state;
    buf_init(&plain, 1 << 20);
    buf_init(&packed, 1 << 20);
    for (unsigned n = 0; buf_len(&plain) < (size_t)CHUNK * CHUNKS; n++)
        buf_printf(&plain, "line %u of a message that repeats itself\n", n * n % 1000);
    buf_truncate(&plain, (size_t)CHUNK * CHUNKS);
    const struct span text = buf_span(&plain);
    buf_put(&packed, head, sizeof head - 1);
    for (size_t n = 0; n < CHUNKS; n++) {
        ends[n] = buf_len(&packed);
        const int octets =
            LZ4_compress_default(text.ptr + n * CHUNK, block, CHUNK, sizeof block);
        const uint8_t length[4] = {0, 0, (uint8_t)(octets >> 8), (uint8_t)octets};
        assert_true(octets > 0);
        buf_put(&packed, length, 4);
        buf_put(&packed, block, (size_t)octets);
    }
    assert_lz4(buf_span(&packed), text, ends, CHUNKS);
    const size_t octets = LZ4F_compressFrame(frame, sizeof frame, text.ptr, text.len, NULL);
    assert_false(LZ4F_isError(octets));
    assert_lz4(span_of(frame, octets), text, NULL, 0);
    /* A chunk of more than the header allows. */
    buf_clear(&packed);
    buf_put(&packed,
            LZ4_DOVECOT_MAGIC "\0\0\0\2\0\0\0\4\x30"
                              "abc",
            sizeof(LZ4_DOVECOT_MAGIC) - 1 + 12);
    AUTO_BUF out = {0};
    buf_init(&out, 4096);
    assert_int_equal(unpack(&out, buf_span(&packed), NULL), RC_INVALID);
}

/* A file that is too large to be read as a whole becomes shorter while it is read, and perhaps
 * as large again: that is told, and nothing else ends. */
static void
cut_while_read(off_t left, bool grows)
{
    enum { MESSAGES = 70, BODY = 1 << 20 };
    struct tmpdir dir;
    struct mail_source *source = NULL;
    struct mail_item item;
    struct err err = {.rc = RC_OK};
    const struct timespec long_ago[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    char *body = malloc(BODY);

    tmpdir_make(&dir);
    char *path = strdup(tmpdir_file(&dir, "large.mbox"));
    FILE *file = fopen(path, "w");
    assert_true(body != NULL && path != NULL && file != NULL);
    memset(body, 'x', BODY);
    body[BODY - 1] = '\n';
    for (int i = 0; i < MESSAGES; i++) {
        fprintf(file, "From a@b Thu Oct 28 17:00:38 2004\nSubject: %d\n\n", i);
        assert_int_equal(fwrite(body, 1, BODY, file), BODY);
        fputc('\n', file);
    }
    const off_t octets = ftello(file);
    fclose(file);
    /* Times are not exact: what was written long ago has another one than what is written
     * now. */
    assert_int_equal(utimensat(AT_FDCWD, path, long_ago, 0), 0);
    assert_ok(mail_source_open(&path, 1, NULL, &source, &err));
    assert_ok(mail_source_next(source, &item, &err));
    assert_int_equal(item.kind, MAIL_MESSAGE);
    assert_int_equal(truncate(path, left), 0);
    if (grows)
        assert_int_equal(truncate(path, octets), 0);
    assert_ok(mail_source_next(source, &item, &err));
    assert_int_equal(item.kind, MAIL_TROUBLE);
    assert_non_null(strstr(item.why, "changed while it was read"));
    assert_true(item.line > 0);
    assert_int_equal(mail_source_next(source, &item, &err), RC_NOT_FOUND);
    mail_source_close(source);
    free(path);
    free(body);
    tmpdir_remove(&dir);
}

static void
test_files_that_change(void **state)
{
    (void)state;
    for (int grows = 0; grows < 2; grows++) {
        cut_while_read(0, grows);
        cut_while_read(3 << 20, grows);
        cut_while_read((3 << 20) + 5, grows); /* within a page */
    }
}

static void
test_levels_there_and_back(void **state)
{
    static const char *const names[] = {
        "Work",  "Entwürfe", "R&D",  "R&-D",       "a b", "v1.2", "cur",    "~x",      "..",
        "x.sbd", "x.mbox",   "x.gz", "&ZeVnLIqe-", "&",   "-",    "日本語", ".hidden", "a~b"};
    static const enum level_of kinds[] = {LEVEL_OF_FOLDER, LEVEL_OF_FILE, LEVEL_OF_SUBFOLDER};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
            AUTO_BUF file = {0};
            AUTO_BUF back = {0};
            const struct span name = span_of_str(names[i]);
            buf_init(&file, 4096);
            buf_init(&back, 4096);
            if (!level_put(&file, name, kinds[k])) {
                assert_int_equal(buf_len(&file), 0);
                level_put_similar(&file, name, kinds[k], 2);
                assert_true(level_read(&back, buf_span(&file), kinds[k]));
                continue;
            }
            assert_true(level_read(&back, buf_span(&file), kinds[k]));
            assert_true(span_eq(buf_span(&back), name));
            assert_true(kinds[k] == LEVEL_OF_SUBFOLDER || buf_span(&file).ptr[0] != '.');
        }
    AUTO_BUF out = {0};
    buf_init(&out, 4096);
    assert_false(level_read(&out, SPAN("f\xfcr"), LEVEL_OF_FOLDER));
    assert_false(level_read(&out, SPAN(".a..b"), LEVEL_OF_SUBFOLDER));
    assert_false(level_read(&out, SPAN(""), LEVEL_OF_FOLDER));
    assert_true(level_read(&out, SPAN(".Entw&APw-rfe.2024"), LEVEL_OF_SUBFOLDER));
    assert_true(span_eq_str(buf_span(&out), "Entwürfe/2024"));
}

static void
test_maildir_names(void **state)
{
    struct maildir_keywords keywords;
    struct mail_marks marks;

    (void)state;
    maildir_keywords_read(SPAN("0 $label1\n25 last\n26 beyond\nno line\n1\n-1 x\n2 b\r\n"),
                          &keywords);
    mail_marks_init(&marks);
    maildir_marks_read("1.x,S=5:2,FSPacz", &keywords, &marks);
    assert_int_equal(marks.flags, IMAP_FLAG_FLAGGED | IMAP_FLAG_SEEN);
    assert_true(span_eq_str(buf_span(&marks.keywords), "$Forwarded $label1 b last "));
    mail_marks_clear(&marks);
    maildir_marks_read("1.x:2,S:2,T", NULL, &marks); /* the last one counts */
    assert_int_equal(marks.flags, IMAP_FLAG_DELETED);
    mail_marks_clear(&marks);
    maildir_marks_read("1.x", &keywords, &marks);
    assert_int_equal(marks.flags, 0);
    assert_int_equal(maildir_base("1.x:2,S"), 3);
    assert_int_equal(maildir_base("1.x"), 3);
    /* More keywords than a message may have do no harm. */
    for (unsigned i = 0; i < LIMIT_KEYWORDS * 4; i++) {
        char name[LIMIT_KEYWORD_OCTETS + 1];
        memset(name, 'k', sizeof name);
        (void)snprintf(name, sizeof name, "%0*u", (int)LIMIT_KEYWORD_OCTETS, i);
        mail_marks_add(&marks, span_of_str(name));
    }
    assert_true(buf_len(&marks.keywords) <= LIMIT_KEYWORDS * (LIMIT_KEYWORD_OCTETS + 1));
    mail_marks_done(&marks);
}

static void
test_subscriptions(void **state)
{
    struct subscriptions subs;
    AUTO_BUF name = {0};

    (void)state;
    buf_init(&name, 4096);
    subscriptions_begin(&subs, SPAN("V\t2\n\na\tb\n\nx\001ty\001\n"));
    assert_true(subscriptions_next(&subs, &name) && span_eq_str(buf_span(&name), "a/b"));
    assert_true(subscriptions_next(&subs, &name) && span_eq_str(buf_span(&name), "x\ty\001"));
    assert_false(subscriptions_next(&subs, &name));
    subscriptions_begin(&subs, SPAN("a.b\r\nlast"));
    assert_true(subscriptions_next(&subs, &name) && span_eq_str(buf_span(&name), "a.b"));
    assert_true(subscriptions_next(&subs, &name) && span_eq_str(buf_span(&name), "last"));
    assert_false(subscriptions_next(&subs, &name));
}

static void
test_line_ends(void **state)
{
    static const char *const texts[] = {"",   "a\r\nb",   "a\r\r\nb\r\n", "\r\r\r\n",
                                        "\r", "a\rb\r\n", "\r\n\r\n"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        AUTO_BUF lf = {0};
        AUTO_BUF back = {0};
        buf_init(&lf, 100);
        buf_init(&back, 100);
        mail_text_put_lf(&lf, span_of_str(texts[i]));
        mail_text_put(&back, buf_span(&lf));
        assert_true(span_eq_str(buf_span(&back), texts[i]));
    }
}

static void
test_copies(void **state)
{
    struct copies copies = {0};
    uint32_t copy = 0;
    bool repeated = true;

    (void)state;
    for (uint32_t path = 1; path <= 2; path++)
        for (uint32_t n = 1; n <= 3; n++) {
            assert_int_equal(RC_OK,
                             copies_count(&copies, path, "INBOX", SPAN("x"), &copy, &repeated));
            assert_int_equal(copy, n);
            assert_int_equal(repeated, path == 2);
        }
    assert_int_equal(RC_OK, copies_count(&copies, 2, "Other", SPAN("x"), &copy, &repeated));
    assert_true(copy == 1 && !repeated);
    for (uint32_t n = 0; n < 100000; n++) { /* grows */
        assert_int_equal(
            RC_OK, copies_count(&copies, 1, "INBOX", span_of(&n, sizeof n), &copy, &repeated));
        assert_int_equal(copy, 1);
    }
    copies_done(&copies);
}

static void
test_messages(void **state)
{
    int64_t when = 0;

    (void)state;
    assert_false(eml_is_message(SPAN("hello\n"), EML_ANY_FIELD));
    assert_false(eml_is_message(SPAN("TODO: milk\n"), EML_KNOWN_FIELD));
    assert_true(eml_is_message(SPAN("TODO: milk\n"), EML_ANY_FIELD));
    assert_true(eml_is_message(SPAN("junk\nsubject : x\n"), EML_KNOWN_FIELD));
    assert_true(
        eml_date(SPAN("Received: a; b; Thu, 28 Oct 2004 17:00:38 +0000\r\n\r\n"), &when) &&
        when == 1098982838);
    assert_true(
        eml_date(SPAN("Received: nonsense\r\nReceived: x;\r\n Thu, 28 Oct 2004 17:00:38 "
                      "+0000\r\nDate: 1 Jan 1999 00:00:00 +0000\r\n\r\n"),
                 &when) &&
        when == 1098982838);
    assert_false(
        eml_date(SPAN("Subject: x\r\n\r\nDate: 1 Jan 1999 00:00:00 +0000\r\n"), &when));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_from_dates),
        cmocka_unit_test(test_junk_before_an_mbox),
        cmocka_unit_test(test_unpacking_is_bounded),
        cmocka_unit_test(test_lz4),
        cmocka_unit_test(test_files_that_change),
        cmocka_unit_test(test_levels_there_and_back),
        cmocka_unit_test(test_maildir_names),
        cmocka_unit_test(test_subscriptions),
        cmocka_unit_test(test_line_ends),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_messages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
