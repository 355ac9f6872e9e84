/* SPDX-License-Identifier: MIT */
/*
 * Reads roost.conf: the defaults, the file, the overrides of the command line, and values that
 * follow from other keys or from the machine. Defaults are parsed by the same code as the file,
 * so they cannot be illegal. inih splits lines into section, key and value. It gets the lines
 * one by one from here, so that each problem is reported with its line, including those that
 * inih ignores (an unknown section without keys, a line that it would cut).
 */
#include "daemon/config.h"

#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/limits.h"
#include "daemon/config_key.h"

#include <fcntl.h>

enum {
    FILE_MAX = 1 << 20,
    LINE_MAX_OCTETS = 199, /* Debian's inih silently cuts lines at 200 */
    CONFIG_ARENA = 4 << 20,
    VALUE_MAX = 1000,
    PROBLEMS_MAX = 100, /* problems reported for one configuration */
};

/* ---- reading one source after the other ---- */

struct reading {
    struct config *config;
    const struct config_teller *teller; /* NULL: the first problem ends the reading */
    struct err *err;                    /* the first problem */
    enum rc rc;                         /* its result code */
    unsigned problems;
    bool set[CONFIG_KEY_COUNT]; /* was given in this source: a list then starts empty */

    /* The file. */
    const char *path;
    struct span rest; /* lines that inih has not got yet */
    int line;         /* number of the last line that it got */
    bool in_key;      /* indented lines continue a value */
};

/* A problem that ends the reading: no memory, or a text that is not a configuration at all. */
static bool
is_over(const struct reading *reading)
{
    return reading->problems > 0 && (reading->teller == NULL || reading->rc != RC_INVALID ||
                                     reading->problems == PROBLEMS_MAX);
}

static void
problem(struct reading *reading, const struct err *err)
{
    if (is_over(reading))
        return;
    if (reading->teller != NULL)
        reading->teller->tell(reading->teller->ctx, err->text);
    if (reading->problems == 0 && reading->err != NULL)
        *reading->err = *err;
    if (reading->problems == 0 || err->rc != RC_INVALID)
        reading->rc = err->rc;
    reading->problems++;
}

/* A problem in the line that inih got last. */
static void
line_problem(struct reading *reading, struct err *err)
{
    err_prefix(err, err->rc, "%s:%d", reading->path, reading->line);
    problem(reading, err);
}

/* Whether a command's program is there: for whoever examines a configuration. A server runs
 * without it. */
static enum rc
program_look_for(const char *command, struct err *err)
{
    const char *path = strchr(command, '/');
    char program[VALUE_MAX];

    path = path == NULL ? NULL : strpbrk(path, " \t");
    if (path == NULL)
        return RC_OK;
    path += strspn(path, " \t");
    snprintf(program, sizeof program, "%.*s", (int)strcspn(path, " \t"), path);
    if (access(program, X_OK) != 0)
        return err_set(err, RC_INVALID, errno, "%s", program);
    return RC_OK;
}

static enum rc
assign(struct reading *reading, const char *section, const char *name, const char *value,
       struct err *err)
{
    bool section_known;
    const struct config_key *key = config_key_find(section, name, &section_known);

    if (section[0] == '\0')
        return err_set(err, RC_INVALID, 0, "\"%.60s\" stands before the first [section]", name);
    if (key == NULL && !section_known)
        return err_set(err, RC_INVALID, 0, "there is no section [%.60s]", section);
    if (key == NULL)
        return err_set(err, RC_INVALID, 0, "[%.40s] has no key \"%.60s\"", section, name);
    const size_t i = (size_t)(key - config_keys);
    if (!reading->set[i])
        config_key_clear(reading->config, key); /* what is given replaces the default */
    reading->set[i] = true;
    enum rc rc = config_key_set(reading->config, key, value, err);
    if (rc == RC_OK && reading->teller != NULL && key->type == KEY_COMMANDS)
        rc = program_look_for(value, err);
    return rc == RC_OK ? RC_OK : err_prefix(err, rc, "[%s] %s", section, name);
}

/* ---- the file ---- */

