/* SPDX-License-Identifier: MIT */
/*
 * A log file as a stream of lines, whatever its encoding: gzip, UTF-16 in either byte order
 * (with or without a mark), a UTF-8 mark, CRLF. Memory is constant; a line longer than
 * LIMIT_FOREIGN_LINE is cut. Pipes work, because the sample that serves to recognise the format
 * is kept.
 */
#ifndef JOURNAL_FOREIGN_SOURCE_H
#define JOURNAL_FOREIGN_SOURCE_H

#include "base/err.h"
#include "journal/foreign/model.h"

struct foreign_source;

/** Opens a file. RC_NOT_FOUND, RC_DENIED, RC_INVALID (a directory), RC_IO, RC_LIMIT (no
 * memory). */
MUST_USE enum rc foreign_source_open(struct foreign_source **source_out, const char *path,
                                     struct err *err);
/** The same for an open descriptor, which it owns from here on, also if it fails. name is
 * borrowed. */
MUST_USE enum rc foreign_source_of_fd(struct foreign_source **source_out, int fd,
                                      const char *name, struct err *err);
void foreign_source_close(struct foreign_source *source); /* NULL is allowed */

/** Shows the first lines (at most LIMIT_FOREIGN_SAMPLE, and only what fits into the buffer)
 * without consuming them. Only before the first foreign_source_line. */
void foreign_source_peek(struct foreign_source *source,
                         void (*show)(void *ctx, struct span line), void *ctx);

/** The next line, valid until the next call. False: the end, or a failure. */
bool foreign_source_line(struct foreign_source *source, struct foreign_line *line_out);
/** RC_OK, or why reading ended early, such as damaged gzip data or a disk error; err->text says
 * where. */
MUST_USE enum rc foreign_source_trouble(const struct foreign_source *source, struct err *err);

/** Octets of the file read so far, and its size; 0: unknown (a pipe). */
void foreign_source_progress(const struct foreign_source *source, int64_t *done_out,
                             int64_t *size_out);
/** Lines read so far. */
uint64_t foreign_source_lines(const struct foreign_source *source);
/** Year of the file's last modification, for formats without a year. */
int foreign_source_year(const struct foreign_source *source);

#endif
