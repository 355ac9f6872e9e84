/* SPDX-License-Identifier: MIT */
/*
 * The compiled form of a search. search_compile.c makes it from the request's tree,
 * search_many.c asks it about many messages at once, with what is in memory, search_eval.c
 * about one of those that this does not decide; search.c walks the messages.
 *
 * Three values: a key whose data has not been read yet is UNKNOWN. A message is asked level by
 * level (what it costs to know more) until the whole is TRUE or FALSE, so nothing is read that
 * the answer does not need, and the text is given up in the middle when the rest cannot matter.
 */
#ifndef MAILBOX_SEARCH_SEARCH_PRIVATE_H
#define MAILBOX_SEARCH_SEARCH_PRIVATE_H

#include "mailbox/content/object_id.h"
#include "mailbox/memory/members.h"
#include "mailbox/search/hits.h"
#include "mailbox/search/search.h"
#include "syntax/mail/mime_parts.h"
#include "syntax/mail/search/mime_search.h"

enum search_level {
    SEARCH_LEVEL_ENTRY,  /* in memory */
    SEARCH_LEVEL_ROW,    /* the message row with its stored fields */
    SEARCH_LEVEL_HEADER, /* the header block, for fields that are not stored */
    SEARCH_LEVEL_TEXT,   /* all of the message, piece by piece */
    SEARCH_LEVELS,
};

enum search_value { SEARCH_FALSE, SEARCH_TRUE, SEARCH_UNKNOWN };

enum search_op {
    OP_CONST, /* number: 0 or 1 */
    OP_AND,
    OP_OR,
    OP_NOT,
    OP_RUNS, /* sequence numbers in runs */
    OP_FLAG, /* flags & number is not 0 */
    OP_RECENT,
    OP_KEYWORD, /* bit number */
    OP_BEFORE,  /* day of the internaldate, in its own zone, is before number, and so on */
    OP_ON,
    OP_SINCE,
    OP_LARGER,
    OP_SMALLER,
    OP_OLDER,       /* internaldate at or before number */
    OP_YOUNGER,     /* at or after */
    OP_MODSEQ,      /* at least number */
    OP_SAVEDBEFORE, /* day of the save date in UTC, in which it is shown */
    OP_SAVEDON,
    OP_SAVEDSINCE,
    OP_EMAILID, /* is id */
    OP_THREADID,
    OP_SENTBEFORE, /* day as the Date field writes it */
    OP_SENTON,
    OP_SENTSINCE,
    OP_FIELD,   /* a field contains the needle */
    OP_ADDRESS, /* likewise, as it is written or as ENVELOPE shows its addresses */
    OP_HAS_FIELD,
    OP_TEXT, /* needle of the body or of all of the message */
};

struct search_node {
    enum search_op op;
    uint8_t cost;   /* order among siblings */
    bool rates;     /* this key, or one below it, has a score */
    uint8_t value;  /* what was found out about the message under way; enum search_value */
    uint8_t score;  /* and how well it matches */
    uint32_t seen;  /* values of its field that were searched */
    uint64_t stamp; /* of the message that value is about */
    int64_t number;
    int field_id; /* OP_FIELD, OP_ADDRESS, OP_HAS_FIELD: in the table of stored fields, or
                     FIELDS_NONE */
    struct span field;
    struct span id; /* OP_EMAILID, OP_THREADID */
    size_t needle;
    struct view_run *runs; /* OP_RUNS: ascending */
    size_t run_count;
    size_t run_at; /* only moves on: messages are asked in ascending order */
    struct search_node *children;
    struct search_node *next;
    uint32_t question;       /* for the index; NO_QUESTION: none */
    const struct hits *hits; /* what the index says; NULL: nothing */
};

enum { NO_QUESTION = UINT32_MAX };

/* What the index was asked, by one search or by several of one command. */
struct search_answers {
    struct arena arena;
    uint64_t account_id; /* 0: there are no questions yet */
    struct hits_asking asking;
    uint64_t generation; /* of the index that was found to be of this mail; 0: none */
    uint64_t sure;       /* as far as this message */
    uint64_t undecided;  /* messages that were read because the keys in memory did not decide */
    bool is_attached;   /* some question is about attachments, too: only the index knows them */
    uint32_t first_at;  /* search_req.ask_at */
    uint64_t ask_at;    /* the number of those from which on the index is asked */
    uint64_t ask_again; /* and, when it was busy, not before so many were read */
    uint64_t unknown;   /* messages that were read because the index does not know them */
    struct budget *budget; /* borrowed */
    int64_t charged;       /* octets of the answers, taken from it */
};

/* What a search has done, for the log. */
struct search_tally {
    uint64_t rows;
    uint64_t headers;
    uint64_t texts;
    uint64_t text_octets;
    uint32_t index_slices; /* in which an index was asked */
    int64_t index_us;
    int64_t read_us; /* reading messages and looking into them */
    int64_t all_us;
    enum rc index_rc; /* why there is no answer of the index */
};

struct search {
    struct view *view; /* borrowed */
    struct search_node *root;
    size_t node_count;
    bool levels[SEARCH_LEVELS]; /* does any key need it? */
    bool needs_snapshot;        /* the current version was not in memory */

    struct view_run *runs; /* candidates */
    size_t run_count;
    size_t run;
    uint32_t next_seq; /* 0: the first of the run */
    uint32_t cut_at;   /* the first of them, if there were more; 0: there were not */

    uint64_t *found; /* bit seq */
    uint8_t *scores; /* for each result; NULL: not asked for */
    uint32_t exists;
    uint32_t count;
    uint32_t min;
    uint32_t max;
    uint64_t max_modseq;
    uint64_t modseq_of_min;
    uint64_t modseq_of_max;

