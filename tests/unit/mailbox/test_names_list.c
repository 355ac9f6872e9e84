/* SPDX-License-Identifier: MIT */
/* LIST and LSUB over hierarchies given as words, answers compared as lines of text. */
#include "content.h"

#include <string.h>

#include "mailbox/names/names_list.h"

/* ---- a hierarchy ---- */

/* One name a word: "Fruit/Apple", "+Name" is subscribed too, "-Name" only subscribed (no
 * mailbox), "Name=sent" has a special use. Every hierarchy has INBOX. */
static void
make(struct content *fx, const char *words)
{
    static const struct {
        const char *word;
        uint32_t use;
    } uses[] = {{"sent", USE_SENT}, {"trash", USE_TRASH}, {"drafts", USE_DRAFTS}};
    struct store_tx *tx = content_write(fx);
    struct mbox_row *rows;
    size_t count;

    assert_ok(store_mbox_list(tx, &fx->arena, &rows, &count, &fx->err));
    for (size_t i = 0; i < count; i++)
        if (!span_eq_str(rows[i].name, "INBOX"))
            assert_ok(store_mbox_delete(tx, rows[i].id, &fx->err));
    struct span *subscribed;
    assert_ok(store_subscriptions(tx, &fx->arena, &subscribed, &count, &fx->err));
    for (size_t i = 0; i < count; i++)
        assert_ok(store_unsubscribe(tx, subscribed[i], &fx->err));

    while (*words != '\0') {
        const size_t len = strcspn(words, " ");
        struct span name = span_of(words, len);
        uint32_t use = 0;
        uint64_t mbox;
        const char mark = name.ptr[0];
        if (mark == '+' || mark == '-')
            name = span_tail(name, 1);
        const ptrdiff_t equals = span_find_char(name, '=');
        if (equals >= 0) {
            for (size_t i = 0; i < ARRAY_LEN(uses); i++)
                if (span_eq_str(span_tail(name, (size_t)equals + 1), uses[i].word))
                    use = uses[i].use;
            name = span_head(name, (size_t)equals);
        }
        if (mark == '+' || mark == '-')
            assert_ok(store_subscribe(tx, name, &fx->err));
        if (mark != '-' && !span_eq_str(name, "INBOX"))
            assert_ok(store_mbox_create(tx, name, use, &mbox, &fx->err));
        words += len + (words[len] == ' ');
    }
    content_commit(fx, tx);
}

/* ---- answers as text ---- */

static void
put_word(struct buf *out, bool is_there, const char *word)
{
    if (!is_there)
        return;
    if (out->tail > out->head && out->data[out->tail - 1] != '(')
        buf_put_char(out, ' ');
    buf_put_str(out, word);
}

static void
put_entry(struct buf *out, const struct names_entry *entry)
{
    buf_put_char(out, '(');
    put_word(out, entry->attrs & NAMES_NONEXISTENT, "\\NonExistent");
    put_word(out, entry->attrs & NAMES_NOSELECT, "\\Noselect");
    put_word(out, entry->attrs & NAMES_HAS_CHILDREN, "\\HasChildren");
    put_word(out, entry->attrs & NAMES_HAS_NO_CHILDREN, "\\HasNoChildren");
    put_word(out, entry->attrs & NAMES_SUBSCRIBED, "\\Subscribed");
    put_word(out, entry->special_use & USE_SENT, "\\Sent");
    put_word(out, entry->special_use & USE_TRASH, "\\Trash");
    put_word(out, entry->special_use & USE_DRAFTS, "\\Drafts");
    buf_printf(out, ") %.*s", SPAN_FMT(entry->name));
    if (entry->childinfo != 0)
        buf_printf(out, " CHILDINFO%s%s",
                   (entry->childinfo & NAMES_CHILDINFO_SUBSCRIBED) != 0 ? " SUBSCRIBED" : "",
                   (entry->childinfo & NAMES_CHILDINFO_SPECIAL_USE) != 0 ? " SPECIAL-USE" : "");
    buf_put_char(out, '\n');
}

static struct span
answer(struct content *fx, const char *line)
{
    const struct imap_cmd *cmd = content_cmd(fx, line);
    struct names_list *list;
    struct names_entry entry;
    struct buf out;
    enum rc rc;

    buf_init(&out, 1 << 20);
    struct store_tx *tx = content_read(fx);
    assert_ok(names_list_new(&fx->arena, tx, &cmd->u.list,
                             cmd->id == IMAP_CMD_LSUB ? NAMES_LSUB : NAMES_LIST, &list,
                             &fx->err));
    store_end(tx);
    while ((rc = names_list_next(list, &entry)) != RC_NOT_FOUND)
        if (rc == RC_OK)
            put_entry(&out, &entry);
    const struct span text = arena_span(&fx->arena, buf_span(&out));
    buf_done(&out);
    return text;
}

