/* SPDX-License-Identifier: MIT */
/*
 * A format is recognised by counting the lines that begin like its own. Strong formats are
 * believed at once. Weak ones ("S: ...", "< ...") look like quoted mail, and count only if
 * there is nothing stronger. A file may contain several strong ones: a syslog of two servers,
 * or an article with the logs of both sides.
 */
#include "journal/foreign/formats.h"

#include "base/limits.h"
#include "journal/foreign/read/read.h"

const struct foreign_format foreign_formats[] = {
    {.code = "gms",
     .title = "GMS or Roost transaction log",
     .program = "GMS",
     .side = SIDE_SERVER,
     .state_octets = READ_STATE_OCTETS,
     .head = read_gms_head,
     .read = read_gms},
    {.code = "outlook",
     .title = "Outlook Express or Outlook protocol log",
     .program = "Outlook Express",
     .side = SIDE_CLIENT,
     .state_octets = 16,
     .head = read_outlook_head,
     .read = read_outlook},
    {.code = "thunderbird",
     .title = "Thunderbird MOZ_LOG",
     .program = "Thunderbird",
     .side = SIDE_CLIENT,
     .literals = true,
     .state_octets = READ_THUNDERBIRD_OCTETS,
     .head = read_thunderbird_head,
     .read = read_thunderbird},
    {.code = "dovecot",
     .title = "Dovecot log",
     .program = "Dovecot",
     .side = SIDE_SERVER,
     .state_octets = READ_DOVECOT_OCTETS,
     .head = read_dovecot_head,
     .read = read_dovecot},
    {.code = "cyrus",
     .title = "Cyrus log",
     .program = "Cyrus",
     .side = SIDE_SERVER,
     .state_octets = READ_CYRUS_OCTETS,
     .head = read_cyrus_head,
     .read = read_cyrus},
    {.code = "courier",
     .title = "Courier log",
     .program = "Courier",
     .side = SIDE_SERVER,
     .head = read_courier_head,
     .read = read_courier},
    {.code = "stalwart",
     .title = "Stalwart log",
     .program = "Stalwart",
     .side = SIDE_SERVER,
     .literals = true,
     .head = read_stalwart_head,
     .read = read_stalwart},
    {.code = "hmailserver",
     .title = "hMailServer log",
     .program = "hMailServer",
     .side = SIDE_SERVER,
     .head = read_hmail_head,
     .read = read_hmail},
    {.code = "k9",
     .title = "K-9 Mail or Thunderbird for Android, logcat",
     .program = "K-9 Mail",
     .side = SIDE_CLIENT,
     .state_octets = READ_STATE_OCTETS,
     .head = read_k9_head,
     .read = read_k9},
    {.code = "javamail",
     .title = "JavaMail debug output",
     .program = "JavaMail",
     .side = SIDE_CLIENT,
     .raw = true,
     .literals = true,
     .state_octets = READ_STATE_OCTETS,
     .head = read_javamail_head,
     .read = read_javamail},
    {.code = "fairemail",
     .title = "FairEmail's log",
     .program = "FairEmail",
     .side = SIDE_CLIENT,
     .raw = true,
     .state_octets = READ_STATE_OCTETS,
     .head = read_fairemail_head,
     .read = read_fairemail,
     .tod = read_fairemail_tod},
    {.code = "imapsync",
     .title = "imapsync log",
     .program = "imapsync",
     .side = SIDE_CLIENT,
     .raw = true,
     .state_octets = READ_STATE_OCTETS,
     .head = read_imapsync_head,
     .read = read_imapsync},
    {.code = "rawlog",
     .title = "Dovecot rawlog",
     .program = "Dovecot rawlog",
     .side = SIDE_SERVER,
     .raw = true,
     .literals = true,
     .pairs = true,
     .state_octets = READ_STATE_OCTETS,
     .head = read_rawlog_head,
     .read = read_rawlog},
    {.code = "telemetry",
     .title = "Cyrus telemetry",
     .program = "Cyrus telemetry",
     .side = SIDE_SERVER,
     .raw = true,
     .literals = true,
     .state_octets = READ_STATE_OCTETS,
     .head = read_telemetry_head,
     .read = read_telemetry},
    {.code = "offlineimap",
     .title = "offlineimap debug log",
     .program = "offlineimap",
     .side = SIDE_CLIENT,
     .literals = true,
     .head = read_offlineimap_head,
     .read = read_offlineimap},
    {.code = "mbsync",
     .title = "mbsync debug output",
     .program = "mbsync",
     .side = SIDE_CLIENT,
     .raw = true,
     .head = read_mbsync_head,
     .read = read_mbsync},
    {.code = "fetchmail",
     .title = "fetchmail verbose output",
     .program = "fetchmail",
     .side = SIDE_CLIENT,
     .state_octets = READ_STATE_OCTETS,
     .head = read_fetchmail_head,
     .read = read_fetchmail},
    {.code = "curl",
     .title = "curl verbose output",
     .program = "curl",
     .side = SIDE_CLIENT,
     .raw = true,
     .weak = 1,
     .head = read_curl_head,
     .read = read_curl},
    {.code = "transcript",
     .title = "transcript (C:, S:)",
     .program = "the transcript",
     .side = SIDE_ANY,
     .weak = 2,
     .literals = true,
     .head = read_transcript_head,
     .read = read_transcript},
};
const size_t foreign_format_count = sizeof foreign_formats / sizeof foreign_formats[0];

