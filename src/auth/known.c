/* SPDX-License-Identifier: MIT */
/*
 * A table of rows of eight. Within a row, the pair unseen for longest is replaced, but an
 * account that has OF_ONE pairs there replaces one of its own. So somebody with one account and
 * many addresses cannot make the server forget all others. The first octet of a key depends on
 * the account only. To grow, rows are copied into a wider table, some at a time, and are used
 * there from then on, so no login waits for more than one such step. The file is a mark, the
 * pairs, and a digest over both under the server's secret; it is replaced by rename.
 */
#include "auth/known.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/disk.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/lock.h"

enum {
    WAYS = 8,
    SECRET_OCTETS = 32,
    MAC_OCTETS = 32,
    ROW_OCTETS = 12, /* a pair in the file: digest and hour, little-endian */
    HOUR_S = 3600,
    ACCOUNT_SHIFT = 56,  /* of a key */
    OF_ONE = 2,          /* pairs of one account in a row */
    ROWS_AT_ONCE = 1024, /* rows handled under the lock at a time, so that logins do not wait */
};

#define FILE_OCTETS_MAX (sizeof mark + (size_t)LIMIT_KNOWN_MAX * ROW_OCTETS + MAC_OCTETS)

static const char mark[8] = {'R', 'S', 'T', 'K', 'N', 'O', 'W', '2'};

struct pair {
    uint64_t key;  /* 0: empty */
    uint32_t hour; /* of the last success, in hours since 1970 */
};

struct known {
    struct lock lock; /* LOCK_THROTTLE; guards what follows */
    struct pair *pairs;
    uint32_t rows;      /* a power of two; changes only in the thread of known_save */
    struct pair *wider; /* twice the rows, while they are being doubled; or NULL */
    uint32_t widened;   /* number of rows that have been moved there, from the first on */
    uint32_t used;      /* places with a pair, including outdated pairs */
    bool changed;       /* since the file was written */
    const struct clock *clock;
    uint8_t secret[SECRET_OCTETS];
    char *path; /* owned; NULL: there is no file */
};

/* False: no memory. */
static bool
mac_of(const struct known *known, struct span text, uint8_t mac[MAC_OCTETS])
{
    unsigned len = 0;

    return HMAC(EVP_sha256(), known->secret, SECRET_OCTETS, (const uint8_t *)text.ptr, text.len,
                mac, &len) != NULL;
}

/* 0: no memory; the pair counts as unknown. */
static uint64_t
key_of(const struct known *known, struct span address, uint64_t account_id)
{
    static const char purpose[] = "known pair";
    char text[sizeof purpose + 1 + 16 + 8] = {0};
    const size_t len = address.len == 16 ? 8 : address.len > 16 ? 16 : address.len;
    uint8_t mac[MAC_OCTETS];
    uint64_t key;

    memcpy(text, purpose, sizeof purpose);
    text[sizeof purpose] = (char)address.len;
    memcpy(text + sizeof purpose + 1, address.ptr, len);
    memcpy(text + sizeof purpose + 17, &account_id, sizeof account_id);
    if (!mac_of(known, span_of(text, sizeof text), mac))
        return 0;
    memcpy(&key, mac, sizeof key);
    if (!mac_of(known, span_of(&account_id, sizeof account_id), mac))
        return 0;
    key = (key & UINT64_MAX >> 8) | (uint64_t)mac[0] << ACCOUNT_SHIFT;
    return key == 0 ? 1 : key;
}

static uint32_t
hour_now(const struct known *known)
{
    return (uint32_t)(clock_wall_s(known->clock) / HOUR_S);
}

/* A clock that was set back does not make a pair old. */
static bool
is_fresh(const struct pair *pair, uint32_t hour)
{
    return pair->key != 0 &&
           (pair->hour >= hour || hour - pair->hour < LIMIT_KNOWN_DAYS * UINT32_C(24));
}

static struct pair *
row_of(const struct known *known, uint64_t key)
{
    const uint64_t row = key & (known->rows - 1);

    if (row < known->widened)
        return &known->wider[(size_t)(key & ((uint64_t)known->rows * 2 - 1)) * WAYS];
    return &known->pairs[(size_t)row * WAYS];
}

static struct pair *
find(const struct known *known, uint64_t key)
{
    struct pair *row = row_of(known, key);

    for (unsigned i = 0; i < WAYS; i++)
        if (row[i].key == key)
            return &row[i];
    return NULL;
}

/* An empty place, one of the same account if it has its share, or the oldest. */
static struct pair *
who_gives_way(struct pair *row, uint64_t key)
{
    struct pair *oldest = &row[0];
    struct pair *own = NULL;
    unsigned owns = 0;

    for (unsigned i = 0; i < WAYS; i++) {
        struct pair *pair = &row[i];
        if (pair->key != 0 && pair->key >> ACCOUNT_SHIFT == key >> ACCOUNT_SHIFT) {
            owns++;
            if (own == NULL || pair->hour < own->hour)
                own = pair;
        }
        if (oldest->key != 0 && (pair->key == 0 || pair->hour < oldest->hour))
            oldest = pair;
    }
    return owns >= OF_ONE ? own : oldest;
}

