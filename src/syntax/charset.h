/* SPDX-License-Identifier: MIT */
/*
 * Converts text of any charset to UTF-8, in pieces, and never fails because of the text. The
 * result is always valid UTF-8, and each piece ends with a whole character. Uses iconv. Thread:
 * any; a struct charset belongs to one thread at a time.
 *
 * Rules for text that is not of the charset that it names (RFC 7103 section 7.6):
 * - No charset, an unknown one, us-ascii and utf-8: what is valid UTF-8 is taken as that; any
 *   other octet is read as windows-1252.
 * - iso-8859-1 is read as windows-1252, gb2312 and gbk as gb18030, ks_c_5601 as cp949,
 * shift_jis as cp932: supersets that senders mean.
 * - An octet that the charset does not have becomes U+FFFD.
 */
#ifndef SYNTAX_CHARSET_H
#define SYNTAX_CHARSET_H

#include <iconv.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/rc.h"
#include "base/span.h"

enum { CHARSET_CARRY = 16 };

enum charset_mode {
    CHARSET_GUESS, /* UTF-8, or otherwise windows-1252, octet by octet */
    CHARSET_1252,
    CHARSET_ICONV,
};

struct charset {
    enum charset_mode mode;
    iconv_t cd;                /* CHARSET_ICONV only */
    char carry[CHARSET_CARRY]; /* an unfinished character of the last piece */
    size_t carry_len;
    bool starved; /* iconv had no memory to open it; out->failed is set with each text */
};

/** Never fails: an unknown charset is guessed. Close it with charset_close. */
void charset_open(struct charset *charset, struct span name);
/** Appends the converted text. An unfinished character at the end waits for the next piece. */
void charset_put(struct charset *charset, struct span text, struct buf *out);
/** Ends the text: incomplete input becomes U+FFFD or windows-1252. After that, another text may
 * begin. */
void charset_finish(struct charset *charset, struct buf *out);
void charset_close(struct charset *charset);

/*
 * Keeps the tables of the charsets that mail is written in. iconv otherwise maps a table's file
 * when a text in that charset begins and drops it some texts later, which costs more than all
 * that is done with a message's header. Held by a server from its start to its end.
 */
enum { CHARSET_HELD_MAX = 32 };
struct charset_hold {
    iconv_t cds[CHARSET_HELD_MAX];
    size_t count;
};
void charset_hold_init(struct charset_hold *hold);
void charset_hold_done(struct charset_hold *hold);

/** Whether this is a charset that can be converted. Empty stands for us-ascii. Also true if
 * there is not enough memory to find out.
 */
bool charset_is_known(struct span name);

/**
 * Strict conversion of a whole string, for SEARCH CHARSET (RFC 3501 section 6.4.4): appends
 * UTF-8. RC_BAD_CHARSET: not known. RC_INVALID: text is not of that charset. RC_LIMIT: out.
 * After a failure, out is as before, except that its failed flag may be set.
 */
MUST_USE enum rc charset_to_utf8(struct buf *out, struct span name, struct span text);

#endif
