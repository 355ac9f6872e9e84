/* SPDX-License-Identifier: MIT */
/*
 * The stream of messages: size, shape, people, conversation and fault of each message are
 * chosen here at random, and the layers below write it. See the header.
 *
 * Sizes: 998 in 1,000 are log-normal around the median; 2 in 1,000 come from a Pareto tail
 * (index 1) between 12 times the mean and the maximum. With the default mean this gives a
 * median of 3.5 KB, a mean of 5.4 KB and now and then a message of megabytes.
 */
#include "bench/mailgen.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "bench/mailgen_private.h"

/* All for a mean of 5,400 octets. The body of the distribution has sigma 0.76; the tail adds
 * 0.002 * 64,800 * ln(30e6 / 64,800) = 795 octets to the mean. */
static const double MEDIAN_SHARE = 3480.0 / 5400.0;
static const double SIGMA = 0.76;
static const double TAIL_FROM = 12.0;
enum { TAIL_PER_MILLE = 2, BUF_OCTETS_MAX = 96 * 1024 * 1024 };

static double
draw_unit(struct mailgen *gen)
{
    return ((double)(rng_u64(&gen->rng) >> 11) + 0.5) * 0x1p-53;
}

static size_t
draw_size(struct mailgen *gen)
{
    const double mean = (double)gen->opt.mean_octets;
    const double max = (double)gen->opt.max_octets;
    const double tail = mean * TAIL_FROM;
    const double u = draw_unit(gen);
    double size;

    if (rng_below(&gen->rng, 1000) < TAIL_PER_MILLE && tail < max) {
        size = tail / (1.0 - u * (1.0 - tail / max));
    } else {
        const double angle = 6.283185307179586 * draw_unit(gen);
        size = mean * MEDIAN_SHARE * exp(SIGMA * sqrt(-2.0 * log(u)) * cos(angle));
    }
    if (size > max)
        size = max;
    return size < MAILGEN_MIN_OCTETS ? MAILGEN_MIN_OCTETS : (size_t)size;
}

static enum mailgen_shape
draw_shape(struct mailgen *gen, size_t octets)
{
    static const unsigned char percent[MAILGEN_SHAPES] = {46, 7, 24, 5, 4, 4, 3, 3, 2, 2};
    static const unsigned short least[MAILGEN_SHAPES] = {0,    900,  1800, 2200, 2500,
                                                         2400, 2800, 2000, 2200, 4000};

    if (octets > 40000)
        return mg_chance(gen, 75)   ? MAILGEN_MIXED
               : mg_chance(gen, 70) ? MAILGEN_RELATED
                                    : MAILGEN_FORWARD;
    unsigned r = mg_pick(gen, 100);
    for (unsigned shape = 0; shape < MAILGEN_SHAPES; shape++) {
        if (r < percent[shape])
            return octets >= least[shape] ? (enum mailgen_shape)shape : MAILGEN_PLAIN;
        r -= percent[shape];
    }
    return MAILGEN_PLAIN;
}

static void
make_people(struct mailgen *gen)
{
    for (unsigned i = 0; i < MG_PEOPLE; i++) {
        struct mg_person *const person = &gen->people[i];
        const char *const domain = mg_domains[rng_below(&gen->rng, mg_domain_count)];
        person->lang = mg_lang_draw(gen);
        person->name = mg_given_name(person->lang, rng_u64(&gen->rng));
        person->family = mg_family_name(person->lang, rng_u64(&gen->rng));
        if (person->lang == MG_ENGLISH)
            snprintf(person->address, sizeof person->address, "%.*s.%.*s%u@%s",
                     SPAN_FMT(person->name), SPAN_FMT(person->family), i, domain);
        else
            snprintf(person->address, sizeof person->address, "user%u@%s", i, domain);
    }
}