static void
put(struct known *known, uint64_t key, uint32_t hour)
{
    struct pair *pair = find(known, key);

    if (pair == NULL) {
        pair = who_gives_way(row_of(known, key), key);
        known->used += pair->key == 0;
    } else if (pair->hour == hour) {
        return;
    }
    *pair = (struct pair){key, hour};
    known->changed = true;
}

bool
known_has(struct known *known, struct span address, uint64_t account_id)
{
    if (address.len == 0)
        return true;
    const uint64_t key = key_of(known, address, account_id);
    const uint32_t hour = hour_now(known);
    if (key == 0)
        return false;
    lock_enter(&known->lock);
    const struct pair *pair = find(known, key);
    const bool has = pair != NULL && is_fresh(pair, hour);
    lock_leave(&known->lock);
    return has;
}

void
known_note(struct known *known, struct span address, uint64_t account_id)
{
    if (address.len == 0)
        return;
    const uint64_t key = key_of(known, address, account_id);
    const uint32_t hour = hour_now(known);
    if (key == 0)
        return;
    lock_enter(&known->lock);
    put(known, key, hour);
    lock_leave(&known->lock);
}

/* --- Growing --- */

uint32_t
known_places(uint64_t accounts)
{
    return accounts <= LIMIT_KNOWN / LIMIT_KNOWN_EACH ? LIMIT_KNOWN
           : accounts >= LIMIT_KNOWN_MAX / LIMIT_KNOWN_EACH
               ? LIMIT_KNOWN_MAX
               : (uint32_t)accounts * LIMIT_KNOWN_EACH;
}

/* Whether the table is too full. Rows fill unevenly: with two of eight places taken on average,
 * one row in 4,000 overflows. */
static bool
is_crowded(const struct known *known, size_t pairs)
{
    return pairs > (size_t)known->rows * 2;
}

/* The end of the rows that are handled at a time, from a given row on. */
static uint32_t
piece_end(const struct known *known, uint32_t from)
{
    return known->rows - from > ROWS_AT_ONCE ? from + ROWS_AT_ONCE : known->rows;
}

static void
forget_rows(struct known *known, uint32_t from, uint32_t end, uint32_t hour)
{
    lock_enter(&known->lock);
    for (size_t i = (size_t)from * WAYS; i < (size_t)end * WAYS; i++) {
        struct pair *pair = &known->pairs[i];
        if (pair->key == 0 || is_fresh(pair, hour))
            continue;
        *pair = (struct pair){.key = 0};
        known->used--;
    }
    lock_leave(&known->lock);
}

static void
forget_old(struct known *known)
{
    const uint32_t hour = hour_now(known);

    for (uint32_t from = 0; from < known->rows; from = piece_end(known, from))
        forget_rows(known, from, piece_end(known, from), hour);
}

/* Each row becomes two, so there is a place for every pair. */
static void
widen_rows(struct known *known, struct pair *wider, uint32_t from, uint32_t end)
{
    const uint64_t mask = (uint64_t)known->rows * 2 - 1;

    lock_enter(&known->lock);
    for (size_t i = (size_t)from * WAYS; i < (size_t)end * WAYS; i++)
        if (known->pairs[i].key != 0)
            wider[(size_t)(known->pairs[i].key & mask) * WAYS + i % WAYS] = known->pairs[i];
    known->wider = wider;
    known->widened = end;
    lock_leave(&known->lock);
}

/* False: no memory. */
static bool
double_rows(struct known *known)
{
    struct pair *before = known->pairs;
    struct pair *wider = calloc((size_t)known->rows * 2 * WAYS, sizeof *wider);

    if (wider == NULL)
        return false;
    for (uint32_t from = 0; from < known->rows; from = piece_end(known, from))
        widen_rows(known, wider, from, piece_end(known, from));
    lock_enter(&known->lock);
    known->pairs = wider;
    known->rows *= 2;
    known->wider = NULL;
    known->widened = 0;
    lock_leave(&known->lock);
    free(before);
    return true;
}

static bool
is_crowded_now(struct known *known)
{
    lock_enter(&known->lock);
    const bool is = is_crowded(known, known->used);
    lock_leave(&known->lock);
    return is;
}

void
known_grow(struct known *known, uint32_t places)
{
    if (is_crowded_now(known))
        forget_old(known);
    while (is_crowded_now(known) && known->rows < places / WAYS && double_rows(known))
        continue;
}

/* Makes the table large enough for what is in the file. */
static void
make_room(struct known *known, size_t pairs)
{
    while (is_crowded(known, pairs) && known->rows < LIMIT_KNOWN_MAX / WAYS &&
           double_rows(known))
        continue;
}

/* --- The file --- */

static void
put_le(struct buf *buf, uint64_t value, unsigned octets)
{
    for (unsigned i = 0; i < octets; i++)
        buf_put_char(buf, (char)(value >> (8 * i) & 0xff));
}

