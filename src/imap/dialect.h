/* SPDX-License-Identifier: MIT */
/*
 * The dialect of IMAP that a session speaks. It depends on what the client has enabled (RFC
 * 5161) and decides what the client is told, and in which form. Commands do not ask for the
 * version; they ask for the member that answers their question.
 *
 * Private to imap/. Constant; any thread.
 */
#ifndef IMAP_DIALECT_H
#define IMAP_DIALECT_H

#include <stdint.h>

#include "syntax/imap/mbox_name.h"
#include "syntax/mail/adapt.h"

/* What the client has turned on, by ENABLE (RFC 5161) or implicitly. Bits. They stay set until
 * the connection ends or the client logs out with UNAUTHENTICATE. */
enum imap_enabled {
    ENABLES_NOTHING = 0,
    /* FETCH responses about changes carry MODSEQ and UID */
    ENABLES_CONDSTORE = 1,
    ENABLES_QRESYNC = 2 | ENABLES_CONDSTORE, /* VANISHED instead of EXPUNGE */
    ENABLES_UTF8 = 4,                        /* RFC 9755 */
    ENABLES_REV2 = 8,                        /* RFC 9051 */
    ENABLES_UIDONLY = 16,                    /* no sequence numbers in either direction */
    /* the client is told of changes of metadata: RFC 5464 */
    ENABLES_METADATA = 32,
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

/** enabled: bits of enum imap_enabled. The result is constant. */
const struct imap_dialect *imap_dialect_of(unsigned enabled);

#endif
