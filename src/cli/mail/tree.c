/* SPDX-License-Identifier: MIT */
/* See the header. The walk is recursive and at most LIMIT_IMPORT_DEPTH deep. */
#include "cli/mail/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/limits.h"
#include "cli/mail/foreign_file.h"
#include "cli/mail/level.h"
#include "syntax/imap/mbox_name.h"

enum { ENTRIES_STEP = 1024, NAME_OCTETS = 16 << 10, SMALL_FILE_OCTETS = 16 << 20 };

/* A path while it is walked. */
struct walk {
    struct tree *tree;
    uint32_t path_number;
    size_t root_len;    /* length of the path that was given */
    struct notes names; /* .roost-export */
    struct map found;   /* mailboxes found in this path: name to itself */
    bool is_maildirpp;  /* '.' separates the levels of its names */
    /* devices of the directories above, to detect circles of links */
    dev_t devs[LIMIT_IMPORT_DEPTH];
    ino_t inos[LIMIT_IMPORT_DEPTH];
    uint32_t depth;
    /* entries found so far, without the files that file managers leave everywhere */
    size_t things;
    enum rc rc; /* no memory: the walk ends */
};

/* A directory while it is walked. */
struct place {
    const char *path;
    const char *mailbox; /* NULL: the top, where levels begin */
    const struct tree_folder *folder;
    bool is_maildir;
};

/* ---- entries ---- */

static char *
copy_of(struct walk *walk, const char *text)
{
    char *copy = text == NULL ? NULL : strdup(text);

    if (text != NULL && copy == NULL)
        walk->rc = RC_LIMIT;
    return copy;
}

/* The canonical name of a mailbox at the top. */
static const char *
top_mailbox(const struct walk *walk)
{
    return walk->tree->base != NULL ? walk->tree->base : "INBOX";
}

static struct tree_entry *
entry_add(struct walk *walk, enum mail_item_kind kind, const char *path, const char *mailbox,
          const char *why)
{
    struct tree *tree = walk->tree;

    if (tree->count % ENTRIES_STEP == 0) {
        struct tree_entry *more =
            realloc(tree->entries, (tree->count + ENTRIES_STEP) * sizeof *more);
        if (more == NULL) {
            walk->rc = RC_LIMIT;
            return NULL;
        }
        tree->entries = more;
    }
    struct tree_entry *entry = &tree->entries[tree->count++];
    *entry = (struct tree_entry){
        .kind = kind,
        .path = copy_of(walk, path),
        .mailbox = copy_of(walk, mailbox == NULL ? top_mailbox(walk) : mailbox),
        .why = copy_of(walk, why),
        .path_number = walk->path_number,
    };
    return entry;
}

static void
mailbox_found(struct walk *walk, const char *path, const char *mailbox)
{
    const struct tree_entry *entry = entry_add(walk, MAIL_MAILBOX, path, mailbox, NULL);

    if (entry != NULL && entry->mailbox != NULL)
        walk->rc = map_put(&walk->found, span_of_str(entry->mailbox), entry->mailbox);
}

/* ---- names of mailboxes ---- */

/* Makes base/parent/level a canonical name in *out, ended by NUL. Returns NULL, or why it
 * cannot be one. */
static const char *
name_make(const struct walk *walk, const char *parent, struct span level, struct buf *out)
{
    buf_clear(out);
    if (parent == NULL)
        parent = walk->tree->base;
    if (parent != NULL) {
        buf_put_str(out, parent);
        buf_put_char(out, '/');
    } else if (span_istarts(level, SPAN("INBOX")) &&
               (level.len == 5 || level.ptr[5] == '/')) { /* in any case */
        buf_put_str(out, "INBOX");
        level = span_tail(level, 5);
    }
    buf_put_span(out, level);
    const char *why = mbox_name_check(buf_span(out));
    buf_put_char(out, '\0');
    return buf_ok(out) ? why : "The mailbox name is too long";
}

/* Finds the mailbox of a file or directory below place; *out as above. Returns NULL, or why it
 * has none. */
static const char *
child_mailbox(const struct walk *walk, const struct place *place, const char *path,
              enum level_of of, struct buf *out)
{
    const char *file_name = strrchr(path, '/') + 1;
    const char *noted = notes_get(&walk->names, span_of_str(path + walk->root_len + 1));
    AUTO_BUF level = {0};

