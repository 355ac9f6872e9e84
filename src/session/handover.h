/* SPDX-License-Identifier: MIT */
/*
 * How a server is left without its sessions being lost: by handing them to another process, and
 * where that cannot be, by telling them to come back.
 *
 *   POST_MOVE:  [between commands] --plain--> packed: descriptor and octets wait in env->moving
 *                                  --TLS, or state that cannot be packed--> held
 *   held:       nothing of the account is held any more; input or POST_UPGRADE: BYE
 *
 * What a packed session was is written by session_pack and the door's pack, each beside the
 * struct it belongs to, and read by session_adopt in the other process, or in this one when the
 * other did not start. HANDOVER_FORMAT names the order of all of it: it changes with any of it,
 * and sessions are never handed to a process that reads another one.
 */
#ifndef SESSION_HANDOVER_H
#define SESSION_HANDOVER_H

#include "base/attr.h"
#include "base/list.h"
#include "base/lock.h"
#include "base/pack.h"
#include "session/session.h"

enum {
    HANDOVER_FORMAT = 5,
    /* Octets of one packed session; its unread input is most of them. */
    HANDOVER_SESSION_MAX = 96 << 10,
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
/** Closes what is left, without a word to the peers: another process has them. */
void moving_done(struct moving *moving);
size_t moving_count(struct moving *moving);

/**
 * Packs a session that is between commands and has nothing left to send, and lets go of all of
 * it: true, and it is gone. False: it cannot be packed, and is as it was. Thread: the
 * session's.
 */
MUST_USE bool session_move(struct session *session);

/**
 * Makes a session of what was packed; fd is its own on RC_OK. It does not run before
 * session_adopted_begin. doors: NULL at the end. RC_INVALID: these octets say no session;
 * RC_LIMIT. Thread: start-up.
 */
MUST_USE enum rc session_adopt(struct env *env, const struct front_door *const *doors, int fd,
                               struct span packed, struct session **session_out,
                               struct err *err);
void session_adopted_begin(struct session *session);
/** Unmakes one that was adopted and never began; its descriptor is closed without a word. */
void session_adopted_drop(struct session *session);

#endif
