/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "db/image.h"

#include <sqlite3.h>

#include "db/db_private.h"

/* Octets 18 and 19 of a database's header are the versions needed to write and to read it. 2
 * stands for WAL mode (SQLite file format 1.3.3), which a database in memory does not have. */
enum { AT_WRITE_VERSION = 18, AT_READ_VERSION = 19, WAL_VERSION = 2 };

static enum rc
image_of(struct db *db, const struct db_schema *schema, unsigned char **image_out,
         size_t *octets_out, struct err *err)
{
    sqlite3_int64 octets = 0;
    const enum rc rc = db_migrate(db, schema, err);

    if (rc != RC_OK)
        return rc;
    unsigned char *image = sqlite3_serialize(db->raw, "main", &octets, 0);
    if (image == NULL || octets < db->page_size) {
        sqlite3_free(image);
        return err_set(err, RC_LIMIT, 0, "%s: no memory for its image", schema->what);
    }
    image[AT_WRITE_VERSION] = image[AT_READ_VERSION] = WAL_VERSION;
    *image_out = image;
    *octets_out = (size_t)octets;
    return RC_OK;
}

enum rc
db_image_make(const struct db_schema *schema, unsigned page_size_octets,
              unsigned char **image_out, size_t *octets_out, struct err *err)
{
    const struct db_options options = {.page_size_octets = page_size_octets,
                                       .auto_vacuum = true};
    struct db *db = NULL;
    enum rc rc = db_open_memory(&db, &options, err);

    if (rc != RC_OK)
        return rc;
    rc = image_of(db, schema, image_out, octets_out, err);
    db_close(db);
    return rc;
}
