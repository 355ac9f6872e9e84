/* SPDX-License-Identifier: MIT */
/* The answer for people: files read, how they fit together, then a section for each session. */
#include "journal/foreign/report.h"

#include <string.h>

#include "journal/foreign/tell.h"
#include "journal/foreign/when.h"
#include "journal/redact.h"

enum { COLUMNS = 88, FEW_CASES = 3, DETAIL_CASES = 20 };

/* Writes text folded at COLUMNS: the first line after `head`, the others indented by its
 * width. */
static void
put_folded(FILE *to, const char *head, struct span text)
{
    const int indent = (int)strlen(head);
    int column = indent;

    fputs(head, to);
    text = span_trim(text);
    for (bool first = true; text.len > 0; first = false) {
        const ptrdiff_t blank = span_find_char(text, ' ');
        const struct span word = span_head(text, blank < 0 ? text.len : (size_t)blank);
        text = span_tail(text, word.len + 1);
        if (!first && column + 1 + (int)word.len > COLUMNS) {
            fprintf(to, "\n%*s", indent, "");
            column = indent;
        } else if (!first) {
            fputc(' ', to);
            column++;
        }
        fprintf(to, "%.*s", SPAN_FMT(word));
        column += (int)word.len;
    }
    fputc('\n', to);
}

static const char *
side_words(enum foreign_side side)
{
    return side == SIDE_SERVER   ? "the server's side"
           : side == SIDE_CLIENT ? "the client's side"
                                 : "both directions";
}

/* Tells how many lines were not understood. They are not shown, because nobody knows what is in
 * them. */
static void
put_left_out(const struct foreign_file *file, FILE *to)
{
    AUTO_BUF line = {0};

    buf_init(&line, 8192);
    if (file->strange > 0) {
        buf_printf(&line, "%ju line%s of ", (uintmax_t)file->strange,
                   file->strange == 1 ? "" : "s");
        text_escape(&line, span_of_str(file->name), 1000);
        buf_printf(&line, " %s not understood and left out (line%s ",
                   file->strange == 1 ? "was" : "were", file->strange == 1 ? "" : "s");
        for (uint64_t i = 0; i < file->strange && i < FOREIGN_STRANGE_SHOWN; i++)
            buf_printf(&line, "%s%ju", i == 0 ? "" : ", ", (uintmax_t)file->strange_lines[i]);
        buf_put_str(&line, file->strange > FOREIGN_STRANGE_SHOWN ? ", ...)." : ").");
        put_folded(to, "", tell_shown(&line));
    }
    if (file->others > 0) {
        buf_clear(&line);
        buf_printf(&line, "%ju line%s of ", (uintmax_t)file->others,
                   file->others == 1 ? "" : "s");
        text_escape(&line, span_of_str(file->name), 1000);
        buf_printf(&line, " %s from other programs.", file->others == 1 ? "is" : "are");
        put_folded(to, "", tell_shown(&line));
    }
}

static void
put_files(const struct foreign_story *story, FILE *to)
{
    AUTO_BUF line = {0};

    buf_init(&line, 8192);
    for (uint32_t i = 0; i < story->file_count; i++) {
        const struct foreign_file *file = &story->files[i];
        buf_clear(&line);
        text_escape(&line, span_of_str(file->name), 1000);
        if (file->is_known) {
            const struct foreign_log *log = &story->logs[file->log];
            buf_printf(&line, ": %s%s, %s, %ju lines",
                       log->program == NULL ? log->format->title : log->program,
                       log->program == NULL ? "" : " transaction log",
                       side_words(log->format->side), (uintmax_t)file->lines);
        }
        if (file->trouble[0] != '\0') {
            buf_put_str(&line, file->is_known ? "; not read to its end: " : ": ");
            text_escape(&line, span_of_str(file->trouble), 1000);
        }
        put_folded(to, "", tell_shown(&line));
    }
    for (uint32_t i = 0; i < story->file_count; i++)
        put_left_out(&story->files[i], to);
}

