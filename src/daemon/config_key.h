/* SPDX-License-Identifier: MIT */
/*
 * The keys of roost.conf, as listed in config_key.def, and what can be done with a value of any
 * key. Thread: any.
 */
#ifndef DAEMON_CONFIG_KEY_H
#define DAEMON_CONFIG_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

struct config;

enum key_type {
    KEY_TEXT,
    KEY_PATH,
    KEY_LIST,
    KEY_ENDPOINTS,
    KEY_NETWORKS,
    KEY_ENTRIES,
    KEY_COMMANDS,
    KEY_NUMBER,
    KEY_SWITCH,
    KEY_CHOICE,
    KEY_LEVELS
};
enum key_unit { UNIT_NONE, UNIT_COUNT, UNIT_SECONDS, UNIT_DAYS, UNIT_OCTETS };
enum key_reload { RELOAD_LIVE, RELOAD_WAKES, RELOAD_RESTART };

struct key_choice {
    const char *word;
    int value;
};

struct config_key {
    const char *section;
    const char *name;
    enum key_type type;
    enum key_unit unit;
    uint64_t min; /* COUNT, seconds or octets */
    uint64_t max;
    const char *value;                /* the default, in the form of the file */
    const struct key_choice *choices; /* ends with a NULL word */
    size_t offset;                    /* in struct config, octets */
    enum key_reload reload;
    const char *meaning; /* one sentence */
};

enum {
    CONFIG_KEY_COUNT = 0
#define CONFIG_KEY(...) +1
#include "daemon/config_key.def"
#undef CONFIG_KEY
};

extern const struct config_key config_keys[CONFIG_KEY_COUNT];

/** NULL: there is no such key or section. */
const struct config_key *config_key_find(const char *section, const char *name,
                                         bool *section_known_out);

/** Sets the key to a value in the form of the file; adds to a list. RC_INVALID: err has a text
 * for people. RC_LIMIT: no memory. */
MUST_USE enum rc config_key_set(struct config *config, const struct config_key *key,
                                const char *value, struct err *err);
/** Empties a list. Does nothing with other keys. */
void config_key_clear(struct config *config, const struct config_key *key);
/** Whether two configurations have the same value. */
bool config_key_same(const struct config *a, const struct config *b,
                     const struct config_key *key);

/** Adds a word to a list. RC_LIMIT: no memory. */
struct text_list;
struct span;
MUST_USE enum rc config_list_add(struct config *config, struct text_list *list,
                                 struct span item);

#endif
