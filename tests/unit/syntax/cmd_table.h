/* SPDX-License-Identifier: MIT */
/*
 * Runs a table of command lines through the parser: each gives the dump of what was parsed (see
 * support/imap_dump.h), or, with '!' before it, the sentence for the client.
 */
#ifndef TESTS_SYNTAX_CMD_TABLE_H
#define TESTS_SYNTAX_CMD_TABLE_H

#include "support/cm.h"
#include "support/imap_dump.h"

#include "base/limits.h"

struct cmd_case {
    const char *text; /* without the tag */
    size_t octets;    /* 0: up to the terminator */
    const char *expected;
};

/** Parses "t " and text; the dump, or '!' and the sentence, ends up in out. */
static inline enum rc
cmd_parse(struct span text, enum mbox_wire wire, struct arena *arena, struct buf *out)
{
    const char *bad = NULL;
    struct imap_head head;
    struct imap_cmd cmd;
    AUTO_BUF line = {0};

    buf_init(&line, 32u << 20);
    buf_put_str(&line, "t ");
    buf_put_span(&line, text);
    assert_true(buf_ok(&line));
    enum rc rc = imap_head_parse(buf_span(&line), &head, &bad);
    if (rc == RC_OK) {
        assert_true(span_eq_str(head.tag, "t"));
        rc = imap_args_parse(&head, wire, arena, &cmd, &bad);
    }
    if (rc == RC_OK) {
        assert_null(bad);
        imap_dump(out, &cmd);
    } else {
        assert_true(rc == RC_INVALID || rc == RC_LIMIT);
        assert_non_null(bad);
        buf_put_char(out, '!');
        buf_put_str(out, bad);
    }
    return rc;
}

static inline void
cmd_table_run(const struct cmd_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const size_t octets = cases[i].octets ? cases[i].octets : strlen(cases[i].text);
        AUTO_ARENA arena = {0};
        AUTO_BUF out = {0};

        arena_init(&arena, LIMIT_CMD_ARENA);
        buf_init(&out, 64u << 20);
        (void)cmd_parse(span_of(cases[i].text, octets), MBOX_WIRE_UTF7, &arena, &out);
        if (!span_eq_str(buf_span(&out), cases[i].expected))
            fail_msg("%s\nexpected %s\n     got %.*s", cases[i].text, cases[i].expected,
                     SPAN_FMT(buf_span(&out)));
    }
}

/** The result for text repeated: prefix, `times` units, suffix. */
static inline enum rc
cmd_parse_repeated(const char *prefix, const char *unit, size_t times, const char *suffix)
{
    AUTO_ARENA arena = {0};
    AUTO_BUF text = {0};
    AUTO_BUF out = {0};

    arena_init(&arena, LIMIT_CMD_ARENA);
    buf_init(&text, 32u << 20);
    buf_init(&out, 64u << 20);
    buf_put_str(&text, prefix);
    for (size_t i = 0; i < times; i++)
        buf_put_str(&text, unit);
    buf_put_str(&text, suffix);
    return cmd_parse(buf_span(&text), MBOX_WIRE_UTF7, &arena, &out);
}

#endif
