/* SPDX-License-Identifier: MIT */
/*
 * Stands in for libFuzzer in the ordinary test run: gives every file of the named folders to
 * the target once, whole and cut at every tenth of its length. A missing folder is an error:
 * a target without a corpus tests nothing.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
replay_file(int dir_fd, const char *name)
{
    AUTO_FD fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
    AUTO_BUF buf = {0};

    buf_init(&buf, 64u << 20);
    if (fd < 0 || fd_read_all(fd, &buf, NULL) != RC_OK) {
        fprintf(stderr, "cannot read %s\n", name);
        return 1;
    }
    for (size_t tenth = 0; tenth <= 10; tenth++) {
        const size_t len = buf_len(&buf) * tenth / 10;
        uint8_t *copy = malloc(len + 1); /* a copy of its own, so that ASan sees overreads */
        if (copy == NULL)
            return 1;
        if (len > 0)
            memcpy(copy, buf_span(&buf).ptr, len);
        LLVMFuzzerTestOneInput(copy, len);
        free(copy);
    }
    return 0;
}

int
main(int argc, char **argv)
{
    unsigned count = 0;

    for (int i = 1; i < argc; i++) {
        DIR *dir = opendir(argv[i]);
        if (dir == NULL) {
            fprintf(stderr, "no corpus folder %s\n", argv[i]);
            return 1;
        }
        for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
            if (entry->d_name[0] == '.')
                continue;
            if (replay_file(dirfd(dir), entry->d_name) != 0)
                return 1;
            count++;
        }
        closedir(dir);
    }
    printf("replayed %u files\n", count);
    return count == 0;
}