/* Tells how the views of a case were put together. */
static void
put_fit(const struct foreign_case *c, FILE *to)
{
    AUTO_BUF line = {0};

    buf_init(&line, 8192);
    for (uint32_t i = 1; i < c->view_count; i++) {
        const struct foreign_session *first = c->views[0];
        const struct foreign_session *view = c->views[i];
        buf_clear(&line);
        buf_printf(&line, "%s and %s show the same session: ", tell_program(first->log),
                   tell_program(view->log));
        if (c->common[i] > 0)
            buf_printf(&line, "%u commands agree by tag. ", c->common[i]);
        else
            buf_put_lit(&line, "they begin at the same time and have the same user. ");
        if (c->ahead_us[i] == 0) {
            const bool coarse = first->log->clock.precision_us >= 1000000 ||
                                view->log->clock.precision_us >= 1000000;
            buf_put_str(&line,
                        coarse ? "Their clocks agree to the second." : "Their clocks agree.");
        } else {
            const int64_t us = c->ahead_us[i];
            buf_printf(&line, "The clock of %s is ",
                       tell_program(us > 0 ? view->log : first->log));
            if (us > -WHEN_SECOND_US && us < WHEN_SECOND_US)
                buf_printf(&line, "%d ms", (int)((us < 0 ? -us : us) / 1000));
            else
                when_print_length(&line, us);
            buf_put_lit(&line, " ahead; this is taken into account.");
        }
        put_folded(to, "  ", tell_shown(&line));
    }
}

static void
put_evidence(const struct foreign_story *story, const struct telling *t, FILE *to)
{
    AUTO_BUF head = {0};

    buf_init(&head, 8192);
    if (t->evidence_count > 0)
        fputs("\n  Evidence\n", to);
    for (uint32_t i = 0; i < t->evidence_count; i++) {
        const struct tell_evidence *e = &t->evidence[i];
        buf_clear(&head);
        buf_put_lit(&head, "    ");
        tell_put_ref(&head, story, &e->ref);
        buf_put_lit(&head, "  ");
        if (e->ref.at_us != FOREIGN_NO_TIME) {
            when_print(&head, &e->view->log->clock, e->ref.at_us);
            buf_put_lit(&head, "  ");
        }
        buf_put_char(&head, '\0');
        if (buf_ok(&head))
            put_folded(to, buf_span(&head).ptr, tell_shown(&e->text));
        else
            put_folded(to, "    ", tell_shown(&head));
    }
}

static void
put_program(FILE *to, const char *indent, const struct foreign_program *program)
{
    char name[80];

    snprintf(name, sizeof name, "%s%s: ", indent, program->name);
    put_folded(to, name, span_of_str(program->how));
}

/* wanted: sides of which a log of any program would help. */
static void
put_missing(const struct telling *t, bool *wanted, FILE *to)
{
    if (t->missing_count > 0)
        fputs("\n  What is missing\n", to);
    for (uint32_t i = 0; i < t->missing_count; i++) {
        const struct tell_missing *m = &t->missing[i];
        const bool client = m->side == SIDE_CLIENT;
        put_folded(
            to, "    ",
            m->dialogue ? SPAN("The client's log does not contain the dialogue, which would "
                               "show the last command and whether it was answered.")
            : client    ? SPAN("The client's log. It would show what the client saw and did "
                                  "at the end.")
                        : SPAN("The server's log. It would show whether the server closed "
                                  "the connection, and why."));
        if (m->program != NULL) {
            fputs("    To turn it on:\n", to);
            put_program(to, "      ", m->program);
        } else {
            fputs("    The end of this report says how to turn it on.\n", to);
            wanted[m->side] = true;
        }
    }
}

static void
put_programs(const bool *wanted, FILE *to)
{
    for (enum foreign_side side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
        if (!wanted[side])
            continue;
        fprintf(to, "\nTo turn on the %s's log\n", side == SIDE_CLIENT ? "client" : "server");
        for (size_t k = 0; k < foreign_program_count; k++)
            if (foreign_programs[k].side == side)
                put_program(to, "  ", &foreign_programs[k]);
    }
}

static void
put_advice(FILE *to, const char *head, const char *text)
{
    if (text[0] != '\0')
        put_folded(to, head, span_of_str(text));
}

static void
put_sure(const struct telling *t, FILE *to)
{
    AUTO_BUF line = {0};

    buf_init(&line, 1024);
    buf_printf(&line, "Caused by: %s. Certainty: %s. %s", foreign_who_name(t->verdict.who),
               foreign_sure_name(t->verdict.sure), t->verdict.why);
    fputc('\n', to);
    put_folded(to, "  ", tell_shown(&line));
}

