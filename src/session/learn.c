/* SPDX-License-Identifier: MIT */
/* See the header for the rules. Each arrow there is a function here. */
#include "session/learn.h"

#include <string.h>

enum {
    CALM_LINES = 8,    /* kept in a row before a longer silence is tried */
    TRIAL_LINES = 3,   /* kept before the trial interval becomes the interval */
    TRIAL_ROUNDS = 24, /* after so many trial intervals without a result, the trial ends */
    PROVEN_LINES = 3,  /* kept lines of a class that make it safe to fall back to */
    /* kept in a row by a device, so that its first two losses are not believed yet */
    STEADY_LINES = 10,
    /* thirds lost in a row that count even against devices that keep their lines */
    FIRM_THIRDS = 2 * LEARN_WHOLE,
    /* thirds for a loss after a silence shorter than the interval */
    SHORTER_THIRDS = 2,
    DAY_S = 86400,
    RETRY_DOUBLINGS = 5,  /* at most 32 days */
    AGE_S = 7 * DAY_S,    /* after this time, counts are halved */
    DEVICE_S = 3 * DAY_S, /* a device not seen for this long has no vote */
};

/* Classes of silences, seconds; also the steps that intervals take. */
static const uint16_t steps[] = {
    1,   2,   3,   4,    5,    6,    7,    8,    9,    10,   12,   14,   16,   18,   20,   22,
    25,  28,  31,  35,   40,   45,   50,   55,   60,   70,   80,   90,   105,  120,  135,  150,
    165, 180, 200, 220,  240,  270,  300,  330,  360,  400,  440,  480,  540,  600,  660,  720,
    800, 900, 990, 1080, 1200, 1350, 1500, 1650, 1800, 2000, 2200, 2400, 2700, 3000, 3300, 3600,
};
_Static_assert(sizeof steps / sizeof steps[0] <= NETWORK_SILENCES, "a place for each class");

/* Adds a second, because timers are late by up to a second and silences are rounded. */
static uint32_t
slack(uint32_t seconds)
{
    return seconds >= 8 ? 1 : 0;
}

static bool
reaches(uint32_t silence_s, uint32_t interval_s)
{
    return silence_s + slack(interval_s) >= interval_s;
}

/* The class of a silence of at least one second. */
static size_t
class_of(uint32_t silence_s)
{
    size_t step = 0;

    while (step + 1 < ARRAY_LEN(steps) && reaches(silence_s, steps[step + 1]))
        step++;
    return step;
}

/* The next step up within bounds; interval_s itself when there is none. */
static uint32_t
step_up(uint32_t interval_s, uint32_t max_s)
{
    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        if (steps[i] > interval_s)
            return steps[i] < max_s ? steps[i] : max_s;
    return interval_s;
}

/* The longest step of at most this many seconds. */
static uint32_t
step_at_most(uint32_t seconds)
{
    uint32_t step = steps[0];

    for (size_t i = 0; i < ARRAY_LEN(steps) && steps[i] <= seconds; i++)
        step = steps[i];
    return step;
}

static bool
recent(int64_t then_s, int64_t now_s, uint32_t within_s)
{
    return then_s != 0 && now_s >= then_s && now_s - then_s < within_s;
}

/* ---- devices ---- */

/* The device's row; NULL: it is not in the sample. */
static struct learn_device *
device_of(struct learn *learn, uint32_t key, int64_t now_s)
{
    struct learn_device *place = NULL;

    for (size_t i = 0; i < LIMIT_NETWORK_DEVICES; i++) {
        struct learn_device *d = &learn->devices[i];
        if (d->key != 0 && !recent(d->seen_s, now_s, DEVICE_S))
            *d = (struct learn_device){0};
        if (d->key == key) {
            d->seen_s = now_s;
            return d;
        }
        const bool better =
            place == NULL || (place->key != 0 && (d->key == 0 || d->key > place->key));
        if (better)
            place = d;
    }
    if (place->key != 0 && place->key < key)
        return NULL;
    *place = (struct learn_device){.key = key, .seen_s = now_s};
    return place;
}

static bool
is_loser(const struct learn_device *d)
{
    const unsigned losses = d->kept == 0 ? 1 : d->kept < STEADY_LINES ? 2 : 3;

    return d->key != 0 && d->lost >= losses * LEARN_WHOLE;
}

