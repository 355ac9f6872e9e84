/* SPDX-License-Identifier: MIT */
/*
 * Rights on mailboxes (RFC 4314 section 2.1), as bits and as the letters that clients write,
 * and what a list of them comes to for one user.
 *
 * The obsolete letters (section 2.1.1): "c" stands for k and x, "d" for t and e. They are
 * understood wherever rights are read, and written when one of their members is.
 *
 * Pure; any thread.
 */
#ifndef MAILBOX_SHARING_RIGHTS_H
#define MAILBOX_SHARING_RIGHTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/rc.h"
#include "base/span.h"
#include "store/acl.h"

/* Bits; they are stored. */
enum mbox_right {
    RIGHT_LOOKUP = 1 << 0,          /* l */
    RIGHT_READ = 1 << 1,            /* r */
    RIGHT_SEEN = 1 << 2,            /* s */
    RIGHT_WRITE = 1 << 3,           /* w */
    RIGHT_INSERT = 1 << 4,          /* i */
    RIGHT_POST = 1 << 5,            /* p */
    RIGHT_CREATE = 1 << 6,          /* k */
    RIGHT_DELETE_MAILBOX = 1 << 7,  /* x */
    RIGHT_DELETE_MESSAGES = 1 << 8, /* t */
    RIGHT_EXPUNGE = 1 << 9,         /* e */
    RIGHT_ADMINISTER = 1 << 10,     /* a */
    RIGHTS_ALL = (1 << 11) - 1,
    /* Each of them allows MYRIGHTS (section 4). */
    RIGHTS_TO_KNOW = RIGHT_LOOKUP | RIGHT_READ | RIGHT_INSERT | RIGHT_CREATE |
                     RIGHT_DELETE_MAILBOX | RIGHT_ADMINISTER,
    RIGHTS_ON_FLAGS = RIGHT_SEEN | RIGHT_WRITE | RIGHT_DELETE_MESSAGES,
};

/** The flags (enum msg_flags) that these rights allow to be set and cleared (section 4). */
uint32_t rights_flags(uint32_t rights);

/* What SETACL does to the rights that an identifier has. */
struct rights_change {
    enum { RIGHTS_SET, RIGHTS_ADD, RIGHTS_TAKE } how;
    uint32_t rights;
};

/** RC_INVALID: a letter that is no right; upper case is none. */
MUST_USE enum rc rights_parse(struct span text, uint32_t *rights_out);
/** The same with a "+" or "-" before it (section 3.1). */
MUST_USE enum rc rights_change_parse(struct span text, struct rights_change *out);
uint32_t rights_changed(uint32_t rights, const struct rights_change *change);

struct rights_text {
    uint8_t len;
    char text[14]; /* "lrswipkxtecda" */
};
/** With the obsolete letters. */
struct rights_text rights_write(uint32_t rights);
static inline struct span
rights_span(const struct rights_text *text)
{
    return span_of(text->text, text->len);
}

/* Somebody whose rights are asked for. */
struct rights_user {
    uint64_t account;
    const uint64_t *groups; /* ascending; borrowed */
    size_t group_count;
    bool not_as_anyone; /* what is granted to anyone is not granted to this user */
};
/** Whether the user's groups make a difference with these rows. */
bool rights_need_groups(const struct acl_row *rows, size_t count);
/**
 * What these rows, all of one mailbox, grant to an account that does not own it: whatever is
 * granted to it, to a group that it is in or to anyone, without what a negative identifier
 * takes from any of these (section 2 leaves it to the server how rights are combined).
 */
uint32_t rights_of(const struct acl_row *rows, size_t count, const struct rights_user *user);

#endif