static void
put_case(const struct foreign_story *story, const struct foreign_case *c, bool *wanted,
         FILE *to)
{
    struct telling t;

    tell_make(story, c, &t);
    fputc('\n', to);
    put_folded(to, "", tell_shown(&t.title));
    fprintf(to, "\n  %s (%s)\n", t.rule->title, t.rule->code);
    if (tell_shown(&t.happened).len > 0)
        put_folded(to, "  ", tell_shown(&t.happened));
    put_folded(to, "  ", span_of_str(t.rule->sentence));
    put_fit(c, to);
    put_sure(&t, to);
    put_evidence(story, &t, to);
    if (t.rule->client[0] != '\0' || t.rule->server[0] != '\0' || t.rule->network[0] != '\0')
        fputs("\n  What to do\n", to);
    put_advice(to, "    client:  ", t.rule->client);
    put_advice(to, "    server:  ", t.rule->server);
    put_advice(to, "    network: ", t.rule->network);
    if (tell_shown(&t.also).len > 0) {
        fputs("\n  Also found\n", to);
        put_folded(to, "    ", tell_shown(&t.also));
    }
    put_missing(&t, wanted, to);
    tell_done(&t);
}

bool
foreign_report_shows(const struct foreign_story *story, const struct foreign_case *c,
                     enum foreign_detail detail)
{
    struct foreign_verdict verdict;

    if (detail == DETAIL_ALL || story->case_count <= FEW_CASES)
        return true;
    foreign_judge(c, &verdict);
    return foreign_rule_info(verdict.rule)->kind == KIND_TROUBLE;
}

static void
put_counts(const struct foreign_story *story, FILE *to)
{
    uint64_t counts[RULE_COUNT];

    memcpy(counts, story->counted, sizeof counts);
    for (uint32_t i = 0; i < story->case_count; i++) {
        struct foreign_verdict verdict;
        foreign_judge(&story->cases[i], &verdict);
        counts[verdict.rule]++;
    }
    fprintf(to, "\n%ju sessions ended like this:\n",
            (uintmax_t)(story->case_count + story->counted_all));
    for (enum foreign_rule rule = 0; rule < RULE_COUNT; rule++)
        if (counts[rule] > 0)
            fprintf(to, "%8ju  %s\n", (uintmax_t)counts[rule], foreign_rule_info(rule)->title);
}

bool
foreign_report_is_needy(const struct foreign_story *story)
{
    for (uint32_t i = 0; i < story->file_count; i++)
        if (story->files[i].has_no_format)
            return true;
    return false;
}

void
foreign_report_known(FILE *to)
{
    const bool wanted[3] = {[SIDE_CLIENT] = true, [SIDE_SERVER] = true};

    fputs("\nThese formats are known, also inside container logs, journals and quotations:\n",
          to);
    for (size_t i = 0; i < foreign_format_count; i++)
        fprintf(to, "  %s\n", foreign_formats[i].title);
    put_programs(wanted, to);
}

void
foreign_report_text(const struct foreign_story *story, enum foreign_detail detail, FILE *to)
{
    uint32_t shown = 0;
    bool wanted[3] = {false};

    put_files(story, to);
    if (story->case_count == 0) {
        fputs("\nNo session was found.\n", to);
        if (foreign_report_is_needy(story))
            foreign_report_known(to);
        return;
    }
    if (story->case_count > 1 || story->counted_all > 0)
        put_counts(story, to);
    for (uint32_t i = 0; i < story->case_count; i++)
        shown += foreign_report_shows(story, &story->cases[i], detail);
    uint32_t skip = detail == DETAIL_ALL || shown <= DETAIL_CASES ? 0 : shown - DETAIL_CASES;
    if (skip > 0)
        fprintf(to,
                "\nThe last %d that need attention (--all shows all %u sessions, --account "
                "NAME those of one user):\n",
                DETAIL_CASES, story->case_count);
    else if (shown < story->case_count)
        fprintf(to, "\nThose that need attention (--all shows all %u):\n", story->case_count);
    for (uint32_t i = 0; i < story->case_count; i++) {
        if (!foreign_report_shows(story, &story->cases[i], detail))
            continue;
        if (skip > 0)
            skip--;
        else
            put_case(story, &story->cases[i], wanted, to);
    }
    if (foreign_report_is_needy(story))
        foreign_report_known(to);
    else
        put_programs(wanted, to);
}