static int
on_pair(void *user, const char *section, const char *name, const char *value)
{
    struct reading *reading = user;
    struct err err = {.rc = RC_OK};
    bool known;

    if (is_over(reading))
        return 1;
    (void)config_key_find(section, name, &known);
    if (!known && section[0] != '\0')
        return 1; /* reported where the section begins */
    if (assign(reading, section, name, value == NULL ? "" : value, &err) != RC_OK)
        line_problem(reading, &err);
    return 1; /* problems are counted here, not by inih */
}

/* What the beginning of a line means to inih; the line is without blanks around it. */
static void
section_check(struct reading *reading, struct span line)
{
    const ptrdiff_t end = span_find_char(line, ']');
    struct err err = {.rc = RC_OK};
    char name[LINE_MAX_OCTETS + 1];
    bool known;

    if (end < 0) {
        err_set(&err, RC_INVALID, 0, "a section needs a ] at its end");
        line_problem(reading, &err);
        return;
    }
    snprintf(name, sizeof name, "%.*s",
             SPAN_FMT(span_head(span_tail(line, 1), (size_t)end - 1)));
    (void)config_key_find(name, "", &known);
    if (known)
        return;
    err_set(&err, RC_INVALID, 0, "there is no section [%.60s]", name);
    line_problem(reading, &err);
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Finds problems that inih does not report, or reports without their line. False: inih must not
 * see the line. */
static bool
line_check(struct reading *reading, struct span line)
{
    struct err err = {.rc = RC_OK};
    struct span text = span_trim(line);

    if (line.len >= LINE_MAX_OCTETS) {
        err_set(&err, RC_INVALID, 0,
                "line of %zu octets; the most is %d (list keys may be repeated)", line.len,
                LINE_MAX_OCTETS - 1);
        line_problem(reading, &err);
        return false;
    }
    if (text.len > 0 && text.ptr[text.len - 1] == '\r')
        text = span_trim(span_head(text, text.len - 1));
    if (text.len == 0 || text.ptr[0] == ';' || text.ptr[0] == '#')
        return true;
    if (reading->in_key && is_blank(line.ptr[0]))
        return true; /* continues the value before it */
    if (text.ptr[0] == '[') {
        reading->in_key = false;
        section_check(reading, text);
        return true;
    }
    const ptrdiff_t comment = span_find(text, SPAN(" ;"));
    const struct span pair = comment < 0 ? text : span_head(text, (size_t)comment);
    reading->in_key = span_find_char(pair, '=') >= 0 || span_find_char(pair, ':') >= 0;
    if (!reading->in_key) {
        err_set(&err, RC_INVALID, 0, "neither [section] nor key = value");
        line_problem(reading, &err);
    }
    return reading->in_key;
}

/* Passes inih the next line, as fgets would. */
static char *
line_give(char *dst, int size, void *ctx)
{
    struct reading *reading = ctx;

    if (reading->rest.len == 0 || is_over(reading))
        return NULL;
    const ptrdiff_t end = span_find_char(reading->rest, '\n');
    const struct span line =
        span_head(reading->rest, end < 0 ? reading->rest.len : (size_t)end);
    reading->rest = span_tail(reading->rest, line.len + 1);
    reading->line++;
    const bool is_good = line_check(reading, line);
    snprintf(dst, (size_t)size, "%.*s\n", is_good ? (int)line.len : 0, line.ptr);
    return dst;
}

static void
file_read(struct reading *reading, const char *path)
{
    struct err err = {.rc = RC_OK};
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    AUTO_BUF text = {0};

    reading->path = path;
    buf_init(&text, FILE_MAX);
    if (fd < 0)
        err_set(&err, rc_of_errno(errno), errno, "%s", path);
    else if (fd_read_all(fd, &text, &err) != RC_OK)
        err_prefix(&err, err.rc, "%s", path);
    else if (memchr(buf_span(&text).ptr, '\0', buf_len(&text)) != NULL)
        err_set(&err, RC_INVALID, 0, "%s: not a text file", path);
    if (err.rc != RC_OK) {
        problem(reading, &err);
        return;
    }
    reading->rest = buf_span(&text);
    if (span_starts(reading->rest, SPAN("\xef\xbb\xbf")))
        reading->rest = span_tail(reading->rest, 3);
    if (ini_parse_stream(line_give, reading, on_pair, reading) < 0) {
        err_set(&err, RC_LIMIT, 0, "%s: no memory", path);
        problem(reading, &err);
    }
}

/* ---- defaults and the command line ---- */

static enum rc
override_set(struct reading *reading, const char *text, struct err *err)
{
    char copy[VALUE_MAX];

    if (strlen(text) >= sizeof copy)
        return err_set(err, RC_INVALID, 0, "-o: longer than %d octets", VALUE_MAX);
    snprintf(copy, sizeof copy, "%s", text);
    char *equals = strchr(copy, '=');
    char *dot = strchr(copy, '.');
    if (equals == NULL || dot == NULL || dot > equals)
        return err_set(err, RC_INVALID, 0, "-o %.100s: not section.key=value", text);
    *equals = *dot = '\0';
    const enum rc rc = assign(reading, copy, dot + 1, equals + 1, err);
    return rc == RC_OK ? RC_OK : err_prefix(err, rc, "-o %.100s", text);
}

static void
defaults_set(struct reading *reading)
{
    struct err err = {.rc = RC_OK};

    for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
        const struct config_key *key = &config_keys[i];
        if (assign(reading, key->section, key->name, key->value, &err) != RC_OK)
            problem(reading, &err);
    }
    memset(reading->set, 0, sizeof reading->set);
}

