/* SPDX-License-Identifier: MIT */
/* A session as octets: what every session is, there and back, and octets that say no
 * session. */
#include "support/cm.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "session/handover.h"
#include "session/table.h"
#include "support/fake_clock.h"

enum { NOW_S = 2000000 };

static const int64_t now_us = (int64_t)NOW_S * 1000000;
static struct fake_clock now;
static struct env env;
static struct settings settings;
static struct moving moving;
static struct err err;

/* ---- a door with nothing behind it ---- */

static bool
door_release(struct session *session)
{
    (void)session;
    return true;
}

static bool
door_pack(struct session *session, struct buf *out)
{
    pack_span(out, buf_span(&session->conn.in));
    return true;
}

static bool
door_unpack(struct session *session, struct unpack *in)
{
    buf_put_span(&session->conn.in, unpack_span(in, session->conn.in.max));
    return !in->failed;
}

static const struct front_door door = {
    .service = LOG_IMAP,
    .session_octets = sizeof(struct session),
    .in_max = 4096,
    .release = door_release,
    .pack = door_pack,
    .unpack = door_unpack,
};
static const struct front_door *const doors[] = {&door, NULL};

static int
setup(void **state)
{
    const struct poller_config poller = {.threads = 1, .clock = &now.clock};

    (void)state;
    fake_clock_init(&now, 1000000000);
    now.mono_us = now_us;
    env.clock = &now.clock;
    env.moving = &moving;
    atomic_store(&env.settings, &settings);
    moving_init(&moving);
    assert_ok(poller_new(&poller, &env.poller, &err)); /* never started: nothing runs */
    assert_ok(session_table_new(&env.table));
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    session_table_free(env.table); /* checks that nobody is left in it */
    poller_free(env.poller);
    moving_done(&moving);
    assert_int_equal(atomic_load(&env.busy), 0);
    return 0;
}

/* ---- octets ---- */

/* A session with everything set; fields that a test spoils. */
struct sample {
    uint8_t service;
    uint64_t number;
    uint8_t family;
    uint32_t port;
    uint8_t proxy_tls;
    uint64_t opened_us;
    uint64_t wall_us;
    uint64_t account;
    uint8_t credential;
    uint32_t app_password;
    const char *name;
    size_t name_octets;
    struct span rule; /* its label */
    uint64_t last_in_us;
    uint64_t line_us;
    uint64_t acked_us;
    uint8_t reused;
    uint32_t events;
    uint64_t event_ms;
    uint8_t event_kind;
    uint8_t outcome;
    uint8_t deflate; /* compressed: what follows it is of that stream */
    uint8_t bits;
    uint8_t bits_are;
    uint8_t more_inside;
    uint32_t given;
    uint32_t block;
    uint32_t recent;
    uint32_t past;
    uint32_t unread;
    uint32_t input;
};

static struct sample
sample(void)
{
    return (struct sample){
        .service = LOG_IMAP,
        .number = 77,
        .family = NET_IPV6,
        .port = 50123,
        .proxy_tls = 1,
        .opened_us = (uint64_t)now_us - 5000000,
        .wall_us = 1700000000000000,
        .account = 9,
        .credential = CREDENTIAL_APP_PASSWORD,
        .app_password = 3,
        .name = "anna@example.org",
        .name_octets = 16,
        .rule = SPAN("apple-mail"),
        .last_in_us = (uint64_t)now_us,
        .line_us = (uint64_t)now_us - 1,
        .acked_us = (uint64_t)now_us - 2,
        .reused = 1,
        .events = 3,
        .event_ms = (UINT64_C(1) << 40) - 1,
        .event_kind = EVENT_END,
        .outcome = EVENT_BAD,
        .deflate = 1,
        .bits = 5,
        .bits_are = 31,
        .more_inside = 1,
        .given = 700,
        .block = 200,
        .recent = 300,
        .past = 900,
        .unread = 7,
        .input = 12,
    };
}

static void
put_octets(struct buf *out, uint32_t len)
{
    pack_u32(out, len);
    for (uint32_t i = 0; i < len; i++)
        buf_put_char(out, 'z');
}

