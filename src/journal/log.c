/* SPDX-License-Identifier: MIT */
/*
 * The queue and its writer. Producers copy whole lines, each stamped under the lock, so times
 * in the file never go back; the writer swaps the queue for its own empty buffer and writes
 * without the lock. A change of date is a mark in the queue: a NUL and the date, which no line
 * can contain.
 *
 * Entries that are dropped (queue full, disk full) are counted, and the next batch ends with an
 * entry that says how many. If the file for a new day cannot be opened, the old one is used, an
 * entry in it says so, and each batch tries again.
 */
#include "journal/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/lock.h"
#include "base/map.h"
#include "journal/escape.h"

enum {
    DATE_OCTETS = 10,              /* YYYY-MM-DD */
    MARK_OCTETS = 1 + DATE_OCTETS, /* in the queue, before the first line of a day */
    REPORT_OCTETS = 512,           /* reserved for each entry that the writer adds itself */
    KEEP_BUFFER_OCTETS = 1 << 16,  /* a larger buffer is freed after its batch */
    PAUSE_MS = 10, /* between two batches, so that a busy server rarely wakes it */
    HURRY_OCTETS = LIMIT_LOG_QUEUE / 4, /* a queue this long does not wait for the pause */
};

/* What the writer is doing, which decides whether a line has to wake it. */
enum writer {
    WRITER_WORKS,
    WRITER_PAUSES, /* woken by a long queue, and by threads that wait for it */
    WRITER_WAITS,  /* woken by anything */
};

enum log_behind { BEHIND_NOT, BEHIND_TO_BE_TOLD, BEHIND_TOLD };

struct log {
    struct lock lock; /* LOCK_JOURNAL; guards everything down to the writer's part */
    pthread_cond_t work;
    pthread_cond_t drained;
    struct buf queue;
    uint64_t put_count;  /* number of all lines queued */
    uint64_t done_count; /* those that were written or lost */
    uint64_t lost;       /* lines lost since the last report */
    uint64_t lost_ever;
    uint64_t written_ever;
    int64_t stamp_s; /* the second to which stamp and date belong */
    char stamp[9];   /* HH:MM:SS */
    char date[DATE_OCTETS + 1];
    char queued_date[DATE_OCTETS + 1]; /* of the last line in the queue */
    enum writer writer_does;
    unsigned flushers; /* threads in log_flush */
    bool stop;
    bool reopen;            /* was asked for */
    struct err *reopen_err; /* belongs to the thread that waits for it; NULL: none */
    struct log_levels levels;
    struct map accounts; /* names to struct log_levels, owned */

    /* Used only by the writer. */
    struct buf batch;
    int fd;                          /* -1: must be opened */
    off_t room_end;                  /* blocks of the file are allocated up to here */
    char file_date[DATE_OCTETS + 1]; /* of the file that is open */
    char day[DATE_OCTETS + 1];       /* of the lines that are being written */
    enum log_behind behind;          /* whether the open file is that of another day */
    struct err behind_err;

    /* Constant after start. */
    const struct clock *clock;
    char *dir; /* owned, or NULL */
    bool to_stderr;
    unsigned keep_days;
    pthread_t writer;
};

atomic_uint log_generation = 1;

/* --- Files (writer) --- */

static bool
is_log_name(const char *name)
{
    return strlen(name) == sizeof "roost-YYYY-MM-DD.log" - 1 &&
           strncmp(name, "roost-", 6) == 0 && strcmp(name + 6 + DATE_OCTETS, ".log") == 0;
}

/* Dates in this form can be compared as text. */
static void
remove_old_files(const struct log *log)
{
    const int64_t before = clock_wall_s(log->clock) - (int64_t)log->keep_days * 86400;
    const time_t when = (time_t)before;
    struct tm tm;
    char limit[DATE_OCTETS + 1];

    if (log->keep_days == 0 || localtime_r(&when, &tm) == NULL ||
        strftime(limit, sizeof limit, "%Y-%m-%d", &tm) != DATE_OCTETS)
        return;
    DIR *dir = opendir(log->dir);
    if (dir == NULL)
        return;
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
        if (is_log_name(entry->d_name) && strncmp(entry->d_name + 6, limit, DATE_OCTETS) < 0)
            unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
}

