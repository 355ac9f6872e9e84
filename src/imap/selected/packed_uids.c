/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "imap/selected/packed_uids.h"

bool
uids_read(struct uids_reader *reader, struct uid_run *run_out)
{
    if (reader->in.rest.len == 0 || reader->damaged)
        return false;
    const uint64_t first = reader->past + unpack_varint(&reader->in, UINT32_MAX);
    const uint64_t last = first + unpack_varint(&reader->in, UINT32_MAX);

    if (reader->in.failed || first == 0 || last > UINT32_MAX) {
        reader->damaged = true;
        return false;
    }
    *run_out = (struct uid_run){(uint32_t)first, (uint32_t)last};
    reader->past = last + 1;
    return true;
}

bool
uids_check(struct span packed, size_t *runs_out)
{
    struct uids_reader reader = uids_reader(packed);
    struct uid_run run;
    size_t runs = 0;

    while (uids_read(&reader, &run))
        runs++;
    *runs_out = runs;
    return !reader.damaged;
}

void
uids_write(struct uids_writer *writer, struct uid_run run)
{
    pack_varint(writer->out, run.first - writer->past);
    pack_varint(writer->out, run.last - run.first);
    writer->past = (uint64_t)run.last + 1;
}

static uint32_t
uid_at(const struct version *version, uint32_t seq)
{
    struct version_run run;

    version_run_at(version, seq, &run);
    return run.uids[0];
}

struct uid_run
uids_of(const struct version *version, struct view_run run)
{
    return (struct uid_run){uid_at(version, run.first), uid_at(version, run.last)};
}

enum rc
uids_within(const struct version *version, const struct view_run *runs, size_t count,
            struct span packed, struct touched_runs *out)
{
    struct uids_reader reader = uids_reader(packed);
    struct uid_run uids = {0, 0};
    bool more = uids_read(&reader, &uids);
    size_t looked_at = SIZE_MAX; /* the run that begins with `first` */
    uint32_t lowest = 0;
    enum rc rc = RC_OK;

    for (size_t i = 0; i < count && more;) {
        if (i != looked_at) {
            lowest = uid_at(version, runs[i].first);
            looked_at = i;
        }
        if (uids.last < lowest) { /* most runs, when few messages are asked about */
            more = uids_read(&reader, &uids);
            continue;
        }
        const uint32_t first = version_lower_bound(version, uids.first);
        const uint32_t last = uids.last == UINT32_MAX
                                  ? version_count(version)
                                  : version_lower_bound(version, uids.last + 1) - 1;
        while (i < count && runs[i].last < first)
            i++;
        for (; i < count && runs[i].first <= last && rc == RC_OK; i++) {
            rc = touched_add(out, runs[i].first > first ? runs[i].first : first,
                             runs[i].last < last ? runs[i].last : last);
            if (runs[i].last > last)
                break; /* the next UIDs may be in it too */
        }
        if (rc != RC_OK)
            return rc;
        more = uids_read(&reader, &uids);
    }
    return rc;
}
