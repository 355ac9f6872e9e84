/* SPDX-License-Identifier: MIT */
/*
 * Reading: files are opened and recognised, grouped into logs (rotated files of one name are
 * one log, oldest first; so are the two halves of a pair), and read line by line. Indented
 * lines that do not begin an entry continue the one before, as mail programs and articles fold
 * them.
 */
#include "journal/foreign/story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/foreign/formats.h"
#include "journal/foreign/newest.h"
#include "journal/foreign/match.h"
#include "journal/foreign/read/read.h"
#include "journal/foreign/source.h"
#include "journal/foreign/track.h"
#include "journal/foreign/when.h"

enum { STEM_OCTETS = 512, PROGRESS_LINES = 4096 };

/* A file before it is read. */
struct candidate {
    struct foreign_source *source;
    const struct foreign_format *formats[FOREIGN_FORMATS_PER_FILE];
    uint32_t format_count;
    uint32_t wrappers; /* bits of enum foreign_wrapper */
    uint32_t file;
    char stem[STEM_OCTETS]; /* directory and name without what rotation adds */
    char date[12];          /* date in the name; "": none, so it is the newest */
    uint64_t rotation;      /* ".2": 2; 0: none */
};

/* A log of one format, while it is read. */
struct work {
    struct foreign_log *log;
    struct foreign_reader reader;
    struct foreign_tracker tracker;
};

struct reading {
    struct foreign_story *story;
    const struct foreign_options *options;
    struct candidate files[LIMIT_FOREIGN_FILES];
    uint32_t count;
    /* The group of files that is being read. */
    struct work works[FOREIGN_FORMATS_PER_FILE];
    uint32_t work_count;
    struct foreign_wrap wrap;
    uint32_t wrappers;
    int64_t wrapped_us;         /* of the present line */
    struct work *pending;       /* the log whose entry is being folded */
    int64_t pending_wrapped_us; /* of its first line */
    struct foreign_line entry;
    struct work *last_literal; /* the log whose entry lines without a head may continue */
    uint32_t folds;
    struct buf text; /* text of the entry */
};

/* --- Names --- */

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Removes "-20261121", ".2", ".gz" from the end, and dates from the middle. */
static void
stem_make(struct candidate *c, const char *path)
{
    struct span name = span_of_str(path);
    size_t used = 0;

    if (name.len > 3 && span_eq_str(span_tail(name, name.len - 3), ".gz"))
        name.len -= 3;
    size_t digits = 0;
    while (digits < name.len && is_digit(name.ptr[name.len - 1 - digits]))
        digits++;
    if (digits > 0 && digits < 4 && digits < name.len &&
        name.ptr[name.len - 1 - digits] == '.') {
        if (!span_to_u64(span_tail(name, name.len - digits), 999, &c->rotation))
            c->rotation = 0;
        name.len -= digits + 1;
    }
    for (size_t i = 0; i < name.len && used + 2 < sizeof c->stem;) {
        struct span date = span_tail(name, i);
        int64_t day;
        uint64_t number;
        const struct span at = date;
        if (when_take_date(&date, &day) ||
            (i > 0 && name.ptr[i - 1] == '-' && when_take_number(&date, 8, &number) &&
             at.len - date.len == 8 && date.len == 0)) {
            const size_t len = at.len - date.len;
            memcpy(c->date, at.ptr, len);
            c->date[len] = '\0';
            i += len;
            if (used > 0 && (c->stem[used - 1] == '-' || c->stem[used - 1] == '.'))
                used--;
            continue;
        }
        c->stem[used++] = name.ptr[i++];
    }
    /* The two halves of a pair. */
    if (c->formats[0]->pairs) {
        if (used > 3 && memcmp(c->stem + used - 3, ".in", 3) == 0)
            used -= 3;
        else if (used > 4 && memcmp(c->stem + used - 4, ".out", 4) == 0)
            used -= 4;
    }
    c->stem[used] = '\0';
}

