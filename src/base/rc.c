/* SPDX-License-Identifier: MIT */
/* Names of result codes, for the journal and for tests. Any thread. */
#include "base/rc.h"

const char *
rc_name(enum rc rc)
{
    switch (rc) {
    case RC_OK:
        return "ok";
    case RC_NOT_FOUND:
        return "not-found";
    case RC_EXISTS:
        return "exists";
    case RC_LIMIT:
        return "limit";
    case RC_IO:
        return "io";
    case RC_CORRUPT:
        return "corrupt";
    case RC_BUSY:
        return "busy";
    case RC_INVALID:
        return "invalid";
    case RC_DENIED:
        return "denied";
    case RC_FULL:
        return "full";
    case RC_QUOTA:
        return "quota";
    case RC_GONE:
        return "gone";
    case RC_CLOSED:
        return "closed";
    case RC_AGAIN:
        return "again";
    case RC_UNSUPPORTED:
        return "unsupported";
    case RC_TIMEOUT:
        return "timeout";
    case RC_DISABLED:
        return "disabled";
    case RC_EXPUNGED:
        return "expunged";
    case RC_CROWDED:
        return "crowded";
    case RC_BAD_CHARSET:
        return "bad-charset";
    }
    return "unknown";
}
