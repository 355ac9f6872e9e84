/* SPDX-License-Identifier: MIT */
/*
 * See the header. Where the file no longer has a page, the handler maps a page of zeros, and
 * the access that failed is repeated. The rest of the last page reads as zeros without any
 * signal, so the size of the file is checked too.
 */
#include "cli/mail/mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"

/* The memory that the handler may change. Set while the handler is not installed. */
static struct {
    uintptr_t begin;
    uintptr_t end;
    uintptr_t page; /* size of a page in octets */
    volatile sig_atomic_t is_cut;
    struct sigaction before;
} watched;

static void
on_sigbus(int number, siginfo_t *info, void *context)
{
    const int saved = errno;
    const uintptr_t at = (uintptr_t)info->si_addr;

    (void)number;
    (void)context;
    if (at >= watched.begin && at < watched.end) {
        const uintptr_t page = at - at % watched.page;
        void *zeros = mmap((void *)page, watched.page, PROT_READ,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        watched.is_cut = 1;
        if (zeros != MAP_FAILED) {
            errno = saved;
            return;
        }
    }
    /* The signal was not about the mapping: it is raised again for the previous handler. */
    sigaction(SIGBUS, &watched.before, NULL);
    errno = saved;
}

enum rc
mapping_open(struct mapping *mapping, int fd, size_t octets, struct err *err)
{
    const struct sigaction action = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO};
    const int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);

    struct stat st = {0};

    CHECK(watched.end == 0 && octets > 0);
    void *base = own < 0 || fstat(own, &st) != 0
                     ? MAP_FAILED
                     : mmap(NULL, octets, PROT_READ, MAP_PRIVATE, own, 0);
    if (base == MAP_FAILED) {
        const int error = errno;
        if (own >= 0)
            close(own);
        return err_set(err, rc_of_errno(error), error, "cannot be read");
    }
    madvise(base, octets, MADV_SEQUENTIAL);
    watched.begin = (uintptr_t)base;
    watched.end = watched.begin + octets;
    watched.page = (uintptr_t)sysconf(_SC_PAGESIZE);
    watched.is_cut = 0;
    sigaction(SIGBUS, &action, &watched.before);
    *mapping = (struct mapping){.base = base,
                                .octets = octets,
                                .fd = own,
                                .modified = st.st_mtim,
                                .changed = st.st_ctim};
    return RC_OK;
}

void
mapping_close(struct mapping *mapping)
{
    if (mapping->base == NULL)
        return;
    sigaction(SIGBUS, &watched.before, NULL);
    watched.begin = watched.end = 0;
    munmap(mapping->base, mapping->octets);
    close(mapping->fd);
    *mapping = (struct mapping){0};
}

static bool
is_same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool
mapping_is_whole(const struct mapping *mapping)
{
    struct stat st;

    return mapping->base == NULL || (watched.is_cut == 0 && fstat(mapping->fd, &st) == 0 &&
                                     (uint64_t)st.st_size >= mapping->octets &&
                                     is_same_time(st.st_mtim, mapping->modified) &&
                                     is_same_time(st.st_ctim, mapping->changed));
}