static uint64_t
limit_of(uint64_t configured)
{
    return configured == 0 ? QUOTA_UNLIMITED : configured;
}

static void
complete_quota(struct config *config)
{
    const struct settings *settings = &config->settings;

    config->quota = (struct quota_rules){
        .limits.of =
            {
                [QUOTA_STORAGE] = limit_of(settings->quota_octets),
                [QUOTA_MESSAGE] = limit_of(settings->quota_messages),
                [QUOTA_MAILBOX] = limit_of(settings->quota_mailboxes),
            },
        .warns = config->quota_warns,
        .hostname = settings->hostname,
    };
}

/* RC_LIMIT: no memory. */
static enum rc
complete_metadata(struct config *config)
{
    const size_t count = config->metadata.count / 2;
    struct settings_metadata *entries =
        arena_array(&config->arena, struct settings_metadata, count + 1);

    if (entries == NULL)
        return RC_LIMIT;
    for (size_t i = 0; i < count; i++)
        entries[i] = (struct settings_metadata){config->metadata.items[2 * i],
                                                config->metadata.items[2 * i + 1]};
    config->settings.metadata = entries;
    config->settings.metadata_count = count;
    return RC_OK;
}

/* RC_LIMIT: no memory. */
static enum rc
complete_command(struct config *config, const char *text, const char *const **out)
{
    const char **args =
        arena_array(&config->arena, const char *, (size_t)LIMIT_EXTRACT_ARGUMENTS + 1);
    struct span rest = span_of_str(text);

    if (args == NULL)
        return RC_LIMIT;
    for (size_t i = 0; rest.len > 0; i++) {
        size_t len = 0;
        while (len < rest.len && rest.ptr[len] != ' ' && rest.ptr[len] != '\t')
            len++;
        args[i] = arena_str(&config->arena, span_head(rest, len));
        if (args[i] == NULL)
            return RC_LIMIT;
        rest = span_trim(span_tail(rest, len));
    }
    *out = args;
    return RC_OK;
}

static enum rc
complete_extract(struct config *config)
{
    const size_t count = config->extract.count / 2;

    config->extract_commands = arena_array(&config->arena, struct extract_command, count + 1);
    if (config->extract_commands == NULL)
        return RC_LIMIT;
    for (size_t i = 0; i < count; i++) {
        struct extract_command *command = &config->extract_commands[i];
        command->type = config->extract.items[2 * i];
        if (complete_command(config, config->extract.items[2 * i + 1], &command->args) != RC_OK)
            return RC_LIMIT;
    }
    config->extract_count = count;
    return RC_OK;
}

