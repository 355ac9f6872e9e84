/* SPDX-License-Identifier: MIT */
/* A session that ends while another one executes its request: the write has happened, and so
 * the threshold that it passed is told of. */
#include "door/write.h"

#include <stdlib.h>

#include "content.h"
#include "net/slots.h"

static const struct wake no_wake = {.fn = NULL};
static unsigned told;

static void
on_crossed(struct env *env, uint64_t account, const struct quota_crossing *crossing)
{
    (void)env;
    assert_int_equal(account, CONTENT_ACCOUNT);
    assert_int_equal(crossing->percent, 80);
    told++;
}

static enum rc
crossing_apply(struct turn_req *req, struct turn_ctx *ctx, struct err *err)
{
    (void)ctx;
    (void)err;
    req->crossed = (struct quota_crossing){80, QUOTA_MESSAGE, 8, 10};
    return RC_OK;
}

/* Executes the other one in its batch. */
struct holder_req {
    struct turn_req turn;
    struct turn_req other;
    struct door_write write;
    struct session *session;
};

static enum rc
holder_apply(struct turn_req *req, struct turn_ctx *ctx, struct err *err)
{
    struct holder_req *holder = CONTAINER_OF(req, struct holder_req, turn);

    (void)err;
    assert_int_equal(door_write(&holder->write, holder->session, ctx->acct, &holder->other),
                     RC_AGAIN);
    return RC_OK;
}

static void
nobody_waits(void *ctx, uint64_t id)
{
    (void)ctx;
    (void)id;
}

static void
test_a_session_that_ends_tells_of_its_crossing(void **state)
{
    const struct slots_config config = {.threads = 4, .cores = 2, .wake.fn = nobody_waits};
    struct content *fx = content_new();
    struct env *env = calloc(1, sizeof *env);
    struct session *session = calloc(1, sizeof *session);
    struct holder_req holder = {.session = session};

    (void)state;
    assert_non_null(env);
    assert_non_null(session);
    content_open_account(fx);
    assert_ok(slots_new(&config, &env->slots, &fx->err));
    env->quota_crossed = on_crossed;
    session->env = env;
    turn_req_init(&holder.turn, holder_apply, 0, no_wake);
    turn_req_init(&holder.other, crossing_apply, 0, no_wake);
    assert_ok(content_run(fx, &holder.turn));
    assert_true(door_write_cancel(&holder.write, session, fx->acct));
    assert_int_equal(holder.other.result, RC_OK);
    assert_int_equal(told, 1);
    slots_free(env->slots);
    free(session);
    free(env);
    content_close_account(fx);
    content_free(fx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_session_that_ends_tells_of_its_crossing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