    struct search_answers *answers;     /* NULL: the index is not asked */
    struct search_answers *own_answers; /* NULL: they are shared */
    bool asking;                        /* the index is asked before the scan goes on */
    bool without_hits;   /* the program is asked as if there were no answers of the index */
    uint64_t candidates; /* messages in runs */
    uint64_t looked;     /* those that were asked in memory */
    uint64_t undecided;  /* those that had to be read */
    struct search_tally tally;

    uint64_t work; /* done so far; a unit is some five nanoseconds, one key asked in memory */
    uint64_t allowed;    /* work that does not count against LIMIT_SEARCH_WORK */
    uint64_t unforgiven; /* part of the work that always counts */
    bool over_limit;     /* LIMIT_SEARCH_WORK was reached */

    struct store_tx *tx; /* of this slice, as the next two */
    struct members members;
    struct version_run batch; /* from next_seq on */

    /* The message under way. Once its text is being read it outlives slices, with its entry as
     * it was then: what has been decided stays decided. */
    uint64_t stamp;          /* a number of its own for each message */
    enum search_level level; /* what is known of it */
    bool wants_header;       /* some key could not be answered from the stored fields */
    bool has_fields;
    struct span fields; /* stored ones; valid in this slice */
    /* it took long: the rest of its fields and of their values follow in the next slice */
    bool paused;
    uint64_t pause_above;                 /* value of `work` at which to pause */
    struct object_ids_reader *ids_reader; /* NULL: no key asks for them */
    unsigned id_kinds;                    /* those that keys ask for */
    struct object_ids ids;                /* known from SEARCH_LEVEL_ROW on */
    struct buf header;                    /* the header block */
    bool in_text;
    bool text_over;
    uint8_t score;      /* valid if it matches */
    struct arena parts; /* the part tree of the text */
    struct search_one {
        uint32_t seq;
        uint32_t uid;
        uint16_t flags;
        uint64_t modseq;
        uint64_t message;
        uint32_t octets;
        int64_t internaldate_s;
        int16_t internaldate_zone_min;
        int64_t savedate_s;
        struct keywords keywords;
    } one;
    struct version_run one_run; /* points into one */

    bool has_needles;
    struct mime_search needles;
    size_t piece_octets; /* of text read at once */
};

/* What compiling needs and the program does not. */
struct search_compiler {
    struct search *search;
    struct arena *arena;
    const struct search_req *req;
    struct keyword_names keywords;
    struct mime_needle *needles;
    size_t needle_count;
    size_t needle_cap;
    bool in_not; /* below a NOT, where the score of a key does not matter */
    struct err *err;
};

/* NULL: the arena is spent. */
struct search_node *search_node_new(struct search_compiler *c, enum search_op op);
struct search_node *search_node_number(struct search_compiler *c, enum search_op op,
                                       int64_t number);

/* search_text.c. RC_LIMIT (arena), RC_BAD_CHARSET and RC_INVALID as search_new. */
/* The needle is in key->text. op: OP_FIELD or OP_ADDRESS. */
MUST_USE enum rc search_compile_field(struct search_compiler *c, enum search_op op,
                                      struct span name, const struct imap_search_key *key,
                                      struct search_node **out);
MUST_USE enum rc search_compile_text(struct search_compiler *c,
                                     const struct imap_search_key *key, enum mime_scope scope,
                                     struct search_node **out);
MUST_USE enum rc search_compile_sent(struct search_compiler *c, enum search_op op, int32_t day,
                                     struct search_node **out);

/* RC_LIMIT (arena). */
MUST_USE enum rc search_compile_id(struct search_compiler *c, enum search_op op, struct span id,
                                   struct search_node **out);

/* search_index.c */
/** Whether there is an index to ask. */
void search_index_init(struct search *search, struct arena *arena,
                       const struct search_req *req);
/** A message is undecided: whether to ask the index before it is read. */
bool search_index_wanted(const struct search *search);
/** The message under way is going to be read. */
void search_index_note_read(struct search *search);
/** Whether the program is true of message `at` of the batch because of what the index says. */
bool search_index_decided(struct search *search, uint32_t at);
/** Goes on asking; in a slice. RC_AGAIN: not finished. RC_OK: search->asking is over, with or
 * without answers. */
MUST_USE enum rc search_index_slice(struct search *search, const struct clock *clock,
                                    int64_t deadline_us);

/** Counts the work of the needles since the last time. */
void search_count_needles(struct search *search);

/** Compiles the tree. As search_new. */
MUST_USE enum rc search_compile(struct search *search, struct arena *arena,
                                const struct search_req *req, struct err *err);

enum {
    SEARCH_SCORE_MAX = 100,
    SEARCH_MANY = 64,
};

/* Bit i is about a message i behind the first. */
struct search_bits {
    uint64_t yes; /* matches */
    uint64_t no;  /* does not; in neither: it has to be read */
};
/** The value of the program for messages of the batch, at most SEARCH_MANY from `at` on, the
 * first of which has number seq, from what is known in memory and what the index says. It is as
 * search_eval at SEARCH_LEVEL_ENTRY, but takes a tenth of the time. Only for programs without
 * scores. */
struct search_bits search_eval_many(const struct search *search,
                                    const struct version_run *batch, uint32_t at,
                                    uint32_t count, uint32_t seq);

/** The value of the program for message `at` of the batch, from what is known up to
 * search->level. If it is TRUE, search->score says how well the message matches. It is UNKNOWN
 * while the score may still grow. */
enum search_value search_eval(struct search *search, const struct version_run *batch,
                              uint32_t at, uint32_t seq);

#endif
