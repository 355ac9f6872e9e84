/* SPDX-License-Identifier: MIT */
/*
 * The generator repeats itself, keeps its size distribution and its limits, makes every shape
 * and fault, and breaks only what it was asked to break.
 */
#include "bench/mailgen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct mailgen *
make(struct mailgen_options options)
{
    struct mailgen *gen = NULL;

    assert_int_equal(mailgen_new(&options, &gen, NULL), RC_OK);
    return gen;
}

static void
test_same_seed_same_octets(void **state)
{
    struct mailgen *const a = make((struct mailgen_options){.seed = 7, .broken_percent = 20});
    struct mailgen *const b = make((struct mailgen_options){.seed = 7, .broken_percent = 20});
    struct mailgen *const c = make((struct mailgen_options){.seed = 8, .broken_percent = 20});
    unsigned differ = 0;

    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        struct mailgen_message ma;
        struct mailgen_message mb;
        struct mailgen_message mc;
        mailgen_next(a, &ma);
        mailgen_next(b, &mb);
        mailgen_next(c, &mc);
        assert_true(span_eq(ma.octets, mb.octets));
        assert_true(span_eq(ma.sender, mb.sender));
        assert_int_equal(ma.internaldate_s, mb.internaldate_s);
        assert_int_equal(ma.flags, mb.flags);
        differ += !span_eq(ma.octets, mc.octets);
    }
    assert_int_equal(differ, 2000);
    mailgen_free(a);
    mailgen_free(b);
    mailgen_free(c);
}

static int
by_size(const void *a, const void *b)
{
    const size_t x = *(const size_t *)a;
    const size_t y = *(const size_t *)b;

    return x < y ? -1 : x > y;
}

static void
test_sizes(void **state)
{
    enum { COUNT = 20000 };
    struct mailgen *const gen = make((struct mailgen_options){.seed = 1});
    size_t *const sizes = calloc(COUNT, sizeof *sizes);
    size_t total = 0;

    (void)state;
    assert_non_null(sizes);
    for (unsigned i = 0; i < COUNT; i++) {
        struct mailgen_message message;
        mailgen_next(gen, &message);
        sizes[i] = message.octets.len;
        total += sizes[i];
    }
    qsort(sizes, COUNT, sizeof *sizes, by_size);
    assert_in_range(sizes[COUNT / 2], 3300, 3700);
    assert_in_range(total / COUNT, 4700, 6300);
    assert_in_range(sizes[0], 300, 1200);
    assert_in_range(sizes[COUNT * 99 / 100], 15000, 30000);
    assert_true(sizes[COUNT - 1] > 400000);
    free(sizes);
    mailgen_free(gen);
}

static void
test_mean_scales(void **state)
{
    struct mailgen *const gen = make((struct mailgen_options){.seed = 3, .mean_octets = 20000});
    size_t total = 0;

    (void)state;
    for (unsigned i = 0; i < 5000; i++) {
        struct mailgen_message message;
        mailgen_next(gen, &message);
        total += message.octets.len;
    }
    assert_in_range(total / 5000, 16000, 25000);
    mailgen_free(gen);
}

static void
test_maximum(void **state)
{
    struct mailgen *const gen =
        make((struct mailgen_options){.seed = 5, .mean_octets = 50000, .max_octets = 60000});

    (void)state;
    for (unsigned i = 0; i < 3000; i++) {
        struct mailgen_message message;
        mailgen_next(gen, &message);
        assert_true(message.octets.len < 60000 + 2000);
    }
    mailgen_free(gen);
}

static void
test_sound_is_sound(void **state)
{
    struct mailgen *const gen = make((struct mailgen_options){.seed = 11});
    unsigned shapes[MAILGEN_SHAPES] = {0};
    int64_t last_s = 0;

    (void)state;
    for (unsigned i = 0; i < 4000; i++) {
        struct mailgen_message message;
        mailgen_next(gen, &message);
        assert_int_equal(message.fault, MAILGEN_SOUND);
        assert_true(message.internaldate_s > last_s);
        last_s = message.internaldate_s;
        shapes[message.shape]++;
        assert_true(span_find(message.octets, SPAN("\r\n\r\n")) > 0);
        assert_true(span_find(message.octets, SPAN("\r\nMessage-ID: <")) > 0);
        const char *const end = message.octets.ptr + message.octets.len;
        size_t column = 0;
        for (const char *at = message.octets.ptr; at < end; at++) {
            assert_int_not_equal(*at, '\0');
            if (*at == '\r')
                assert_true(at + 1 < end && at[1] == '\n');
            if (*at == '\n')
                assert_true(at > message.octets.ptr && at[-1] == '\r');
            column = *at == '\n' ? 0 : column + 1;
            assert_true(column < 998); /* RFC 5322 section 2.1.1 */
        }
        assert_int_equal(end[-1], '\n');
    }
    for (unsigned i = 0; i < MAILGEN_SHAPES; i++)
        assert_true(shapes[i] > 20);
    mailgen_free(gen);
}

