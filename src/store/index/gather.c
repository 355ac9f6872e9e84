/* SPDX-License-Identifier: MIT */
/* Turns documents with their terms into terms with their documents. Thread: any. */
#include <stdlib.h>

#include "base/check.h"
#include "db/big_endian.h"
#include "store/index/index_private.h"

/* A term of a document. */
struct posting {
    uint64_t key; /* the term's first eight octets, in their order */
    const char *term;
    uint32_t len;
    uint32_t document;
};

struct postings {
    struct posting *at; /* owned */
    size_t count;
};

static uint64_t
key_of(struct span term)
{
    unsigned char octets[8] = {0};

    memcpy(octets, term.ptr, term.len < sizeof octets ? term.len : sizeof octets);
    return (uint64_t)big_get(octets) << 32 | big_get(octets + 4);
}

static struct span
term_of(const struct posting *posting)
{
    return span_of(posting->term, posting->len);
}

static int
compare(const void *left, const void *right)
{
    const struct posting *a = left;
    const struct posting *b = right;

    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    const int order = span_cmp(term_of(a), term_of(b));
    if (order != 0)
        return order;
    return a->document < b->document ? -1 : a->document > b->document;
}

static size_t
count_terms(struct span terms)
{
    size_t count = terms.len > 0;

    for (size_t i = 0; i < terms.len; i++)
        count += terms.ptr[i] == ' ';
    return count;
}

/* False: they are not as they have to be. */
static bool
add_terms(struct postings *postings, struct span terms, uint32_t document)
{
    if (terms.len > 0 && span_find_char(terms, '\n') >= 0)
        return false;
    while (terms.len > 0) {
        const ptrdiff_t blank = span_find_char(terms, ' ');
        const size_t len = blank < 0 ? terms.len : (size_t)blank;
        const struct span term = span_head(terms, len);
        if (len == 0 || len > INDEX_TERM_OCTETS || len + 1 == terms.len)
            return false; /* a term is empty, too, after a blank at the end */
        postings->at[postings->count++] = (struct posting){
            .key = key_of(term), .term = term.ptr, .len = (uint32_t)len, .document = document};
        terms = span_tail(terms, len + 1);
    }
    return true;
}

static struct span
terms_in(const struct index_document *document, unsigned space)
{
    if (space < INDEX_SPACES)
        return document->terms[space];
    return document->unsure ? UNSURE_TERM : (struct span){0};
}

/* RC_NOT_FOUND: there are none. */
static enum rc
collect(struct postings *postings, const struct index_batch *batch, unsigned space,
        struct err *err)
{
    size_t count = 0;

    for (size_t i = 0; i < batch->count; i++)
        count += count_terms(terms_in(&batch->documents[i], space));
    if (count == 0)
        return RC_NOT_FOUND;
    postings->at = calloc(count, sizeof *postings->at);
    if (postings->at == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory for %zu terms", count);
    for (size_t i = 0; i < batch->count; i++)
        if (!add_terms(postings, terms_in(&batch->documents[i], space), (uint32_t)i))
            return err_set(err, RC_INVALID, 0, "terms of message %ju",
                           (uintmax_t)batch->documents[i].message);
    qsort(postings->at, postings->count, sizeof *postings->at, compare);
    return RC_OK;
}

/* The messages of the term at *at, which goes to the next one. False: no memory. */
static bool
take_ids(const struct postings *postings, size_t *at, const struct index_batch *batch,
         struct ids *ids)
{
    const struct posting *first = &postings->at[*at];
    size_t i = *at;

    ids->count = 0;
    for (; i < postings->count && postings->at[i].key == first->key &&
           span_eq(term_of(&postings->at[i]), term_of(first));
         i++) {
        if (i > *at && postings->at[i].document == postings->at[i - 1].document)
            continue;
        if (!ids_add(ids, batch->documents[postings->at[i].document].message))
            return false;
    }
    *at = i;
    return true;
}

static enum rc
write_run(struct store_index *index, const struct index_batch *batch,
          const struct postings *postings, unsigned space, uint64_t *octets, struct err *err)
{
    struct run *run = catalog_add(&index->catalog, space, 0);
    struct piece_maker maker;
    struct ids ids = {0};
    enum rc rc = RC_OK;

    if (run == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory for a run of an index");
    run->first = batch->documents[0].message;
    run->last = batch->documents[batch->count - 1].message;
    piece_maker_init(&maker, index->piece_octets);
    for (size_t at = 0; at < postings->count && rc == RC_OK;) {
        const struct span term = term_of(&postings->at[at]);
        rc = take_ids(postings, &at, batch, &ids)
                 ? run_put(index, run, &maker, term, &ids, octets, err)
                 : err_set(err, RC_LIMIT, 0, "no memory for messages of a term");
    }
    if (rc == RC_OK && !piece_maker_is_empty(&maker))
        rc = piece_write(index, run, &maker, octets, err);
    ids_done(&ids);
    piece_maker_done(&maker);
    return rc;
}

enum rc
gather_run(struct store_index *index, const struct index_batch *batch, unsigned space,
           uint64_t *octets, struct err *err)
{
    struct postings postings = {0};

    enum rc rc = collect(&postings, batch, space, err);
    if (rc == RC_OK)
        rc = write_run(index, batch, &postings, space, octets, err);
    free(postings.at);
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}
