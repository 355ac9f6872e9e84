/* SPDX-License-Identifier: MIT */
/* Making error texts. Any thread; allocates nothing. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum rc
err_set(struct err *err, enum rc rc, int os_errno, const char *fmt, ...)
{
    if (err == NULL)
        return rc;
    va_list ap;
    va_start(ap, fmt);
    int len = vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    err->rc = rc;
    err->os_errno = os_errno;
    if (os_errno != 0 && len >= 0 && (size_t)len < sizeof err->text) {
        char why[96];
        const char *text = strerror_r(os_errno, why, sizeof why);
        snprintf(err->text + len, sizeof err->text - (size_t)len, ": %s", text);
    }
    return rc;
}

enum rc
err_prefix(struct err *err, enum rc rc, const char *fmt, ...)
{
    if (err == NULL)
        return rc;
    char old[ERR_TEXT_OCTETS];
    memcpy(old, err->text, sizeof old);
    va_list ap;
    va_start(ap, fmt);
    int len = vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    if (len >= 0 && (size_t)len < sizeof err->text)
        snprintf(err->text + len, sizeof err->text - (size_t)len, ": %s", old);
    err->rc = rc;
    return rc;
}

enum rc
rc_of_errno(int os_errno)
{
    switch (os_errno) {
    case ENOSPC:
    case EDQUOT:
        return RC_FULL;
    case ENOMEM:
    case EMFILE:
    case ENFILE:
        return RC_LIMIT;
    case EACCES:
    case EPERM:
    case EROFS:
        return RC_DENIED;
    case ENOENT:
        return RC_NOT_FOUND;
    case EEXIST:
        return RC_EXISTS;
    default:
        return RC_IO;
    }
}
