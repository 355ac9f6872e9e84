/* SPDX-License-Identifier: MIT */
/*
 * Tasks: their table, their state words, the run queue. The diagram is in net/task.h; each
 * transition is one compare-and-swap here:
 *
 *   RUNNING -> PARKED             task_run, after arming the descriptor
 *   PARKED -> RUNNING             task_take_event (the thread that got the epoll event)
 *   PARKED -> WAKING              task_mark (wakes, timers): links it into the run queue
 *   WAKING -> RUNNING             task_run_queued, a thread that took it off the queue
 *   RUNNING -> RUNNING_WOKEN      task_mark, task_take_event
 *   RUNNING_WOKEN -> RUNNING      task_run: again at once while the slice lasts
 *   RUNNING(_WOKEN) -> WAKING     task_run: yield, or woken with the slice spent; task_begin
 *   RUNNING(_WOKEN) -> free       task_leave: generation + 1
 *
 * INV: a slot is linked in the run queue exactly while its state is WAKING. A mark set at any
 * time but after task_leave is seen by a run that starts later: no wake is lost.
 */
#include "net/task.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/check.h"
#include "net/poller_private.h"

static _Thread_local unsigned work_thread_self;
static _Thread_local int64_t slice_start_us; /* 0: no slice on this thread */

static uint64_t
word_make(uint32_t gen, unsigned state, uint32_t why)
{
    return (uint64_t)gen << 32 | (uint64_t)why << WHY_SHIFT | state;
}

static uint32_t
word_gen(uint64_t word)
{
    return (uint32_t)(word >> 32);
}

static unsigned
word_state(uint64_t word)
{
    return (unsigned)(word & STATE_MASK);
}

static uint32_t
word_why(uint64_t word)
{
    return (uint32_t)(word & UINT32_MAX) >> WHY_SHIFT;
}

/* --- slices --- */

/* Slices share the machine's processors, so they are measured in real time, whatever clock is
 * injected. */
void
slice_begin(void)
{
    slice_start_us = clock_mono_us(&clock_system);
}

int64_t
slice_elapsed_us(void)
{
    return clock_mono_us(&clock_system) - slice_start_us;
}

bool
slice_spent(void)
{
    return slice_start_us != 0 && slice_elapsed_us() >= LIMIT_SLICE_US;
}

void
work_thread_set_number(unsigned number)
{
    work_thread_self = number;
}

unsigned
work_thread_number(void)
{
    return work_thread_self;
}

/* --- run queue --- */

void
signal_thread(struct poller *poller)
{
    const uint64_t one = 1;

    /* Never read, so the counter only grows: 2^64 wakes are not to be had. */
    CHECK(write(poller->event_fd, &one, sizeof one) == (ssize_t)sizeof one);
}

/* Under queue_lock. One signal under way is enough: the thread it wakes passes it on. */
static bool
needs_signal(struct poller *poller)
{
    if (atomic_load(&poller->idle) == 0 || atomic_load(&poller->signalled))
        return false;
    atomic_store(&poller->signalled, true);
    poller->signals++;
    return true;
}

void
queue_push(struct poller *poller, uint32_t slot, enum queue_signal signal)
{
    struct task_slot *entry = task_slot_at(poller, slot);
    bool wake_one = false;

    lock_enter(&poller->queue_lock);
    if (poller->stopped) {
        lock_leave(&poller->queue_lock);
        return;
    }
    entry->queue_next = SLOT_NONE;
    if (poller->queue_head == SLOT_NONE)
        poller->queue_head = slot;
    else
        task_slot_at(poller, poller->queue_tail)->queue_next = slot;
    poller->queue_tail = slot;
    poller->queue_len++;
    if (signal == QUEUE_SIGNAL) {
        poller->wakes++;
        wake_one = needs_signal(poller);
    }
    lock_leave(&poller->queue_lock);
    if (wake_one)
        signal_thread(poller);
}

uint32_t
queue_pop_or_idle(struct poller *poller)
{
    bool wake_one = false;

    lock_enter(&poller->queue_lock);
    const uint32_t slot = poller->queue_head;
    if (slot != SLOT_NONE) {
        poller->queue_head = task_slot_at(poller, slot)->queue_next;
        poller->queue_len--;
        if (poller->queue_head != SLOT_NONE)
            wake_one = needs_signal(poller); /* there is work for one more */
    } else {
        atomic_fetch_add(&poller->idle, 1);
    }
    lock_leave(&poller->queue_lock);
    if (wake_one)
        signal_thread(poller);
    return slot;
}

