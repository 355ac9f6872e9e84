/* SPDX-License-Identifier: MIT */
/* Address lists: RFC 5322 appendix A, RFC 7103 section 7.1, and worse. */
#include "support/cm.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/limits.h"
#include "syntax/mail/address.h"

/* name|route|mailbox|host for each; {name for a group's beginning, } for its end */
static void
describe(struct buf *out, struct span text)
{
    struct address_iter iter;
    struct address address;
    AUTO_ARENA arena = {0};

    arena_init(&arena, 1u << 20);
    address_iter_init(&iter, text, &arena);
    while (address_next(&iter, &address)) {
        if (buf_len(out) > 0)
            buf_put_lit(out, ", ");
        if (address.kind == ADDRESS_GROUP_BEGIN)
            buf_printf(out, "{%.*s", SPAN_FMT(address.name));
        else if (address.kind == ADDRESS_GROUP_END)
            buf_put_char(out, '}');
        else
            buf_printf(out, "%.*s|%.*s|%.*s|%.*s", SPAN_FMT(address.name),
                       SPAN_FMT(address.route), SPAN_FMT(address.mailbox),
                       SPAN_FMT(address.host));
    }
}

static const char *const cases[][2] = {
    {" a@b.example", "||a|b.example"},
    {" John Doe <jdoe@machine.example>", "John Doe||jdoe|machine.example"},
    {" \"Joe Q. Public\" <john.q.public@example.com>",
     "Joe Q. Public||john.q.public|example.com"},
    {" Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>",
     "Mary Smith||mary|x.test, ||jdoe|example.org, Who?||one|y.test"},
    {" \"Giant; \\\"Big\\\" Box\" <sysservices@example.net>",
     "Giant; \"Big\" Box||sysservices|example.net"},
    {" A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;",
     "{A Group, Ed Jones||c|a.test, ||joe|where.test, John||jdoe|one.test, }"},
    {" Undisclosed recipients:;", "{Undisclosed recipients, }"},
    {" Undisclosed recipients:(nobody);", "{Undisclosed recipients, }"},
    {" g: (a), (b (c)) ; (d)", "{g, }"},
    {" g:(a) x@y (b), (c);", "{g, b||x|y, }"},
    {" (nobody), a@b", "||a|b"},
    {" (nobody)", ""},
    {" (nobody) <>", "nobody|||"},
    {" a@b (Bob (the) Builder)", "Bob (the) Builder||a|b"},
    {" a@b ((Robert  \\(R.\\) Roe))", "(Robert (R.) Roe)||a|b"},
    {" <undisclosed-recipients:;>", "||undisclosed-recipients:;|"},
    {" <nobody:;@example.org>, c@d", "||nobody:;|example.org, ||c|d"},
    {" g: <a@b; <c@d>, <e@f;", "{g, ||a|b, }, ||c|d, ||e|f"},
    {" a:b@c, d@e", "{a, ||b|c, ||d|e, }"},
    {" Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>",
     "Pete||pete|silly.test"},
    {" jdoe@test . example", "||jdoe|test.example"},
    {" Joe <@node.test,@b.test:mary@example.net>, , x@y",
     "Joe|@node.test,@b.test|mary|example.net, ||x|y"},
    {" john . doe @ example . org", "||john.doe|example.org"},
    {" a@b (Full Name)", "Full Name||a|b"},
    {" <a@b> (Full Name), c@d", "Full Name||a|b, ||c|d"},
    {" \"john doe\"@example.org", "||john doe|example.org"},
    {" a@[IPv6:::1]", "||a|[IPv6:::1]"},
    {" =?utf-8?q?a,_b?= <a@b>", "=?utf-8?q?a,_b?=||a|b"},
    {" \xC3\xA4 <\xC3\xB6@\xC3\xBC>", "\xC3\xA4||\xC3\xB6|\xC3\xBC"},
    {" Folded\r\n\tName <a@b>", "Folded Name||a|b"},
    {" joe@x.example <joe@y.example>", "joe@x.example||joe|y.example"},
    /* RFC 7103 section 7.1 */
    {" <<<user2@example.org>>>", "||user2|example.org"},
    {" <another@example.net", "||another|example.net"},
    {" second@example.org>", "||second|example.org"},
    {" <third@example.net, fourth@example.net>", "||third|example.net, ||fourth|example.net"},
    {" \"Joe <joe@example.com>", "Joe||joe|example.com"},
    {" Testing) <sam@example.com>", "Testing)||sam|example.com"},
    {" (Testing <fran@example.com>", "(Testing||fran|example.com"},
    {" Joe", "||Joe|"},
    /* worse */
    {" John Smith", "John Smith|||"},
    {" John Smith joe@example.org", "John Smith||joe|example.org"},
    {" Ann <a@b> Bob <c@d>", "Ann||a|b, Bob||c|d"},
    {" Ann <a@b> junk, c@d", "Ann||a|b, ||c|d"},
    {" <>", ""},
    {" \"Nobody\" <>", "Nobody|||"},
    {" ,,,;;, ", ""},
    {" a@b;c@d", "||a|b, ||c|d"},
    {" <a@b@c>", "||a@b|c"},
    {" @", ""},
    {" :", "{, }"},
    {"", ""},
};

