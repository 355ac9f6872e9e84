/* SPDX-License-Identifier: MIT */
/*
 * kill -9 between any two changes on disk while an account is removed, restored, removed again
 * and purged. A child does it and is killed after the Nth change, for N = 1, 2, 3 ... until it
 * comes to its end. After each death the account is in use, or removed with all of its mail, or
 * being purged; nothing in between; and what was acknowledged has happened. Purging again then
 * leaves nothing of it, and never touches the account that has the name meanwhile.
 */
#include "support.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/disk.h"
#include "store/registry.h"
#include "store/removed.h"

enum { MESSAGES = 3, ALIASES = 2, CHANGES_MAX = 2000 };

/* What the child has acknowledged last. */
enum step { NOTHING, REMOVED, RESTORED, REMOVED_AGAIN, NAME_GIVEN, PURGED };

static const char *const domains[] = {"localhost"};

struct scene {
    struct fixture *fx;
    struct registry *registry;
    char registry_path[200];
    uint64_t id;
};

static void
registry_begin(struct scene *scene)
{
    const struct sqlite_registry_options options = {.path = scene->registry_path,
                                                    .registry.clock = &test_clock,
                                                    .registry.domains = domains,
                                                    .registry.domain_count = 1,
                                                    .create = true};
    struct fixture *fx = scene->fx;

    assert_ok(registry_open_sqlite(&options, &scene->registry, &fx->err));
}

/* Opens the account's store again, which is the parent's or the child's own. */
static void
account_begin(struct scene *scene)
{
    struct fixture *fx = scene->fx;

    assert_ok(store_open_sqlite(&fx->options, &fx->store, &fx->err));
    registry_begin(scene);
}

static void
account_end(struct scene *scene)
{
    registry_close(scene->registry);
    if (scene->fx->acct != NULL)
        store_account_put(scene->fx->acct);
    store_close(scene->fx->store);
    scene->fx->acct = NULL;
    scene->fx->store = NULL;
}

/* One account, number 1, with mail and aliases; everything is closed. */
static struct scene
scene_make(void)
{
    struct scene scene = {.fx = fixture_new()};
    struct fixture *fx = scene.fx;

    snprintf(scene.registry_path, sizeof scene.registry_path, "%s/registry.db", fx->dir);
    registry_begin(&scene);
    assert_ok(registry_add(scene.registry, SPAN("anna"), "$y$x", NULL, &scene.id, &fx->err));
    assert_ok(registry_alias_add(scene.registry, scene.id, SPAN("sales"), &fx->err));
    assert_ok(registry_alias_add(scene.registry, scene.id, SPAN("info"), &fx->err));
    store_account_put(fx->acct);
    assert_ok(store_account_get(fx->store, scene.id, &fx->acct));
    fill(fx, "INBOX", MESSAGES);
    account_end(&scene);
    return scene;
}

/* ---- the child ---- */

static unsigned changes_left;

static void
change_done(void)
{
    if (--changes_left == 0)
        kill(getpid(), SIGKILL);
}

/* What the store does to its files and their names. */
static void
on_change(void *ctx, const struct disk_op *op)
{
    (void)ctx;
    (void)op;
    change_done();
}

/* What SQLite does by itself to the registry. */
static ssize_t
counted_write(int fd, const void *data, size_t octets)
{
    const ssize_t done = write(fd, data, octets);

    change_done();
    return done;
}

static ssize_t
counted_pwrite(int fd, const void *data, size_t octets, off_t offset)
{
    const ssize_t done = pwrite(fd, data, octets, offset);

    change_done();
    return done;
}

static int
counted_truncate(int fd, off_t octets)
{
    const int done = ftruncate(fd, octets);

    change_done();
    return done;
}

static int
counted_unlink(const char *path)
{
    const int done = unlink(path);

    change_done();
    return done;
}

static void
changes_count(unsigned changes)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find("unix");

    changes_left = changes;
    disk_observe(on_change, NULL);
    vfs->xSetSystemCall(vfs, "write", (sqlite3_syscall_ptr)counted_write);
    vfs->xSetSystemCall(vfs, "pwrite", (sqlite3_syscall_ptr)counted_pwrite);
    vfs->xSetSystemCall(vfs, "pwrite64", (sqlite3_syscall_ptr)counted_pwrite);
    vfs->xSetSystemCall(vfs, "ftruncate", (sqlite3_syscall_ptr)counted_truncate);
    vfs->xSetSystemCall(vfs, "unlink", (sqlite3_syscall_ptr)counted_unlink);
}

static void
tell(int pipe_fd, enum step step)
{
    const char octet = (char)step;

    if (write(pipe_fd, &octet, 1) != 1)
        _exit(2);
}

static void
child_restore(struct scene *scene)
{
    struct fixture *fx = scene->fx;
    struct span *taken = NULL;
    size_t count = 0;

    assert_ok(registry_restore(scene->registry, scene->id, SPAN(""), &fx->arena, &taken, &count,
                               &fx->err));
    assert_int_equal(count, 0);
}

