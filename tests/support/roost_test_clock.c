/* SPDX-License-Identifier: MIT */
/*
 * A server whose clock is moved by a test: roost-test-clock CONFIG [section.key=value...]
 *
 * It is `roost serve` except for the clock, which stands still until a line "+SECONDS" arrives
 * on standard input. Then it advances second by second. After each second in which a timer
 * fired, it waits until the work threads are at rest and the peers' kernels have acknowledged
 * what was sent. "now SECONDS" is printed at the end. So days of idling pass in seconds, and
 * every run is the same.
 *
 * A line "order OCTETS" limits the memory for SORT and THREAD to this, and prints "left
 * OCTETS": what was available before, minus what is in use. "contexts OCTETS" does the same for
 * large results that are kept up to date, and "notify OCTETS" for what NOTIFY keeps of
 * mailboxes of other users.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "daemon/server.h"
#include "net/poller.h"
#include "session/env.h"
#include "support/fake_clock.h"

enum { FDS = 1024, REST_US = 20, REST_MAX_US = 2000000 };

static struct fake_clock now;
static struct poller *poller;
static struct env *env;

/* Whether all peers have acknowledged everything, except those to which the kernel repeats it:
 * they have vanished. */
static bool
is_acknowledged(void)
{
    for (int fd = 0; fd < FDS; fd++) {
        struct tcp_info info;
        socklen_t len = sizeof info;
        if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
            info.tcpi_state == TCP_ESTABLISHED && info.tcpi_unacked > 0 &&
            info.tcpi_retransmits == 0)
            return false;
    }
    return true;
}

static void
come_to_rest(void)
{
    for (int waited_us = 0; waited_us < REST_MAX_US; waited_us += REST_US) {
        struct poller_stats stats;
        poller_stats_get(poller, &stats);
        if (stats.queued == 0 && stats.idle == stats.threads && is_acknowledged())
            return;
        usleep(REST_US);
    }
}

static void
move(long seconds)
{
    struct poller_stats stats;

    come_to_rest(); /* for input that arrived before */
    for (long i = 0; i < seconds; i++) {
        poller_stats_get(poller, &stats);
        const uint64_t timers = stats.timers;
        fake_clock_move_ms(&now, 1000);
        poller_tick(poller);
        poller_stats_get(poller, &stats);
        if (stats.timers != timers)
            come_to_rest();
    }
}

static void
leave(struct budget *budget, const char *octets)
{
    const int64_t left = budget->total - budget_used(budget);
    const int64_t more = left - strtoll(octets, NULL, 10);

    if (more > 0)
        CHECK(budget_take(budget, more));
    else
        budget_give(budget, -more);
    printf("left %jd\n", (intmax_t)left);
}

static void *
obey(void *arg)
{
    char line[64];

    (void)arg;
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (strncmp(line, "order ", 6) == 0) {
            leave(&env->order_budget, line + 6);
        } else if (strncmp(line, "contexts ", 9) == 0) {
            leave(&env->context_budget, line + 9);
        } else if (strncmp(line, "notify ", 7) == 0) {
            leave(&env->notify_budget, line + 7);
        } else {
            move(strtol(line, NULL, 10));
            printf("now %jd\n", (intmax_t)(clock_mono_us(&now.clock) / 1000000));
        }
        fflush(stdout);
    }
    return NULL;
}

static void
on_ready(struct env *ready)
{
    pthread_t thread;

    env = ready;
    poller = env->poller;
    CHECK(pthread_create(&thread, NULL, obey, NULL) == 0);
    CHECK(pthread_detach(thread) == 0);
}

int
main(int argc, char **argv)
{
    struct err err = {.rc = RC_OK};

    if (argc < 2)
        return 2;
    const struct serve_options options = {.config_path = argv[1],
                                          .overrides = (const char *const *)(argv + 2),
                                          .override_count = (size_t)argc - 2,
                                          .ready = on_ready,
                                          .clock = &now.clock};
    fake_clock_init(&now, 0);
    fake_clock_move_ms(&now, clock_wall_us(&clock_system) / 1000);
    if (server_run(&options, &err) == RC_OK)
        return 0;
    fprintf(stderr, "roost-test-clock: %s\n", err.text);
    return 1;
}
