/* SPDX-License-Identifier: MIT */
/*
 * A whole command's text, as the framer would hand it out (marks of spooled literals included).
 * What was parsed is dumped, so that every pointer is followed; sets are normalised and stay
 * what they were.
 */
#include "base/check.h"
#include "base/limits.h"
#include "support/imap_dump.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned
tree_depth(const struct imap_search_key *key)
{
    unsigned deepest = 0;

    CHECK(key->kind != SEARCH_NOT || (key->children != NULL && key->children->next == NULL));
    CHECK(key->kind != SEARCH_OR || (key->children != NULL && key->children->next != NULL));
    for (const struct imap_search_key *child = key->children; child; child = child->next) {
        const unsigned depth = tree_depth(child);
        CHECK(child->kind != key->kind || key->kind == SEARCH_NOT);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}

static void
check_search(const struct imap_search_req *req)
{
    CHECK(req->key_count <= LIMIT_SEARCH_KEYS);
    CHECK(req->root->kind == SEARCH_AND);
    CHECK(tree_depth(req->root) <= LIMIT_NESTING + 2);
}

/** Labels begin each answer: they must be printable and balanced. */
static void
check_fetch(const struct imap_fetch_req *req)
{
    CHECK(req->item_count >= 1 && req->item_count <= LIMIT_FETCH_ITEMS + 2);
    for (size_t i = 0; i < req->item_count; i++) {
        const struct span label = req->items[i].label;
        CHECK(label.len > 0);
        for (size_t j = 0; j < label.len; j++)
            CHECK(label.ptr[j] >= ' ' && label.ptr[j] <= '~');
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct imap_head head;
    struct imap_cmd cmd;
    const char *bad = NULL;
    AUTO_ARENA arena = {0};
    AUTO_BUF out = {0};

    arena_init(&arena, 4u << 20);
    buf_init(&out, 16u << 20);
    if (size == 0)
        return 0;
    const struct span text = span_of(data + 1, size - 1);
    (void)imap_line_is_done(text);
    if (imap_head_parse(text, &head, &bad) != RC_OK) {
        CHECK(bad != NULL);
        return 0;
    }
    const enum mbox_wire wire = data[0] & 1 ? MBOX_WIRE_UTF8 : MBOX_WIRE_UTF7;
    const enum rc rc = imap_args_parse(&head, wire, &arena, &cmd, &bad);
    CHECK((rc == RC_OK) == (bad == NULL));
    CHECK(rc == RC_OK || rc == RC_INVALID || rc == RC_LIMIT);
    if (rc != RC_OK)
        return 0;
    imap_dump(&out, &cmd);
    if (cmd.id == IMAP_CMD_SEARCH || cmd.id == IMAP_CMD_UID_SEARCH)
        check_search(&cmd.u.search);
    if (cmd.id == IMAP_CMD_FETCH || cmd.id == IMAP_CMD_UID_FETCH)
        check_fetch(&cmd.u.fetch);
    return 0;
}
