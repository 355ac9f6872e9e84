/* SPDX-License-Identifier: MIT */
/* What is sent with many connections: messages in turn, and as LMTP's DATA wants them. */
#include "bench/load_sender.h"

#include <stdlib.h>
#include <unistd.h>

#include "tests/support/cm.h"

static struct load_options
mbox_of(char path[], const char *text)
{
    const int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    return (struct load_options){.mbox = path, .count = 3, .connections = 2};
}

/* RFC 5321 section 4.5.2: each line that begins with a dot gets another one. */
static void
test_stuffing(void **state)
{
    char path[] = "/tmp/roost-test-sender-XXXXXX";
    const struct load_options opt = mbox_of(path, "From a@b\nA: b\n\n.\n..two\nx.y\n\n"
                                                  "From a@b\n.C: d\n\n.\n");
    struct sender sender;

    (void)state;
    sender_init(&sender, &opt);
    unlink(path);
    sender_stuff(&sender);
    sender_next(&sender, 0);
    assert_true(
        span_eq_str(sender_stuffed(&sender, 0), "A: b\r\n\r\n..\r\n...two\r\nx.y\r\n.\r\n"));
    sender_next(&sender, 1);
    assert_true(span_eq_str(sender_stuffed(&sender, 1), "..C: d\r\n\r\n..\r\n.\r\n"));
    sender_done(&sender);
}

/* Connections take turns; each keeps what it is sending until it takes the next. */
static void
test_turns(void **state)
{
    char path[] = "/tmp/roost-test-sender-XXXXXX";
    const struct load_options opt =
        mbox_of(path, "From a@b\nA: 1\n\n\nFrom a@b\nA: 2\n\n\nFrom a@b\nA: 3\n\n");
    struct sender sender;

    (void)state;
    sender_init(&sender, &opt);
    unlink(path);
    const struct span first = sender_next(&sender, 0);
    const struct span second = sender_next(&sender, 1);
    assert_true(first.ptr != second.ptr);
    assert_ptr_equal(sender_message(&sender, 0).ptr, first.ptr);
    assert_ptr_equal(sender_message(&sender, 1).ptr, second.ptr);
    const struct span third = sender_next(&sender, 1);
    assert_true(third.ptr != first.ptr && third.ptr != second.ptr);
    assert_ptr_equal(sender_message(&sender, 0).ptr, first.ptr);
    assert_ptr_equal(sender_next(&sender, 0).ptr, first.ptr); /* all were sent once */
    sender_done(&sender);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stuffing),
        cmocka_unit_test(test_turns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
