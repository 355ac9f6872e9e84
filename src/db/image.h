/* SPDX-License-Identifier: MIT */
/* The octets of a database that has its tables and nothing in them, in WAL mode. */
#ifndef DB_IMAGE_H
#define DB_IMAGE_H

#include <stddef.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/rc.h"
#include "db/schema.h"

/** What db_open with create and auto_vacuum, and db_migrate would make. *image_out is the
 *  caller's, to be given to sqlite3_free. RC_LIMIT. Thread: any; does not touch a disk. */
MUST_USE enum rc db_image_make(const struct db_schema *schema, unsigned page_size_octets,
                               unsigned char **image_out, size_t *octets_out, struct err *err);

#endif