static void
test_faults(void **state)
{
    struct mailgen *const gen =
        make((struct mailgen_options){.seed = 13, .broken_percent = 50});
    unsigned faults[MAILGEN_FAULTS] = {0};

    (void)state;
    for (unsigned i = 0; i < 6000; i++) {
        struct mailgen_message message;
        mailgen_next(gen, &message);
        faults[message.fault]++;
        const bool has_nul = memchr(message.octets.ptr, '\0', message.octets.len) != NULL;
        assert_int_equal(has_nul, message.fault == MAILGEN_NUL);
        if (message.fault == MAILGEN_NO_FINAL_NEWLINE)
            assert_int_not_equal(message.octets.ptr[message.octets.len - 1], '\n');
    }
    assert_in_range(faults[MAILGEN_SOUND], 2800, 3200);
    for (unsigned i = 1; i < MAILGEN_FAULTS; i++)
        assert_true(faults[i] > 100);
    mailgen_free(gen);
}

static void
test_bad_options(void **state)
{
    const struct mailgen_options bad[] = {
        {.broken_percent = 101},
        {.max_octets = (size_t)MAILGEN_MAX_OCTETS + 1},
        {.mean_octets = (size_t)MAILGEN_MAX_OCTETS + 1},
    };
    struct mailgen *gen = NULL;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(mailgen_new(&bad[i], &gen, NULL), RC_INVALID);
}

static void
test_mboxrd(void **state)
{
    static const struct {
        const char *octets;
        const char *lf;
        const char *crlf;
    } cases[] = {
        {"A: b\r\n\r\nFrom x\r\n>>From y\r\n", "A: b\n\n>From x\n>>>From y\n\n",
         "A: b\r\n\r\n>From x\r\n>>>From y\r\n\r\n"},
        {"From: a\r\n\r\n>Fromage\r\n", "From: a\n\n>Fromage\n\n",
         "From: a\r\n\r\n>Fromage\r\n\r\n"},
        {"A: b\r\n\r\nno end", "A: b\n\nno end\n\n", "A: b\r\n\r\nno end\r\n\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct mailgen_message message = {
            .octets = span_of_str(cases[i].octets),
            .sender = SPAN("a@example.org"),
            .internaldate_s = 951782400, /* 29 February 2000 */
        };
        AUTO_BUF mbox = {0};
        buf_init(&mbox, 4096);
        mailgen_put_mboxrd(&mbox, &message, MAILGEN_LF);
        const struct span first = SPAN("From a@example.org Tue Feb 29 00:00:00 2000\n");
        assert_true(span_starts(buf_span(&mbox), first));
        assert_true(span_eq_str(span_tail(buf_span(&mbox), first.len), cases[i].lf));
        buf_clear(&mbox);
        mailgen_put_mboxrd(&mbox, &message, MAILGEN_CRLF);
        assert_true(span_eq_str(span_tail(buf_span(&mbox), first.len + 1), cases[i].crlf));
    }
}

/* How many of the messages have the rare word of this rank as it stands. */
static unsigned
count_rare(unsigned percent, uint32_t rank)
{
    struct mailgen *const gen =
        make((struct mailgen_options){.seed = 3, .rare_percent = percent});
    char octets[MAILGEN_RARE_OCTETS];
    const struct span word = mailgen_rare_word(rank, octets);
    unsigned count = 0;

    for (unsigned i = 0; i < 3000; i++) {
        struct mailgen_message message;
        mailgen_next(gen, &message);
        count += span_find(message.octets, word) >= 0;
    }
    mailgen_free(gen);
    return count;
}

static void
test_rare_words(void **state)
{
    char a[MAILGEN_RARE_OCTETS], b[MAILGEN_RARE_OCTETS];

    (void)state;
    assert_int_equal(count_rare(0, 1), 0);
    assert_true(count_rare(10, 1) > 500);
    assert_in_range(count_rare(10, 4096), 1, 20);
    for (uint32_t rank = 1; rank < 1 << MAILGEN_RARE_BITS; rank = rank * 2 + 1)
        assert_false(span_eq(mailgen_rare_word(rank, a), mailgen_rare_word(rank - 1, b)));
    assert_int_equal(mailgen_rare_word((1 << MAILGEN_RARE_BITS) - 1, a).len,
                     MAILGEN_RARE_OCTETS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_seed_same_octets),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_mean_scales),
        cmocka_unit_test(test_maximum),
        cmocka_unit_test(test_sound_is_sound),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_bad_options),
        cmocka_unit_test(test_mboxrd),
        cmocka_unit_test(test_rare_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
