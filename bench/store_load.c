/* SPDX-License-Identifier: MIT */
/* See the header. Thread: any; store_texts_make before there are others. */
#include "bench/store_load.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/check.h"
#include "base/clock.h"
#include "bench/mailgen.h"

void
store_must(enum rc rc, const struct err *err)
{
    if (rc == RC_OK)
        return;
    fprintf(stderr, "%s: %s\n", rc_name(rc), err->text);
    exit(1);
}

double
now_s(void)
{
    return (double)clock_mono_us(&clock_system) / 1e6;
}

double
cpu_s(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

uint64_t
store_texts_make(struct span *texts, unsigned count, uint64_t max_octets)
{
    const struct mailgen_options options = {.seed = 7, .max_octets = max_octets};
    struct mailgen *gen = NULL;
    struct mailgen_message msg;
    struct err err = {.rc = RC_OK};
    uint64_t octets = 0;

    store_must(mailgen_new(&options, &gen, &err), &err);
    for (unsigned i = 0; i < count; i++) {
        mailgen_next(gen, &msg);
        char *copy = malloc(msg.octets.len);
        CHECK(copy != NULL);
        memcpy(copy, msg.octets.ptr, msg.octets.len);
        texts[i] = span_of(copy, msg.octets.len);
        octets += msg.octets.len;
    }
    mailgen_free(gen);
    return octets;
}

void
store_text_add(struct store_tx *tx, uint64_t mbox, struct span text)
{
    static const char filler[1024];
    const ptrdiff_t end = span_find(text, SPAN("\r\n\r\n"));
    const struct message_new msg = {
        .text = text,
        .header_octets = end < 0 ? text.len : (size_t)end + 4,
        .envelope = span_of(filler, 300 + text.len % 100),
        .bodystructure = span_of(filler, 90 + text.len % 300),
        .parts = span_of(filler, 60 + text.len % 100),
        .fields = span_of(filler, 250 + text.len % 150),
        .message_id = span_of(filler, 40),
    };
    struct entry_new req = {.mbox = mbox, .octets = text.len, .internaldate_s = 1700000000};
    struct entry entry;
    struct err err = {.rc = RC_OK};

    store_must(store_message_add(tx, &msg, &req.message, &err), &err);
    store_must(store_entry_add(tx, &req, &entry, &err), &err);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void
tree_remove(const char *dir)
{
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
