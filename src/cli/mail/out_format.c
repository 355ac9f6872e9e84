/* SPDX-License-Identifier: MIT */
/* The formats that mail is exported in. */
#include "cli/mail/out.h"

#include <string.h>

static const struct out_format *const formats[] = {&out_format_maildir, &out_format_mbox,
                                                   &out_format_eml};

const struct out_format *
out_format_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(formats); i++)
        if (strcmp(formats[i]->name, name) == 0)
            return formats[i];
    return NULL;
}
