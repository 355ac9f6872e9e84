/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "store/index/piece.h"

#include "base/check.h"
#include "store/index/list.h"

/* Odd numbers with as many ones as zeros, at random. */
#define MIX_1 UINT64_C(0x9a3fd1c56e2b8747)
#define MIX_2 UINT64_C(0xc4516be73d09af2d)

enum { LANES = 4, MAKER_OCTETS_MAX = 16 << 20 };

/* ---- checks ---- */

static uint64_t
load_u64(const char *at)
{
    uint64_t value;

    memcpy(&value, at, sizeof value);
    return value;
}

static uint64_t
mix(uint64_t state, uint64_t value)
{
    state += value * MIX_1;
    state = state << 29 | state >> 35;
    return state * MIX_2;
}

static uint64_t
finish(uint64_t state)
{
    state ^= state >> 32;
    state *= MIX_1;
    state ^= state >> 29;
    return state * MIX_2 ^ state >> 31;
}

/* Four lanes, because a processor can work on them at the same time. */
uint64_t
octets_check(uint64_t seed, struct span octets)
{
    uint64_t lane[LANES] = {seed, seed ^ MIX_1, seed + MIX_2, ~seed};
    char rest[LANES * 8] = {0};
    size_t at = 0;

    for (; octets.len - at >= sizeof rest; at += sizeof rest)
        for (size_t i = 0; i < LANES; i++)
            lane[i] = mix(lane[i], load_u64(octets.ptr + at + i * 8));
    if (at < octets.len)
        memcpy(rest, octets.ptr + at, octets.len - at);
    for (size_t i = 0; i < LANES; i++)
        lane[i] = mix(lane[i], load_u64(rest + i * 8));
    uint64_t check = mix(seed, octets.len);
    for (size_t i = 0; i < LANES; i++)
        check = mix(check, finish(lane[i]));
    return finish(check);
}

/* ---- making ---- */

void
piece_maker_init(struct piece_maker *maker, size_t octets)
{
    maker->full = octets;
    maker->last = 0;
    maker->count = 0;
    buf_init(&maker->terms, MAKER_OCTETS_MAX);
    buf_init(&maker->lengths, MAKER_OCTETS_MAX);
    buf_init(&maker->lists, MAKER_OCTETS_MAX);
}

void
piece_maker_done(struct piece_maker *maker)
{
    buf_done(&maker->terms);
    buf_done(&maker->lengths);
    buf_done(&maker->lists);
}

void
piece_maker_clear(struct piece_maker *maker)
{
    maker->count = 0;
    buf_clear(&maker->terms);
    buf_clear(&maker->lengths);
    buf_clear(&maker->lists);
}

void
piece_maker_put(struct piece_maker *maker, struct span term, uint64_t base, const uint64_t *ids,
                size_t count)
{
    const size_t before = buf_len(&maker->lists);

    CHECK(count <= LIST_IDS_MAX);
    if (maker->count++ == 0)
        buf_put_char(&maker->terms, '\n');
    maker->last = buf_len(&maker->terms);
    buf_put_span(&maker->terms, term);
    buf_put_char(&maker->terms, '\n');
    list_put(&maker->lists, base, ids, count);
    number_put(&maker->lengths, buf_len(&maker->lists) - before);
}

bool
piece_maker_is_full(const struct piece_maker *maker)
{
    return buf_len(&maker->terms) >= maker->full || buf_len(&maker->lists) >= maker->full;
}

bool
piece_maker_ends_with(const struct piece_maker *maker, struct span term)
{
    const struct span terms = buf_span(&maker->terms);

    return terms.len == maker->last + term.len + 1 &&
           span_eq(span_head(span_tail(terms, maker->last), term.len), term);
}

bool
piece_maker_lists(const struct piece_maker *maker, struct buf *out)
{
    buf_clear(out);
    number_put(out, buf_len(&maker->lengths));
    buf_put_span(out, buf_span(&maker->lengths));
    buf_put_span(out, buf_span(&maker->lists));
    return buf_ok(out) && buf_ok(&maker->terms) && buf_ok(&maker->lengths) &&
           buf_ok(&maker->lists);
}

/* ---- reading ---- */

bool
piece_is_sound(struct span terms)
{
    return terms.len >= 3 && terms.ptr[0] == '\n' && terms.ptr[terms.len - 1] == '\n';
}

static size_t
line_begin(struct span terms, size_t offset)
{
    while (terms.ptr[offset - 1] != '\n')
        offset--;
    return offset;
}

static struct span
line_from(struct span terms, size_t begin)
{
    const struct span rest = span_tail(terms, begin);
    const ptrdiff_t end = span_find_char(rest, '\n');

    return span_head(rest, end < 0 ? rest.len : (size_t)end);
}

struct span
piece_term_at(struct span terms, size_t offset)
{
    CHECK(offset < terms.len);
    return line_from(terms, line_begin(terms, offset == 0 ? 1 : offset));
}

struct span
piece_first_term(struct span terms)
{
    return piece_term_at(terms, 0);
}

struct span
piece_last_term(struct span terms)
{
    return piece_term_at(terms, terms.len - 1);
}

size_t
piece_lower_bound(struct span terms, struct span term)
{
    size_t low = 1;
    size_t high = terms.len;

    while (low < high) {
        const size_t begin = line_begin(terms, low + (high - low) / 2);
        const struct span line = line_from(terms, begin);
        if (span_cmp(line, term) < 0)
            low = begin + line.len + 1;
        else
            high = begin;
    }
    return low;
}

struct piece_walk
piece_walk_begin(struct span terms, struct span lists)
{
    uint64_t octets = 0;

    if (!number_get(&lists, &octets) || octets > lists.len)
        return (struct piece_walk){.sound = false};
    return (struct piece_walk){
        .terms = terms,
        .at = 1,
        .lengths = span_head(lists, (size_t)octets),
        .lists = span_tail(lists, (size_t)octets),
        .sound = true,
    };
}

/* Passes one list. */
static struct span
take_list(struct piece_walk *walk)
{
    uint64_t octets = 0;

    walk->sound = walk->sound && number_get(&walk->lengths, &octets) && octets > 0 &&
                  octets <= walk->lists.len;
    if (!walk->sound)
        return (struct span){0};
    const struct span list = span_head(walk->lists, (size_t)octets);
    walk->lists = span_tail(walk->lists, (size_t)octets);
    return list;
}

void
piece_walk_to(struct piece_walk *walk, size_t offset)
{
    if (!walk->sound)
        return;
    CHECK(offset >= walk->at && offset <= walk->terms.len);
    size_t lines = 0;
    for (const char *at = walk->terms.ptr + walk->at; at < walk->terms.ptr + offset; at++)
        lines += *at == '\n';
    while (lines-- > 0)
        (void)take_list(walk);
    walk->at = offset;
}

struct span
piece_walk_list(struct piece_walk *walk)
{
    struct piece_walk ahead = *walk;
    const struct span list = take_list(&ahead);

    walk->sound = ahead.sound;
    return list;
}

bool
piece_walk_next(struct piece_walk *walk)
{
    (void)take_list(walk);
    if (walk->sound)
        walk->at += line_from(walk->terms, walk->at).len + 1;
    return walk->sound && walk->at < walk->terms.len;
}