struct row {
    const char *line;
    const char *answer;
};

static void
check(struct content *fx, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct span text = answer(fx, rows[i].line);
        if (!span_eq_str(text, rows[i].answer))
            fail_msg("%s\n-- answers\n%.*s-- not\n%s", rows[i].line, SPAN_FMT(text),
                     rows[i].answer);
    }
}

static int
setup(void **state)
{
    *state = content_new();
    return 0;
}

static int
teardown(void **state)
{
    content_free(*state);
    return 0;
}

/* ---- RFC 5258 section 5 ---- */

static void
test_list_extended(void **state)
{
    struct content *fx = *state;
    static const struct row rows[] = {
        /* Example 1 */
        {"LIST () \"\" \"*\"", "() INBOX\n() Fruit\n() Fruit/Apple\n() Fruit/Banana\n() Tofu\n"
                               "() Vegetable\n() Vegetable/Broccoli\n() Vegetable/Corn\n"},
        /* Example 2 */
        {"LIST (SUBSCRIBED) \"\" \"*\"",
         "(\\Subscribed) INBOX\n(\\Subscribed) Fruit/Banana\n"
         "(\\NonExistent \\Subscribed) Fruit/Peach\n(\\Subscribed) Vegetable\n"
         "(\\Subscribed) Vegetable/Broccoli\n"},
        /* Example 3 */
        {"LIST () \"\" \"%\" RETURN (CHILDREN)",
         "(\\HasNoChildren) INBOX\n(\\HasChildren) Fruit\n(\\HasNoChildren) Tofu\n"
         "(\\HasChildren) Vegetable\n"},
        /* Examples 4 to 6, without another server */
        {"LIST (REMOTE) \"\" \"%\" RETURN (CHILDREN)",
         "(\\HasNoChildren) INBOX\n(\\HasChildren) Fruit\n(\\HasNoChildren) Tofu\n"
         "(\\HasChildren) Vegetable\n"},
        {"LIST (REMOTE SUBSCRIBED) \"\" \"*\"",
         "(\\Subscribed) INBOX\n(\\Subscribed) Fruit/Banana\n"
         "(\\NonExistent \\Subscribed) Fruit/Peach\n(\\Subscribed) Vegetable\n"
         "(\\Subscribed) Vegetable/Broccoli\n"},
        {"LIST (REMOTE) \"\" \"*\" RETURN (SUBSCRIBED)",
         "(\\Subscribed) INBOX\n() Fruit\n() Fruit/Apple\n(\\Subscribed) Fruit/Banana\n"
         "() Tofu\n(\\Subscribed) Vegetable\n(\\Subscribed) Vegetable/Broccoli\n"
         "() Vegetable/Corn\n"},
        /* Several patterns (example 7): each name once */
        {"LIST \"\" (\"INBOX\" \"Tofu\" \"T*\" \"Fruit/%\")",
         "() INBOX\n() Fruit/Apple\n() Fruit/Banana\n() Tofu\n"},
        /* In an extended LIST an empty pattern is no question for the delimiter */
        {"LIST \"\" (\"\")", ""},
        {"LIST \"\" (\"\" \"Tofu\")", "() Tofu\n"},
    };

    make(fx, "+INBOX Fruit Fruit/Apple +Fruit/Banana -Fruit/Peach Tofu +Vegetable "
             "+Vegetable/Broccoli Vegetable/Corn");
    check(fx, rows, ARRAY_LEN(rows));
}

