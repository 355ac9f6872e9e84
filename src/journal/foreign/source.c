/* SPDX-License-Identifier: MIT */
/*
 * zlib reads plain files as they are, and unpacks gzip files, also with several members. UTF-16
 * goes through iconv on its way into the line buffer. What is not a character becomes '?', so
 * that a damaged place costs a character and not the file. Thread: main (the command line's).
 */
#include "journal/foreign/source.h"

#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "base/fd.h"
#include "base/limits.h"

enum {
    RAW_OCTETS = 32 << 10, /* octets read at a time */
    /* Room for the longest line, and for the sample. */
    TEXT_OCTETS = 4 * LIMIT_FOREIGN_LINE,
    UTF8_PER_UTF16_UNIT = 3,
};

struct foreign_source {
    gzFile gz;
    const char *name;
    iconv_t conv; /* (iconv_t)-1: not needed */
    uint64_t lines;
    int64_t size; /* of the file; 0: unknown */
    int year;
    bool begun; /* the first octets were checked for marks */
    bool end;   /* there is nothing more to read */
    bool skip;  /* in a line that was cut: the rest is skipped */
    struct err trouble;
    size_t raw_len; /* UTF-16: half a character may be left */
    size_t head;    /* text that was not returned yet */
    size_t tail;
    char raw[RAW_OCTETS];
    char text[TEXT_OCTETS];
};

enum rc
foreign_source_of_fd(struct foreign_source **source_out, int fd, const char *name,
                     struct err *err)
{
    struct stat st;
    struct tm tm;
    enum rc rc = RC_OK;
    struct foreign_source *source = calloc(1, sizeof *source);

    if (source == NULL)
        rc = err_set(err, RC_LIMIT, 0, "%s: no memory", name);
    else if (fstat(fd, &st) != 0)
        rc = err_set(err, RC_IO, errno, "%s", name);
    else if (S_ISDIR(st.st_mode))
        rc = err_set(err, RC_INVALID, 0, "%s is a folder; name the files in it", name);
    if (rc == RC_OK && (source->gz = gzdopen(fd, "rb")) == NULL)
        rc = err_set(err, RC_LIMIT, 0, "%s: no memory", name);
    if (rc != RC_OK) {
        close(fd);
        free(source);
        return rc;
    }
    source->name = name;
    source->conv = (iconv_t)-1;
    source->size = S_ISREG(st.st_mode) ? (int64_t)st.st_size : 0;
    source->year = gmtime_r(&st.st_mtime, &tm) == NULL ? 1970 : tm.tm_year + 1900;
    *source_out = source;
    return RC_OK;
}

enum rc
foreign_source_open(struct foreign_source **source_out, const char *path, struct err *err)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return err_set(err, rc_of_errno(errno), errno, "%s", path);
    return foreign_source_of_fd(source_out, fd, path, err);
}

void
foreign_source_close(struct foreign_source *source)
{
    if (source == NULL)
        return;
    gzclose_r(source->gz);
    if (source->conv != (iconv_t)-1)
        iconv_close(source->conv);
    free(source);
}

/* Reads into raw, after what is left there. */
static void
raw_read(struct foreign_source *source)
{
    const int got = gzread(source->gz, source->raw + source->raw_len,
                           (unsigned)(RAW_OCTETS - source->raw_len));
    int code = Z_OK;

    if (got > 0) {
        source->raw_len += (size_t)got;
        return;
    }
    source->end = true;
    const char *text = gzerror(source->gz, &code);
    if (code == Z_ERRNO)
        (void)err_set(&source->trouble, RC_IO, errno, "%s after line %ju", source->name,
                      (uintmax_t)source->lines);
    else if (code != Z_OK && code != Z_STREAM_END)
        (void)err_set(&source->trouble, RC_CORRUPT, 0,
                      "%s: the gzip data is incomplete or damaged: %s", source->name, text);
}

/* Finds the encoding from the first octets. UTF-16 without a mark has zeros beside ASCII. */
static const char *
encoding_guess(const char *raw, size_t len, size_t *mark_out)
{
    size_t even = 0;
    size_t odd = 0;
    const size_t look = len < 256 ? len & ~(size_t)1 : 256;

    *mark_out = 0;
    if (len >= 2 && memcmp(raw, "\xff\xfe", 2) == 0) {
        *mark_out = 2;
        return "UTF-16LE";
    }
    if (len >= 2 && memcmp(raw, "\xfe\xff", 2) == 0) {
        *mark_out = 2;
        return "UTF-16BE";
    }
    if (len >= 3 && memcmp(raw, "\xef\xbb\xbf", 3) == 0)
        *mark_out = 3;
    for (size_t i = 0; i < look; i++)
        *(i % 2 == 0 ? &even : &odd) += raw[i] == '\0';
    if (look >= 8 && odd > look / 3 && even == 0)
        return "UTF-16LE";
    if (look >= 8 && even > look / 3 && odd == 0)
        return "UTF-16BE";
    return NULL;
}

