/* SPDX-License-Identifier: MIT */
/* Tasks on the work threads: parking, waking, yielding, generations, timers, stopping. */
#include "net/task.h"

#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/limits.h"
#include "net/poller.h"

/* A task that notes each run and then does what the test told it. */
struct probe {
    struct task task;
    sem_t ran;
    atomic_uint runs;
    atomic_uint why;     /* all reasons seen */
    atomic_int next;     /* enum task_next to return */
    atomic_int spins;    /* runs still to yield */
    atomic_bool expects; /* what task_expects_input said in the last run */
    sem_t *hold;         /* waited for inside the run, when not NULL */
    int fd;
};

static enum task_next
probe_run(struct task *task, uint32_t why)
{
    struct probe *probe = CONTAINER_OF(task, struct probe, task);

    assert_true(work_thread_number() > 0);
    atomic_fetch_or(&probe->why, why);
    atomic_store(&probe->expects, task_expects_input(task));
    atomic_fetch_add(&probe->runs, 1);
    if (atomic_load(&probe->spins) > 0) {
        atomic_fetch_sub(&probe->spins, 1);
        return TASK_YIELD;
    }
    char sink[64];
    if (probe->fd >= 0 && (why & TASK_WHY_INPUT) != 0)
        while (recv(probe->fd, sink, sizeof sink, MSG_DONTWAIT) > 0)
            continue;
    const enum task_next next = (enum task_next)atomic_load(&probe->next);
    sem_post(&probe->ran);
    if (probe->hold != NULL)
        while (sem_wait(probe->hold) != 0)
            continue;
    if (next == TASK_GONE)
        task_leave(task); /* the test may destroy the probe from here on */
    return next;
}

static void
probe_init(struct probe *probe, int fd)
{
    *probe = (struct probe){.fd = fd};
    assert_int_equal(sem_init(&probe->ran, 0, 0), 0);
    atomic_init(&probe->next, fd >= 0 ? TASK_PARK_INPUT : TASK_PARK_WAKE);
}

static void
await(sem_t *sem)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    ts.tv_sec += 20;
    assert_int_equal(sem_timedwait(sem, &ts), 0);
}

/* One more wake makes it leave; nothing of it is in the poller afterwards. */
static void
probe_end(struct probe *probe, struct poller *poller)
{
    const uint64_t id = probe->task.id;

    atomic_store(&probe->next, TASK_GONE);
    while (task_wake(poller, id)) {
        const struct timespec step = {.tv_nsec = 100000};
        nanosleep(&step, NULL);
    }
    sem_destroy(&probe->ran);
}

static struct poller *
make(unsigned threads, const struct clock *clock)
{
    const struct poller_config config = {.threads = threads, .clock = clock, .max_tasks = 8};
    struct poller *poller = NULL;
    struct err err = {.rc = RC_OK};

    assert_int_equal(poller_new(&config, &poller, &err), RC_OK);
    assert_int_equal(poller_start(poller, &err), RC_OK);
    return poller;
}

static void
destroy(struct poller *poller)
{
    poller_stop(poller);
    poller_free(poller);
}

static void
test_wake_runs_it(void **state)
{
    struct poller *poller = make(2, NULL);
    struct probe probe;

    (void)state;
    probe_init(&probe, -1);
    assert_int_equal(task_enter(poller, &probe.task, -1, probe_run, NULL), RC_OK);
    const uint64_t id = probe.task.id;
    task_begin(&probe.task);
    await(&probe.ran);
    assert_int_equal(atomic_load(&probe.why), TASK_WHY_START);
    for (int i = 0; i < 1000; i++) {
        assert_true(task_wake(poller, id));
        await(&probe.ran);
    }
    assert_true((atomic_load(&probe.why) & TASK_WHY_WOKEN) != 0);
    wake_call(task_waker(poller, id));
    await(&probe.ran);
    probe_end(&probe, poller);
    destroy(poller);
}

static void
test_woken_while_running_runs_again(void **state)
{
    struct poller *poller = make(2, NULL);
    struct probe probe;
    sem_t hold;

    (void)state;
    sem_init(&hold, 0, 0);
    probe_init(&probe, -1);
    probe.hold = &hold;
    assert_int_equal(task_enter(poller, &probe.task, -1, probe_run, NULL), RC_OK);
    const uint64_t id = probe.task.id;
    task_begin(&probe.task);
    await(&probe.ran); /* inside the run now */
    assert_true(task_wake(poller, id));
    assert_true(task_wake(poller, id));
    sem_post(&hold);
    await(&probe.ran); /* the wakes came together: one more run */
    sem_post(&hold);
    assert_true((atomic_load(&probe.why) & TASK_WHY_WOKEN) != 0);
    for (int i = 0; i < 10; i++)
        sem_post(&hold);
    probe_end(&probe, poller);
    sem_destroy(&hold);
    destroy(poller);
}