static enum rc
folder_check(const struct log *log, struct err *err)
{
    if (euidaccess(log->dir, W_OK | X_OK) == 0)
        return RC_OK;
    return err_set(err, rc_of_errno(errno), errno,
                   "log: the server's user cannot write to %s; use chown or chmod", log->dir);
}

/* The path of the file for log->day. */
static enum rc
file_make(const struct log *log, int *fd_out, struct err *err)
{
    char path[4096];

    const int len = snprintf(path, sizeof path, "%s/roost-%.10s.log", log->dir, log->day);
    if (len < 0 || (size_t)len >= sizeof path)
        return err_set(err, RC_INVALID, 0, "log: path too long");
    const int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_set(err, rc_of_errno(errno), errno, "log: %s", path);
    *fd_out = fd;
    return RC_OK;
}

/* Allocates blocks for what is written after `end`, and for more, while the disk has room.
 * Unused blocks stay with the file: during an upgrade two processes write to it, so neither may
 * truncate it. */
static void
room_keep(struct log *log, off_t end, size_t octets)
{
    const off_t needed = end + (off_t)octets + LIMIT_LOG_ROOM / 2;

    if (end < 0 || needed <= log->room_end)
        return;
    if (fallocate(log->fd, FALLOC_FL_KEEP_SIZE, end, (off_t)octets + LIMIT_LOG_ROOM) == 0)
        log->room_end = end + (off_t)octets + LIMIT_LOG_ROOM;
    else if (errno != ENOSPC && errno != EDQUOT)
        log->room_end = 0; /* the file system does not support it */
}

/* The first lines, as many as the file has blocks for, because a write that fails in the middle
 * would use up the blocks too. All lines if that is not known. */
static struct span
what_fits(const struct log *log, off_t end, struct span lines)
{
    if (end < 0 || end > log->room_end || end + (off_t)lines.len <= log->room_end)
        return lines;
    size_t fit = (size_t)(log->room_end - end);
    while (fit > 0 && lines.ptr[fit - 1] != '\n')
        fit--;
    return span_head(lines, fit);
}

static void
file_close(struct log *log)
{
    if (log->fd >= 0)
        close(log->fd);
    log->fd = -1;
    log->room_end = 0;
}

static void
file_take(struct log *log, int fd)
{
    file_close(log);
    log->fd = fd;
    memcpy(log->file_date, log->day, DATE_OCTETS);
    log->behind = BEHIND_NOT;
}

static enum rc
file_open(struct log *log, struct err *err)
{
    int fd = -1;

    if (log->fd >= 0 && memcmp(log->file_date, log->day, DATE_OCTETS) == 0)
        return RC_OK;
    const enum rc rc = file_make(log, &fd, err);
    if (rc == RC_OK)
        file_take(log, fd);
    return rc;
}

/* Somebody may have moved the file away. If no other file can be opened, the old one stays
 * open. */
static enum rc
file_again(struct log *log, struct err *err)
{
    int fd = -1;

    if (log->dir == NULL)
        return RC_OK;
    enum rc rc = folder_check(log, err);
    if (rc == RC_OK)
        rc = file_make(log, &fd, err);
    if (rc == RC_OK)
        file_take(log, fd);
    return rc;
}

static void
set_day(struct log *log, const char *date)
{
    if (memcmp(log->day, date, DATE_OCTETS) == 0)
        return;
    memcpy(log->day, date, DATE_OCTETS);
    if (log->dir != NULL)
        remove_old_files(log);
}

