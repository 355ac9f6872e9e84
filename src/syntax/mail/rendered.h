/* SPDX-License-Identifier: MIT */
/*
 * Reading what envelope.c and bodystructure.c have written, in one pass that copies what it
 * keeps: a reader passes over words and lists, and whatever is to be left out or replaced is
 * cut off from what was kept before it. Pure. Thread: any.
 */
#ifndef SYNTAX_MAIL_RENDERED_H
#define SYNTAX_MAIL_RENDERED_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"

struct rendered {
    const char *p;
    const char *end;
    const char *kept; /* where the text begins that is not copied yet */
    struct buf *out;
    unsigned depth; /* for the caller */
};

static inline struct rendered
rendered_begin(struct span text, struct buf *out)
{
    return (struct rendered){
        .p = text.ptr, .end = text.ptr + text.len, .kept = text.ptr, .out = out};
}

/** Passes c if it is next. */
static inline bool
rendered_take(struct rendered *r, char c)
{
    if (r->p == r->end || *r->p != c)
        return false;
    r->p++;
    return true;
}

/** Whether c is next. */
static inline bool
rendered_next_is(const struct rendered *r, char c)
{
    return r->p < r->end && *r->p == c;
}

/* False: it is not what our own writers write. */
/** Past a quoted string, a literal, NIL or a number. */
bool rendered_word(struct rendered *r);
/** Past a word, or a list of words and lists. */
bool rendered_value(struct rendered *r);
/** Past so many values, with a blank before each of them. */
bool rendered_values(struct rendered *r, unsigned count);

/** Copies what was kept up to at; what follows is kept from now on from `r->p`. */
void rendered_cut(struct rendered *r, const char *at);

#endif