static void
test_childinfo(void **state)
{
    struct content *fx = *state;
    static const char recursive[] = "LIST (SUBSCRIBED RECURSIVEMATCH) \"\" \"%\"";

    /* Example 8 */
    make(fx, "Foo Foo/Bar +Foo/Baz Moo");
    check(fx,
          (struct row[]){
              {"LIST (SUBSCRIBED) \"\" \"*\"", "(\\Subscribed) Foo/Baz\n"},
              {"LIST (SUBSCRIBED) \"\" \"%\"", ""},
              {recursive, "() Foo CHILDINFO SUBSCRIBED\n"},
          },
          3);
    make(fx, "+Foo Foo/Bar +Foo/Baz Moo"); /* A1 */
    check(fx, (struct row[]){{recursive, "(\\Subscribed) Foo CHILDINFO SUBSCRIBED\n"}}, 1);
    make(fx, "Foo/Bar +Foo/Baz Moo"); /* A2 */
    check(fx, (struct row[]){{recursive, "(\\NonExistent) Foo CHILDINFO SUBSCRIBED\n"}}, 1);
    make(fx, "Foo Foo/Bar Foo/Baz Moo"); /* B */
    check(fx, (struct row[]){{recursive, ""}}, 1);
    make(fx, "+Foo Foo/Bar Foo/Baz +Moo"); /* C */
    check(fx,
          (struct row[]){
              {"LIST (SUBSCRIBED RECURSIVEMATCH) \"\" \"%\" RETURN (CHILDREN)",
               "(\\HasChildren \\Subscribed) Foo\n(\\HasNoChildren \\Subscribed) Moo\n"}},
          1);

    /* Example 9, without what section 3.5 says SHOULD be left out */
    make(fx, "foo2 +foo2/bar1 +foo2/bar2 baz2 +baz2/bar2 +baz2/bar22 +baz2/bar222 +eps2 "
             "+eps2/mamba +qux2/bar2");
    check(fx,
          (struct row[]){{"LIST (RECURSIVEMATCH SUBSCRIBED) \"\" \"*2\"",
                          "(\\Subscribed) baz2/bar2\n(\\Subscribed) baz2/bar22\n"
                          "(\\Subscribed) baz2/bar222\n"
                          "(\\Subscribed) eps2 CHILDINFO SUBSCRIBED\n"
                          "() foo2 CHILDINFO SUBSCRIBED\n(\\Subscribed) foo2/bar2\n"
                          "(\\Subscribed) qux2/bar2\n"}},
          1);

    /* Example 10 */
    make(fx, "foo -foo/bar");
    check(fx,
          (struct row[]){
              {"LIST \"\" (\"foo\" \"foo/*\")", "() foo\n"},
              {"LIST (SUBSCRIBED) \"\" \"foo/*\"", "(\\NonExistent \\Subscribed) foo/bar\n"},
              {"LIST (SUBSCRIBED RECURSIVEMATCH) \"\" foo RETURN (CHILDREN)",
               "(\\HasNoChildren) foo CHILDINFO SUBSCRIBED\n"},
          },
          3);

    /* Example 11 */
    make(fx, "music/rock");
    check(fx,
          (struct row[]){
              {"LIST () \"\" %", "() INBOX\n(\\NonExistent \\HasChildren) music\n"},
              {"LIST \"\" (% music/rock)", "() INBOX\n() music/rock\n"},
              {"LIST (SUBSCRIBED) \"\" %", ""},
          },
          3);
}

/* ---- RFC 3501 sections 6.3.4, 6.3.8 and 6.3.9, RFC 3348, RFC 6154 ---- */

static void
test_list(void **state)
{
    struct content *fx = *state;
    static const struct row rows[] = {
        {"LIST \"\" \"\"", "(\\Noselect) \n"},
        {"LIST \"foo\" \"\"", "(\\Noselect) \n"},
        {"LIST \"\" *", "(\\HasNoChildren) INBOX\n(\\HasNoChildren) blurdybloop\n"
                        "(\\HasNoChildren) foo/bar\n(\\HasChildren) zap\n"
                        "(\\HasNoChildren) zap/a b\n"},
        {"LIST \"\" %", "(\\HasNoChildren) INBOX\n(\\HasNoChildren) blurdybloop\n"
                        "(\\Noselect \\HasChildren) foo\n(\\HasChildren) zap\n"},
        {"LIST \"\" foo", "(\\Noselect \\HasChildren) foo\n"},
        {"LIST \"zap/\" %", "(\\HasNoChildren) zap/a b\n"},
        {"LIST \"z\" \"*b\"", "(\\HasNoChildren) zap/a b\n"},
        {"LIST \"\" inbox", "(\\HasNoChildren) INBOX\n"},
        {"LIST \"\" I%X", "(\\HasNoChildren) INBOX\n"},
        {"LIST \"\" nothing", ""},
        {"LIST \"\" \"%/%\"", "(\\HasNoChildren) foo/bar\n(\\HasNoChildren) zap/a b\n"},
        {"LIST \"\" \"*%\"", "(\\HasNoChildren) INBOX\n(\\HasNoChildren) blurdybloop\n"
                             "(\\Noselect \\HasChildren) foo\n(\\HasNoChildren) foo/bar\n"
                             "(\\HasChildren) zap\n(\\HasNoChildren) zap/a b\n"},
    };

    make(fx, "blurdybloop foo/bar zap -gone -gone/deeper");
    struct store_tx *tx = content_write(fx);
    uint64_t mbox;
    assert_ok(store_mbox_create(tx, SPAN("zap/a b"), 0, &mbox, &fx->err));
    content_commit(fx, tx);
    check(fx, rows, ARRAY_LEN(rows));
}

