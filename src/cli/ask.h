/* SPDX-License-Identifier: MIT */
/*
 * Runs a verb of admin/verbs.h: in the running server if there is one, otherwise here, by
 * opening DIR. The caller does not see the difference.
 */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include <jansson.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/span.h"
#include "cli/cli.h"

/* What the caller does with rows, and where frames come from. Either may be NULL. */
struct asking {
    void *ctx;
    /* Called with a row of the answer and its data, which are borrowed. False ends the verb
     * (RC_CLOSED). */
    bool (*on_row)(void *ctx, const json_t *row, struct span data);
    /* Provides the next frame to send: *head_out is taken over, data must be valid until the
     * next call. RC_NOT_FOUND at the end. */
    enum rc (*next)(void *ctx, json_t **head_out, struct span *data_out, struct err *err);
};

/** Runs a verb. args is taken over. Returns an exit code; failures have been reported on
 * standard error. */
int ask(struct cli *cli, const char *verb, json_t *args, const struct asking *asking);

/** The same for callers that report failures themselves. Thread: main. */
MUST_USE enum rc ask_quietly(struct cli *cli, const char *verb, json_t *args,
                             const struct asking *asking, struct err *err);

/** Asks only a running server, and prints nothing. RC_NOT_FOUND: no server is running. args is
 * taken over.
 */
MUST_USE enum rc ask_running(struct cli *cli, const char *verb, json_t *args,
                             const struct asking *asking, struct err *err);

/** Prints rows as JSON lines: for --json. */
bool ask_print_json(void *ctx, const json_t *row, struct span data);

#endif
