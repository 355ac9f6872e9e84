/* SPDX-License-Identifier: MIT */
/*
 * The frames that go over the control socket in both directions. A frame is one line of JSON.
 * If it has a member "data": N, then N raw octets follow it (a message of import or export). So
 * one connection can carry table rows as well as gigabytes of mail, and neither side ever holds
 * more than one frame.
 *
 *   asker   {"verb": "import", "args": {...}}
 *           {"flags": [...], "data": 5120} <octets> ...   {"end": true}
 *   server  {"row": {...}} ...  {"rc": "ok"}  or  {"rc": "not-found", "error": "..."}
 *
 * Blocking, for threads that may wait for their local peer. Thread: the one that owns it.
 */
#ifndef ADMIN_FRAME_H
#define ADMIN_FRAME_H

#include <jansson.h>
#include <stdbool.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

enum { FRAME_LINE_MAX = 1 << 20, FRAME_DATA_MAX = 2047 << 20 };

struct frame_stream {
    int fd;        /* owned by the caller */
    struct buf in; /* octets that were read ahead */
    bool reads_ahead;
};

void frame_stream_init(struct frame_stream *stream, int fd);
/** For an asker that sends many frames and may get rows before it has sent the last of them:
 * frame_write reads what arrives while it cannot send, so that the two sides never wait for
 * each other.
 */
void frame_stream_read_ahead(struct frame_stream *stream);
/** Whether the head of a frame has arrived. Does not wait. */
bool frame_is_there(struct frame_stream *stream);
void frame_stream_done(struct frame_stream *stream);

/** Writes head, with "data" added when data is not empty. head stays the caller's. RC_CLOSED:
 *  the other side is gone. */
MUST_USE enum rc frame_write(struct frame_stream *stream, json_t *head, struct span data,
                             struct err *err);
/** Reads a frame: *head_out is the caller's (json_decref); its data goes to data (cleared
 * before). RC_CLOSED at the end of the stream; RC_INVALID or RC_LIMIT if it is not a frame. */
MUST_USE enum rc frame_read(struct frame_stream *stream, json_t **head_out, struct buf *data,
                            struct err *err);

#endif
