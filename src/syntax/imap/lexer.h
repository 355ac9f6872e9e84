/* SPDX-License-Identifier: MIT */
/*
 * The tokens of the command grammar (RFC 3501 and RFC 9051, section 9 of both). Each function
 * takes one token from the front. If that fails, it leaves a sentence for the client in `bad`
 * and returns false, which callers pass on. Private to lexer.c, cmd.c and args/.
 *
 * It allows more than the grammar in three places: astrings and quoted strings may contain raw
 * 8-bit octets, and a command may end with blanks.
 *
 * Pure; any thread.
 */
#ifndef SYNTAX_IMAP_LEXER_H
#define SYNTAX_IMAP_LEXER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/rc.h"
#include "base/span.h"
#include "syntax/imap/chars.h"
#include "syntax/imap/req.h"

enum { IMAP_NUMBER_MAX = UINT32_MAX };          /* number */
#define IMAP_NUMBER64_MAX ((uint64_t)INT64_MAX) /* number64, mod-sequence-value */

struct imap_lexer {
    const char *at; /* borrowed text */
    const char *end;
    struct arena *arena;
    const char *bad; /* why parsing failed; never octets of the client */
    enum rc rc;      /* RC_INVALID or RC_LIMIT, with `bad` */
    enum mbox_wire wire;
    unsigned spools; /* marks of diverted literals passed so far */
};

/** A literal: its octets, or the number of the spool that has them. */
struct imap_lex_literal {
    uint64_t octets;
    struct span inline_octets;
    unsigned spool;
    bool is_spooled;
    bool literal8;
};

/** Keeps the first complaint. Always returns false. */
bool lex_bad(struct imap_lexer *lx, const char *sentence);
bool lex_limit(struct imap_lexer *lx, const char *sentence);

/** The next octet, or -1 at the end. */
static inline int
lex_peek(const struct imap_lexer *lx)
{
    return lx->at < lx->end ? (unsigned char)*lx->at : -1;
}

/** Takes c if it is next. */
static inline bool
lex_take(struct imap_lexer *lx, char c)
{
    if (lex_peek(lx) != (unsigned char)c)
        return false;
    lx->at++;
    return true;
}

/** Takes c or complains. */
MUST_USE bool lex_need(struct imap_lexer *lx, char c, const char *sentence);
/** Takes the space before another token, but not if only blanks are left, which imap_args_parse
 * drops. */
bool lex_more(struct imap_lexer *lx);
/** Takes word in any case, if a whole atom of that spelling is next. */
bool lex_take_word(struct imap_lexer *lx, struct span word);
/** The longest run of octets of these classes (chars.h), perhaps empty. */
struct span lex_run(struct imap_lexer *lx, unsigned classes);

/* Each complains with `sentence` if its token is missing. */
MUST_USE bool lex_atom(struct imap_lexer *lx, struct span *atom_out, const char *sentence);
MUST_USE bool lex_string(struct imap_lexer *lx, struct span *s_out, const char *sentence);
MUST_USE bool lex_astring(struct imap_lexer *lx, struct span *s_out, const char *sentence);
/** A NULL pointer stands for NIL. */
MUST_USE bool lex_nstring(struct imap_lexer *lx, struct span *s_out, const char *sentence);
MUST_USE bool lex_literal(struct imap_lexer *lx, struct imap_lex_literal *literal_out,
                          const char *sentence);
MUST_USE bool lex_number(struct imap_lexer *lx, uint64_t min, uint64_t max,
                         uint64_t *number_out, const char *sentence);
MUST_USE bool lex_nz32(struct imap_lexer *lx, uint32_t *number_out, const char *sentence);

/* What several commands share. */
MUST_USE bool lex_mailbox(struct imap_lexer *lx, struct mbox_arg *arg_out,
                          const char *sentence);
MUST_USE bool lex_set(struct imap_lexer *lx, struct numset *set_out, const char *sentence);
/** A set or `$`. */
MUST_USE bool lex_msgs(struct imap_lexer *lx, enum imap_msgs_kind kind,
                       struct imap_msgs *msgs_out);
/** "(" [flag *(SP flag)] ")". */
MUST_USE bool lex_flag_list(struct imap_lexer *lx, struct imap_flag_list *list_out);
/** flag *(SP flag), to the end of the command. */
MUST_USE bool lex_bare_flags(struct imap_lexer *lx, struct imap_flag_list *list_out);

/** A word of a table and the bit or number it stands for. */
struct lex_word {
    struct span word;
    unsigned value;
};

/** "(" [word *(SP word)] ")" with words of the table, their values or-ed together. */
MUST_USE bool lex_word_list(struct imap_lexer *lx, const struct lex_word *words, size_t count,
                            unsigned *values_out, const char *sentence);

/**
 * Makes room in an array that grows by one element at a time. Returns the array to use from now
 * on, with room for element `count`, or NULL after a complaint. Takes constant time on average,
 * and at most twice the memory.
 */
void *lex_grow(struct imap_lexer *lx, void *array, size_t count, size_t size);

#define lex_new(lx, type) ((type *)lex_alloc((lx), sizeof(type)))
/** Zeroed memory from the arena, or NULL after a complaint if the arena is full. */
void *lex_alloc(struct imap_lexer *lx, size_t octets);

#endif
