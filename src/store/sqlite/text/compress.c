/* SPDX-License-Identifier: MIT */
/*
 * Compression of pieces of large bodies. Each thread has its own contexts and output buffer,
 * which are made when they are first needed and freed when the thread ends. Making them for
 * every piece would cost more than the work itself. Thread: any.
 */
#include "store/sqlite/private.h"

#include <stdlib.h>
#include <zstd.h>

#include "base/check.h"

enum {
    LEVEL = 1,               /* level 3 saves 2 % of the size and halves the speed */
    SAVED_AT_LEAST_PART = 3, /* saving less than a third is not worth the reader's time */
};

struct contexts {
    ZSTD_CCtx *pack;
    ZSTD_DCtx *expand;
    char *packed;
    size_t packed_cap;
};

static pthread_key_t contexts_key;
static pthread_once_t contexts_once = PTHREAD_ONCE_INIT;

static void
contexts_free(void *arg)
{
    struct contexts *contexts = arg;

    ZSTD_freeCCtx(contexts->pack);
    ZSTD_freeDCtx(contexts->expand);
    free(contexts->packed);
    free(contexts);
}

static void
key_make(void)
{
    CHECK(pthread_key_create(&contexts_key, contexts_free) == 0);
}

/* This thread's contexts; NULL: no memory. */
static struct contexts *
contexts_get(void)
{
    pthread_once(&contexts_once, key_make);
    struct contexts *contexts = pthread_getspecific(contexts_key);

    if (contexts == NULL) {
        contexts = calloc(1, sizeof *contexts);
        if (contexts != NULL && pthread_setspecific(contexts_key, contexts) != 0) {
            free(contexts);
            contexts = NULL;
        }
    }
    return contexts;
}

bool
piece_compress(struct span raw, struct span *out)
{
    struct contexts *contexts = contexts_get();

    CHECK(raw.len <= LIMIT_BODY_CHUNK);
    if (contexts == NULL)
        return false;
    if (contexts->pack == NULL) {
        contexts->packed_cap = ZSTD_compressBound(LIMIT_BODY_CHUNK);
        contexts->packed = malloc(contexts->packed_cap);
        contexts->pack = contexts->packed == NULL ? NULL : ZSTD_createCCtx();
        if (contexts->pack == NULL) {
            free(contexts->packed);
            contexts->packed = NULL;
            return false; /* stored as it is */
        }
    }
    const size_t len = ZSTD_compressCCtx(contexts->pack, contexts->packed, contexts->packed_cap,
                                         raw.ptr, raw.len, LEVEL);
    if (ZSTD_isError(len) || len > raw.len - raw.len / SAVED_AT_LEAST_PART)
        return false;
    *out = span_of(contexts->packed, len);
    return true;
}

enum rc
piece_expand(struct span packed, size_t octets, struct buf *out, struct err *err)
{
    struct contexts *contexts = contexts_get();
    char *to = buf_reserve(out, octets);

    if (contexts != NULL && contexts->expand == NULL)
        contexts->expand = ZSTD_createDCtx();
    if (contexts == NULL || contexts->expand == NULL || to == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory to expand %zu octets of a body", octets);
    const size_t len =
        ZSTD_decompressDCtx(contexts->expand, to, octets, packed.ptr, packed.len);
    if (ZSTD_isError(len) || len != octets)
        return err_set(err, RC_CORRUPT, 0, "a compressed piece of a body: %s",
                       ZSTD_isError(len) ? ZSTD_getErrorName(len) : "wrong size");
    buf_grew(out, octets);
    return RC_OK;
}
