/* SPDX-License-Identifier: MIT */
/*
 * Hashes and keys of many new passwords at once, on several processors: for accounts that are
 * made from a file. One password costs about 50 ms of a processor.
 */
#ifndef AUTH_PASSWORD_MANY_H
#define AUTH_PASSWORD_MANY_H

#include <stddef.h>

#include "auth/password.h"

enum hashing_priority { HASHING_ALONE, HASHING_BEHIND_LOGINS };

struct password_job {
    struct span password; /* borrowed for the call */
    struct err err;       /* out: RC_OK, or why it cannot be a password */
    char crypt[REGISTRY_CRYPT_OCTETS];
    struct scram_keys scram;
};

/**
 * Does for each job what password_new does; each result is in its own job. Uses up to `threads`
 * threads; when the system gives fewer, fewer do it, and without any the caller does. With
 * HASHING_BEHIND_LOGINS they are nicer than the rest of the process.
 *
 * Thread: any; waits until all jobs are done.
 */
void password_new_many(const struct password_policy *policy, struct password_job *jobs,
                       size_t count, unsigned threads, enum hashing_priority priority);

#endif