_Static_assert(sizeof foreign_formats / sizeof foreign_formats[0] <= FOREIGN_FORMATS_MAX,
               "room in struct foreign_sample");

const struct foreign_program foreign_programs[] = {
#define FOREIGN_PROGRAM(name, side, sign, how) {name, side, sign, how},
#include "journal/foreign/program.def"
#undef FOREIGN_PROGRAM
};
const size_t foreign_program_count = sizeof foreign_programs / sizeof foreign_programs[0];

void
foreign_sample_init(struct foreign_sample *sample)
{
    *sample = (struct foreign_sample){0};
    foreign_wrap_init(&sample->wrap, 2000);
}

void
foreign_sample_done(struct foreign_sample *sample)
{
    foreign_wrap_done(&sample->wrap);
}

/* Counts the formats that recognise the line as it is, each once. Returns whether a strong one
 * does. */
static bool
sample_count(struct foreign_sample *sample, const struct foreign_wrapped *line, bool *seen)
{
    bool strong = false;

    for (size_t i = 0; i < foreign_format_count; i++) {
        if (seen[i] || !foreign_formats[i].head(line->text))
            continue;
        seen[i] = true;
        sample->hits[i]++;
        for (enum foreign_wrapper kind = 0; kind < WRAP_COUNT; kind++)
            sample->wraps[i][kind] += line->used >> kind & 1;
        strong |= foreign_formats[i].weak == 0;
    }
    return strong;
}

void
foreign_sample_line(void *ctx, struct span text)
{
    struct foreign_sample *sample = ctx;
    struct foreign_wrapped line = {.text = text, .at_us = FOREIGN_NO_TIME};
    bool seen[FOREIGN_FORMATS_MAX] = {false};

    sample->lines++;
    for (unsigned layers = 0; layers < LIMIT_FOREIGN_WRAPPERS; layers++)
        if (sample_count(sample, &line, seen) ||
            !foreign_wrap_step(&sample->wrap, WRAP_ALL, &line))
            break;
}

/* The wrappers around a format's lines. In a raw stream all lines matter but few are
 * recognised, so a wrapper must be around most of these. */
static uint32_t
wrappers_of(const struct foreign_sample *sample, size_t format)
{
    const uint32_t share = foreign_formats[format].raw ? 2 : 20;
    uint32_t bits = 0;

    for (enum foreign_wrapper kind = 0; kind < WRAP_COUNT; kind++)
        if (sample->wraps[format][kind] > 0 &&
            sample->wraps[format][kind] >= sample->hits[format] / share)
            bits |= 1u << kind;
    return bits;
}

uint32_t
foreign_sample_decide(const struct foreign_sample *sample, const struct foreign_format **out,
                      uint32_t max, uint32_t *wrappers_out)
{
    uint32_t count = 0;

    *wrappers_out = 0;
    for (unsigned weak = 0; weak <= 2 && count == 0; weak++) {
        /* The best format of this strength first, then the others in the order of their
         * hits. */
        bool taken[FOREIGN_FORMATS_MAX] = {false};
        while (count < max) {
            size_t best = foreign_format_count;
            for (size_t i = 0; i < foreign_format_count; i++)
                if (foreign_formats[i].weak == weak && !taken[i] && sample->hits[i] > 0 &&
                    (best == foreign_format_count || sample->hits[i] > sample->hits[best]))
                    best = i;
            if (best == foreign_format_count)
                break;
            /* A few lines among many are a quotation, not a log. A raw stream is the whole
             * file. */
            if (count > 0 &&
                (foreign_formats[best].raw || out[0]->raw || weak > 0 ||
                 sample->hits[best] < 2 || sample->hits[best] < sample->lines / 50))
                break;
            taken[best] = true;
            *wrappers_out |= wrappers_of(sample, best);
            out[count++] = &foreign_formats[best];
        }
    }
    return count;
}

const struct foreign_program *
foreign_program_of(enum foreign_side side, struct span text)
{
    for (size_t i = 0; i < foreign_program_count; i++) {
        const struct foreign_program *program = &foreign_programs[i];
        if (program->side == side && program->sign[0] != '\0' &&
            span_find(text, span_of_str(program->sign)) >= 0)
            return program;
    }
    return NULL;
}
