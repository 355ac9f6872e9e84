/* SPDX-License-Identifier: MIT */
/*
 * The LMTP front door (RFC 2033): where mail is delivered. Private parts are in the folder.
 */
#ifndef LMTP_LMTP_H
#define LMTP_LMTP_H

#include "session/session.h"

extern const struct front_door lmtp_door;

#endif
