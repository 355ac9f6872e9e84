/* SPDX-License-Identifier: MIT */
/* Tables and statements of an index; docs/schema.md tells what the columns mean. */
#include "store/index/index_private.h"

const char index_schema[] = "CREATE TABLE head ("
                            " id INTEGER PRIMARY KEY CHECK (id = 1),"
                            " generation INTEGER NOT NULL,"
                            " form INTEGER NOT NULL,"
                            " mark INTEGER NOT NULL,"
                            " documents INTEGER NOT NULL,"
                            " text_octets INTEGER NOT NULL,"
                            " run_next INTEGER NOT NULL,"
                            " seal INTEGER NOT NULL);"

                            "CREATE TABLE run ("
                            " id INTEGER PRIMARY KEY,"
                            " space INTEGER NOT NULL,"
                            " level INTEGER NOT NULL,"
                            " moves_to INTEGER NOT NULL,"
                            " message_first INTEGER NOT NULL,"
                            " message_last INTEGER NOT NULL,"
                            " piece_first INTEGER NOT NULL,"
                            " piece_end INTEGER NOT NULL);"

                            "CREATE TABLE piece ("
                            " id INTEGER PRIMARY KEY,"
                            " first BLOB NOT NULL,"
                            " terms_seal INTEGER NOT NULL,"
                            " lists_seal INTEGER NOT NULL,"
                            " terms BLOB NOT NULL,"
                            " lists BLOB NOT NULL);"

                            "CREATE TABLE proof ("
                            " message INTEGER PRIMARY KEY,"
                            " digest BLOB NOT NULL);"

                            "CREATE TABLE attached ("
                            " message INTEGER PRIMARY KEY,"
                            " seal INTEGER NOT NULL,"
                            " text BLOB NOT NULL);";

const char *const index_sql_texts[SQL_COUNT] = {
    [SQL_USER_VERSION] = "PRAGMA user_version",
    [SQL_APPLICATION] = "PRAGMA application_id",
    [SQL_PAGE_COUNT] = "PRAGMA page_count",
    [SQL_HEAD] = "SELECT seal, generation, form, mark, documents, text_octets, run_next"
                 " FROM head WHERE id = 1",
    [SQL_HEAD_PUT] = "INSERT OR REPLACE INTO head"
                     " (id, seal, generation, form, mark, documents, text_octets, run_next)"
                     " VALUES (1, ?, ?, ?, ?, ?, ?, ?)",
    [SQL_RUNS] = "SELECT id, space, level, moves_to, message_first, message_last, piece_first,"
                 " piece_end FROM run ORDER BY id",
    [SQL_RUN_PUT] = "INSERT OR REPLACE INTO run (id, space, level, moves_to, message_first,"
                    " message_last, piece_first, piece_end) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    [SQL_RUN_DELETE] = "DELETE FROM run WHERE id = ?",
    [SQL_RUNS_CLEAR] = "DELETE FROM run",
    [SQL_PIECE_FIRST] = "SELECT first FROM piece WHERE id = ?",
    [SQL_PIECE_TERMS] = "SELECT terms_seal, terms FROM piece WHERE id = ?",
    [SQL_PIECE_LISTS] = "SELECT lists_seal, lists FROM piece WHERE id = ?",
    [SQL_PIECE_BOTH] = "SELECT terms_seal, terms, lists_seal, lists FROM piece WHERE id = ?",
    [SQL_PIECE_PUT] = "INSERT INTO piece (id, first, terms_seal, terms, lists_seal, lists)"
                      " VALUES (?, ?, ?, ?, ?, ?)",
    [SQL_PIECES_DELETE] = "DELETE FROM piece WHERE id >= ? AND id < ?",
    [SQL_PIECES_CLEAR] = "DELETE FROM piece",
    [SQL_PROOFS] = "SELECT message, digest FROM proof ORDER BY message DESC LIMIT ?",
    [SQL_PROOF_PUT] = "INSERT OR REPLACE INTO proof (message, digest) VALUES (?, ?)",
    [SQL_PROOFS_TRIM] = "DELETE FROM proof WHERE message <="
                        " (SELECT message FROM proof ORDER BY message DESC LIMIT 1 OFFSET ?)",
    [SQL_PROOFS_CLEAR] = "DELETE FROM proof",
    [SQL_ATTACHED] = "SELECT seal, text FROM attached WHERE message = ?",
    [SQL_ATTACHED_PUT] = "INSERT INTO attached (message, seal, text) VALUES (?, ?, ?)",
    [SQL_ATTACHED_CLEAR] = "DELETE FROM attached",
};
