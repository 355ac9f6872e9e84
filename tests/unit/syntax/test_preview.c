/* SPDX-License-Identifier: MIT */
/* Previews (RFC 8970): which part, what is left of it, and how much of that. */
#include "syntax/mail/preview.h"

#include "support/cm.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "syntax/mail/mime_parts.h"

/* As FETCH makes it: from the table that the store keeps. */
static void
preview(struct span message, struct buf *out)
{
    struct arena arena;
    struct mime_part *scanned = NULL;
    struct mime_part *root = NULL;
    AUTO_BUF table = {0};

    arena_init(&arena, 64 << 20);
    buf_init(&table, 1 << 20);
    buf_init(out, 8192);
    assert_int_equal(mime_scan(message, &arena, &scanned), RC_OK);
    mime_parts_encode(&table, scanned);
    assert_int_equal(mime_parts_decode(buf_span(&table), &arena, &root), RC_OK);
    for (const struct mime_part *part = preview_part_first(root);
         part != NULL && buf_len(out) == 0; part = preview_part_next(part))
        preview_put(part, span_of(message.ptr + part->body_off, part->body_size), out);
    arena_done(&arena);
}

static void
assert_preview(const char *message, const char *expected)
{
    AUTO_BUF out = {0};

    preview(span_of_str(message), &out);
    if (!span_eq_str(buf_span(&out), expected))
        fail_msg("\"%.*s\" instead of \"%s\" of: %s", SPAN_FMT(buf_span(&out)), expected,
                 message);
}

static void
test_plain(void **state)
{
    static const struct {
        const char *body;
        const char *expected;
    } table[] = {
        {"Hello\r\n", "Hello"},
        {"", ""},
        {"\r\n \t\r\n", ""},
        {"  two\r\n  lines\t of \r\n\r\ntext \r\n", "two lines of text"},
        {"On Monday she wrote:\r\n> quoted\r\n>> more\r\nYes.\r\n",
         "On Monday she wrote: Yes."},
        {"> only\r\n> quoted\r\n", "> only > quoted"},
        {"Text\r\n-- \r\nher signature\r\n", "Text"},
        {"-- \r\nonly a signature\r\n", ""},
        {"-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA\r\n-----END PGP MESSAGE-----\r\n", ""},
        {"Secret:\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA\r\n", "Secret:"},
        {"-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\nSigned.\r\n"
         "-----BEGIN PGP SIGNATURE-----\r\n\r\niQEz\r\n-----END PGP SIGNATURE-----\r\n",
         "Signed."},
        {"a\x01"
         "b\x7f"
         "c\r\n",
         "abc"},
        {"1 < 2 &amp; <b>no HTML</b>\r\n", "1 < 2 &amp; <b>no HTML</b>"},
        {"caf\xe9", "caf\xc3\xa9"}, /* no charset: guessed */
        {"na\xc3\xafve", "na\xc3\xafve"},
        {"a\xe2\x80\x8b\xc2\xad\xef\xbb\xbf"
         "b\xc2\xa0\xe3\x80\x80"
         "c",
         "ab c"},
        {"\xe2\x80\xae"
         "desrever",
         "desrever"}, /* no mark that turns what comes after */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        char message[1000];
        snprintf(message, sizeof message, "Subject: x\r\n\r\n%s", table[i].body);
        assert_preview(message, table[i].expected);
    }
}

