/* SPDX-License-Identifier: MIT */
/*
 * A parsed command as one line of text, everything in it: what tables of expectations compare,
 * and what a fuzz target calls so that every pointer of a request is followed once.
 */
#ifndef SUPPORT_IMAP_DUMP_H
#define SUPPORT_IMAP_DUMP_H

#include "base/buf.h"
#include "syntax/imap/cmd.h"

/** Appends "FETCH seq=1:* FLAGS ..." with strings in quotes and odd octets as \xHH. */
void imap_dump(struct buf *buf, const struct imap_cmd *cmd);

#endif