/* The order of logs: those of servers first, then by format, then by name; the files of a log
 * from the oldest on. */
static int
by_log(const void *a, const void *b)
{
    const struct candidate *left = a;
    const struct candidate *right = b;
    const int sides =
        (right->formats[0]->side == SIDE_SERVER) - (left->formats[0]->side == SIDE_SERVER);

    if (sides != 0)
        return sides;
    if (left->formats[0] != right->formats[0])
        return left->formats[0] < right->formats[0] ? -1 : 1;
    const int stems = strcmp(left->stem, right->stem);
    if (stems != 0)
        return stems;
    if (left->rotation != right->rotation)
        return left->rotation > right->rotation ? -1 : 1;
    if ((left->date[0] == '\0') != (right->date[0] == '\0'))
        return left->date[0] == '\0' ? 1 : -1;
    const int dates = strcmp(left->date, right->date);
    return dates != 0 ? dates : left->file < right->file ? -1 : 1;
}

static bool
same_log(const struct candidate *a, const struct candidate *b)
{
    if (a->formats[0] != b->formats[0] || strcmp(a->stem, b->stem) != 0)
        return false;
    /* Files with one name in one directory, which differ by rotation; or a pair. */
    return a->formats[0]->pairs || a->rotation != b->rotation || strcmp(a->date, b->date) != 0;
}

/* --- Sessions that ended --- */

static struct foreign_session *
session_at(struct list *node)
{
    return (struct foreign_session *)((char *)node - offsetof(struct foreign_session, link));
}

static enum foreign_rule
judge_alone(struct foreign_session *session)
{
    const struct foreign_case c = {.views = {session}, .view_count = 1};
    struct foreign_verdict verdict;

    foreign_judge(&c, &verdict);
    return verdict.rule;
}

static void
keep(void *ctx, struct foreign_session *session)
{
    struct reading *reading = ctx;
    struct foreign_story *story = reading->story;
    const char *account = reading->options->account;
    const enum foreign_rule rule = judge_alone(session);

    /* A session without a name may be the other side of a session with one, if it shows
     * commands. */
    if (account != NULL &&
        (session->account[0] == '\0' ? session->cmd_count == 0
                                     : strcasecmp(account, session->account) != 0)) {
        foreign_session_free(session);
        return;
    }
    if (story->kept == LIMIT_FOREIGN_KEPT) {
        struct list *list =
            list_is_empty(&story->ordinary) ? &story->troubled : &story->ordinary;
        struct foreign_session *gone = session_at(list_pop_front(list));
        story->counted[judge_alone(gone)]++;
        story->counted_all++;
        foreign_session_free(gone);
        story->kept--;
    }
    list_push_back(foreign_rule_info(rule)->kind == KIND_ORDINARY ? &story->ordinary
                                                                  : &story->troubled,
                   &session->link);
    story->kept++;
}

static void
event_take(void *ctx, const struct foreign_event *event)
{
    struct work *work = ctx;

    foreign_tracker_event(&work->tracker, event);
}

/* --- One log --- */

static void
work_begin(struct reading *reading, const struct foreign_format *format,
           const struct candidate *c)
{
    struct foreign_story *story = reading->story;
    struct work *work = &reading->works[reading->work_count];

    if (story->log_count == FOREIGN_LOGS)
        return;
    *work = (struct work){0};
    if (format->state_octets > 0) {
        work->reader.state = calloc(1, format->state_octets);
        if (work->reader.state == NULL) {
            story->starved = true;
            return;
        }
    }
    work->log = &story->logs[story->log_count];
    *work->log = (struct foreign_log){.format = format, .index = story->log_count};
    story->log_count++;
    reading->work_count++;
    work->reader.format = format;
    work->reader.emit = event_take;
    work->reader.emit_ctx = work;
    work->reader.clock.last_tod_us = -1;
    work->reader.wrapped_us = FOREIGN_NO_TIME;
    work->reader.wrapped_clock = &reading->wrap.clock;
    work->reader.clock.year = foreign_source_year(c->source);
    foreign_tracker_init(&work->tracker);
    work->tracker.log = work->log;
    work->tracker.literals = format->literals;
    work->tracker.give = keep;
    work->tracker.give_ctx = reading;
}

