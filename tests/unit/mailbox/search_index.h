/* SPDX-License-Identifier: MIT */
/* The index of the fixture's account (content.h), for tests of searches. */
#ifndef TESTS_UNIT_MAILBOX_SEARCH_INDEX_H
#define TESTS_UNIT_MAILBOX_SEARCH_INDEX_H

#include "content.h"
#include "store/index.h"

struct store_indexes *test_indexes_new(const struct clock *clock);
/* The index knows all messages up to this one; if unsure, of some of these it does not know
 * everything. Nothing happens if it knows more. */
void test_index_fill(struct content *fx, struct store_indexes *pool, uint64_t mark,
                     bool unsure);
/* Made anew, without messages. */
void test_index_empty(struct content *fx, struct store_indexes *pool);
/* A message with this id that the account does not have. */
void test_index_other(struct content *fx, struct store_indexes *pool, uint64_t message);
/* No message up to this one has any term. */
void test_index_mark(struct content *fx, struct store_indexes *pool, uint64_t mark);
/* Where its file is; "" if there is none. Good until the next call. */
const char *test_index_path(struct content *fx);

#endif
