/* SPDX-License-Identifier: MIT */
/* Keys of SORT and THREAD in the message row: what is packed comes back, what is damaged does
 * not. */
#include "support/cm.h"

#include "base/rng.h"
#include "mailbox/order/keys.h"

static const char *const headers[] = {
    "",
    "Subject: Re: [list] Gr\xC3\xBC\xC3\x9F"
    "e\r\nFrom: Anna <anna@example.org>\r\nTo: b@x, c@x\r\nCc: d@x\r\n"
    "Date: 1 Jan 2000 00:00:00 +0100\r\nMessage-ID: <a@b>\r\n"
    "References: <c@d> <\"e\"@f>\r\n\r\n",
    "Subject: x\r\nIn-Reply-To: <g@h>\r\nDate: 1 Jan 1960 00:00\r\n\r\n",
    "Date: never\r\nReferences: none\r\n\r\n",
};

static void
assert_same(const struct keys *a, const struct keys *b)
{
    for (int i = 0; i < KEYS_TEXTS; i++)
        assert_true(span_eq(a->texts[i], b->texts[i]));
    assert_int_equal(a->is_reply_or_forward, b->is_reply_or_forward);
    assert_int_equal(a->has_date, b->has_date);
    if (a->has_date)
        assert_int_equal(a->sent_s, b->sent_s);
    assert_true(span_eq(a->id, b->id));
    assert_int_equal(a->reference_count, b->reference_count);
    for (size_t i = 0; i < a->reference_count; i++)
        assert_true(span_eq(a->references[i], b->references[i]));
}

static void
test_round_trip(void **state)
{
    static struct keys_maker maker, other;
    struct keys keys, back;
    AUTO_BUF packed = {0};

    (void)state;
    keys_maker_init(&maker);
    keys_maker_init(&other);
    buf_init(&packed, KEYS_PACKED_MAX);
    for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
        buf_clear(&packed);
        assert_int_equal(keys_make(&maker, span_of_str(headers[i]), KEYS_ALL, &keys), RC_OK);
        keys_pack(&packed, &keys);
        assert_true(keys_unpack(&other, buf_span(&packed), keys.id, &back));
        assert_same(&keys, &back);
    }
    assert_int_equal(keys_make(&maker, span_of_str(headers[1]), KEYS_ALL, &keys), RC_OK);
    assert_true(span_eq_str(keys.texts[KEYS_FROM], "ANNA"));
    assert_true(span_eq_str(keys.texts[KEYS_DISPLAYTO], "B@X"));
    assert_true(keys.is_reply_or_forward && keys.has_date);
    assert_int_equal(keys.sent_s, 946681200);
    assert_int_equal(keys.reference_count, 2);
    assert_int_equal(keys_make(&maker, span_of_str(headers[2]), KEYS_ALL, &keys), RC_OK);
    assert_int_equal(keys.reference_count, 1);
    assert_true(span_eq_str(keys.references[0], "g@h"));
    assert_int_equal(keys_make(&maker, span_of_str(headers[3]), KEYS_ALL, &keys), RC_OK);
    assert_false(keys.has_date);
    assert_int_equal(keys.reference_count, 0);
    keys_maker_done(&maker);
    keys_maker_done(&other);
}

/* Cut anywhere it is refused; with octets changed it is refused or something else, in
 * bounds. */
static void
test_damaged(void **state)
{
    static struct keys_maker maker, other;
    struct keys keys, back;
    struct rng rng;
    AUTO_BUF packed = {0};

    (void)state;
    rng_seed(&rng, 3);
    keys_maker_init(&maker);
    keys_maker_init(&other);
    buf_init(&packed, KEYS_PACKED_MAX);
    assert_int_equal(keys_make(&maker, span_of_str(headers[1]), KEYS_ALL, &keys), RC_OK);
    keys_pack(&packed, &keys);
    const struct span whole = buf_span(&packed);
    for (size_t len = 0; len < whole.len; len++) {
        char *copy = malloc(len + 1); /* of its own, so that ASan sees what is beyond */
        assert_non_null(copy);
        memcpy(copy, whole.ptr, len);
        assert_false(keys_unpack(&other, span_of(copy, len), keys.id, &back));
        free(copy);
    }
    for (unsigned round = 0; round < 20000; round++) {
        char *copy = malloc(whole.len);
        assert_non_null(copy);
        memcpy(copy, whole.ptr, whole.len);
        for (unsigned i = 0; i < 3; i++)
            copy[rng_below(&rng, whole.len)] = (char)rng_below(&rng, 256);
        if (keys_unpack(&other, span_of(copy, whole.len), keys.id, &back))
            assert_true(back.reference_count <= RFC5322_REFERENCES_MAX);
        free(copy);
    }
    packed.data[packed.head] ^= 1; /* another collation, or another form */
    assert_false(keys_unpack(&other, whole, keys.id, &back));
    keys_maker_done(&maker);
    keys_maker_done(&other);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_damaged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