/* --- table --- */

struct task_slot *
task_slot_at(struct poller *poller, uint32_t slot)
{
    if (slot >= LIMIT_TASKS)
        return NULL;
    struct task_slot *chunk =
        atomic_load_explicit(&poller->chunks[slot / SLOTS_PER_CHUNK], memory_order_acquire);
    return chunk == NULL ? NULL : &chunk[slot % SLOTS_PER_CHUNK];
}

uint64_t
task_slot_id(const struct task_slot *slot)
{
    return task_id_pack((struct task_id){slot->number, word_gen(atomic_load(&slot->word))});
}

static struct task_slot *
slot_of(const struct task *task)
{
    return task_slot_at(task->poller, task_id_unpack(task->id).slot);
}

/* Under table_lock: one more chunk, its slots on the free list in ascending order. */
static bool
table_grow(struct poller *poller)
{
    const uint32_t first = poller->slot_count;

    if (first >= LIMIT_TASKS)
        return false;
    struct task_slot *chunk = calloc(SLOTS_PER_CHUNK, sizeof *chunk);
    if (chunk == NULL)
        return false;
    for (uint32_t i = 0; i < SLOTS_PER_CHUNK; i++) {
        atomic_init(&chunk[i].word, word_make(1, STATE_FREE, 0));
        timer_init(&chunk[i].timer);
        chunk[i].number = first + i;
        chunk[i].queue_next = i + 1 < SLOTS_PER_CHUNK ? first + i + 1 : SLOT_NONE;
    }
    atomic_store_explicit(&poller->chunks[first / SLOTS_PER_CHUNK], chunk,
                          memory_order_release);
    poller->free_head = first;
    poller->slot_count += SLOTS_PER_CHUNK;
    return true;
}

static uint32_t
table_take(struct poller *poller)
{
    uint32_t slot = SLOT_NONE;

    lock_enter(&poller->table_lock);
    if (poller->task_count < poller->max_tasks &&
        (poller->free_head != SLOT_NONE || table_grow(poller))) {
        slot = poller->free_head;
        poller->free_head = task_slot_at(poller, slot)->queue_next;
        poller->task_count++;
        if (poller->task_count > poller->task_peak)
            poller->task_peak = poller->task_count;
    }
    lock_leave(&poller->table_lock);
    return slot;
}

static void
table_give(struct poller *poller, uint32_t slot)
{
    lock_enter(&poller->table_lock);
    task_slot_at(poller, slot)->queue_next = poller->free_head;
    poller->free_head = slot;
    poller->task_count--;
    lock_leave(&poller->table_lock);
}

enum rc
task_enter(struct poller *poller, struct task *task, int fd, task_run_fn run, struct err *err)
{
    const uint32_t number = table_take(poller);
    if (number == SLOT_NONE)
        return err_set(err, RC_LIMIT, 0, "no room for more than %u tasks", poller->max_tasks);

    struct task_slot *slot = task_slot_at(poller, number);
    const uint32_t gen = word_gen(atomic_load(&slot->word));
    *task = (struct task){
        .poller = poller,
        .run = run,
        .id = task_id_pack((struct task_id){number, gen}),
        .fd = fd,
    };
    slot->task = task;
    atomic_store(&slot->word, word_make(gen, STATE_RUNNING, 0));
    if (fd < 0)
        return RC_OK;

    /* Registered without interest: parking asks for it. Errors are reported even so. */
    struct epoll_event ev = {.events = EPOLLONESHOT, .data.u64 = task->id};
    if (epoll_ctl(poller->epoll_fd, EPOLL_CTL_ADD, fd, &ev) != 0) {
        const int os_errno = errno;
        task->fd = -1;
        task_leave(task);
        return err_set(err, RC_LIMIT, os_errno, "epoll takes no more descriptors");
    }
    return RC_OK;
}

void
task_begin(struct task *task)
{
    struct poller *poller = task->poller;
    const struct task_id id = task_id_unpack(task->id);
    struct task_slot *slot = slot_of(task);
    uint64_t word = atomic_load(&slot->word);

    CHECK(word_state(word) == STATE_RUNNING || word_state(word) == STATE_WOKEN);
    while (!atomic_compare_exchange_weak(
        &slot->word, &word, word_make(id.gen, STATE_WAKING, word_why(word) | TASK_WHY_START)))
        continue;
    queue_push(poller, id.slot, QUEUE_SIGNAL); /* from here *task is another thread's */
}

