/* SPDX-License-Identifier: MIT */
/*
 * The IMAP front door: what daemon/ needs to open it. RFC 3501 with the extensions listed in
 * docs/protocol.md; the rest of the folder is private to it.
 */
#ifndef IMAP_IMAP_H
#define IMAP_IMAP_H

#include "mailbox/account.h"
#include "session/session.h"

/* Hung into env->doors by daemon/, one for the server. */
struct imap_house {
    struct accounts *accounts;
    const char *software_name;    /* for ID: "Roost" */
    const char *software_version; /* "0.1.0" */
};

/** Plain or STARTTLS, and (session_open with a tls_server) implicit TLS. */
extern const struct front_door imap_door;

#endif