static void
put(const struct sample *s, struct buf *out)
{
    buf_init(out, 1 << 20);
    pack_u8(out, s->service);
    pack_u64(out, s->number);
    pack_u8(out, s->family);
    pack_u32(out, s->port);
    pack_u32(out, 4); /* scope */
    pack_span(out, SPAN("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x09"));
    pack_u8(out, s->proxy_tls);
    pack_u64(out, s->opened_us);
    pack_u64(out, s->wall_us);
    pack_u64(out, s->account);
    pack_u8(out, s->credential);
    pack_u32(out, s->app_password);
    pack_span(out, span_of(s->name, s->name_octets));
    pack_span(out, SPAN("Probe 7"));
    pack_span(out, s->rule);
    pack_span(out, SPAN("INBOX"));
    for (uint32_t count = 1; count <= 5; count++)
        pack_u32(out, count);
    pack_u64(out, UINT64_MAX); /* octets in and out */
    pack_u64(out, 1);
    pack_u64(out, s->last_in_us);
    pack_u64(out, (uint64_t)now_us - 3);
    pack_u64(out, s->line_us);
    pack_u32(out, 240); /* silence */
    pack_u8(out, 1);    /* a keepalive */
    pack_u64(out, s->acked_us);
    pack_u8(out, 1); /* by a proxy */
    pack_u8(out, s->reused);
    pack_u32(out, 241);
    pack_u32(out, s->events);
    for (uint32_t i = 0; i < s->events && i < LIMIT_EVENT_RING; i++) {
        pack_u64(out, s->event_ms);
        pack_u8(out, s->event_kind);
        pack_u8(out, 200);
        pack_u8(out, s->outcome);
        pack_u32(out, i);
        pack_u32(out, UINT32_MAX);
    }
    pack_u8(out, s->deflate);
    if (s->deflate == 1 || s->deflate == 3) {
        pack_u64(out, UINT64_MAX); /* compressed octets in and out */
        pack_u64(out, 2);
        pack_u8(out, 1); /* the stream has ended */
        pack_u8(out, s->bits);
        pack_u8(out, s->bits_are);
        pack_u8(out, 0xff); /* the last octet */
        pack_u8(out, s->more_inside);
        pack_u32(out, s->given);
        put_octets(out, s->block);
        pack_u32(out, s->recent);
        put_octets(out, s->past);
        put_octets(out, s->unread);
    }
    pack_u32(out, s->input);
    for (uint32_t i = 0; i < s->input; i++)
        buf_put_char(out, 'x');
    assert_true(buf_ok(out));
}

static enum rc
adopt(struct span octets, struct session **session_out)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    /* A copy of its own, so that sanitizers see what reads beyond it. */
    char *copy = malloc(octets.len + 1);
    assert_non_null(copy);
    memcpy(copy, octets.ptr, octets.len);
    const enum rc rc =
        session_adopt(&env, doors, ends[0], span_of(copy, octets.len), session_out, &err);
    free(copy);
    if (rc != RC_OK)
        close(ends[0]);
    close(ends[1]);
    return rc;
}

/* What was packed comes out again as the same octets. */
static void
assert_comes_back(const struct sample *s)
{
    struct session *session = NULL;
    AUTO_BUF octets = {0};

    put(s, &octets);
    assert_ok(adopt(buf_span(&octets), &session));
    assert_true(session_move(session));
    struct moved *moved = CONTAINER_OF(list_pop_front(&moving.list), struct moved, link);
    moving.count--;
    assert_true(span_eq(span_of(moved->packed, moved->octets), buf_span(&octets)));
    close(moved->fd);
    free(moved);
}

static void
assert_no_session(const struct sample *s)
{
    struct session *session = NULL;
    AUTO_BUF octets = {0};

    put(s, &octets);
    assert_int_equal(adopt(buf_span(&octets), &session), RC_INVALID);
    assert_null(session);
}

/* ---- tests ---- */

static void
everything_comes_back(void **state)
{
    static const uint32_t events[] = {
        0, 1, 8, 9, LIMIT_EVENT_RING, LIMIT_EVENT_RING + 1, UINT32_MAX};
    struct sample s = sample();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(events); i++) {
        s.events = events[i];
        assert_comes_back(&s);
    }
    s.input = (uint32_t)door.in_max;
    assert_comes_back(&s);
    s.past = (32 << 10) + 64 + 1024; /* the most there is room for */
    s.recent = 1024;
    s.given = 1 << 20;
    s.block = 65535 + 16;
    s.unread = 16384;
    assert_comes_back(&s);
    s.deflate = 3; /* compressed to the end of the block */
    assert_comes_back(&s);
    s.deflate = 1;
    s.unread = s.past = s.recent = s.block = s.given = s.more_inside = s.bits = s.bits_are = 0;
    assert_comes_back(&s);
    s.deflate = 0;
    assert_comes_back(&s);
    s.deflate = 2; /* no more, but the end of the stream may come */
    assert_comes_back(&s);
    s.line_us = s.acked_us = s.last_in_us = 0;
    s.account = 0; /* a login was refused: its name stays, for the record */
    s.credential = CREDENTIAL_PASSWORD;
    s.app_password = 0;
    s.proxy_tls = 0;
    s.rule = SPAN("");
    assert_comes_back(&s);
    s.name_octets = 0;
    assert_comes_back(&s);
}

