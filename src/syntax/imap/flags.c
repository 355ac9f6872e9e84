/* SPDX-License-Identifier: MIT */
/* The names of system flags and special uses, in the order of their bits. */
#include "syntax/imap/flags.h"

const struct span imap_flag_names[IMAP_FLAG_COUNT] = {
    SPAN_INIT("\\Seen"),    SPAN_INIT("\\Answered"), SPAN_INIT("\\Flagged"),
    SPAN_INIT("\\Deleted"), SPAN_INIT("\\Draft"),    SPAN_INIT("\\Recent"),
};

const struct span imap_use_names[IMAP_USE_COUNT] = {
    SPAN_INIT("\\All"),     SPAN_INIT("\\Archive"),   SPAN_INIT("\\Drafts"),
    SPAN_INIT("\\Flagged"), SPAN_INIT("\\Important"), SPAN_INIT("\\Junk"),
    SPAN_INIT("\\Sent"),    SPAN_INIT("\\Trash"),
};

static unsigned
bit_of_name(const struct span *names, size_t count, struct span name)
{
    for (size_t i = 0; i < count; i++)
        if (span_ieq(names[i], name))
            return 1u << i;
    return 0;
}

unsigned
imap_flag_of_name(struct span name)
{
    return bit_of_name(imap_flag_names, IMAP_FLAG_COUNT, name);
}

unsigned
imap_use_of_name(struct span name)
{
    return bit_of_name(imap_use_names, IMAP_USE_COUNT, name);
}
