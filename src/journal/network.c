/* SPDX-License-Identifier: MIT */
/*
 * Networks as words and as rows. Silences are kept as text, "240:31/0 270:3/1" (seconds, kept,
 * lost), for people and other programs to read. Pure; any thread.
 */
#include "journal/network.h"

#include <string.h>

#include "journal/journal_private.h"

static const char *const whys[NETWORK_WHY_COUNT] = {
    [NETWORK_START] = "start",
    [NETWORK_LENGTHENED] = "lengthened",
    [NETWORK_FELL] = "fell",
    [NETWORK_TOO_SHORT] = "too-short",
};

const char *
network_why_name(enum network_why why)
{
    return (size_t)why < ARRAY_LEN(whys) ? whys[why] : "start";
}

/* --- words --- */

void
network_duration(struct buf *buf, uint32_t seconds)
{
    if (seconds == 1)
        buf_put_lit(buf, "1 second");
    else if (seconds < 120)
        buf_printf(buf, "%u seconds", seconds);
    else if (seconds % 60 == 0)
        buf_printf(buf, "%u minutes", seconds / 60);
    else
        buf_printf(buf, "%u min %u s", seconds / 60, seconds % 60);
}

void
network_sentence(const struct network_record *record, struct buf *buf)
{
    if (record->why == NETWORK_TOO_SHORT) {
        buf_put_lit(buf, "Even ");
        network_duration(buf, record->interval_s);
        buf_put_lit(buf,
                    " of silence, the least that [idle] keepalive_min allows, are too much "
                    "for this network: it forgets connections sooner.");
        return;
    }
    if (record->limit_s > 0) {
        buf_put_lit(buf, "This network forgets connections that are silent for ");
        network_duration(buf, record->limit_s);
        buf_put_lit(buf, "; its clients now get a keepalive every ");
    } else {
        buf_put_lit(
            buf, "This network is not known to forget connections; its clients get a keepalive "
                 "every ");
    }
    network_duration(buf, record->interval_s);
    buf_put_lit(buf, ".");
    if (record->trial_s > 0) {
        buf_put_lit(buf, " One address there tries ");
        network_duration(buf, record->trial_s);
        buf_put_lit(buf, ".");
    }
}

/* --- rows --- */

static void
silences_print(const struct network_record *record, struct buf *buf)
{
    for (uint32_t i = 0; i < record->silence_count; i++)
        buf_printf(buf, "%s%u:%u/%u", i == 0 ? "" : " ", record->silences[i].silence_s,
                   record->silences[i].kept, record->silences[i].lost);
}

/* Takes a number and the octet after it, which may be missing at the end. */
static bool
number_take(struct span *text, char end, uint32_t *out)
{
    const ptrdiff_t at = span_find_char(*text, end);
    const struct span digits = at < 0 ? *text : span_head(*text, (size_t)at);
    uint64_t number;

    if (!span_to_u64(digits, UINT32_MAX, &number))
        return false;
    *out = (uint32_t)number;
    *text = span_tail(*text, digits.len + (at < 0 ? 0 : 1));
    return true;
}

/* Roost did not write what cannot be read; it ends the list. */
static void
silences_parse(struct span text, struct network_record *record)
{
    record->silence_count = 0;
    while (text.len > 0 && record->silence_count < NETWORK_SILENCES) {
        struct network_silence silence;
        if (!number_take(&text, ':', &silence.silence_s) ||
            !number_take(&text, '/', &silence.kept) || !number_take(&text, ' ', &silence.lost))
            return;
        record->silences[record->silence_count++] = silence;
    }
}

void
journal_network_bind(struct stmt *stmt, const struct network_record *record, struct buf *buf)
{
    buf_clear(buf);
    silences_print(record, buf);
    stmt_bind_text(stmt, 1, span_of_str(record->network));
    stmt_bind_i64(stmt, 2, record->interval_s);
    stmt_bind_i64(stmt, 3, record->trial_s);
    stmt_bind_i64(stmt, 4, record->limit_s);
    stmt_bind_text(stmt, 5, span_of_str(network_why_name(record->why)));
    stmt_bind_i64(stmt, 6, record->failures);
    stmt_bind_i64(stmt, 7, record->retry_ms);
    stmt_bind_i64(stmt, 8, record->changed_ms);
    stmt_bind_i64(stmt, 9, record->seen_ms);
    stmt_bind_text(stmt, 10, buf_span(buf));
}

static enum network_why
why_read(struct span name)
{
    for (size_t i = 0; i < ARRAY_LEN(whys); i++)
        if (span_eq_str(name, whys[i]))
            return (enum network_why)i;
    return NETWORK_START;
}

void
journal_network_read(struct stmt *stmt, struct network_record *out)
{
    const struct span name = span_head(stmt_span(stmt, 0), NETWORK_TEXT - 1);

    *out = (struct network_record){
        .interval_s = (uint32_t)stmt_i64(stmt, 1),
        .trial_s = (uint32_t)stmt_i64(stmt, 2),
        .limit_s = (uint32_t)stmt_i64(stmt, 3),
        .why = why_read(stmt_span(stmt, 4)),
        .failures = (uint32_t)stmt_i64(stmt, 5),
        .retry_ms = stmt_i64(stmt, 6),
        .changed_ms = stmt_i64(stmt, 7),
        .seen_ms = stmt_i64(stmt, 8),
    };
    if (name.len > 0)
        memcpy(out->network, name.ptr, name.len);
    silences_parse(stmt_span(stmt, 9), out);
}
