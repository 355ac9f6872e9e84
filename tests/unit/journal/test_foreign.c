/* SPDX-License-Identifier: MIT */
/*
 * The logs of other programs, from file to answer. Each row names fixtures, the verdict on each
 * session that is told, and what the answer must say. Fixtures were written by the programs
 * themselves where they run here (tests/fixtures/logs/README.md).
 */
#include "support/cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/foreign/report.h"

struct row {
    const char *files; /* names, blank between them */
    const char *says[12];
    const char *never[4];
};

static const struct row rows[] = {
    /* The article: both files, then each alone. */
    {"gms-idle.log outlook-idle.log",
     {"never-sent-done", "user@gordano.com",
      "IDLE (tag 0007) at 12:24:18.046; the server accepted", "never sent DONE",
      "30 min 53 s later", "It has timed out", "noticed 2 s after",
      "unexpectedly terminated the connection", "DONE for tag 0004", "5 commands agree",
      "left out UID 45 in reply to \"46:*\"", "29 minutes"},
     {"What is missing"}},
    {"outlook-idle.log gms-idle.log",
     {"never-sent-done", "user@gordano.com",
      "IDLE (tag 0007) at 12:24:18.046; the server accepted", "30 min 53 s later",
      "noticed 2 s after"},
     {"What is missing"}},
    {"gms-idle.log",
     {"never-sent-done", "How sure: certain", "30 min 53 s later", "gms-idle.log:31",
      "The client's log is not here", "Outlook Express: Tools", "left out UID 45"},
     {"The client told", "Thunderbird:"}},
    {"outlook-idle.log",
     {"never-sent-done", "How sure: likely", "30 min 55 s later", "name is not in the log",
      "The server's log is not here", "GMS: turn on", "left out UID 45"},
     {"certain"}},
};

/* Folded lines become one again, so that sentences can be searched. */
static void
unfold(char *text)
{
    char *to = text;

    for (const char *from = text; *from != '\0'; from++) {
        const char c = *from == '\n' ? ' ' : *from;
        if (c != ' ' || to == text || to[-1] != ' ')
            *to++ = c;
    }
    *to = '\0';
}

static char *
answer(const char *names, enum foreign_detail detail, bool json)
{
    static char paths[8][512];
    const char *list[8];
    size_t count = 0;
    char *text = NULL;
    size_t len = 0;
    struct foreign_story story;
    const struct foreign_options options = {0};
    struct err err;
    struct span rest = span_of_str(names);

    while (rest.len > 0) {
        const ptrdiff_t blank = span_find_char(rest, ' ');
        const struct span name = span_head(rest, blank < 0 ? rest.len : (size_t)blank);
        rest = span_tail(rest, name.len + 1);
        snprintf(paths[count], sizeof paths[count], FIXTURES "/%.*s", SPAN_FMT(name));
        list[count] = paths[count];
        count++;
    }
    FILE *to = open_memstream(&text, &len);
    assert_non_null(to);
    assert_ok(foreign_story_read(&story, list, count, &options, &err));
    if (json)
        foreign_report_json(&story, detail, to);
    else
        foreign_report_text(&story, detail, to);
    foreign_story_done(&story);
    fclose(to);
    if (!json)
        unfold(text);
    return text;
}

static void
test_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = answer(rows[i].files, DETAIL_ALL, false);
        for (size_t k = 0; k < 12 && rows[i].says[k] != NULL; k++)
            if (strstr(text, rows[i].says[k]) == NULL)
                fail_msg("%s: \"%s\" is not in:\n%s", rows[i].files, rows[i].says[k], text);
        for (size_t k = 0; k < 4 && rows[i].never[k] != NULL; k++)
            if (strstr(text, rows[i].never[k]) != NULL)
                fail_msg("%s: \"%s\" is in:\n%s", rows[i].files, rows[i].never[k], text);
        free(text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