static void
work_end(struct reading *reading, struct work *work)
{
    struct foreign_log *log = work->log;

    log->program = work->reader.program;
    log->clock = work->reader.clock;
    foreign_tracker_done(&work->tracker);
    log->sessions = work->tracker.session_count;
    log->dialogue = work->tracker.dialogue;
    reading->story->starved |= log->starved;
    free(work->reader.state);
}

/* Whether the log belongs to one program alone; it has levels where a syslog has programs. */
static bool
is_level(struct span word)
{
    static const char *const levels[] = {"DEBUG",   "INFO",  "NOTICE",
                                         "WARNING", "ERROR", "CRITICAL"};

    for (size_t i = 0; i < ARRAY_LEN(levels); i++)
        if (span_ieq_str(word, levels[i]))
            return true;
    return false;
}

/* Whether another program wrote the line into the same syslog or logcat. */
static bool
is_of_other_program(struct span line)
{
    struct foreign_clock clock = {.year = 2000};
    struct read_syslog head;
    struct span tag;
    int64_t at;

    return (read_syslog_take(&clock, line, &head) && head.at_us != FOREIGN_NO_TIME &&
            head.ident.len > 0 && !is_level(head.ident)) ||
           (read_logcat_take(&clock, &line, &at, &tag) && at != FOREIGN_NO_TIME);
}

/* Counts a line that was not understood. Those of other programs are counted separately;
 * is_own: the log's program wrote it. */
static void
strange_note(struct reading *reading, const struct foreign_line *line, bool is_own)
{
    struct foreign_file *file = &reading->story->files[line->file];

    if (span_trim(line->text).len == 0)
        return;
    if (!is_own && is_of_other_program(line->text)) {
        file->others++;
        return;
    }
    if (file->strange < FOREIGN_STRANGE_SHOWN)
        file->strange_lines[file->strange] = line->number;
    file->strange++;
}

static void
entry_finish(struct reading *reading)
{
    struct work *work = reading->pending;

    reading->pending = NULL;
    if (work == NULL)
        return;
    reading->entry.text = buf_span(&reading->text);
    reading->story->starved |= !buf_ok(&reading->text);
    work->reader.wrapped_us = reading->pending_wrapped_us;
    /* The year from the container is more reliable than the time of the file. */
    work->reader.clock.has_near =
        reading->pending_wrapped_us != FOREIGN_NO_TIME && reading->wrap.clock.has_date;
    work->reader.clock.near_us = reading->pending_wrapped_us;
    const uint64_t before = work->tracker.event_count;
    /* Within a message, nothing needs to be understood. */
    const bool in_literal = foreign_tracker_in_literal(&work->tracker);
    if (work->reader.format->read(&work->reader, &reading->entry) || in_literal)
        work->log->entries++;
    else
        strange_note(reading, &reading->entry, true);
    work->log->cut += reading->entry.cut;
    if (work->tracker.event_count != before)
        work->log->end =
            (struct foreign_ref){.line = reading->entry.number, .file = reading->entry.file};
}

static void
entry_begin(struct reading *reading, struct work *work, const struct foreign_line *line)
{
    reading->pending = work;
    reading->pending_wrapped_us = reading->wrapped_us;
    reading->entry = *line;
    reading->folds = 0;
    buf_clear(&reading->text);
    buf_put_span(&reading->text, line->text);
}

/* A line within a literal that begins no entry: a message that the program logged as one entry
 * with many lines. It is counted, so that the commands after it are recognised. */
