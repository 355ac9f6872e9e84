/* SPDX-License-Identifier: MIT */
/*
 * The registry of the test engine: two SQLite handles on one file. One reads, the other makes
 * the changes, so that for the reader every change comes from somebody else. See seam_engine.h.
 */
#include "support/seam_engine.h"

#include <stdlib.h>
#include <string.h>

#include "store/registry_engine.h"

struct seam_registry {
    struct registry base;
    struct registry *reads;
    struct registry *changes;
};

static struct registry *
reads_of(struct registry *base)
{
    return CONTAINER_OF(base, struct seam_registry, base)->reads;
}

static struct registry *
changes_of(struct registry *base)
{
    return CONTAINER_OF(base, struct seam_registry, base)->changes;
}

#define OP(op, params, args)                                                                   \
    static enum rc seam_##op params                                                            \
    {                                                                                          \
        return registry_##op args;                                                             \
    }

OP(changes, (struct registry * base, uint64_t *serial_out, struct err *err),
   (reads_of(base), serial_out, err))
OP(read_address,
   (struct registry * base, struct span address, struct registry_hit *out, struct err *err),
   (reads_of(base), address, out, err))
OP(read_id, (struct registry * base, uint64_t id, struct registry_hit *out, struct err *err),
   (reads_of(base), id, out, err))
OP(read_domain, (struct registry * base, struct span domain, bool *used_out, struct err *err),
   (reads_of(base), domain, used_out, err))
OP(read_count,
   (struct registry * base, uint64_t *enabled_out, uint64_t *without_out, struct err *err),
   (reads_of(base), enabled_out, without_out, err))
OP(list,
   (struct registry * base, struct span after, size_t max, struct registry_account *rows,
    size_t *count_out, struct err *err),
   (reads_of(base), after, max, rows, count_out, err))
OP(alias_list,
   (struct registry * base, uint64_t id, struct arena *arena, struct span **out,
    size_t *count_out, struct err *err),
   (reads_of(base), id, arena, out, count_out, err))
OP(app_list,
   (struct registry * base, uint64_t account, struct app_password *rows, size_t *count_out,
    struct err *err),
   (reads_of(base), account, rows, count_out, err))
OP(app_find,
   (struct registry * base, uint64_t account, const uint8_t digest[APP_PASSWORD_DIGEST_OCTETS],
    struct app_password *out, struct err *err),
   (reads_of(base), account, digest, out, err))
OP(removed_list,
   (struct registry * base, uint64_t after, size_t max, struct registry_removed *rows,
    size_t *count_out, struct err *err),
   (reads_of(base), after, max, rows, count_out, err))
OP(removed_due,
   (struct registry * base, int64_t until_s, size_t max, struct registry_removed *rows,
    size_t *count_out, struct err *err),
   (reads_of(base), until_s, max, rows, count_out, err))

OP(add_many, (struct registry * base, struct registry_new *rows, size_t count, struct err *err),
   (changes_of(base), rows, count, err))
OP(set_password,
   (struct registry * base, uint64_t id, const char *crypt, const struct scram_keys *scram,
    struct err *err),
   (changes_of(base), id, crypt, scram, err))
OP(set_scram,
   (struct registry * base, uint64_t id, uint64_t generation, const struct scram_keys *scram,
    struct err *err),
   (changes_of(base), id, generation, scram, err))
OP(set_state, (struct registry * base, uint64_t id, enum account_state state, struct err *err),
   (changes_of(base), id, state, err))
OP(set_quota,
   (struct registry * base, uint64_t id, const struct quota_amounts *quota, struct err *err),
   (changes_of(base), id, quota, err))
OP(alias_add, (struct registry * base, uint64_t id, struct span address, struct err *err),
   (changes_of(base), id, address, err))
OP(alias_remove, (struct registry * base, uint64_t id, struct span address, struct err *err),
   (changes_of(base), id, address, err))
OP(app_add,
   (struct registry * base, uint64_t account, const struct app_password *password,
    const struct scram_keys *salt, uint64_t *id_out, struct err *err),
   (changes_of(base), account, password, salt, id_out, err))
