/* SPDX-License-Identifier: MIT */
/*
 * SORT and THREAD of an account: with sort blocks, without them, with damaged ones, and in
 * whatever order the messages are, the answer is the same.
 */
#include "content.h"

#include <stdio.h>

#include "base/rng.h"
#include "mailbox/account_private.h"
#include "mailbox/content/object_id.h"
#include "mailbox/order/fill.h"
#include "mailbox/order/order.h"
#include "mailbox/view.h"
#include "mailbox/write/ops.h"

enum { MESSAGES = 600, ANSWER_OCTETS = 64 << 10 };

static const struct wake nobody = {NULL, NULL, 0};

static void
append_many(struct content *fx, uint32_t count)
{
    struct rng rng;
    char text[600];

    rng_seed(&rng, 5256);
    for (uint32_t i = 1; i <= count; i++) {
        const unsigned other = (unsigned)rng_below(&rng, i);
        const int len = snprintf(
            text, sizeof text,
            "Date: %u Jan 2020 10:%02u:00 +0000\r\nSubject: %s%s %u\r\n"
            "From: Writer %u <w%u@example.org>\r\nTo: reader%u@example.org\r\n%s"
            "Message-ID: <%u@example.org>\r\n%s<%u@example.org>\r\n\r\nHello\r\n",
            (unsigned)rng_below(&rng, 28) + 1, (unsigned)rng_below(&rng, 60),
            i % 3 == 0 ? "Re: " : "", i % 7 == 0 ? "The same long beginning" : "Hello",
            other % 40, i % 11, i % 11, other % 17, i % 5 == 0 ? "Cc: c@x\r\n" : "", i,
            i % 2 == 0 ? "References: <first@example.org>\r\n " : "X-Not-References: ", other);
        const struct content_mail mail = {.text = span_of(text, (size_t)len),
                                          .internaldate_s = 1577836800 + other};
        (void)content_append(fx, &mail);
    }
}

static void
answer_put(struct buf *out, struct order *order, const struct imap_search_req *how,
           uint32_t count)
{
    enum threads_token token;
    uint32_t number = 0;

    if (how->find == IMAP_FIND_SORT) {
        for (uint32_t i = 0; i < count; i++)
            buf_printf(out, " %u", order_number(order, i));
        return;
    }
    while ((token = threads_next(order_threads(order), &number)) != THREADS_END) {
        if (token == THREADS_NUMBER)
            buf_printf(out, " %u", number);
        else if (token != THREADS_NOTHING)
            buf_put_char(out, token == THREADS_OPEN ? '(' : ')');
    }
}

/* Appends the answer for all messages of the mailbox; returns whether blocks were missed. */
static bool
put_in_order(struct content *fx, const char *mbox, const struct imap_search_req *how,
             int64_t slice_us, struct buf *out)
{
    struct imap_search_key root = {.kind = SEARCH_ALL};
    const struct search_req what = {.root = &root};
    struct view *view = content_view(fx, mbox);
    struct search *search = NULL;
    struct order *order = NULL;
    struct store_tx *tx = content_read(fx);

    assert_ok(search_new(&fx->arena, view, &what, &search, &fx->err));
    assert_ok(search_slice(search, tx, &clock_system, INT64_MAX, &fx->err));
    const struct order_req req = {.found = search, .how = how};
    assert_ok(order_new(&fx->arena, view, &req, &order));
    store_end(tx);
    enum rc rc = RC_AGAIN;
    while (rc == RC_AGAIN) {
        tx = order_needs_store(order) ? content_read(fx) : NULL;
        rc = order_slice(order, tx, &clock_system,
                         slice_us == 0 ? 0 : clock_mono_us(&clock_system) + slice_us, &fx->err);
        store_end(tx);
    }
    assert_ok(rc);
    answer_put(out, order, how, search_count(search));
    buf_put_char(out, '\n');
    const bool lacks = order_lacks_blocks(order);
    order_done(order);
    search_done(search);
    content_view_done(view);
    arena_reset(&fx->arena);
    return lacks;
}