static bool
is_rest(struct reading *reading, const struct foreign_line *line)
{
    struct work *work = reading->pending;

    if (reading->last_literal == NULL && (work == NULL || !work->reader.format->literals))
        return false;
    if (work != NULL) {
        const struct span text = buf_span(&reading->text);
        const bool indented =
            line->text.len > 0 && (line->text.ptr[0] == ' ' || line->text.ptr[0] == '\t');
        /* No literal is under way, so the entry may be folded. */
        if (indented && !foreign_tracker_in_literal(&work->tracker) &&
            (text.len == 0 || text.ptr[text.len - 1] != '}'))
            return false;
        entry_finish(reading);
        reading->last_literal = work;
    }
    work = reading->last_literal;
    if (!foreign_tracker_in_literal(&work->tracker))
        return false;
    const struct foreign_event event = {
        .ref = {.at_us = FOREIGN_NO_TIME, .line = line->number, .file = line->file},
        .rest = true,
        .text = line->text};
    foreign_tracker_event(&work->tracker, &event);
    return true;
}

/* An indented line continues the entry before it. */
static bool
fold(struct reading *reading, const struct foreign_line *line)
{
    const struct span more = span_trim(line->text);
    const bool indented =
        line->text.len > 0 && (line->text.ptr[0] == ' ' || line->text.ptr[0] == '\t');

    if (reading->pending == NULL || !indented || more.len == 0 ||
        reading->folds >= LIMIT_FOREIGN_FOLDS ||
        buf_len(&reading->text) + more.len >= LIMIT_FOREIGN_LINE)
        return false;
    buf_put_char(&reading->text, ' ');
    buf_put_span(&reading->text, more);
    reading->folds++;
    return true;
}

static bool
is_head(void *ctx, struct span text)
{
    const struct reading *reading = ctx;

    for (uint32_t i = 0; i < reading->work_count; i++)
        if (reading->works[i].reader.format->head(text))
            return true;
    return false;
}

static void
line_take(struct reading *reading, struct foreign_line *line)
{
    if (!foreign_wrap_peel(&reading->wrap, reading->wrappers, is_head, reading, line->text,
                           &line->text, &reading->wrapped_us))
        return;
    for (uint32_t i = 0; i < reading->work_count; i++) {
        struct work *work = &reading->works[i];
        if (work->reader.format->raw || work->reader.format->head(line->text)) {
            entry_finish(reading);
            reading->last_literal = NULL;
            entry_begin(reading, work, line);
            return;
        }
    }
    if (is_rest(reading, line))
        return;
    if (fold(reading, line))
        return;
    entry_finish(reading);
    strange_note(reading, line, false);
}

static void
file_begin(struct reading *reading, const struct candidate *c)
{
    for (uint32_t i = 0; i < reading->work_count; i++) {
        reading->works[i].reader.file = reading->story->files[c->file].name;
        when_from_name(&reading->works[i].reader.clock, reading->works[i].reader.file);
    }
}

static void
progress(struct reading *reading, const struct candidate *c)
{
    int64_t done;
    int64_t size;

    if (reading->options->progress == NULL)
        return;
    foreign_source_progress(c->source, &done, &size);
    reading->options->progress(reading->options->ctx, reading->story->files[c->file].name, done,
                               size);
}

static void
file_end(struct reading *reading, const struct candidate *c)
{
    struct foreign_file *file = &reading->story->files[c->file];
    struct err err = {.rc = RC_OK};

    if (foreign_source_trouble(c->source, &err) != RC_OK)
        snprintf(file->trouble, sizeof file->trouble, "%s", err.text);
}

/* What is needed to pass on the lines of a reversed log. */
struct turn {
    struct reading *reading;
    struct candidate *c;
};

static void
turned_line(void *ctx, struct foreign_line *line)
{
    const struct turn *turn = ctx;

    line->file = turn->c->file;
    line_take(turn->reading, line);
}