/* Sets values that depend on the machine or on other keys. */
static enum rc
complete(struct config *config, struct err *err)
{
    char host[256] = "localhost";

    gethostname(host, sizeof host - 1);
    config->hostname_is_set = config->settings.hostname[0] != '\0';
    if (!config->hostname_is_set)
        config->settings.hostname = arena_str(&config->arena, span_of_str(host));
    if (config->settings.hostname == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory");
    complete_quota(config);
    if (config->domains.count == 0 &&
        (config_list_add(config, &config->domains, SPAN("localhost")) != RC_OK ||
         (strcmp(host, "localhost") != 0 &&
          config_list_add(config, &config->domains, span_of_str(host)) != RC_OK)))
        return err_set(err, RC_LIMIT, 0, "no memory");
    for (size_t i = 0; i < config->domains.count; i++) {
        char *domain = arena_str(&config->arena, span_of_str(config->domains.items[i]));
        if (domain == NULL)
            return err_set(err, RC_LIMIT, 0, "no memory");
        for (char *c = domain; *c != '\0'; c++)
            *c = ascii_lower(*c);
        config->domains.items[i] = domain;
    }
    if (complete_metadata(config) != RC_OK || complete_extract(config) != RC_OK)
        return err_set(err, RC_LIMIT, 0, "no memory");
    config->settings.domains = config->domains.items;
    config->settings.domain_count = config->domains.count;
    if (config->key[0] == '\0')
        config->key = config->certificate;
    if (config->imaps_listen.count > 0 && config->certificate[0] == '\0')
        return err_set(err, RC_INVALID, 0, "[imaps] listen needs [tls] certificate");
    if (config->extract_count > 0 && !config->search_index)
        return err_set(err, RC_INVALID, 0, "[search] extract needs [search] index = yes");
    return RC_OK;
}

static const char *
folder_of(struct arena *arena, const char *path)
{
    char real[PATH_MAX];
    char *copy = realpath(path, real) == NULL ? NULL : arena_str(arena, span_of_str(real));
    char *slash = copy == NULL ? NULL : strrchr(copy, '/');

    if (slash != NULL)
        *slash = '\0';
    return copy;
}

static void
read_all(struct reading *reading, const char *path, const char *const *overrides,
         size_t override_count)
{
    struct config *config = reading->config;
    struct err err = {.rc = RC_OK};

    config->path = arena_str(&config->arena, span_of_str(path));
    config->dir = folder_of(&config->arena, path);
    if (config->path == NULL || config->dir == NULL) {
        if (config->arena.starved)
            err_set(&err, RC_LIMIT, 0, "%s: no memory", path);
        else
            err_set(&err, errno == ENOENT ? RC_NOT_FOUND : rc_of_errno(errno), errno, "%s",
                    path);
        problem(reading, &err);
        return;
    }
    defaults_set(reading);
    file_read(reading, path);
    memset(reading->set, 0, sizeof reading->set);
    for (size_t i = 0; i < override_count && !is_over(reading); i++)
        if (override_set(reading, overrides[i], &err) != RC_OK)
            problem(reading, &err);
    if (!is_over(reading) && complete(config, &err) != RC_OK)
        problem(reading, &err);
}

static struct config *
config_new(void)
{
    struct config *config = calloc(1, sizeof *config);

    if (config != NULL)
        arena_init(&config->arena, CONFIG_ARENA);
    return config;
}

enum rc
config_read(const char *path, const char *const *overrides, size_t override_count,
            struct config **out, struct err *err)
{
    struct err first = {.rc = RC_OK};
    struct reading reading = {.config = config_new(), .err = err == NULL ? &first : err};

    if (reading.config == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory");
    read_all(&reading, path, overrides, override_count);
    if (reading.problems > 0) {
        config_free(reading.config);
        return reading.rc;
    }
    *out = reading.config;
    return RC_OK;
}

void
config_examine(const char *path, const char *const *overrides, size_t override_count,
               const struct config_teller *teller, struct config **out)
{
    struct reading reading = {.config = config_new(), .teller = teller};

    *out = NULL;
    if (reading.config == NULL) {
        teller->tell(teller->ctx, "no memory");
        return;
    }
    read_all(&reading, path, overrides, override_count);
    if (reading.problems == 0 || reading.rc == RC_INVALID) {
        *out = reading.config;
        return;
    }
    config_free(reading.config);
}

void
config_free(struct config *config)
{
    while (config != NULL) {
        struct config *older = config->older;
        arena_done(&config->arena);
        free(config);
        config = older;
    }
}
