/* SPDX-License-Identifier: MIT */
/* What is shown of a message that was found: the word is in it, wherever it is. */
#include "content.h"

#include <ctype.h>
#include <string.h>

#include "mailbox/search/snippet.h"
#include "support/fault_alloc.h"
#include "support/mail_nasty.h"
#include "syntax/mail/mime_parts.h"

enum { NTH_MAX = 5000, TEXT_MAX = 64 << 20 };

static uint64_t
append(struct content *fx, struct span text)
{
    return content_append(fx, &(struct content_mail){.text = text}).message;
}

static enum rc
read_one(struct content *fx, struct snippet *snippet, uint64_t message)
{
    struct store_tx *tx = NULL;

    enum rc rc = store_read_begin(fx->handle, WAKE_NOBODY, &tx, &fx->err);
    if (rc == RC_OK)
        rc = snippet_read(snippet, tx, message, &fx->err);
    store_end(tx);
    return rc;
}

static struct span
match_of(const struct snippet *snippet)
{
    return span_head(span_tail(buf_span(&snippet->line), snippet->match_at),
                     snippet->match_octets);
}

/* A body is read in pieces; where these end does not matter. */
static void
test_words_across_pieces(void **state)
{
    static const struct span words[] = {SPAN_INIT("NEEDLE"), SPAN_INIT("absent")};
    static const size_t borders[] = {32768, 65536};
    struct content *fx = *state;
    struct snippet snippet;

    assert_ok(snippet_init(&snippet, words, ARRAY_LEN(words)));
    for (size_t i = 0; i < ARRAY_LEN(borders); i++)
        for (size_t before = borders[i] - 60; before <= borders[i] + 2; before++) {
            AUTO_BUF text = {0};
            buf_init(&text, TEXT_MAX);
            buf_put_lit(&text, "Subject: s\r\n\r\n");
            for (size_t k = 0; k < before; k++)
                buf_put_char(&text, 'x');
            buf_put_lit(&text, "Needle");
            for (size_t k = 0; k < LIMIT_SNIPPET_CHARS; k++)
                buf_put_char(&text, 'y');
            assert_ok(read_one(fx, &snippet, append(fx, buf_span(&text))));
            assert_true(span_eq(match_of(&snippet), SPAN("Needle")));
            assert_int_equal(snippet.match_at, LIMIT_SNIPPET_CHARS / 4);
            assert_int_equal(buf_len(&snippet.line), LIMIT_SNIPPET_CHARS);
        }
    snippet_done(&snippet);
}

/* ---- any mail ---- */

static bool
put_folded(void *ctx, const struct mime_text_piece *piece)
{
    struct buf *all = ctx;

    buf_put_span(all, piece->folded);
    if (piece->is_last)
        buf_put_char(all, '\n');
    return true;
}

static void
folded_texts(struct span message, struct buf *out)
{
    struct mime_part *root;
    struct mime_text text;
    uint64_t offset;
    AUTO_ARENA arena = {0};

    arena_init(&arena, TEXT_MAX);
    mime_text_init(&text, 0);
    assert_int_equal(mime_scan(message, &arena, &root), RC_OK);
    mime_text_begin(&text, root, MIME_TEXT_ALL);
    while (mime_text_wants(&text, &offset))
        mime_text_feed(&text, span_tail(message, (size_t)offset), put_folded, out);
    mime_text_done(&text);
    assert_true(buf_ok(out));
}

/* Some letters in a row, somewhere; empty: there are none at that place. */
static struct span
any_word(struct rng *rng, struct span texts)
{
    const size_t at = (size_t)rng_below(rng, texts.len);
    const size_t most = 1 + (size_t)rng_below(rng, 12);
    size_t len = 0;

    while (len < most && at + len < texts.len && isalnum((unsigned char)texts.ptr[at + len]))
        len++;
    return span_head(span_tail(texts, at), len);
}

