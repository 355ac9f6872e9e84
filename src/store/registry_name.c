/* SPDX-License-Identifier: MIT */
/* Which names accounts, groups and addresses can have. Pure; any thread. */
#include "store/registry_engine.h"

#include <string.h>

/* Octets that end or quote a local-part in RFC 5321, or would split lines of a log. */
static bool
octet_is_allowed(char c)
{
    const unsigned char octet = (unsigned char)c;

    return octet > ' ' && octet != 0x7f && strchr("\"(),:;<>[\\]", octet) == NULL;
}

enum rc
registry_name_make(struct span text, enum registry_name_kind kind, struct registry_name *out,
                   struct err *err)
{
    const ptrdiff_t found = span_find_char(text, '@');
    const size_t at = found < 0 ? text.len : (size_t)found;

    if (text.len == 0 || text.len >= REGISTRY_NAME_OCTETS)
        return err_set(err, RC_INVALID, 0, "a name has 1 to %d octets, not %zu",
                       REGISTRY_NAME_OCTETS - 1, text.len);
    if (at + 1 == text.len || (at == 0 && kind == NAME_ACCOUNT) ||
        span_find_char(span_tail(text, at + 1), '@') >= 0)
        return err_set(err, RC_INVALID, 0, "%.*s: not a name, and not an address",
                       SPAN_FMT(text));
    for (size_t i = 0; i < text.len; i++) {
        if (!octet_is_allowed(text.ptr[i]))
            return err_set(err, RC_INVALID, 0, "an octet (%u) that no name may contain",
                           (unsigned char)text.ptr[i]);
        out->text[i] = ascii_lower(text.ptr[i]);
    }
    out->text[text.len] = '\0';
    out->len = text.len;
    out->at = at;
    return RC_OK;
}

bool
registry_name_is_reserved(struct span name)
{
    static const struct span anyone = SPAN_INIT("anyone");
    const ptrdiff_t found = span_find_char(name, '@');
    const struct span local = found < 0 ? name : span_head(name, (size_t)found);

    return span_ieq(local, anyone) || (name.len > 0 && name.ptr[0] == '-');
}
