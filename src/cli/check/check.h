/* SPDX-License-Identifier: MIT */
/*
 * What the parts of `roost check` share. A part looks at one thing and tells each finding:
 * what is wrong with the way to mend it, or that nothing is. Thread: main.
 */
#ifndef CLI_CHECK_CHECK_H
#define CLI_CHECK_CHECK_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/attr.h"
#include "daemon/config.h"

enum { CHECK_TEXT_MAX = 1400 }; /* octets of a finding */

enum check_finding {
    CHECK_OK,
    CHECK_NOTE,   /* nothing is wrong, but somebody may wonder */
    CHECK_PROBLEM /* exit status 1 */
};

struct check {
    bool json;
    unsigned problems;
};

/** One line: "PROBLEM what: text". */
PRINTF_LIKE(4, 5)
void check_tell(struct check *check, enum check_finding finding, const char *what,
                const char *fmt, ...);

/** Whether each address can be listened on by this user, or is listened on by the server of
 *  this DIR. */
void check_ports(struct check *check, struct config *config);
/** Whether Postfix, if it is there, finds the LMTP listener and may use it. */
void check_postfix(struct check *check, const struct config *config);

#endif
