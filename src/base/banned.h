/* SPDX-License-Identifier: MIT */
/*
 * Included before every file by the build: calls that have a safe replacement here do not
 * compile. The system headers are read first, so that only our own uses are caught.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#ifndef ROOST_ALLOW_BANNED
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#undef alloca /* a macro of stdlib.h: a poisoned macro would warn in each file */
#pragma GCC poison strcpy strcat strncpy strncat stpcpy sprintf vsprintf strtok gets
#pragma GCC poison atoi atol atoll localtime gmtime ctime asctime tmpnam mktemp alloca
#endif

#endif
