/* SPDX-License-Identifier: MIT */
/*
 * The dialogue between the server that is being replaced (old) and the one that takes over
 * (new), over a pair of SOCK_SEQPACKET sockets. A message is a packet with at most one
 * descriptor.
 *
 *     old                                              new
 *     HELLO, LISTENER ..., LISTENERS_END  ---------->  reads configuration, certificate
 *                                         <----------  PREPARED, or FAILED
 *     sessions come to rest, store closed
 *     BEGIN (lock), SESSION ..., END      ---------->  opens the store, adopts sessions
 *                                         <----------  TAKEN, or FAILED
 *     says BYE to the remaining sessions, ends         serves
 *
 * Old owns DIR until BEGIN, and new from TAKEN on. In between, neither writes, and if new ends
 * before TAKEN, old takes everything back. The lock of DIR is never free, because it belongs to
 * an open file that both processes have.
 *
 * HANDOVER_PROTOCOL is the version of these messages, and HANDOVER_FORMAT (session/handover.h)
 * that of the contents of SESSION. Another protocol is refused before anything has happened.
 * With another format, listeners are still handed over, but sessions are told to connect again.
 */
#ifndef DAEMON_HANDOVER_H
#define DAEMON_HANDOVER_H

#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/span.h"
#include "net/addr.h"

enum {
    HANDOVER_PROTOCOL = 1,
    HANDOVER_PACKET_MAX = 100 << 10, /* octets; a session with its input is the largest */
    HANDOVER_TEXT_MAX = 500,
};

enum handover_kind {
    HANDOVER_HELLO = 1,
    HANDOVER_LISTENER,
    HANDOVER_LISTENERS_END,
    HANDOVER_PREPARED,
    HANDOVER_BEGIN,
    HANDOVER_SESSION,
    HANDOVER_END,
    HANDOVER_TAKEN,
    HANDOVER_FAILED,
};

/* A message as fields: which count depends on the kind. */
struct handover_message {
    enum handover_kind kind;
    /* with LISTENER, BEGIN, SESSION; -1: none. A received one is owned by the caller */
    int fd;
    uint32_t protocol;  /* HELLO, PREPARED */
    uint32_t format;    /* HELLO, PREPARED: of sessions */
    uint32_t pid;       /* HELLO, PREPARED */
    uint64_t number;    /* BEGIN: next session. END, TAKEN: sessions */
    struct span text;   /* HELLO, PREPARED: version. LISTENER: service. FAILED: why */
    struct span asked;  /* LISTENER: as configured */
    struct span packed; /* SESSION */
};

struct buf;

/** Packs a message into octets. buf is cleared first; buf_ok says whether the message fits. */
void handover_encode(const struct handover_message *message, struct buf *out);
/** Texts are borrowed from octets. RC_INVALID: not a message. fd is not changed. */
MUST_USE enum rc handover_decode(struct span octets, struct handover_message *message_out,
                                 struct err *err);

/** Waits for room. RC_CLOSED, RC_IO, RC_BUSY: not within timeout_ms. */
MUST_USE enum rc handover_send(int sock, const struct handover_message *message, int timeout_ms,
                               struct err *err);
/** Texts are in buf and valid until the next call. RC_AGAIN: nothing came within timeout_ms.
 * RC_CLOSED: the other process has ended. RC_INVALID: not a message, or it lacks the descriptor
 * that its kind needs. */
MUST_USE enum rc handover_receive(int sock, struct buf *buf,
                                  struct handover_message *message_out, int timeout_ms,
                                  struct err *err);

#endif
