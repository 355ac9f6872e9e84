/* SPDX-License-Identifier: MIT */
/*
 * Limits of control groups. /proc/self/cgroup names the group, one line for each hierarchy:
 *
 *     0::/system.slice/roost.service          version 2: .../memory.max
 *     7:cpu,memory:/docker/0123               version 1: memory/.../memory.limit_in_bytes
 *
 * A limit holds for all groups below it, so every group on the way up is looked at. In a
 * container the path may be that of the host, of which the container sees only its own group,
 * as the root; that is the last one on the way up.
 */
#include "base/machine.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/span.h"

enum { PATH_OCTETS = 4096, LINE_OCTETS = 4096 + 256 };

static uint64_t
smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The number in a file. UINT64_MAX: "max", or there is none. */
static uint64_t
limit_read(const char *path)
{
    char text[64] = "";
    uint64_t octets = UINT64_MAX;
    FILE *file = fopen(path, "re");

    if (file == NULL)
        return UINT64_MAX;
    const bool got = fgets(text, sizeof text, file) != NULL;
    fclose(file);
    return got && span_to_u64(span_trim(span_of_str(text)), UINT64_MAX, &octets) ? octets
                                                                                 : UINT64_MAX;
}

/* The lowest limit of the group and all groups above it. */
static uint64_t
group_limit(const char *root, const char *hierarchy, struct span group, const char *name)
{
    char path[2 * PATH_OCTETS];
    uint64_t octets = UINT64_MAX;

    for (;;) {
        while (group.len > 0 && group.ptr[group.len - 1] == '/')
            group.len--;
        const int len = snprintf(path, sizeof path, "%s/sys/fs/cgroup%s%.*s/%s", root,
                                 hierarchy, SPAN_FMT(group), name);
        if (len > 0 && (size_t)len < sizeof path)
            octets = smaller(octets, limit_read(path));
        if (group.len == 0)
            return octets;
        while (group.len > 0 && group.ptr[group.len - 1] != '/')
            group.len--;
    }
}

/* "cpu,memory" */
static bool
names_memory(struct span controllers)
{
    while (controllers.len > 0) {
        const ptrdiff_t comma = span_find_char(controllers, ',');
        const size_t len = comma < 0 ? controllers.len : (size_t)comma;
        if (span_eq_str(span_head(controllers, len), "memory"))
            return true;
        controllers = span_tail(controllers, comma < 0 ? len : len + 1);
    }
    return false;
}

/* "7:cpu,memory:/docker/0123" */
static uint64_t
line_limit(const char *root, struct span line)
{
    const ptrdiff_t first = span_find_char(line, ':');
    if (first < 0)
        return UINT64_MAX;
    const struct span rest = span_tail(line, (size_t)first + 1);
    const ptrdiff_t second = span_find_char(rest, ':');
    if (second < 0)
        return UINT64_MAX;
    const struct span controllers = span_head(rest, (size_t)second);
    const struct span group = span_tail(rest, (size_t)second + 1);

    if (names_memory(controllers))
        return group_limit(root, "/memory", group, "memory.limit_in_bytes");
    return controllers.len == 0 ? group_limit(root, "", group, "memory.max") : UINT64_MAX;
}

static uint64_t
groups_limit(const char *root)
{
    char line[LINE_OCTETS];
    uint64_t octets = UINT64_MAX;

    snprintf(line, sizeof line, "%s/proc/self/cgroup", root);
    FILE *file = fopen(line, "re");
    if (file == NULL)
        return UINT64_MAX;
    while (fgets(line, sizeof line, file) != NULL)
        octets = smaller(octets, line_limit(root, span_trim(span_of_str(line))));
    fclose(file);
    return octets;
}

uint64_t
machine_memory_octets(const char *root)
{
    const long pages = sysconf(_SC_PHYS_PAGES);
    const long page_octets = sysconf(_SC_PAGESIZE);
    const uint64_t machine =
        pages <= 0 || page_octets <= 0 ? UINT64_MAX : (uint64_t)pages * (uint64_t)page_octets;
    const uint64_t octets = smaller(machine, groups_limit(root));

    return octets == UINT64_MAX ? 0 : octets;
}
