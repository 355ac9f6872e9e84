/* SPDX-License-Identifier: MIT */
/* Names of facts. */
#include "journal/foreign/model.h"

static const struct {
    const char *code;
    const char *label;
} names[] = {
    {"", ""},
#define FOREIGN_FACT(name, code, label) {code, label},
#include "journal/foreign/fact.def"
#undef FOREIGN_FACT
};

const char *
foreign_fact_code(enum foreign_fact fact)
{
    return names[fact].code;
}

const char *
foreign_fact_label(enum foreign_fact fact)
{
    return names[fact].label;
}
