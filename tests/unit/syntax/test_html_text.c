/* SPDX-License-Identifier: MIT */
/* What HTML shows, however it is cut into pieces. */
#include "support/cm.h"

#include "base/buf.h"
#include "syntax/html_entity.h"
#include "syntax/html_text.h"

static void
show(const char *text, size_t step, enum html_use use, struct buf *out)
{
    struct span rest = span_of_str(text);
    struct html_text html;

    buf_clear(out);
    html_text_init(&html, use);
    while (rest.len > 0) {
        size_t len = step < rest.len ? step : rest.len;
        while (len < rest.len && ((unsigned char)rest.ptr[len] & 0xC0) == 0x80)
            len++;
        html_text_put(&html, span_head(rest, len), out);
        rest = span_tail(rest, len);
    }
    html_text_finish(&html, out);
    assert_true(buf_ok(out));
}

static void
assert_shows(const char *text, enum html_use use, const char *expected)
{
    AUTO_BUF out = {0};

    buf_init(&out, 1 << 20);
    for (size_t step = 1; step <= strlen(text) + 1; step++) {
        show(text, step, use, &out);
        if (!span_eq_str(buf_span(&out), expected))
            fail_msg("%s in steps of %zu: \"%.*s\"", text, step, SPAN_FMT(buf_span(&out)));
    }
}