/* A log with the newest entry first. */
static void
file_read_turned(struct reading *reading, struct candidate *c, int64_t (*tod)(struct span))
{
    struct foreign_file *file = &reading->story->files[c->file];
    struct turn turn = {.reading = reading, .c = c};

    bool whole = false;
    if (foreign_newest_read(c->source, tod, turned_line, &turn, &whole) != RC_OK)
        reading->story->starved = true;
    file->lines = foreign_source_lines(c->source);
    file_end(reading, c);
    if (!whole && file->trouble[0] == '\0')
        snprintf(
            file->trouble, sizeof file->trouble,
            "its newest entry comes first, and only the first %u MiB of such a log are read",
            LIMIT_FOREIGN_NEWEST >> 20);
}

static void
file_read(struct reading *reading, struct candidate *c)
{
    struct foreign_file *file = &reading->story->files[c->file];
    struct foreign_line line;

    file_begin(reading, c);
    if (c->formats[0]->tod != NULL) {
        file_read_turned(reading, c, c->formats[0]->tod);
        entry_finish(reading);
        reading->last_literal = NULL;
        return;
    }
    while (foreign_source_line(c->source, &line)) {
        line.file = c->file;
        if (file->lines++ % PROGRESS_LINES == 0)
            progress(reading, c);
        line_take(reading, &line);
    }
    entry_finish(reading);
    reading->last_literal = NULL;
    file_end(reading, c);
}

/* The time at the beginning of a line of a pair. A line without one belongs to the line
 * before. */
static int64_t
pair_time(const struct foreign_line *line, int64_t before)
{
    struct foreign_clock clock = {0};
    struct span text = line->text;
    int64_t at;

    return when_take_epoch(&clock, &text, &at) ? at : before;
}

/* Reads two files together, in the order of their times. If the times are equal, the client's
 * half goes first. */
static void
pair_read(struct reading *reading, struct candidate *a, struct candidate *b)
{
    struct candidate *c[2] = {a, b};
    struct foreign_line line[2];
    int64_t at[2] = {INT64_MIN, INT64_MIN};
    bool have[2];

    for (int i = 0; i < 2; i++) {
        have[i] = foreign_source_line(c[i]->source, &line[i]);
        if (have[i])
            at[i] = pair_time(&line[i], at[i]);
    }
    while (have[0] || have[1]) {
        const int i = have[0] && (!have[1] || at[0] <= at[1]) ? 0 : 1;
        file_begin(reading, c[i]);
        line[i].file = c[i]->file;
        if (reading->story->files[c[i]->file].lines++ % PROGRESS_LINES == 0)
            progress(reading, c[i]);
        line_take(reading, &line[i]);
        entry_finish(reading);
        have[i] = foreign_source_line(c[i]->source, &line[i]);
        if (have[i])
            at[i] = pair_time(&line[i], at[i]);
    }
    file_end(reading, a);
    file_end(reading, b);
}

/* Reads the files from to to-1 as one log for each of their formats. */
static void
group_read(struct reading *reading, uint32_t from, uint32_t to)
{
    struct candidate *first = &reading->files[from];

    reading->work_count = 0;
    reading->wrappers = 0;
    foreign_wrap_init(&reading->wrap, foreign_source_year(first->source));
    for (uint32_t i = from; i < to; i++)
        reading->wrappers |= reading->files[i].wrappers;
    for (uint32_t i = 0; i < first->format_count; i++)
        work_begin(reading, first->formats[i], first);
    for (uint32_t i = from; i < to && reading->work_count > 0; i++)
        reading->story->files[reading->files[i].file].log = reading->works[0].log->index;
    if (first->formats[0]->pairs && to - from == 2 && reading->work_count > 0) {
        pair_read(reading, first, first + 1);
    } else {
        for (uint32_t i = from; i < to && reading->work_count > 0; i++)
            file_read(reading, &reading->files[i]);
    }
    reading->story->starved |= foreign_wrap_starved(&reading->wrap);
    foreign_wrap_done(&reading->wrap);
    for (uint32_t i = 0; i < reading->work_count; i++)
        work_end(reading, &reading->works[i]);
}

