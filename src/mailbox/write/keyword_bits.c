/* SPDX-License-Identifier: MIT */
/*
 * See the header. A command may name keywords by the hundred thousand (its length is the only
 * limit), so each is looked up in a table of hashes, and the store is not asked again once it
 * has no room.
 */
#include "mailbox/write/keyword_bits.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/map.h"
#include "mailbox/memory/change.h"

enum {
    SLOTS = 4 * LIMIT_KEYWORDS, /* a power of two */
    NAMES_ARENA = 2 * LIMIT_KEYWORDS * (LIMIT_KEYWORD_OCTETS + 64),
};

struct known {
    struct span *names; /* by number */
    size_t count;
    uint8_t slots[SLOTS]; /* number + 1; 0: none */
};

static size_t
slot_of(struct span name)
{
    char lower[LIMIT_KEYWORD_OCTETS];
    const size_t octets = name.len < sizeof lower ? name.len : sizeof lower;

    for (size_t i = 0; i < octets; i++)
        lower[i] = ascii_lower(name.ptr[i]);
    return map_hash(span_of(lower, octets)) % SLOTS;
}

static void
known_put(struct known *known, struct span name, uint32_t number)
{
    size_t at = slot_of(name);

    while (known->slots[at] != 0)
        at = (at + 1) % SLOTS;
    known->slots[at] = (uint8_t)(number + 1);
    known->names[number] = name;
}

/* The number of a name; LIMIT_KEYWORDS: it has none. */
static uint32_t
known_find(const struct known *known, struct span name)
{
    size_t at = slot_of(name);

    for (; known->slots[at] != 0; at = (at + 1) % SLOTS)
        if (span_ieq(known->names[known->slots[at] - 1], name))
            return known->slots[at] - 1u;
    return LIMIT_KEYWORDS;
}

static enum rc
known_read(struct turn_ctx *ctx, uint64_t mbox, struct arena *arena, struct known *out,
           struct err *err)
{
    struct span *names = NULL;
    size_t count = 0;
    enum rc rc = store_keywords(ctx->tx, mbox, arena, &names, &count, err);

    *out = (struct known){.names = arena_array(arena, struct span, LIMIT_KEYWORDS)};
    if (rc == RC_OK && out->names == NULL)
        rc = err_set(err, RC_LIMIT, 0, "keywords: out of memory");
    for (uint32_t i = 0; rc == RC_OK && i < count; i++)
        if (names[i].len > 0)
            known_put(out, names[i], i);
    return rc;
}

enum rc
keyword_bits(struct turn_ctx *ctx, const struct keyword_list *list, struct keywords *out,
             size_t *lost_out, struct err *err)
{
    struct known known = {.names = NULL};
    struct keywords bits = {{0, 0}};
    AUTO_ARENA arena = {0};
    size_t lost = 0;
    enum rc rc = RC_OK;

    arena_init(&arena, NAMES_ARENA);
    if (list->count > 0)
        rc = known_read(ctx, list->mbox, &arena, &known, err);
    for (size_t i = 0; rc == RC_OK && i < list->count; i++) {
        const struct span name = list->names[i];
        uint32_t number = known_find(&known, name);
        if (number == LIMIT_KEYWORDS && !list->only_known && lost == 0) {
            rc = store_keyword_add(ctx->tx, list->mbox, name, &number, err);
            if (rc == RC_NOT_FOUND) {
                number = LIMIT_KEYWORDS;
                rc = RC_OK;
            } else if (rc == RC_OK) {
                known_put(&known, name, number);
                rc = change_keyword(ctx->changes, list->mbox, number, name);
            }
        }
        if (number < LIMIT_KEYWORDS)
            bits.bits[number / 64] |= UINT64_C(1) << number % 64;
        else
            lost += !list->only_known;
    }
    if (rc != RC_OK)
        return rc;
    *out = bits;
    *lost_out = lost;
    return RC_OK;
}
