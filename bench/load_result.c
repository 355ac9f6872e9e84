/* SPDX-License-Identifier: MIT */
/* Time, failure, percentiles and the JSON line of a result. */
#include "bench/load.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int64_t
load_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

void
load_die(const char *fmt, ...)
{
    va_list args;

    fputs("roost-imapload: ", stderr);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

void
load_fmt_user(char *dst, size_t room, const char *pattern, const struct load_options *opt,
              unsigned index)
{
    const char *const mark = strchr(pattern, '%');
    const unsigned number = opt->first + (opt->users > 0 ? index % opt->users : index);

    if (mark == NULL)
        snprintf(dst, room, "%s", pattern);
    else
        snprintf(dst, room, "%.*s%u%s", (int)(mark - pattern), pattern, number, mark + 1);
}

void
load_sample_add(struct load_samples *samples, int64_t ns)
{
    if (samples->count == samples->cap) {
        const size_t cap = samples->cap == 0 ? 1024 : samples->cap * 2;
        int64_t *const grown = realloc(samples->ns, cap * sizeof *grown);
        if (grown == NULL)
            load_die("no memory for %zu samples", cap);
        samples->ns = grown;
        samples->cap = cap;
    }
    samples->ns[samples->count++] = ns;
}

static int
by_value(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a;
    const int64_t y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

double
load_percentile_ms(struct load_samples *samples, double percent)
{
    if (samples->count == 0)
        return 0;
    qsort(samples->ns, samples->count, sizeof *samples->ns, by_value);
    const double rank = ceil(percent / 100 * (double)samples->count);
    const size_t at = rank < 1 ? 0 : (size_t)rank - 1;
    return (double)samples->ns[at < samples->count ? at : samples->count - 1] / 1e6;
}

void
load_samples_done(struct load_samples *samples)
{
    free(samples->ns);
    *samples = (struct load_samples){0};
}

void
load_report(const struct load_result *result)
{
    const double seconds = result->seconds > 0 ? result->seconds : 1e-9;

    printf("{\"mode\": \"%s\", \"count\": %llu, \"seconds\": %.6f, \"rate\": %.2f",
           result->mode, (unsigned long long)result->count, result->seconds,
           (double)result->count / seconds);
    printf(", \"failed\": %llu", (unsigned long long)result->failed);
    if (result->round > 0)
        printf(", \"round\": %u", result->round);
    if (result->runs > 0)
        printf(", \"runs\": %llu", (unsigned long long)result->runs);
    if (result->octets > 0)
        printf(", \"octets\": %llu, \"mb_per_s\": %.2f", (unsigned long long)result->octets,
               (double)result->octets / 1e6 / seconds);
    if (result->wire > 0)
        printf(", \"wire\": %llu", (unsigned long long)result->wire);
    if (result->latency != NULL) {
        static const struct {
            const char *name;
            double percent;
        } wanted[] = {
            {"min_ms", 0}, {"p50_ms", 50}, {"p90_ms", 90}, {"p99_ms", 99}, {"max_ms", 100}};
        for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
            printf(", \"%s\": %.4f", wanted[i].name,
                   load_percentile_ms(result->latency, wanted[i].percent));
    }
    puts("}");
    fflush(stdout);
}
