/* SPDX-License-Identifier: MIT */
/*
 * What a change of flags makes of an entry, as one rule for all: the store applies it to rows,
 * mailbox/ to versions. So a change of a million messages is told in a few words, not a
 * million records.
 */
#ifndef STORE_FLAGS_RULE_H
#define STORE_FLAGS_RULE_H

#include "store/store.h"

/** The rule that a request means; all that it changes gets this modseq. */
static inline struct flags_rule
flags_rule_of(const struct flags_req *req, uint64_t modseq)
{
    const uint64_t bits[3] = {req->flags & MSG_SYSTEM_FLAGS, req->keywords.bits[0],
                              req->keywords.bits[1]};
    const uint64_t kept_keywords = req->keeps_keywords ? UINT64_MAX : 0;
    const uint64_t kept[3] = {req->kept_flags, kept_keywords, kept_keywords};
    struct flags_rule rule = {
        .unchanged_since = req->unchanged_since, .unless = req->unless, .modseq = modseq};

    for (unsigned i = 0; i < 3; i++) {
        switch (req->mode) {
        case FLAGS_REPLACE:
            rule.keep[i] = kept[i];
            rule.set[i] = bits[i];
            break;
        case FLAGS_ADD:
            rule.keep[i] = UINT64_MAX;
            rule.set[i] = bits[i];
            break;
        case FLAGS_REMOVE:
            rule.keep[i] = ~bits[i];
            break;
        }
    }
    return rule;
}

static inline uint32_t
flags_rule_flags(const struct flags_rule *rule, uint32_t flags)
{
    return (uint32_t)((flags & rule->keep[0]) | rule->set[0]);
}

static inline struct keywords
flags_rule_keywords(const struct flags_rule *rule, struct keywords keywords)
{
    return (struct keywords){{(keywords.bits[0] & rule->keep[1]) | rule->set[1],
                              (keywords.bits[1] & rule->keep[2]) | rule->set[2]}};
}

/** Whether an entry is left as it is because it is newer than the one who asks believes. */
static inline bool
flags_rule_spares(const struct flags_rule *rule, uint64_t modseq, struct keywords keywords)
{
    return modseq > rule->unchanged_since || (keywords.bits[0] & rule->unless.bits[0]) != 0 ||
           (keywords.bits[1] & rule->unless.bits[1]) != 0;
}

/** Whether an entry with these flags and keywords becomes another one. */
static inline bool
flags_rule_changes(const struct flags_rule *rule, uint32_t flags, struct keywords keywords)
{
    const struct keywords after = flags_rule_keywords(rule, keywords);

    return flags_rule_flags(rule, flags) != flags || after.bits[0] != keywords.bits[0] ||
           after.bits[1] != keywords.bits[1];
}

#endif
