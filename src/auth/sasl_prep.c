/* SPDX-License-Identifier: MIT */
/* See the header. GNU SASL does it, except for printable ASCII, which stays as it is. Any
 * thread. */
#include "auth/sasl_prep.h"

#include <gsasl.h>
#include <stdlib.h>
#include <string.h>

/* Stringprep_rc of libidn. */
enum { IDN_NOT_UTF8 = 104, IDN_NOT_NORMALIZED = 200, IDN_NO_MEMORY = 201 };

static bool
is_printable_ascii(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < ' ' || text.ptr[i] > '~')
            return false;
    return true;
}

/* RFC 3629 section 4. */
static bool
is_utf8(struct span text)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};

    for (size_t i = 0; i < text.len;) {
        const unsigned char first = (unsigned char)text.ptr[i++];
        const unsigned more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
        uint32_t point = more == 0 ? first : first & (0x3fu >> more);
        if ((more > 0 && first < 0xc2) || first > 0xf4 || text.len - i < more)
            return false;
        for (unsigned k = 0; k < more; k++, i++) {
            if (((unsigned char)text.ptr[i] & 0xc0) != 0x80)
                return false;
            point = point << 6 | ((unsigned char)text.ptr[i] & 0x3f);
        }
        if (point < least[more] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
            return false;
    }
    return true;
}

/* Whether memory was short. GNU SASL has one error for everything; only libidn's error, in why,
 * tells. Its conversion to code points otherwise fails only for text that is not UTF-8. */
static bool
was_without_memory(int result, int why, struct span text)
{
    return result == GSASL_MALLOC_ERROR ||
           (result == GSASL_SASLPREP_ERROR &&
            (why == IDN_NO_MEMORY || why == IDN_NOT_NORMALIZED ||
             (why == IDN_NOT_UTF8 && is_utf8(text))));
}

static enum rc
prep_with_library(struct span text, enum sasl_prep_use use, char *out, size_t cap)
{
    char *copy = malloc(text.len + 1);
    char *prepared = NULL;
    int why = 0;

    if (copy == NULL)
        return RC_LIMIT;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    enum rc rc = RC_INVALID;
    if (strlen(copy) == text.len) {
        const int result = gsasl_saslprep(
            copy, use == SASL_PREP_QUERY ? GSASL_ALLOW_UNASSIGNED : (Gsasl_saslprep_flags)0,
            &prepared, &why);
        if (was_without_memory(result, why, text))
            rc = RC_LIMIT;
        else if (result == GSASL_OK && prepared[0] != '\0' && strlen(prepared) < cap)
            rc = RC_OK;
    }
    if (rc == RC_OK)
        memcpy(out, prepared, strlen(prepared) + 1);
    explicit_bzero(copy, text.len);
    free(copy);
    if (prepared != NULL)
        explicit_bzero(prepared, strlen(prepared));
    gsasl_free(prepared);
    return rc;
}

enum rc
sasl_prep(struct span text, enum sasl_prep_use use, char *out, size_t cap)
{
    if (!is_printable_ascii(text))
        return prep_with_library(text, use, out, cap);
    if (text.len == 0 || text.len >= cap)
        return RC_INVALID;
    memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
    return RC_OK;
}

enum rc
sasl_prep_name(struct span name, char out[REGISTRY_NAME_OCTETS])
{
    if (name.len >= REGISTRY_NAME_OCTETS)
        return RC_INVALID;
    return sasl_prep(name, SASL_PREP_QUERY, out, REGISTRY_NAME_OCTETS);
}
