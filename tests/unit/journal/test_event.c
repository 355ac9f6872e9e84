/* SPDX-License-Identifier: MIT */
/* The ring of a session's events: it keeps the last ones, and weeks of keepalives are one
 * pair. */
#include "support/cm.h"

#include "journal/event.h"

static void
test_keepalives_in_a_row_are_one_pair(void **state)
{
    struct event_ring ring = {0};
    (void)state;

    event_note(&ring, EVENT_CONNECTED, 0);
    event_note(&ring, EVENT_IDLE_BEGIN, 10);
    for (uint32_t i = 1; i <= 2520; i++) { /* a week of them */
        event_note_keepalive(&ring, EVENT_KEEPALIVE, i * UINT64_C(240000))->a = 240;
        event_note_keepalive(&ring, EVENT_ACKNOWLEDGED, i * UINT64_C(240000) + 70)->a = 70;
    }
    assert_int_equal(ring.count, 4);
    const struct event *sent = event_ring_get(&ring, 2);
    const struct event *acknowledged = event_ring_get(&ring, 3);
    assert_int_equal(sent->kind, EVENT_KEEPALIVE);
    assert_int_equal(sent->b, 2520);
    assert_int_equal(sent->a, 240);
    assert_int_equal(event_at_ms(sent), 2520 * UINT64_C(240000));
    assert_int_equal(acknowledged->kind, EVENT_ACKNOWLEDGED);
    assert_int_equal(acknowledged->b, 2520);
    assert_int_equal(event_at_ms(acknowledged), 2520 * UINT64_C(240000) + 70);
}

static void
test_what_comes_between_begins_a_new_pair(void **state)
{
    struct event_ring ring = {0};
    (void)state;

    event_note_keepalive(&ring, EVENT_KEEPALIVE, 1000);
    event_note_keepalive(&ring, EVENT_ACKNOWLEDGED, 1100);
    event_note(&ring, EVENT_PUSH, 1500);
    event_note_keepalive(&ring, EVENT_KEEPALIVE, 2000);
    event_note(&ring, EVENT_SUSPECT, 3000);
    event_note_keepalive(&ring, EVENT_ACKNOWLEDGED, 4000);
    event_note_keepalive(&ring, EVENT_KEEPALIVE, 5000);
    assert_int_equal(ring.count, 7);
    for (uint32_t i = 0; i < 7; i++)
        if (i != 2 && i != 4)
            assert_int_equal(event_ring_get(&ring, i)->b, 1);
    assert_int_equal(event_at_ms(event_ring_get(&ring, 6)), 5000);
}

/* One sent more than acknowledged: that is how it looks when the peer was gone at the end. */
static void
test_the_last_one_unacknowledged(void **state)
{
    struct event_ring ring = {0};
    (void)state;

    for (uint32_t i = 0; i < 50; i++) /* the ring has gone round */
        event_note(&ring, EVENT_PUSH, i);
    for (uint32_t i = 1; i <= 3; i++) {
        event_note_keepalive(&ring, EVENT_KEEPALIVE, 1000 * i);
        if (i < 3)
            event_note_keepalive(&ring, EVENT_ACKNOWLEDGED, 1000 * i + 5);
    }
    const struct event *sent = event_ring_get(&ring, LIMIT_EVENT_RING - 2);
    const struct event *acknowledged = event_ring_get(&ring, LIMIT_EVENT_RING - 1);
    assert_int_equal(sent->b, 3);
    assert_int_equal(acknowledged->b, 2);
    assert_true(event_at_ms(sent) > event_at_ms(acknowledged));
    assert_null(event_ring_get(&ring, LIMIT_EVENT_RING));
}

/* What a growing ring keeps is what a full one keeps, whatever the number of events. */
static void
test_growing_keeps_the_same(void **state)
{
    (void)state;
    for (uint32_t count = 0; count <= 2 * LIMIT_EVENT_RING + 3; count++) {
        struct event_ring plain = {0};
        struct event_ring copy;
        struct event_log log;
        assert_true(event_log_init(&log));
        for (uint32_t i = 0; i < count; i++) {
            event_note(&plain, EVENT_PUSH, i)->a = 7 * i;
            event_note(event_log_room(&log), EVENT_PUSH, i)->a = 7 * i;
            assert_true(log.room <= LIMIT_EVENT_RING);
            assert_true(log.ring->count <= log.room || log.room == LIMIT_EVENT_RING);
        }
        event_log_copy(&log, &copy);
        assert_memory_equal(&copy, &plain, sizeof plain);
        event_log_done(&log);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keepalives_in_a_row_are_one_pair),
        cmocka_unit_test(test_what_comes_between_begins_a_new_pair),
        cmocka_unit_test(test_the_last_one_unacknowledged),
        cmocka_unit_test(test_growing_keeps_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
