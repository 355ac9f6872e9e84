/* SPDX-License-Identifier: MIT */
/* See the header. It waits for signals, in short steps. */
#include "daemon/leaving.h"

#include <signal.h>
#include <time.h>

#include "base/limits.h"
#include "session/table.h"

enum { STEP_MS = 20, STUCK_MS = LIMIT_LINGER_US / 1000 + 5000 };

struct leaving {
    struct env *env;
    enum session_post post;
    int64_t began_ms;
    int64_t per_s; /* sessions that are told in a second */
    int64_t told;
    int64_t last_ms; /* when somebody was last told */
    bool hurried;
};

static int64_t
now_ms(const struct leaving *leaving)
{
    return clock_mono_ms(leaving->env->clock);
}

/* The number of sessions whose turn has come. */
static void
tell(struct leaving *leaving)
{
    const int64_t due = leaving->per_s * (now_ms(leaving) - leaving->began_ms + STEP_MS) / 1000;

    if (due <= leaving->told)
        return;
    const size_t count =
        session_post_next(leaving->env->table, leaving->post, (size_t)(due - leaving->told));
    leaving->told = due; /* there were fewer, so sessions that arrive now are told at once */
    if (count > 0)
        leaving->last_ms = now_ms(leaving);
}

static void
hurry(struct leaving *leaving)
{
    session_post_all(leaving->env->table, 0, (enum session_post)(leaving->post | POST_HURRY),
                     NULL, 0);
    leaving->last_ms = now_ms(leaving);
    leaving->hurried = true;
}

/* Waits for one step. False: a signal says to hurry. */
static bool
step_wait(void)
{
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    return sigtimedwait(&set, NULL, &step) > 0;
}

bool
sessions_leave(struct env *env, enum session_post post)
{
    const uint32_t spread_s = env_settings(env)->shutdown_spread_s;
    struct leaving leaving = {.env = env, .post = post};

    leaving.began_ms = leaving.last_ms = now_ms(&leaving);
    leaving.per_s = (int64_t)session_table_count(env->table) / (spread_s == 0 ? 1 : spread_s);
    if (leaving.per_s < LIMIT_LEAVING_PACE)
        leaving.per_s = LIMIT_LEAVING_PACE;
    if (spread_s == 0)
        leaving.per_s = UINT32_MAX;
    while (session_table_count(env->table) > 0) {
        const int64_t waited_ms = now_ms(&leaving) - leaving.last_ms;
        if (leaving.hurried && waited_ms > STUCK_MS)
            return false;
        if (!leaving.hurried)
            tell(&leaving);
        if (step_wait() || (!leaving.hurried && waited_ms > LIMIT_FINISH_MS))
            hurry(&leaving);
    }
    return true;
}
