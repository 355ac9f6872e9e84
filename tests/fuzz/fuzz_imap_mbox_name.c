/* SPDX-License-Identifier: MIT */
/*
 * Mailbox names and patterns. The input is a name and, after a NUL, a pattern. Valid names
 * survive both wire forms, strict modified UTF-7 is the only spelling of what it says, and
 * matching agrees with its definition.
 */
#include "base/check.h"
#include "syntax/imap/mbox_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_name(struct span wire, enum mbox_wire mode)
{
    struct mbox_arg arg;
    struct mbox_arg again;
    AUTO_ARENA arena = {0};
    AUTO_BUF out = {0};

    arena_init(&arena, 1u << 20);
    buf_init(&out, 1u << 20);
    CHECK(mbox_name_from_wire(wire, mode, &arena, &arg) == RC_OK);
    if (arg.invalid != NULL)
        return;
    CHECK(mbox_name_check(arg.name) == NULL);
    CHECK(!mbox_name_is_below(arg.name, arg.name));
    CHECK(mbox_name_parent(arg.name).len == 0 ||
          mbox_name_is_below(arg.name, mbox_name_parent(arg.name)));
    mbox_name_put(&out, arg.name, mode);
    CHECK(mbox_name_from_wire(buf_span(&out), mode, &arena, &again) == RC_OK);
    CHECK(again.invalid == NULL && span_eq(again.name, arg.name));
}

static void
check_mutf7(struct span text)
{
    AUTO_BUF utf8 = {0};
    AUTO_BUF again = {0};

    buf_init(&utf8, 1u << 20);
    buf_init(&again, 1u << 20);
    if (mutf7_decode(&utf8, text) != RC_OK)
        return;
    CHECK(utf8_is_valid(buf_span(&utf8)));
    mutf7_encode(&again, buf_span(&utf8));
    CHECK(span_eq(buf_span(&again), text));
}

static bool
matches_slowly(struct span pattern, struct span name)
{
    if (pattern.len == 0)
        return name.len == 0;
    if (pattern.ptr[0] == '*' || pattern.ptr[0] == '%') {
        for (;; name = span_tail(name, 1)) {
            if (matches_slowly(span_tail(pattern, 1), name))
                return true;
            if (name.len == 0 || (pattern.ptr[0] == '%' && name.ptr[0] == MBOX_DELIMITER))
                return false;
        }
    }
    return name.len > 0 && pattern.ptr[0] == name.ptr[0] &&
           matches_slowly(span_tail(pattern, 1), span_tail(name, 1));
}

static void
check_pattern(struct span name, struct span pattern)
{
    const bool matches = mbox_pattern_matches(SPAN(""), pattern, name);

    CHECK(mbox_pattern_matches(pattern, SPAN(""), name) == matches);
    CHECK(mbox_pattern_matches(span_head(pattern, pattern.len / 2),
                               span_tail(pattern, pattern.len / 2), name) == matches);
    if (pattern.len <= 10 && name.len <= 20 && !span_istarts(name, SPAN("inbox")))
        CHECK(matches == matches_slowly(pattern, name));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct span all = span_of(data, size);
    const ptrdiff_t nul = span_find_char(all, '\0');
    const struct span name = nul < 0 ? all : span_head(all, (size_t)nul);
    const struct span pattern = nul < 0 ? SPAN("*") : span_tail(all, (size_t)nul + 1);
    struct span utf8;
    bool hopeless;
    AUTO_ARENA arena = {0};

    arena_init(&arena, 1u << 20);
    check_name(name, MBOX_WIRE_UTF7);
    check_name(name, MBOX_WIRE_UTF8);
    check_mutf7(all);
    CHECK(mbox_pattern_from_wire(pattern, MBOX_WIRE_UTF7, &arena, &utf8, &hopeless) == RC_OK);
    if (!hopeless && name.len <= 500)
        check_pattern(name, utf8);
    return 0;
}
