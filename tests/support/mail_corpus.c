/* SPDX-License-Identifier: MIT */
/* mbox: a message begins at a line "From " after an empty line or at the start of the file. */
#include "support/mail_corpus.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"

struct corpus {
    mail_fn *fn;
    void *ctx;
    unsigned count;
    struct buf message;
    bool after_blank;
    bool open;
};

static void
flush(struct corpus *corpus)
{
    if (corpus->open) {
        corpus->fn(corpus->ctx, buf_span(&corpus->message));
        corpus->count++;
    }
    buf_clear(&corpus->message);
}

static void
take_line(struct corpus *corpus, struct span line)
{
    if (corpus->after_blank && span_starts(line, SPAN("From "))) {
        flush(corpus);
        corpus->open = true;
        corpus->after_blank = false;
        return;
    }
    if (line.len > 0 && line.ptr[line.len - 1] == '\n')
        line.len--;
    if (line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;
    corpus->after_blank = line.len == 0;
    buf_put_span(&corpus->message, line);
    buf_put_lit(&corpus->message, "\r\n");
}

static void
read_file(struct corpus *corpus, const char *path)
{
    char command[1200];
    char *line = NULL;
    size_t size = 0;

    snprintf(command, sizeof command, "xz -dc '%s'", path);
    FILE *file = popen(command, "r"); /* NOLINT(cert-env33-c): a developer names the folder */
    if (file == NULL)
        return;
    corpus->after_blank = true;
    corpus->open = false;
    for (ssize_t len = getline(&line, &size, file); len > 0; len = getline(&line, &size, file))
        take_line(corpus, span_of(line, (size_t)len));
    flush(corpus);
    free(line);
    pclose(file);
}

unsigned
mail_corpus_each(mail_fn *fn, void *ctx)
{
    struct corpus corpus = {.fn = fn, .ctx = ctx};
    const char *folder = getenv("ROOST_CORPUS");
    DIR *dir = folder == NULL ? NULL : opendir(folder);

    if (dir == NULL)
        return 0;
    buf_init(&corpus.message, 64u << 20);
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        const size_t len = strlen(entry->d_name);
        char path[1024];
        if (len < 8 || strcmp(entry->d_name + len - 8, ".mbox.xz") != 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        read_file(&corpus, path);
    }
    buf_done(&corpus.message);
    closedir(dir);
    return corpus.count;
}
