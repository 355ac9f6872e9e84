/* SPDX-License-Identifier: MIT */
/*
 * One walk over the header notes the fields, then the ten members are written in order. Values
 * share what is left of the budget: no value may take more than half of it, so that the
 * structure around always fits.
 */
#include "syntax/mail/envelope.h"

#include "base/limits.h"
#include "syntax/mail/address.h"
#include "syntax/mail/header.h"
#include "syntax/mail/mime_put.h"

enum member {
    DATE,
    SUBJECT,
    FROM,
    SENDER,
    REPLY_TO,
    TO,
    CC,
    BCC,
    IN_REPLY_TO,
    MESSAGE_ID,
    MEMBERS,
};

static const struct span names[MEMBERS] = {
    [DATE] = SPAN_INIT("date"),
    [SUBJECT] = SPAN_INIT("subject"),
    [FROM] = SPAN_INIT("from"),
    [SENDER] = SPAN_INIT("sender"),
    [REPLY_TO] = SPAN_INIT("reply-to"),
    [TO] = SPAN_INIT("to"),
    [CC] = SPAN_INIT("cc"),
    [BCC] = SPAN_INIT("bcc"),
    [IN_REPLY_TO] = SPAN_INIT("in-reply-to"),
    [MESSAGE_ID] = SPAN_INIT("message-id"),
};

/* Fields of one name that are joined. More of them are left out. */
enum { REPEATS_MAX = 16 };

/* Kept free for the structure: an address without values and the members that follow. */
enum { RESERVE_OCTETS = 128 };

struct envelope {
    struct buf *out;
    size_t end; /* buf_len(out) may become about this */
    struct arena arena;
    struct span values[MEMBERS][REPEATS_MAX];
    unsigned counts[MEMBERS];
};

static bool
is_address(enum member member)
{
    return member >= FROM && member <= BCC;
}

static size_t
room(const struct envelope *env)
{
    const size_t len = buf_len(env->out) + RESERVE_OCTETS;

    return len < env->end ? (env->end - len) / 2 : 0;
}

static void
collect(struct envelope *env, struct span header)
{
    struct header_iter iter;
    struct header_field field;

    header_iter_init(&iter, header);
    while (header_next(&iter, &field)) {
        for (unsigned i = 0; i < MEMBERS; i++) {
            if (!span_ieq(field.name, names[i]))
                continue;
            const unsigned max = is_address((enum member)i) ? REPEATS_MAX : 1;
            if (env->counts[i] < max)
                env->values[i][env->counts[i]++] = field.value;
            break;
        }
    }
}

static void
put_optional(struct envelope *env, struct span text)
{
    if (text.len == 0)
        buf_put_lit(env->out, "NIL");
    else
        mime_put_string(env->out, text, MIME_AS_IS, room(env));
}

/* (name adl mailbox host); a NIL host means group syntax, so a missing one is "". */
static void
put_address(struct envelope *env, const struct address *address)
{
    struct buf *out = env->out;

    if (address->kind == ADDRESS_GROUP_END) {
        buf_put_lit(out, "(NIL NIL NIL NIL)");
        return;
    }
    if (address->kind == ADDRESS_GROUP_BEGIN) {
        buf_put_lit(out, "(NIL NIL ");
        mime_put_string(out, address->name, MIME_AS_IS, room(env));
        buf_put_lit(out, " NIL)");
        return;
    }
    buf_put_char(out, '(');
    put_optional(env, address->name);
    buf_put_char(out, ' ');
    put_optional(env, address->route);
    buf_put_char(out, ' ');
    mime_put_string(out, address->mailbox, MIME_AS_IS, room(env));
    buf_put_char(out, ' ');
    mime_put_string(out, address->host, MIME_AS_IS, room(env));
    buf_put_char(out, ')');
}

/* False, and nothing written, when there is no address. */
static bool
put_addresses(struct envelope *env, enum member member)
{
    const size_t before = buf_len(env->out);
    struct address_iter iter;
    struct address address;
    uint32_t count = 0;
    bool in_group = false;

    for (unsigned i = 0; i < env->counts[member]; i++) {
        address_iter_init(&iter, env->values[member][i], &env->arena);
        iter.count = count;
        while (address_next(&iter, &address)) {
            if (address.kind == ADDRESS_GROUP_END ? !in_group : room(env) == 0)
                continue; /* a group is ended if, and only if, it was begun here */
            in_group = address.kind == ADDRESS_GROUP_BEGIN ||
                       (in_group && address.kind != ADDRESS_GROUP_END);
            if (buf_len(env->out) == before)
                buf_put_char(env->out, '(');
            put_address(env, &address);
        }
        count = iter.count;
    }
    if (buf_len(env->out) == before)
        return false;
    buf_put_char(env->out, ')');
    return true;
}

/* Appends again what was put at offset; buf_put cannot, since it may move the memory. */
static void
repeat(struct buf *out, size_t offset, size_t len)
{
    char *dst = buf_reserve(out, len);

    if (dst == NULL)
        return;
    memcpy(dst, buf_span(out).ptr + offset, len);
    buf_grew(out, len);
}

/* From, Sender, Reply-To: the last two repeat the first when they are missing or empty. */
static void
put_originators(struct envelope *env)
{
    struct buf *out = env->out;
    const size_t start = buf_len(out);

    if (!put_addresses(env, FROM))
        buf_put_lit(out, "NIL");
    const size_t len = buf_len(out) - start;
    for (enum member member = SENDER; member <= REPLY_TO; member++) {
        buf_put_char(out, ' ');
        if (!put_addresses(env, member))
            repeat(out, start, len);
    }
}

static void
put_text(struct envelope *env, enum member member)
{
    if (env->counts[member] == 0)
        buf_put_lit(env->out, "NIL");
    else
        mime_put_string(env->out, env->values[member][0], MIME_AS_IS, room(env));
}

void
envelope_put_within(struct buf *out, struct span header, size_t max)
{
    struct envelope env;

    /* Not `= {...}`: the values need not be cleared. */
    env.out = out;
    env.end = buf_len(out) + max;
    arena_init(&env.arena, LIMIT_ENVELOPE);
    memset(env.counts, 0, sizeof env.counts);
    collect(&env, header);

    buf_put_char(out, '(');
    put_text(&env, DATE);
    buf_put_char(out, ' ');
    put_text(&env, SUBJECT);
    buf_put_char(out, ' ');
    put_originators(&env);
    for (enum member member = TO; member <= BCC; member++) {
        buf_put_char(out, ' ');
        if (!put_addresses(&env, member))
            buf_put_lit(out, "NIL");
    }
    buf_put_char(out, ' ');
    put_text(&env, IN_REPLY_TO);
    buf_put_char(out, ' ');
    put_text(&env, MESSAGE_ID);
    buf_put_char(out, ')');
    out->failed |= env.arena.starved;
    arena_done(&env.arena);
}

void
envelope_put(struct buf *out, struct span header)
{
    envelope_put_within(out, header, LIMIT_ENVELOPE / 4);
}