static void
test_lsub(void **state)
{
    struct content *fx = *state;
    static const struct row rows[] = {
        {"LSUB \"\" *", "() Sent\n(\\Noselect) gone\n() news/mail/mime\n() news/mail/misc\n"},
        {"LSUB \"news/\" \"mail/*\"", "() news/mail/mime\n() news/mail/misc\n"},
        {"LSUB \"news/\" %", "(\\Noselect) news/mail\n"},
        {"LSUB \"\" %", "() Sent\n(\\Noselect) gone\n(\\Noselect) news\n"},
        {"LSUB \"\" \"\"", "(\\Noselect) \n"},
        {"LSUB \"\" other", ""},
    };

    make(fx, "+Sent news news/mail +news/mail/mime +news/mail/misc -gone other");
    check(fx, rows, ARRAY_LEN(rows));
}

static void
test_special_use(void **state)
{
    struct content *fx = *state;
    static const struct row rows[] = {
        {"LIST \"\" %", "(\\HasNoChildren) INBOX\n(\\HasNoChildren \\Drafts) MyDrafts\n"
                        "(\\HasNoChildren \\Sent) SentMail\n(\\HasChildren) old\n"},
        {"LIST \"\" % RETURN (SPECIAL-USE)",
         "() INBOX\n(\\Drafts) MyDrafts\n(\\Sent) SentMail\n() old\n"},
        {"LIST (SPECIAL-USE) \"\" *",
         "(\\Drafts) MyDrafts\n(\\Sent) SentMail\n(\\Trash) old/bin\n"},
        {"LIST (SPECIAL-USE) \"\" %", "(\\Drafts) MyDrafts\n(\\Sent) SentMail\n"},
        {"LIST (SPECIAL-USE RECURSIVEMATCH) \"\" %",
         "(\\Drafts) MyDrafts\n(\\Sent) SentMail\n() old CHILDINFO SPECIAL-USE\n"},
        {"LIST (SPECIAL-USE SUBSCRIBED) \"\" *", "(\\Subscribed \\Sent) SentMail\n"},
        {"LIST (SUBSCRIBED) \"\" *", "(\\Subscribed) SentMail\n"},
        {"LSUB \"\" *", "(\\Sent) SentMail\n"}, /* Outlook looks for them here */
    };

    make(fx, "MyDrafts=drafts +SentMail=sent old old/bin=trash");
    check(fx, rows, ARRAY_LEN(rows));
}

/* ---- order, sizes, steps ---- */

static void
test_order(void **state)
{
    struct content *fx = *state;

    /* In octet order "a b" and "a-b" would come between "a" and "a/z". */
    make(fx, "a a-b a/z a.c ab a/b a/b/c b/x/y/z");
    check(fx,
          (struct row[]){{"LIST () \"\" *", "() INBOX\n() a\n() a/b\n() a/b/c\n() a/z\n() a-b\n"
                                            "() a.c\n() ab\n() b/x/y/z\n"},
                         {"LIST \"\" \"b*%\"",
                          "(\\Noselect \\HasChildren) b\n(\\Noselect \\HasChildren) b/x\n"
                          "(\\Noselect \\HasChildren) b/x/y\n(\\HasNoChildren) b/x/y/z\n"}},
          2);
}

static void
test_many(void **state)
{
    struct content *fx = *state;
    const struct imap_cmd *cmd = content_cmd(fx, "LIST \"\" \"*9\"");
    struct store_tx *tx = content_write(fx);
    struct names_list *list;
    struct names_entry entry;
    unsigned again = 0;
    unsigned found = 0;
    enum rc rc;

    for (unsigned i = 0; i < 1000; i++) {
        uint64_t mbox;
        const char *name = arena_printf(&fx->arena, "level%u/%0120u", i / 100, i);
        assert_ok(store_mbox_create(tx, span_of_str(name), 0, &mbox, &fx->err));
    }
    content_commit(fx, tx);
    tx = content_read(fx);
    assert_ok(names_list_new(&fx->arena, tx, &cmd->u.list, NAMES_LIST, &list, &fx->err));
    store_end(tx);
    while ((rc = names_list_next(list, &entry)) != RC_NOT_FOUND) {
        again += rc == RC_AGAIN;
        found += rc == RC_OK;
    }
    assert_in_range(again, 1, 1000); /* it gave way to others now and then */
    /* And level9: it is not a mailbox, but has some below it that do not match. */
    assert_int_equal(found, 100 + 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_list_extended, setup, teardown),
        cmocka_unit_test_setup_teardown(test_childinfo, setup, teardown),
        cmocka_unit_test_setup_teardown(test_list, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lsub, setup, teardown),
        cmocka_unit_test_setup_teardown(test_special_use, setup, teardown),
        cmocka_unit_test_setup_teardown(test_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