static void
test_lists(void **state)
{
    AUTO_BUF out = {0};

    (void)state;
    buf_init(&out, 65536);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        buf_clear(&out);
        describe(&out, span_of_str(cases[i][0]));
        if (!span_eq_str(buf_span(&out), cases[i][1]))
            fail_msg("%s\ngives %.*s\nnot   %s", cases[i][0], SPAN_FMT(buf_span(&out)),
                     cases[i][1]);
    }
}

/* As an ENVELOPE shows it. */
static void
test_shown(void **state)
{
    static const char *const shown[][2] = {
        {" a@b (Full Name), <c@d>", "Full Name <a@b>, c@d"},
        {" \"Q, \\\"A\\\"\"\r\n <a . b@c (x)>", "Q, \"A\" <a.b@c>"},
        {" x@y, g:a@b,c;, d", "x@y, g: a@b, c;, d"},
        {" g:;", "g;"},
        {" <@r:a@b>", "a@b"},
        {" Nobody <>", "Nobody <>"},
        {" ", ""},
    };
    AUTO_BUF out = {0};

    (void)state;
    buf_init(&out, 65536);
    for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
        AUTO_ARENA arena = {0};
        arena_init(&arena, 1u << 20);
        buf_clear(&out);
        address_list_put(&out, span_of_str(shown[i][0]), &arena);
        if (!span_eq_str(buf_span(&out), shown[i][1]))
            fail_msg("%s\ngives %.*s\nnot   %s", shown[i][0], SPAN_FMT(buf_span(&out)),
                     shown[i][1]);
    }
}

static unsigned
count(struct span text, size_t budget)
{
    struct address_iter iter;
    struct address address;
    unsigned n = 0;
    AUTO_ARENA arena = {0};

    arena_init(&arena, budget);
    address_iter_init(&iter, text, &arena);
    while (address_next(&iter, &address))
        n++;
    return n;
}

static void
test_limits(void **state)
{
    static const struct {
        unsigned addresses, given;
    } limits[] = {
        {LIMIT_ADDRESSES, LIMIT_ADDRESSES},
        {LIMIT_ADDRESSES + 1, LIMIT_ADDRESSES},
        {500000, LIMIT_ADDRESSES},
    };
    AUTO_BUF text = {0};

    (void)state;
    buf_init(&text, 16u << 20);
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        buf_clear(&text);
        for (unsigned k = 0; k < limits[i].addresses; k++)
            buf_put_lit(&text, "a@b,");
        assert_int_equal(count(buf_span(&text), 1024), limits[i].given);
    }
    /* A group cut by the limit is ended, and one cut by the arena too. */
    buf_clear(&text);
    buf_put_lit(&text, "g:");
    for (unsigned k = 0; k < LIMIT_ADDRESSES; k++)
        buf_put_lit(&text, "a@b,");
    assert_int_equal(count(buf_span(&text), 1024), LIMIT_ADDRESSES + 1);
    assert_int_equal(count(SPAN("g: \"x\\\"y\" <a@b>"), 0), 2);
}

/* Text made to be looked at again and again takes a time that is linear in its length. */
static void
test_linear(void **state)
{
    static const char *const pieces[] = {"\"",   "(", "<@", "=?a?q?", "\\\"", "<a",  "@",
                                         "a b ", ")", "=",  ":",      "[",    "\"\\"};
    AUTO_BUF text = {0};

    (void)state;
    buf_init(&text, 16u << 20);
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        buf_clear(&text);
        while (buf_len(&text) < 1000000)
            buf_put_str(&text, pieces[i]);
        (void)count(buf_span(&text), 64u << 20);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_shown),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_linear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
