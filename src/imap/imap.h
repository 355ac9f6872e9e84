/* SPDX-License-Identifier: MIT */
/*
 * The IMAP front door: what daemon/ needs to open it. RFC 3501 with the extensions listed in
 * docs/protocol.md; the rest of the folder is private to it.
 */
#ifndef IMAP_IMAP_H
#define IMAP_IMAP_H

#include "session/session.h"

/** For plain connections with STARTTLS and, opened with a tls_server (session_open), for
 * implicit TLS. */
extern const struct front_door imap_door;

#endif
