#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs the tests: `./dev test` (the gate, about 20 minutes on two processors) and `--long`.

Every stage prints a line when it is done; failures print what went wrong at once. The last line is
the sum: N passed, N failed, N skipped.
"""

import argparse
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = "/usr/bin/python3"
WORKERS = 2 * (os.cpu_count() or 1)  # pytest's, side by side
# What tests start beside their own programs.
SERVER = ["src/cli/roost", "tests/support/roost-seam", "tests/support/roost-test-clock", "tests/support/outsider",
          "bench/roost-mailgen"]
LINKER = {"CC_LD": "lld"}  # the usual one takes as long for all programs as compiling half of them
POLITELY = ["nice", "-n", "19"]  # before what is done beside the tests that wait for time to pass
INDEXES = [f"tests/stress/test_{name}.py" for name in ("indexing", "search_index", "search_limits")]
ON_DISK = {"TMPDIR": "/tmp"}  # for tests that are about disks
MEMORY = Path("/dev/shm")
MEMORY_OCTETS = 6 << 30  # that must be free for tests to keep their files in memory
AGAIN_MAX = 8  # failed tests that are run again by themselves; with more, something is broken


class Sum:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.lock = threading.Lock()

    def add(self, passed, failed, skipped):
        with self.lock:
            self.passed += passed
            self.failed += failed
            self.skipped += skipped


def run(command, env=None, **kwargs):
    full = dict(os.environ, **(env or {}))
    return subprocess.run(command, cwd=ROOT, env=full, **kwargs)


def introspect(build, what):
    return json.loads(run(["meson", "introspect", str(build), what], stdout=subprocess.PIPE, check=True).stdout)


def programs_of(build, suites):
    """What ninja has to build for these suites."""
    wanted = {f"roost:{suite}" for suite in suites}
    return {os.path.relpath(test["cmd"][0], build) for test in introspect(build, "--tests") if wanted & set(test["suite"])}


def programs_but(build, without):
    """All programs but those that only suites which are left out need. (A test is in several suites.)"""
    tests = introspect(build, "--tests")
    left_out = {f"roost:{suite}" for suite in without}
    needed = {os.path.relpath(test["cmd"][0], build) for test in tests if not left_out & set(test["suite"])}
    every = {os.path.relpath(target["filename"][0], build) for target in introspect(build, "--targets")
             if target["type"] == "executable"}
    return every - (programs_of(build, without) - needed)


def configure(name, options, env=None, suites=(), more=(), before=(), without=()):
    """Builds what the suites need and more, or without suites, all but what those left out need; before stands
    before ninja."""
    build = ROOT / "build" / name
    if not (build / "build.ninja").exists():
        run(["meson", "setup", str(build), *options], dict(LINKER, **(env or {})), check=True, stdout=subprocess.DEVNULL)
    targets = sorted(programs_of(build, suites).union(more) if suites else programs_but(build, without))
    done = run([*before, "ninja", "-C", str(build), *targets], env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        print(done.stdout[-8000:])
        raise SystemExit(f"the {name} build failed")
    warnings = re.findall(r"^.*warning:.*$", done.stdout, re.M)
    return build, warnings


def meson_tests(total, stage, build, suites, env=None, setup=(), before=(), without=()):
    """The suites of one build folder; counts programs, prints the log of those that fail."""
    log = build / "meson-logs" / "testlog.json"
    log.unlink(missing_ok=True)
    command = [*before, "meson", "test", "-C", str(build), "--no-rebuild", "--print-errorlogs", *setup]
    for suite in suites:
        command += ["--suite", suite]
    for suite in without:
        command += ["--no-suite", suite]
    started = time.monotonic()
    done = run(command, env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    passed = failed = skipped = 0
    if log.exists():
        for line in log.read_text().splitlines():
            result = json.loads(line)["result"]
            passed += result == "OK" or result == "EXPECTEDFAIL"
            skipped += result == "SKIP"
            failed += result not in ("OK", "EXPECTEDFAIL", "SKIP")
    if done.returncode != 0 and failed == 0:
        failed = 1
    if failed:
        print(done.stdout[-20000:])
    if passed + failed == 0:
        failed = 1
        print(f"{stage}: no test ran")
    report(total, stage, passed, failed, skipped, started)


def pytest_run(args, env, *how):
    """One run: its output, how many (passed, failed, skipped), and the ids of those that failed."""
    parent = Path(dict(os.environ, **(env or {})).get("TMPDIR", "/tmp"))
    if MEMORY in parent.parents:
        how = [*how, "--basetemp", str(parent / "p")]  # short, and emptied by each run
    done = run(
        [PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rsfE", "--tb=short", *how, *args],
        env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )
    tail = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""
    counts = {word: int(n) for n, word in re.findall(r"(\d+) (passed|failed|skipped|error)", tail)}
    failed = counts.get("failed", 0) + counts.get("error", 0)
    if done.returncode != 0 and failed == 0:
        failed = 1
    names = re.findall(r"^(?:FAILED|ERROR) (\S+::.*?)(?: - .*)?$", done.stdout, re.M)
    return done.stdout, (counts.get("passed", 0), failed, counts.get("skipped", 0)), names


def pytest(total, stage, args, env=None, side_by_side=True):
    """Tests mostly wait, so several run at a time. What fails in such company is run again by itself,
    as strictly as ever, and named: it may have been the machine that was slow."""
    started = time.monotonic()
    output, (passed, failed, skipped), names = pytest_run(args, env, *(["-n", str(WORKERS)] if side_by_side else []))
    for line in output.splitlines():
        if line.startswith("SKIPPED"):
            print("  " + line)
    if side_by_side and failed == len(names) and 0 < failed <= AGAIN_MAX:
        print("\n".join(f"  again, by itself: {name}" for name in names), flush=True)
        first = output
        output, (again, failed, _), _ = pytest_run(names, env)
        passed += again
        output = first + output
    if failed:
        print(output[-30000:])
    report(total, stage, passed, failed, skipped, started)


def captured(command):
    return run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def program(total, stage, command):
    """A program that says by its exit code whether all went well."""
    started = time.monotonic()
    judge(total, stage, captured(command), started)


def judge(total, stage, done, started):
    if done.returncode != 0:
        print(done.stdout[-20000:])
    report(total, stage, int(done.returncode == 0), int(done.returncode != 0), 0, started)


def report(total, stage, passed, failed, skipped, started):
    total.add(passed, failed, skipped)
    took = time.monotonic() - started
    mark = "FAILED" if failed else "ok"
    print(f"{mark:6} {stage}: {passed} passed, {failed} failed, {skipped} skipped ({took:.0f} s)", flush=True)


def warnings_check(total, stage, warnings):
    for line in warnings:
        print(line)
    report(total, f"{stage} without warnings", int(not warnings), int(bool(warnings)), 0, time.monotonic())


STRICT = {
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0",
}
CLANG = {"CC": "clang"}


# The next two keep the processors busy, so they are done politely, beside tests that wait.


def octets_and_behaviour(total):
    """The build with AddressSanitizer and UndefinedBehaviorSanitizer."""
    asan, warnings = configure(
        "asan", ["-Db_sanitize=address,undefined", "-Db_lundef=false", "-Dbuildtype=debugoptimized"],
        CLANG, ["unit", "fuzz"], SERVER, POLITELY)
    warnings_check(total, "clang", warnings)
    meson_tests(total, "unit tests, clang asan+ubsan", asan, ["unit", "fuzz"], STRICT, ["-t", "4"], POLITELY)
    return asan


def threads_and_lint(total, long_run):
    """The build with ThreadSanitizer."""
    tsan, _ = configure(
        "tsan", ["-Db_sanitize=thread", "-Db_lundef=false", "-Dbuildtype=debugoptimized"],
        CLANG, ["stress"], SERVER if long_run else [], POLITELY)
    meson_tests(total, "stress, clang tsan", tsan, ["stress"], {"TSAN_OPTIONS": "halt_on_error=1"}, ["-t", "6"], POLITELY)
    program(total, "lint", [*POLITELY, "./dev", "lint"])
    return tsan


def in_memory():
    """A directory for the tests' files that costs no disk, or None. To make and remove a hundred thousand files
    keeps a disk's file system as busy as the tests are. Those for which the disk matters say where they want theirs,
    and the suites of faults have it."""
    try:
        room = shutil.disk_usage(MEMORY).free
        available = re.search(r"^MemAvailable: *(\d+) kB$", Path("/proc/meminfo").read_text(), re.M)
        if min(room, int(available[1]) << 10) < MEMORY_OCTETS:
            return None
        directory = tempfile.mkdtemp(prefix="rt", dir=MEMORY)  # short: the path of a socket has 107 octets at most
        os.chmod(directory, 0o755)  # other users, such as Postfix, go through it
        return directory
    except OSError:
        return None


def gate(total, long_run):
    again = [] if long_run else ["again"]  # the same tests with something else beneath: with the sanitizers only
    release, warnings = configure("release", ["-Dbuildtype=release"], without=again)
    binary = release / "src" / "cli" / "roost"
    env = {"ROOST": str(binary), "ROOST_TOOLS": str(release / "bench")}
    warnings_check(total, "gcc release", warnings)

    beside = concurrent.futures.ThreadPoolExecutor(1)
    asan = beside.submit(octets_and_behaviour, total)
    tsan = beside.submit(threads_and_lint, total, long_run)

    meson_tests(total, "unit tests, gcc release", release, ["unit", "fuzz"], without=again)
    meson_tests(total, "faults of disks and power, gcc release", release, ["fault"], ON_DISK)
    meson_tests(total, "stress, gcc release", release, ["stress"])
    pytest(total, "structure", sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests").glob("test_*.py")), side_by_side=False)
    pytest(total, "transcripts, gcc release", ["tests/transcript"], env)
    pytest(total, "command line", ["tests/cli"], env)
    pytest(total, "idle life and ends", ["tests/ends"], env)
    pytest(total, "faults", ["tests/fault"], {**env, **ON_DISK})
    pytest(total, "clients", ["tests/clients"], env)
    pytest(total, "indexes", INDEXES, env)
    pytest(total, "networks that forget", ["tests/networks"], env, side_by_side=False)
    pytest(total, "many accounts", ["tests/stress", *(f"--ignore={path}" for path in INDEXES)], env, side_by_side=False)

    asan = asan.result()
    pytest(total, "transcripts octet by octet, clang asan+ubsan", ["tests/transcript"],
           {**STRICT, "ROOST": str(asan / "src" / "cli" / "roost"), "ROOST_TOOLS": str(asan / "bench"), "ROOST_REPLAY": "octets"})
    tsan = tsan.result()
    if long_run:
        pytest(total, "clients with windows", [f"tests/clients/test_{name}.py" for name in ("thunderbird", "claws", "roundcube")],
               dict(env, ROOST_LONG="1"), side_by_side=False)
        program(total, "100,000 sessions in one process",
                [str(release / "bench" / "roost-parked"), "--sessions", "100000", "--seconds", "250"])
        pytest(total, "transcripts, clang tsan", ["tests/transcript"],
               {"ROOST": str(tsan / "src" / "cli" / "roost"), "ROOST_TOOLS": str(tsan / "bench"),
                "TSAN_OPTIONS": "halt_on_error=0:exitcode=66"})
        pytest(total, "transcripts octet by octet", ["tests/transcript"], dict(env, ROOST_REPLAY="octets"))
        pytest(total, "transcripts with random cuts", ["tests/transcript"], dict(env, ROOST_REPLAY="random:50"))
        pytest(total, "faults, long", ["tests/fault"], dict(env, **ON_DISK, ROOST_LONG="1"), side_by_side=False)
        for name in ("store_power", "store_power_changes", "data_power", "journal_power"):
            program(total, f"power loss, every state: {name}",
                    ["env", "ROOST_LONG=1", str(release / "tests" / "fault" / f"fault_{name}")])
        pytest(total, "a hundred thousand accounts", ["tests/stress"], dict(env, **ON_DISK, ROOST_LONG="1"),
               side_by_side=False)
        meson_tests(total, "unit tests, every allocation failing", asan, ["unit"], dict(STRICT, ROOST_LONG="1"),
                    ["-t", "60"])
        valgrind = f"valgrind -q --error-exitcode=1 --suppressions={ROOT}/tests/support/valgrind.supp"
        meson_tests(total, "unit tests, valgrind", release, ["unit"], None, ["--wrap", valgrind, "-t", "60"])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true", help="also what takes hours")
    args = parser.parse_args()
    total = Sum()
    started = time.monotonic()
    directory = in_memory()
    if directory is not None:
        os.environ["TMPDIR"] = directory
    try:
        gate(total, args.long)
    finally:
        if directory is not None:
            shutil.rmtree(directory, ignore_errors=True)
    print(f"in {time.monotonic() - started:.0f} s")
    print(f"{total.passed} passed, {total.failed} failed, {total.skipped} skipped")
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
