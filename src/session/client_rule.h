/* SPDX-License-Identifier: MIT */
/*
 * The rules of client_rule.def for clients that say who they are. Constant data; any thread.
 */
#ifndef SESSION_CLIENT_RULE_H
#define SESSION_CLIENT_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum client_news { NEWS_AT_ONCE, NEWS_WHEN_ASKED };
enum client_texts { TEXTS_AS_ASKED, TEXTS_LOOSELY };

struct client_rule {
    struct span label;
    struct span name;
    uint32_t below;
    struct span os;
    struct span masks;
    uint16_t least_s;
    uint16_t most_s;
    enum client_news news;
    enum client_texts texts;
};

enum { CLIENT_RULE_NONE }; /* the number that stands for no rule */

/** The number of the first rule that matches; 0: none does. Fields that ID lacks are empty. */
uint8_t client_rule_find(struct span name, struct span version, struct span os);
/** The number of the first rule with this label; 0: there is none, or it is empty. */
uint8_t client_rule_labelled(struct span label);
/** A rule by its number, which one of the functions above has returned. */
const struct client_rule *client_rule_get(uint8_t number);
/** Whether the rule hides this word from CAPABILITY, and with it the unsolicited data that the
 * extension adds. */
bool client_rule_masks(const struct client_rule *rule, struct span word);

#endif
