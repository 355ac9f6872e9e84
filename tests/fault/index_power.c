/* SPDX-License-Identifier: MIT */
/*
 * Power loss at every moment of the life of an index: it is made, documents are added, it is
 * begun anew, removed and made again. A state that a power loss may leave has an index that
 * says what is true of the messages up to one of its marks, or has none, and documents can be
 * added. Where a process is killed, nothing is missing, and the last batch that was
 * acknowledged is there.
 */
#include "index_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "power.h"

enum { BATCHES = 14, LIVES = 3, PIECE = 200, ACKS_MAX = LIVES * BATCHES };

/* One life of the index, from its making to its end. */
struct life {
    struct model *model;
    uint64_t generation;
};

struct scene {
    struct life lives[LIVES];
    size_t life_count;
    struct ack {
        size_t at; /* changes on disk */
        size_t life;
        uint64_t mark;
    } acks[ACKS_MAX];
    size_t ack_count;
    size_t looked;
    size_t found; /* states that had an index with something in it */
};

static void
live(struct fixture *fx, struct scene *scene, struct store_index *index,
     const struct power *power)
{
    struct life *life = &scene->lives[scene->life_count];
    struct index_state state;

    life->model = model_new(scene->life_count + 30);
    assert_ok(store_index_begin(index, &state, &fx->err));
    store_index_end(index);
    life->generation = state.generation;
    for (unsigned i = 0; i < BATCHES; i++) {
        assert_ok(model_add(life->model, index, 1 + i % 4 * 3, &fx->err));
        scene->acks[scene->ack_count++] =
            (struct ack){power_count(power), scene->life_count, life->model->mark};
    }
    scene->life_count++;
}

static struct power *
record(struct fixture *fx, struct scene *scene)
{
    struct store_indexes *indexes = model_pool(PIECE);
    struct store_index *index = NULL;

    fill(fx, "INBOX", 1);
    struct power *power = power_new(fx->dir);
    assert_ok(store_index_open(indexes, fx->acct, INDEX_WRITE, &index, &fx->err));
    live(fx, scene, index, power);
    assert_ok(store_index_begin_anew(index, &fx->err));
    live(fx, scene, index, power);
    store_index_close(index);
    assert_ok(store_index_remove(indexes, fx->acct, &fx->err));
    assert_ok(store_index_open(indexes, fx->acct, INDEX_WRITE, &index, &fx->err));
    live(fx, scene, index, power);
    store_index_close(index);
    power_stop(power);
    store_indexes_free(indexes);
    return power;
}

/* Compares with what was true, and adds to it. Returns the mark. */
static uint64_t
check_index(struct fixture *fx, struct scene *scene, struct store_index *index)
{
    struct index_state state;

    assert_ok(store_index_begin(index, &state, &fx->err));
    store_index_end(index);
    for (size_t i = 0; i < scene->life_count; i++) {
        if (scene->lives[i].generation != state.generation || state.mark == 0)
            continue;
        struct model *model = malloc(sizeof *model);
        assert_non_null(model);
        *model = *scene->lives[i].model;
        assert_true(model_cut(model, state.mark));
        model_check(model, index);
        assert_ok(model_add(model, index, 2, &fx->err));
        model_check(model, index);
        free(model);
        scene->found++;
        return state.mark;
    }
    assert_int_equal(state.mark, 0);
    return 0;
}

static void
check_state(void *ctx, size_t at, const char *dir)
{
    struct fixture *fx = calloc(1, sizeof *fx);
    struct scene *scene = ctx;
    struct store_indexes *indexes = model_pool(PIECE);
    struct store_index *index = NULL;

    (void)at;
    assert_non_null(fx);
    snprintf(fx->accounts, sizeof fx->accounts, "%s/accounts", dir);
    fx->options = (struct sqlite_options){
        .dir = fx->accounts, .store.clock = &test_clock, .max_open_fds = 60};
    assert_ok(store_open_sqlite(&fx->options, &fx->store, &fx->err));
    assert_ok(store_account_get(fx->store, 7, &fx->acct));
    const enum rc rc = store_index_open(indexes, fx->acct, INDEX_READ, &index, &fx->err);
    assert_true(rc == RC_OK || rc == RC_NOT_FOUND);
    store_index_close(index);
    assert_ok(store_index_open(indexes, fx->acct, INDEX_WRITE, &index, &fx->err));
    (void)check_index(fx, scene, index);
    store_index_close(index);
    store_indexes_free(indexes);
    store_account_put(fx->acct);
    store_close(fx->store);
    free(fx);
    scene->looked++;
}

static void
test_power_loss(void **state)
{
    struct fixture *fx = fixture_new();
    struct scene *scene = calloc(1, sizeof *scene);

    (void)state;
    assert_non_null(scene);
    struct power *power = record(fx, scene);
    power_look(power, fx->dir, check_state, scene);
    printf("%zu states, %zu with an index\n", scene->looked, scene->found);
    assert_true(scene->looked > 20 && scene->found > 10);
    for (size_t i = 0; i < LIVES; i++)
        free(scene->lives[i].model);
    power_free(power);
    free(scene);
    fixture_free(fx);
}

/* Killed right after a batch: it is there. */
static void
test_killed_process(void **state)
{
    struct fixture *fx = fixture_new();
    struct scene *scene = calloc(1, sizeof *scene);

    (void)state;
    assert_non_null(scene);
    struct power *power = record(fx, scene);
    for (size_t i = 0; i < scene->ack_count; i += 3) {
        const struct ack *ack = &scene->acks[i];
        struct store_indexes *indexes = model_pool(PIECE);
        struct store_index *index = NULL;
        struct fixture *killed = calloc(1, sizeof *killed);
        assert_non_null(killed);
        char dir[100];
        snprintf(dir, sizeof dir, "%s/killed-%zu", fx->dir, i);
        power_rebuild(power, ack->at, POWER_ALL, 0, NULL, dir);
        snprintf(killed->accounts, sizeof killed->accounts, "%.60s/accounts", dir);
        killed->options = (struct sqlite_options){
            .dir = killed->accounts, .store.clock = &test_clock, .max_open_fds = 60};
        assert_ok(store_open_sqlite(&killed->options, &killed->store, &fx->err));
        assert_ok(store_account_get(killed->store, 7, &killed->acct));
        assert_ok(store_index_open(indexes, killed->acct, INDEX_WRITE, &index, &fx->err));
        assert_int_equal(check_index(killed, scene, index), ack->mark);
        store_index_close(index);
        store_indexes_free(indexes);
        store_account_put(killed->acct);
        store_close(killed->store);
        free(killed);
    }
    for (size_t i = 0; i < LIVES; i++)
        free(scene->lives[i].model);
    power_free(power);
    free(scene);
    fixture_free(fx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_power_loss),
        cmocka_unit_test(test_killed_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
