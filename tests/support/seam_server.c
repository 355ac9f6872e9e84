/* SPDX-License-Identifier: MIT */
/*
 * roost-seam: the program with the test engine (seam_engine.h). It is linked with
 * --wrap=store_open_sqlite and --wrap=registry_open_sqlite, so what the house opens is wrapped,
 * and what the test engine opens itself is not.
 */
#include "support/seam_engine.h"

enum rc __real_store_open_sqlite(const struct sqlite_options *options, struct store **out,
                                 struct err *err);
enum rc __wrap_store_open_sqlite(const struct sqlite_options *options, struct store **out,
                                 struct err *err);

enum rc
__wrap_store_open_sqlite(const struct sqlite_options *options, struct store **out,
                         struct err *err)
{
    const struct seam_options seam = {.sqlite = *options, .wakes = SEAM_WAKE_LATER};

    return options->shared ? __real_store_open_sqlite(options, out, err)
                           : store_open_seam(&seam, out, err);
}

enum rc __real_registry_open_sqlite(const struct sqlite_registry_options *options,
                                    struct registry **out, struct err *err);
enum rc __wrap_registry_open_sqlite(const struct sqlite_registry_options *options,
                                    struct registry **out, struct err *err);

enum rc
__wrap_registry_open_sqlite(const struct sqlite_registry_options *options,
                            struct registry **out, struct err *err)
{
    return registry_open_seam(__real_registry_open_sqlite, options, out, err);
}