static const struct imap_search_req asked[] = {
    {.find = IMAP_FIND_SORT, .sort = {{.key = IMAP_SORT_ARRIVAL}}, .sort_count = 1},
    {.find = IMAP_FIND_SORT, .sort = {{.key = IMAP_SORT_DATE}}, .sort_count = 1},
    {.find = IMAP_FIND_SORT,
     .sort = {{.key = IMAP_SORT_SUBJECT}, {.key = IMAP_SORT_DATE, .reverse = true}},
     .sort_count = 2},
    {.find = IMAP_FIND_SORT,
     .sort = {{.key = IMAP_SORT_CC}, {.key = IMAP_SORT_TO}, {.key = IMAP_SORT_FROM}},
     .sort_count = 3},
    {.find = IMAP_FIND_SORT,
     .sort = {{.key = IMAP_SORT_DISPLAYFROM, .reverse = true},
              {.key = IMAP_SORT_DISPLAYTO},
              {.key = IMAP_SORT_SIZE}},
     .sort_count = 3},
    {.find = IMAP_FIND_THREAD, .thread = IMAP_THREAD_REFERENCES},
    {.find = IMAP_FIND_THREAD, .thread = IMAP_THREAD_ORDEREDSUBJECT},
    {.find = IMAP_FIND_THREAD, .thread = IMAP_THREAD_REFS, .is_uid = true},
};

/* All answers. */
static bool
ask_all(struct content *fx, const char *mbox, struct buf *out)
{
    bool lacks = false;

    buf_clear(out);
    for (size_t i = 0; i < ARRAY_LEN(asked); i++)
        lacks |= put_in_order(fx, mbox, &asked[i], i % 2 == 0 ? 0 : 1000000, out);
    assert_true(buf_ok(out));
    return lacks;
}

/* Makes all blocks that are lacking; how many. */
static size_t
fill_all(struct content *fx)
{
    struct fill_op op;
    uint64_t next = 0;
    size_t made = 0;
    bool more = true;

    while (more) {
        struct store_tx *tx = content_read(fx);
        fill_op_init(&op, nobody);
        op.next = next;
        assert_ok(fill_op_prepare(&op, tx, &fx->err));
        store_end(tx);
        if (op.count > 0)
            assert_ok(content_run(fx, &op.turn));
        made += op.count;
        next = op.next;
        more = op.more;
        fill_op_done(&op);
    }
    return made;
}

static bool
has_block(struct content *fx, uint64_t block)
{
    struct store_tx *tx = content_read(fx);
    unsigned found = 0;
    AUTO_BUF data = {0};

    buf_init(&data, LIMIT_SORT_COLUMN_OCTETS);
    for (unsigned column = 0; column < LIMIT_SORT_COLUMNS; column++)
        found += store_sort_block_read(tx, column, block, &data, &fx->err) == RC_OK;
    store_end(tx);
    assert_true(found == 0 || found == LIMIT_SORT_COLUMNS);
    return found > 0;
}

static void
copy_some(struct content *fx, const char *to, uint32_t first, uint32_t last)
{
    const struct uid_run run = {first, last};
    struct copy_op op;

    copy_op_init(&op, &fx->arena, nobody);
    op.from_mbox = 1;
    op.to_name = span_of_str(to);
    op.runs = &run;
    op.run_count = 1;
    assert_ok(content_run(fx, &op.turn));
    arena_reset(&fx->arena);
}

/* Each column of the block becomes what `change` makes of it. */
static void
block_change(struct content *fx, uint64_t block, void (*change)(struct buf *data, unsigned i))
{
    struct sort_block put = {.messages = block == 0 ? LIMIT_SORT_BLOCK - 1 : LIMIT_SORT_BLOCK};
    struct buf data[LIMIT_SORT_COLUMNS];
    struct store_tx *tx = content_write(fx);

    for (unsigned i = 0; i < LIMIT_SORT_COLUMNS; i++) {
        buf_init(&data[i], LIMIT_SORT_COLUMN_OCTETS);
        assert_ok(store_sort_block_read(tx, i, block, &data[i], &fx->err));
        change(&data[i], i);
        put.columns[i] = buf_span(&data[i]);
    }
    assert_ok(store_sort_block_put(tx, block, &put, &fx->err));
    content_commit(fx, tx);
    for (unsigned i = 0; i < LIMIT_SORT_COLUMNS; i++)
        buf_done(&data[i]);
}

static void
change_form(struct buf *data, unsigned i)
{
    (void)i;
    data->data[data->head] ^= 0x40;
}

static void
cut(struct buf *data, unsigned i)
{
    buf_truncate(data, buf_len(data) - 1 - i);
}