    if (noted != NULL)
        return name_make(walk, NULL, span_of_str(noted), out);
    buf_init(&level, NAME_OCTETS);
    if (!level_read(&level, span_of_str(file_name), of))
        return !buf_ok(&level) ? "there is no memory for its name"
                               : "its name is neither UTF-8 nor modified UTF-7; rename it";
    return name_make(walk, place->mailbox, buf_span(&level), out);
}

/* ---- directories ---- */

static bool
is_dir(const char *path, const char *sub)
{
    struct stat st;
    char *name = NULL;

    if (asprintf(&name, "%s/%s", path, sub) < 0)
        return false;
    const bool yes = stat(name, &st) == 0 && S_ISDIR(st.st_mode);
    free(name);
    return yes;
}

/* Whether this is a Maildir. Copies lose empty directories, so cur/ alone is sufficient. */
static bool
is_maildir(const char *path)
{
    return is_dir(path, "cur") || (is_dir(path, "new") && is_dir(path, "tmp"));
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

typedef void visit_fn(struct walk *walk, const struct place *place, const char *path,
                      const char *name);

/* Calls visit for each entry of place except "." and "..", in order of name. */
static void
dir_walk(struct walk *walk, const struct place *place, const char *dir, visit_fn *visit)
{
    struct dirent **entries = NULL;
    const int count = scandir(dir, &entries, NULL, by_name);

    if (count < 0)
        (void)entry_add(walk, MAIL_TROUBLE, dir, place->mailbox, strerror(errno));
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        char *path = NULL;
        if (walk->rc == RC_OK && strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
            if (asprintf(&path, "%s/%s", dir, name) < 0)
                walk->rc = RC_LIMIT;
            else
                visit(walk, place, path, name);
            free(path);
        }
        free(entries[i]);
    }
    free(entries);
}

static void
maildir_message(struct walk *walk, const struct place *place, const char *path,
                const char *name)
{
    struct stat st = {.st_size = 0};

    if (name[0] == '.')
        return; /* as Maildir requires */
    if (!utf8_is_valid(span_of_str(name))) {
        (void)entry_add(walk, MAIL_TROUBLE, path, place->mailbox,
                        "its name is not UTF-8; rename it");
        return;
    }
    /* A missing file may have another name by the time it is read. */
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
        (void)entry_add(walk, MAIL_TROUBLE, path, place->mailbox, "not a file");
        return;
    }
    struct tree_entry *entry = entry_add(walk, MAIL_MESSAGE, path, place->mailbox, NULL);
    if (entry == NULL)
        return;
    entry->is_maildir = true;
    entry->folder = place->folder;
    entry->octets = (uint64_t)st.st_size;
    walk->tree->octets += entry->octets;
}

static void
maildir_messages(struct walk *walk, const struct place *place)
{
    static const char *const subs[] = {"cur", "new"};

    for (size_t i = 0; i < ARRAY_LEN(subs); i++) {
        char *dir = NULL;
        if (!is_dir(place->path, subs[i]))
            continue;
        if (asprintf(&dir, "%s/%s", place->path, subs[i]) < 0)
            walk->rc = RC_LIMIT;
        else
            dir_walk(walk, place, dir, maildir_message);
        free(dir);
    }
}

/* Reads DIR/name as a whole, if it exists and is small. */
static bool
small_file_read(const char *dir, const char *name, struct buf *out)
{
    char *path = NULL;

    if (asprintf(&path, "%s/%s", dir, name) < 0)
        return false;
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    free(path);
    return fd >= 0 && fd_read_all(fd, out, NULL) == RC_OK && buf_len(out) > 0;
}

/* Each directory has its own keywords. One without a file uses those of the directory above. */
static struct tree_folder *
folder_open(struct walk *walk, const char *path, const struct tree_folder *above)
{
    struct tree_folder *folder = calloc(1, sizeof *folder);
    struct err err = {.rc = RC_OK};

    if (folder == NULL) {
        walk->rc = RC_LIMIT;
        return NULL;
    }
    buf_init(&folder->keywords_text, SMALL_FILE_OCTETS);
    notes_init(&folder->marks);
    folder->next = walk->tree->folders;
    walk->tree->folders = folder;
    if (small_file_read(path, "dovecot-keywords", &folder->keywords_text))
        maildir_keywords_read(buf_span(&folder->keywords_text), &folder->keywords);
    else if (above != NULL)
        folder->keywords = above->keywords;
    if (notes_read_marks(&folder->marks, path, &err) != RC_OK)
        (void)entry_add(walk, MAIL_TROUBLE, path, NULL, err.text);
    return folder;
}

