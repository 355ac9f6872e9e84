/* SPDX-License-Identifier: MIT */
/*
 * docs/log-events.md is what the tables say, and so are two parts of docs/why-disconnected.md,
 * between lines of "<!-- generated: NAME -->". Called with the folder it compares; with --write
 * and the folder it writes them again.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "journal/end_reason.h"
#include "journal/explain/verdict.h"
#include "journal/log_entry.h"

static bool
page_read(const char *path, struct buf *page)
{
    AUTO_FD fd = open(path, O_RDONLY);

    buf_init(page, 1 << 20);
    return fd >= 0 && fd_read_all(fd, page, NULL) == RC_OK;
}

static bool
page_write(const char *path, struct span page)
{
    AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    return fd >= 0 && fd_write_all(fd, page, NULL) == RC_OK;
}

/* Behind the marker's line; len when there is none. */
static size_t
behind(struct span page, const char *marker)
{
    const size_t len = strlen(marker);

    for (size_t i = 0; i + len <= page.len; i++)
        if (memcmp(page.ptr + i, marker, len) == 0)
            return i + len;
    return page.len;
}

/* The page with the part between two equal markers made again. */
static void
part_put(struct buf *page, const char *marker, void (*manual)(struct buf *buf))
{
    AUTO_BUF old = {0};

    buf_init(&old, 1 << 20);
    buf_put_span(&old, buf_span(page));
    const struct span text = buf_span(&old);
    const size_t from = behind(text, marker);
    const size_t to = from + behind(span_tail(text, from), marker);
    buf_clear(page);
    buf_put_span(page, span_head(text, from));
    buf_put_lit(page, "\n");
    manual(page);
    buf_put_str(page, marker);
    buf_put_span(page, span_tail(text, to));
}

/* Whether the file is this page; writes it if that is wanted. */
static bool
settle(const char *path, struct span page, bool write_it)
{
    AUTO_BUF have = {0};

    if (write_it)
        return page_write(path, page);
    if (page_read(path, &have) && span_eq(buf_span(&have), page))
        return true;
    fprintf(stderr, "%s is not current; write it with: test_journal_manual --write docs\n",
            path);
    return false;
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
    char events[4096];
    char why[4096];
    AUTO_BUF page = {0};
    AUTO_BUF why_page = {0};

    if (check_reasons() != 0 || (argc != 2 && !write_it))
        return 1;
    snprintf(events, sizeof events, "%s/log-events.md", argv[argc - 1]);
    snprintf(why, sizeof why, "%s/why-disconnected.md", argv[argc - 1]);
    buf_init(&page, 1 << 20);
    log_entry_manual(&page);
    if (!buf_ok(&page) || !page_read(why, &why_page))
        return 1;
    part_put(&why_page, "<!-- generated: end reasons -->", end_reason_manual);
    part_put(&why_page, "<!-- generated: verdicts -->", verdict_manual);
    const bool events_good = settle(events, buf_span(&page), write_it);
    return !settle(why, buf_span(&why_page), write_it) || !events_good;
}