/* The file for this day cannot be opened; another one stays open. */
static void
note_behind(struct log *log, const struct err *why)
{
    if (log->behind != BEHIND_NOT)
        return;
    log->behind = BEHIND_TO_BE_TOLD;
    log->behind_err = *why;
}

static uint64_t
count_lines(struct span text)
{
    uint64_t lines = 0;

    for (size_t i = 0; i < text.len; i++)
        lines += text.ptr[i] == '\n';
    return lines;
}

/* Writes lines of one day. Returns how many of them were not written. */
static uint64_t
write_day(struct log *log, struct span lines)
{
    struct err err = {.rc = RC_OK};

    if (log->to_stderr)
        (void)(fd_write_all(STDERR_FILENO, lines, NULL) == RC_OK); /* stderr may be closed */
    if (log->dir == NULL || lines.len == 0)
        return 0;
    if (file_open(log, &err) != RC_OK) {
        if (log->fd < 0)
            return count_lines(lines);
        note_behind(log, &err);
    }
    const off_t begin = lseek(log->fd, 0, SEEK_END);
    room_keep(log, begin, lines.len);
    const struct span fit = what_fits(log, begin, lines);
    if (fd_write_all(log->fd, fit, NULL) == RC_OK)
        return count_lines(span_tail(lines, fit.len));
    /* Removes what was written in part: a line is written whole or not at all. */
    if (begin >= 0)
        (void)(ftruncate(log->fd, begin) == 0);
    log->room_end = 0;
    return count_lines(lines);
}

/* Writes the batch, day by day. Returns how many lines were lost. */
static uint64_t
write_batch(struct log *log)
{
    struct span rest = buf_span(&log->batch);
    uint64_t lost = 0;

    while (rest.len > 0) {
        if (rest.ptr[0] == '\0') {
            set_day(log, rest.ptr + 1);
            rest = span_tail(rest, MARK_OCTETS);
        }
        const ptrdiff_t mark = span_find_char(rest, '\0');
        const struct span day = mark < 0 ? rest : span_head(rest, (size_t)mark);
        lost += write_day(log, day);
        rest = span_tail(rest, day.len);
    }
    return lost;
}

/* --- The queue (lock held) --- */

static void
stamp_now(struct log *log, int *ms_out)
{
    const int64_t now_us = clock_wall_us(log->clock);
    const int64_t now_s = now_us / 1000000;
    struct tm tm;
    const time_t when = (time_t)now_s;

    *ms_out = (int)(now_us / 1000 % 1000);
    if (now_s == log->stamp_s)
        return;
    if (localtime_r(&when, &tm) == NULL)
        return; /* a year beyond int: keep the last stamp */
    log->stamp_s = now_s;
    strftime(log->stamp, sizeof log->stamp, "%H:%M:%S", &tm);
    strftime(log->date, sizeof log->date, "%Y-%m-%d", &tm);
}

static void
queue_line(struct log *log, enum log_service service, enum log_entry entry, uint64_t session,
           struct span text)
{
    const struct log_entry_info *info = log_entry_info(entry);
    int ms;

    stamp_now(log, &ms);
    if (memcmp(log->queued_date, log->date, DATE_OCTETS) != 0) {
        buf_put_char(&log->queue, '\0');
        buf_put(&log->queue, log->date, DATE_OCTETS);
        memcpy(log->queued_date, log->date, DATE_OCTETS);
    }
    char head[96];
    const int len = snprintf(
        head, sizeof head, "%s %s.%03d %c %05u %llu ", log_service_name(service), log->stamp,
        ms, log_level_letter(info->level), info->number, (unsigned long long)session);
    const size_t before = buf_len(&log->queue);
    buf_put(&log->queue, head, (size_t)len);
    buf_put_span(&log->queue, text);
    buf_put_char(&log->queue, '\n');
    if (buf_ok(&log->queue)) {
        log->put_count++;
    } else { /* no memory: remove what was appended */
        buf_truncate(&log->queue, before);
        log->queue.failed = false;
        log->lost++;
        log->lost_ever++;
    }
}

