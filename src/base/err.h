/* SPDX-License-Identifier: MIT */
/*
 * The text of a failure, made once where the failure is understood, and passed up to the code
 * that logs it.
 * It may name paths, SQL and errno: it is for the journal and the administrator, never for
 * the peer.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/attr.h"
#include "base/rc.h"

enum { ERR_TEXT_OCTETS = 320 };

struct err {
    enum rc rc;
    int os_errno;               /* 0: none */
    char text[ERR_TEXT_OCTETS]; /* always terminated; cut when longer */
};

/**
 * Fills *err (which may be NULL) and returns rc, so that `return err_set(...)` is one line.
 * os_errno's text is appended when it is not 0. Thread: any.
 */
PRINTF_LIKE(4, 5)
enum rc err_set(struct err *err, enum rc rc, int os_errno, const char *fmt, ...);

/** Puts "what: " before the existing text. Returns err->rc, or rc if err is NULL. */
PRINTF_LIKE(3, 4) enum rc err_prefix(struct err *err, enum rc rc, const char *fmt, ...);

/** RC_FULL for ENOSPC and EDQUOT, RC_LIMIT for ENOMEM/EMFILE/ENFILE, RC_DENIED for EACCES,
 *  EPERM and EROFS, RC_NOT_FOUND for ENOENT, RC_EXISTS for EEXIST, RC_IO otherwise. */
enum rc rc_of_errno(int os_errno);

#endif