/* --- All --- */

static const char *
last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL || slash[1] == '\0' ? path : slash + 1;
}

static void
file_open(struct reading *reading, const char *path)
{
    struct foreign_story *story = reading->story;
    struct foreign_file *file = &story->files[story->file_count];
    struct candidate *c = &reading->files[reading->count];
    struct foreign_sample sample;
    struct err err = {.rc = RC_OK};

    *file = (struct foreign_file){.path = path, .name = last_part(path)};
    *c = (struct candidate){.file = story->file_count};
    story->file_count++;
    const enum rc rc = foreign_source_open(&c->source, path, &err);
    story->starved |= rc == RC_LIMIT;
    if (rc != RC_OK) {
        snprintf(file->trouble, sizeof file->trouble, "%s", err.text);
        return;
    }
    foreign_sample_init(&sample);
    foreign_source_peek(c->source, foreign_sample_line, &sample);
    c->format_count =
        foreign_sample_decide(&sample, c->formats, FOREIGN_FORMATS_PER_FILE, &c->wrappers);
    story->starved |= foreign_wrap_starved(&sample.wrap);
    foreign_sample_done(&sample);
    if (c->format_count == 0) {
        foreign_source_close(c->source);
        file->has_no_format = sample.lines > 0;
        snprintf(file->trouble, sizeof file->trouble,
                 sample.lines == 0 ? "the file is empty" : "not in a known format");
        return;
    }
    file->is_known = true;
    stem_make(c, path);
    reading->count++;
}

static void
all_read(struct reading *reading)
{
    qsort(reading->files, reading->count, sizeof reading->files[0], by_log);
    for (uint32_t from = 0, to; from < reading->count; from = to) {
        to = from + 1;
        while (to < reading->count && same_log(&reading->files[from], &reading->files[to]))
            to++;
        group_read(reading, from, to);
    }
}

enum rc
foreign_story_read(struct foreign_story *story, const char *const *paths, size_t count,
                   const struct foreign_options *options, struct err *err)
{
    *story = (struct foreign_story){0};
    list_init(&story->ordinary);
    list_init(&story->troubled);
    if (count > LIMIT_FOREIGN_FILES)
        return err_set(err, RC_LIMIT, 0, "there are more than %u files", LIMIT_FOREIGN_FILES);
    struct reading *reading = calloc(1, sizeof *reading);
    if (reading == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory");
    reading->story = story;
    reading->options = options;
    buf_init(&reading->text, (size_t)2 * LIMIT_FOREIGN_LINE);
    for (size_t i = 0; i < count; i++)
        file_open(reading, paths[i]);
    all_read(reading);
    for (uint32_t i = 0; i < reading->count; i++)
        foreign_source_close(reading->files[i].source);
    const bool any = reading->count > 0;
    buf_done(&reading->text);
    free(reading);
    if (story->starved)
        return err_set(err, RC_LIMIT, 0, "there is not enough memory to read it all");
    if (!any && count == 1)
        return err_set(err, RC_NOT_FOUND, 0, "%s: %s", story->files[0].name,
                       story->files[0].trouble);
    if (!any)
        return err_set(err, RC_NOT_FOUND, 0, "none of the files is a log in a known format");
    return foreign_match(story) == RC_OK ? RC_OK : err_set(err, RC_LIMIT, 0, "no memory");
}

void
foreign_story_done(struct foreign_story *story)
{
    struct list *lists[] = {&story->ordinary, &story->troubled};

    for (size_t i = 0; i < 2; i++)
        while (lists[i]->next != NULL && !list_is_empty(lists[i]))
            foreign_session_free(session_at(list_pop_front(lists[i])));
    free(story->cases);
    story->cases = NULL;
}
