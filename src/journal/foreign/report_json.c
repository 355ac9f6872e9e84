/* SPDX-License-Identifier: MIT */
/* The answer as one JSON object; its fields are documented in docs/foreign-logs.md. */
#include "journal/foreign/report.h"

#include <jansson.h>

#include "journal/foreign/tell.h"
#include "journal/foreign/when.h"
#include "journal/redact.h"

static json_t *
buf_text(const struct buf *buf)
{
    const struct span s = span_trim(tell_shown(buf));

    return json_stringn(s.ptr, s.len);
}

/* Foreign text, escaped so that it is UTF-8 and contains no control characters. */
static json_t *
text(const char *str)
{
    AUTO_BUF buf = {0};

    buf_init(&buf, 8192);
    text_escape(&buf, span_of_str(str), 2000);
    return buf_text(&buf);
}

static json_t *
time_text(const struct foreign_session *view, int64_t at_us)
{
    AUTO_BUF buf = {0};

    if (at_us == FOREIGN_NO_TIME)
        return json_null();
    buf_init(&buf, 256);
    when_print(&buf, &view->log->clock, at_us);
    return buf_text(&buf);
}

static const char *
side_name(enum foreign_side side)
{
    static const char *const names[] = {"any", "client", "server"};
    return names[side];
}

static json_t *
strange_json(const struct foreign_file *file)
{
    json_t *rows = json_array();

    for (uint64_t i = 0; i < file->strange && i < FOREIGN_STRANGE_SHOWN; i++)
        json_array_append_new(rows, json_integer((json_int_t)file->strange_lines[i]));
    return rows;
}