static void
test_blocks_change_no_answer(void **state)
{
    struct content *fx = *state;
    AUTO_BUF without = {0};
    AUTO_BUF with = {0};

    buf_init(&without, ANSWER_OCTETS);
    buf_init(&with, ANSWER_OCTETS);
    append_many(fx, MESSAGES);
    assert_false(ask_all(fx, "INBOX", &without)); /* too few to be worth blocks */
    assert_int_equal(fill_all(fx), MESSAGES / LIMIT_SORT_BLOCK);
    assert_int_equal(fill_all(fx), 0);
    assert_true(has_block(fx, 0) && has_block(fx, 1) && !has_block(fx, 2));
    assert_false(ask_all(fx, "INBOX", &with));
    assert_true(span_eq(buf_span(&without), buf_span(&with)));

    block_change(fx, 0, cut);
    block_change(fx, 1, change_form);
    (void)ask_all(fx, "INBOX", &with);
    assert_true(span_eq(buf_span(&without), buf_span(&with)));
    assert_int_equal(fill_all(fx), 1); /* the one of another form */
    (void)ask_all(fx, "INBOX", &with);
    assert_true(span_eq(buf_span(&without), buf_span(&with)));
}

/* Messages whose ids do not ascend, and few of a block. */
static void
test_any_order_of_messages(void **state)
{
    struct content *fx = *state;
    AUTO_BUF without = {0};
    AUTO_BUF with = {0};

    buf_init(&without, ANSWER_OCTETS);
    buf_init(&with, ANSWER_OCTETS);
    append_many(fx, MESSAGES);
    for (uint32_t i = 0; i < MESSAGES; i += 20)
        copy_some(fx, "Archive", MESSAGES - i - 15, MESSAGES - i);
    for (uint32_t uid = 3; uid < MESSAGES; uid += 101)
        copy_some(fx, "Archive", uid, uid);
    (void)ask_all(fx, "Archive", &without);
    assert_int_equal(fill_all(fx), MESSAGES / LIMIT_SORT_BLOCK);
    (void)ask_all(fx, "Archive", &with);
    assert_true(span_eq(buf_span(&without), buf_span(&with)));
}

/* Who lacks many blocks says so; those who asked are filled once each. */
static void
test_asking(void **state)
{
    struct content *fx = *state;
    AUTO_BUF out = {0};
    uint64_t id = 0;

    buf_init(&out, ANSWER_OCTETS);
    append_many(fx, LIMIT_SORT_LACKING - 1);
    assert_false(put_in_order(fx, "INBOX", &asked[1], 1000000, &out));
    append_many(fx, 1);
    assert_true(put_in_order(fx, "INBOX", &asked[1], 1000000, &out));
    assert_false(put_in_order(fx, "INBOX", &asked[0], 1000000, &out)); /* nothing is read */
    assert_false(fill_next(fx->accounts, &id));
    fill_ask(fx->acct);
    fill_ask(fx->acct);
    assert_true(fill_next(fx->accounts, &id));
    assert_int_equal(id, account_id(fx->acct));
    assert_false(fill_next(fx->accounts, &id));
    for (size_t i = 0; i < LIMIT_FILLS_WAITING; i++)
        atomic_store(&fx->accounts->fills[i], 1000 + i);
    fill_ask(fx->acct); /* another time */
    for (size_t i = 0; i < LIMIT_FILLS_WAITING; i++) {
        assert_true(fill_next(fx->accounts, &id));
        assert_int_equal(id, 1000 + i);
    }
    assert_false(fill_next(fx->accounts, &id));
}

/* ---- THREADID ---- */

enum { DIALOGUE = 40 };

static struct object_id
thread_id(struct content *fx, const struct entry *entry)
{
    const struct object_ids_req req = {.kinds = OBJECT_THREADID, .message = entry->message};
    struct object_ids_reader reader;
    struct object_ids ids;
    struct message_row row;
    struct store_tx *tx = content_read(fx);

    object_ids_reader_init(&reader);
    assert_ok(store_message_read(tx, entry->message, MESSAGE_KEYS, &row, &fx->err));
    assert_ok(object_ids_read(&reader, tx, &req, &row, &ids, &fx->err));
    object_ids_reader_done(&reader);
    store_end(tx);
    return ids.thread;
}

