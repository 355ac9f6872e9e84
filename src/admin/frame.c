/* SPDX-License-Identifier: MIT */
/* Frames over a blocking stream socket; see the header. */
#include "admin/frame.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_STEP = 65536 };

void
frame_stream_init(struct frame_stream *stream, int fd)
{
    stream->fd = fd;
    buf_init(&stream->in, FRAME_LINE_MAX + READ_STEP);
}

void
frame_stream_done(struct frame_stream *stream)
{
    buf_done(&stream->in);
}

static enum rc
send_all(int fd, struct span data, struct err *err)
{
    while (data.len > 0) {
        const ssize_t put = send(fd, data.ptr, data.len, MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return err_set(err, RC_CLOSED, errno, "control socket");
        data = span_tail(data, (size_t)put);
    }
    return RC_OK;
}

enum rc
frame_write(struct frame_stream *stream, json_t *head, struct span data, struct err *err)
{
    if (data.len > 0)
        json_object_set_new(head, "data", json_integer((json_int_t)data.len));
    char *line = json_dumps(head, JSON_COMPACT);
    if (line == NULL)
        return err_set(err, RC_LIMIT, 0, "control socket: no memory");
    enum rc rc = send_all(stream->fd, span_of_str(line), err);
    free(line);
    if (rc == RC_OK)
        rc = send_all(stream->fd, SPAN("\n"), err);
    if (rc == RC_OK)
        rc = send_all(stream->fd, data, err);
    return rc;
}

static enum rc
read_more(struct frame_stream *stream, struct err *err)
{
    char *room = buf_reserve(&stream->in, READ_STEP);

    if (room == NULL)
        return err_set(err, RC_LIMIT, 0, "control socket: line over %d octets", FRAME_LINE_MAX);
    for (;;) {
        const ssize_t got = read(stream->fd, room, READ_STEP);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return err_set(err, RC_CLOSED, got < 0 ? errno : 0, "control socket closed");
        buf_grew(&stream->in, (size_t)got);
        return RC_OK;
    }
}

static enum rc
data_read(struct frame_stream *stream, size_t octets, struct buf *data, struct err *err)
{
    const struct span ahead = span_head(buf_span(&stream->in), octets);
    char *room = octets == 0 ? NULL : buf_reserve(data, octets);

    if (octets == 0)
        return RC_OK;
    if (room == NULL)
        return err_set(err, RC_LIMIT, 0, "control socket: %zu octets are too many", octets);
    memcpy(room, ahead.ptr, ahead.len);
    buf_consume(&stream->in, ahead.len);
    for (size_t have = ahead.len; have < octets;) {
        const ssize_t got = read(stream->fd, room + have, octets - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return err_set(err, RC_CLOSED, got < 0 ? errno : 0, "control socket closed");
        have += (size_t)got;
    }
    buf_grew(data, octets);
    return RC_OK;
}

enum rc
frame_read(struct frame_stream *stream, json_t **head_out, struct buf *data, struct err *err)
{
    ptrdiff_t end;

    buf_clear(data);
    while ((end = span_find_char(buf_span(&stream->in), '\n')) < 0) {
        const enum rc rc = read_more(stream, err);
        if (rc != RC_OK)
            return rc;
    }
    json_t *head = json_loadb(buf_span(&stream->in).ptr, (size_t)end, 0, NULL);
    buf_consume(&stream->in, (size_t)end + 1);
    if (!json_is_object(head)) {
        json_decref(head);
        return err_set(err, RC_INVALID, 0, "control socket: no frame");
    }
    const json_int_t octets = json_integer_value(json_object_get(head, "data"));
    enum rc rc = octets < 0 || octets > FRAME_DATA_MAX
                     ? err_set(err, RC_INVALID, 0, "control socket: bad length")
                     : data_read(stream, (size_t)octets, data, err);
    if (rc != RC_OK) {
        json_decref(head);
        return rc;
    }
    *head_out = head;
    return RC_OK;
}
