/* SPDX-License-Identifier: MIT */
/* The octets of a database in WAL mode that has its tables, but nothing in them. */
#ifndef DB_IMAGE_H
#define DB_IMAGE_H

#include <stddef.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/rc.h"
#include "db/schema.h"

/** Makes what db_open with create and auto_vacuum, followed by db_migrate, would make. The
 * caller gives *image_out to sqlite3_free. RC_LIMIT. Thread: any; does not touch a disk. */
MUST_USE enum rc db_image_make(const struct db_schema *schema, unsigned page_size_octets,
                               unsigned char **image_out, size_t *octets_out, struct err *err);

#endif
