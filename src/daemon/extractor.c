/* SPDX-License-Identifier: MIT */
/* See the header. The lock guards what was noted. */
#include "daemon/extractor.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/run/filter.h"
#include "base/limits.h"
#include "base/lock.h"
#include "journal/log.h"

enum {
    /* Changes with what attached.h does with a text. */
    ATTACHED_FORM = 1,
};

struct extractor {
    const struct config *config; /* borrowed, as the log and the clock */
    const struct clock *clock;
    struct log_scope log;
    bool has_log;
    struct index_counts *counts; /* borrowed; NULL: nobody counts */
    int stop_fd;                 /* readable: it is time to stop */
    struct extract extract;

    struct lock lock; /* LOCK_LEAF */
    uint64_t failed;  /* since the start */
    uint64_t told;    /* of them, when an entry was written last */
    int64_t told_us;
    bool has_told;
};

/* ---- what is noted ---- */

/* Whether an entry is due, and how many were not told. */
static bool
is_due(struct extractor *extractor, uint64_t *untold_out, uint64_t *failed_out)
{
    const int64_t now_us = clock_mono_us(extractor->clock);

    lock_enter(&extractor->lock);
    extractor->failed++;
    const bool due = !extractor->has_told ||
                     now_us - extractor->told_us >= (int64_t)LIMIT_EXTRACT_LOG_MS * 1000;
    *failed_out = extractor->failed;
    *untold_out = extractor->failed - extractor->told - 1;
    if (due) {
        extractor->has_told = true;
        extractor->told_us = now_us;
        extractor->told = extractor->failed;
    }
    lock_leave(&extractor->lock);
    return due;
}

static void
note(void *ctx, int command, const char *why)
{
    struct extractor *extractor = ctx;
    uint64_t untold;
    uint64_t failed;

    INDEX_COUNT(extractor->counts, unread, 1);
    if (!is_due(extractor, &untold, &failed) || !extractor->has_log)
        return;
    log_put(
        &extractor->log, LOG_E_EXTRACT_FAILED,
        "no text of an attachment (%s): %s; %ju others since the last such entry, %ju in all",
        extractor->config->extract_commands[command].type, why, (uintmax_t)untold,
        (uintmax_t)failed);
}

/* ---- running ---- */

static int
find(void *ctx, struct span type, struct span subtype)
{
    const struct extractor *extractor = ctx;
    const struct config *config = extractor->config;

    for (size_t i = 0; i < config->extract_count; i++) {
        const struct span wanted = span_of_str(config->extract_commands[i].type);
        const ptrdiff_t slash = span_find_char(wanted, '/');
        if (slash > 0 && span_ieq(span_head(wanted, (size_t)slash), type) &&
            span_ieq(span_tail(wanted, (size_t)slash + 1), subtype))
            return (int)i;
    }
    return -1;
}

static enum rc
run(void *ctx, int command, uint32_t wall_ms, struct span octets, struct buf *out,
    struct err *err)
{
    struct extractor *extractor = ctx;
    struct err own = {.rc = RC_OK};
    const struct filter_options options = {
        .args = extractor->config->extract_commands[command].args,
        .wall_ms = wall_ms,
        .cpu_s = LIMIT_EXTRACT_CPU_S,
        .memory_octets = LIMIT_EXTRACT_MEMORY,
        .output_octets = LIMIT_EXTRACT_OUTPUT,
        .stop_fd = extractor->stop_fd,
    };

    const enum rc rc = filter_run(&options, octets, out, &own);
    if (rc != RC_OK && rc != RC_AGAIN && rc != RC_LIMIT)
        note(extractor, command, own.text);
    return rc == RC_OK ? RC_OK : err_set(err, rc, 0, "%s", own.text);
}

/* ---- life ---- */

/* The server runs without: mail is more important. */
static void
tell_missing(struct extractor *extractor)
{
    const struct config *config = extractor->config;

    for (size_t i = 0; i < config->extract_count && extractor->has_log; i++)
        if (access(config->extract_commands[i].args[0], X_OK) != 0)
            log_put(&extractor->log, LOG_E_EXTRACT_FAILED, "[search] extract: %s: %s",
                    config->extract_commands[i].args[0], strerror(errno));
}

enum rc
extractor_new(const struct config *config, struct log *log, const struct clock *clock,
              struct index_counts *counts, struct extractor **out, struct err *err)
{
    *out = NULL;
    if (config->extract_count == 0)
        return RC_OK;
    struct extractor *extractor = calloc(1, sizeof *extractor);
    if (extractor == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory");
    extractor->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (extractor->stop_fd < 0) {
        free(extractor);
        return err_set(err, RC_LIMIT, errno, "eventfd");
    }
    extractor->config = config;
    extractor->clock = clock;
    extractor->has_log = log != NULL;
    extractor->counts = counts;
    if (log != NULL)
        log_scope_init(&extractor->log, log, LOG_SERVER, 0);
    lock_init(&extractor->lock, LOCK_LEAF);
    extractor->extract = (struct extract){
        .ctx = extractor, .clock = clock, .find = find, .run = run, .note = note};
    tell_missing(extractor);
    *out = extractor;
    return RC_OK;
}

void
extractor_free(struct extractor *extractor)
{
    if (extractor == NULL)
        return;
    fd_close(&extractor->stop_fd);
    lock_done(&extractor->lock);
    free(extractor);
}

const struct extract *
extractor_extract(const struct extractor *extractor)
{
    return extractor == NULL ? NULL : &extractor->extract;
}

void
extractor_stop(struct extractor *extractor)
{
    const uint64_t one = 1;

    if (extractor != NULL && write(extractor->stop_fd, &one, sizeof one) < 0)
        return; /* it is readable already */
}

void
extractor_go(struct extractor *extractor)
{
    uint64_t stops;

    if (extractor != NULL && read(extractor->stop_fd, &stops, sizeof stops) < 0)
        return; /* it was not stopped */
}

/* ---- the form of an index ---- */

static uint32_t
mix(uint32_t form, struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        form = (form ^ (unsigned char)text.ptr[i]) * UINT32_C(16777619); /* FNV-1a */
    return form * UINT32_C(16777619);
}

uint32_t
extractor_form(const struct config *config, uint32_t terms)
{
    uint32_t form = terms;

    if (config->extract_count == 0)
        return form;
    for (unsigned i = 0; i < ATTACHED_FORM; i++)
        form = mix(form, SPAN("attached"));
    for (size_t i = 0; i < config->extract.count; i++)
        form = mix(form, span_of_str(config->extract.items[i]));
    return form == 0 ? 1 : form;
}
