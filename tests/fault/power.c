/* SPDX-License-Identifier: MIT */
/* See the header: a small model of files and directories, replayed for each state. */
#include "power.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/disk.h"

enum { SECTOR = 512, NAME_MAX_OCTETS = 64, NODES_MAX = 4096 };

/* How many states are tried at each moment. */
enum { LONG_BITS = 8, LONG_RANDOM = 64, SAMPLE_RANDOM = 1 };

/* A recorded change, with copies of all it names. */
struct change {
    enum disk_what what;
    char *path;
    char *path_to;
    int64_t offset;
    char *data;
    size_t len;
};

struct power {
    char *root;
    struct change *changes;
    size_t count;
    size_t cap;
    size_t first; /* what came before it was there at the start */
};

/* One effect on one file or directory. */
struct effect {
    bool synced;
    enum { WRITE, TRUNCATE, NAME, UNNAME } kind;
    const struct change *change;
    char name[NAME_MAX_OCTETS]; /* NAME and UNNAME */
    int node;                   /* NAME */
};

struct node {
    bool is_dir;
    struct effect *effects;
    size_t count;
};

struct model {
    struct node nodes[NODES_MAX];
    int count;
};

/* Of a path, without a slash at its end; owned. */
static char *
below_root(const struct power *power, const char *path)
{
    char *copy = strdup(path + strlen(power->root));

    CHECK(copy != NULL);
    for (size_t len = strlen(copy); len > 0 && copy[len - 1] == '/'; len--)
        copy[len - 1] = '\0';
    return copy;
}

static void
record(void *ctx, const struct disk_op *op)
{
    struct power *power = ctx;

    if (strncmp(op->path, power->root, strlen(power->root)) != 0)
        return;
    if (power->count == power->cap) {
        power->cap = power->cap == 0 ? 256 : power->cap * 2;
        power->changes = realloc(power->changes, power->cap * sizeof *power->changes);
        CHECK(power->changes != NULL);
    }
    struct change *change = &power->changes[power->count++];
    *change =
        (struct change){.what = op->what,
                        .path = below_root(power, op->path),
                        .path_to = op->path_to == NULL ? NULL : below_root(power, op->path_to),
                        .offset = op->offset,
                        .len = op->data.len};
    if (op->data.len > 0) {
        change->data = malloc(op->data.len);
        CHECK(change->data != NULL);
        memcpy(change->data, op->data.ptr, op->data.len);
    }
}

/* ---- what is there before ---- */

/* nftw has no context. */
static struct power *taker;

static int
take_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    const char *dir = NULL;
    char parent[512];

    if (strcmp(path, taker->root) == 0)
        return 0;
    CHECK(type == FTW_D || type == FTW_F);
    snprintf(parent, sizeof parent, "%.*s", ftw->base - 1, path);
    dir = parent;
    record(taker,
           &(struct disk_op){.what = type == FTW_D ? DISK_MKDIR : DISK_CREATE, .path = path});
    if (type == FTW_F) {
        char *data = malloc((size_t)st->st_size + 1);
        const int fd = open(path, O_RDONLY | O_CLOEXEC);
        CHECK(data != NULL && fd >= 0);
        CHECK(read(fd, data, (size_t)st->st_size) == (ssize_t)st->st_size);
        close(fd);
        record(taker, &(struct disk_op){.what = DISK_WRITE,
                                        .path = path,
                                        .data = span_of(data, (size_t)st->st_size)});
        record(taker, &(struct disk_op){.what = DISK_SYNC, .path = path});
        free(data);
    }
    record(taker, &(struct disk_op){.what = DISK_SYNC_DIR, .path = dir});
    return 0;
}

struct power *
power_new(const char *root)
{
    struct power *power = calloc(1, sizeof *power);

    CHECK(power != NULL);
    power->root = strdup(root);
    taker = power;
    CHECK(nftw(root, take_file, 16, FTW_PHYS) == 0);
    power->first = power->count;
    disk_observe(record, power);
    return power;
}

void
power_stop(struct power *power)
{
    (void)power;
    disk_observe(NULL, NULL);
}

void
power_free(struct power *power)
{
    power_stop(power);
    for (size_t i = 0; i < power->count; i++) {
        free(power->changes[i].path);
        free(power->changes[i].path_to);
        free(power->changes[i].data);
    }
    free(power->changes);
    free(power->root);
    free(power);
}

size_t
power_count(const struct power *power)
{
    return power->count;
}

/* ---- the model ---- */

static struct effect *
effect_add(struct node *node)
{
    node->effects = realloc(node->effects, (node->count + 1) * sizeof *node->effects);
    CHECK(node->effects != NULL);
    struct effect *effect = &node->effects[node->count++];
    memset(effect, 0, sizeof *effect);
    return effect;
}

