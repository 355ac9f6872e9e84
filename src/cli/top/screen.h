/* SPDX-License-Identifier: MIT */
/*
 * Uses the whole screen of the terminal for a while: keys are read one by one without echo,
 * and the user's own screen is restored however the program ends. Uses only escape sequences
 * that every terminal since the VT100 knows; without an alternate screen, the last frame stays
 * visible. Thread: main; one at a time.
 */
#ifndef CLI_TOP_SCREEN_H
#define CLI_TOP_SCREEN_H

#include <stdbool.h>

#include "base/span.h"

/** Whether standard input and output are a terminal that supports this. */
bool screen_is_there(void);
/** Takes over the screen, which is restored by screen_leave, at exit, and by signals that end
 * or stop the program. False: it cannot be used. */
bool screen_enter(void);
void screen_leave(void);
/** The present size, at least 2 x 20. */
void screen_size(unsigned *lines_out, unsigned *columns_out);
/** Shows the frame from the upper left corner; the rest of the screen becomes empty. */
void screen_show(struct span frame);
/** A key, or 0 after timeout_ms or if the size has changed, or -1 if the program must end (a
 * signal, or the end of standard input). Sequences of several octets (arrow keys) are
 * discarded.
 */
int screen_key(int timeout_ms);

#endif