enum rc
mailgen_new(const struct mailgen_options *options, struct mailgen **gen_out, struct err *err)
{
    if (options->broken_percent > 100)
        return err_set(err, RC_INVALID, 0, "broken share: %u percent", options->broken_percent);
    if (options->rare_percent > 100)
        return err_set(err, RC_INVALID, 0, "rare words: %u percent", options->rare_percent);
    if (options->max_octets > MAILGEN_MAX_OCTETS || options->mean_octets > MAILGEN_MAX_OCTETS)
        return err_set(err, RC_INVALID, 0, "sizes above %d octets", MAILGEN_MAX_OCTETS);

    struct mailgen *const gen = calloc(1, sizeof *gen);
    if (gen == NULL)
        return err_set(err, RC_LIMIT, ENOMEM, "mail generator");
    gen->opt = *options;
    if (gen->opt.mean_octets == 0)
        gen->opt.mean_octets = MAILGEN_MEAN_OCTETS;
    if (gen->opt.max_octets == 0)
        gen->opt.max_octets = MAILGEN_MAX_OCTETS;
    rng_seed(&gen->rng, options->seed);
    buf_init(&gen->out, BUF_OCTETS_MAX);
    buf_init(&gen->raw, BUF_OCTETS_MAX);
    gen->date_s = 1420070400; /* 2015-01-01 */
    const enum rc rc = mg_words_init(gen, err);
    if (rc != RC_OK) {
        mailgen_free(gen);
        return rc;
    }
    make_people(gen);
    *gen_out = gen;
    return RC_OK;
}

void
mailgen_free(struct mailgen *gen)
{
    if (gen == NULL)
        return;
    mg_words_done(gen);
    buf_done(&gen->out);
    buf_done(&gen->raw);
    free(gen);
}

/* A new conversation, in the place of the oldest or at the end. */
static struct mg_thread *
new_thread(struct mailgen *gen)
{
    const unsigned at =
        gen->thread_count < MG_THREADS ? gen->thread_count++ : mg_pick(gen, MG_THREADS);
    struct mg_thread *const thread = &gen->threads[at];
    const enum mg_lang lang = mg_lang_draw(gen);

    *thread = (struct mg_thread){
        .subject_seed = rng_u64(&gen->rng) | 1,
        .starter = mg_pick(gen, MG_PEOPLE),
        .list = mg_chance(gen, 30) ? (int)mg_pick(gen, MG_LISTS) : -1,
        .lang = lang,
        .charset = mg_voice_draw(gen, lang).charset,
    };
    return thread;
}

/* Remembers the message's id; the middle of a long conversation is forgotten. */
static void
thread_add(struct mg_thread *thread, const char *id)
{
    if (thread->id_count == ARRAY_LEN(thread->ids)) {
        memmove(thread->ids[1], thread->ids[2],
                (ARRAY_LEN(thread->ids) - 2) * sizeof thread->ids[0]);
        thread->id_count--;
    }
    snprintf(thread->ids[thread->id_count], sizeof thread->ids[0], "%s", id);
    thread->id_count++;
}

static unsigned
draw_flags(struct mailgen *gen)
{
    unsigned flags = 0;

    if (mg_chance(gen, 85))
        flags |= MAILGEN_SEEN;
    if (mg_chance(gen, 12))
        flags |= MAILGEN_ANSWERED;
    if (mg_chance(gen, 4))
        flags |= MAILGEN_FLAGGED;
    return flags;
}

static enum mailgen_fault
draw_fault(struct mailgen *gen)
{
    if (!mg_chance(gen, gen->opt.broken_percent))
        return MAILGEN_SOUND;
    return (enum mailgen_fault)(1 + mg_pick(gen, MAILGEN_FAULTS - 1));
}

/* Faults that need a certain shape to show. */
static enum mailgen_shape
shape_for_fault(enum mailgen_fault fault, enum mailgen_shape shape)
{
    switch (fault) {
    case MAILGEN_NO_FINAL_BOUNDARY:
    case MAILGEN_NO_BOUNDARY_PARAM:
        return shape <= MAILGEN_HTML ? MAILGEN_ALTERNATIVE : shape;
    case MAILGEN_BAD_BASE64:
        return MAILGEN_MIXED;
    case MAILGEN_LYING_CHARSET:
    case MAILGEN_BAD_CONTENT_TYPE:
        return MAILGEN_PLAIN;
    default:
        return shape;
    }
}