/* Whether the devices show that the interval is too long, and the shortest silence that was
 * lost.
 */
static bool
vote(const struct learn *learn, uint32_t *silence_out)
{
    unsigned losers = 0;
    unsigned firm = 0; /* how many of them are certain */
    unsigned keepers = 0;

    *silence_out = learn->interval_s;
    for (size_t i = 0; i < LIMIT_NETWORK_DEVICES; i++) {
        const struct learn_device *d = &learn->devices[i];
        if (is_loser(d)) {
            losers++;
            firm += d->lost >= FIRM_THIRDS;
            if (d->silence < *silence_out)
                *silence_out = d->silence;
        } else if (d->kept > 0) {
            keepers++;
        }
    }
    return keepers == 0 ? losers > 0 : firm > 1 && firm * 3 >= losers + keepers;
}

/* ---- changes of the interval ---- */

static void
devices_begin(struct learn *learn, bool with_losses)
{
    for (size_t i = 0; i < LIMIT_NETWORK_DEVICES; i++) {
        struct learn_device *d = &learn->devices[i];
        d->kept = 0;
        d->kept_s = 0;
        if (with_losses) {
            d->lost = 0;
            d->silence = 0;
        }
    }
}

static void
trial_end(struct learn *learn)
{
    learn->trial_s = 0;
    learn->trial_kept = 0;
    learn->trial_key = 0;
    learn->calm = 0;
}

static void
limit_set(struct learn *learn, uint32_t silence_s, int64_t now_s)
{
    const unsigned doublings =
        learn->failures < RETRY_DOUBLINGS ? learn->failures : RETRY_DOUBLINGS;

    learn->limit_s = silence_s;
    learn->retry_s = now_s + ((int64_t)DAY_S << doublings);
    if (learn->failures < UINT8_MAX)
        learn->failures++;
    learn->changed_s = now_s;
    learn->trial_doubt = 0;
    trial_end(learn);
}

/* The new interval after a fall: a silence that was survived, or half of the one that was
 * lost. */
static uint32_t
fall_to(const struct learn *learn, const struct learn_bounds *bounds, uint32_t silence_s)
{
    uint32_t to_s = 0;

    for (size_t i = 0; learn->falls == 0 && i < ARRAY_LEN(steps); i++)
        if (!reaches(steps[i], silence_s) && learn->kept[i] >= PROVEN_LINES)
            to_s = steps[i];
    if (to_s == 0)
        to_s = step_at_most(silence_s / 2);
    return to_s < bounds->min_s ? bounds->min_s : to_s;
}

static enum learn_change
fall(struct learn *learn, const struct learn_bounds *bounds, uint32_t silence_s, int64_t now_s)
{
    const bool at_min = learn->interval_s <= bounds->min_s;

    if (at_min) {
        learn->why = NETWORK_TOO_SHORT;
    } else {
        learn->interval_s = fall_to(learn, bounds, silence_s);
        learn->why = NETWORK_FELL;
        if (learn->falls < UINT8_MAX)
            learn->falls++;
    }
    limit_set(learn, silence_s, now_s);
    devices_begin(learn, true);
    return at_min ? LEARN_TOO_SHORT : LEARN_FELL;
}

static enum learn_change
lengthen(struct learn *learn, int64_t now_s)
{
    const uint32_t key = learn->trial_key;

    learn->interval_s = learn->trial_s;
    learn->why = NETWORK_LENGTHENED;
    learn->changed_s = now_s;
    learn->trial_doubt = 0;
    if (learn->limit_s != 0 && reaches(learn->interval_s, learn->limit_s))
        learn->limit_s = 0;
    trial_end(learn);
    devices_begin(learn, false);
    for (size_t i = 0; i < LIMIT_NETWORK_DEVICES; i++)
        if (learn->devices[i].key == key && key != 0)
            learn->devices[i].kept = TRIAL_LINES;
    return LEARN_LENGTHENED;
}

/* ---- time and bounds ---- */

