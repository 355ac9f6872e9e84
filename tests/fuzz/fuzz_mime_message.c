/* SPDX-License-Identifier: MIT */
/* A whole message: everything that must hold of one (support/mail_check.h). */
#include <stdint.h>

#include "support/mail_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mail_check(span_of(data, size));
    return 0;
}
