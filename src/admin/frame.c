/* SPDX-License-Identifier: MIT */
/* Frames over a blocking stream socket; see the header. */
#include "admin/frame.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_STEP = 65536 };

void
frame_stream_init(struct frame_stream *stream, int fd)
{
    stream->fd = fd;
    stream->reads_ahead = false;
    buf_init(&stream->in, FRAME_LINE_MAX + READ_STEP);
}

void
frame_stream_done(struct frame_stream *stream)
{
    buf_done(&stream->in);
}

void
frame_stream_read_ahead(struct frame_stream *stream)
{
    stream->reads_ahead = true;
}

/* Reads what has arrived, as far as there is space. False: the other side is gone, or there is
 * no space.
 */
static bool
take_arrived(struct frame_stream *stream)
{
    const size_t room_octets = stream->in.max - buf_len(&stream->in);
    const size_t want = room_octets < READ_STEP ? room_octets : READ_STEP;
    char *room = want == 0 ? NULL : buf_reserve(&stream->in, want);

    if (room == NULL)
        return false;
    const ssize_t got = recv(stream->fd, room, want, MSG_DONTWAIT);
    if (got > 0)
        buf_grew(&stream->in, (size_t)got);
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

bool
frame_is_there(struct frame_stream *stream)
{
    if (span_find_char(buf_span(&stream->in), '\n') >= 0)
        return true;
    return take_arrived(stream) && span_find_char(buf_span(&stream->in), '\n') >= 0;
}

/* Waits until more can be sent, and meanwhile reads what the other side sends. */
static void
wait_for_room(struct frame_stream *stream)
{
    struct pollfd poll_fd = {.fd = stream->fd, .events = POLLIN | POLLOUT};

    if (buf_len(&stream->in) == stream->in.max)
        poll_fd.events = POLLOUT;
    if (poll(&poll_fd, 1, -1) > 0 && (poll_fd.revents & POLLIN) != 0 && !take_arrived(stream)) {
        poll_fd.events = POLLOUT; /* the end of the stream; sending will report it */
        (void)poll(&poll_fd, 1, -1);
    }
}

static enum rc
send_all(struct frame_stream *stream, struct span data, struct err *err)
{
    const int flags = MSG_NOSIGNAL | (stream->reads_ahead ? MSG_DONTWAIT : 0);

    while (data.len > 0) {
        const ssize_t put = send(stream->fd, data.ptr, data.len, flags);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0 && stream->reads_ahead && errno == EAGAIN) {
            wait_for_room(stream);
            continue;
        }
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
    enum rc rc = send_all(stream, span_of_str(line), err);
    free(line);
    if (rc == RC_OK)
        rc = send_all(stream, SPAN("\n"), err);
    if (rc == RC_OK)
        rc = send_all(stream, data, err);
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
