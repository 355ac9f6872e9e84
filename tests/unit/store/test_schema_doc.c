/* SPDX-License-Identifier: MIT */
/* docs/schema.md names every table and every column of the databases, in the table's
 * section. */
#include "support.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "store/index.h"
#include "store/registry.h"

#include <fcntl.h>

static void
read_doc(struct buf *doc)
{
    struct err err = {.rc = RC_OK};
    AUTO_FD fd = open(ROOST_SOURCE_ROOT "/docs/schema.md", O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(fd_read_all(fd, doc, &err), RC_OK);
}

/* The part of the document about one database, or about one table of it. */
static struct span
section(struct span doc, const char *heading, const char *level)
{
    const ptrdiff_t start = span_find(doc, span_of_str(heading));

    if (start < 0)
        fail_msg("docs/schema.md has no \"%s\"", heading + 1);
    const struct span rest = span_tail(doc, (size_t)start + strlen(heading));
    const ptrdiff_t end = span_find(rest, span_of_str(level));
    return end < 0 ? rest : span_head(rest, (size_t)end);
}

static void
check_database(struct span doc, const char *path, const char *heading)
{
    const struct span part = section(doc, heading, "\n## ");
    sqlite3 *raw = NULL;
    sqlite3_stmt *stmt = NULL;
    unsigned columns = 0;

    assert_int_equal(sqlite3_open(path, &raw), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(raw,
                           "SELECT t.name, c.name FROM sqlite_schema AS t,"
                           " pragma_table_info(t.name) AS c"
                           " WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'",
                           -1, &stmt, NULL),
        SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        char text[100];
        snprintf(text, sizeof text, "\n### `%s`\n", sqlite3_column_text(stmt, 0));
        const struct span table = section(part, text, "\n### ");
        snprintf(text, sizeof text, "`%s`", sqlite3_column_text(stmt, 1));
        if (span_find(table, span_of_str(text)) < 0)
            fail_msg("docs/schema.md: table %s has no column %s", sqlite3_column_text(stmt, 0),
                     text);
        columns++;
    }
    assert_true(columns > 10);
    sqlite3_finalize(stmt);
    sqlite3_close(raw);
}

static void
test_every_table_and_column_is_described(void **state)
{
    struct fixture *fx = fixture_new();
    struct registry *registry = NULL;
    char path[200];
    AUTO_BUF doc = {0};

    (void)state;
    buf_init(&doc, 1 << 20);
    read_doc(&doc);
    store_end(begin_read(fx));
    snprintf(path, sizeof path, "%s/00/00/7/mail.db", fx->accounts);
    check_database(buf_span(&doc), path, "\n## mail.db, version 7\n");
    const struct store_indexes_options index_options = {.clock = &test_clock};
    struct store_indexes *indexes = NULL;
    struct store_index *index = NULL;
    assert_ok(store_indexes_new(&index_options, &indexes));
    assert_ok(store_index_open(indexes, fx->acct, INDEX_WRITE, &index, &fx->err));
    snprintf(path, sizeof path, "%s/00/00/7/search.db", fx->accounts);
    check_database(buf_span(&doc), path, "\n## search.db, version 2\n");
    store_index_close(index);
    store_indexes_free(indexes);
    snprintf(path, sizeof path, "%s/registry.db", fx->dir);
    const struct sqlite_registry_options options = {
        .path = path, .registry.clock = &test_clock, .create = true};
    assert_ok(registry_open_sqlite(&options, &registry, &fx->err));
    check_database(buf_span(&doc), path, "\n## registry.db, version 5\n");
    registry_close(registry);
    fixture_free(fx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_table_and_column_is_described),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
