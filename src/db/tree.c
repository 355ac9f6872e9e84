/* SPDX-License-Identifier: MIT */
/*
 * A page of an index tree (fileformat2.html 1.6): a header; for each cell where it is, in the
 * order of keys; the cells. A cell of an inner page has a row too: it stands between those of
 * the child that it names and those of the next child. The last child is named in the header.
 * A walk is in one cell of each level; the one of the last level is given next.
 *
 * Nothing in a page is believed: every place is compared with the end of the page, and keys
 * must ascend, so that a damaged tree is left, at the latest, when its rows come again.
 */
#include "db/tree.h"

#include <endian.h>
#include <string.h>

#include "db/big_endian.h"

enum {
    TYPE_INNER = 2, /* of an index */
    TYPE_LEAF = 10,
    AT_CELLS = 3, /* in a page's header */
    AT_LAST_CHILD = 8,
    HEADER_LEAF = 8,
    HEADER_INNER = 12,
    CHILD_OCTETS = 4,
    PAYLOAD_MAX = 127, /* a longer one would have its length in two octets */
};

/* Of a page of so many octets, the longest payload that is not continued in another page. */
static uint32_t
payload_whole(uint32_t page)
{
    return (page - 12) * 64 / 255 - 23;
}

/* Of the types of a record's header that are integers, by number: how many octets they take,
 * and how far eight octets that begin with them are to be shifted. */
static const uint8_t type_octets[] = {0, 1, 2, 3, 4, 6, 8, 0, 0, 0};
static const uint8_t type_shift[] = {0, 56, 48, 40, 32, 16, 0, 0, 63, 63};
enum { TYPE_NULL = 0, TYPE_REAL = 7, TYPE_ZERO = 8, TYPE_ONE = 9 };

/* ---- records ---- */

struct record {
    const unsigned char *octets; /* and PAGES_SLACK more may be read */
    uint32_t len;
};

/* Shifting keeps the sign in all compilers that can compile the rest. */
static inline int64_t
value_of(const unsigned char *at, unsigned type)
{
    uint64_t octets;

    if (type >= TYPE_ZERO)
        return (int64_t)type - TYPE_ZERO;
    memcpy(&octets, at, sizeof octets);
    return (int64_t)be64toh(octets) >> type_shift[type];
}

/* The first `wanted` of its columns. False: it has not so many columns, or not integers. */
static inline bool
record_read(const struct record *record, unsigned columns, unsigned wanted, int64_t *out)
{
    const unsigned char *types = record->octets + 1;
    uint32_t at = columns + 1;

    if (record->len <= columns || record->octets[0] != columns + 1)
        return false;
    for (unsigned i = 0; i < wanted; i++) {
        const unsigned type = types[i];
        if (type > TYPE_ONE || type == TYPE_NULL || type == TYPE_REAL ||
            type_octets[type] > record->len - at)
            return false;
        out[i] = value_of(record->octets + at, type);
        at += type_octets[type];
    }
    return true;
}

/* ---- pages ---- */

