/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "bench/inbox_load.h"

#include "base/check.h"
#include "mailbox/content/ingest.h"
#include "mailbox/write/turn.h"

enum { AT_ONCE = 500 };

struct load_req {
    struct turn_req turn;
    struct mailgen *gen;
};

static enum rc
load_apply(struct turn_req *req, struct turn_ctx *ctx, struct err *err)
{
    const struct load_req *load = CONTAINER_OF(req, struct load_req, turn);
    enum rc rc = RC_OK;

    for (uint32_t i = 0; rc == RC_OK && i < AT_ONCE; i++) {
        const struct ingest_entry as = {
            .mbox = 1,
            .flags = i % 20 == 0 ? 0 : MSG_SEEN,
            .internaldate_s = 1700000000 + (int64_t)i * 60,
        };
        struct mailgen_message message;
        struct ingest ingest;
        struct entry added;
        AUTO_ARENA arena = {0};
        arena_init(&arena, INGEST_ARENA);
        mailgen_next(load->gen, &message);
        rc = ingest_prepare(&arena, message.octets, &ingest, err);
        if (rc == RC_OK)
            rc = ingest_store(ctx, &ingest, &as, &added, err);
    }
    return rc;
}

void
inbox_load(struct account *acct, const struct mailgen_options *options, uint32_t count)
{
    const struct wake nobody = {NULL, NULL, 0};
    struct load_req req = {.gen = NULL};
    struct err err = {.rc = RC_OK};

    CHECK(mailgen_new(options, &req.gen, &err) == RC_OK);
    for (uint32_t done = 0; done < count; done += AT_ONCE) {
        turn_req_init(&req.turn, load_apply, 100, nobody);
        CHECK(turn_run(acct, &req.turn) == RC_OK);
        CHECK(req.turn.result == RC_OK);
    }
    mailgen_free(req.gen);
}
