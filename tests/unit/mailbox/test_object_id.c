/* SPDX-License-Identifier: MIT */
/*
 * Identifiers of messages: what they depend on and what not, also where the digest or the keys
 * were not stored yet, and the background work that makes them.
 */
#include "content.h"

#include <sqlite3.h>
#include <string.h>

#include "mailbox/content/object_id.h"
#include "mailbox/search/search.h"
#include "mailbox/order/backlog.h"

/* *pauses_out: how often it had to be asked again. */
static struct object_ids
ids_of(struct content *fx, const struct entry *entry, unsigned *pauses_out)
{
    const struct object_ids_req req = {
        .kinds = OBJECT_EMAILID | OBJECT_THREADID,
        .message = entry->message,
        .internaldate_s = entry->internaldate_s,
        .internaldate_zone_min = entry->internaldate_zone_min,
    };
    struct object_ids_reader reader;
    struct object_ids ids = {.email = {.len = 0}};
    struct message_row row;
    enum rc rc = RC_AGAIN;

    object_ids_reader_init(&reader);
    for (*pauses_out = 0; rc == RC_AGAIN; *pauses_out += rc == RC_AGAIN) {
        struct store_tx *tx = content_read(fx);
        assert_ok(store_message_read(tx, entry->message, MESSAGE_KEYS, &row, &fx->err));
        rc = object_ids_read(&reader, tx, &req, &row, &ids, &fx->err);
        store_end(tx);
    }
    assert_ok(rc);
    object_ids_reader_done(&reader);
    return ids;
}

static struct object_ids
ids_at_once(struct content *fx, const struct entry *entry)
{
    unsigned pauses = 0;
    const struct object_ids ids = ids_of(fx, entry, &pauses);

    assert_int_equal(pauses, 0);
    return ids;
}

static bool
is_same(struct object_id a, struct object_id b)
{
    return span_eq(object_id_span(&a), object_id_span(&b));
}

static struct entry
add(struct content *fx, const char *text, int64_t internaldate_s, int16_t zone_min)
{
    return content_append(fx, &(struct content_mail){.text = span_of_str(text),
                                                     .internaldate_s = internaldate_s,
                                                     .zone_min = zone_min});
}

/* As messages are that came before digests and keys were kept. */
static void
forget(struct content *fx, uint64_t message)
{
    struct store_tx *tx = content_write(fx);
    const struct message_late nothing = {.keys = SPAN("")};

    assert_ok(store_backlog_put(tx, message, &nothing, &fx->err));
    content_commit(fx, tx);
}

static void
test_shape(void **state)
{
    struct content *fx = *state;
    const struct mbox_object_id mailbox = {.octets = {0, 1, 2, 0xff}};
    const struct object_id id = object_id_of_mailbox(&mailbox);
    const struct entry entry = add(fx, "Subject: x\r\n\r\ny\r\n", 1000, 60);
    const struct object_ids ids = ids_at_once(fx, &entry);

    assert_true(span_eq_str(object_id_span(&id), "Faaaqf7yaaaaaaaaaaaaaaaaaaa"));
    assert_int_equal(ids.email.len, 33);
    assert_int_equal(ids.email.text[0], 'M');
    assert_int_equal(ids.thread.len, 33);
    assert_int_equal(ids.thread.text[0], 'T');
    for (size_t i = 1; i < 33; i++)
        assert_non_null(strchr("abcdefghijklmnopqrstuvwxyz234567", ids.email.text[i]));
}

