/* SPDX-License-Identifier: MIT */
/*
 * One reader of foreign logs, named by FOREIGN_FORMAT: every line is given to it, whether it
 * looks like its own or not, and what comes of it is told.
 */
#include <stdint.h>
#include <string.h>

#include "foreign_check.h"
#include "journal/foreign/formats.h"
#include "journal/foreign/track.h"

enum { CASES = 64 };

static struct foreign_story story;
static struct foreign_case cases[CASES];

static void
give(void *ctx, struct foreign_session *session)
{
    (void)ctx;
    if (story.case_count == CASES) {
        foreign_session_free(session);
        return;
    }
    cases[story.case_count++] = (struct foreign_case){.views = {session}, .view_count = 1};
}

static void
event_take(void *ctx, const struct foreign_event *event)
{
    foreign_tracker_event(ctx, event);
}

static const struct foreign_format *
format_find(const char *code)
{
    for (size_t i = 0; i < foreign_format_count; i++)
        if (strcmp(foreign_formats[i].code, code) == 0)
            return &foreign_formats[i];
    CHECK(false);
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t octets);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t octets)
{
    const struct foreign_format *format = format_find(FOREIGN_FORMAT);
    struct foreign_tracker tracker;
    struct foreign_reader reader = {.format = format, .emit = event_take, .emit_ctx = &tracker};
    struct span rest = span_of(data, octets);

    story = (struct foreign_story){.file_count = 1, .log_count = 1, .cases = cases};
    story.files[0] = (struct foreign_file){.path = "x/log", .name = "log", .is_known = true};
    story.logs[0] = (struct foreign_log){.format = format};
    foreign_tracker_init(&tracker);
    tracker.log = &story.logs[0];
    tracker.literals = format->literals;
    tracker.give = give;
    reader.file = octets % 2 == 0 ? "a.in" : "a.out";
    reader.clock = (struct foreign_clock){.last_tod_us = -1, .year = 2026};
    reader.wrapped_us = octets % 3 == 0 ? 1000000 : FOREIGN_NO_TIME;
    reader.wrapped_clock = &reader.clock;
    reader.state = format->state_octets > 0 ? calloc(1, format->state_octets) : NULL;
    for (uint64_t number = 1; rest.len > 0; number++) {
        const ptrdiff_t end = span_find_char(rest, '\n');
        const struct span text = span_head(rest, end < 0 ? rest.len : (size_t)end);
        const struct foreign_line line = {.text = text, .number = number};
        rest = span_tail(rest, text.len + 1);
        /* A line that begins as the format's do may still say what nobody knows. */
        (void)format->head(text);
        (void)format->read(&reader, &line);
    }
    story.logs[0].clock = reader.clock;
    foreign_tracker_done(&tracker);
    foreign_answers_check(&story);
    for (uint32_t i = 0; i < story.case_count; i++)
        foreign_session_free(cases[i].views[0]);
    free(reader.state);
    return 0;
}
