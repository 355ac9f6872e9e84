# SPDX-License-Identifier: MIT
"""Every limit of src/base/limits.h is used, and named by a test that goes up to it and beyond."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))

from limits import DEFINED, TEXT, limit  # noqa: E402

# No test names these, and why that is right.
UNTESTED = {
    "LIMIT_OUTPUT_HIGH_WATER": "A command that has written so much goes on when its client has read; nothing is refused. "
                               "test_slow_reader_of_a_huge_fetch and test_who_does_not_read_the_goodbye stand beyond it.",
    "LIMIT_ORDER_OCTETS": "256 MiB for one SORT; test_threads and test_merge give the same code less.",
    "LIMIT_QUOTA_COMMAND_US": "A minute for a program of the administrator's; then it is killed.",
}


def named(where, suffixes, without):
    names = set()
    for folder in where:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in suffixes and path.relative_to(ROOT) != Path(without):
                names |= set(re.findall(r"\bLIMIT_\w+", path.read_text(errors="replace")))
    return names


def test_each_limit_has_a_number():
    assert len(DEFINED) > 100 and all(limit(name) > 0 for name in DEFINED)


def test_no_limit_is_dead():
    used = named(["src"], {".c", ".h", ".def"}, without="src/base/limits.h")
    used |= {name for name in DEFINED if len(re.findall(rf"\b{name}\b", TEXT)) > 1}
    assert not set(DEFINED) - used, f"nothing uses {sorted(set(DEFINED) - used)}"


def test_each_limit_is_tested():
    tested = named(["tests"], {".c", ".h", ".py", ".t"}, without="tests/test_limits.py")
    missing = set(DEFINED) - tested - set(UNTESTED)
    assert not missing, f"no test names {sorted(missing)}"
    told = set(UNTESTED) & tested
    assert not told, f"a test names them now: take them off the list: {sorted(told)}"
    assert not set(UNTESTED) - set(DEFINED), f"gone: {sorted(set(UNTESTED) - set(DEFINED))}"