static void
encoding_find(struct foreign_source *source)
{
    size_t mark;

    while (!source->end && source->raw_len < 256)
        raw_read(source);
    const char *encoding = encoding_guess(source->raw, source->raw_len, &mark);
    source->raw_len -= mark;
    memmove(source->raw, source->raw + mark, source->raw_len);
    if (encoding != NULL)
        source->conv = iconv_open("UTF-8", encoding);
    source->begun = true;
}

/* Converts raw to text with iconv. Half a character stays in raw. */
static void
convert(struct foreign_source *source)
{
    char *in = source->raw;
    size_t in_left = source->raw_len;
    char *out = source->text + source->tail;
    size_t out_left = TEXT_OCTETS - source->tail;

    while (in_left > 1 && out_left > 4) {
        if (iconv(source->conv, &in, &in_left, &out, &out_left) != (size_t)-1)
            break;
        if (errno == E2BIG || (errno == EINVAL && !source->end) || in_left < 2)
            break;
        *out++ = '?';
        out_left--;
        in += 2;
        in_left -= 2;
    }
    if (source->end && in_left == 1)
        in_left = 0; /* half a unit at the end of the file */
    memmove(source->raw, in, in_left);
    source->raw_len = in_left;
    source->tail = (size_t)(out - source->text);
}

/* Fills the text as far as possible. False: nothing could be added. */
static bool
text_fill(struct foreign_source *source)
{
    const size_t before = source->tail - source->head;

    if (!source->begun)
        encoding_find(source);
    memmove(source->text, source->text + source->head, before);
    source->head = 0;
    source->tail = before;
    while (TEXT_OCTETS - source->tail >= (size_t)UTF8_PER_UTF16_UNIT * (RAW_OCTETS / 2)) {
        if (source->raw_len < 4 && !source->end)
            raw_read(source);
        if (source->raw_len == 0)
            break;
        const size_t left = source->raw_len;
        if (source->conv != (iconv_t)-1) {
            convert(source);
        } else {
            memcpy(source->text + source->tail, source->raw, source->raw_len);
            source->tail += source->raw_len;
            source->raw_len = 0;
        }
        if (source->end && source->raw_len == left)
            break;
        if (!source->end)
            raw_read(source);
    }
    return source->tail > before;
}

void
foreign_source_peek(struct foreign_source *source, void (*show)(void *ctx, struct span line),
                    void *ctx)
{
    text_fill(source);
    struct span rest = span_of(source->text + source->head, source->tail - source->head);
    for (unsigned lines = 0; rest.len > 0 && lines < LIMIT_FOREIGN_SAMPLE; lines++) {
        const ptrdiff_t end = span_find_char(rest, '\n');
        struct span line = span_head(rest, end < 0 ? rest.len : (size_t)end);
        rest = span_tail(rest, line.len + 1);
        if (line.len > 0 && line.ptr[line.len - 1] == '\r')
            line.len--;
        show(ctx, span_head(line, LIMIT_FOREIGN_LINE));
    }
}

/* Takes the next line, if it is complete or there is no more to come. */
static bool
line_ready(struct foreign_source *source, struct span *line_out, bool *cut_out)
{
    const struct span have = span_of(source->text + source->head, source->tail - source->head);
    const struct span look = span_head(have, LIMIT_FOREIGN_LINE);
    const ptrdiff_t end = span_find_char(look, '\n');

    if (end >= 0) {
        *line_out = span_head(have, (size_t)end);
        source->head += (size_t)end + 1;
        *cut_out = false;
        return true;
    }
    if (have.len < LIMIT_FOREIGN_LINE && !(source->end && have.len > 0 && source->raw_len == 0))
        return false;
    *line_out = look;
    source->head += look.len;
    *cut_out = true;
    return true;
}

bool
foreign_source_line(struct foreign_source *source, struct foreign_line *line_out)
{
    struct span line;
    bool cut;
    bool rest_of_cut;

    do {
        rest_of_cut = source->skip;
        while (!line_ready(source, &line, &cut)) {
            if (text_fill(source))
                continue;
            if (!line_ready(source, &line, &cut))
                return false;
            break;
        }
        source->skip = cut;
    } while (rest_of_cut);
    if (line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;
    source->lines++;
    *line_out = (struct foreign_line){.text = line, .number = source->lines, .cut = cut};
    return true;
}

enum rc
foreign_source_trouble(const struct foreign_source *source, struct err *err)
{
    if (source->trouble.rc != RC_OK && err != NULL)
        *err = source->trouble;
    return source->trouble.rc;
}

void
foreign_source_progress(const struct foreign_source *source, int64_t *done_out,
                        int64_t *size_out)
{
    *size_out = source->size;
    *done_out = (int64_t)gzoffset(source->gz);
}

int
foreign_source_year(const struct foreign_source *source)
{
    return source->year;
}

uint64_t
foreign_source_lines(const struct foreign_source *source)
{
    return source->lines;
}