/* Whether the directory may be walked: it is not in a circle of links, and not too deep. */
static bool
folder_enter(struct walk *walk, const struct place *place)
{
    struct stat st;

    if (stat(place->path, &st) != 0) {
        (void)entry_add(walk, MAIL_TROUBLE, place->path, place->mailbox, strerror(errno));
        return false;
    }
    for (uint32_t i = 0; i < walk->depth; i++)
        if (walk->devs[i] == st.st_dev && walk->inos[i] == st.st_ino) {
            (void)entry_add(walk, MAIL_TROUBLE, place->path, place->mailbox,
                            "a link back to a folder that contains it");
            return false;
        }
    if (walk->depth == LIMIT_IMPORT_DEPTH) {
        (void)entry_add(walk, MAIL_TROUBLE, place->path, place->mailbox, "nested too deeply");
        return false;
    }
    walk->devs[walk->depth] = st.st_dev;
    walk->inos[walk->depth++] = st.st_ino;
    return true;
}

static visit_fn visit;

static void
folder_walk(struct walk *walk, const char *path, bool is_a_maildir, const char *mailbox,
            const struct tree_folder *above)
{
    struct place place = {.path = path, .mailbox = mailbox, .is_maildir = is_a_maildir};

    if (!folder_enter(walk, &place))
        return;
    struct tree_folder *folder = folder_open(walk, path, above);
    place.folder = folder;
    if (place.is_maildir) {
        mailbox_found(walk, path, mailbox);
        maildir_messages(walk, &place);
    }
    if (folder != NULL)
        folder->is_maildir = place.is_maildir;
    const size_t before = walk->things;
    dir_walk(walk, &place, path, visit);
    if (walk->things == before && mailbox != NULL && !place.is_maildir && above != NULL &&
        !above->is_maildir)
        mailbox_found(walk, path, mailbox); /* an empty one */
    walk->depth--;
}