void
mailgen_next(struct mailgen *gen, struct mailgen_message *message_out)
{
    struct buf *const out = &gen->out;
    const size_t octets = draw_size(gen);
    char id[56];

    buf_clear(out);
    gen->fault = draw_fault(gen);
    gen->date_s += 1 + mg_pick(gen, 7200);
    gen->number++;
    const enum mailgen_shape shape = shape_for_fault(gen->fault, draw_shape(gen, octets));
    const bool reply = gen->thread_count > 0 && mg_chance(gen, 45);
    struct mg_thread *const thread =
        reply ? &gen->threads[mg_pick(gen, gen->thread_count)] : new_thread(gen);
    snprintf(id, sizeof id, "%llx.%llu@%s", (unsigned long long)rng_u64(&gen->rng) >> 16,
             (unsigned long long)gen->number,
             mg_domains[mg_pick(gen, (unsigned)mg_domain_count)]);
    const unsigned from = reply ? mg_pick(gen, MG_PEOPLE) : thread->starter;
    const struct mg_head head = {
        .from = from,
        .to = mg_pick(gen, MG_PEOPLE),
        .to_count = mg_chance(gen, 20) && octets > 2000 ? 2 + mg_pick(gen, 6) : 1,
        .thread = thread,
        .reply = reply && shape != MAILGEN_REPORT,
        .bounce = shape == MAILGEN_REPORT,
        .voice = mg_voice_draw(gen, thread->lang),
        .date_s = gen->date_s - 2,
        .id = id,
        .budget = octets,
    };
    snprintf(gen->sender, sizeof gen->sender, "%s",
             head.bounce ? "" : gen->people[from].address);

    mg_put_head(gen, &head);
    if (gen->fault != MAILGEN_MISSING_HEADERS || mg_chance(gen, 50))
        buf_put_lit(out, "MIME-Version: 1.0\r\n");
    const size_t used = buf_len(out);
    const size_t left = octets > used + 80 ? octets - used : 80;
    if (gen->fault == MAILGEN_DEEP)
        mg_put_deep(gen, &head, left);
    else
        mg_put_shape(gen, shape, &head, left);
    mg_fault_apply(gen);
    thread_add(thread, id);
    CHECK(buf_ok(out));

    *message_out = (struct mailgen_message){
        .octets = buf_span(out),
        .sender = span_of_str(gen->sender),
        .internaldate_s = gen->date_s,
        .flags = draw_flags(gen),
        .shape = shape,
        .fault = gen->fault,
    };
}

/* RFC 4155's appendix names the format; mboxrd quotes reversibly: ^>*From gets one more >. */
static bool
needs_quote(struct span line)
{
    size_t i = 0;

    while (i < line.len && line.ptr[i] == '>')
        i++;
    return span_starts(span_tail(line, i), SPAN("From "));
}

void
mailgen_put_mboxrd(struct buf *mbox, const struct mailgen_message *message,
                   enum mailgen_newline newline)
{
    const char *const end = newline == MAILGEN_CRLF ? "\r\n" : "\n";
    struct span rest = message->octets;
    char date[32];

    mg_fmt_ctime(date, message->internaldate_s);
    if (message->sender.len == 0)
        buf_printf(mbox, "From MAILER-DAEMON %s%s", date, end);
    else
        buf_printf(mbox, "From %.*s %s%s", SPAN_FMT(message->sender), date, end);
    while (rest.len > 0) {
        const ptrdiff_t at = span_find_char(rest, '\n');
        const struct span line = at < 0 ? rest : span_head(rest, (size_t)at);
        const bool crlf = at > 0 && line.ptr[line.len - 1] == '\r';
        if (needs_quote(line))
            buf_put_char(mbox, '>');
        buf_put_span(mbox, crlf ? span_head(line, line.len - 1) : line);
        buf_put_str(mbox, end);
        rest = span_tail(rest, at < 0 ? rest.len : (size_t)at + 1);
    }
    buf_put_str(mbox, end);
}
