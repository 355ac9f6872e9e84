/* SPDX-License-Identifier: MIT */
/*
 * What an engine's registry is: a table with a function for each row of store/registry_ops.def.
 * For engines only; everybody else includes registry.h.
 *
 * An engine keeps rows: accounts by number, and every address that leads to one. What a login
 * name means, where mail goes, which names are good and what is cached is the same for all of
 * them and is decided above (registry.c, registry_find.c, registry_cache.c). An engine's own
 * struct begins with a struct registry and is larger:
 *
 *     struct my_registry { struct registry base; ... };
 *
 * add_many skips rows that are refused already. What a change has to be when it returns:
 * durable, whole or not there at all, and seen by every look-up that begins later.
 *
 * Thread: any, all functions; they may wait for the engine, and no lock is held meanwhile.
 */
#ifndef STORE_REGISTRY_ENGINE_H
#define STORE_REGISTRY_ENGINE_H

#include "base/lock.h"
#include "base/map.h"
#include "store/app_password.h"
#include "store/registry.h"
#include "store/removed.h"
#include "store/sharing.h"

/* What an address or a number means. */
struct registry_hit {
    bool found;
    bool alias; /* the address is not the account's own name */
    struct registry_account account;
};

/* A name in lower case (ASCII). */
struct registry_name {
    char text[REGISTRY_NAME_OCTETS];
    size_t len;
    size_t at; /* offset of '@', or len */
};
enum registry_name_kind {
    NAME_ACCOUNT, /* name or name@domain */
    NAME_ADDRESS, /* these, or @domain */
};
/** RC_INVALID. Names that are looked up come to an engine as this makes them; names that are to
 *  be added come as they were given, and the engine passes them through this. */
MUST_USE enum rc registry_name_make(struct span text, enum registry_name_kind kind,
                                    struct registry_name *out, struct err *err);
static inline struct span
registry_name_span(const struct registry_name *name)
{
    return span_of(name->text, name->len);
}

/* ---- asked of engines only ---- */

/** *serial_out is another number than the last time when somebody else (another process,
 * another machine) has changed something since. */
MUST_USE enum rc registry_changes(struct registry *registry, uint64_t *serial_out,
                                  struct err *err);
/** Nobody there is RC_OK and !out->found. */
MUST_USE enum rc registry_read_address(struct registry *registry, struct span address,
                                       struct registry_hit *out, struct err *err);
MUST_USE enum rc registry_read_id(struct registry *registry, uint64_t id,
                                  struct registry_hit *out, struct err *err);
/** Whether some account or alias has this domain. */
MUST_USE enum rc registry_read_domain(struct registry *registry, struct span domain,
                                      bool *used_out, struct err *err);
/** As registry_count. */
MUST_USE enum rc registry_read_count(struct registry *registry, uint64_t *enabled_out,
                                     uint64_t *without_scram_out, struct err *err);
/* Who asks with whom mailboxes are shared. */
struct registry_share_asker {
    uint64_t account;
    bool with_anyone; /* rows of ACL_ANYONE count */
};
/** As registry_sharers. */
MUST_USE enum rc registry_read_sharers(struct registry *registry,
                                       const struct registry_share_asker *asker, size_t max,
                                       struct arena *arena, struct registry_sharer **out,
                                       size_t *count_out, struct err *err);
/** As registry_shares_with. */
MUST_USE enum rc registry_read_shares_with(struct registry *registry, uint64_t owner,
                                           const struct registry_share_asker *asker, bool *out,
                                           struct err *err);
/** As registry_shares. */
MUST_USE enum rc registry_read_shares(struct registry *registry, bool *out, struct err *err);

struct registry_ops {
    const char *name; /* of the engine */
#define REGISTRY_OP(op) SAME_TYPE(registry_##op) * op;
#include "store/registry_ops.def"
#undef REGISTRY_OP
};

struct registry {
    const struct registry_ops *ops;
    const struct clock *clock; /* borrowed */
    struct map own_domains;    /* lower case; the values mean nothing */
    uint8_t secret[32];        /* the engine sets it when it opens */

    struct lock lock; /* LOCK_REGISTRY; guards the rest; never held across the engine */
    uint64_t serial;  /* registry_changes gave it last */
    int64_t checked_us;
    struct map cache;      /* addresses and ids to struct registry_kept: registry_cache.c */
    uint64_t epoch;        /* grows with each change that is known of */
    uint64_t rights_epoch; /* grows with each of those that rights may depend on */
    uint64_t generation;   /* grows when it is emptied: what was read before is not put in */
    bool counted;
    uint64_t enabled;
    uint64_t without_scram;
    enum { SHARES_UNKNOWN, SHARES_NONE, SHARES_SOME } shares;
    uint64_t shares_serial; /* grows when that is forgotten */
    bool without_anyone;    /* what is granted to anyone has no effect */
};

/** For the engine, when it opens and closes one. RC_LIMIT: no memory for the domains;
 * registry_done then, too. */
MUST_USE enum rc registry_init(struct registry *registry, const struct registry_ops *ops,
                               const struct registry_options *options);
void registry_done(struct registry *registry);

#endif
