/* SPDX-License-Identifier: MIT */
/* Prints a finding, as a line or as JSON. */
#include "cli/check/check.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>

void
check_tell(struct check *check, enum check_finding finding, const char *what, const char *fmt,
           ...)
{
    static const char *const words[] = {"ok", "note", "PROBLEM"};
    char text[CHECK_TEXT_MAX];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    check->problems += finding == CHECK_PROBLEM;
    if (!check->json) {
        printf("%-7s %s: %s\n", words[finding], what, text);
        return;
    }
    json_t *row =
        json_pack("{ss, sb, ss}", "check", what, "ok", finding != CHECK_PROBLEM, "text", text);
    if (row != NULL && finding == CHECK_NOTE)
        json_object_set_new(row, "note", json_true());
    json_dumpf(row, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(row);
}
