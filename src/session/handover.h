/* SPDX-License-Identifier: MIT */
/*
 * How sessions survive the end of a server: they are handed over to another process, or, if
 * that is not possible, told to connect again.
 *
 *   POST_MOVE:  [between commands] --plain--> packed: descriptor and octets wait in env->moving
 *                                  --TLS, or state that cannot be packed--> held
 *   held:       nothing of the account is held any more; input or POST_UPGRADE: BYE
 *
 * A session is packed by session_pack and the door's pack function, each next to the struct
 * that it packs. It is unpacked by session_adopt in the other process, or in this one if the
 * other did not start. HANDOVER_FORMAT stands for the order of all fields and changes whenever
 * one of them does. Sessions are never handed to a process with another format.
 */
#ifndef SESSION_HANDOVER_H
#define SESSION_HANDOVER_H

#include "base/attr.h"
#include "base/list.h"
#include "base/lock.h"
#include "base/pack.h"
#include "session/session.h"

enum {
    HANDOVER_FORMAT = 19,
    /* Octets of one packed session. Most of them are its unread input (64 KiB), the results of
     * its searches (LIMIT_CONTEXTS_OCTETS; with larger ones a session is not packed), and, if
     * it is compressed, what its client's stream may refer back to (32 KiB) and input that is
     * not inflated yet (64 KiB), and mailboxes of other users that it watches
     * (LIMIT_NOTIFY_OCTETS of names). */
    HANDOVER_SESSION_MAX = 352 << 10,
};

/* A session between two processes. */
struct moved {
    struct list link;
    int fd;             /* owned */
    uint32_t live_slot; /* its row of the crash table, which stays until it is taken */
    size_t octets;
    char packed[];
};

/* Where they wait. One for the server; sessions see it through env->moving. */
struct moving {
    struct lock lock; /* LOCK_LEAF */
    struct list list; /* of struct moved, oldest first; lock */
    size_t count;     /* lock */
    bool hold_all;    /* nobody takes packed sessions: the other process reads another format */
};

void moving_init(struct moving *moving);
/** Closes what is left without telling the peers, because another process has them. */
void moving_done(struct moving *moving);
size_t moving_count(struct moving *moving);

/**
 * Packs a session that is between commands and has nothing left to send, and frees it. False:
 * it cannot be packed, and is unchanged. Thread: the session's.
 */
MUST_USE bool session_move(struct session *session);

/**
 * Makes a session of what was packed; fd is its own on RC_OK. It does not run before
 * session_adopted_begin. doors: NULL at the end. RC_INVALID: the octets are not a session;
 * RC_LIMIT. Thread: start-up.
 */
MUST_USE enum rc session_adopt(struct env *env, const struct front_door *const *doors, int fd,
                               struct span packed, struct session **session_out,
                               struct err *err);
void session_adopted_begin(struct session *session);
/** Frees a session that was adopted but not begun; its descriptor is closed without a BYE. */
void session_adopted_drop(struct session *session);

#endif