/* --- timers --- */

/* Under timer_lock: the timerfd is set to the earliest second that has something to do. */
static void
arm_timerfd(struct poller *poller, int64_t due_s)
{
    if (poller->timer_fd < 0 || due_s == poller->armed_s)
        return;
    struct itimerspec spec = {0};
    if (due_s != TIMER_NEVER) {
        spec.it_value.tv_sec = due_s > 0 ? (time_t)due_s : 0;
        spec.it_value.tv_nsec = 1; /* all zero would switch it off */
    }
    CHECK(timerfd_settime(poller->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL) == 0);
    poller->armed_s = due_s;
}

void
task_timer_set(struct task *task, int64_t due_s)
{
    struct poller *poller = task->poller;
    struct task_slot *slot = task_slot_at(poller, task_id_unpack(task->id).slot);

    lock_enter(&poller->timer_lock);
    if (slot->timer.due_s != due_s) {
        timer_set(&poller->wheel, &slot->timer, due_s);
        if (due_s < poller->armed_s)
            arm_timerfd(poller, due_s);
    }
    lock_leave(&poller->timer_lock);
}

void
task_timer_unset(struct task *task)
{
    struct poller *poller = task->poller;
    struct task_slot *slot = task_slot_at(poller, task_id_unpack(task->id).slot);

    lock_enter(&poller->timer_lock);
    timer_unset(&poller->wheel, &slot->timer); /* the timerfd may tick once for nothing */
    lock_leave(&poller->timer_lock);
}

size_t
task_timers_due(struct poller *poller, uint64_t ids[TIMER_BATCH])
{
    struct timer *due[TIMER_BATCH];

    lock_enter(&poller->timer_lock);
    const size_t n = timer_wheel_expire(&poller->wheel, poller_now_s(poller), due, TIMER_BATCH);
    /* A task unsets its timer before its generation ends: these are all alive. */
    for (size_t i = 0; i < n; i++)
        ids[i] = task_slot_id(CONTAINER_OF(due[i], struct task_slot, timer));
    poller->timers_fired += n;
    if (n < TIMER_BATCH) {
        poller->armed_s = TIMER_NEVER; /* it has gone off, or is set again */
        arm_timerfd(poller, timer_wheel_next(&poller->wheel));
    }
    lock_leave(&poller->timer_lock);
    return n;
}

/* --- end --- */

void
task_leave(struct task *task)
{
    struct poller *poller = task->poller;
    const struct task_id id = task_id_unpack(task->id);
    struct task_slot *slot = slot_of(task);

    /* Timers first: the wheel names the task by the generation it finds in the slot. */
    task_timer_unset(task);
    if (task->fd >= 0)
        CHECK(epoll_ctl(poller->epoll_fd, EPOLL_CTL_DEL, task->fd, NULL) == 0);
    slot->task = NULL;
    uint32_t gen = id.gen + 1;
    if (gen == 0)
        gen = 1;  /* 0 is nobody */
    task->id = 0; /* before the identity dies: who waits for that may free the task */
    task->armed = 0;
    const uint64_t old = atomic_exchange(&slot->word, word_make(gen, STATE_FREE, 0));
    CHECK(word_gen(old) == id.gen && word_state(old) != STATE_FREE);
    table_give(poller, id.slot);
}

/* --- wakes and events --- */

bool
task_mark(struct poller *poller, uint64_t id, uint32_t why)
{
    const struct task_id tid = task_id_unpack(id);
    struct task_slot *slot = task_slot_at(poller, tid.slot);
    if (slot == NULL)
        return false;

    uint64_t word = atomic_load(&slot->word);
    unsigned state;
    uint64_t next;
    /* Always a write, even if the bit is there already: it orders the message just posted
     * before the run that will take the mark. */
    do {
        state = word_state(word);
        if (word_gen(word) != tid.gen || state == STATE_FREE)
            return false;
        unsigned next_state = state;
        if (state == STATE_PARKED)
            next_state = STATE_WAKING;
        else if (state == STATE_RUNNING)
            next_state = STATE_WOKEN;
        next = word_make(tid.gen, next_state, word_why(word) | why);
    } while (!atomic_compare_exchange_weak(&slot->word, &word, next));
    if (state == STATE_PARKED)
        queue_push(poller, tid.slot, QUEUE_SIGNAL);
    return true;
}

