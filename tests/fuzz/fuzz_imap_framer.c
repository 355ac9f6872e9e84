/* SPDX-License-Identifier: MIT */
/*
 * The framer: the first octet chooses what is done with literals and how long a command may be;
 * the rest is fed whole and octet by octet. Both must say the same, and the parser must find
 * exactly the spools that were made.
 */
#include <stdlib.h>

#include "base/check.h"
#include "support/imap_dump.h"
#include "syntax/imap/framer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LOG_MAX = 4 << 20 };

struct run {
    struct imap_framer framer;
    struct buf in;
    struct buf log;
    uint8_t policy;
    unsigned spools; /* of the command being read */
};

static void
decide(struct run *run)
{
    const struct imap_literal *literal = imap_framer_literal(&run->framer);
    const unsigned choice = (run->policy >> (literal->number % 2 * 2)) % 4;

    buf_printf(&run->log, "literal %u %ju %d%d%d%d%d;", literal->number,
               (uintmax_t)literal->octets, literal->sync, literal->literal8, literal->fits,
               literal->forbidden, literal->is_message);
    if (choice == 0 && imap_framer_divert(&run->framer) == RC_OK) {
        run->spools++;
        return;
    }
    if (choice != 1 && imap_framer_keep(&run->framer) == RC_OK)
        return;
    buf_put_str(&run->log, "refused;");
    imap_framer_refuse(&run->framer);
    run->spools = 0;
}

static void
parse_command(struct run *run)
{
    struct imap_head head;
    struct imap_cmd cmd;
    const char *bad = NULL;
    unsigned spooled = 0;
    AUTO_ARENA arena = {0};

    arena_init(&arena, 1u << 20);
    if (imap_head_parse(imap_framer_text(&run->framer), &head, &bad) != RC_OK ||
        imap_args_parse(&head, MBOX_WIRE_UTF7, &arena, &cmd, &bad) != RC_OK) {
        CHECK(bad != NULL);
        buf_printf(&run->log, "bad %s;", bad);
        return;
    }
    imap_dump(&run->log, &cmd);
    if (cmd.id != IMAP_CMD_APPEND)
        return;
    for (size_t i = 0; i < cmd.u.append.message_count; i++)
        if (cmd.u.append.messages[i].is_spooled)
            CHECK(cmd.u.append.messages[i].spool == spooled++);
    CHECK(spooled == run->spools);
}

static void
drain(struct run *run)
{
    for (;;) {
        switch (imap_framer_next(&run->framer, &run->in)) {
        case IMAP_FRAME_MORE:
            CHECK(buf_len(&run->in) == 0);
            return;
        case IMAP_FRAME_LITERAL:
            decide(run);
            break;
        case IMAP_FRAME_DATA:
            CHECK(imap_framer_data(&run->framer).len > 0);
            buf_put_span(&run->log, imap_framer_data(&run->framer));
            break;
        case IMAP_FRAME_COMMAND:
            buf_put_span(&run->log, imap_framer_text(&run->framer));
            parse_command(run);
            run->spools = 0;
            break;
        case IMAP_FRAME_TOO_LONG:
            buf_put_str(&run->log, "too long;");
            run->spools = 0;
            break;
        case IMAP_FRAME_NUL:
            buf_put_str(&run->log, "nul;");
            run->spools = 0;
            break;
        case IMAP_FRAME_NO_MEMORY:
            CHECK(false);
            return;
        }
    }
}

static void
feed(struct run *run, const uint8_t *data, size_t size, size_t piece)
{
    buf_init(&run->in, size + 1);
    buf_init(&run->log, LOG_MAX);
    run->policy = data[0];
    imap_framer_init(&run->framer, data[0] & 16 ? 4096 : 64);
    for (size_t at = 1; at < size; at += piece) {
        buf_put(&run->in, data + at, piece < size - at ? piece : size - at);
        drain(run);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct run whole = {0};
    struct run octets = {0};

    if (size < 2)
        return 0;
    feed(&whole, data, size, size);
    feed(&octets, data, size, 1);
    CHECK(buf_ok(&whole.log) == buf_ok(&octets.log));
    CHECK(!buf_ok(&whole.log) || span_eq(buf_span(&whole.log), buf_span(&octets.log)));
    imap_framer_done(&whole.framer);
    imap_framer_done(&octets.framer);
    buf_done(&whole.in);
    buf_done(&octets.in);
    buf_done(&whole.log);
    buf_done(&octets.log);
    return 0;
}
