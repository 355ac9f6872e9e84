/* SPDX-License-Identifier: MIT */
/* Logs with the newest entry first: they are kept in memory and reversed. */
#include "journal/foreign/newest.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/limits.h"
#include "journal/foreign/when.h"

struct kept_line {
    size_t offset; /* of its text in the buffer */
    size_t len;
    uint64_t number;
    bool cut;
    bool head; /* an entry begins here */
};

struct kept {
    struct buf text;
    struct kept_line *lines; /* owned */
    size_t count;
    size_t room;
    size_t falls; /* number of entries that are earlier than the one before */
    size_t rises;
    int64_t last_tod;
};

/* RC_BUSY: more than is kept. */
static enum rc
keep(struct kept *kept, const struct foreign_line *line, int64_t tod)
{
    if (kept->count == kept->room) {
        const size_t room = kept->room == 0 ? 1024 : kept->room * 2;
        struct kept_line *lines = realloc(kept->lines, room * sizeof *lines);
        if (lines == NULL)
            return RC_LIMIT;
        kept->lines = lines;
        kept->room = room;
    }
    if (buf_len(&kept->text) + line->text.len > LIMIT_FOREIGN_NEWEST)
        return RC_BUSY;
    buf_put_span(&kept->text, line->text);
    if (!buf_ok(&kept->text))
        return RC_LIMIT;
    kept->lines[kept->count++] =
        (struct kept_line){.offset = buf_len(&kept->text) - line->text.len,
                           .len = line->text.len,
                           .number = line->number,
                           .cut = line->cut,
                           .head = tod >= 0};
    /* A difference of half a day or more means midnight, and says nothing about the order. */
    if (tod >= 0 && kept->last_tod >= 0 && llabs(tod - kept->last_tod) < WHEN_DAY_US / 2) {
        kept->falls += tod < kept->last_tod;
        kept->rises += tod > kept->last_tod;
    }
    if (tod >= 0)
        kept->last_tod = tod;
    return RC_OK;
}

static void
hand_over(const struct kept *kept, size_t from, size_t to,
          void (*take)(void *ctx, struct foreign_line *line), void *ctx)
{
    for (size_t i = from; i < to; i++) {
        const struct kept_line *have = &kept->lines[i];
        struct foreign_line line = {
            .text = span_of(buf_span(&kept->text).ptr + have->offset, have->len),
            .number = have->number,
            .cut = have->cut};
        take(ctx, &line);
    }
}

enum rc
foreign_newest_read(struct foreign_source *source, int64_t (*tod)(struct span line),
                    void (*take)(void *ctx, struct foreign_line *line), void *ctx,
                    bool *whole_out)
{
    struct kept kept = {.last_tod = -1};
    struct foreign_line line;
    enum rc rc = RC_OK;

    buf_init(&kept.text, LIMIT_FOREIGN_NEWEST);
    while (rc == RC_OK && foreign_source_line(source, &line))
        rc = keep(&kept, &line, tod(line.text));
    size_t end = kept.count;
    if (kept.rises >= kept.falls) {
        hand_over(&kept, 0, end, take, ctx);
        end = 0;
    }
    for (size_t i = end; i-- > 0;)
        if (kept.lines[i].head || i == 0) {
            hand_over(&kept, i, end, take, ctx);
            end = i;
        }
    free(kept.lines);
    buf_done(&kept.text);
    *whole_out = rc == RC_OK;
    return rc == RC_LIMIT ? rc : RC_OK;
}