/* Applies changed bounds, lets counts expire, and ends a trial without a result. */
static void
refresh(struct learn *learn, const struct learn_bounds *bounds, int64_t now_s)
{
    if (learn->why == NETWORK_START)
        learn->interval_s = bounds->start_s;
    if (learn->interval_s < bounds->min_s)
        learn->interval_s = bounds->min_s;
    if (learn->interval_s > bounds->max_s)
        learn->interval_s = bounds->max_s;
    if (learn->trial_s != 0 &&
        (learn->trial_s > bounds->max_s || learn->trial_s <= learn->interval_s ||
         !recent(learn->trial_since_s, now_s, learn->trial_s * TRIAL_ROUNDS)))
        trial_end(learn);
    if (now_s < learn->aged_s)
        learn->aged_s = now_s; /* the wall clock was set back */
    for (; now_s - learn->aged_s >= AGE_S; learn->aged_s += AGE_S)
        for (size_t i = 0; i < NETWORK_SILENCES; i++) {
            learn->kept[i] /= 2;
            learn->lost[i] /= 2;
        }
}

void
learn_begin(struct learn *learn, const struct learn_bounds *bounds, int64_t now_s)
{
    *learn = (struct learn){.interval_s = bounds->start_s,
                            .why = NETWORK_START,
                            .changed_s = now_s,
                            .seen_s = now_s,
                            .aged_s = now_s};
}

uint32_t
learn_interval(struct learn *learn, const struct learn_bounds *bounds, uint64_t host,
               int64_t now_s)
{
    refresh(learn, bounds, now_s);
    if (learn->trial_s == 0 && learn->calm >= CALM_LINES) {
        const uint32_t next_s = step_up(learn->interval_s, bounds->max_s);
        const bool forbidden =
            learn->limit_s != 0 && reaches(next_s, learn->limit_s) && now_s < learn->retry_s;
        if (next_s > learn->interval_s && !forbidden) {
            learn->trial_s = next_s;
            learn->trial_host = host;
            learn->trial_since_s = now_s;
            learn->trial_kept = 0;
            learn->trial_key = 0;
        }
    }
    return learn->trial_s != 0 && learn->trial_host == host ? learn->trial_s
                                                            : learn->interval_s;
}

/* ---- evidence ---- */

static void
count(uint16_t *counts, uint32_t silence_s)
{
    uint16_t *n = &counts[class_of(silence_s)];

    if (*n < UINT16_MAX)
        (*n)++;
}

/* Whether the line counts. For each device one line in half an interval counts, however many
 * connections it has. */
static bool
device_kept(struct learn *learn, const struct learn_line *line, int64_t now_s)
{
    struct learn_device *d = device_of(learn, line->device, now_s);
    const uint32_t apart_s = line->silence_s / 2 + 1;

    if (d == NULL) { /* not in the sample: only the last such device is remembered */
        const bool again =
            learn->last_key == line->device && recent(learn->last_s, line->sent_s, apart_s);
        learn->last_key = line->device;
        learn->last_s = line->sent_s;
        return !again;
    }
    d->lost = 0;
    d->silence = 0;
    if (recent(d->kept_s, line->sent_s, apart_s))
        return false;
    d->kept_s = line->sent_s;
    if (d->kept < STEADY_LINES)
        d->kept++;
    return true;
}

enum learn_change
learn_kept(struct learn *learn, const struct learn_bounds *bounds,
           const struct learn_line *line, int64_t now_s)
{
    if (line->silence_s == 0)
        return LEARN_SAME;
    refresh(learn, bounds, now_s);
    learn->seen_s = now_s;
    count(learn->kept, line->silence_s);
    if (!reaches(line->silence_s, learn->interval_s))
        return LEARN_SAME;
    learn->falls = 0;
    if (!device_kept(learn, line, now_s))
        return LEARN_SAME;
    if (learn->trial_s == 0) {
        if (learn->calm < CALM_LINES)
            learn->calm++;
        return LEARN_SAME;
    }
    if (!reaches(line->silence_s, learn->trial_s))
        return LEARN_SAME;
    if (learn->trial_kept == 0)
        learn->trial_key = line->device;
    learn->trial_kept++;
    return learn->trial_kept < TRIAL_LINES ? LEARN_SAME : lengthen(learn, now_s);
}

/* A loss after a silence that only a trial makes possible. If another device has survived such
 * a silence, the loss is not full evidence. Such a loss ends the trial without a verdict. */