static uint64_t
get_le(const char *from, unsigned octets)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < octets; i++)
        value |= (uint64_t)(uint8_t)from[i] << (8 * i);
    return value;
}

static void
load(struct known *known)
{
    AUTO_FD fd = open(known->path, O_RDONLY | O_CLOEXEC);
    AUTO_BUF text = {0};
    uint8_t mac[MAC_OCTETS];

    buf_init(&text, FILE_OCTETS_MAX);
    if (fd < 0 || fd_read_all(fd, &text, NULL) != RC_OK)
        return;
    const struct span all = buf_span(&text);
    if (all.len < sizeof mark + MAC_OCTETS || memcmp(all.ptr, mark, sizeof mark) != 0)
        return;
    const struct span signed_part = span_head(all, all.len - MAC_OCTETS);
    if (!mac_of(known, signed_part, mac) ||
        CRYPTO_memcmp(mac, all.ptr + signed_part.len, MAC_OCTETS) != 0)
        return;
    struct span rows = span_tail(signed_part, sizeof mark);
    make_room(known,
              /* the file has that many, so the table may have the places */
              rows.len / ROW_OCTETS);
    for (; rows.len >= ROW_OCTETS; rows = span_tail(rows, ROW_OCTETS))
        if (get_le(rows.ptr, 8) != 0)
            put(known, get_le(rows.ptr, 8), (uint32_t)get_le(rows.ptr + 8, 4));
    known->changed = false;
}

static enum rc
replace(const struct known *known, struct span text, struct err *err)
{
    char path[4096];

    if (snprintf(path, sizeof path, "%s.new", known->path) >= (int)sizeof path)
        return err_set(err, RC_INVALID, 0, "%s: path too long", known->path);
    (void)disk_unlink(path); /* of an attempt that was cut off */
    AUTO_FD fd = -1;
    if (disk_create(path, 0600, &fd) != 0)
        return err_set(err, rc_of_errno(errno), errno, "%s", path);
    if (disk_write(fd, path, text, 0) != 0 || disk_sync(fd, path) != 0 ||
        disk_rename(path, known->path) != 0) {
        const enum rc rc = err_set(err, rc_of_errno(errno), errno, "%s", path);
        (void)disk_unlink(path);
        return rc;
    }
    return disk_sync_parent(known->path, err);
}

/* Writes some rows from there on, in the format of the file. */
static void
put_rows(struct known *known, uint32_t from, uint32_t hour, struct buf *text)
{
    const uint32_t end = piece_end(known, from);

    lock_enter(&known->lock);
    for (size_t i = (size_t)from * WAYS; i < (size_t)end * WAYS; i++) {
        if (!is_fresh(&known->pairs[i], hour))
            continue;
        put_le(text, known->pairs[i].key, 8);
        put_le(text, known->pairs[i].hour, 4);
    }
    lock_leave(&known->lock);
}

static bool
changed_set(struct known *known, bool changed)
{
    lock_enter(&known->lock);
    const bool before = known->changed;
    known->changed = changed;
    lock_leave(&known->lock);
    return before;
}

enum rc
known_save(struct known *known, struct err *err)
{
    AUTO_BUF text = {0};
    uint8_t mac[MAC_OCTETS];

    if (known->path == NULL || !changed_set(known, false))
        return RC_OK;
    const uint32_t hour = hour_now(known);
    buf_init(&text, FILE_OCTETS_MAX);
    buf_put(&text, mark, sizeof mark);
    for (uint32_t from = 0; from < known->rows; from = piece_end(known, from))
        put_rows(known, from, hour, &text);
    const bool whole = buf_ok(&text) && mac_of(known, buf_span(&text), mac);
    if (whole)
        buf_put(&text, mac, sizeof mac);
    const enum rc rc = whole && buf_ok(&text)
                           ? replace(known, buf_span(&text), err)
                           : err_set(err, RC_LIMIT, 0, "known logins: no memory");
    if (rc != RC_OK)
        (void)changed_set(known, true);
    return rc;
}

/* --- Life --- */

struct known *
known_new(uint32_t entries, const uint8_t secret[32], const char *path,
          const struct clock *clock)
{
    struct known *known = calloc(1, sizeof *known);

    if (known == NULL)
        return NULL;
    lock_init(&known->lock, LOCK_THROTTLE);
    known->rows = 1;
    while (known->rows * WAYS < entries && known->rows < UINT32_MAX / 2 / WAYS)
        known->rows *= 2;
    known->clock = clock;
    memcpy(known->secret, secret, SECRET_OCTETS);
    known->pairs = calloc((size_t)known->rows * WAYS, sizeof *known->pairs);
    known->path = path == NULL ? NULL : strdup(path);
    if (known->pairs == NULL || (path != NULL && known->path == NULL)) {
        known_free(known);
        return NULL;
    }
    if (path != NULL)
        load(known);
    return known;
}

void
known_free(struct known *known)
{
    if (known == NULL)
        return;
    OPENSSL_cleanse(known->secret, sizeof known->secret);
    lock_done(&known->lock);
    free(known->path);
    free(known->pairs);
    free(known);
}
