/* SPDX-License-Identifier: MIT */
/*
 * A mailbox at one moment: an immutable, reference-counted sequence of messages, made of
 * chunks that successive versions share (copy on write). Position + 1 is the message sequence
 * number of a session that is exactly at this version.
 *
 * Thread: any; versions never change once published. Nothing here waits for disk.
 */
#ifndef MAILBOX_MEMORY_VERSION_H
#define MAILBOX_MEMORY_VERSION_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "store/store.h"

struct version;

void version_ref(struct version *version);
void version_unref(struct version *version); /* NULL is allowed */

uint32_t version_count(const struct version *version);
/** Highest UID in it, 0 when empty. */
uint32_t version_last_uid(const struct version *version);
/** All changes with a modseq up to this one are in it, and none above. */
uint64_t version_modseq(const struct version *version);
/** The highest modseq of its messages. It is above version_modseq if the version belongs to a
 * rebuilt view, which has messages as they were when they were expunged. */
uint64_t version_newest(const struct version *version);
/** UIDNEXT of that moment: above every UID that was ever given until then. */
uint32_t version_uidnext(const struct version *version);

/* Consecutive messages as arrays, for the hot paths. Valid while the version is held. */
struct version_run {
    uint32_t count; /* at least 1 */
    const uint32_t *uids;
    const uint16_t *flags; /* enum msg_flags */
    const uint64_t *modseqs;
    const uint64_t *messages;
    const uint32_t *octets; /* RFC822.SIZE */
    const int64_t *internaldates_s;
    const int16_t *internaldate_zones_min;
    const int64_t *savedates_s;
    const struct keywords *keywords; /* NULL: none of these has any */
};
/** The run that begins at seq (1 .. count). */
void version_run_at(const struct version *version, uint32_t seq, struct version_run *out);

/** The sequence number of uid, or 0. O(log n). */
uint32_t version_find_uid(const struct version *version, uint32_t uid);
/** The first sequence number whose UID is uid or higher; count + 1 when none. */
uint32_t version_lower_bound(const struct version *version, uint32_t uid);
/** One message, for paths that are not hot. seq in 1 .. count. */
void version_entry(const struct version *version, uint32_t seq, struct entry *out);
/** Sequence number of the first message without \Seen, or 0. Uses per-chunk counts. */
uint32_t version_first_unseen(const struct version *version);

#endif