static void
child_live(struct scene *scene, int pipe_fd, unsigned changes)
{
    struct fixture *fx = scene->fx;
    uint64_t other = 0;

    account_begin(scene);
    changes_count(changes);
    assert_ok(registry_remove(scene->registry, scene->id, &fx->err));
    tell(pipe_fd, REMOVED);
    child_restore(scene);
    tell(pipe_fd, RESTORED);
    assert_ok(registry_remove(scene->registry, scene->id, &fx->err));
    tell(pipe_fd, REMOVED_AGAIN);
    assert_ok(registry_add(scene->registry, SPAN("anna"), "$y$y", NULL, &other, &fx->err));
    tell(pipe_fd, NAME_GIVEN);
    assert_ok(removed_purge(scene->registry, fx->store, scene->id, &fx->err));
    tell(pipe_fd, PURGED);
    _exit(0);
}

/* ---- the parent ---- */

static bool
mail_is_there(struct scene *scene)
{
    struct fixture *fx = scene->fx;

    assert_ok(store_account_get(fx->store, scene->id, &fx->acct));
    struct store_tx *tx = begin_read(fx);
    const struct mbox_row inbox = mbox_row(fx, tx, "INBOX");
    store_end(tx);
    verify(fx);
    store_account_put(fx->acct);
    fx->acct = NULL;
    return inbox.exists == MESSAGES;
}

/* In use, with its aliases. */
static bool
is_in_use(struct scene *scene)
{
    struct fixture *fx = scene->fx;
    struct registry_account account;
    struct span *aliases = NULL;
    size_t count = 0;

    const enum rc rc = registry_find_id(scene->registry, scene->id, &account, &fx->err);
    if (rc == RC_NOT_FOUND)
        return false;
    assert_ok(rc);
    assert_string_equal(account.name, "anna");
    assert_ok(registry_alias_list(scene->registry, scene->id, &fx->arena, &aliases, &count,
                                  &fx->err));
    assert_int_equal(count, ALIASES);
    return true;
}

static bool
directory_is_there(const struct scene *scene)
{
    char path[300];
    struct stat st;

    for (unsigned i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%02jx/%02jx/%ju%s", scene->fx->accounts,
                 (uintmax_t)(scene->id & 255), (uintmax_t)(scene->id >> 8 & 255),
                 (uintmax_t)scene->id, i == 0 ? "" : ".removed");
        if (stat(path, &st) == 0)
            return true;
    }
    return false;
}

/* What of it is removed: a row that says whether it is being purged. */
static bool
is_removed(struct scene *scene, bool *purging_out)
{
    struct fixture *fx = scene->fx;
    struct registry_removed rows[4];
    size_t count = 0;

    assert_ok(registry_removed_list(scene->registry, 0, 4, rows, &count, &fx->err));
    assert_true(count <= 1);
    *purging_out = count == 1 && rows[0].purging;
    assert_true(count == 0 || rows[0].id == scene->id);
    return count == 1;
}

static void
state_check(struct scene *scene, enum step told)
{
    struct fixture *fx = scene->fx;
    struct registry_account other;
    bool purging = false;
    const bool in_use = is_in_use(scene);
    const bool removed = is_removed(scene, &purging);

    assert_false(in_use && removed);
    if (!in_use && !removed) { /* gone: only as the last step */
        assert_true(told >= NAME_GIVEN);
        assert_false(directory_is_there(scene));
    } else if (!purging) {
        assert_true(mail_is_there(scene));
    }
    /* What was acknowledged, or one step more. */
    if (told == NOTHING)
        assert_true((in_use || removed) && !purging);
    else if (told == REMOVED || told == RESTORED)
        assert_true((in_use || removed) && !purging);
    else if (told == REMOVED_AGAIN)
        assert_true(removed && !purging);
    else if (told == PURGED)
        assert_true(!in_use && !removed);
    else
        assert_false(in_use);
    if (removed) { /* housekeeping's next round */
        assert_ok(removed_purge(scene->registry, fx->store, scene->id, &fx->err));
        assert_false(is_removed(scene, &purging));
        assert_false(directory_is_there(scene));
    }
    if (told >= NAME_GIVEN) {
        assert_ok(registry_find(scene->registry, SPAN("anna"), &other, &fx->err));
        assert_true(other.id > scene->id);
    }
}

/* True: the child came to its end. */
static bool
one_death(unsigned changes)
{
    struct scene scene = scene_make();
    struct fixture *fx = scene.fx;
    int fds[2];
    int status = 0;
    char octet;
    enum step told = NOTHING;

    assert_int_equal(pipe(fds), 0);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(fds[0]);
        child_live(&scene, fds[1], changes);
    }
    close(fds[1]);
    while (read(fds[0], &octet, 1) == 1) {
        assert_int_equal((int)octet, told + 1);
        told = (enum step)octet;
    }
    close(fds[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    const bool ended = WIFEXITED(status);
    assert_true(ended ? WEXITSTATUS(status) == 0 && told == PURGED
                      : WTERMSIG(status) == SIGKILL);
    account_begin(&scene);
    state_check(&scene, told);
    account_end(&scene);
    unlink(scene.registry_path);
    assert_ok(store_open_sqlite(&fx->options, &fx->store, &fx->err));
    assert_ok(store_account_get(fx->store, 7, &fx->acct)); /* as fixture_free expects */
    fixture_free(fx);
    return ended;
}

static void
every_change(void **state)
{
    unsigned changes = 1;

    (void)state;
    while (!one_death(changes)) {
        changes++;
        assert_true(changes < CHANGES_MAX);
    }
    printf("killed after each of %u changes\n", changes - 1);
    assert_true(changes > 30); /* the observer sees the registry and the account's files */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_change)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
