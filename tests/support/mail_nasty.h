/* SPDX-License-Identifier: MIT */
/*
 * Mail that is as bad as possible, from a seed: nested parts with equal, empty, prefixed and
 * forgotten boundaries, missing separators, mixed line ends, NULs, raw 8-bit, broken addresses,
 * dates, encoded words and parameters, cut anywhere. The generator in bench/ makes mail as it
 * is found; this one makes mail as it must not be.
 */
#ifndef SUPPORT_MAIL_NASTY_H
#define SUPPORT_MAIL_NASTY_H

#include "base/buf.h"
#include "base/rng.h"

/** Appends one message; a few hundred octets to some tens of thousands. */
void mail_nasty(struct rng *rng, struct buf *out);

#endif
