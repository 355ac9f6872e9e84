/* SPDX-License-Identifier: MIT */
/*
 * Makes hashes and keys of many new passwords on several processors, for accounts that are
 * added from a file. Each password takes about 50 ms of processor time.
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
 * Does for each job what password_new does, and leaves the result in the job. Uses up to
 * `threads` threads. If the system gives fewer, fewer are used; if it gives none, the caller's
 * thread does the work. With HASHING_BEHIND_LOGINS the threads have a lower priority than the
 * rest of the process.
 *
 * Thread: any; waits until all jobs are done.
 */
void password_new_many(const struct password_policy *policy, struct password_job *jobs,
                       size_t count, unsigned threads, enum hashing_priority priority);

#endif