/* Files beside the mail that the import itself reads. */
static bool
is_read_here(const char *name)
{
    static const char *const names[] = {NOTES_OF_EXPORT,         NOTES_OF_MARKS,
                                        "dovecot-keywords",      "subscriptions",
                                        "courierimapsubscribed", ".subscriptions"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* Whether path is a folder of a Maildir++ that lost its empty cur/, new/ and tmp/ in a copy: it
 * contains nothing, or only files that accompany them. */
static bool
is_lost_maildir(const char *path)
{
    struct dirent **entries = NULL;
    const int count = scandir(path, &entries, NULL, NULL);
    bool is_lost = count >= 0;

    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        is_lost &= strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
                   strcmp(name, "new") == 0 || strcmp(name, "tmp") == 0 || is_read_here(name) ||
                   (!is_dir(path, name) && foreign_file(name) != NULL);
        free(entries[i]);
    }
    free(entries);
    return is_lost;
}

static void
visit_dir(struct walk *walk, const struct place *place, const char *path, const char *name)
{
    const char *foreign = foreign_folder(name);
    const char *unread = unread_folder(name);
    const bool is_whole = is_maildir(path);
    const bool is_sub = name[0] == '.' && name[1] != '\0' &&
                        (is_whole || (place->is_maildir && is_lost_maildir(path)));
    const bool is_kmail = !is_sub && fnmatch(".?*.directory", name, 0) == 0;
    AUTO_BUF mailbox = {0};

    if (place->is_maildir &&
        (strcmp(name, "cur") == 0 || strcmp(name, "new") == 0 || strcmp(name, "tmp") == 0))
        return;
    if (foreign != NULL && !is_sub && !is_kmail) {
        (void)entry_add(walk, MAIL_PASSED, path, place->mailbox, foreign);
        return;
    }
    if (unread != NULL) {
        (void)entry_add(walk, MAIL_TROUBLE, path, place->mailbox, unread);
        return;
    }
    buf_init(&mailbox, NAME_OCTETS);
    const char *why = child_mailbox(walk, place, path,
                                    is_sub ? LEVEL_OF_SUBFOLDER : LEVEL_OF_FOLDER, &mailbox);
    if (why != NULL) {
        (void)entry_add(walk, MAIL_TROUBLE, path, place->mailbox, why);
        return;
    }
    if (is_sub)
        walk->is_maildirpp = true;
    folder_walk(walk, path, is_whole || is_sub, buf_span(&mailbox).ptr, place->folder);
}

/* An empty file is an empty mbox if its name says that it is one. */
static bool
is_empty_mbox(const char *path, const char *name)
{
    static const char *const beside[] = {"msf", "sbd"};
    struct stat st;
    bool yes = strchr(name, '.') == NULL || fnmatch("*.mb[ox]*", name, FNM_CASEFOLD) == 0;

    for (size_t i = 0; !yes && i < ARRAY_LEN(beside); i++) {
        char *other = NULL;
        if (asprintf(&other, "%s.%s", path, beside[i]) < 0)
            return false;
        yes = stat(other, &st) == 0;
        free(other);
    }
    return yes;
}

static void
visit_file(struct walk *walk, const struct place *place, const char *path, const char *name,
           const struct stat *st)
{
    const char *foreign = foreign_file(name);
    AUTO_BUF as_mbox = {0};

    if (is_read_here(name))
        return;
    if (foreign == NULL && place->is_maildir)
        foreign = "not in cur/ or new/";
    if (foreign != NULL) {
        (void)entry_add(walk, MAIL_PASSED, path, place->mailbox, foreign);
        return;
    }
    buf_init(&as_mbox, NAME_OCTETS);
    /* Apple Mail's "NAME.mbox/mbox"; an .eml that begins with a From line. */
    const bool is_folders = (strcmp(name, "mbox") == 0 && place->mailbox != NULL) ||
                            fnmatch("*.eml", name, FNM_CASEFOLD) == 0;
    const char *why =
        is_folders ? NULL : child_mailbox(walk, place, path, LEVEL_OF_FILE, &as_mbox);
    const char *mbox = is_folders ? place->mailbox : buf_span(&as_mbox).ptr;
    if (st->st_size == 0 && is_empty_mbox(path, name) && why == NULL) {
        mailbox_found(walk, path, mbox);
        return;
    }
    struct tree_entry *entry = entry_add(walk, MAIL_MESSAGE, path, place->mailbox, why);
    if (entry == NULL)
        return;
    entry->as_mbox = copy_of(walk, why == NULL ? mbox : NULL);
    entry->folder = place->folder;
    entry->octets = (uint64_t)st->st_size;
    walk->tree->octets += entry->octets;
}

static void
visit(struct walk *walk, const struct place *place, const char *path, const char *name)
{
    struct stat st;
    const bool is_there = stat(path, &st) == 0;

    walk->things += !(is_there && S_ISREG(st.st_mode) && foreign_is_everywhere(name));
    if (!is_there)
        (void)entry_add(walk, MAIL_TROUBLE, path, place->mailbox, strerror(errno));
    else if (S_ISDIR(st.st_mode))
        visit_dir(walk, place, path, name);
    else if (S_ISREG(st.st_mode))
        visit_file(walk, place, path, name, &st);
    else
        (void)entry_add(walk, MAIL_PASSED, path, place->mailbox, "not a file");
}

/* ---- subscriptions ---- */

/* Whether the walk found the mailbox that levels name. If so, its name is in *out. */
static bool
is_found(const struct walk *walk, struct span levels, struct buf *out)
{
    return levels.len > 0 && name_make(walk, NULL, levels, out) == NULL &&
           map_get(&walk->found, span_of_str(buf_span(out).ptr)) != NULL;
}

/*
 * Writes a subscribed name to *out, or returns false. How its levels are separated depends on a
 * namespace that is unknown here ('.' or '/', with or without "INBOX." before it), so the
 * interpretation that yields an existing mailbox is chosen.
 */
static bool
subscription_name(struct walk *walk, struct span text, struct buf *out)
{
    AUTO_BUF levels = {0};
    AUTO_BUF dotted = {0};
    AUTO_BUF folder = {0};

    buf_init(&levels, NAME_OCTETS);
    buf_init(&dotted, NAME_OCTETS);
    buf_init(&folder, NAME_OCTETS);
    buf_put_char(&folder, '.');
    for (size_t i = 0; i < text.len; i++) {
        buf_put_char(&dotted, text.ptr[i] == '.' ? '/' : text.ptr[i]);
        buf_put_char(&folder, text.ptr[i] == '/' ? '.' : text.ptr[i]);
    }
    if (!buf_ok(&dotted) || !buf_ok(&folder)) {
        walk->rc = text.len < NAME_OCTETS ? RC_LIMIT : walk->rc; /* otherwise it is too long */
        return false;
    }
    const char *noted = notes_get(&walk->names, buf_span(&folder));
    if (noted != NULL)
        return name_make(walk, NULL, span_of_str(noted), out) == NULL;
    const struct span readings[] = {
        text,
        buf_span(&dotted),
        span_istarts(buf_span(&dotted), SPAN("INBOX/")) ? span_tail(buf_span(&dotted), 6)
                                                        : SPAN(""),
    };
    for (size_t i = 0; i < ARRAY_LEN(readings); i++) {
        buf_clear(&levels);
        if (levels_read(&levels, readings[i]) && is_found(walk, buf_span(&levels), out))
            return true;
        if (!buf_ok(&levels))
            walk->rc = RC_LIMIT;
    }
    /* No interpretation does: in a Maildir++, '.' is the separator and "INBOX." a prefix. */
    const size_t likely = !walk->is_maildirpp ? 0 : readings[2].len > 0 ? 2 : 1;
    buf_clear(&levels);
    return levels_read(&levels, readings[likely]) &&
           name_make(walk, NULL, buf_span(&levels), out) == NULL;
}

static void
subscriptions_add(struct walk *walk, const char *dir)
{
    static const char *const files[] = {"subscriptions", ".subscriptions",
                                        "courierimapsubscribed"};
    AUTO_BUF name = {0};
    AUTO_BUF mailbox = {0};
    size_t pos = 0;

    buf_init(&name, NAME_OCTETS);
    buf_init(&mailbox, NAME_OCTETS);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct subscriptions subs;
        AUTO_BUF text = {0};
        buf_init(&text, SMALL_FILE_OCTETS);
        if (!small_file_read(dir, files[i], &text))
            continue;
        subscriptions_begin(&subs, buf_span(&text));
        while (walk->rc == RC_OK && subscriptions_next(&subs, &name)) {
            if (subscription_name(walk, buf_span(&name), &mailbox))
                (void)entry_add(walk, MAIL_SUBSCRIBED, dir, buf_span(&mailbox).ptr, NULL);
            else
                (void)entry_add(walk, MAIL_PASSED, dir, NULL,
                                "a subscription to a name that no mailbox can have");
        }
    }
    for (const char *not_wanted; (not_wanted = notes_unsubscribed(&walk->names, &pos)) != NULL;)
        if (name_make(walk, NULL, span_of_str(not_wanted), &mailbox) == NULL)
            (void)entry_add(walk, MAIL_UNSUBSCRIBED, dir, buf_span(&mailbox).ptr, NULL);
}

