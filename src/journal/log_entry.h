/* SPDX-License-Identifier: MIT */
/* The table of log entries (log_entry.def) for code and for people. */
#ifndef JOURNAL_LOG_ENTRY_H
#define JOURNAL_LOG_ENTRY_H

#include "base/buf.h"
#include "journal/log_levels.h"

enum log_entry {
#define LOG_ENTRY(name, number, level, text, meaning) LOG_E_##name,
#include "journal/log_entry.def"
#undef LOG_ENTRY
    LOG_ENTRY_COUNT,
};

struct log_entry_info {
    unsigned number;
    enum log_level level;
    const char *text;    /* its form */
    const char *meaning; /* for the manual */
};

/** The row of an entry. Thread: any. */
const struct log_entry_info *log_entry_info(enum log_entry entry);

/** docs/log-events.md: all entries and all end reasons. */
void log_entry_manual(struct buf *buf);

#endif
