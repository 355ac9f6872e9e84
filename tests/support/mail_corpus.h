/* SPDX-License-Identifier: MIT */
/* Real mail for property tests: the folder of mbox.xz files that ROOST_CORPUS names. */
#ifndef SUPPORT_MAIL_CORPUS_H
#define SUPPORT_MAIL_CORPUS_H

#include "base/span.h"

typedef void mail_fn(void *ctx, struct span message);

/** Calls fn for each message of all files, with CRLF line ends as a server stores them. Returns
 *  how many there were; 0 when ROOST_CORPUS is not set. */
unsigned mail_corpus_each(mail_fn *fn, void *ctx);

#endif
