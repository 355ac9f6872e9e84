/* SPDX-License-Identifier: MIT */
/*
 * roost-session-keeper: the program, which also writes each session that it takes over in an
 * upgrade to a file in $ROOST_KEEP_SESSIONS. tests/fuzz/session_corpus.py makes the corpus of
 * fuzz_session with it. It is linked with --wrap=session_adopt.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "base/fd.h"
#include "session/handover.h"

enum rc __real_session_adopt(struct env *env, const struct front_door *const *doors, int fd,
                             struct span packed, struct session **out, struct err *err);
enum rc __wrap_session_adopt(struct env *env, const struct front_door *const *doors, int fd,
                             struct span packed, struct session **out, struct err *err);

static void
keep(const char *dir, struct span packed)
{
    static unsigned count;
    char path[4096];

    snprintf(path, sizeof path, "%s/%u", dir, count++);
    AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && write(fd, packed.ptr, packed.len) == (ssize_t)packed.len);
}

enum rc
__wrap_session_adopt(struct env *env, const struct front_door *const *doors, int fd,
                     struct span packed, struct session **out, struct err *err)
{
    const char *dir = getenv("ROOST_KEEP_SESSIONS");

    if (dir != NULL)
        keep(dir, packed);
    return __real_session_adopt(env, doors, fd, packed, out, err);
}
