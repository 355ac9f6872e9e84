/* SPDX-License-Identifier: MIT */
/* mail_check over seeded bad mail, and over all real mail when ROOST_CORPUS is set. */
#include "support/cm.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/rng.h"
#include "support/mail_check.h"
#include "support/mail_corpus.h"
#include "support/mail_nasty.h"

static void
test_bad_mail(void **state)
{
    AUTO_BUF message = {0};

    /* The fuzzer goes on from here. */
    const uint64_t last = getenv("ROOST_LONG") != NULL ? 20000 : 1000;

    (void)state;
    buf_init(&message, 16u << 20);
    for (uint64_t seed = 1; seed <= last; seed++) {
        struct rng rng;
        char note[40];
        snprintf(note, sizeof note, "bad mail, seed %u", (unsigned)seed);
        check_breadcrumb(note);
        rng_seed(&rng, seed);
        buf_clear(&message);
        mail_nasty(&rng, &message);
        char *copy =
            malloc(buf_len(&message) + 1); /* of its own, so that ASan sees overreads */
        assert_non_null(copy);
        memcpy(copy, buf_span(&message).ptr, buf_len(&message));
        mail_check(span_of(copy, buf_len(&message)));
        free(copy);
    }
}

static void
check_real(void *ctx, struct span message)
{
    (void)ctx;
    mail_check(message);
}

static void
test_real_mail(void **state)
{
    (void)state;
    const unsigned count = mail_corpus_each(check_real, NULL);
    if (count == 0) {
        print_message("skipped: ROOST_CORPUS names no folder of real mail\n");
        skip();
    }
    printf("%u real messages\n", count);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_mail),
        cmocka_unit_test(test_real_mail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
