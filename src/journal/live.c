/* SPDX-License-Identifier: MIT */
/*
 * The file has a header with the size of a row, then one row for each slot. A row is in use
 * while its session number is not 0. The number is written last and cleared first, so a process
 * that dies in between leaves at worst a text that is half old and half new. The blocks are
 * allocated at start, so that a full disk does not cause a SIGBUS later.
 */
#include "journal/live.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/fd.h"
#include "journal/journal_private.h"

enum {
    ROW_OCTETS = 128,
    ACCOUNT_OCTETS = 40,
    PEER_OCTETS = 40,
    CLIENT_OCTETS = 24,
    BOOT_ID_OCTETS = 36,
};

static const char magic[8] = "RSTLIVE1";

struct live_header {
    char magic[8];
    uint32_t slots;
    uint32_t clean; /* 1: ended in an orderly way */
    _Atomic int64_t tick_ms;
    char boot_id[BOOT_ID_OCTETS]; /* of the kernel: differs after a restart of the machine */
    char unused[ROW_OCTETS - 60];
};

struct live_row {
    _Atomic uint64_t session; /* 0: free */
    int64_t start_ms;
    uint8_t service;
    uint8_t tls;
    uint8_t idle;
    uint8_t account_len;
    uint8_t peer_len;
    uint8_t client_len;
    uint8_t unused[2];
    char account[ACCOUNT_OCTETS];
    char peer[PEER_OCTETS];
    char client_id[CLIENT_OCTETS];
};

_Static_assert(sizeof(struct live_header) == ROW_OCTETS, "the header is a row");
_Static_assert(sizeof(struct live_row) == ROW_OCTETS, "rows are what the file says");

struct live {
    struct live_header *header; /* of the mapping */
    struct live_row *rows;      /* after it */
    uint32_t slots;
    size_t map_octets;
    uint64_t last_session;
    const struct clock *clock;
};

/* Stays zero if there is no such file; a restart of the machine then looks like a crash. */
static void
read_boot_id(char out[BOOT_ID_OCTETS])
{
    AUTO_FD fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

    memset(out, 0, BOOT_ID_OCTETS);
    if (fd >= 0 && read(fd, out, BOOT_ID_OCTETS) != BOOT_ID_OCTETS)
        memset(out, 0, BOOT_ID_OCTETS);
}

static struct span
row_text(const char *text, uint8_t len, size_t room)
{
    return span_of(text, len < room ? len : room);
}

/* Records an open session of the dead process in the journal. */
static void
record_crash(const struct live_header *header, const struct live_row *row, bool restarted,
             struct journal *journal)
{
    const int64_t tick_ms = atomic_load_explicit(&header->tick_ms, memory_order_relaxed);
    struct end_record record = {
        .session = atomic_load_explicit(&row->session, memory_order_relaxed),
        .service =
            row->service < LOG_SERVICE_COUNT ? (enum log_service)row->service : LOG_SERVER,
        .reason = END_CRASH,
        .start_ms = row->start_ms,
        .end_ms = tick_ms > row->start_ms ? tick_ms : row->start_ms,
        .account = row_text(row->account, row->account_len, ACCOUNT_OCTETS),
        .peer = row_text(row->peer, row->peer_len, PEER_OCTETS),
        .client_id = row_text(row->client_id, row->client_len, CLIENT_OCTETS),
        .tls = row->tls ? SPAN("TLS") : SPAN(""),
        .detail = restarted ? SPAN("the machine was restarted without stopping the server")
                            : SPAN("the server process was killed or crashed"),
    };

    record.evidence = (struct end_evidence){
        .how = HOW_CRASH,
        .state = row->idle               ? STATE_IDLE
                 : row->account_len == 0 ? STATE_BEFORE_LOGIN
                                         : STATE_LOGGED_IN,
        .since_in_ms = -1,
        .since_out_ms = -1,
        .unacked_octets = -1,
        .since_alive_ms = -1,
    };
    journal_session_end(journal, &record);
}

/* Whether its end was recorded already, because another process had taken it over. */
static bool
is_recorded(struct journal_reader *reader, uint64_t session)
{
    AUTO_ARENA arena = {0};
    struct end_record record;
    struct err err = {.rc = RC_OK};

    arena_init(&arena, 1 << 16);
    return journal_find_session(reader, session, &arena, &record, &err) == RC_OK;
}

/* Reads what an earlier process left. A file that is not ours, or is truncated, tells nothing.
 * recorded: NULL if no session in it can have a record. */
static enum rc
read_left_open(struct live *live, int fd, struct journal *journal,
               struct journal_reader *recorded, uint32_t *crashed_out, struct err *err)
{
    struct stat st;
    uint32_t crashed = 0;
    char boot_id[BOOT_ID_OCTETS];

