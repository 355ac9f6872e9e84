/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "mailbox/sharing/rights.h"

#include "store/store.h"

/* In the order in which they are written. */
static const struct {
    char letter;
    uint32_t rights;
} letters[] = {
    {'l', RIGHT_LOOKUP},
    {'r', RIGHT_READ},
    {'s', RIGHT_SEEN},
    {'w', RIGHT_WRITE},
    {'i', RIGHT_INSERT},
    {'p', RIGHT_POST},
    {'k', RIGHT_CREATE},
    {'x', RIGHT_DELETE_MAILBOX},
    {'t', RIGHT_DELETE_MESSAGES},
    {'e', RIGHT_EXPUNGE},
    {'c', RIGHT_CREATE | RIGHT_DELETE_MAILBOX},
    {'d', RIGHT_DELETE_MESSAGES | RIGHT_EXPUNGE},
    {'a', RIGHT_ADMINISTER},
};

static uint32_t
rights_of_letter(char letter)
{
    for (size_t i = 0; i < ARRAY_LEN(letters); i++)
        if (letters[i].letter == letter)
            return letters[i].rights;
    return 0;
}

enum rc
rights_parse(struct span text, uint32_t *rights_out)
{
    uint32_t rights = 0;

    for (size_t i = 0; i < text.len; i++) {
        const uint32_t more = rights_of_letter(text.ptr[i]);
        if (more == 0)
            return RC_INVALID;
        rights |= more;
    }
    *rights_out = rights;
    return RC_OK;
}

enum rc
rights_change_parse(struct span text, struct rights_change *out)
{
    struct rights_change change = {.how = RIGHTS_SET};

    if (text.len > 0 && (text.ptr[0] == '+' || text.ptr[0] == '-')) {
        change.how = text.ptr[0] == '+' ? RIGHTS_ADD : RIGHTS_TAKE;
        text = span_tail(text, 1);
    }
    const enum rc rc = rights_parse(text, &change.rights);
    if (rc == RC_OK)
        *out = change;
    return rc;
}

uint32_t
rights_changed(uint32_t rights, const struct rights_change *change)
{
    switch (change->how) {
    case RIGHTS_SET:
        break;
    case RIGHTS_ADD:
        return rights | change->rights;
    case RIGHTS_TAKE:
        return rights & ~change->rights;
    }
    return change->rights;
}

struct rights_text
rights_write(uint32_t rights)
{
    struct rights_text out = {.len = 0};

    for (size_t i = 0; i < ARRAY_LEN(letters); i++)
        if ((rights & letters[i].rights) != 0)
            out.text[out.len++] = letters[i].letter;
    return out;
}

uint32_t
rights_flags(uint32_t rights)
{
    uint32_t flags = 0;

    if ((rights & RIGHT_SEEN) != 0)
        flags |= MSG_SEEN;
    if ((rights & RIGHT_DELETE_MESSAGES) != 0)
        flags |= MSG_DELETED;
    if ((rights & RIGHT_WRITE) != 0)
        flags |= MSG_ANSWERED | MSG_FLAGGED | MSG_DRAFT;
    return flags;
}

/* What is taken from anyone is taken in any case. */
static bool
is_about(const struct acl_row *row, const struct rights_user *user)
{
    switch (row->kind) {
    case ACL_ANYONE:
        return row->negative || !user->not_as_anyone;
    case ACL_ACCOUNT:
        return row->who == user->account;
    case ACL_GROUP:
        break;
    }
    for (size_t i = 0; row->kind == ACL_GROUP && i < user->group_count; i++)
        if (user->groups[i] == row->who)
            return true;
    return false;
}

bool
rights_need_groups(const struct acl_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].kind == ACL_GROUP)
            return true;
    return false;
}

uint32_t
rights_of(const struct acl_row *rows, size_t count, const struct rights_user *user)
{
    uint32_t granted = 0;
    uint32_t taken = 0;

    for (size_t i = 0; i < count; i++) {
        if (!is_about(&rows[i], user))
            continue;
        if (rows[i].negative)
            taken |= rows[i].rights;
        else
            granted |= rows[i].rights;
    }
    return granted & ~taken & RIGHTS_ALL;
}