static void
test_input_and_output(void **state)
{
    struct poller *poller = make(2, NULL);
    struct probe probe;
    int pair[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    probe_init(&probe, pair[0]);
    assert_int_equal(task_enter(poller, &probe.task, pair[0], probe_run, NULL), RC_OK);
    const uint64_t id = probe.task.id;
    task_begin(&probe.task);
    await(&probe.ran);
    for (int i = 0; i < 200; i++) {
        assert_int_equal(write(pair[1], "x", 1), 1);
        await(&probe.ran);
        if (i % 3 == 0) { /* wakes between: the descriptor stays armed */
            assert_true(task_wake(poller, id));
            await(&probe.ran);
        }
    }
    assert_true((atomic_load(&probe.why) & TASK_WHY_INPUT) != 0);
    atomic_store(&probe.why, 0);
    atomic_store(&probe.next, TASK_PARK_OUTPUT); /* there is room: comes at once */
    assert_true(task_wake(poller, id));
    await(&probe.ran);
    atomic_store(&probe.next, TASK_PARK_INPUT);
    await(&probe.ran);
    assert_true((atomic_load(&probe.why) & TASK_WHY_OUTPUT) != 0);
    probe_end(&probe, poller);
    close(pair[0]);
    close(pair[1]);
    destroy(poller);
}

/* Input that epoll is still to report need not be read by a run for something else. */
static void
test_expects_input(void **state)
{
    struct poller *poller = make(1, NULL);
    struct probe probe;
    int pair[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    probe_init(&probe, pair[0]);
    assert_int_equal(task_enter(poller, &probe.task, pair[0], probe_run, NULL), RC_OK);
    const uint64_t id = probe.task.id;
    task_begin(&probe.task);
    await(&probe.ran);
    assert_false(atomic_load(&probe.expects)); /* nobody has asked for it yet */
    assert_true(task_wake(poller, id));
    await(&probe.ran);
    assert_true(atomic_load(&probe.expects));
    assert_int_equal(write(pair[1], "x", 1), 1);
    await(&probe.ran);
    assert_false(atomic_load(&probe.expects)); /* it has come */
    atomic_store(&probe.next, TASK_PARK_WAKE);
    assert_int_equal(write(pair[1], "x", 1), 1);
    await(&probe.ran);
    atomic_store(&probe.next, TASK_PARK_OUTPUT);
    assert_true(task_wake(poller, id));
    await(&probe.ran);
    assert_false(atomic_load(&probe.expects)); /* it was not asked for again */
    atomic_store(&probe.next, TASK_PARK_WAKE);
    await(&probe.ran);
    assert_false(atomic_load(&probe.expects));
    probe_end(&probe, poller);
    close(pair[0]);
    close(pair[1]);
    destroy(poller);
}

static void
test_hang_up_is_seen(void **state)
{
    struct poller *poller = make(1, NULL);
    struct probe probe;
    int pair[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    probe_init(&probe, pair[0]);
    assert_int_equal(task_enter(poller, &probe.task, pair[0], probe_run, NULL), RC_OK);
    task_begin(&probe.task);
    await(&probe.ran);
    atomic_store(&probe.next, TASK_PARK_WAKE); /* after this event it looks away */
    close(pair[1]);
    await(&probe.ran);
    assert_true((atomic_load(&probe.why) & TASK_WHY_HANGUP) != 0);
    probe_end(&probe, poller);
    close(pair[0]);
    destroy(poller);
}

static void
test_yield_lets_sockets_in(void **state)
{
    struct poller *poller = make(1, NULL); /* one thread: the queue must not hide the socket */
    struct probe busy;
    struct probe probe;
    int pair[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    probe_init(&probe, pair[0]);
    assert_int_equal(task_enter(poller, &probe.task, pair[0], probe_run, NULL), RC_OK);
    task_begin(&probe.task);
    await(&probe.ran);
    probe_init(&busy, -1);
    atomic_store(&busy.spins, INT32_MAX);
    assert_int_equal(task_enter(poller, &busy.task, -1, probe_run, NULL), RC_OK);
    task_begin(&busy.task);
    assert_int_equal(write(pair[1], "x", 1), 1);
    await(&probe.ran);
    assert_true(atomic_load(&busy.spins) > 0);
    atomic_store(&busy.spins, 0);
    await(&busy.ran);
    assert_true((atomic_load(&busy.why) & TASK_WHY_YIELDED) != 0);
    probe_end(&busy, poller);
    probe_end(&probe, poller);
    close(pair[0]);
    close(pair[1]);
    destroy(poller);
}

static void
test_generations(void **state)
{
    struct poller *poller = make(1, NULL);
    struct probe probe;
    uint64_t old[100];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(old); i++) {
        probe_init(&probe, -1);
        assert_int_equal(task_enter(poller, &probe.task, -1, probe_run, NULL), RC_OK);
        old[i] = probe.task.id;
        for (size_t k = 0; k < i; k++)
            assert_true(old[k] != old[i]);
        task_begin(&probe.task);
        await(&probe.ran);
        probe_end(&probe, poller);
    }
    probe_init(&probe, -1);
    assert_int_equal(task_enter(poller, &probe.task, -1, probe_run, NULL), RC_OK);
    const uint64_t id = probe.task.id;
    task_begin(&probe.task);
    await(&probe.ran);
    const unsigned runs = atomic_load(&probe.runs);
    for (size_t i = 0; i < ARRAY_LEN(old); i++)
        assert_false(task_wake(poller, old[i])); /* the slot is the same, the task is not */
    assert_false(task_wake(poller, 0));
    assert_false(task_wake(poller, UINT64_MAX));
    assert_false(task_wake(poller, task_id_pack((struct task_id){5000, 1})));
    assert_int_equal(atomic_load(&probe.runs), runs);
    assert_true(task_wake(poller, id));
    await(&probe.ran);
    assert_int_equal(atomic_load(&probe.runs), runs + 1);
    probe_end(&probe, poller);
    destroy(poller);
}

static void
test_max_tasks(void **state)
{
    struct poller *poller = make(1, NULL); /* max_tasks 8 */
    struct task tasks[9];
    struct err err = {.rc = RC_OK};

    (void)state;
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(task_enter(poller, &tasks[i], -1, probe_run, &err), RC_OK);
    assert_int_equal(task_enter(poller, &tasks[8], -1, probe_run, &err), RC_LIMIT);
    task_leave(&tasks[3]);
    assert_int_equal(task_enter(poller, &tasks[8], -1, probe_run, &err), RC_OK);
    tasks[3] = tasks[8];
    for (size_t i = 0; i < 8; i++)
        task_leave(&tasks[i]); /* never begun */
    assert_int_equal(task_enter(poller, &tasks[0], 12345, probe_run, &err), RC_LIMIT);
    assert_true(err.os_errno != 0);
    destroy(poller);
}

/* However many are asked for. */
static void
test_most_tasks(void **state)
{
    static const uint32_t asked[] = {0, LIMIT_TASKS, LIMIT_TASKS + 1, UINT32_MAX};
    struct task *tasks = calloc((size_t)LIMIT_TASKS + 1, sizeof *tasks);
    struct err err = {.rc = RC_OK};

    (void)state;
    assert_non_null(tasks);
    for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
        const struct poller_config config = {.threads = 1, .max_tasks = asked[i]};
        struct poller *poller = NULL;
        assert_int_equal(poller_new(&config, &poller, &err), RC_OK);
        uint32_t count = 0;
        while (count <= LIMIT_TASKS &&
               task_enter(poller, &tasks[count], -1, probe_run, &err) == RC_OK)
            count++;
        assert_int_equal(count, LIMIT_TASKS);
        assert_int_equal(err.rc, RC_LIMIT);
        task_leave(&tasks[LIMIT_TASKS / 2]); /* its place is the next one's */
        assert_int_equal(task_enter(poller, &tasks[count], -1, probe_run, &err), RC_OK);
        tasks[LIMIT_TASKS / 2] = tasks[count];
        for (uint32_t t = 0; t < count; t++)
            task_leave(&tasks[t]);
        poller_free(poller);
    }
    free(tasks);
}

static atomic_int_fast64_t fake_now_us;

static int64_t
fake_us(const struct clock *clock)
{
    (void)clock;
    return atomic_load(&fake_now_us);
}

static const struct clock fake_clock = {fake_us, fake_us};

static void
test_timer_with_injected_clock(void **state)
{
    atomic_store(&fake_now_us, INT64_C(1000) * 1000000);
    struct poller *poller = make(2, &fake_clock);
    struct probe probe;

    (void)state;
    probe_init(&probe, -1);
    assert_int_equal(task_enter(poller, &probe.task, -1, probe_run, NULL), RC_OK);
    task_timer_set(&probe.task, 1500);
    task_timer_set(&probe.task, 1000 + 7 * 24 * 3600); /* moved: a week */
    task_begin(&probe.task);
    await(&probe.ran);
    atomic_store(&fake_now_us, (1000 + INT64_C(7) * 24 * 3600 - 1) * 1000000);
    poller_tick(poller);
    assert_int_equal(sem_trywait(&probe.ran), -1);
    atomic_fetch_add(&fake_now_us, 1000000);
    poller_tick(poller);
    await(&probe.ran);
    assert_true((atomic_load(&probe.why) & TASK_WHY_TIMER) != 0);
    assert_int_equal(atomic_load(&probe.runs), 2);
    probe_end(&probe, poller);
    destroy(poller);
}

static void
test_timer_of_the_machine(void **state)
{
    struct poller *poller = make(2, NULL);
    struct probe probe;

    (void)state;
    probe_init(&probe, -1);
    assert_int_equal(task_enter(poller, &probe.task, -1, probe_run, NULL), RC_OK);
    const int64_t now_s = clock_mono_us(&clock_system) / 1000000;
    task_timer_set(&probe.task, now_s + 60);
    task_timer_set(&probe.task, now_s + 1);
    task_begin(&probe.task);
    await(&probe.ran);
    await(&probe.ran); /* the timer, by the timerfd alone */
    assert_true(clock_mono_us(&clock_system) / 1000000 >= now_s + 1);
    assert_true((atomic_load(&probe.why) & TASK_WHY_TIMER) != 0);
    probe_end(&probe, poller);
    destroy(poller);
}

static void
test_stop_with_tasks_parked_queued_and_timed(void **state)
{
    struct poller *poller = make(2, NULL);
    struct probe probes[4];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(probes); i++) {
        probe_init(&probes[i], -1);
        atomic_store(&probes[i].spins, i == 0 ? INT32_MAX : 0); /* one never stops yielding */
        assert_int_equal(task_enter(poller, &probes[i].task, -1, probe_run, NULL), RC_OK);
        task_timer_set(&probes[i].task, INT64_C(1) << 40);
        task_begin(&probes[i].task);
    }
    await(&probes[1].ran);
    poller_stop(poller);
    for (size_t i = 0; i < ARRAY_LEN(probes); i++) {
        assert_true(task_wake(poller, probes[i].task.id)); /* known, but nobody runs it */
        task_leave(&probes[i].task);
        sem_destroy(&probes[i].ran);
    }
    poller_free(poller);
}

static void
test_slices(void **state)
{
    (void)state;
    assert_false(slice_spent()); /* no slice on this thread yet */
    slice_begin();
    assert_false(slice_spent());
    const int64_t start = clock_mono_us(&clock_system);
    while (clock_mono_us(&clock_system) - start < LIMIT_SLICE_US)
        continue;
    assert_true(slice_spent());
    assert_int_equal(work_thread_number(), 0);
}

static void
test_defaults(void **state)
{
    (void)state;
    assert_true(poller_default_threads() >= 16);
    assert_true(poller_default_threads() >= 8 * poller_cores());
    const struct task_id id = task_id_unpack(task_id_pack((struct task_id){7, 9}));
    assert_int_equal(id.slot, 7);
    assert_int_equal(id.gen, 9);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wake_runs_it),
        cmocka_unit_test(test_woken_while_running_runs_again),
        cmocka_unit_test(test_input_and_output),
        cmocka_unit_test(test_expects_input),
        cmocka_unit_test(test_hang_up_is_seen),
        cmocka_unit_test(test_yield_lets_sockets_in),
        cmocka_unit_test(test_generations),
        cmocka_unit_test(test_max_tasks),
        cmocka_unit_test(test_most_tasks),
        cmocka_unit_test(test_timer_with_injected_clock),
        cmocka_unit_test(test_timer_of_the_machine),
        cmocka_unit_test(test_stop_with_tasks_parked_queued_and_timed),
        cmocka_unit_test(test_slices),
        cmocka_unit_test(test_defaults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
