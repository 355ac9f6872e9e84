/* SPDX-License-Identifier: MIT */
/*
 * Removes what surrounds the lines of a log: the prefixes of containers, of journals and of
 * grep, quotation marks, indentation, colours, JSON. This happens before any reader sees the
 * line, so that a reader needs to know only its own format.
 *
 * A layer is removed only if no reader knows the line as it is. For example, the start of a
 * syslog line is a layer around what a container wrote, but part of what Dovecot wrote. The
 * first lines of a file show which layers it has (formats.h); others are left alone.
 *
 * Thread: main (the command line's).
 */
#ifndef JOURNAL_FOREIGN_WRAP_WRAP_H
#define JOURNAL_FOREIGN_WRAP_WRAP_H

#include "base/buf.h"
#include "journal/foreign/model.h"

/* The kinds, in the order in which they are tried. */
enum foreign_wrapper {
    WRAP_COLOUR,   /* ESC [ 36 m, anywhere in the line */
    WRAP_JSON,     /* {"log":"...\n","time":"..."}: Docker, journald, collectors */
    WRAP_PRIORITY, /* <22>, and what RFC 5424 puts after it */
    WRAP_CRI,      /* Kubernetes: 2026-03-02T08:00:00.1Z stdout F LINE */
    WRAP_STAMP,    /* docker logs --timestamps: 2026-03-02T08:00:00.1Z LINE */
    WRAP_COMPOSE,  /* docker compose logs: NAME | LINE; kubectl logs --prefix: [pod/NAME/C] */
    WRAP_SYSLOG,   /* Docker's syslog driver, podman: TIME HOST NAME[PID]: LINE */
    WRAP_QUOTE,    /* > LINE */
    WRAP_GREP,     /* mail.log:12:LINE, 12:LINE */
    WRAP_INDENT,   /* blanks */
    WRAP_COUNT,
};

#define WRAP_ALL ((1u << WRAP_COUNT) - 1)

/* Memory for lines that must be rewritten, and the clock for the times in wrappers. */
struct foreign_wrap {
    struct foreign_clock clock;
    struct buf texts[2]; /* a rewritten line, and the one that it was made from */
    unsigned text;       /* which of them was written last */
    struct buf part;     /* the beginning of a line that comes in parts */
    size_t indent;       /* of the last line that was recognised */
    bool starved;        /* a text was cut because there was no memory */
};

/* A line while its layers are removed. */
struct foreign_wrapped {
    struct span text;
    int64_t at_us; /* from the outermost wrapper with a time; FOREIGN_NO_TIME: none */
    uint32_t used; /* bits of enum foreign_wrapper */
    size_t indent; /* number of blanks removed */
    bool part;     /* the line continues in the next one */
};

void foreign_wrap_init(struct foreign_wrap *wrap, int year);
void foreign_wrap_done(struct foreign_wrap *wrap);
/** Whether memory was short for any line so far. */
bool foreign_wrap_starved(const struct foreign_wrap *wrap);

/** Removes one layer of the enabled kinds. False: there is none. */
bool foreign_wrap_step(struct foreign_wrap *wrap, uint32_t enabled,
                       struct foreign_wrapped *line);

/**
 * Removes layers from a line until is_head recognises it, at most LIMIT_FOREIGN_WRAPPERS. A
 * line that is never recognised loses all enabled layers, because it may continue an entry, but
 * only as much indentation as the last recognised line had.
 *
 * Returns false if the line is only a part, which the next line continues. Otherwise *text_out
 * is valid until the next call, and *at_out is the wrapper's time.
 */
bool foreign_wrap_peel(struct foreign_wrap *wrap, uint32_t enabled,
                       bool (*is_head)(void *ctx, struct span text), void *ctx,
                       struct span line, struct span *text_out, int64_t *at_out);

/* The kinds (wrap_container.c, wrap_paste.c). Each removes its layer, or returns false. */
bool foreign_wrap_json(struct foreign_wrap *wrap, struct foreign_wrapped *line);
bool foreign_wrap_priority(struct foreign_wrap *wrap, struct foreign_wrapped *line);
bool foreign_wrap_cri(struct foreign_wrap *wrap, struct foreign_wrapped *line);
bool foreign_wrap_stamp(struct foreign_wrap *wrap, struct foreign_wrapped *line);
bool foreign_wrap_compose(struct foreign_wrap *wrap, struct foreign_wrapped *line);
bool foreign_wrap_syslog(struct foreign_wrap *wrap, struct foreign_wrapped *line);
bool foreign_wrap_colour(struct foreign_wrap *wrap, struct foreign_wrapped *line);
bool foreign_wrap_quote(struct foreign_wrap *wrap, struct foreign_wrapped *line);
bool foreign_wrap_grep(struct foreign_wrap *wrap, struct foreign_wrapped *line);
bool foreign_wrap_indent(struct foreign_wrap *wrap, struct foreign_wrapped *line);

/** An empty buffer for the rewritten line; it is not the one that line->text points into. */
static inline struct buf *
foreign_wrap_text(struct foreign_wrap *wrap)
{
    wrap->text = !wrap->text;
    wrap->starved |= !buf_ok(&wrap->texts[wrap->text]);
    buf_clear(&wrap->texts[wrap->text]);
    return &wrap->texts[wrap->text];
}

#endif