static void
put_text(struct log_scope *scope, enum log_entry entry, struct span text)
{
    struct log *log = scope->log;

    lock_enter(&log->lock);
    if (buf_len(&log->queue) + text.len + REPORT_OCTETS + REPORT_OCTETS > LIMIT_LOG_QUEUE) {
        log->lost++;
        log->lost_ever++;
    } else {
        queue_line(log, (enum log_service)scope->service, entry, scope->session, text);
    }
    const bool wake =
        log->writer_does == WRITER_WAITS ||
        (log->writer_does == WRITER_PAUSES && buf_len(&log->queue) >= HURRY_OCTETS);
    if (wake)
        log->writer_does = WRITER_WORKS;
    lock_leave(&log->lock);
    if (wake)
        pthread_cond_signal(&log->work);
}

void
log_put_span(struct log_scope *scope, enum log_entry entry, struct span text)
{
    char line[LIMIT_LOG_LINE + 32]; /* with the note about what was cut */

    if (!log_on(scope, log_entry_info(entry)->level))
        return;
    put_text(scope, entry,
             span_of(line, text_escape_to(line, sizeof line, text, LIMIT_LOG_LINE)));
}

void
log_put(struct log_scope *scope, enum log_entry entry, const char *fmt, ...)
{
    char text[LIMIT_LOG_LINE];
    va_list ap;

    if (!log_on(scope, log_entry_info(entry)->level))
        return;
    va_start(ap, fmt);
    const int len = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (len < 0)
        return;
    log_put_span(scope, entry,
                 span_of(text, (size_t)len < sizeof text ? (size_t)len : sizeof text - 1));
}

/* --- The writer --- */

/* Adds an entry about lost lines to the queue. Returns how many it reports. */
static uint64_t
report_lost(struct log *log)
{
    const uint64_t lost = log->lost;
    char text[64];

    if (lost == 0)
        return 0;
    const int len =
        snprintf(text, sizeof text, "%llu log entries were lost", (unsigned long long)lost);
    queue_line(log, LOG_SERVER, LOG_E_LOG_LOST, 0, span_of(text, (size_t)len));
    log->lost = 0;
    return lost;
}

/* Adds an entry about a file that stays open beyond its day. */
static void
report_behind(struct log *log)
{
    char text[LIMIT_LOG_LINE];

    if (log->behind != BEHIND_TO_BE_TOLD)
        return;
    log->behind = BEHIND_TOLD;
    const int len = snprintf(text, sizeof text, "%s; entries go on into the file that was open",
                             log->behind_err.text);
    queue_line(log, LOG_SERVER, LOG_E_LOG_BEHIND, 0, span_of(text, (size_t)len));
}

/* Writes what is queued. Called and left with the lock held. */
static void
drain(struct log *log)
{
    const uint64_t reported = report_lost(log);
    const uint64_t upto = log->put_count;
    const uint64_t lines = upto - log->done_count;
    const struct buf empty = log->batch;
    log->batch = log->queue;
    log->queue = empty;
    const bool reopen = log->reopen;
    struct err reopen_err = {.rc = RC_OK};
    lock_leave(&log->lock);

    if (reopen)
        (void)!file_again(log, &reopen_err);
    const uint64_t lost = write_batch(log);
    if (log->batch.cap > KEEP_BUFFER_OCTETS)
        buf_done(&log->batch);
    else
        buf_clear(&log->batch);

    lock_enter(&log->lock);
    if (lost > 0) {
        /* The report was the last line, so it was lost too. Report again without it. */
        const uint64_t again = lost - (reported > 0);
        log->lost += again + reported;
        log->lost_ever += again;
    }
    log->written_ever += lines - (lost < lines ? lost : lines);
    log->done_count = upto;
    report_behind(log);
    if (reopen) {
        log->reopen = false;
        if (log->reopen_err != NULL)
            *log->reopen_err = reopen_err;
        log->reopen_err = NULL;
    }
    pthread_cond_broadcast(&log->drained);
}

