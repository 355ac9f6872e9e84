/* SPDX-License-Identifier: MIT */
/* What is a word, however the text is cut into pieces. */
#include "support/cm.h"

#include <unistr.h>

#include "base/buf.h"
#include "syntax/words.h"

static const struct {
    const char *text;
    const char *words; /* each with a bar behind it */
} rows[] = {
    {"", ""},
    {" \t.,;-_@()\r\n", ""},
    {"one", "one|"},
    {"one two", "one|two|"},
    {"  one,two.\r\nthree  ", "one|two|three|"},
    {"x-ray is a 3d co-op", "x|ray|is|a|3d|co|op|"},
    {"user_1@mail.example.org", "user|1|mail|example|org|"},
    {"don't", "don|t|"},
    /* accents are marks behind their letters, as folding leaves them */
    {"mu\xCC\x88ller re\xCC\x81sume\xCC\x81", "muller|resume|"},
    {"\xCC\x81 a", "a|"},
    /* scripts without cases, and marks between letters */
    {"\xD0\xB6\xD1\x83\xD0\xBA \xE4\xBC\x9A\xE8\xAD\xB0\xE3\x80\x82",
     "\xD0\xB6\xD1\x83\xD0\xBA|\xE4\xBC\x9A|\xE8\xAD\xB0|"},
    {"ab\xE4\xBC\x9A"
     "c",
     "ab|\xE4\xBC\x9A|c|"},
    {"a\xE2\x80\x94"
     "b\xC2\xA0"
     "c",
     "a|b|c|"},
    {"\xF0\x9F\x98\x80", ""}, /* a face */
    {"a\xFF"
     "b\xC3",
     "a|b|"}, /* not UTF-8 */
    {"abcdefghijklmnopqrstuvwxyz012345", "abcdefghijklmnopqrstuvwxyz012345|"},
    {"abcdefghijklmnopqrstuvwxyz0123456 x", "abcdefghijklmnopqrstuvwxyz012345|x|"},
};

static void
put(struct buf *out, const struct word *word)
{
    bool has_digit = false;
    uint64_t letters = 0;

    for (unsigned i = 0; i < word->len; i++) {
        uint8_t utf8[6];
        const int len = u8_uctomb(utf8, word->chars[i], sizeof utf8);
        assert_true(len > 0);
        buf_put(out, utf8, (size_t)len);
        has_digit |= word->chars[i] >= '0' && word->chars[i] <= '9';
        letters |= UINT64_C(1) << word->chars[i] % 64;
    }
    buf_put_char(out, '|');
    assert_true(word->len > 0);
    assert_int_equal(word->has_digit, has_digit);
    assert_true(word->letters == letters);
}

/* Whole characters, `step` octets of them at least. */
static struct span
piece_of(struct span *text, size_t step)
{
    size_t len = step < text->len ? step : text->len;

    while (len < text->len && ((unsigned char)text->ptr[len] & 0xC0) == 0x80)
        len++;
    const struct span piece = span_head(*text, len);
    *text = span_tail(*text, len);
    return piece;
}

static void
test_rows(void **state)
{
    AUTO_BUF out = {0};

    (void)state;
    buf_init(&out, 4096);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (size_t step = 1; step <= strlen(rows[i].text) + 1; step++) {
            struct span text = span_of_str(rows[i].text);
            struct words words;
            buf_clear(&out);
            words_init(&words);
            while (text.len > 0) {
                struct span piece = piece_of(&text, step);
                while (words_next(&words, &piece))
                    put(&out, &words.word);
            }
            if (words_end(&words))
                put(&out, &words.word);
            assert_false(words_end(&words));
            if (!span_eq_str(buf_span(&out), rows[i].words))
                fail_msg("%s in steps of %zu: %.*s", rows[i].text, step,
                         SPAN_FMT(buf_span(&out)));
        }
}

/* A word of a megabyte is one word. */
static void
test_long(void **state)
{
    static char text[1 << 20];
    struct span rest = span_of(text, sizeof text);
    struct words words;

    (void)state;
    memset(text, 'x', sizeof text);
    words_init(&words);
    assert_false(words_next(&words, &rest));
    assert_true(words_end(&words));
    assert_int_equal(words.word.len, WORD_CHARS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