/* The text and the internal date, and nothing else. */
static void
test_email(void **state)
{
    struct content *fx = *state;
    static const char text[] = "Message-ID: <a@b>\r\n\r\ny\r\n";
    const struct entry one = add(fx, text, 1000, 60);
    const struct entry same = add(fx, text, 1000, 60);
    const struct entry later = add(fx, text, 1001, 60);
    const struct entry elsewhere = add(fx, text, 1000, 0);
    const struct entry other = add(fx, "Message-ID: <a@b>\r\n\r\nz\r\n", 1000, 60);
    const struct object_ids ids = ids_at_once(fx, &one);

    assert_true(one.message != same.message);
    assert_true(is_same(ids.email, ids_at_once(fx, &same).email));
    assert_false(is_same(ids.email, ids_at_once(fx, &later).email));
    assert_false(is_same(ids.email, ids_at_once(fx, &elsewhere).email));
    assert_false(is_same(ids.email, ids_at_once(fx, &other).email));
    assert_true(is_same(ids.thread, ids_at_once(fx, &other).thread));
    assert_false(span_eq(span_tail(object_id_span(&ids.email), 1),
                         span_tail(object_id_span(&ids.thread), 1)));
}

/* The oldest message that the header names. */
static void
test_thread(void **state)
{
    struct content *fx = *state;
    static const char *const related[] = {
        "Message-ID: <root@x>\r\n\r\n",
        "Message-ID: < root@x >\r\n\r\nthe same, written in another way",
        "Message-ID: <1@x>\r\nIn-Reply-To: <root@x>\r\n\r\n",
        "Message-ID: <2@x>\r\nReferences: <root@x> <1@x>\r\nIn-Reply-To: <1@x>\r\n\r\n",
        "References: <root@x>\r\nSubject: without an id\r\n\r\n",
    };
    static const char *const unrelated[] = {
        "Message-ID: <other@x>\r\nSubject: root@x\r\n\r\n",
        "Subject: neither\r\n\r\n",
        "Subject: neither, but another one\r\n\r\n",
    };
    const struct entry first = add(fx, related[0], 0, 0);
    const struct object_ids ids = ids_at_once(fx, &first);
    struct object_ids others[ARRAY_LEN(unrelated)];

    for (size_t i = 1; i < ARRAY_LEN(related); i++) {
        const struct entry entry = add(fx, related[i], 0, 0);
        if (!is_same(ids_at_once(fx, &entry).thread, ids.thread))
            fail_msg("not in the thread: %s", related[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(unrelated); i++) {
        const struct entry entry = add(fx, unrelated[i], 0, 0);
        others[i] = ids_at_once(fx, &entry);
        assert_false(is_same(others[i].thread, ids.thread));
        for (size_t k = 0; k < i; k++)
            assert_false(is_same(others[i].thread, others[k].thread));
    }
}

/* "Never changing once told" (RFC 8474 sections 5.1 and 5.2), and the same on all servers: what
 * these messages have is written down here. If a change of the parser, of the keys or of the
 * digest makes this test fail, clients would lose threads that they know, so what was stored
 * before must keep the old identifiers; never adapt the table. */
static void
test_frozen(void **state)
{
    struct content *fx = *state;
    static const struct {
        const char *text, *thread, *email;
    } rows[] = {
        {"Message-ID: <root@x>\r\n\r\n", "Tdkzbmxzysmjwicoaamn5mpwymcoj4sug",
         "Mr2uegzj2ocunkrkaqlpdogjakarkmdzt"},
        {"message-id : < root@x >\r\n\r\n", "Tdkzbmxzysmjwicoaamn5mpwymcoj4sug",
         "Mttzvn7r4dgm7ovy2ton2pfxgptbi5tec"},
        {"Message-ID: <Root@X>\r\n\r\n", "Trm5ogce5piyblipcjx2o2fjo6vikc47f",
         "M4s7paaginabzagfetqr57rnb5gqzws3r"},
        {"Message-ID: root@x\r\n\r\n", "Tdkzbmxzysmjwicoaamn5mpwymcoj4sug",
         "Mvhmfnsnk6schhrlqu5k67nblfqdpilvp"},
        {"Message-ID: <root@x> <other@x>\r\n\r\n", "Tdkzbmxzysmjwicoaamn5mpwymcoj4sug",
         "M22yprx35ze5n54nhz5wks6634wq2khjd"},
        {"Message-ID: <\"ro ot\"@x>\r\n\r\n", "Tdkzbmxzysmjwicoaamn5mpwymcoj4sug",
         "Mra5o3lls7cgbzn5pnkw6hpqmon5vwv2p"},
        {"Message-ID: <\"root\"@x>\r\n\r\n", "Tdkzbmxzysmjwicoaamn5mpwymcoj4sug",
         "Mehipugh7wsnalses7szzqdbqnw3s5yhh"},
        {"Message-ID: <root@[127.0.0.1]>\r\n\r\n", "Tlb6ecd7xixzzulgp5kr3zhja2etiidid",
         "Mlnksda5osimtmpvpzhizkt6k2myp2yw6"},
        {"Message-ID: (a comment) <root@x>\r\n\r\n", "Tdkzbmxzysmjwicoaamn5mpwymcoj4sug",
         "M6cltlxu4ptxrrmfps7pa4pak3jzzouuh"},
        {"Message-ID: <root@x\r\n\r\n", "Tdkzbmxzysmjwicoaamn5mpwymcoj4sug",
         "Mwaio4wrqcns4g3qqwmxhnifhrztt2jtf"},
        {"Message-ID: <>\r\n\r\n", "Tey65pwqrcbfisgup6zkb7dupn3kqwuwm",
         "Mjrpdqphk2zyaozw3c3rvgffkf75y5l5f"},
        {"Message-ID: <r\xc3\xb6t@x>\r\n\r\n", "Tauceyshutxot6dual2pzcji6reseybtu",
         "Mgzauaebkmnmgtudnp2ckjdlglcnvh4j6"},
        {"Message-ID: <a@x>\r\nMessage-ID: <b@x>\r\n\r\n", "Txu46n7vp3a3qchde5crjyp677zm7ihq2",
         "Montgefl5qd2jgw4jdzdfgryd2rho4tmi"},
        {"Message-ID: <a@x>\r\nReferences: <root@x>\r\n <b@x>\r\n\t<c@x>\r\n\r\n",
         "Tdkzbmxzysmjwicoaamn5mpwymcoj4sug", "Mflk3zzmsyvszz3u4pkx5dmuifjavcey7"},
        {"Message-ID: <a@x>\r\nReferences: root <root@x>,<b@x>\r\n\r\n",
         "Tdkzbmxzysmjwicoaamn5mpwymcoj4sug", "Mdzka24suy2zvby5a3zxlnopns2k56eps"},
        {"Message-ID: <a@x>\r\nReferences: <root@x><b@x>\r\n\r\n",
         "Tdkzbmxzysmjwicoaamn5mpwymcoj4sug", "Muhcucx4ty3g4g3lefpt2c3vbjkggi2zu"},
        {"Message-ID: <a@x>\r\nReferences: nothing at all\r\n\r\n",
         "Txu46n7vp3a3qchde5crjyp677zm7ihq2", "Mtnqg5y4uvvsfeah7vw2jm7ge2t2jbsfk"},
        {"Message-ID: <a@x>\r\nReferences: <b@x>\r\nReferences: <c@x>\r\n\r\n",
         "Tnddzca4fwrp2qrhwnqtdyqpvwnzuhiob", "Mylmaxhpntwkrvm5jfese2eoxnnum62fn"},
        {"Message-ID: <a@x>\r\nReferences: <a@x>\r\n\r\n", "Txu46n7vp3a3qchde5crjyp677zm7ihq2",
         "M7hmkhq4rcxlxpmobxdtjyxwsgwzz3aqk"},
        {"Message-ID: <a@x>\r\nIn-Reply-To: <root@x> <b@x>\r\n\r\n",
         "Tdkzbmxzysmjwicoaamn5mpwymcoj4sug", "Mhn4zmtlbr5zmn4mwiacaoh6gvcvs76ys"},
        {"Message-ID: <a@x>\r\nIn-Reply-To: Your mail of Monday <root@x>\r\n\r\n",
         "Tdkzbmxzysmjwicoaamn5mpwymcoj4sug", "M4hasx3oddwuy4lhhphmcquql77hrckw2"},
        {"Message-ID: <a@x>\r\nIn-Reply-To: b@x\r\n\r\n", "Tnddzca4fwrp2qrhwnqtdyqpvwnzuhiob",
         "Mn2pczgfiolel3em5xhupatm6rok7dhzp"},
        {"Message-ID: <a@x>\r\nIn-Reply-To: <b@x>\r\nReferences:\r\n\r\n",
         "Tnddzca4fwrp2qrhwnqtdyqpvwnzuhiob", "Mfheo74u5q4etrzvu2dehbuueauw47ppo"},
        {"\xef\xbb\xbfMessage-ID: <root@x>\r\n\r\n", "Tdkzbmxzysmjwicoaamn5mpwymcoj4sug",
         "Mx26wfackt7eleos53hf6lxfa5pdwwrqg"},
        {">From somebody\r\nMessage-ID: <root@x>\r\n\r\n", "Tdkzbmxzysmjwicoaamn5mpwymcoj4sug",
         "Ms34tr6hdpjp2eddldnhf4iimtst5xj3y"},
        {"Message-ID: <root@x>\nSubject: bare line feeds\n\nx\n",
         "Tdkzbmxzysmjwicoaamn5mpwymcoj4sug", "M4x7vaxv24ns4sdn7gseo5t63jnetgz62"},
        {"Subject: no identifier\r\n\r\nx\r\n", "Tchvg4e7vvwnkm7xs3ky6q66jftj6hvhv",
         "Mlttgxwp3t6ecfkjm7nds4kmfrrpg3fdf"},
        {"no header at all", "Tjhhnqypd532z4cad5nkpzdt36sddsl74",
         "Mykaeijs2k7llhpkbnaep2soecyhluapq"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct entry entry = add(fx, rows[i].text, 1521475657, 660);
        const struct object_ids ids = ids_at_once(fx, &entry);
        struct object_ids late;
        unsigned pauses = 0;
        if (!span_eq_str(object_id_span(&ids.thread), rows[i].thread) ||
            !span_eq_str(object_id_span(&ids.email), rows[i].email))
            fail_msg("%s: %.*s %.*s", rows[i].text, SPAN_FMT(object_id_span(&ids.thread)),
                     SPAN_FMT(object_id_span(&ids.email)));
        forget(fx, entry.message); /* and made anew from the text */
        late = ids_of(fx, &entry, &pauses);
        assert_true(is_same(late.thread, ids.thread) && is_same(late.email, ids.email));
    }
}

/* What was not stored when a message came is the same when it is made. */
static void
test_made_late(void **state)
{
    struct content *fx = *state;
    struct entry entries[4];
    struct object_ids ids[4];
    AUTO_BUF text = {0};
    unsigned pauses = 0;
    bool due = true;

    buf_init(&text, 32 << 20);
    buf_put_lit(&text, "Message-ID: <large@x>\r\nReferences: <root@x>\r\n\r\n");
    while (buf_len(&text) < 9 << 20)
        buf_printf(&text, "line at %zu\r\n", buf_len(&text));
    entries[0] = add(fx, "Message-ID: <root@x>\r\n\r\n", 5, 0);
    entries[1] = content_append(fx, &(struct content_mail){.text = buf_span(&text)});
    entries[2] = add(fx, "no header at all", 5, 0);
    /* Both identifiers are of its digest. */
    entries[3] = content_append(
        fx,
        &(struct content_mail){.text = span_tail(buf_span(&text), buf_len(&text) - (5 << 20))});
    for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
        ids[i] = ids_at_once(fx, &entries[i]);
        forget(fx, entries[i].message);
    }
    for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
        const struct object_ids late = ids_of(fx, &entries[i], &pauses);
        /* A large text is read in pieces. */
        assert_int_equal(pauses, i == 1 ? 2 : i == 3 ? 1 : 0);
        assert_true(is_same(late.email, ids[i].email));
        assert_true(is_same(late.thread, ids[i].thread));
    }
    struct store_tx *tx = content_read(fx);
    assert_ok(backlog_is_due(tx, &due, &fx->err));
    assert_false(due);
    store_end(tx);
}

static void
run_sql(struct content *fx, const char *sql)
{
    sqlite3 *raw = NULL;

    assert_int_equal(sqlite3_open(tmpdir_file(&fx->dir, "accounts/00/00/7/mail.db"), &raw),
                     SQLITE_OK);
    assert_int_equal(sqlite3_busy_timeout(raw, 2000), SQLITE_OK);
    assert_int_equal(sqlite3_exec(raw, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(raw);
}

/* An account as it was before there were digests; then the background work. */
static void
test_backlog(void **state)
{
    struct content *fx = *state;
    enum { MESSAGES = BACKLOG_MESSAGES + 3 };
    static struct object_ids ids[MESSAGES];
    static struct entry entries[MESSAGES];
    struct backlog_op *op = calloc(1, sizeof *op);
    unsigned steps = 0;
    bool more = true;

    assert_non_null(op);
    for (int i = 0; i < MESSAGES; i++) {
        entries[i] = add(fx, arena_printf(&fx->arena, "Message-ID: <%d@x>\r\n\r\n", i), 7, 0);
        ids[i] = ids_at_once(fx, &entries[i]);
    }
    run_sql(fx, "UPDATE message SET keys = NULL WHERE id % 2 = 0;"
                "UPDATE message SET digest = NULL WHERE id % 3 = 0;"
                "UPDATE account SET keys_next = 1,"
                " keys_before = (SELECT max(id) + 1 FROM message)");
    while (more) {
        backlog_op_init(op, (struct wake){.fn = NULL});
        struct store_tx *tx = content_read(fx);
        assert_ok(backlog_op_prepare(op, tx, &fx->err));
        store_end(tx);
        assert_ok(content_run(fx, &op->turn));
        more = op->more;
        backlog_op_done(op);
        steps++;
    }
    free(op);
    assert_int_equal(steps, 2);
    struct store_tx *tx = content_read(fx);
    for (int i = 0; i < MESSAGES; i++) {
        struct message_row row;
        assert_ok(store_message_read(tx, entries[i].message, MESSAGE_KEYS, &row, &fx->err));
        assert_int_equal(row.digest.len, MESSAGE_DIGEST_OCTETS);
        assert_true(row.keys.len > 0);
    }
    store_end(tx);
    for (int i = 0; i < MESSAGES; i++)
        assert_true(is_same(ids_at_once(fx, &entries[i]).email, ids[i].email));
}

/* A text that cannot be read is passed over, and does not hold up the messages after it. */
static void
test_backlog_damage(void **state)
{
    struct content *fx = *state;
    struct backlog_op *op = calloc(1, sizeof *op);
    struct entry entries[3];
    struct message_row row;
    bool due = true;

    assert_non_null(op);
    for (size_t i = 0; i < ARRAY_LEN(entries); i++)
        entries[i] = add(fx, arena_printf(&fx->arena, "Message-ID: <%zu@x>\r\n\r\n", i), 7, 0);
    run_sql(fx, "UPDATE message SET digest = NULL;"
                "UPDATE content SET data = x'00', form = 77 WHERE id >> 16 ="
                " (SELECT message FROM entry WHERE uid = 2);"
                "UPDATE account SET keys_next = 1,"
                " keys_before = (SELECT max(id) + 1 FROM message)");
    backlog_op_init(op, (struct wake){.fn = NULL});
    struct store_tx *tx = content_read(fx);
    assert_ok(backlog_op_prepare(op, tx, &fx->err));
    store_end(tx);
    assert_ok(content_run(fx, &op->turn));
    assert_int_equal(op->damaged, 1);
    assert_false(op->more);
    backlog_op_done(op);
    free(op);
    tx = content_read(fx);
    assert_ok(backlog_is_due(tx, &due, &fx->err));
    assert_false(due);
    for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
        assert_ok(store_message_read(tx, entries[i].message, MESSAGE_KEYS, &row, &fx->err));
        assert_int_equal(row.digest.len, i == 1 ? 0 : MESSAGE_DIGEST_OCTETS);
    }
    store_end(tx);
}

/* ---- SEARCH ---- */

static void
expect_found(struct content *fx, struct view *view, const char *line, uint32_t first,
             uint32_t count)
{
    const struct imap_cmd *cmd = content_cmd(fx, line);
    const struct search_req req = {.root = cmd->u.search.root};
    struct search *search;
    enum rc rc = RC_AGAIN;

    assert_ok(search_new(&fx->arena, view, &req, &search, &fx->err));
    while (rc == RC_AGAIN) {
        struct store_tx *tx = content_read(fx);
        rc = search_slice(search, tx, &fx->clock.clock, 0, &fx->err);
        store_end(tx);
    }
    assert_ok(rc);
    if (search_count(search) != count || (count > 0 && search_min(search) != first))
        fail_msg("%s: %u, first %u", line, search_count(search), search_min(search));
    search_done(search);
}

static void
test_search(void **state)
{
    struct content *fx = *state;
    const struct entry root = add(fx, "Message-ID: <root@x>\r\nSubject: a\r\n\r\n", 0, 0);
    const struct entry other = add(fx, "Subject: b\r\n\r\n", 0, 0);
    const struct object_ids root_ids = ids_at_once(fx, &root);
    const struct object_ids other_ids = ids_at_once(fx, &other);
    const struct span email = object_id_span(&root_ids.email);
    const struct span thread = object_id_span(&root_ids.thread);
    const struct span other_email = object_id_span(&other_ids.email);
    const struct {
        const char *line;
        uint32_t first;
        uint32_t count;
    } rows[] = {
        {arena_printf(&fx->arena, "SEARCH EMAILID %.*s", SPAN_FMT(email)), 1, 1},
        {arena_printf(&fx->arena, "SEARCH NOT EMAILID %.*s", SPAN_FMT(email)), 2, 2},
        {arena_printf(&fx->arena, "SEARCH THREADID %.*s", SPAN_FMT(thread)), 1, 2},
        {arena_printf(&fx->arena, "SEARCH THREADID %.*s SUBJECT c", SPAN_FMT(thread)), 3, 1},
        {arena_printf(&fx->arena, "SEARCH OR EMAILID %.*s EMAILID %.*s", SPAN_FMT(email),
                      SPAN_FMT(other_email)),
         1, 2},
        {arena_printf(&fx->arena, "SEARCH EMAILID %.*s", SPAN_FMT(thread)), 0, 0},
        {arena_printf(&fx->arena, "SEARCH EMAILID m%.*s", SPAN_FMT(span_tail(email, 1))), 0, 0},
        {"SEARCH OR EMAILID x THREADID -_9", 0, 0},
    };

    add(fx, "References: <root@x>\r\nSubject: c\r\n\r\n", 0, 0);
    for (int forgotten = 0; forgotten < 2; forgotten++) {
        struct view *view = content_view(fx, "INBOX");
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
            expect_found(fx, view, rows[i].line, rows[i].first, rows[i].count);
        content_view_done(view);
        for (uint64_t message = root.message; message < root.message + 3; message++)
            forget(fx, message);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_shape, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_email, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_thread, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_frozen, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_made_late, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_backlog, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_backlog_damage, content_setup, content_teardown),
        cmocka_unit_test_setup_teardown(test_search, content_setup, content_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
