/* SPDX-License-Identifier: MIT */
/*
 * `roost account add --from FILE`. A line is name:password, name:{scheme}hash or name:$6$hash.
 * The fields that a password file such as Dovecot's has after the hash
 * (name:hash:uid:gid:gecos:home:shell:extra) are skipped, except for extra fields that say who
 * may log in. A plain password may contain colons, so it needs a scheme if such fields follow.
 *
 * A line that cannot be read is sent to the verb too, with the reason, so that all bad lines
 * are reported in order. Thread: main.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "cli/ask.h"
#include "cli/bar.h"

enum {
    LINE_OCTETS = 4096,
    /* A line with this many colons after the password has the fields of a password file: they
     * come before uid, gid, gecos, home and shell. One more comes before the extra fields. */
    PASSWORD_FILE_FIELDS = 5,
};

struct account_file {
    const struct cli *cli;
    FILE *file;
    const char *path;
    json_int_t line;
    struct bar bar;
    uint64_t total; /* number of lines; 0: unknown */
    bool has_refused;
};

/* ---- lines ---- */

enum line_end { LINE_END, LINE_TOO_LONG, LINE_HAS_NUL, LINE_NONE };

/* Reads one line without its end. Problems are reported after all of it was read. */
static enum line_end
line_read(FILE *file, char text[LINE_OCTETS])
{
    enum line_end end = LINE_END;
    size_t len = 0;
    int octet = getc(file);

    if (octet == EOF)
        return LINE_NONE;
    for (; octet != EOF && octet != '\n'; octet = getc(file)) {
        if (octet == '\0')
            end = LINE_HAS_NUL;
        else if (len + 1 < LINE_OCTETS)
            text[len++] = (char)octet;
        else
            end = LINE_TOO_LONG;
    }
    if (len > 0 && text[len - 1] == '\r')
        len--;
    text[len] = '\0';
    return end;
}

/* The verb's argument for the text after the name, which is cut where its field ends. */
static const char *
secret_kind(char *secret)
{
    static const char *const plain[] = {"{PLAIN}", "{CLEARTEXT}"};

    for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
        const size_t len = strlen(plain[i]);
        if (strncasecmp(secret, plain[i], len) == 0) {
            secret[strcspn(secret, ":")] = '\0';
            memmove(secret, secret + len, strlen(secret + len) + 1);
            return "plain";
        }
    }
    const bool method = secret[0] == '$' && secret[1] != '\0' &&
                        strchr(secret + 1, '$') != NULL && strcspn(secret + 1, "$") <= 2;
    if (secret[0] == '{' || method) {
        secret[strcspn(secret, ":")] = '\0';
        return "hash";
    }
    return "plain";
}

static bool
is_ambiguous(const char *secret)
{
    unsigned colons = 0;

    if (secret[0] == '{' || secret[0] == '$')
        return false;
    for (const char *c = secret; *c != '\0'; c++)
        colons += *c == ':';
    return colons >= PASSWORD_FILE_FIELDS;
}

/* The extra fields of a line of a password file, separated by blanks; "": none. */
static const char *
extra_fields(const char *secret)
{
    const char *at = secret;

    for (unsigned colons = 0; colons <= PASSWORD_FILE_FIELDS; colons++) {
        at = strchr(at, ':');
        if (at == NULL)
            return "";
        at++;
    }
    return at;
}

/* Whether these fields include the field "key" or "key=value". */
static bool
has_field(const char *fields, const char *key)
{
    const size_t len = strlen(key);

    while (*fields != '\0') {
        fields += strspn(fields, " \t");
        if (strncmp(fields, key, len) == 0 && strchr("= \t", fields[len]) != NULL)
            return true;
        fields += strcspn(fields, " \t");
    }
    return false;
}

/* Why the text after the name cannot be used, or NULL. What a password file says about who may
 * log in must not be ignored silently. */
static const char *
secret_trouble(const char *secret)
{
    if (is_ambiguous(secret))
        return "the password needs a scheme here, {PLAIN} or {CRYPT} before it";
    const char *fields = extra_fields(secret);
    if (has_field(fields, "nologin"))
        return "nologin has no effect here; leave out the line or the field";
    if (has_field(fields, "allow_nets"))
        return "allow_nets has no effect here; leave out the line or the field";
    return NULL;
}

