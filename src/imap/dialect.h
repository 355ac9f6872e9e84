/* SPDX-License-Identifier: MIT */
/*
 * The dialect of IMAP that a session speaks: what a client is told, and how, depends on what it
 * has enabled (RFC 5161). Commands do not ask which version is spoken but for the member that
 * says what they want to know.
 *
 * Private to imap/. Constant; any thread.
 */
#ifndef IMAP_DIALECT_H
#define IMAP_DIALECT_H

#include <stdint.h>

#include "syntax/imap/mbox_name.h"
#include "syntax/mail/adapt.h"

/* What the client has turned on, by ENABLE (RFC 5161) or in passing; bits. Once on, it stays on
 * until the connection ends or the client gives up its login. */
enum imap_enabled {
    ENABLES_NOTHING = 0,
    ENABLES_CONDSTORE = 1,                   /* FETCH of changes bears MODSEQ and UID */
    ENABLES_QRESYNC = 2 | ENABLES_CONDSTORE, /* VANISHED in place of EXPUNGE */
    ENABLES_UTF8 = 4,                        /* RFC 9755 */
    ENABLES_REV2 = 8,                        /* RFC 9051 */
    ENABLES_UIDONLY = 16,                    /* no sequence numbers, in neither direction */
    ENABLES_METADATA = 32,                   /* changes of metadata are told: RFC 5464 */
    ENABLES_ALL =
        ENABLES_QRESYNC | ENABLES_UTF8 | ENABLES_REV2 | ENABLES_UIDONLY | ENABLES_METADATA,
};

enum imap_told { NOT_TOLD, TOLD };

enum imap_search_charset { CHARSET_ANY, CHARSET_UTF8 };

struct imap_dialect {
#define DIFFERENCE(name, type, rev1, utf8, rev2, both) type name;
#include "imap/dialect.def"
#undef DIFFERENCE
};

/** enabled: enum imap_enabled. */
const struct imap_dialect *imap_dialect_of(unsigned enabled);

#endif