static void
assert_shows(struct content *fx, uint64_t message, struct span word)
{
    struct snippet snippet;
    struct fold fold;
    AUTO_BUF folded = {0};

    fold_init(&fold);
    buf_init(&folded, TEXT_MAX);
    assert_ok(snippet_init(&snippet, &word, 1));
    assert_ok(read_one(fx, &snippet, message));
    fold_put(&fold, match_of(&snippet), &folded);
    if (span_find(buf_span(&folded), word) < 0)
        fail_msg("message %ju: \"%.*s\" is shown of \"%.*s\"", (uintmax_t)message,
                 SPAN_FMT(match_of(&snippet)), SPAN_FMT(word));
    snippet_done(&snippet);
}

static void
test_words_of_any_mail(void **state)
{
    enum { MESSAGES = 100, WORDS = 20 };
    struct content *fx = *state;
    struct rng rng;
    unsigned asked = 0;

    rng_seed(&rng, 11);
    for (unsigned i = 0; i < MESSAGES; i++) {
        AUTO_BUF text = {0};
        AUTO_BUF texts = {0};
        buf_init(&text, TEXT_MAX);
        buf_init(&texts, TEXT_MAX);
        mail_nasty(&rng, &text);
        const uint64_t message = append(fx, buf_span(&text));
        folded_texts(buf_span(&text), &texts);
        for (unsigned k = 0; k < WORDS && buf_len(&texts) > 0; k++) {
            const struct span word = any_word(&rng, buf_span(&texts));
            if (word.len == 0)
                continue;
            assert_shows(fx, message, word);
            asked++;
        }
    }
    assert_true(asked > MESSAGES);
}

static void
test_gone(void **state)
{
    static const struct span word = SPAN_INIT("x");
    struct content *fx = *state;
    struct snippet snippet;

    assert_ok(snippet_init(&snippet, &word, 1));
    assert_rc(read_one(fx, &snippet, 99999), RC_NOT_FOUND);
    snippet_done(&snippet);
}

/* ---- no memory ---- */

static const char mail[] =
    "From: =?utf-8?q?J=C3=B6rg?= <j@x.y>\r\nSubject: =?utf-8?q?s=C3=BC?=\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
    "Content-Type: text/html; charset=iso-8859-15\r\n\r\n"
    "<p>some <b>nee</b>dle\r\n--b--\r\n";

/* False when it did not come to the Nth allocation. */
static bool
once(struct content *fx, uint64_t message, enum fault_alloc how, uint64_t nth)
{
    static const struct span words[] = {SPAN_INIT("absent"), SPAN_INIT("NEEDLE")};
    struct snippet snippet = {.count = 0};

    fault_alloc_arm(how, nth);
    enum rc rc = snippet_init(&snippet, words, ARRAY_LEN(words));
    if (rc == RC_OK)
        rc = read_one(fx, &snippet, message);
    const bool failed = fault_alloc_disarm();
    if (rc != RC_OK && (!failed || rc != RC_LIMIT))
        fail_msg("allocation %ju: %s (%s)", (uintmax_t)nth, rc_name(rc), fx->err.text);
    if (rc == RC_OK) {
        assert_true(span_eq(match_of(&snippet), SPAN("needle")));
        assert_true(span_eq(buf_span(&snippet.from), SPAN("J\xC3\xB6rg <j@x.y>")));
        assert_true(span_eq(buf_span(&snippet.subject), SPAN("s\xC3\xBC")));
    }
    snippet_done(&snippet);
    return failed;
}

static void
test_each_allocation_fails(void **state)
{
    struct content *fx = *state;
    const uint64_t message = append(fx, SPAN(mail));

    for (unsigned how = FAULT_ALLOC_ONE; how <= FAULT_ALLOC_ALL_FROM; how++) {
        uint64_t nth = 1;
        while (nth < NTH_MAX && once(fx, message, (enum fault_alloc)how, nth))
            nth++;
        assert_in_range(nth, 10, NTH_MAX - 1);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_words_across_pieces, content_setup,
                                        content_teardown),
        cmocka_unit_test_setup_teardown(test_words_of_any_mail, content_setup,
                                        content_teardown),
        cmocka_unit_test_setup_teardown(test_gone, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_each_allocation_fails, content_setup,
                                        content_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