static json_t *
files_json(const struct foreign_story *story)
{
    json_t *rows = json_array();

    for (uint32_t i = 0; i < story->file_count; i++) {
        const struct foreign_file *file = &story->files[i];
        const struct foreign_log *log = file->is_known ? &story->logs[file->log] : NULL;
        json_t *row = json_object();
        json_object_set_new(row, "file", text(file->path));
        json_object_set_new(row, "format",
                            log == NULL ? json_null() : json_string(log->format->code));
        json_object_set_new(row, "program",
                            log == NULL ? json_null() : json_string(tell_program(log)));
        json_object_set_new(
            row, "side", log == NULL ? json_null() : json_string(side_name(log->format->side)));
        json_object_set_new(row, "lines", json_integer((json_int_t)file->lines));
        json_object_set_new(row, "not_understood", json_integer((json_int_t)file->strange));
        json_object_set_new(row, "not_understood_first", strange_json(file));
        json_object_set_new(row, "other_programs", json_integer((json_int_t)file->others));
        json_object_set_new(row, "trouble",
                            file->trouble[0] == '\0' ? json_null() : text(file->trouble));
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *
views_json(const struct foreign_story *story, const struct foreign_case *c)
{
    json_t *rows = json_array();

    for (uint32_t i = 0; i < c->view_count; i++) {
        const struct foreign_session *view = c->views[i];
        json_t *row = json_object();
        json_object_set_new(row, "file", text(story->files[view->begin.file].path));
        json_object_set_new(row, "side", json_string(side_name(foreign_session_side(view))));
        json_object_set_new(row, "session", text(view->key));
        json_object_set_new(row, "commands", json_integer(view->cmd_count));
        json_object_set_new(row, "commands_agreeing", json_integer(c->common[i]));
        json_object_set_new(row, "clock_ahead_ms", json_integer(c->ahead_us[i] / 1000));
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *
evidence_json(const struct foreign_story *story, const struct telling *t)
{
    json_t *rows = json_array();

    for (uint32_t i = 0; i < t->evidence_count; i++) {
        const struct tell_evidence *e = &t->evidence[i];
        json_t *row = json_object();
        json_object_set_new(row, "file", text(story->files[e->ref.file].path));
        json_object_set_new(row, "line", json_integer((json_int_t)e->ref.line));
        json_object_set_new(row, "time", time_text(e->view, e->ref.at_us));
        json_object_set_new(row, "text", buf_text(&e->text));
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *
missing_json(const struct telling *t)
{
    json_t *rows = json_array();

    for (uint32_t i = 0; i < t->missing_count; i++) {
        const struct tell_missing *m = &t->missing[i];
        for (size_t k = 0; k < foreign_program_count; k++) {
            const struct foreign_program *p = &foreign_programs[k];
            if (p->side != m->side || (m->program != NULL && m->program != p))
                continue;
            json_t *row = json_object();
            json_object_set_new(row, "side", json_string(side_name(m->side)));
            json_object_set_new(row, "program", json_string(p->name));
            json_object_set_new(row, "how", json_string(p->how));
            json_array_append_new(rows, row);
        }
    }
    return rows;
}

/* The text of the first view where it is not empty. */
static json_t *
name_of(const struct foreign_case *c, size_t offset)
{
    for (uint32_t i = 0; i < c->view_count; i++) {
        const char *name = (const char *)c->views[i] + offset;
        if (name[0] != '\0')
            return text(name);
    }
    return json_null();
}

static json_t *
case_json(const struct foreign_story *story, const struct foreign_case *c)
{
    const struct foreign_session *first = c->views[0];
    struct telling t;
    json_t *row = json_object();

    tell_make(story, c, &t);
    json_object_set_new(row, "account", name_of(c, offsetof(struct foreign_session, account)));
    json_object_set_new(row, "peer", name_of(c, offsetof(struct foreign_session, peer)));
    json_object_set_new(row, "client", name_of(c, offsetof(struct foreign_session, client)));
    json_object_set_new(row, "mailbox", name_of(c, offsetof(struct foreign_session, mailbox)));
    json_object_set_new(row, "begin", time_text(first, first->begin.at_us));
    json_object_set_new(row, "end", time_text(first, first->end.at_us));
    json_object_set_new(row, "verdict", json_string(t.rule->code));
    json_object_set_new(row, "title", json_string(t.rule->title));
    json_object_set_new(row, "who", json_string(foreign_who_name(t.verdict.who)));
    json_object_set_new(row, "sure", json_string(foreign_sure_name(t.verdict.sure)));
    json_object_set_new(row, "why_sure", json_string(t.verdict.why));
    json_object_set_new(row, "happened", buf_text(&t.happened));
    json_object_set_new(row, "meaning", json_string(t.rule->sentence));
    json_t *advice = json_object();
    json_object_set_new(advice, "client", json_string(t.rule->client));
    json_object_set_new(advice, "server", json_string(t.rule->server));
    json_object_set_new(advice, "network", json_string(t.rule->network));
    json_object_set_new(row, "advice", advice);
    json_object_set_new(row, "also",
                        tell_shown(&t.also).len == 0 ? json_null() : buf_text(&t.also));
    json_object_set_new(row, "views", views_json(story, c));
    json_object_set_new(row, "evidence", evidence_json(story, &t));
    json_object_set_new(row, "missing", missing_json(&t));
    tell_done(&t);
    return row;
}

void
foreign_report_json(const struct foreign_story *story, enum foreign_detail detail, FILE *to)
{
    json_t *root = json_object();
    json_t *rows = json_array();
    json_t *counts = json_object();
    uint64_t totals[RULE_COUNT];

    memcpy(totals, story->counted, sizeof totals);
    for (uint32_t i = 0; i < story->case_count; i++) {
        struct foreign_verdict verdict;
        foreign_judge(&story->cases[i], &verdict);
        totals[verdict.rule]++;
        if (foreign_report_shows(story, &story->cases[i], detail))
            json_array_append_new(rows, case_json(story, &story->cases[i]));
    }
    for (enum foreign_rule rule = 0; rule < RULE_COUNT; rule++)
        if (totals[rule] > 0)
            json_object_set_new(counts, foreign_rule_info(rule)->code,
                                json_integer((json_int_t)totals[rule]));
    json_object_set_new(root, "files", files_json(story));
    json_object_set_new(root, "ends", counts);
    json_object_set_new(root, "sessions", rows);
    json_dumpf(root, to, JSON_INDENT(2));
    fputc('\n', to);
    json_decref(root);
}
