/* SPDX-License-Identifier: MIT */
/*
 * Writes a parsed command as one line of text with everything in it. Tables of expectations
 * compare it, and fuzz targets call it so that every pointer of a request is followed once.
 */
#ifndef SUPPORT_IMAP_DUMP_H
#define SUPPORT_IMAP_DUMP_H

#include "base/buf.h"
#include "syntax/imap/cmd.h"

/** Appends "FETCH seq=1:* FLAGS ..." with strings in quotes and odd octets as \xHH. */
void imap_dump(struct buf *buf, const struct imap_cmd *cmd);

#endif