bool
task_take_event(struct poller *poller, uint64_t id, uint32_t why, uint32_t *why_out)
{
    const struct task_id tid = task_id_unpack(id);
    struct task_slot *slot = task_slot_at(poller, tid.slot);
    if (slot == NULL)
        return false;

    uint64_t word = atomic_load(&slot->word);
    unsigned state;
    uint64_t next;
    do {
        state = word_state(word);
        if (word_gen(word) != tid.gen || state == STATE_FREE)
            return false;
        if (state == STATE_PARKED)
            next = word_make(tid.gen, STATE_RUNNING, 0);
        else if (state == STATE_RUNNING)
            next = word_make(tid.gen, STATE_WOKEN, word_why(word) | why);
        else
            next = word_make(tid.gen, state, word_why(word) | why);
    } while (!atomic_compare_exchange_weak(&slot->word, &word, next));
    if (state != STATE_PARKED)
        return false;
    *why_out = word_why(word) | why;
    return true;
}

bool
task_wake(struct poller *poller, uint64_t id)
{
    return task_mark(poller, id, TASK_WHY_WOKEN);
}

static void
wake_by_ctx(void *ctx, uint64_t id)
{
    struct poller *poller = ctx;
    task_wake(poller, id);
}

struct wake
task_waker(struct poller *poller, uint64_t id)
{
    return (struct wake){.fn = wake_by_ctx, .ctx = poller, .id = id};
}

/* --- running --- */

bool
task_expects_input(const struct task *task)
{
    return (task->armed & EPOLLIN) != 0;
}

/* Asks epoll for what the task waits for, unless it is asked already. */
static void
arm(struct task *task, enum task_next next)
{
    uint32_t want = 0;

    if (next == TASK_PARK_INPUT)
        want = EPOLLIN | EPOLLRDHUP;
    else if (next == TASK_PARK_OUTPUT)
        want = EPOLLOUT;
    if (task->fd < 0 || want == 0 || task->armed == want)
        return;
    struct epoll_event ev = {.events = want | EPOLLONESHOT, .data.u64 = task->id};
    CHECK(epoll_ctl(task->poller->epoll_fd, EPOLL_CTL_MOD, task->fd, &ev) == 0);
    task->armed = want;
}

void
task_run(struct poller *poller, uint32_t number, uint32_t why)
{
    const uint32_t from_epoll =
        TASK_WHY_INPUT | TASK_WHY_OUTPUT | TASK_WHY_HANGUP | TASK_WHY_ERROR;
    struct task_slot *slot = task_slot_at(poller, number);
    struct task *task = slot->task;
    const uint32_t gen = task_id_unpack(task->id).gen;

    slice_begin();
    for (;;) {
        if ((why & from_epoll) != 0)
            task->armed = 0; /* EPOLLONESHOT: that was the one */
        const enum task_next next = task->run(task, why);
        if (next == TASK_GONE)
            return; /* *task may be freed, the slot another's */
        CHECK(task->id == task_id_pack((struct task_id){number, gen}));
        if (next == TASK_YIELD)
            break;
        arm(task, next);
        uint64_t word = word_make(gen, STATE_RUNNING, 0);
        if (atomic_compare_exchange_strong(&slot->word, &word, word_make(gen, STATE_PARKED, 0)))
            return; /* another thread may run it already */
        /* Woken meanwhile. */
        if (slice_spent())
            break;
        why = word_why(atomic_exchange(&slot->word, word_make(gen, STATE_RUNNING, 0)));
    }
    uint64_t word = atomic_load(&slot->word);
    while (!atomic_compare_exchange_weak(
        &slot->word, &word, word_make(gen, STATE_WAKING, word_why(word) | TASK_WHY_YIELDED)))
        continue;
    queue_push(poller, number, QUEUE_NO_NEED);
}

void
task_run_queued(struct poller *poller, uint32_t number)
{
    struct task_slot *slot = task_slot_at(poller, number);

    /* WAKING cannot end otherwise, so the generation read first still holds. */
    const uint32_t gen = word_gen(atomic_load(&slot->word));
    const uint64_t old = atomic_exchange(&slot->word, word_make(gen, STATE_RUNNING, 0));
    CHECK(word_state(old) == STATE_WAKING);
    task_run(poller, number, word_why(old));
}
