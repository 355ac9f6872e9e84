/* SPDX-License-Identifier: MIT */
/* The spare streams of each thread, freed when it ends. Thread: any. */
#include "net/zlib_spare.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/check.h"

enum {
    RAW_WINDOW_BITS = -15,
    DEFLATE_MEMORY = 8, /* of zlib: 9 is no smaller on the wire and leaves the cache */
};

struct spares {
    z_stream *deflater; /* NULL: none */
    z_stream *inflater;
};

static pthread_key_t spares_key;
static pthread_once_t spares_once = PTHREAD_ONCE_INIT;

/* Of our own heap calls, so that tests can let them fail. */
static voidpf
memory_get(voidpf opaque, uInt items, uInt octets)
{
    (void)opaque;
    return calloc(items, octets);
}

static void
memory_put(voidpf opaque, voidpf memory)
{
    (void)opaque;
    free(memory);
}

static z_stream *
stream_new(void)
{
    z_stream *stream = calloc(1, sizeof *stream);

    if (stream != NULL) {
        stream->zalloc = memory_get;
        stream->zfree = memory_put;
    }
    return stream;
}

static void
deflater_free(z_stream *stream)
{
    if (stream != NULL)
        deflateEnd(stream);
    free(stream);
}

static void
inflater_free(z_stream *stream)
{
    if (stream != NULL)
        inflateEnd(stream);
    free(stream);
}

static void
spares_free(void *arg)
{
    struct spares *spares = arg;

    deflater_free(spares->deflater);
    inflater_free(spares->inflater);
    free(spares);
}

static void
key_make(void)
{
    CHECK(pthread_key_create(&spares_key, spares_free) == 0);
}

/* This thread's, or NULL without memory. */
static struct spares *
spares_get(void)
{
    pthread_once(&spares_once, key_make);
    struct spares *spares = pthread_getspecific(spares_key);

    if (spares == NULL) {
        spares = calloc(1, sizeof *spares);
        if (spares != NULL && pthread_setspecific(spares_key, spares) != 0) {
            free(spares);
            spares = NULL;
        }
    }
    return spares;
}

static z_stream *
deflater_new(void)
{
    z_stream *stream = calloc(1, sizeof *stream);

    if (stream != NULL && deflateInit2(stream, Z_BEST_SPEED, Z_DEFLATED, RAW_WINDOW_BITS,
                                       DEFLATE_MEMORY, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(stream);
        return NULL;
    }
    return stream;
}

static z_stream *
inflater_new(void)
{
    z_stream *stream = stream_new();

    if (stream != NULL && inflateInit2(stream, RAW_WINDOW_BITS) != Z_OK) {
        free(stream);
        return NULL;
    }
    return stream;
}

z_stream *
zlib_deflater_take(int level)
{
    struct spares *spares = spares_get();
    z_stream *stream = spares == NULL ? NULL : spares->deflater;

    if (stream == NULL)
        stream = deflater_new();
    else
        spares->deflater = NULL;
    if (stream == NULL)
        return NULL;
    /* Of a stream that has compressed nothing yet this sets numbers, and cannot fail. */
    CHECK(deflateReset(stream) == Z_OK &&
          deflateParams(stream, level, Z_DEFAULT_STRATEGY) == Z_OK);
    return stream;
}

z_stream *
zlib_inflater_take(void)
{
    struct spares *spares = spares_get();
    z_stream *stream = spares == NULL ? NULL : spares->inflater;

    if (stream == NULL)
        return inflater_new();
    spares->inflater = NULL;
    CHECK(inflateReset(stream) == Z_OK);
    return stream;
}

void
zlib_deflater_give(z_stream *stream)
{
    struct spares *spares = stream == NULL ? NULL : spares_get();

    if (spares == NULL || spares->deflater != NULL)
        deflater_free(stream);
    else
        spares->deflater = stream;
}

void
zlib_inflater_give(z_stream *stream)
{
    struct spares *spares = stream == NULL ? NULL : spares_get();

    if (spares == NULL || spares->inflater != NULL)
        inflater_free(stream);
    else
        spares->inflater = stream;
}