static int
node_new(struct model *model, bool is_dir)
{
    CHECK(model->count < NODES_MAX);
    model->nodes[model->count] = (struct node){.is_dir = is_dir};
    return model->count++;
}

/* The node that name is now, or -1. */
static int
lookup(const struct node *dir, const char *name)
{
    for (size_t i = dir->count; i > 0; i--)
        if (strcmp(dir->effects[i - 1].name, name) == 0)
            return dir->effects[i - 1].kind == NAME ? dir->effects[i - 1].node : -1;
    return -1;
}

/* The directory that path lies in, and its last part. */
static int
parent_of(const struct model *model, const char *path, char *name)
{
    int node = 0;

    CHECK(path[0] == '/');
    for (;;) {
        path++;
        const char *slash = strchr(path, '/');
        const size_t len = slash == NULL ? strlen(path) : (size_t)(slash - path);
        CHECK(len > 0 && len < NAME_MAX_OCTETS);
        memcpy(name, path, len);
        name[len] = '\0';
        if (slash == NULL)
            return node;
        node = lookup(&model->nodes[node], name);
        CHECK(node >= 0);
        path = slash;
    }
}

static int
node_of(const struct model *model, const char *path)
{
    char name[NAME_MAX_OCTETS];

    if (path[0] == '\0' || strcmp(path, "/") == 0)
        return 0;
    const int dir = parent_of(model, path, name);
    const int node = lookup(&model->nodes[dir], name);
    CHECK(node >= 0);
    return node;
}

static void
name_set(struct model *model, const char *path, int node)
{
    char name[NAME_MAX_OCTETS];
    const int dir = parent_of(model, path, name);
    struct effect *effect = effect_add(&model->nodes[dir]);

    effect->kind = node >= 0 ? NAME : UNNAME;
    effect->node = node;
    memcpy(effect->name, name, sizeof name);
}

static void
content_add(struct model *model, const struct change *change)
{
    struct effect *effect = effect_add(&model->nodes[node_of(model, change->path)]);

    effect->kind = change->what == DISK_WRITE ? WRITE : TRUNCATE;
    effect->change = change;
}

static void
sync_all(struct node *node)
{
    for (size_t i = 0; i < node->count; i++)
        node->effects[i].synced = true;
}

static void
apply(struct model *model, const struct change *change)
{
    switch (change->what) {
    case DISK_CREATE:
        name_set(model, change->path, node_new(model, false));
        break;
    case DISK_MKDIR:
        name_set(model, change->path, node_new(model, true));
        break;
    case DISK_WRITE:
    case DISK_TRUNCATE:
        content_add(model, change);
        break;
    case DISK_RENAME: {
        const int node = node_of(model, change->path);
        name_set(model, change->path, -1);
        name_set(model, change->path_to, node);
        break;
    }
    case DISK_UNLINK:
    case DISK_RMDIR:
        name_set(model, change->path, -1);
        break;
    case DISK_SYNC:
    case DISK_SYNC_DIR:
        sync_all(&model->nodes[node_of(model, change->path)]);
        break;
    }
}

static struct model *
model_at(const struct power *power, size_t at)
{
    struct model *model = calloc(1, sizeof *model);

    CHECK(model != NULL);
    node_new(model, true);
    for (size_t i = 0; i < at; i++)
        apply(model, &power->changes[i]);
    return model;
}

static void
model_free(struct model *model)
{
    for (int i = 0; i < model->count; i++)
        free(model->nodes[i].effects);
    free(model);
}

size_t
power_pending(const struct power *power, size_t at)
{
    struct model *model = model_at(power, at);
    size_t pending = 0;

    for (int i = 0; i < model->count; i++)
        for (size_t k = 0; k < model->nodes[i].count; k++)
            pending += !model->nodes[i].effects[k].synced;
    model_free(model);
    return pending;
}

/* ---- what the disk has ---- */

enum fate { LOST, KEPT, TORN };

struct choice {
    enum power_mode mode;
    uint64_t subset;
    struct rng *rng;
    unsigned next; /* pending effect, counted over all nodes */
};

static enum fate
fate_of(struct choice *choice, const struct effect *effect)
{
    if (effect->synced)
        return KEPT;
    const unsigned n = choice->next++;
    switch (choice->mode) {
    case POWER_NOTHING:
        return LOST;
    case POWER_ALL:
        return KEPT;
    case POWER_SUBSET:
        return n < 64 && (choice->subset >> n & 1) != 0 ? KEPT : LOST;
    case POWER_RANDOM:
        break;
    }
    return effect->kind == WRITE ? (enum fate)rng_below(choice->rng, 3)
                                 : (enum fate)rng_below(choice->rng, 2);
}

static void
put(int fd, const char *data, size_t len, int64_t offset)
{
    CHECK(pwrite(fd, data, len, (off_t)offset) == (ssize_t)len);
}

