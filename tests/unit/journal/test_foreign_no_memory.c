/* SPDX-License-Identifier: MIT */
/*
 * Memory runs out while logs of other programs are explained: there is an answer or there is
 * none. A story that lacks a session, a command or a sentence would accuse the wrong side.
 */
#include "support/cm.h"

#include <stdlib.h>
#include <string.h>

#include "journal/foreign/report.h"
#include "support/each_alloc.h"

struct explained {
    const char *paths[2];
    size_t count;
    bool json;
    char *text; /* with memory */
};

static struct err err;

/* What is said of the files; NULL: memory was short. */
static char *
explain(const struct explained *e)
{
    struct foreign_story story;
    const struct foreign_options options = {0};
    char *text = NULL;
    size_t octets = 0;
    FILE *to = open_memstream(&text, &octets); /* its memory is the C library's own */

    assert_non_null(to);
    const enum rc rc = foreign_story_read(&story, e->paths, e->count, &options, &err);
    if (rc == RC_OK && e->json)
        foreign_report_json(&story, DETAIL_ALL, to);
    else if (rc == RC_OK)
        foreign_report_text(&story, DETAIL_ALL, to);
    foreign_story_done(&story);
    fclose(to);
    if (rc == RC_OK)
        return text;
    if (rc != RC_LIMIT)
        fail_msg("%s: %s (%s)", e->paths[0], rc_name(rc), err.text);
    free(text);
    return NULL;
}

/* Some sentence of it says that memory was short; it may be folded anywhere. */
static bool
says_so(const char *text)
{
    const char *words = "(there is no memory to show this)";
    const char *next = words;

    for (; *text != '\0' && *next != '\0'; text++) {
        if (*text == *next)
            next++;
        else if (*text != ' ' && *text != '\n')
            next = *text == '(' ? words + 1 : words;
        else if (*next == ' ')
            next++;
    }
    return *next == '\0';
}

static bool
explain_once(void *ctx)
{
    const struct explained *e = ctx;
    char *text = explain(e);

    if (text == NULL)
        return false;
    if (says_so(text)) {
        free(text);
        return false;
    }
    if (strcmp(text, e->text) != 0)
        fail_msg("%s: %s\ninstead of\n%s", e->paths[0], text, e->text);
    free(text);
    return true;
}

static void
each_allocation(void **state)
{
    static const char *const files[][2] = {
        {"dovecot-reasons.log", "telemetry.log"},
        {"rawlog-fetch.in", "rawlog-fetch.out"},
        {"outlook-utf16le.log", NULL},
        {"thunderbird-append.log", NULL},
        {"transcript-secrets.log", NULL},
        {"gms-silent.log", NULL},
        {"k9-logcat.log", NULL},
        {"fairemail-exported.log", NULL},
        {"journal-french.log", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        for (int json = 0; json < 2; json++) {
            struct explained e = {.json = json};
            char paths[2][300];
            for (; e.count < 2 && files[i][e.count] != NULL; e.count++) {
                snprintf(paths[e.count], sizeof paths[0], FIXTURES "/%s", files[i][e.count]);
                e.paths[e.count] = paths[e.count];
            }
            e.text = explain(&e);
            assert_non_null(e.text);
            const struct each_alloc one = {.name = files[i][0], .act = explain_once};
            assert_true(each_alloc(&one, &e) > 0);
            free(e.text);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