static void
test_html(void **state)
{
    static const struct {
        const char *body;
        const char *expected;
    } table[] = {
        {"<p>Hello <b>wor</b>ld</p>", "Hello world"},
        {"<html><head><title>T</title><style>p{}</style></head><body>Text</body></html>",
         "Text"},
        {"<style>a > b { content: \"</p>\" }</style>Text", "Text"},
        {"<script>if (a < b) document.write('<p>');</script>Text", "Text"},
        {"<!-- a > comment -- <p>no</p> -->Text", "Text"},
        {"<!DOCTYPE html><?xml version='1.0'?>Text", "Text"},
        {"<!-- never closed <p>Text", ""},
        {"<head>never closed <p>Text", "never closed Text"},
        {"<style>never closed", ""},
        {"one<br>two<br/>three<div>four</div>five", "one two three four five"},
        {"<td>a</td><td>b</td>", "a b"},
        {"<a title=\"x > y\" href='>'>link</a>", "link"},
        {"<img alt=x>after", "after"},
        {"&lt;b&gt; &amp; &quot;q&quot; &#65;&#x42;&#X43; &nbsp; end", "<b> & \"q\" ABC end"},
        {"caf&eacute; &Eacute;t&eacute; &szlig; &yuml; &euro; &hellip;",
         "caf\xc3\xa9 \xc3\x89t\xc3\xa9 \xc3\x9f \xc3\xbf \xe2\x82\xac \xe2\x80\xa6"},
        {"&#151;&#146;", "\xe2\x80\x94\xe2\x80\x99"}, /* as windows-1252 has them */
        {"&unknown; &#; &#x; &#xg; & &&amp; &amp", "&unknown; &#; &#x; &#xg; & && &"},
        {"&#0;&#1114112;&#99999999999;&#xd800;x", "x"},
        {"1 < 2 and 3 <4", "1 < 2 and 3 <4"},
        {"a <", "a <"},
        {"a <b", "a"},
        {"&zwnj;&nbsp;&zwnj;&nbsp;&#847;&#8203;Offer", "Offer"},
        {"<SCRIPT>x</SCRIPT >Text", "Text"},
        {"<template>x</template><select><option>1</select>Text", "Text"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        char message[1000];
        snprintf(message, sizeof message, "Content-Type: text/html\r\n\r\n%s", table[i].body);
        assert_preview(message, table[i].expected);
    }
}

static void
test_encodings_and_charsets(void **state)
{
    static const struct {
        const char *type;
        const char *encoding;
        const char *body;
        const char *expected;
    } table[] = {
        {"text/plain; charset=utf-8", "quoted-printable", "Gr=C3=BC=C3=9Fe aus=\r\n K=C3=B6ln",
         "Gr\xc3\xbc\xc3\x9f"
         "e aus K\xc3\xb6ln"},
        {"text/plain; charset=utf-8", "base64", "R3LDvMOfZQ==",
         "Gr\xc3\xbc\xc3\x9f"
         "e"},
        {"text/plain; charset=iso-8859-1", "8bit",
         "Gr\xfc\xdf"
         "e",
         "Gr\xc3\xbc\xc3\x9f"
         "e"},
        {"text/plain; charset=koi8-r", "8bit", "\xf0\xd2\xc9\xd7\xc5\xd4",
         "\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82"},
        {"text/plain; charset=iso-2022-jp", "7bit", "\x1b$B$3$s\x1b(B",
         "\xe3\x81\x93\xe3\x82\x93"},
        {"text/plain; charset=gb2312", "base64", "xOO6ww==", "\xe4\xbd\xa0\xe5\xa5\xbd"},
        {"text/plain; charset=utf-16le", "base64", "SABpAA==", "Hi"},
        {"text/plain; charset=x-unknown", "8bit", "caf\xe9", "caf\xc3\xa9"},
        {"text/html; charset=windows-1251", "8bit", "<p>\xcf\xf0\xe8",
         "\xd0\x9f\xd1\x80\xd0\xb8"},
        {"text/html", "8bit", "<meta charset=koi8-r><p>\xf0\xd2\xc9",
         "\xd0\x9f\xd1\x80\xd0\xb8"},
        {"text/html; charset=us-ascii", "quoted-printable",
         "<meta charset=3Dkoi8-r><p>=F0=D2=C9", "\xd0\x9f\xd1\x80\xd0\xb8"},
        {"text/html; charset=koi8-r", "8bit", "<meta charset=big5><p>\xf0\xd2\xc9",
         "\xd0\x9f\xd1\x80\xd0\xb8"},
        {"text/plain", "x-uuencode", "begin 644 x", ""},
        {"text/calendar", "7bit", "BEGIN:VCALENDAR", ""},
        {"application/pkcs7-mime; smime-type=enveloped-data", "base64", "MIIB", ""},
        {"image/png", "base64", "iVBO", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        char message[1000];
        snprintf(message, sizeof message,
                 "Content-Type: %s\r\nContent-Transfer-Encoding: %s\r\n\r\n%s", table[i].type,
                 table[i].encoding, table[i].body);
        assert_preview(message, table[i].expected);
    }
}

#define PART(type, body) "--b\r\nContent-Type: " type "\r\n\r\n" body "\r\n"
#define MIXED "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
#define ATTACHED(type, body)                                                                   \
    "--b\r\nContent-Type: " type "\r\nContent-Disposition: attachment\r\n\r\n" body "\r\n"

static void
test_which_part(void **state)
{
    static const struct {
        const char *message;
        const char *expected;
    } table[] = {
        {MIXED PART("text/plain", "plain") PART("text/html", "<p>html") "--b--\r\n", "plain"},
        {MIXED PART("text/plain", " \r\n") PART("text/html", "<p>html") "--b--\r\n", "html"},
        {MIXED PART("image/png", "x") PART("text/html", "<p>html") "--b--\r\n", "html"},
        {MIXED ATTACHED("text/plain", "log") PART("text/plain", "text") "--b--\r\n", "text"},
        {MIXED ATTACHED("text/plain", "log") "--b--\r\n", ""},
        {MIXED PART("message/rfc822", "Subject: in\r\n\r\ninner")
             PART("text/plain", "outer") "--b--\r\n",
         "outer"},
        {MIXED PART("message/rfc822", "Subject: in\r\n\r\ninner") "--b--\r\n", "inner"},
        {MIXED PART("text/plain", "")
             PART("message/rfc822", "Content-Type: text/html\r\n\r\n<b>inner</b>") "--b--\r\n",
         "inner"},
        {"Content-Type: message/rfc822\r\n\r\nContent-Type: message/rfc822\r\n\r\n"
         "Subject: x\r\n\r\ninnermost",
         "innermost"},
        {MIXED ATTACHED("message/rfc822", "Subject: in\r\n\r\ninner") "--b--\r\n", ""},
        {"Content-Type: multipart/encrypted; boundary=b\r\n\r\n" PART(
             "application/pgp-encrypted", "Version: 1")
             PART("application/octet-stream", "-----BEGIN PGP MESSAGE-----") "--b--\r\n",
         ""},
        {"Content-Type: multipart/signed; boundary=b\r\n\r\n" PART("text/plain", "signed")
             PART("application/pgp-signature", "-----BEGIN PGP SIGNATURE-----") "--b--\r\n",
         "signed"},
        {"", ""},
        {"Subject: no body", ""},
        {"Subject: no body\r\n\r\n", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        assert_preview(table[i].message, table[i].expected);
}

static size_t
chars_of(struct span text)
{
    size_t chars = 0;

    for (size_t i = 0; i < text.len; i++)
        chars += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
    return chars;
}

/* Never more than LIMIT_PREVIEW_CHARS, whole characters, no blank at its end. */
static void
test_length(void **state)
{
    static const char *const units[] = {"x", "\xc3\xbc", "\xe4\xbd\xa0", "\xf0\x9f\x98\x80",
                                        "ab "};

    (void)state;
    for (size_t u = 0; u < ARRAY_LEN(units); u++) {
        for (size_t count = LIMIT_PREVIEW_CHARS - 2; count < (size_t)3 * LIMIT_PREVIEW_CHARS;
             count += count == LIMIT_PREVIEW_CHARS + 1 ? 100 : 1) {
            AUTO_BUF text = {0};
            AUTO_BUF out = {0};
            buf_init(&text, 65536);
            buf_put_str(&text, "Content-Type: text/plain; charset=utf-8\r\n\r\n");
            for (size_t i = 0; i < count; i++)
                buf_put_str(&text, units[u]);
            preview(buf_span(&text), &out);
            const size_t chars = chars_of(buf_span(&out));
            const size_t all = u == 4 ? 3 * count - 1 : count;
            assert_true(chars <= LIMIT_PREVIEW_CHARS);
            assert_true(chars == all || chars >= LIMIT_PREVIEW_CHARS - 1);
            assert_int_equal(buf_len(&out) % strlen(u == 4 ? "x" : units[u]), 0);
            assert_true(out.data[out.head + buf_len(&out) - 1] != ' ');
        }
    }
}

/* A text far beyond LIMIT_PREVIEW_OCTETS is read no further. */
static void
test_long_bodies(void **state)
{
    static const char head[] = "Content-Type: text/html\r\n\r\n<style>";
    const size_t len = sizeof head - 1 + (size_t)100 * LIMIT_PREVIEW_OCTETS;
    char *message = malloc(len);
    AUTO_BUF beyond = {0};
    AUTO_BUF within = {0};

    (void)state;
    assert_non_null(message);
    for (unsigned round = 0; round < 2; round++) {
        struct buf *out = round == 0 ? &beyond : &within;
        const size_t style = round == 0 ? LIMIT_PREVIEW_OCTETS : LIMIT_PREVIEW_OCTETS / 2;
        memset(message, ' ', len);
        memcpy(message, head, sizeof head - 1);
        memcpy(message + sizeof head - 1 + style, "</style>text", 12);
        preview(span_of(message, len), out);
    }
    assert_int_equal(buf_len(&beyond), 0);
    assert_true(span_eq_str(buf_span(&within), "text"));
    free(message);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_html),
        cmocka_unit_test(test_encodings_and_charsets),
        cmocka_unit_test(test_which_part),
        cmocka_unit_test(test_length),
        cmocka_unit_test(test_long_bodies),
    };
    return cmocka_run_group_tests_name("syntax/preview", tests, NULL, NULL);
}