static bool
is_asked(const struct log *log)
{
    return log->stop || log->reopen || log->flushers > 0;
}

/* Lets lines accumulate for a moment. Called and left with the lock held. */
static void
pause_briefly(struct log *log)
{
    if (is_asked(log) || buf_len(&log->queue) >= HURRY_OCTETS)
        return;
    log->writer_does = WRITER_PAUSES;
    (void)lock_wait_ms(&log->lock, &log->work, PAUSE_MS);
    log->writer_does = WRITER_WORKS;
}

static void *
writer_main(void *arg)
{
    struct log *log = arg;

    lock_enter(&log->lock);
    for (;;) {
        while (buf_len(&log->queue) == 0 && !log->stop && !log->reopen) {
            log->writer_does = WRITER_WAITS;
            lock_wait(&log->lock, &log->work);
        }
        log->writer_does = WRITER_WORKS;
        const bool last = log->stop && buf_len(&log->queue) == 0;
        if (!last || log->lost > 0)
            drain(log);
        if (last)
            break;
        pause_briefly(log);
    }
    lock_leave(&log->lock);
    return NULL;
}

static void
log_free(struct log *log)
{
    size_t pos = 0;
    void *levels;

    while (map_next(&log->accounts, &pos, NULL, &levels))
        free(levels);
    map_done(&log->accounts);
    file_close(log);
    buf_done(&log->queue);
    buf_done(&log->batch);
    pthread_cond_destroy(&log->work);
    pthread_cond_destroy(&log->drained);
    lock_done(&log->lock);
    free(log->dir);
    free(log);
}

enum rc
log_open(struct log **log_out, const struct log_options *options, struct err *err)
{
    struct log *log = calloc(1, sizeof *log);

    if (log == NULL)
        return err_set(err, RC_LIMIT, 0, "log: no memory");
    lock_init(&log->lock, LOCK_JOURNAL);
    pthread_cond_init(&log->work, NULL);
    pthread_cond_init(&log->drained, NULL);
    buf_init(&log->queue, LIMIT_LOG_QUEUE);
    buf_init(&log->batch, LIMIT_LOG_QUEUE);
    map_init(&log->accounts);
    log_levels_default(&log->levels);
    log->fd = -1;
    log->clock = options->clock == NULL ? &clock_system : options->clock;
    log->to_stderr = options->to_stderr;
    log->keep_days = options->keep_days;
    log->dir = options->dir == NULL ? NULL : strdup(options->dir);
    log->stamp_s = INT64_MIN;
    int ms;
    stamp_now(log, &ms);
    set_day(log, log->date);
    memcpy(log->queued_date, log->date, DATE_OCTETS);
    enum rc rc = options->dir == NULL ? RC_OK
                 : log->dir == NULL   ? err_set(err, RC_LIMIT, 0, "log: no memory")
                                      : folder_check(log, err);
    /* Today's file may exist already although no new file could be created. */
    if (rc == RC_OK && log->dir != NULL)
        rc = file_open(log, err);
    if (rc == RC_FULL)
        rc = RC_OK; /* it will be created as soon as there is room */
    if (rc == RC_OK && pthread_create(&log->writer, NULL, writer_main, log) != 0)
        rc = err_set(err, RC_LIMIT, 0, "log: no thread");
    if (rc != RC_OK) {
        log_free(log);
        return rc;
    }
    *log_out = log;
    return RC_OK;
}

void
log_close(struct log *log)
{
    if (log == NULL)
        return;
    lock_enter(&log->lock);
    log->stop = true;
    lock_leave(&log->lock);
    pthread_cond_signal(&log->work);
    pthread_join(log->writer, NULL);
    log_free(log);
}