/* The frame of a valid line. NULL: no memory. */
static json_t *
line_head(enum line_end end, char *text, json_int_t number)
{
    char *colon = strchr(text, ':');
    const char *trouble = end == LINE_TOO_LONG  ? "line too long"
                          : end == LINE_HAS_NUL ? "a NUL octet"
                          : colon == NULL       ? "not name:password"
                                                : secret_trouble(colon + 1);
    if (trouble == NULL) {
        *colon = '\0';
        const char *kind = secret_kind(colon + 1);
        json_t *head =
            json_pack("{ss, ss, sI}", "account", text, kind, colon + 1, "line", number);
        if (head != NULL)
            return head;
        trouble = "not UTF-8";
    }
    return json_pack("{ss, sI}", "trouble", trouble, "line", number);
}

static enum rc
line_next(void *ctx, json_t **head_out, struct span *data_out, struct err *err)
{
    struct account_file *from = ctx;
    char text[LINE_OCTETS];
    enum line_end end;

    *data_out = SPAN("");
    do {
        end = line_read(from->file, text);
        if (end == LINE_NONE)
            return ferror(from->file) ? err_set(err, RC_IO, errno, "%s", from->path)
                                      : RC_NOT_FOUND;
        from->line++;
    } while (end == LINE_END && (text[0] == '\0' || text[0] == '#'));
    *head_out = line_head(end, text, from->line);
    explicit_bzero(text, sizeof text);
    return *head_out == NULL ? err_set(err, RC_LIMIT, 0, "no memory") : RC_OK;
}

/* The number of lines with an account in a file; 0: the file cannot be read twice. */
static uint64_t
lines_count(FILE *file)
{
    char text[LINE_OCTETS];
    struct stat st;
    enum line_end end;
    uint64_t count = 0;

    if (fstat(fileno(file), &st) != 0 || !S_ISREG(st.st_mode))
        return 0;
    const long begin = ftell(file);
    while ((end = line_read(file, text)) != LINE_NONE)
        count += end != LINE_END || (text[0] != '\0' && text[0] != '#');
    explicit_bzero(text, sizeof text);
    clearerr(file);
    return begin >= 0 && fseek(file, begin, SEEK_SET) == 0 ? count : 0;
}

/* ---- results ---- */

static intmax_t
number(const json_t *row, const char *name)
{
    return (intmax_t)json_integer_value(json_object_get(row, name));
}

static void
summary_print(const json_t *row)
{
    const intmax_t skipped = number(row, "skipped");
    const intmax_t refused = number(row, "refused");

    printf("%jd account%s added", number(row, "added"), number(row, "added") == 1 ? "" : "s");
    if (skipped > 0)
        printf(", %jd already there", skipped);
    if (refused > 0)
        printf(", %jd line%s not usable", refused, refused == 1 ? "" : "s");
    printf("\n");
}

static bool
file_row(void *ctx, const json_t *row, struct span data)
{
    struct account_file *from = ctx;
    const char *trouble = json_string_value(json_object_get(row, "trouble"));

    if (json_object_get(row, "done") != NULL) {
        if (from->total > 0)
            bar_draw(&from->bar, (uint64_t)number(row, "done"), from->total);
        return true;
    }
    bar_end(&from->bar);
    from->has_refused |= trouble != NULL;
    if (from->cli->json)
        return ask_print_json(NULL, row, data);
    if (trouble != NULL)
        fprintf(stderr, "%s:%jd: %s\n", from->path, number(row, "line"), trouble);
    else
        summary_print(row);
    return true;
}

int
account_add_file(struct cli *cli, const char *path, bool skip_existing)
{
    struct account_file from = {.cli = cli, .path = path};
    struct err err = {.rc = RC_OK};
    const struct asking asking = {.ctx = &from, .next = line_next, .on_row = file_row};

    from.file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (from.file == NULL) {
        err_set(&err, rc_of_errno(errno), errno, "%s", path);
        return cli_fail(cli, CLI_FAILED, &err);
    }
    bar_init(&from.bar);
    if (from.bar.on)
        from.total = lines_count(from.file);
    const int code = ask(cli, "account-add-many",
                         json_pack("{sb, sb}", "skip_existing", (int)skip_existing, "progress",
                                   (int)from.bar.on),
                         &asking);
    bar_end(&from.bar);
    if (from.file != stdin)
        fclose(from.file);
    return code == CLI_OK && from.has_refused ? CLI_FAILED : code;
}
