/* SPDX-License-Identifier: MIT */
/* Pieces are in tables; a message is a random walk over them. */
#include "support/mail_nasty.h"

#include "base/attr.h"

static const char *const field_lines[] = {
    "From: \"Ann \\\"A\\\" Other\" <ann@example.org>",
    "From: =?utf-8?q?J=C3=B6rg?= <j@example.org>, b@example.org (Bob (nested) B)",
    "From: \xE9ric <eric@example.org>",
    "Sender: <>",
    "Reply-To: @a.example,@b.example:c@d.example",
    "To: undisclosed-recipients:;",
    "To: Group: a@x.example, \"b, c\" <b@x.example>; d@x.example",
    "To: <<<user2@example.org>>>, <another@example.net, second@example.org>",
    "Cc: \"Joe <joe@example.com>, (Testing <fran@example.com>",
    "Cc: John Smith, joe, @, <, >, :, ;, \"\", (), <@>, <@a:>, a@b@c",
    "Bcc: \xF0\x9F\x90\xA6@ex\xC3\xA4mple.org, =?x?b?@@@?=",
    "Subject: =?iso-2022-jp?B?GyRCJDMkcxsoQg==?= =?utf-8?Q?a_b?=\r\n\t=?utf-8?q?c?= d",
    "Subject: raw \xE4\xF6\xFC and \"quotes\" \\ and {12}",
    "Subject:",
    "Date: Fri, 21 Nov 1997 09:55:06 -0600",
    "Date: Thu, 32 Foo 99 99:99 +9999 (comment",
    "Message-ID: <1234@local.machine.example>",
    "In-Reply-To: <a@b> <c@d>",
    "MIME-Version: 1.0 (produced by hand)",
    "Content-ID: <part1@example.org>",
    "Content-Description: \"a\\b\" \xFF",
    "Content-Transfer-Encoding: base64",
    "Content-Transfer-Encoding: Quoted-Printable",
    "Content-Transfer-Encoding: x-uuencode (what)",
    "Content-Disposition: attachment; filename*0*=utf-8''%e2%82; filename*1*=%ac; filename*2=x",
    "Content-Disposition: inline; filename=My File (1).doc; size=12",
    "Content-Language: de, en (English), ,",
    "Content-Location: http://example.org/\r\n  a",
    "Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==",
    "X-Long: a\r\n b\r\n\tc\r\n ",
    "\xEF\xBB\xBFSubject: behind a byte order mark",
    "\xEF\xBB\xBF",
    "Gr\xC3\xB6\xC3\x9F\x65: a name with 8-bit octets",
    "not a field at all",
    " continued from nothing",
    "Bad Name: x",
    "Spaced   : value",
    ": no name",
    ">From somebody Sat Jan  3 01:05:34 1996",
};

static const char *const type_lines[] = {
    "Content-Type: text/plain; charset=utf-8; format=flowed",
    "Content-Type: text/html; charset=\"iso-8859-1\"",
    "Content-Type: TEXT/PLAIN; charset=us-ascii name=\"no semicolon.txt\"",
    "Content-Type: image/png; name*=utf-8''%E2%82%AC.png",
    "Content-Type: text",
    "Content-Type: application/x-\xE4; a=\"\xE4\"; =; ;;; b",
    "Content-Type:",
    "Content-Type: (comment) text / plain ; (c) charset = (d) utf-8",
    "Content-Type: message/partial; id=x",
    "Content-Type: message/delivery-status",
    "Content-Type: text/plain; charset*=''utf-8; name=a (1)(2).txt (c)",
    "Content-Type: text/plain; charset*0*=us-ascii'en'iso-; charset*1=\"8859-1\"",
    "Content-Type: \"text/plain\"",
};

static const char *const boundaries[] = {"a",   "b",   "ab", "aa", "a--",
                                         "a b", "=_x", "",   "-",  "--"};

static const char *const texts[] = {
    "Hello, world.",
    "",
    "-- ",
    "--",
    "----",
    "--a",
    "--a--",
    "--ab ",
    "--a--x",
    "From the start of a line",
    "8-bit: \xC3\xA4\xE4\xFF",
    "Header: in the body",
    ".",
    "=E4=\r\n=3D= ",
    "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=",
    "a long line with many words in it, so that it passes seventy-six octets of text",
};

static bool
one_in(struct rng *rng, unsigned n)
{
    return rng_below(rng, n) == 0;
}

