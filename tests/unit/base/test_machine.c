/* SPDX-License-Identifier: MIT */
/* The memory of a container: control groups of both versions, as files under a folder. */
#include "base/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/check.h"
#include "support/tmpdir_each.h"

/* Makes the file and the folders above it. */
static void
put(const char *name, const char *text)
{
    char path[1024];

    snprintf(path, sizeof path, "%s/%s", dir.path, name);
    for (char *slash = path + strlen(dir.path) + 1; (slash = strchr(slash, '/')) != NULL;
         slash++) {
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static uint64_t
machine(void)
{
    return (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void
test_no_groups(void **state)
{
    (void)state;
    assert_int_equal(machine_memory_octets(dir.path), machine());
    put("proc/self/cgroup", "");
    assert_int_equal(machine_memory_octets(dir.path), machine());
}

static void
test_version_2(void **state)
{
    (void)state;
    put("proc/self/cgroup", "0::/system.slice/roost.service\n");
    assert_int_equal(machine_memory_octets(dir.path), machine());
    put("sys/fs/cgroup/system.slice/roost.service/memory.max", "max\n");
    assert_int_equal(machine_memory_octets(dir.path), machine());
    put("sys/fs/cgroup/system.slice/roost.service/memory.max", "134217728\n");
    assert_int_equal(machine_memory_octets(dir.path), 128 << 20);
    put("sys/fs/cgroup/system.slice/memory.max", "67108864\n"); /* of all services together */
    assert_int_equal(machine_memory_octets(dir.path), 64 << 20);
    put("sys/fs/cgroup/other/memory.max", "4096\n");
    assert_int_equal(machine_memory_octets(dir.path), 64 << 20);
    put("sys/fs/cgroup/system.slice/memory.max", "18446744073709551615\n");
    put("sys/fs/cgroup/system.slice/roost.service/memory.max", "9223372036854771712\n");
    assert_int_equal(machine_memory_octets(dir.path), machine());
}

/* The container sees its own group as the root, whatever /proc says. */
static void
test_in_a_container(void **state)
{
    (void)state;
    put("proc/self/cgroup", "0::/\n");
    put("sys/fs/cgroup/memory.max", "33554432\n");
    assert_int_equal(machine_memory_octets(dir.path), 32 << 20);
    put("proc/self/cgroup", "12:cpu,cpuacct:/docker/01\n7:memory:/docker/0123\n0::/\n");
    put("sys/fs/cgroup/memory.max", "max\n");
    put("sys/fs/cgroup/memory/memory.limit_in_bytes", "16777216\n");
    assert_int_equal(machine_memory_octets(dir.path), 16 << 20);
}

static void
test_version_1(void **state)
{
    (void)state;
    put("proc/self/cgroup", "5:hugetlb:/\n4:cpu,memory:/user.slice/\n1:name=systemd:/x\n");
    put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    assert_int_equal(machine_memory_octets(dir.path), machine());
    put("sys/fs/cgroup/memory/user.slice/memory.limit_in_bytes", "50000000\n");
    assert_int_equal(machine_memory_octets(dir.path), 50000000);
}

static void
test_nonsense(void **state)
{
    static const char *const lines[] = {"\n",       "0\n",        "0:\n",       "0::\n",
                                        "memory\n", ":memory:\n", "0::/../..\n"};
    static char longest[9000];

    (void)state;
    put("sys/fs/cgroup/memory.max", "many\n");
    put("sys/fs/cgroup/memory/memory.limit_in_bytes", "-5\n");
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        put("proc/self/cgroup", lines[i]);
        assert_int_equal(machine_memory_octets(dir.path), machine());
    }
    memset(longest, 'x', sizeof longest - 1);
    memcpy(longest, "0::/", 4);
    put("proc/self/cgroup", longest);
    assert_int_equal(machine_memory_octets(dir.path), machine());
}

static void
test_this_machine(void **state)
{
    (void)state;
    assert_in_range(machine_memory_octets(""), 1 << 20, machine());
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_no_groups, tmpdir_setup, tmpdir_teardown),
        cmocka_unit_test_setup_teardown(test_version_2, tmpdir_setup, tmpdir_teardown),
        cmocka_unit_test_setup_teardown(test_in_a_container, tmpdir_setup, tmpdir_teardown),
        cmocka_unit_test_setup_teardown(test_version_1, tmpdir_setup, tmpdir_teardown),
        cmocka_unit_test_setup_teardown(test_nonsense, tmpdir_setup, tmpdir_teardown),
        cmocka_unit_test(test_this_machine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