/* The other program may have other rules: without one, the client is treated as all are. */
static void
a_rule_that_is_unknown_here_is_none(void **state)
{
    struct sample s = sample();
    struct session *session = NULL;
    AUTO_BUF octets = {0};

    (void)state;
    s.rule = SPAN("of-tomorrow");
    put(&s, &octets);
    assert_ok(adopt(buf_span(&octets), &session));
    assert_int_equal(session->client_rule, CLIENT_RULE_NONE);
    session_adopted_drop(session);
}

static void
a_part_is_no_session(void **state)
{
    const struct sample s = sample();
    struct session *session = NULL;
    AUTO_BUF octets = {0};

    (void)state;
    put(&s, &octets);
    for (size_t len = 0; len < buf_len(&octets); len++)
        assert_int_equal(adopt(span_head(buf_span(&octets), len), &session), RC_INVALID);
    buf_put_char(&octets, 'x');
    assert_int_equal(adopt(buf_span(&octets), &session), RC_INVALID);
    assert_null(session);
}

static void
bad_values_are_no_session(void **state)
{
    static char long_name[1001];
    struct sample bad[32];
    size_t n = 0;

    (void)state;
    memset(long_name, 'n', sizeof long_name);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        bad[i] = sample();
    bad[n++].service = LOG_LMTP; /* nobody behind that door here */
    bad[n++].service = 255;
    bad[n++].number = 0;
    bad[n++].family = NET_UNIX + 1;
    bad[n++].port = 65536;
    bad[n++].proxy_tls = 2;
    bad[n++].opened_us = (uint64_t)now_us + 1;
    bad[n++].wall_us = INT64_MAX;
    bad[n++].credential = CREDENTIAL_COUNT;
    bad[n++].credential = CREDENTIAL_PASSWORD; /* with the number of another one */
    bad[n++].app_password = 0;
    bad[n++].name_octets = 0;
    bad[n].name = long_name;
    bad[n++].name_octets = sizeof long_name;
    bad[n].name = "an\0a";
    bad[n++].name_octets = 4;
    bad[n++].rule = SPAN("apple\0mail");
    bad[n++].line_us = INT64_MAX; /* a deadline after it would be beyond all time */
    bad[n++].acked_us = UINT64_MAX;
    bad[n++].reused = 2;
    bad[n++].event_ms = UINT64_C(1) << 40;
    bad[n++].event_kind = EVENT_KIND_COUNT;
    bad[n++].outcome = EVENT_BAD + 1;
    bad[n++].deflate = 4;
    bad[n++].bits = 8;
    bad[n++].bits_are = 32; /* six bits */
    bad[n++].more_inside = 2;
    bad[n++].given = (1 << 20) + 1;
    bad[n++].block = 65535 + 17;
    bad[n++].recent = 901;
    bad[n].past = 2000;
    bad[n++].recent = 1025;
    bad[n++].past = (32 << 10) + 64 + 1025;
    bad[n++].unread = 16385;
    bad[n++].input = (uint32_t)door.in_max + 1;
    assert_int_equal(n, ARRAY_LEN(bad));
    for (size_t i = 0; i < n; i++)
        assert_no_session(&bad[i]);
}

static void
one_that_does_not_begin_leaves_nothing(void **state)
{
    const struct sample s = sample();
    struct session *session = NULL;
    AUTO_BUF octets = {0};

    (void)state;
    put(&s, &octets);
    assert_ok(adopt(buf_span(&octets), &session));
    assert_int_equal(session_table_count(env.table), 1);
    session_adopted_drop(session);
    assert_int_equal(session_table_count(env.table), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(everything_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(a_rule_that_is_unknown_here_is_none, setup, teardown),
        cmocka_unit_test_setup_teardown(a_part_is_no_session, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_values_are_no_session, setup, teardown),
        cmocka_unit_test_setup_teardown(one_that_does_not_begin_leaves_nothing, setup,
                                        teardown),
    };
    return cmocka_run_group_tests_name("session/handover", tests, NULL, NULL);
}