OP(app_remove,
   (struct registry * base, uint64_t account, struct span name, uint64_t *id_out,
    struct err *err),
   (changes_of(base), account, name, id_out, err))
OP(app_used,
   (struct registry * base, const struct app_use *uses, size_t count, struct err *err),
   (changes_of(base), uses, count, err))
OP(remove, (struct registry * base, uint64_t id, struct err *err), (changes_of(base), id, err))
OP(restore,
   (struct registry * base, uint64_t id, struct span name, struct arena *arena,
    struct span **taken_out, size_t *taken_count_out, struct err *err),
   (changes_of(base), id, name, arena, taken_out, taken_count_out, err))
OP(purge_begin, (struct registry * base, uint64_t id, struct err *err),
   (changes_of(base), id, err))
OP(purge_end, (struct registry * base, uint64_t id, struct err *err),
   (changes_of(base), id, err))

OP(group_add, (struct registry * base, struct span name, uint64_t *id_out, struct err *err),
   (changes_of(base), name, id_out, err))
OP(group_remove, (struct registry * base, uint64_t id, struct err *err),
   (changes_of(base), id, err))
OP(group_find,
   (struct registry * base, struct span name, struct registry_group *out, struct err *err),
   (reads_of(base), name, out, err))
OP(group_get,
   (struct registry * base, uint64_t id, struct registry_group *out, struct err *err),
   (reads_of(base), id, out, err))
OP(group_list,
   (struct registry * base, struct span after, size_t max, struct registry_group *rows,
    size_t *count_out, struct err *err),
   (reads_of(base), after, max, rows, count_out, err))
OP(group_set_member,
   (struct registry * base, uint64_t group, uint64_t account, bool member, struct err *err),
   (changes_of(base), group, account, member, err))
OP(group_members,
   (struct registry * base, uint64_t group, struct arena *arena, struct span **out,
    size_t *count_out, struct err *err),
   (reads_of(base), group, arena, out, count_out, err))
OP(groups_of,
   (struct registry * base, uint64_t account, struct arena *arena, uint64_t **out,
    size_t *count_out, struct err *err),
   (reads_of(base), account, arena, out, count_out, err))
OP(share_note,
   (struct registry * base, uint64_t owner, const struct registry_share *share,
    struct err *err),
   (changes_of(base), owner, share, err))
OP(share_settle,
   (struct registry * base, uint64_t owner, const struct registry_share *shares, size_t count,
    struct err *err),
   (changes_of(base), owner, shares, count, err))
OP(read_sharers,
   (struct registry * base, const struct registry_share_asker *asker, size_t max,
    struct arena *arena, struct registry_sharer **out, size_t *count_out, struct err *err),
   (reads_of(base), asker, max, arena, out, count_out, err))
OP(read_shares_with,
   (struct registry * base, uint64_t owner, const struct registry_share_asker *asker, bool *out,
    struct err *err),
   (reads_of(base), owner, asker, out, err))
OP(read_shares, (struct registry * base, bool *out, struct err *err),
   (reads_of(base), out, err))

static void
seam_close(struct registry *base)
{
    registry_close(changes_of(base));
    registry_close(reads_of(base));
    registry_done(base);
    free(CONTAINER_OF(base, struct seam_registry, base));
}

static const struct registry_ops seam_ops = {
    .name = "seam",
#define REGISTRY_OP(op) .op = seam_##op,
#include "store/registry_ops.def"
#undef REGISTRY_OP
};

enum rc
registry_open_seam(enum rc (*open)(const struct sqlite_registry_options *options,
                                   struct registry **out, struct err *err),
                   const struct sqlite_registry_options *options, struct registry **out,
                   struct err *err)
{
    struct seam_registry *seam = calloc(1, sizeof *seam);

    if (seam == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory for the registry");
    enum rc rc = registry_init(&seam->base, &seam_ops, &options->registry);
    if (rc == RC_OK)
        rc = open(options, &seam->reads, err);
    if (rc == RC_OK)
        rc = open(options, &seam->changes, err);
    if (rc == RC_OK) {
        registry_secret(seam->reads, seam->base.secret);
        *out = &seam->base;
    } else {
        seam_close(&seam->base);
    }
    return rc;
}