/* Some of its sectors. */
static void
put_torn(int fd, const struct change *change, struct rng *rng)
{
    for (size_t at = 0; at < change->len;) {
        const size_t in_sector = SECTOR - (size_t)(change->offset + (int64_t)at) % SECTOR;
        const size_t len = in_sector < change->len - at ? in_sector : change->len - at;
        if (rng_below(rng, 2) == 0)
            put(fd, change->data + at, len, change->offset + (int64_t)at);
        at += len;
    }
}

static void
file_write(const struct node *node, const enum fate *fates, struct rng *rng, const char *path)
{
    const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    CHECK(fd >= 0);
    for (size_t i = 0; i < node->count; i++) {
        const struct change *change = node->effects[i].change;
        if (fates[i] == LOST)
            continue;
        if (node->effects[i].kind == TRUNCATE)
            CHECK(ftruncate(fd, (off_t)change->offset) == 0);
        else if (fates[i] == TORN)
            put_torn(fd, change, rng);
        else
            put(fd, change->data, change->len, change->offset);
    }
    close(fd);
}

static void
node_write(const struct model *model, enum fate *const *fates, int at, struct rng *rng,
           const char *path)
{
    const struct node *node = &model->nodes[at];
    char child[512];

    if (!node->is_dir) {
        file_write(node, fates[at], rng, path);
        return;
    }
    CHECK(mkdir(path, 0700) == 0);
    for (size_t i = 0; i < node->count; i++) {
        const struct effect *effect = &node->effects[i];
        bool last = fates[at][i] == KEPT && effect->kind == NAME;
        for (size_t k = i + 1; k < node->count && last; k++)
            last = fates[at][k] == LOST || strcmp(node->effects[k].name, effect->name) != 0;
        if (!last)
            continue;
        snprintf(child, sizeof child, "%.440s/%s", path, effect->name);
        node_write(model, fates, effect->node, rng, child);
    }
}

void
power_rebuild(const struct power *power, size_t at, enum power_mode mode, uint64_t subset,
              struct rng *rng, const char *dir)
{
    struct model *model = model_at(power, at);
    struct choice choice = {.mode = mode, .subset = subset, .rng = rng};
    enum fate **fates = calloc((size_t)model->count, sizeof *fates);

    CHECK(fates != NULL);
    for (int i = 0; i < model->count; i++) {
        const struct node *node = &model->nodes[i];
        fates[i] = calloc(node->count + 1, sizeof *fates[i]);
        CHECK(fates[i] != NULL);
        for (size_t k = 0; k < node->count; k++)
            fates[i][k] = fate_of(&choice, &node->effects[k]);
    }
    node_write(model, fates, 0, rng, dir);
    for (int i = 0; i < model->count; i++)
        free(fates[i]);
    free(fates);
    model_free(model);
}

/* ---- looking ---- */

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

struct looking {
    const struct power *power;
    const char *base;
    power_check_fn *check;
    void *ctx;
    struct rng rng;
    bool thorough;
    uint64_t states;
};

static void
look_at(struct looking *looking, size_t at, enum power_mode mode, uint64_t subset)
{
    char dir[70];

    snprintf(dir, sizeof dir, "%.60s/state", looking->base);
    power_rebuild(looking->power, at, mode, subset, &looking->rng, dir);
    looking->check(looking->ctx, at, dir);
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    looking->states++;
}

static void
look_at_moment(struct looking *looking, size_t at)
{
    const size_t pending = power_pending(looking->power, at);

    look_at(looking, at, POWER_NOTHING, 0);
    if (looking->thorough || at % 5 == 0)
        look_at(looking, at, POWER_ALL, 0);
    if (looking->thorough && pending <= LONG_BITS)
        for (uint64_t subset = 1; subset + 1 < UINT64_C(1) << pending; subset++)
            look_at(looking, at, POWER_SUBSET, subset);
    for (int i = 0; i < (looking->thorough ? LONG_RANDOM : SAMPLE_RANDOM); i++)
        look_at(looking, at, POWER_RANDOM, 0);
}

void
power_look(const struct power *power, const char *base, power_check_fn *check, void *ctx)
{
    struct looking looking = {.power = power,
                              .base = base,
                              .check = check,
                              .ctx = ctx,
                              .thorough = getenv("ROOST_LONG") != NULL};
    const char *seed = getenv("ROOST_SEED");

    rng_seed(&looking.rng, seed != NULL ? strtoull(seed, NULL, 10) : 1);
    for (size_t at = power->first; at <= power->count;
         at += looking.thorough ? 1 : 2 + rng_below(&looking.rng, 4))
        look_at_moment(&looking, at);
    printf("%zu changes, %ju states\n", power->count - power->first, (uintmax_t)looking.states);
}