static void
test_shown(void **state)
{
    static const struct {
        const char *text;
        const char *shown;
    } rows[] = {
        {"", ""},
        {"plain", "plain"},
        /* tags */
        {"foo<b>bar</b>", "foobar"},
        {"foo<B CLASS=x>b</B>ar", "foobar"},
        {"a <b> b </b> c", "a b c"},
        {"<p>one</p><p>two</p>", "one\ntwo"},
        {"one<br>two<br/>three<hr>four", "one\ntwo\nthree\nfour"},
        {"<table><tr><td>a</td><td>b</td></tr></table>", "a\nb"},
        {"long<wbr>word", "longword"},
        {"<blink>a</blink>b", "a\nb"},
        {"<averylongnameofanelement>a</averylongnameofanelement>b", "a\nb"},
        {"<a title=\"x > y\" href='>'>link</a>", "link"},
        {"<a title = \"x > y\" b=c\"d>link</a>", "link"},
        {"<a =\"x>y", "y"}, /* no value: an attribute called =\"x */
        {"<p/class=x/>y", "y"},
        /* blanks */
        {" \r\n a \t\r\n b \n", "a b"},
        {"a&nbsp; b\xC2\xA0\xC2\xA0"
         "c",
         "a b c"},
        {"<pre> a\n  b</pre> c  d", " a\n  b\nc d"},
        {"<pre>a&nbsp; b</pre>", "a\xC2\xA0 b"},
        {"soft\xC2\xADhyphen zero\xE2\x80\x8Bwidth&shy;too", "softhyphen zerowidthtoo"},
        {"\xD9\x85\xE2\x80\x8C\xD9\x85\xE2\x80\x94\xEF\xAC\x81\xCD\xB0\xC2\xA1",
         "\xD9\x85\xE2\x80\x8C\xD9\x85\xE2\x80\x94\xEF\xAC\x81\xCD\xB0\xC2\xA1"},
        /* hidden */
        {"<head><title>T</title><style>p{}</style></head>x", "x"},
        {"<script>if (a < b) document.write('</p><!--');</script>x", "x"},
        {"<SCRIPT>x</scrip></scripts></ script></SCRIPT\n>x", "x"},
        {"<style/>a<title/>b", "a\nb"},
        {"<template>a<b>b</b></template>c", "c"},
        {"a<noframes>b</noframes>c", "a\nc"},
        {"a<noscript>b</noscript>c", "a\nb\nc"},
        {"a<style>never closed <p>b", "a"},
        {"<select><option>one<option>two</select>", "one\ntwo"},
        {"<textarea> a <b></textarea>", " a "},
        /* comments and the like */
        {"a<!-- b -- > c -->d", "ad"},
        {"a<!-->b<!--->c<!---->d<!-- --!>e<!-- -->f", "abcdef"},
        {"a<!--[if mso]><p>b</p><![endif]-->c<![if !mso]>d<![endif]>e", "acde"},
        {"<!DOCTYPE html><?xml version='1.0'?>a</>b</ c>d<!>e<!-f>g", "abdeg"},
        {"a<!-- never closed <p>b", "a"},
        /* what is no tag */
        {"1 < 2 and 3 <4 <", "1 < 2 and 3 <4 <"},
        {"a<<b>b</b>", "a<b"},
        {"a </", "a </"},
        {"a <b", "a"},
        {"a <b c=\"d>e", "a"},
        /* references */
        {"&lt;b&gt; &amp; &quot;q&quot; &#65;&#x42;&#X43;", "<b> & \"q\" ABC"},
        {"caf&eacute;&Eacute;&lstrok;&alpha;&acy;&hellip;&comma;",
         "caf\xC3\xA9\xC3\x89\xC5\x82\xCE\xB1\xD0\xB0\xE2\x80\xA6,"},
        {"&#151;&#146;&#129;", "\xE2\x80\x94\xE2\x80\x99"}, /* as windows-1252 has them */
        {"&AMP &copyright &notit; &frac12x &half &euro &euro;",
         "& \xC2\xA9right \xC2\xACit; \xC2\xBDx &half &euro \xE2\x82\xAC"},
        {"&unknown; &#; &#x; &#xg; & &&amp; &Amp; &amp",
         "&unknown; &#; &#x; &#xg; & && &Amp; &"},
        {"&#65x &#65", "Ax A"},
        {"&averyveryverylongname;", "&averyveryverylongname;"},
        {"&ZeroWidthSpace;a&NonBreakingSpace;b", "a b"},
        {"a&#0;&#7;&#1114112;&#99999999999;&#xd800;b&#10;c&Tab;d", "ab c d"},
        {"&amp;lt; &l<b>t</b>;", "&lt; &lt;"},
        {"&#x1F600;", "\xF0\x9F\x98\x80"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_shows(rows[i].text, HTML_SEARCHED, rows[i].shown);
}

static void
test_alt(void **state)
{
    static const struct {
        const char *text;
        const char *searched;
        const char *previewed;
    } rows[] = {
        {"a<img alt=b>c", "a\nb\nc", "a\nc"},
        {"<IMG SRC=x ALT = 'two  words' title=no>", "two words", ""},
        {"<img alt=\"&lt;&eacute;> &amp &x\"><area alt=x/><input type=image alt=y>",
         "<\xC3\xA9> & &x\nx/\ny", ""},
        {"<img alt><img alt=><img alt=''>", "", ""},
        {"<p alt=a></img alt=b><imgs alt=c><img alts=d><img xalt=e>", "", ""},
        {"<select>a</select>b", "a\nb", "b"},
        {"<textarea>a</textarea><xml>b</xml>c", "a\nb\nc", "c"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_shows(rows[i].text, HTML_SEARCHED, rows[i].searched);
        assert_shows(rows[i].text, HTML_PREVIEWED, rows[i].previewed);
    }
}

/* The table is sorted, or its rows would not be found. */
static void
test_entities(void **state)
{
    static const struct {
        const char *name;
        uint32_t character;
    } rows[] = {
        {"AElig", 0xC6},   {"AMP", '&'},     {"zwnj", 0x200C}, {"zwj", 0x200D},
        {"Zcaron", 0x17D}, {"a", 0},         {"sup", 0x2283},  {"sup1", 0xB9},
        {"sub", 0x2282},   {"sube", 0x2286}, {"yuml", 0xFF},   {"thinsp", 0x2009},
        {"NewLine", '\n'}, {"", 0},          {"Eacute", 0xC9},
    };
    struct html_entity entity;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct span name = span_of_str(rows[i].name);
        assert_int_equal(html_entity_find(name, true, &entity), rows[i].character != 0);
        if (rows[i].character != 0) {
            assert_int_equal(entity.character, rows[i].character);
            assert_int_equal(entity.octets, name.len);
        }
    }
}

/* Memory does not grow with a tag, a comment or a reference of any length. */
static void
test_endless(void **state)
{
    static const char *const beginnings[] = {"<",        "<a ",       "<a b", "<a b=\"", "<!--",
                                             "<script>", "<img alt=", "</",   "<!"};
    AUTO_BUF out = {0};

    (void)state;
    buf_init(&out, 8 << 20);
    for (size_t i = 0; i < ARRAY_LEN(beginnings); i++) {
        struct html_text html;
        html_text_init(&html, HTML_PREVIEWED);
        html_text_put(&html, span_of_str(beginnings[i]), &out);
        for (unsigned j = 0; j < 1u << 20; j++)
            html_text_put(&html, SPAN("x"), &out);
        assert_int_equal(buf_len(&out), 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shown),
        cmocka_unit_test(test_alt),
        cmocka_unit_test(test_entities),
        cmocka_unit_test(test_endless),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
