/* SPDX-License-Identifier: MIT */
/*
 * The policy front door: Postfix asks before it accepts mail whether the recipient has room for
 * it (check_policy_service), so that mail for full accounts is refused at the door instead of
 * being queued or returned.
 */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include "session/session.h"

extern const struct front_door policy_door;

#endif
