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
