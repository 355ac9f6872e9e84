/* SPDX-License-Identifier: MIT */
/*
 * docs/log-events.md is what the tables say. Called with a path it compares; with --write and a
 * path it writes the page anew.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "journal/end_reason.h"
#include "journal/log_entry.h"

static int
compare(const char *path, struct span page)
{
    AUTO_FD fd = open(path, O_RDONLY);
    AUTO_BUF have = {0};
    buf_init(&have, 1 << 20);
    if (fd < 0 || fd_read_all(fd, &have, NULL) != RC_OK || !span_eq(buf_span(&have), page)) {
        fprintf(stderr, "%s is not current; write it with: test_journal_manual --write %s\n",
                path, path);
        return 1;
    }
    return 0;
}

/* Every row complete, every code unique. */
static int
check_reasons(void)
{
    for (unsigned i = END_NONE + 1; i < END_REASON_COUNT; i++) {
        const struct end_reason_info *info = end_reason_info((enum end_reason)i);
        if (end_reason_of_code(span_of_str(info->code)) != (enum end_reason)i ||
            info->sentence[0] == '\0' || strlen(end_who_name(info->who)) == 0 ||
            (info->kind == END_TROUBLE && info->remedy[0] == '\0') ||
            (info->resp_code[0] != '\0' && info->bye[0] == '\0')) {
            fprintf(stderr, "end reason %s is not in order\n", info->code);
            return 1;
        }
    }
    return end_reason_of_code(SPAN("nonsense")) != END_NONE;
}

int
main(int argc, char **argv)
{
    const bool write_it = argc == 3 && strcmp(argv[1], "--write") == 0;
    AUTO_BUF page = {0};
    buf_init(&page, 1 << 20);
    log_entry_manual(&page);
    if (!buf_ok(&page) || check_reasons() != 0)
        return 1;
    if (!write_it)
        return argc == 2 ? compare(argv[1], buf_span(&page)) : 2;
    AUTO_FD fd = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0644);
    return fd < 0 || fd_write_all(fd, buf_span(&page), NULL) != RC_OK;
}
