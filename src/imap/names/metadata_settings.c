/* SPDX-License-Identifier: MIT */
/*
 * The administrator's entries of the server ([metadata] in roost.conf) as a client was told of
 * them, and how they differ from the present configuration.
 */
#include "imap/metadata.h"

#include "base/pack.h"
#include "session/settings.h"

void
metadata_settings_pack(const struct settings *settings, struct buf *out)
{
    for (size_t i = 0; i < settings->metadata_count; i++) {
        pack_span(out, span_of_str(settings->metadata[i].name));
        pack_span(out, span_of_str(settings->metadata[i].value));
    }
}

/* Reads the next packed entry. False: there are no more. */
static bool
entry_next(struct unpack *in, struct span *name_out, struct span *value_out)
{
    if (in->rest.len == 0 || in->failed)
        return false;
    *name_out = unpack_span(in, METADATA_SETTINGS_OCTETS);
    *value_out = unpack_span(in, METADATA_SETTINGS_OCTETS);
    return !in->failed;
}

/* Finds the value of the entry with that name. False: there is none. */
static bool
value_of(struct span packed, struct span name, struct span *value_out)
{
    struct unpack in = {.rest = packed};
    struct span other;

    while (entry_next(&in, &other, value_out))
        if (span_ieq(other, name))
            return true;
    return false;
}

static size_t
entries_in(struct span packed)
{
    struct unpack in = {.rest = packed};
    struct span name;
    struct span value;
    size_t count = 0;

    while (entry_next(&in, &name, &value))
        count++;
    return count;
}

enum rc
metadata_settings_differ(struct span told, struct span now, struct arena *arena,
                         struct span **names_out, size_t *count_out)
{
    struct span *names =
        arena_array(arena, struct span, entries_in(told) + entries_in(now) + 1);
    struct unpack in = {.rest = now};
    struct span name;
    struct span value;
    struct span other;
    size_t count = 0;

    if (names == NULL)
        return RC_LIMIT;
    while (entry_next(&in, &name, &value)) /* entries that are new or have another value */
        if (!value_of(told, name, &other) || !span_eq(other, value))
            names[count++] = arena_span(arena, name);
    in = (struct unpack){.rest = told};
    while (entry_next(&in, &name, &value)) /* entries that were removed */
        if (!value_of(now, name, &other))
            names[count++] = arena_span(arena, name);
    for (size_t i = 0; i < count; i++)
        if (names[i].ptr == NULL)
            return RC_LIMIT;
    *names_out = names;
    *count_out = count;
    return RC_OK;
}