enum rc
log_reopen(struct log *log, struct err *err)
{
    struct err why = {.rc = RC_OK};

    lock_enter(&log->lock);
    while (log->reopen) /* another thread's */
        lock_wait(&log->lock, &log->drained);
    log->reopen = true;
    log->reopen_err = &why;
    pthread_cond_signal(&log->work);
    while (log->reopen)
        lock_wait(&log->lock, &log->drained);
    lock_leave(&log->lock);
    if (why.rc != RC_OK && err != NULL)
        *err = why;
    return why.rc;
}

void
log_flush(struct log *log)
{
    lock_enter(&log->lock);
    const uint64_t target = log->put_count;
    log->flushers++;
    pthread_cond_signal(&log->work);
    while (log->done_count < target)
        lock_wait(&log->lock, &log->drained);
    log->flushers--;
    lock_leave(&log->lock);
}

void
log_stats(struct log *log, struct log_stats *out)
{
    lock_enter(&log->lock);
    *out = (struct log_stats){.written = log->written_ever,
                              .lost = log->lost_ever,
                              .queued_octets = (uint32_t)buf_len(&log->queue)};
    lock_leave(&log->lock);
}

/* --- Scopes and levels --- */

void
log_scope_init(struct log_scope *scope, struct log *log, enum log_service service,
               uint64_t session)
{
    *scope = (struct log_scope){.log = log, .session = session, .service = (uint8_t)service};
}

void
log_scope_changed(struct log_scope *scope)
{
    scope->generation = 0;
}

bool
log_on_slow(struct log_scope *scope, enum log_level level)
{
    struct log *log = scope->log;

    if (log == NULL) {
        scope->generation = atomic_load(&log_generation);
        scope->levels = 0;
        return false;
    }
    lock_enter(&log->lock);
    const struct log_levels *levels = NULL;
    if (scope->account != NULL && log->accounts.count > 0)
        levels = map_get(&log->accounts, span_of_str(scope->account));
    if (levels == NULL)
        levels = &log->levels;
    scope->levels = levels->of[scope->service];
    scope->generation = atomic_load(&log_generation); /* it changes only under this lock */
    lock_leave(&log->lock);
    return (scope->levels & level) != 0;
}

/* Makes all scopes look again at their next entry. 0 is never a generation. With the lock
 * held. */
static void
levels_changed(void)
{
    if (atomic_fetch_add(&log_generation, 1) == UINT32_MAX)
        atomic_store(&log_generation, 1);
}

void
log_levels_set(struct log *log, const struct log_levels *levels)
{
    lock_enter(&log->lock);
    log->levels = *levels;
    levels_changed();
    lock_leave(&log->lock);
}

void
log_levels_get(struct log *log, struct log_levels *out)
{
    lock_enter(&log->lock);
    *out = log->levels;
    lock_leave(&log->lock);
}

enum rc
log_account_set(struct log *log, struct span account, const struct log_levels *levels)
{
    struct log_levels *copy = malloc(sizeof *copy);
    enum rc rc = RC_OK;

    if (copy == NULL)
        return RC_LIMIT;
    *copy = *levels;
    lock_enter(&log->lock);
    struct log_levels *old = map_get(&log->accounts, account);
    if (old != NULL) {
        *old = *levels;
    } else if (log->accounts.count >= LIMIT_LOG_ACCOUNTS) {
        rc = RC_LIMIT;
    } else {
        rc = map_put(&log->accounts, account, copy);
        if (rc == RC_OK)
            copy = NULL; /* it belongs to the map now */
    }
    levels_changed();
    lock_leave(&log->lock);
    free(copy);
    return rc;
}

bool
log_account_get(struct log *log, struct span account, struct log_levels *out)
{
    lock_enter(&log->lock);
    const struct log_levels *own = map_get(&log->accounts, account);
    if (own != NULL)
        *out = *own;
    lock_leave(&log->lock);
    return own != NULL;
}

void
log_account_clear(struct log *log, struct span account)
{
    lock_enter(&log->lock);
    void *old = map_take(&log->accounts, account);
    levels_changed();
    lock_leave(&log->lock);
    free(old);
}
