/* SPDX-License-Identifier: MIT */
/* The rows of verb `explain` as text for people. Thread: main. */
#ifndef CLI_EXPLAIN_PRINT_H
#define CLI_EXPLAIN_PRINT_H

#include <jansson.h>
#include <stdbool.h>

#include "base/span.h"

/** Prints one session: its only row. */
bool explain_print_session(void *ctx, const json_t *row, struct span data);

/* The rows of an account, collected until all have arrived. */
struct explain_account {
    json_t *head;
    json_t *networks;
    json_t *devices;
    json_t *sessions;
};
/** Collects a row. ctx is a struct explain_account, zeroed at first. */
bool explain_gather(void *ctx, const json_t *row, struct span data);
/** Prints what was collected, if anything, and frees it. */
void explain_print_account(struct explain_account *account);

#endif
