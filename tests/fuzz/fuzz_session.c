/* SPDX-License-Identifier: MIT */
/*
 * Packed sessions, as one process gets them from another, through the doors of IMAP and LMTP.
 * What is understood is packed again and understood again, as the same octets. The seeds of the
 * corpus must all be understood: when the form of packed sessions changes, session_corpus.py
 * makes them anew.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "daemon/ports.h"
#include "mailbox/memory/account.h"
#include "session/handover.h"
#include "session/table.h"
#include "store/engine_sqlite.h"
#include "store/registry.h"
#include "support/fake_clock.h"
#include "support/tmpdir.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    struct tmpdir dir;
    struct fake_clock now;
    struct settings settings;
    struct moving moving;
    struct store *store;
    struct env env;
    int ends[2];
    unsigned understood; /* inputs */
    unsigned seeds;      /* in the corpus that is replayed; 0: none is */
} world;

static void
world_end(void)
{
    CHECK(world.understood >= world.seeds); /* or session_corpus.py has not been run */
    accounts_free(world.env.accounts);
    registry_close(world.env.registry);
    store_close(world.store);
    session_table_free(world.env.table); /* checks that nobody is left in it */
    poller_free(world.env.poller);
    moving_done(&world.moving);
    close(world.ends[0]);
    close(world.ends[1]);
    tmpdir_remove(&world.dir);
}

static unsigned
files_in(const char *path)
{
    DIR *dir = path == NULL ? NULL : opendir(path);
    unsigned count = 0;

    if (dir == NULL)
        return 0;
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

static void
world_begin(void)
{
    static char accounts[256];
    struct env *env = &world.env;
    const struct poller_config poller = {.threads = 1, .clock = &world.now.clock};
    struct sqlite_options store = {
        .dir = accounts, .store.clock = &world.now.clock, .max_open_fds = 30};
    struct err err = {.rc = RC_OK};

    world.seeds = files_in(getenv("ROOST_SEEDS_OF_SESSIONS"));
    tmpdir_make(&world.dir);
    snprintf(accounts, sizeof accounts, "%s", tmpdir_file(&world.dir, "accounts"));
    fake_clock_init(&world.now, 1700000000);
    fake_clock_move_ms(&world.now, 100000000);
    env->clock = &world.now.clock;
    env->moving = &world.moving;
    atomic_store(&env->settings, &world.settings);
    moving_init(&world.moving);
    CHECK(store_open_sqlite(&store, &world.store, &err) == RC_OK);
    CHECK(accounts_new(world.store, env->clock, &env->accounts) == RC_OK);
    const struct sqlite_registry_options registry = {
        .registry.clock = env->clock,
        .path = tmpdir_file(&world.dir, "registry.db"),
        .create = true,
    };
    CHECK(registry_open_sqlite(&registry, &env->registry, &err) == RC_OK);
    CHECK(poller_new(&poller, &env->poller, &err) == RC_OK); /* never started */
    CHECK(session_table_new(&env->table) == RC_OK);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, world.ends) == 0);
    CHECK(atexit(world_end) == 0);
}

/* The session as octets again; NULL: there is none, or it cannot be packed. */
static struct moved *
there_and_back(struct span packed)
{
    struct session *session = NULL;
    struct err err = {.rc = RC_OK};

    const int fd = dup(world.ends[0]);
    CHECK(fd >= 0);
    if (session_adopt(&world.env, port_doors, fd, packed, &session, &err) != RC_OK) {
        close(fd);
        return NULL;
    }
    world.understood++;
    if (!session->door->at_rest(session) || !session_move(session)) {
        session_adopted_drop(session);
        return NULL;
    }
    world.moving.count--;
    return CONTAINER_OF(list_pop_front(&world.moving.list), struct moved, link);
}

static void
moved_free(struct moved *moved)
{
    if (moved == NULL)
        return;
    close(moved->fd);
    free(moved);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (world.store == NULL)
        world_begin();
    struct moved *first = there_and_back(span_of(data, size));
    if (first != NULL) {
        struct moved *second = there_and_back(span_of(first->packed, first->octets));
        CHECK(second != NULL && span_eq(span_of(first->packed, first->octets),
                                        span_of(second->packed, second->octets)));
        moved_free(second);
    }
    moved_free(first);
    CHECK(session_table_count(world.env.table) == 0);
    CHECK(atomic_load(&world.env.busy) == 0 && atomic_load(&world.env.resuming) == 0);
    return 0;
}