/* ---- a path ---- */

static void
path_walk(struct walk *walk, const char *path)
{
    struct stat st;
    struct err err = {.rc = RC_OK};

    if (stat(path, &st) != 0) {
        (void)entry_add(walk, MAIL_TROUBLE, path, NULL, strerror(errno));
    } else if (S_ISDIR(st.st_mode)) {
        if (notes_read_names(&walk->names, path, &err) != RC_OK)
            (void)entry_add(walk, MAIL_TROUBLE, path, NULL, err.text);
        folder_walk(walk, path, is_maildir(path), NULL, NULL);
        subscriptions_add(walk, path);
    } else if (S_ISREG(st.st_mode)) {
        struct tree_entry *entry = entry_add(walk, MAIL_MESSAGE, path, NULL, NULL);
        if (entry != NULL)
            entry->octets = (uint64_t)st.st_size;
        walk->tree->octets += (uint64_t)st.st_size;
    } else {
        (void)entry_add(walk, MAIL_TROUBLE, path, NULL, "neither a file nor a folder");
    }
}

enum rc
tree_add(struct tree *tree, const char *path, uint32_t path_number, struct err *err)
{
    struct walk *walk = calloc(1, sizeof *walk);
    char *trimmed = strdup(path);
    enum rc rc = RC_LIMIT;

    if (walk != NULL && trimmed != NULL) {
        for (size_t len = strlen(trimmed); len > 1 && trimmed[len - 1] == '/';)
            trimmed[--len] = '\0';
        walk->tree = tree;
        walk->path_number = path_number;
        walk->root_len = strlen(trimmed);
        notes_init(&walk->names);
        map_init(&walk->found);
        path_walk(walk, trimmed);
        rc = walk->rc;
        map_done(&walk->found);
        notes_done(&walk->names);
    }
    free(trimmed);
    free(walk);
    return rc == RC_OK ? RC_OK : err_set(err, rc, 0, "no memory for %.200s", path);
}

void
tree_done(struct tree *tree)
{
    for (size_t i = 0; i < tree->count; i++) {
        free(tree->entries[i].path);
        free(tree->entries[i].mailbox);
        free(tree->entries[i].as_mbox);
        free(tree->entries[i].why);
    }
    free(tree->entries);
    while (tree->folders != NULL) {
        struct tree_folder *next = tree->folders->next;
        buf_done(&tree->folders->keywords_text);
        notes_done(&tree->folders->marks);
        free(tree->folders);
        tree->folders = next;
    }
}
