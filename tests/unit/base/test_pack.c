/* SPDX-License-Identifier: MIT */
/* Packing: what was put comes back; what is missing, too long or out of bounds fails as a
 * whole. */
#include "base/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void
put_all(struct buf *out)
{
    buf_init(out, 1000);
    pack_u8(out, 1);
    pack_u32(out, UINT32_MAX);
    pack_u64(out, UINT64_C(0x0102030405060708));
    pack_i64(out, INT64_MAX);
    pack_span(out, SPAN("text"));
    pack_span(out, SPAN(""));
}

static bool
take_all(struct span octets)
{
    struct unpack in = {.rest = octets};

    const bool flag = unpack_bool(&in);
    const uint32_t number = unpack_u32(&in, UINT32_MAX);
    const uint64_t big = unpack_u64(&in);
    const int64_t time = unpack_time(&in, INT64_MAX);
    const struct span text = unpack_text(&in, 4);
    const struct span none = unpack_span(&in, 0);
    return unpack_whole(&in) && flag && number == UINT32_MAX &&
           big == UINT64_C(0x0102030405060708) && time == INT64_MAX &&
           span_eq(text, SPAN("text")) && none.len == 0;
}

static void
test_round_trip(void **state)
{
    AUTO_BUF out = {0};

    (void)state;
    put_all(&out);
    assert_true(take_all(buf_span(&out)));
    for (size_t len = 0; len < buf_len(&out); len++)
        assert_false(take_all(span_head(buf_span(&out), len)));
    pack_u8(&out, 0);
    assert_false(take_all(buf_span(&out)));
}

static void
test_bounds(void **state)
{
    AUTO_BUF out = {0};

    (void)state;
    buf_init(&out, 1000);
    pack_u32(&out, 11);
    struct unpack in = {.rest = buf_span(&out)};
    assert_int_equal(unpack_u32(&in, 10), 0);
    assert_true(in.failed);
    in = (struct unpack){.rest = SPAN("\x02")};
    unpack_bool(&in);
    assert_true(in.failed);
    in = (struct unpack){.rest = SPAN("\xff\xff\xff\xff\xff\xff\xff\xff")};
    assert_int_equal(unpack_time(&in, INT64_MAX), 0);
    assert_true(in.failed);
    in = (struct unpack){.rest = SPAN("\x0a\0\0\0\0\0\0\0\x0a\0\0\0\0\0\0\0")};
    assert_int_equal(unpack_time(&in, 10), 10);
    assert_false(in.failed);
    assert_int_equal(unpack_time(&in, 9), 0);
    assert_true(in.failed);
    in = (struct unpack){.rest = SPAN("\xff\xff\xff\xff"
                                      "text")};
    assert_int_equal(unpack_span(&in, SIZE_MAX).len, 0);
    assert_true(in.failed);
    in = (struct unpack){.rest = SPAN("\x05\0\0\0hello")};
    assert_int_equal(unpack_span(&in, 4).len, 0);
    assert_true(in.failed);
    in = (struct unpack){.rest = SPAN("\x03\0\0\0a\0b")};
    assert_int_equal(unpack_text(&in, 10).len, 0);
    assert_true(in.failed);
    assert_int_equal(unpack_u8(&in), 0); /* once failed, nothing more is read */
}

static void
test_varint(void **state)
{
    static const uint64_t numbers[] = {0, 1, 127, 128, 16383, 16384, UINT32_MAX, UINT64_MAX};
    static const size_t octets[] = {1, 1, 1, 2, 2, 3, 5, 10};

    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        AUTO_BUF out = {0};
        buf_init(&out, 100);
        pack_varint(&out, numbers[i]);
        assert_int_equal(buf_len(&out), octets[i]);
        struct unpack in = {.rest = buf_span(&out)};
        assert_true(unpack_varint(&in, numbers[i]) == numbers[i] && unpack_whole(&in));
        struct unpack cut = {.rest = span_head(buf_span(&out), octets[i] - 1)};
        assert_true(unpack_varint(&cut, UINT64_MAX) == 0 && cut.failed);
        struct unpack bounded = {.rest = buf_span(&out)};
        if (numbers[i] > 0)
            assert_true(unpack_varint(&bounded, numbers[i] - 1) == 0 && bounded.failed);
    }
    /* One bit, and one octet, more than 64. */
    struct unpack more = {.rest = SPAN("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02")};
    assert_true(unpack_varint(&more, UINT64_MAX) == 0 && more.failed);
    struct unpack longer = {.rest = SPAN("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00")};
    assert_true(unpack_varint(&longer, UINT64_MAX) == 0 && longer.failed);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_varint),
        cmocka_unit_test(test_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
