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
    HANDOVER_FORMAT = 20,
    /* Octets of one packed session, at most. The largest parts are its unread input (64 KiB),
     * the results of its searches (LIMIT_CONTEXTS_OCTETS; a session with larger ones is not
     * packed), the names of mailboxes of other users that it watches (LIMIT_NOTIFY_OCTETS),
     * and, with compression, what the client's stream may refer back to (32 KiB) and input that
     * is not inflated yet (64 KiB). */
    HANDOVER_SESSION_MAX = 352 << 10,
};

/* A session on its way between two processes. */
struct moved {
    struct list link;
    int fd; /* owned */
    /* its row of the crash table, which stays in use until another process takes it */
    uint32_t live_slot;
    size_t octets;
    char packed[];
};

/* Where moved sessions wait. There is one for the server; sessions reach it through
 * env->moving. */
struct moving {
    struct lock lock; /* LOCK_LEAF */
    struct list list; /* of struct moved, oldest first; lock */
    size_t count;     /* lock */
    /* the other process reads another format, so packed sessions could not be taken */
    bool hold_all;
};

void moving_init(struct moving *moving);
/** Closes what is left. Peers are told nothing, because another process has their sessions. */
void moving_done(struct moving *moving);
size_t moving_count(struct moving *moving);

/**
 * Packs a session that is between commands and has nothing left to send, and frees it. False:
 * it cannot be packed, and is unchanged. Thread: the session's.
 */
MUST_USE bool session_move(struct session *session);

/**
 * Makes a session of what was packed. On RC_OK it owns fd. It does not run before
 * session_adopted_begin. doors: ends with NULL. RC_INVALID: the octets are not a session.
 * RC_LIMIT: no memory or a limit. Thread: start-up.
 */
MUST_USE enum rc session_adopt(struct env *env, const struct front_door *const *doors, int fd,
                               struct span packed, struct session **session_out,
                               struct err *err);
void session_adopted_begin(struct session *session);
/** Frees a session that was adopted but not begun; its descriptor is closed without a BYE. */
void session_adopted_drop(struct session *session);

#endif