static inline unsigned
two_octets(const unsigned char *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

static const unsigned char *
level_octets(const struct tree_level *level)
{
    return page_data(level->page);
}

static inline uint32_t
header_octets(const struct tree_level *level)
{
    return level->is_leaf ? HEADER_LEAF : HEADER_INNER;
}

/* Where the cell begins; 0: outside of the page. */
static inline uint32_t
cell_at(const struct tree *tree, const struct tree_level *level, uint32_t cell)
{
    const uint32_t at =
        two_octets(level_octets(level) + header_octets(level) + (size_t)cell * 2);

    return at < tree->pages.octets - CHILD_OCTETS ? at : 0;
}

static inline bool
cell_record(const struct tree *tree, const struct tree_level *level, uint32_t cell,
            struct record *out)
{
    const uint32_t begin = cell_at(tree, level, cell);
    const uint32_t at = begin + (level->is_leaf ? 0 : CHILD_OCTETS);
    const unsigned char *octets = level_octets(level);

    if (begin == 0 || octets[at] > tree->payload_max || octets[at] >= tree->pages.octets - at)
        return false;
    *out = (struct record){octets + at + 1, octets[at]};
    return true;
}

/* The page of the child before a cell of an inner page, or of the last one; 0: none. */
static uint32_t
child_of(const struct tree *tree, const struct tree_level *level, uint32_t cell)
{
    if (cell == level->cells)
        return big_get(level_octets(level) + AT_LAST_CHILD);
    const uint32_t at = cell_at(tree, level, cell);
    return at == 0 ? 0 : big_get(level_octets(level) + at);
}

/* Reads a page as one more level. */
static bool
level_open(struct tree *tree, uint32_t number)
{
    if (tree->depth == TREE_DEPTH)
        return false;
    struct tree_level *level = &tree->levels[tree->depth];
    if (level->page == NULL)
        level->page = page_new(&tree->pages);
    if (level->page == NULL || !page_read(&tree->pages, number, level->page))
        return false;
    const unsigned char *octets = page_data(level->page);
    level->is_leaf = octets[0] == TYPE_LEAF;
    level->cells = two_octets(octets + AT_CELLS);
    level->next = 0;
    level->in_child = false;
    if ((!level->is_leaf && octets[0] != TYPE_INNER) ||
        level->cells > (tree->pages.octets - header_octets(level)) / 2)
        return false;
    tree->depth++;
    return true;
}

/* ---- walking ---- */

static inline bool
is_below(const int64_t *row, struct tree_key key)
{
    return row[0] < key.first || (row[0] == key.first && row[1] < key.second);
}

/* Goes to the first cell of the level whose key is at least `key`. */
static bool
level_seek(const struct tree *tree, struct tree_level *level, struct tree_key key)
{
    uint32_t low = 0;
    uint32_t high = level->cells;

    while (low < high) {
        const uint32_t mid = low + (high - low) / 2;
        struct record record;
        int64_t row[2];
        if (!cell_record(tree, level, mid, &record) ||
            !record_read(&record, tree->columns, 2, row))
            return false;
        if (is_below(row, key))
            low = mid + 1;
        else
            high = mid;
    }
    level->next = low;
    return true;
}

/* From a page down to the leaf in which `key` is, if it is below the page. */
static bool
descend(struct tree *tree, uint32_t number, struct tree_key key)
{
    for (;;) {
        if (!level_open(tree, number))
            return false;
        struct tree_level *level = &tree->levels[tree->depth - 1];
        if (!level_seek(tree, level, key))
            return false;
        if (level->is_leaf)
            return true;
        level->in_child = true;
        number = child_of(tree, level, level->next);
    }
}

bool
tree_begin(struct tree *tree, struct db *db, uint32_t root, unsigned columns,
           struct tree_key from)
{
    *tree = (struct tree){.columns = columns, .least = from};
    if (columns < 2 || columns > TREE_COLUMNS || !pages_begin(db, &tree->pages))
        return false;
    const uint32_t whole = payload_whole(tree->pages.octets);
    tree->payload_max = whole < PAYLOAD_MAX ? whole : PAYLOAD_MAX;
    if (descend(tree, root, from))
        return true;
    tree_end(tree);
    return false;
}

/* Goes to the next cell that is to be given, up and down through the levels. */
static enum tree_step
go_to_cell(struct tree *tree)
{
    for (;;) {
        if (tree->depth == 0)
            return TREE_END;
        struct tree_level *level = &tree->levels[tree->depth - 1];
        if (!level->is_leaf && !level->in_child) {
            level->in_child = true;
            if (!descend(tree, child_of(tree, level, level->next), tree->least))
                return TREE_FAILED;
        } else if (level->next < level->cells) {
            return TREE_ROW;
        } else {
            tree->depth--;
        }
    }
}

enum tree_step
tree_next(struct tree *tree, int64_t row[TREE_COLUMNS])
{
    const enum tree_step step = go_to_cell(tree);
    struct record record;

    if (step != TREE_ROW)
        return step;
    struct tree_level *level = &tree->levels[tree->depth - 1];
    if (!cell_record(tree, level, level->next, &record) ||
        !record_read(&record, tree->columns, tree->columns, row) ||
        is_below(row, tree->least) || row[1] == INT64_MAX)
        return TREE_FAILED;
    tree->least = (struct tree_key){row[0], row[1] + 1};
    level->next++;
    level->in_child = false;
    return TREE_ROW;
}

void
tree_end(struct tree *tree)
{
    for (unsigned i = 0; i < TREE_DEPTH; i++)
        page_free(tree->levels[i].page);
    *tree = (struct tree){.depth = 0};
}
