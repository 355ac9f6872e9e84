/* SPDX-License-Identifier: MIT */
/*
 * Files as they come: the input is cut at every 0xFE 0x0A into at most three files, each
 * recognised, unpacked, read and laid beside the others.
 */
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "foreign_check.h"

enum { FILES = 3 };

static int
file_make(struct span content)
{
    const int fd = memfd_create("log", MFD_CLOEXEC);

    CHECK(fd >= 0);
    CHECK(write(fd, content.len == 0 ? "" : content.ptr, content.len) == (ssize_t)content.len);
    return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t octets);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t octets)
{
    char names[FILES][32];
    const char *paths[FILES];
    int fds[FILES];
    size_t count = 0;
    struct span rest = span_of(data, octets);
    struct foreign_story story;
    const struct foreign_options options = {0};
    struct err err = {.rc = RC_OK};

    while (count < FILES) {
        const ptrdiff_t end = count == FILES - 1 ? -1 : span_find(rest, SPAN("\xfe\n"));
        const struct span content = span_head(rest, end < 0 ? rest.len : (size_t)end);
        fds[count] = file_make(content);
        snprintf(names[count], sizeof names[count], "/proc/self/fd/%d", fds[count]);
        paths[count] = names[count];
        count++;
        if (end < 0)
            break;
        rest = span_tail(rest, (size_t)end + 2);
    }
    if (foreign_story_read(&story, paths, count, &options, &err) == RC_OK)
        foreign_answers_check(&story);
    foreign_story_done(&story);
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
    return 0;
}
