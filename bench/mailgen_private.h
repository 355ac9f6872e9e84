/* SPDX-License-Identifier: MIT */
/*
 * What the files of the generator share. A message is written from top to bottom into gen->out;
 * each file knows one layer: words, text, header fields, MIME shapes.
 */
#ifndef BENCH_MAILGEN_PRIVATE_H
#define BENCH_MAILGEN_PRIVATE_H

#include <stdbool.h>

#include "base/rng.h"
#include "bench/mailgen.h"

enum mg_charset {
    MG_ASCII,
    MG_UTF8,
    MG_LATIN1,
    MG_LATIN9,
    MG_CP1252,
    MG_CP1251,
    MG_KOI8R,
    MG_ISO2022JP,
    MG_SJIS,
    MG_GB18030,
    MG_BIG5,
    MG_EUCKR,
    MG_CHARSETS
};

enum mg_lang {
    MG_ENGLISH,
    MG_GERMAN,
    MG_FRENCH,
    MG_RUSSIAN,
    MG_JAPANESE,
    MG_CHINESE_CN,
    MG_CHINESE_TW,
    MG_KOREAN,
    MG_LANGS
};

enum mg_cte { MG_7BIT, MG_8BIT, MG_QP, MG_BASE64 };

enum { MG_WORDS_MAX = 240, MG_THREADS = 64, MG_PEOPLE = 320, MG_LISTS = 12 };

/* The words of one language in one charset. */
struct mg_words {
    struct span word[MG_WORDS_MAX]; /* point into text */
    size_t count;
    char *text;  /* owned; NULL: the pair does not exist */
    bool spaced; /* words are separated by spaces */
};

/* How a text is written. */
struct mg_voice {
    enum mg_lang lang;
    enum mg_charset charset;
    enum mg_cte cte;
    const struct mg_words *words;
};

struct mg_person {
    struct span name; /* UTF-8, points into the tables of mailgen_words.c */
    struct span family;
    enum mg_lang lang;
    char address[64];
};

/* A conversation that may get a further message. */
struct mg_thread {
    uint64_t subject_seed; /* the subject is drawn again from this for each reply */
    char ids[8][56];       /* Message-IDs without brackets, oldest first */
    unsigned id_count;
    unsigned starter; /* index of a person */
    int list;         /* -1: personal */
    enum mg_lang lang;
    enum mg_charset charset;
};

struct mailgen {
    struct mailgen_options opt;
    struct rng rng;
    struct buf out;
    struct buf raw; /* text before its transfer encoding */
    struct mg_words words[MG_LANGS][MG_CHARSETS];
    struct mg_person people[MG_PEOPLE];
    struct mg_thread threads[MG_THREADS];
    unsigned thread_count;
    uint64_t number; /* of messages made */
    uint64_t bits;   /* spare random bits for mg_pick */
    unsigned bits_left;
    int64_t date_s;
    enum mailgen_fault fault; /* of the message being written */
    unsigned depth;           /* of nested messages while one is written */
    char sender[64];
    char rare[MAILGEN_RARE_OCTETS]; /* the last rare word drawn */
};

/* What the header of the message being written says. */
struct mg_head {
    unsigned from;
    unsigned to;
    unsigned to_count;
    const struct mg_thread *thread;
    bool reply;
    bool bounce;
    struct mg_voice voice;
    int64_t date_s;
    const char *id;
    size_t budget; /* octets that the whole message should have */
};

/* mailgen_words.c */
extern const char *const mg_charset_names[MG_CHARSETS];
/** Fills words[][] with iconv. */
MUST_USE enum rc mg_words_init(struct mailgen *gen, struct err *err);
void mg_words_done(struct mailgen *gen);
/** A name and a family name of the language, in UTF-8. */
struct span mg_given_name(enum mg_lang lang, uint64_t random);
struct span mg_family_name(enum mg_lang lang, uint64_t random);
extern const char *const mg_domains[];
extern const size_t mg_domain_count;
extern const char *const mg_list_names[MG_LISTS];

/* mailgen_text.c */
/** Uniform in 0..below-1 (below at most 65536), cheap. */
unsigned mg_pick(struct mailgen *gen, unsigned below);
/** True in this percentage of cases. */
bool mg_chance(struct mailgen *gen, unsigned percent);
/** Appends count words of a voice, raw, spaced as the language does. */
void mg_put_words(struct mailgen *gen, struct buf *dst, const struct mg_words *words,
                  unsigned count);
enum mg_text_kind { MG_TEXT_PLAIN, MG_TEXT_QUOTING, MG_TEXT_HTML };
/** Appends about `octets` octets of text to gen->out in the voice's transfer encoding. */
void mg_put_text(struct mailgen *gen, const struct mg_voice *voice, enum mg_text_kind kind,
                 size_t octets);
/** Appends about `octets` octets of base64 lines of random data to gen->out. */
void mg_put_base64_noise(struct mailgen *gen, size_t octets);
/** Appends data as base64 lines of 76. */
void mg_put_base64_lines(struct mailgen *gen, struct span data);

/* mailgen_head.c */
/** Writes trace, list and ordinary fields; MIME fields and the empty line follow elsewhere. */
void mg_put_head(struct mailgen *gen, const struct mg_head *head);
void mg_put_date(struct mailgen *gen, int64_t date_s);
/** "Sat Jan  2 15:04:05 2016" at dst, for mbox From lines. */
void mg_fmt_ctime(char dst[static 32], int64_t date_s);
/** Appends `text` (raw in the voice's charset) as encoded words when it is not ASCII. */
void mg_put_unstructured(struct mailgen *gen, const struct mg_voice *voice, struct span text);

/* mailgen_shape.c */
struct mg_boundary {
    char text[64];
};
/** Writes the MIME fields, the empty line and the body, about `octets` in all. */
void mg_put_shape(struct mailgen *gen, enum mailgen_shape shape, const struct mg_head *head,
                  size_t octets);
/** Chooses charset and transfer encoding for a language. */
struct mg_voice mg_voice_draw(struct mailgen *gen, enum mg_lang lang);
enum mg_lang mg_lang_draw(struct mailgen *gen);

/* mailgen_fault.c */
/** Faults that are made in the finished octets. */
void mg_fault_apply(struct mailgen *gen);
/** A MIME body nested far deeper than anything sane. */
void mg_put_deep(struct mailgen *gen, const struct mg_head *head, size_t octets);

#endif
