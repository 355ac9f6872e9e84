/* SPDX-License-Identifier: MIT */
/*
 * What protocol lines become in the log. The first octet says how the rest is cut into pieces:
 * a stream must give as many entries in pieces as whole, and no text may leave the escaping
 * with anything in it that a terminal would obey.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/limits.h"
#include "journal/log.h"
#include "journal/redact.h"

static struct log *logger;
static struct log_scope scope;

static void
set_up(void)
{
    const struct log_options options = {0}; /* writes nowhere */
    struct log_levels levels;

    CHECK(log_open(&logger, &options, NULL) == RC_OK);
    CHECK(log_levels_parse(SPAN("APSF"), &levels, NULL) == RC_OK);
    log_levels_set(logger, &levels);
    log_scope_init(&scope, logger, LOG_IMAP, 1);
}

static uint64_t
entries(void)
{
    struct log_stats stats;

    log_flush(logger);
    log_stats(logger, &stats);
    return stats.written + stats.lost;
}

static uint64_t
feed(struct span output, size_t piece)
{
    struct log_tap tap = {0};
    const uint64_t before = entries();

    log_tap_begin(&tap);
    for (; output.len > 0; output = span_tail(output, piece))
        log_tap_feed(&tap, &scope, span_head(output, piece));
    log_tap_done(&tap);
    return entries() - before;
}

static void
check_escaped(struct span text)
{
    static char out[LIMIT_LOG_LINE + 32];
    const size_t max = text.len % (LIMIT_LOG_LINE + 1);
    const size_t len = text_escape_to(out, sizeof out, text, max);

    CHECK(len < max + 32);
    for (size_t i = 0; i < len; i++)
        CHECK((unsigned char)out[i] >= 0x20 && out[i] != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t octets);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t octets)
{
    if (logger == NULL)
        set_up();
    if (octets == 0)
        return 0;
    const struct span text = span_of(data + 1, octets - 1);
    const size_t piece = (size_t)data[0] % 64 + 1;
    check_escaped(text);
    CHECK(feed(text, piece) == feed(text, text.len + 1));
    log_line_in(&scope, LINE_COMMAND, text);
    log_line_in(&scope, LINE_BEFORE_LOGIN, text);
    log_line_out(&scope, text);
    struct log_levels levels;
    AUTO_BUF printed = {0};
    buf_init(&printed, 1000);
    if (log_levels_parse(text, &levels, NULL) == RC_OK) {
        struct log_levels again;
        log_levels_print(&levels, &printed);
        CHECK(log_levels_parse(buf_span(&printed), &again, NULL) == RC_OK);
        CHECK(memcmp(&levels, &again, sizeof levels) == 0);
    }
    return 0;
}
