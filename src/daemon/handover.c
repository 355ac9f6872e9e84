/* SPDX-License-Identifier: MIT */
/* See the header. A packet: "RSTH", the kind, then the fields of that kind, packed. */
#include "daemon/handover.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/pack.h"

enum { STEP_MS = 10 };

static const struct span magic = {"RSTH", 4};

static bool
needs_fd(enum handover_kind kind)
{
    return kind == HANDOVER_LISTENER || kind == HANDOVER_BEGIN || kind == HANDOVER_SESSION;
}

void
handover_encode(const struct handover_message *message, struct buf *out)
{
    buf_clear(out);
    buf_put_span(out, magic);
    pack_u8(out, (uint8_t)message->kind);
    switch (message->kind) {
    case HANDOVER_HELLO:
    case HANDOVER_PREPARED:
        pack_u32(out, message->protocol);
        pack_u32(out, message->format);
        pack_u32(out, message->pid);
        pack_span(out, message->text);
        break;
    case HANDOVER_LISTENER:
        pack_span(out, message->text);
        pack_span(out, message->asked);
        break;
    case HANDOVER_BEGIN:
    case HANDOVER_END:
    case HANDOVER_TAKEN:
        pack_u64(out, message->number);
        break;
    case HANDOVER_SESSION:
        buf_put_span(out, message->packed);
        break;
    case HANDOVER_FAILED:
        pack_span(out, span_head(message->text, HANDOVER_TEXT_MAX));
        break;
    case HANDOVER_LISTENERS_END:
        break;
    }
}

enum rc
handover_decode(struct span octets, struct handover_message *message_out, struct err *err)
{
    struct unpack in = {.rest = span_tail(octets, magic.len)};

    if (!span_starts(octets, magic))
        return err_set(err, RC_INVALID, 0, "not a message of a handover");
    message_out->kind = (enum handover_kind)unpack_u8(&in);
    switch (message_out->kind) {
    case HANDOVER_HELLO:
    case HANDOVER_PREPARED:
        message_out->protocol = unpack_u32(&in, UINT32_MAX);
        message_out->format = unpack_u32(&in, UINT32_MAX);
        message_out->pid = unpack_u32(&in, INT32_MAX);
        message_out->text = unpack_text(&in, HANDOVER_TEXT_MAX);
        if (message_out->protocol != HANDOVER_PROTOCOL)
            in.rest = SPAN(""); /* a later version may say more */
        break;
    case HANDOVER_LISTENER:
        message_out->text = unpack_text(&in, HANDOVER_TEXT_MAX);
        message_out->asked = unpack_text(&in, HANDOVER_TEXT_MAX);
        break;
    case HANDOVER_BEGIN:
    case HANDOVER_END:
    case HANDOVER_TAKEN:
        message_out->number = unpack_u64(&in);
        break;
    case HANDOVER_SESSION:
        message_out->packed = in.rest;
        in.rest = SPAN("");
        break;
    case HANDOVER_FAILED:
        message_out->text = unpack_text(&in, HANDOVER_TEXT_MAX);
        break;
    case HANDOVER_LISTENERS_END:
        break;
    default:
        in.failed = true;
        break;
    }
    return unpack_whole(&in)
               ? RC_OK
               : err_set(err, RC_INVALID, 0, "a message of a handover is damaged");
}

/* RC_OK, RC_AGAIN or RC_IO. */
static enum rc
wait_for(int sock, short events, int timeout_ms, struct err *err)
{
    struct pollfd pollfd = {.fd = sock, .events = events};
    int n;

    do
        n = poll(&pollfd, 1, timeout_ms);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return err_set(err, RC_IO, errno, "handover: poll");
    return n == 0 ? RC_AGAIN : RC_OK;
}

enum rc
handover_send(int sock, const struct handover_message *message, int timeout_ms, struct err *err)
{
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.room = {0}};
    AUTO_BUF out = {0};

    buf_init(&out, HANDOVER_PACKET_MAX);
    handover_encode(message, &out);
    if (!buf_ok(&out))
        return err_set(err, RC_LIMIT, 0, "handover: message too long");
    struct span octets = buf_span(&out);
    struct iovec iov = {.iov_base = out.data + out.head, .iov_len = octets.len};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    if (needs_fd(message->kind)) {
        msg.msg_control = control.room;
        msg.msg_controllen = sizeof control.room;
        struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_RIGHTS;
        cmsg->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(cmsg), &message->fd, sizeof(int));
    }
    for (;;) {
        if (sendmsg(sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
            return RC_OK;
        const int os_errno = errno;
        enum rc rc = RC_OK;
        /* too many descriptors are in transit; the other end will take them */
        if (os_errno == ETOOMANYREFS) {
            poll(NULL, 0, STEP_MS);
            timeout_ms -= STEP_MS;
        } else if (os_errno == EAGAIN) {
            rc = wait_for(sock, POLLOUT, timeout_ms, err);
        } else if (os_errno != EINTR) {
            return err_set(err, os_errno == EPIPE || os_errno == ECONNRESET ? RC_CLOSED : RC_IO,
                           os_errno, "handover: send");
        }
        if (rc == RC_AGAIN || timeout_ms <= 0)
            return err_set(err, RC_BUSY, 0, "handover: the other process does not read");
        if (rc != RC_OK)
            return rc;
    }
}

/* The only descriptor of a packet, or -1. More than one are closed. */
static int
fd_of(struct msghdr *msg)
{
    int fd = -1;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t at = CMSG_LEN(0); at + sizeof(int) <= c->cmsg_len; at += sizeof(int)) {
            int one;
            memcpy(&one, (const char *)c + at, sizeof one);
            if (fd < 0)
                fd = one;
            else
                close(one);
        }
    }
    return fd;
}

enum rc
handover_receive(int sock, struct buf *buf, struct handover_message *message_out,
                 int timeout_ms, struct err *err)
{
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(4 * sizeof(int))];
    } control = {.room = {0}};
    ssize_t n;

    buf_clear(buf);
    char *room = buf_reserve(buf, HANDOVER_PACKET_MAX);
    if (room == NULL)
        return err_set(err, RC_LIMIT, 0, "handover: no memory");
    enum rc rc = wait_for(sock, POLLIN, timeout_ms, err);
    if (rc != RC_OK)
        return rc;
    struct iovec iov = {.iov_base = room, .iov_len = HANDOVER_PACKET_MAX};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.room,
                         .msg_controllen = sizeof control.room};
    /* If the process ended without reading our messages, this error comes first, and its last
     * message after it. */
    bool was_reset = false;
    do {
        n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
        if (n >= 0 || errno != ECONNRESET || was_reset)
            continue;
        was_reset = true;
        errno = EINTR;
    } while (n < 0 && errno == EINTR);
    if (n == 0 || (n < 0 && errno == ECONNRESET))
        return err_set(err, RC_CLOSED, 0, "the other process has ended");
    if (n < 0)
        return err_set(err, RC_IO, errno, "handover: receive");
    AUTO_FD fd = fd_of(&msg);
    buf_grew(buf, (size_t)n);
    *message_out = (struct handover_message){.fd = -1};
    rc = (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0
             ? err_set(err, RC_INVALID, 0, "a message of a handover was cut")
             : handover_decode(buf_span(buf), message_out, err);
    if (rc == RC_OK && needs_fd(message_out->kind) != (fd >= 0))
        rc = err_set(err, RC_INVALID, 0, "handover: a descriptor is missing or too many");
    if (rc == RC_OK)
        message_out->fd = fd_take(&fd);
    return rc;
}
