/* SPDX-License-Identifier: MIT */
/* The columns of dialect.def. */
#include "imap/dialect.h"

#include <stdbool.h>

static const struct imap_dialect rev1 = {
#define DIFFERENCE(name, type, rev1, utf8, rev2, both) .name = (rev1),
#include "imap/dialect.def"
#undef DIFFERENCE
};

static const struct imap_dialect rev1_with_utf8 = {
#define DIFFERENCE(name, type, rev1, utf8, rev2, both) .name = (utf8),
#include "imap/dialect.def"
#undef DIFFERENCE
};

static const struct imap_dialect rev2 = {
#define DIFFERENCE(name, type, rev1, utf8, rev2, both) .name = (rev2),
#include "imap/dialect.def"
#undef DIFFERENCE
};

static const struct imap_dialect rev2_with_utf8 = {
#define DIFFERENCE(name, type, rev1, utf8, rev2, both) .name = (both),
#include "imap/dialect.def"
#undef DIFFERENCE
};

const struct imap_dialect *
imap_dialect_of(unsigned enabled)
{
    const bool utf8 = (enabled & ENABLES_UTF8) != 0;

    if ((enabled & ENABLES_REV2) != 0)
        return utf8 ? &rev2_with_utf8 : &rev2;
    return utf8 ? &rev1_with_utf8 : &rev1;
}