static struct entry
append_reply(struct content *fx, unsigned number, const char *references)
{
    char text[4096];
    const int len = snprintf(text, sizeof text,
                             "Date: 1 Jan 2020 10:00:%02u +0000\r\nSubject: %u\r\n"
                             "Message-ID: <%u@x>\r\nReferences: %s\r\n\r\n",
                             number % 60, number, number, references);
    const struct content_mail mail = {.text = span_of(text, (size_t)len)};

    return content_append(fx, &mail);
}

/* Which thread each message is in, by its number, from 1 on. Returns how many threads. */
static unsigned
threads_of(struct content *fx, unsigned *thread_of)
{
    static const struct imap_search_req refs = {.find = IMAP_FIND_THREAD,
                                                .thread = IMAP_THREAD_REFERENCES};
    AUTO_BUF out = {0};
    unsigned threads = 0;
    unsigned depth = 0;
    unsigned number = 0;

    buf_init(&out, ANSWER_OCTETS);
    (void)put_in_order(fx, "INBOX", &refs, 1000000, &out);
    const struct span answer = buf_span(&out);
    for (size_t i = 0; i < answer.len; i++) {
        const char c = answer.ptr[i];
        if (c >= '0' && c <= '9') {
            number = 10 * number + (unsigned)(c - '0');
            continue;
        }
        thread_of[number] = threads; /* of 0 nobody asks */
        number = 0;
        threads += c == '(' && depth == 0;
        depth += c == '(';
        depth -= c == ')';
    }
    return threads;
}

/* RFC 8474 section 5.2: messages that reply to one another have the same THREADID. It is given
 * when a message arrives and never changes, so it agrees with THREAD=REFERENCES except where a
 * later message joins threads that have their names already. */
static void
test_threadid_agrees_with_references(void **state)
{
    struct content *fx = *state;
    static char references[DIALOGUE + 2][1024];
    struct entry entries[DIALOGUE + 2];
    struct object_id ids[DIALOGUE + 2];
    unsigned thread_of[1000] = {0};
    AUTO_BUF line = {0};
    struct rng rng;

    rng_seed(&rng, 8474);
    buf_init(&line, sizeof references[0]);
    for (unsigned i = 1; i <= DIALOGUE; i++) {
        const unsigned above = (unsigned)rng_below(&rng, i); /* 0: a new thread */
        buf_clear(&line);
        if (above > 0)
            buf_printf(&line, "%s <%u@x>", references[above], above);
        assert_true(buf_len(&line) < sizeof references[i]);
        memcpy(references[i], buf_span(&line).ptr, buf_len(&line));
        entries[i] = append_reply(fx, i, references[i]);
        ids[i] = thread_id(fx, &entries[i]);
    }
    const unsigned threads = threads_of(fx, thread_of);
    assert_true(threads > 1 && threads < DIALOGUE);
    for (unsigned a = 1; a <= DIALOGUE; a++)
        for (unsigned b = 1; b <= DIALOGUE; b++)
            assert_int_equal(span_eq(object_id_span(&ids[a]), object_id_span(&ids[b])),
                             thread_of[a] == thread_of[b]);

    unsigned other = 2;
    while (thread_of[other] == thread_of[1])
        other++;
    const unsigned root = other; /* the first message of its thread is its root */
    char joins[40];
    snprintf(joins, sizeof joins, "<1@x> <%u@x>", root);
    entries[DIALOGUE + 1] = append_reply(fx, DIALOGUE + 1, joins);
    ids[DIALOGUE + 1] = thread_id(fx, &entries[DIALOGUE + 1]);
    assert_int_equal(threads_of(fx, thread_of), threads - 1);
    assert_int_equal(thread_of[1], thread_of[root]);
    assert_int_equal(thread_of[1], thread_of[DIALOGUE + 1]);
    assert_true(span_eq(object_id_span(&ids[DIALOGUE + 1]), object_id_span(&ids[1])));
    for (unsigned i = 1; i <= DIALOGUE; i++) {
        const struct object_id now = thread_id(fx, &entries[i]);
        assert_true(span_eq(object_id_span(&now), object_id_span(&ids[i])));
    }
    assert_false(span_eq(object_id_span(&ids[root]), object_id_span(&ids[1])));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_blocks_change_no_answer, content_setup,
                                        content_teardown),
        cmocka_unit_test_setup_teardown(test_any_order_of_messages, content_setup,
                                        content_teardown),
        cmocka_unit_test_setup_teardown(test_asking, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_threadid_agrees_with_references, content_setup,
                                        content_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