static void
put_eol(struct rng *rng, struct buf *out)
{
    switch (rng_below(rng, 40)) {
    case 0:
        buf_put_lit(out, "\n");
        break;
    case 1:
        buf_put_lit(out, "\r");
        break;
    case 2:
        buf_put_lit(out, "\r\r\n");
        break;
    default:
        buf_put_lit(out, "\r\n");
    }
}

static void
put_line(struct rng *rng, struct buf *out, const char *text)
{
    buf_put_str(out, text);
    if (one_in(rng, 200))
        buf_put_char(out, '\0');
    put_eol(rng, out);
}

#define PICK(rng, table) (table)[rng_below((rng), ARRAY_LEN(table))]

static void
put_text(struct rng *rng, struct buf *out)
{
    const uint64_t lines = rng_below(rng, 12);

    for (uint64_t i = 0; i < lines; i++)
        put_line(rng, out, PICK(rng, texts));
    if (one_in(rng, 4))
        buf_put_str(out, PICK(rng, texts));
}

static void put_entity(struct rng *rng, struct buf *out, unsigned depth);

static void
put_parts(struct rng *rng, struct buf *out, unsigned depth, const char *boundary)
{
    const uint64_t parts = rng_below(rng, 4);

    if (one_in(rng, 3))
        put_text(rng, out);
    for (uint64_t i = 0; i < parts; i++) {
        if (!one_in(rng, 20))
            buf_put_lit(out, "--");
        buf_put_str(out, boundary);
        if (one_in(rng, 10))
            buf_put_lit(out, " \t ");
        put_eol(rng, out);
        put_entity(rng, out, depth + 1);
        if (!one_in(rng, 10))
            put_eol(rng, out);
    }
    if (one_in(rng, 4))
        return;
    buf_put_lit(out, "--");
    buf_put_str(out, boundary);
    buf_put_lit(out, "--");
    if (!one_in(rng, 4))
        put_eol(rng, out);
    if (one_in(rng, 3))
        put_text(rng, out);
}

/* Mostly quoted, otherwise in the forms of RFC 2231, or wrong. */
static void
put_boundary(struct rng *rng, struct buf *out, const char *boundary)
{
    switch (rng_below(rng, 16)) {
    case 0:
        buf_printf(out, "boundary\"%s\"", boundary);
        break;
    case 1:
        buf_printf(out, "boundary*=us-ascii'en'%s", boundary);
        break;
    case 2:
        buf_printf(out, "boundary*1=\"%s\"; boundary*0=\"\"", boundary);
        break;
    case 3:
        buf_printf(out, "boundary*0*=''%%%02X; boundary*1=\"%s\"", (unsigned char)boundary[0],
                   boundary[0] == '\0' ? "" : boundary + 1);
        break;
    default:
        buf_printf(out, "boundary=\"%s\"", boundary);
    }
}

static void
put_entity(struct rng *rng, struct buf *out, unsigned depth)
{
    const uint64_t fields = rng_below(rng, depth == 0 ? 14 : 5);
    const uint64_t kind = depth > 12 ? 9 : rng_below(rng, 10);
    const char *boundary = PICK(rng, boundaries);

    for (uint64_t i = 0; i < fields; i++)
        put_line(rng, out, PICK(rng, field_lines));
    if (kind < 4) {
        buf_printf(out, "Content-Type: multipart/%s; ", one_in(rng, 4) ? "digest" : "mixed");
        put_boundary(rng, out, boundary);
        put_eol(rng, out);
    } else if (kind < 6) {
        put_line(rng, out,
                 one_in(rng, 4) ? "Content-Type: message/global"
                                : "Content-Type: message/rfc822");
    } else if (kind < 9) {
        put_line(rng, out, PICK(rng, type_lines));
    }
    if (!one_in(rng, 10))
        put_eol(rng, out);
    if (kind < 4)
        put_parts(rng, out, depth, boundary);
    else if (kind < 6)
        put_entity(rng, out, depth + 1);
    else
        put_text(rng, out);
}

void
mail_nasty(struct rng *rng, struct buf *out)
{
    const size_t before = buf_len(out);

    if (one_in(rng, 10))
        put_line(rng, out, "From somebody Sat Jan  3 01:05:34 1996");
    put_entity(rng, out, 0);
    const size_t len = buf_len(out) - before;
    if (one_in(rng, 4))
        buf_truncate(out, before + (size_t)rng_below(rng, len + 1));
}
