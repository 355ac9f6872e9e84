/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "session/client_rule.h"

#include "base/check.h"

static const struct client_rule rules[] = {
    {.label = SPAN_INIT("")}, /* CLIENT_RULE_NONE */
#define CLIENT_RULE(label, name, below, os, masks, least_s, most_s, news, texts)               \
    {SPAN_INIT(label), SPAN_INIT(name), below, SPAN_INIT(os), SPAN_INIT(masks),                \
     least_s,          most_s,          news,  texts},
#include "session/client_rule.def"
#undef CLIENT_RULE
};

_Static_assert(ARRAY_LEN(rules) <= UINT8_MAX, "the number of a rule is an octet");

static bool
fits(struct span pattern, struct span text)
{
    if (pattern.len == 0)
        return true;
    if (pattern.ptr[pattern.len - 1] == '*')
        return span_istarts(text, span_head(pattern, pattern.len - 1));
    return span_ieq(pattern, text);
}

/* Whether a version such as "3.6 (936)" is below 4. A version that does not begin with a number
 * is below nothing. */
static bool
is_below(struct span version, uint32_t below)
{
    uint64_t number = 0;
    size_t digits = 0;

    if (below == 0)
        return true;
    while (digits < version.len && version.ptr[digits] >= '0' && version.ptr[digits] <= '9')
        digits++;
    return span_to_u64(span_head(version, digits), UINT32_MAX, &number) && number < below;
}

uint8_t
client_rule_find(struct span name, struct span version, struct span os)
{
    for (size_t i = 1; i < ARRAY_LEN(rules); i++)
        if (fits(rules[i].name, name) && is_below(version, rules[i].below) &&
            fits(rules[i].os, os))
            return (uint8_t)i;
    return CLIENT_RULE_NONE;
}

uint8_t
client_rule_labelled(struct span label)
{
    for (size_t i = 1; i < ARRAY_LEN(rules); i++)
        if (span_eq(rules[i].label, label))
            return (uint8_t)i;
    return CLIENT_RULE_NONE;
}

const struct client_rule *
client_rule_get(uint8_t number)
{
    CHECK(number < ARRAY_LEN(rules));
    return &rules[number];
}

bool
client_rule_masks(const struct client_rule *rule, struct span word)
{
    return span_has_word(rule->masks, word);
}