    *crashed_out = 0;
    if (fstat(fd, &st) != 0)
        return err_set(err, RC_IO, errno, "live table");
    if (st.st_size < ROW_OCTETS)
        return RC_OK;
    const size_t octets = (size_t)st.st_size;
    char *map = mmap(NULL, octets, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED)
        return err_set(err, rc_of_errno(errno), errno, "live table: map");
    const struct live_header *header = (const struct live_header *)(const void *)map;
    if (memcmp(header->magic, magic, sizeof magic) == 0 && header->clean == 0) {
        const struct live_row *rows = (const struct live_row *)(const void *)(map + ROW_OCTETS);
        read_boot_id(boot_id);
        const bool restarted = memcmp(boot_id, header->boot_id, BOOT_ID_OCTETS) != 0;
        for (size_t i = 0; i < octets / ROW_OCTETS - 1; i++) {
            const uint64_t session =
                atomic_load_explicit(&rows[i].session, memory_order_relaxed);
            if (session == 0)
                continue;
            if (session > live->last_session)
                live->last_session = session;
            if (recorded != NULL && is_recorded(recorded, session))
                continue;
            record_crash(header, &rows[i], restarted, journal);
            crashed++;
        }
    }
    munmap(map, octets);
    if (crashed > 0)
        journal_flush(journal); /* before the rows are cleared */
    *crashed_out = crashed;
    return RC_OK;
}

static enum rc
map_fresh(struct live *live, int fd, struct err *err)
{
    live->map_octets = ((size_t)live->slots + 1) * ROW_OCTETS;
    if (ftruncate(fd, 0) != 0)
        return err_set(err, rc_of_errno(errno), errno, "live table: truncate");
    const int os_errno = posix_fallocate(fd, 0, (off_t)live->map_octets);
    if (os_errno != 0)
        return err_set(err, rc_of_errno(os_errno), os_errno, "live table: allocate %zu octets",
                       live->map_octets);
    char *map = mmap(NULL, live->map_octets, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return err_set(err, rc_of_errno(errno), errno, "live table: map");
    live->header = (struct live_header *)(void *)map;
    live->rows = (struct live_row *)(void *)(map + ROW_OCTETS);
    memcpy(live->header->magic, magic, sizeof magic);
    live->header->slots = live->slots;
    read_boot_id(live->header->boot_id);
    live_tick(live);
    return RC_OK;
}

enum rc
live_open(struct live **live_out, const char *path, uint32_t slots, struct journal *journal,
          uint32_t *crashed_out, struct err *err)
{
    AUTO_FD fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    uint32_t crashed = 0;

    *live_out = NULL;
    *crashed_out = 0;
    if (fd < 0)
        return err_set(err, rc_of_errno(errno), errno, "live table: %s", path);
    struct live *live = calloc(1, sizeof *live);
    if (live == NULL)
        return err_set(err, RC_LIMIT, 0, "live table: no memory");
    live->slots = slots;
    live->clock = journal_clock(journal);
    enum rc rc = read_left_open(live, fd, journal, NULL, &crashed, err);
    if (rc == RC_OK)
        rc = map_fresh(live, fd, err);
    *crashed_out = crashed;
    if (rc != RC_OK) {
        free(live);
        return rc;
    }
    *live_out = live;
    return RC_OK;
}

enum rc
live_collect(const char *path, struct journal *journal, struct journal_reader *recorded,
             struct live_left *left_out, struct err *err)
{
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct live left = {.slots = 0};

    *left_out = (struct live_left){.crashed = 0};
    if (fd < 0)
        return errno == ENOENT
                   ? RC_OK
                   : err_set(err, rc_of_errno(errno), errno, "live table: %s", path);
    const enum rc rc = read_left_open(&left, fd, journal, recorded, &left_out->crashed, err);
    left_out->last_session = left.last_session;
    if (rc == RC_OK)
        unlink(path);
    return rc;
}

void
live_close(struct live *live)
{
    if (live == NULL)
        return;
    live->header->clean = 1;
    munmap(live->header, live->map_octets);
    free(live);
}

static uint8_t
put_text(char *dst, size_t room, struct span text)
{
    const size_t len = text.len < room ? text.len : room;

    if (len > 0)
        memcpy(dst, text.ptr, len);
    return (uint8_t)len;
}

void
live_set(struct live *live, uint32_t slot, const struct live_session *session)
{
    if (live == NULL)
        return;
    CHECK(slot < live->slots && session->session != 0);
    struct live_row *row = &live->rows[slot];
    row->start_ms = session->start_ms;
    row->service = (uint8_t)session->service;
    row->tls = session->tls;
    row->account_len = put_text(row->account, sizeof row->account, session->account);
    row->peer_len = put_text(row->peer, sizeof row->peer, session->peer);
    row->client_len = put_text(row->client_id, sizeof row->client_id, session->client_id);
    atomic_store_explicit(&row->session, session->session, memory_order_release);
}

void
live_set_idle(struct live *live, uint32_t slot, bool idle)
{
    if (live == NULL)
        return;
    CHECK(slot < live->slots);
    live->rows[slot].idle = idle;
}

void
live_clear(struct live *live, uint32_t slot)
{
    if (live == NULL)
        return;
    CHECK(slot < live->slots);
    live->rows[slot].idle = false;
    atomic_store_explicit(&live->rows[slot].session, 0, memory_order_release);
}

void
live_tick(struct live *live)
{
    if (live != NULL)
        atomic_store_explicit(&live->header->tick_ms, clock_wall_us(live->clock) / 1000,
                              memory_order_relaxed);
}

uint64_t
live_last_session(const struct live *live)
{
    return live == NULL ? 0 : live->last_session;
}