static enum learn_change
trial_lost(struct learn *learn, const struct learn_line *line, unsigned thirds, int64_t now_s)
{
    const bool witness = learn->trial_key != 0 && learn->trial_key != line->device;

    if (learn->limit_s != 0 && reaches(line->silence_s, learn->limit_s) &&
        learn->trial_s < learn->limit_s)
        return LEARN_SAME; /* known already: another session of those that tried */
    learn->trial_doubt = (uint8_t)(learn->trial_doubt + (witness ? LEARN_WEAK : thirds));
    if (learn->trial_doubt < LEARN_WHOLE) {
        trial_end(learn);
        return LEARN_SAME;
    }
    limit_set(learn,
              learn->trial_s != 0 && reaches(line->silence_s, learn->trial_s) ? learn->trial_s
                                                                              : line->silence_s,
              now_s);
    return LEARN_TRIAL_FAILED;
}

/* Whether a silence of this length or a longer one was kept here. */
static bool
is_contradicted(const struct learn *learn, uint32_t silence_s)
{
    for (size_t i = class_of(silence_s); i < ARRAY_LEN(steps); i++)
        if (learn->kept[i] > 0)
            return true;
    return false;
}

bool
learn_keeps(const struct learn *learn, uint32_t silence_s)
{
    return is_contradicted(learn, silence_s) &&
           (learn->limit_s == 0 || learn->limit_s > silence_s);
}

enum learn_change
learn_lost(struct learn *learn, const struct learn_bounds *bounds,
           const struct learn_line *line, unsigned thirds, int64_t now_s)
{
    uint32_t silence_s;

    if (line->silence_s == 0)
        return LEARN_SAME;
    refresh(learn, bounds, now_s);
    learn->seen_s = now_s;
    if (thirds >= LEARN_WHOLE)
        count(learn->lost, line->silence_s);
    const bool tried = learn->trial_s != 0 && reaches(line->silence_s, learn->trial_s);
    if (tried || line->silence_s > learn->interval_s + 1)
        return trial_lost(learn, line, thirds, now_s);
    if (!reaches(line->silence_s, learn->interval_s)) {
        if (is_contradicted(learn, line->silence_s))
            return LEARN_SAME;
        thirds = thirds < SHORTER_THIRDS ? thirds : SHORTER_THIRDS;
    }
    struct learn_device *d = device_of(learn, line->device, now_s);
    /* Another connection of the device: part of the same event, or a line was kept
     * meanwhile. */
    if (d == NULL || recent(d->lost_s, line->sent_s, line->silence_s / 2 + 1) ||
        d->kept_s >= line->sent_s)
        return LEARN_SAME;
    learn->calm = 0;
    d->lost_s = line->sent_s;
    d->lost = (uint8_t)(d->lost > 100 ? d->lost : d->lost + thirds);
    if (d->silence == 0 || line->silence_s < d->silence)
        d->silence = line->silence_s;
    return vote(learn, &silence_s) ? fall(learn, bounds, silence_s, now_s) : LEARN_SAME;
}

/* ---- the journal ---- */

void
learn_to_record(const struct learn *learn, struct network_record *out)
{
    *out = (struct network_record){
        .interval_s = learn->interval_s,
        .trial_s = learn->trial_s,
        .limit_s = learn->limit_s,
        .why = (enum network_why)learn->why,
        .failures = learn->failures,
        .retry_ms = learn->retry_s * 1000,
        .changed_ms = learn->changed_s * 1000,
        .seen_ms = learn->seen_s * 1000,
    };
    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        if (learn->kept[i] > 0 || learn->lost[i] > 0)
            out->silences[out->silence_count++] =
                (struct network_silence){steps[i], learn->kept[i], learn->lost[i]};
}

static uint16_t
small(uint32_t number)
{
    return number < UINT16_MAX ? (uint16_t)number : UINT16_MAX;
}

void
learn_from_record(struct learn *learn, const struct network_record *record)
{
    *learn = (struct learn){
        .interval_s = record->interval_s,
        .limit_s = record->limit_s,
        .why = (uint8_t)record->why,
        .failures = record->failures < UINT8_MAX ? (uint8_t)record->failures : UINT8_MAX,
        .retry_s = record->retry_ms / 1000,
        .changed_s = record->changed_ms / 1000,
        .seen_s = record->seen_ms / 1000,
        .aged_s = record->seen_ms / 1000,
    };
    for (uint32_t i = 0; i < record->silence_count; i++) {
        const struct network_silence *silence = &record->silences[i];
        if (silence->silence_s == 0)
            continue;
        const size_t step = class_of(silence->silence_s);
        learn->kept[step] = small(silence->kept);
        learn->lost[step] = small(silence->lost);
    }
}
