/* SPDX-License-Identifier: MIT */
/*
 * The talk between the server that goes (old) and the one that comes (new), over a pair of
 * SOCK_SEQPACKET sockets: a message is a packet, with at most one descriptor.
 *
 *     old                                              new
 *     HELLO, LISTENER ..., LISTENERS_END  ---------->  reads configuration, certificate
 *                                         <----------  PREPARED, or FAILED
 *     sessions come to rest, store closed
 *     BEGIN (lock), SESSION ..., END      ---------->  opens the store, adopts sessions
 *                                         <----------  TAKEN, or FAILED
 *     says BYE to those left, ends                     serves
 *
 * Who owns DIR: old until BEGIN, new from TAKEN on; between them nobody writes, and if new goes
 * away before TAKEN, old takes everything back. The lock of DIR is never free: it belongs to an
 * open file that both hold.
 *
 * HANDOVER_PROTOCOL numbers these messages, HANDOVER_FORMAT (session/handover.h) what is in a
 * SESSION. Another protocol is refused before anything happened; with another format listeners
 * go over all the same and the sessions are told to connect again.
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
    int fd;             /* with LISTENER, BEGIN, SESSION; -1: none. Received: owned */
    uint32_t protocol;  /* HELLO, PREPARED */
    uint32_t format;    /* HELLO, PREPARED: of sessions */
    uint32_t pid;       /* HELLO, PREPARED */
    uint64_t number;    /* BEGIN: next session. END, TAKEN: sessions */
    struct span text;   /* HELLO, PREPARED: version. LISTENER: service. FAILED: why */
    struct span asked;  /* LISTENER: as configured */
    struct span packed; /* SESSION */
};

struct buf;

/** As octets; NULL err texts never. buf: cleared first; buf_ok says whether it fitted. */
void handover_encode(const struct handover_message *message, struct buf *out);
/** Texts are borrowed from octets. RC_INVALID: no such message. fd is left as it is. */
MUST_USE enum rc handover_decode(struct span octets, struct handover_message *message_out,
                                 struct err *err);

/** Waits for room. RC_CLOSED, RC_IO, RC_BUSY: not within timeout_ms. */
MUST_USE enum rc handover_send(int sock, const struct handover_message *message, int timeout_ms,
                               struct err *err);
/** Texts live in buf until the next call. RC_AGAIN: nothing within timeout_ms. RC_CLOSED: the
 *  other process has ended. RC_INVALID. A kind that needs a descriptor has one. */
MUST_USE enum rc handover_receive(int sock, struct buf *buf,
                                  struct handover_message *message_out, int timeout_ms,
                                  struct err *err);

#endif
