/* SPDX-License-Identifier: MIT */
/*
 * Room on the disk that is kept back for deleting. On a full disk nothing can be written, and
 * deleting is writing: a user could not even make room. So a file holds LIMIT_DISK_RESERVE, and
 * gives it up piece by piece to changes that free space. As long as some of it is missing,
 * other changes are refused as on a full disk; they would only use it up.
 *
 *     held --room_give--> short --room_give--> ... --> nothing left
 *       ^                   |
 *       +--- room_refill ---+   as soon as the disk has room again
 *
 * The last piece is not for deleting: a start gets it, because a server must write a little
 * before anybody can delete (indexes of databases, a log file). Where not even the file can be
 * made, the room is short with nothing to give, and the server serves what it can.
 *
 * For an engine that keeps its files below the same directory. Thread: any, all functions.
 */
#ifndef STORE_ROOM_H
#define STORE_ROOM_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/rc.h"

struct room;

/** path: the file, made when it is missing. A disk that has no room for it, or for its name, is
 *  not a failure: the room is short then, and made later. Waits for disk. */
MUST_USE enum rc room_open(const char *path, struct room **out, struct err *err);
/** Gives up what a start needs of it to have LIMIT_START_OCTETS on the disk. Waits for disk. */
void room_give_for_start(struct room *room);
/** The file stays. NULL is allowed. */
void room_close(struct room *room);

/** Gives up a piece for a change that frees space and found the disk full. False: nothing is
 *  left but what a start needs, or room is NULL. Waits for disk. */
MUST_USE bool room_give(struct room *room);
/** The disk has less room than what is kept here: it is as good as full. NULL: false. */
bool room_is_wanted(struct room *room);
/** Some of it is missing, and the disk has no room to get it back. Waits for disk when so;
 * NULL: false. */
bool room_is_short(struct room *room);

#endif
