/* SPDX-License-Identifier: MIT */
/*
 * OpenSSL's large blocks apart from everybody else's memory. Each record and each handshake
 * needs two or three blocks of 16 to 22 KiB for a moment. Taken from malloc they leave holes
 * between what lives long, into which the next session's small things are put, so that the
 * next large block needs new memory again: 45 KiB resident for an idle TLS session that
 * uses 14.
 */
#ifndef NET_TLS_MEMORY_H
#define NET_TLS_MEMORY_H

#include <stdint.h>

/** Has an effect only before OpenSSL has allocated anything; tls_server_new does it, and a
 *  program that uses OpenSSL earlier calls it first. May be called again. Thread: any. */
void tls_memory_set_up(void);

/** Large blocks in use now, and those that found no room and went to malloc since the start. */
void tls_memory_stats(uint32_t *in_use_out, uint64_t *overflowed_out);

#endif
