/* SPDX-License-Identifier: MIT */
/* The columns of dialect.def. */
#include "imap/dialect.h"

static const struct imap_dialect rev1 = {
#define DIFFERENCE(name, type, rev1, utf8, rev2) .name = (rev1),
#include "imap/dialect.def"
#undef DIFFERENCE
};

static const struct imap_dialect rev1_with_utf8 = {
#define DIFFERENCE(name, type, rev1, utf8, rev2) .name = (utf8),
#include "imap/dialect.def"
#undef DIFFERENCE
};

static const struct imap_dialect rev2 = {
#define DIFFERENCE(name, type, rev1, utf8, rev2) .name = (rev2),
#include "imap/dialect.def"
#undef DIFFERENCE
};

const struct imap_dialect *
imap_dialect_of(unsigned enabled)
{
    if ((enabled & ENABLES_REV2) != 0)
        return &rev2;
    return (enabled & ENABLES_UTF8) != 0 ? &rev1_with_utf8 : &rev1;
}
