/* SPDX-License-Identifier: MIT */
/*
 * One task for all of them: its descriptor is an epoll instance that has their sockets, so one
 * that is parting costs a few words, and no slot, timer or thread. All stay for the same time,
 * so the list is in the order of deadlines.
 *
 * From one peer no more than LIMIT_PARTING_OCTETS are read. Beyond that its octets stay in the
 * kernel: it can send nothing more, and has until the deadline to read, like all others.
 *
 * INV: a socket is on the list exactly while it is in the epoll instance. Both change under the
 * lock, and events are taken and handled under it too, so an event never names one that is
 * gone.
 */
#include "net/parting.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/list.h"
#include "base/lock.h"
#include "net/task.h"

enum { EVENTS = 16, SINK_OCTETS = 16384 };

struct one {
    struct list link;
    int fd;
    uint32_t octets; /* read so far */
    int64_t until_us;
};

struct parting {
    struct task task;
    struct poller *poller; /* borrowed */
    uint64_t id;           /* of the task; constant */
    int epoll_fd;          /* owned */
    int64_t timer_s;       /* what the task's timer is set to; running thread only */

    struct lock lock;  /* LOCK_LEAF: next three */
    struct list peers; /* struct one; the longest here first */
    size_t count;
    bool timed; /* the timer is set, for no later than any deadline here or to come */
};

/* --- under the lock --- */

static void
away(struct parting *parting, struct one *one)
{
    list_remove(&one->link);
    parting->count--;
    close(one->fd); /* leaves epoll by that */
    free(one);
}

static void
oldest_away(struct parting *parting)
{
    away(parting, CONTAINER_OF(parting->peers.next, struct one, link));
}

/* The limit is reached: from here only its end is of interest. */
static void
read_no_more(const struct parting *parting, struct one *one)
{
    struct epoll_event ev = {.events = EPOLLRDHUP, .data.ptr = one};

    (void)epoll_ctl(parting->epoll_fd, EPOLL_CTL_MOD, one->fd, &ev); /* fails: it is read on */
}

static void
drop_input(struct parting *parting, struct one *one)
{
    char sink[SINK_OCTETS];
    const ssize_t n = recv(one->fd, sink, sizeof sink, MSG_DONTWAIT);

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        away(parting, one);
        return;
    }
    if (n < 0 || one->octets >= LIMIT_PARTING_OCTETS)
        return; /* after its FIN all that is left is read: it cannot grow */
    one->octets += (uint32_t)n;
    if (one->octets >= LIMIT_PARTING_OCTETS)
        read_no_more(parting, one);
}

/* --- the task --- */

/* False: no more input now. */
static bool
drop_some(struct parting *parting)
{
    struct epoll_event events[EVENTS];
    const int n = epoll_wait(parting->epoll_fd, events, EVENTS, 0);

    for (int i = 0; i < n; i++)
        drop_input(parting, events[i].data.ptr);
    return n > 0;
}

static enum task_next
parting_run(struct task *task, uint32_t why)
{
    struct parting *parting = CONTAINER_OF(task, struct parting, task);
    const int64_t now_us = clock_mono_us(poller_clock(parting->poller));
    bool more = true;

    if ((why & TASK_WHY_TIMER) != 0)
        parting->timer_s = 0;
    while (more && !slice_spent()) {
        lock_enter(&parting->lock);
        more = drop_some(parting);
        lock_leave(&parting->lock);
    }
    lock_enter(&parting->lock);
    while (parting->count > 0 &&
           CONTAINER_OF(parting->peers.next, struct one, link)->until_us <= now_us)
        oldest_away(parting);
    /* When they are all gone a timer stays set: it costs less than to be woken for the next. */
    if (parting->count > 0 && parting->timer_s == 0)
        parting->timer_s =
            CONTAINER_OF(parting->peers.next, struct one, link)->until_us / 1000000 + 1;
    parting->timed = parting->timer_s != 0;
    lock_leave(&parting->lock);
    if (parting->timer_s != 0)
        task_timer_set(&parting->task, parting->timer_s);
    return more ? TASK_YIELD : TASK_PARK_INPUT;
}

/* --- for sessions --- */

void
parting_take(struct parting *parting, int fd)
{
    struct one *one = malloc(sizeof *one);
    struct epoll_event ev = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = one};
    bool set_timer = false;

    if (one == NULL) {
        close(fd);
        return;
    }
    *one = (struct one){
        .fd = fd, .until_us = clock_mono_us(poller_clock(parting->poller)) + LIMIT_PARTING_US};
    lock_enter(&parting->lock);
    if (parting->count == LIMIT_PARTING)
        oldest_away(parting);
    const bool taken = epoll_ctl(parting->epoll_fd, EPOLL_CTL_ADD, fd, &ev) == 0;
    if (taken) {
        list_push_back(&parting->peers, &one->link);
        parting->count++;
        set_timer = !parting->timed;
    }
    lock_leave(&parting->lock);
    if (!taken) {
        close(fd);
        free(one);
    } else if (set_timer) {
        task_wake(parting->poller, parting->id);
    }
}

void
parting_give_way(struct parting *parting)
{
    lock_enter(&parting->lock);
    if (parting->count > 0)
        oldest_away(parting);
    lock_leave(&parting->lock);
}

size_t
parting_count(struct parting *parting)
{
    lock_enter(&parting->lock);
    const size_t count = parting->count;
    lock_leave(&parting->lock);
    return count;
}

/* --- life --- */

enum rc
parting_new(struct poller *poller, struct parting **out, struct err *err)
{
    struct parting *parting = calloc(1, sizeof *parting);

    if (parting == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory for closing connections");
    lock_init(&parting->lock, LOCK_LEAF);
    list_init(&parting->peers);
    parting->poller = poller;
    parting->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    const enum rc rc =
        parting->epoll_fd < 0
            ? err_set(err, rc_of_errno(errno), errno, "epoll_create1")
            : task_enter(poller, &parting->task, parting->epoll_fd, parting_run, err);
    if (rc != RC_OK) {
        parting_free(parting);
        return rc;
    }
    parting->id = parting->task.id;
    task_begin(&parting->task);
    *out = parting;
    return RC_OK;
}

void
parting_free(struct parting *parting)
{
    if (parting == NULL)
        return;
    while (parting->count > 0)
        oldest_away(parting);
    if (parting->id != 0)
        task_leave(&parting->task);
    if (parting->epoll_fd >= 0)
        close(parting->epoll_fd);
    lock_done(&parting->lock);
    free(parting);
}
