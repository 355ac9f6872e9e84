/* SPDX-License-Identifier: MIT */
/*
 * What the parts of `roost check` share. Each part checks one thing and reports its findings:
 * what is wrong and how to fix it, or that nothing is wrong. Thread: main.
 */
#ifndef CLI_CHECK_CHECK_H
#define CLI_CHECK_CHECK_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/attr.h"
#include "daemon/config.h"

enum { CHECK_TEXT_MAX = 1400 }; /* octets of a finding, at most */

enum check_finding {
    CHECK_OK,
    CHECK_NOTE,   /* nothing is wrong, but somebody may wonder */
    CHECK_PROBLEM /* the exit status becomes 1 */
};

struct check {
    bool json;
    unsigned problems;
};

/** One line: "PROBLEM what: text". */
PRINTF_LIKE(4, 5)
void check_tell(struct check *check, enum check_finding finding, const char *what,
                const char *fmt, ...);

/** Checks whether this user can listen on each address, or the server of this DIR already
 * does. */
void check_ports(struct check *check, struct config *config);
/** Looks for accounts whose names access control lists cannot have. */
void check_names(struct check *check, struct config *config);
/** Checks whether Postfix, if it is installed, finds the LMTP listener and may use it. */
void check_postfix(struct check *check, const struct config *config);

#endif
