/* SPDX-License-Identifier: MIT */
/* A registry with a few accounts and cheap hashes, for the tests of logins. */
#ifndef UNIT_AUTH_FIXTURE_H
#define UNIT_AUTH_FIXTURE_H

#include "support/cm.h"

#include <string.h>

#include "auth/auth.h"
#include "support/fake_clock.h"
#include "support/tmpdir.h"
#include "store/engine_sqlite.h"

struct fixture {
    struct tmpdir dir;
    struct fake_clock now;
    struct registry *registry;
    struct auth *auth;
    uint64_t joe;      /* joe: pencil, with keys */
    uint64_t imported; /* imported@example.org: pencil, a hash alone */
    uint64_t off;      /* off: pencil, disabled */
    uint64_t empty;    /* empty: no password */
};

static const struct password_policy fixture_policy = {
    .prefix = "$2b$", .cost = 4, .scram_iterations = 4096};

static inline void
fixture_open(struct fixture *f)
{
    struct err err;
    static const char *const domains[] = {"example.org"};
    static char path[256];
    char hash[REGISTRY_CRYPT_OCTETS];
    struct scram_keys keys;

    tmpdir_make(&f->dir);
    fake_clock_init(&f->now, 1794486257);
    snprintf(path, sizeof path, "%s", tmpdir_file(&f->dir, "registry.db"));
    const struct sqlite_registry_options options = {.path = path,
                                                    .registry.clock = &f->now.clock,
                                                    .registry.domains = domains,
                                                    .registry.domain_count = 1,
                                                    .create = true};
    assert_ok(registry_open_sqlite(&options, &f->registry, &err));
    assert_ok(password_new(&fixture_policy, SPAN("pencil"), hash, &keys, &err));
    assert_ok(registry_add(f->registry, SPAN("joe"), hash, &keys, &f->joe, &err));
    assert_ok(registry_add(f->registry, SPAN("imported@example.org"), hash, NULL, &f->imported,
                           &err));
    assert_ok(registry_add(f->registry, SPAN("off"), hash, &keys, &f->off, &err));
    assert_ok(registry_set_state(f->registry, f->off, ACCOUNT_DISABLED, &err));
    assert_ok(registry_add(f->registry, SPAN("empty"), "", NULL, &f->empty, &err));
    const struct auth_options auth_options = {
        .registry = f->registry, .clock = &f->now.clock, .policy = fixture_policy};
    assert_ok(auth_open(&f->auth, &auth_options, &err));
}

static inline void
fixture_close(struct fixture *f)
{
    auth_close(f->auth);
    registry_close(f->registry);
    tmpdir_remove(&f->dir);
}

#endif
