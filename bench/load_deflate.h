/* SPDX-License-Identifier: MIT */
/* COMPRESS=DEFLATE (RFC 4978) for the load client: streams of a blocking connection. */
#ifndef BENCH_LOAD_DEFLATE_H
#define BENCH_LOAD_DEFLATE_H

#include "base/buf.h"

struct load_deflate;

/** partial: flushes with Z_PARTIAL_FLUSH, so that what is sent does not end at the end of an
 *  octet. */
struct load_deflate *load_deflate_new(bool partial);
void load_deflate_free(struct load_deflate *deflate); /* NULL is allowed */
/** Replaces text by its compressed form, flushed. */
void load_deflate_squeeze(struct load_deflate *deflate, struct buf *text);
/** The place for compressed octets that are read. */
char *load_deflate_room(struct load_deflate *deflate, size_t *room_out);
/** Says how many were read there. */
void load_deflate_came(struct load_deflate *deflate, size_t octets);
/** Inflates what has arrived into dst. 0: more must arrive first. */
size_t load_deflate_take(struct load_deflate *deflate, char *dst, size_t room);

#endif
