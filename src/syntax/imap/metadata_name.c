/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "syntax/imap/metadata_name.h"

#include "base/limits.h"

enum { COMPONENTS_MIN = 2, VENDOR_COMPONENTS_MIN = 4 };

static const struct span private_top = SPAN_INIT("/private");
static const struct span shared_top = SPAN_INIT("/shared");

/* Whether name is top or below it. */
static bool
is_within(struct span name, struct span top)
{
    return span_istarts(name, top) && (name.len == top.len || name.ptr[top.len] == '/');
}

static bool
is_name_char(char c)
{
    return c >= ' ' && c < 0x7f && c != '*' && c != '%';
}

const char *
metadata_prefix_check(struct span name)
{
    if (name.len > LIMIT_METADATA_NAME)
        return "The name of an entry is too long";
    for (size_t i = 0; i < name.len; i++) {
        if (!is_name_char(name.ptr[i]))
            return "The name of an entry is ASCII without controls, * and %";
        if (name.ptr[i] == '/' && (i + 1 == name.len || name.ptr[i + 1] == '/'))
            return "The name of an entry has an empty component";
    }
    if (!is_within(name, private_top) && !is_within(name, shared_top))
        return "The name of an entry begins with /private or /shared";
    return NULL;
}

const char *
metadata_name_check(struct span name)
{
    const char *const bad = metadata_prefix_check(name);
    unsigned components = 0;

    if (bad != NULL)
        return bad;
    for (size_t i = 0; i < name.len; i++)
        components += name.ptr[i] == '/';
    if (components < COMPONENTS_MIN)
        return "The name of an entry has at least two components";
    const struct span rest =
        span_tail(name, metadata_name_is_private(name) ? private_top.len : shared_top.len);
    if (is_within(rest, SPAN("/vendor")) && components < VENDOR_COMPONENTS_MIN)
        return "The name of a vendor's entry has at least four components";
    return NULL;
}

bool
metadata_name_is_private(struct span name)
{
    return is_within(name, private_top);
}

bool
metadata_name_matches(struct span entry, struct span asked, enum imap_depth depth)
{
    if (!is_within(entry, asked))
        return false;
    if (entry.len == asked.len)
        return true;
    switch (depth) {
    case IMAP_DEPTH_0:
        return false;
    case IMAP_DEPTH_1:
        return span_find_char(span_tail(entry, asked.len + 1), '/') < 0;
    case IMAP_DEPTH_INFINITY:
        break;
    }
    return true;
}
