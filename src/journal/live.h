/* SPDX-License-Identifier: MIT */
/*
 * The table of open sessions that survives the process: a small memory-mapped file of
 * fixed-size rows (DIR/run/live). When the server dies, the kernel keeps what was written; the
 * next start finds the rows and records each of these sessions as ended by a crash. One row per
 * session slot; only the thread that runs the session writes its row.
 */
#ifndef JOURNAL_LIVE_H
#define JOURNAL_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/rc.h"
#include "base/span.h"
#include "journal/journal.h"
#include "journal/log.h"

struct live;

struct live_session {
    uint64_t session;
    enum log_service service;
    int64_t start_ms;      /* wall clock */
    struct span account;   /* cut at 40 octets; empty: not logged in */
    struct span peer;      /* cut at 40 octets */
    struct span client_id; /* cut at 24 octets */
    bool tls;
};

/**
 * Opens path with room for `slots` rows. It uses the journal's clock. Sessions that an earlier
 * process left open are recorded as END_CRASH; *crashed_out is their number, 0 after an orderly
 * end. RC_FULL, RC_IO ...: the server can continue without the table (*live_out NULL). Thread:
 * start-up. Waits for disk.
 */
MUST_USE enum rc live_open(struct live **live_out, const char *path, uint32_t slots,
                           struct journal *journal, uint32_t *crashed_out, struct err *err);
struct live_left {
    uint32_t crashed;      /* sessions that were recorded as crashed */
    uint64_t last_session; /* the highest session number seen; 0: none */
};

/** For a table that a process had moved away from its place: records the sessions that it left
 * open as END_CRASH, and removes the file. Not while that process lives. It may have been
 * killed after another process had taken over its sessions and before it had cleared their
 * rows, so sessions that have a record are not recorded again. Thread: any that may wait. */
MUST_USE enum rc live_collect(const char *path, struct journal *journal,
                              struct journal_reader *recorded, struct live_left *left_out,
                              struct err *err);
/** Marks an orderly end. NULL is allowed. Thread: start-up. */
void live_close(struct live *live);

/** Writes the row of a session. Call it again if something in it changes (login, client ID).
 * slot < slots. live may be NULL. Thread: the session's. */
void live_set(struct live *live, uint32_t slot, const struct live_session *session);
/** Sets whether the session of a row is in IDLE; costs nothing. Thread: the session's. */
void live_set_idle(struct live *live, uint32_t slot, bool idle);
void live_clear(struct live *live, uint32_t slot);
/** Notes that the process is alive, so that a crash has a time. Call it about once a second.
 * Thread: any. */
void live_tick(struct live *live);

/** The highest session number that a crashed process left open; 0: none. New numbers begin
 * above it, and not below journal_first_session. */
uint64_t live_last_session(const struct live *live);

#endif
