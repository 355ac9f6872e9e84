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
    # A pace or a slice: what is beyond it is done a moment later, and nothing is refused.
    "LIMIT_ACCEPT_BATCH": "slice",
    "LIMIT_LEAVING_PACE": "slice",
    "LIMIT_OUTPUT_HIGH_WATER": "slice: test_slow_reader_of_a_huge_fetch goes far beyond it",
    "LIMIT_BODY_CHUNK": "slice: test_message has texts of many sizes around it",
    "LIMIT_FOREIGN_SAMPLE": "slice",
    # Times that tests make shorter, or stop waiting for.
    "LIMIT_ACK_LOOK_US": "time",
    "LIMIT_FINISH_MS": "time",
    "LIMIT_LINGER_US": "time",
    "LIMIT_PLACE_WAIT_US": "time",
    "LIMIT_PROXY_US": "time",
    "LIMIT_KEY_PATIENCE_MS": "time",
    "LIMIT_QUOTA_COMMAND_US": "time",
    "LIMIT_DB_WAIT_MS": "time",
    "LIMIT_NETWORK_COMEBACK_S": "time",
    "LIMIT_NETWORK_KEEP_DAYS": "time",
    # Defaults; tests choose smaller ones for the same code.
    "LIMIT_AUTH_CACHE": "default: test_auth_cache",
    "LIMIT_AUTH_REFUSED": "default: test_auth_cache",
    "LIMIT_KNOWN": "default: test_known",
    "LIMIT_JOURNAL_DAYS": "default: test_journal old_ones_go",
    "LIMIT_JOURNAL_OCTETS": "default: test_journal the_size_is_bounded",
    "LIMIT_SCRAM_ITERATIONS": "default: fewer in tests, for speed",
    # Memory of hundreds of MiB, or ten thousand accounts: not in the gate.
    "LIMIT_CHANGE_LOG": "large",
    "LIMIT_VERSION_CACHE": "large",
    "LIMIT_IDLE_ACCOUNTS": "large",
    "LIMIT_ORDER_OCTETS": "large: test_threads and test_merge have smaller ones for the same code",
    "LIMIT_ORDER_ALL_OCTETS": "large",
    "LIMIT_LOG_QUEUE": "large: test_log many_threads fills it when the disk is slow",
}


def named(where, suffixes, without=()):
    names = set()
    for folder in where:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in suffixes and path.name not in without:
                names |= set(re.findall(r"\bLIMIT_\w+", path.read_text(errors="replace")))
    return names


def test_each_limit_has_a_number():
    assert len(DEFINED) > 100 and all(limit(name) > 0 for name in DEFINED)


def test_no_limit_is_dead():
    used = named(["src"], {".c", ".h", ".def"}, without={"limits.h"})
    used |= {name for name in DEFINED if len(re.findall(rf"\b{name}\b", TEXT)) > 1}
    assert not set(DEFINED) - used, f"nothing uses {sorted(set(DEFINED) - used)}"


def test_each_limit_is_tested():
    tested = named(["tests"], {".c", ".h", ".py", ".t"}, without={"test_limits.py"})
    missing = set(DEFINED) - tested - set(UNTESTED)
    assert not missing, f"no test names {sorted(missing)}"
    told = set(UNTESTED) & tested
    assert not told, f"a test names them now: take them off the list: {sorted(told)}"
    assert not set(UNTESTED) - set(DEFINED), f"gone: {sorted(set(UNTESTED) - set(DEFINED))}"
