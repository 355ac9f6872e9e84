/* SPDX-License-Identifier: MIT */
/*
 * The IMAP front door: what daemon/ needs to open it. RFC 3501 with the extensions listed in
 * docs/protocol.md; the rest of the folder is private to it.
 */
#ifndef IMAP_IMAP_H
#define IMAP_IMAP_H

#include "session/session.h"

/** Plain or STARTTLS, and (session_open with a tls_server) implicit TLS. */
extern const struct front_door imap_door;

#endif
