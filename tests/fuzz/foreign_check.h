/* SPDX-License-Identifier: MIT */
/* What must be true of every answer about foreign logs, shared by their fuzz targets. */
#ifndef FUZZ_FOREIGN_CHECK_H
#define FUZZ_FOREIGN_CHECK_H

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "journal/foreign/report.h"

/* Text for a terminal: nothing in it but lines of printable UTF-8; JSON is JSON. */
static inline void
foreign_answers_check(const struct foreign_story *story)
{
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);

    CHECK(to != NULL);
    foreign_report_text(story, DETAIL_ALL, to);
    CHECK(fclose(to) == 0);
    for (size_t i = 0; i < len; i++)
        CHECK(text[i] == '\n' || ((unsigned char)text[i] >= 0x20 && text[i] != 0x7f));
    free(text);
    to = open_memstream(&text, &len);
    CHECK(to != NULL);
    foreign_report_json(story, DETAIL_ALL, to);
    CHECK(fclose(to) == 0);
    json_t *json = json_loadb(text, len, 0, NULL);
    CHECK(json != NULL);
    json_decref(json);
    free(text);
}

#endif
