# SPDX-License-Identifier: MIT
"""Every limit of src/base/limits.h is used, and named by a test that goes up to it and beyond; and where a peer, a message or a
file can bring far more than that at once, by one that does."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))

from limits import DEFINED, TEXT, limit  # noqa: E402

# No test names these, and why that is right.
UNTESTED = {
    "LIMIT_ORDER_OCTETS": "256 MiB for one SORT; test_threads and test_rank give the same code less.",
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

# --- Far beyond ---

FAR = 10  # times as much
LEAST_NUMBER = 10_000  # a plain number in a test that is smaller may mean something else
NUMBER = re.compile(r"(?<![\w.])(0x[0-9a-fA-F]+|\d[\d_]*)[uUlL]*(?: ?<< ?(\d+))?(?![\w.])")


def numbers(text):
    for digits, shift in NUMBER.findall(text):
        yield int(digits.replace("_", ""), 16 if digits.startswith("0x") else 10) << int(shift or 0)
    if re.search(r"\bUINT(32|64)_MAX\b", text):
        yield 1 << 40


def functions(path, text):
    """Its functions, each with the lines between it and the one before."""
    return re.split(r"(?m)^}\n" if path.suffix in {".c", ".h"} else r"(?m)^(?=@|def )", text)


def other_names(text):
    """What limits are called there: {name: limit}."""
    names = dict(re.findall(r"\b(\w+) = (LIMIT_\w+)\b", text))
    for left, right in re.findall(r'(?m)^ *([\w, ]+) = (.*limit\("LIMIT_.*)$', text):
        names |= dict(zip(left.split(", "), re.findall(r'limit\("(LIMIT_\w+)"\)', right)))
    return names


def farthest(name, words, function):
    """The largest number that has to do with the limit in a function, as a multiple of it."""
    word = "(?:" + "|".join(rf'limit\("{w}"\)|limit\({w}\)|\b{w}\b' for w in words) + ")"
    if not re.search(word, function):
        return 0
    factor = r"\(?(\d+)[uUlL]*\)?"
    times = re.findall(rf"{factor} \* (?:\([\w ]+\) ?)?{word}|{word} \* {factor}", function)
    plain = [number / limit(name) for number in numbers(function) if number >= LEAST_NUMBER]
    return max([int(a or b) for a, b in times] + plain, default=1)


def far_beyond():
    found = dict.fromkeys(DEFINED, 0)
    for path in (ROOT / "tests").rglob("*"):
        if path.suffix not in {".c", ".h", ".py"} or path == Path(__file__).resolve():
            continue
        text = path.read_text(errors="replace")
        of_file = other_names("\n".join(re.findall(r"(?m)^\w.*$", text)))
        for function in functions(path, text):
            here = of_file | other_names(function)
            in_turn = set(re.findall(r'"(LIMIT_\w+)"[,:]|, "(LIMIT_\w+)"\)', text[: text.find("\ndef ")] + function))
            in_turn = {a or b for a, b in in_turn} if "limit(name)" in function else set()  # a table of them
            for name in set(re.findall(r"\bLIMIT_\w+", function)) | set(here.values()) | in_turn:
                if name in DEFINED:
                    words = [name] + [word for word, of in here.items() if of == name] + ["name"] * (name in in_turn)
                    found[name] = max(found[name], farthest(name, words, function))
    return found


# No test goes ten times beyond these, and why there is nothing to see. What is a time is not among them: a clock that is moved
# further shows nothing new.
NEAR = {
    "One more comes at a time, and each meets the same bound": """
        LIMIT_ACL_ALL LIMIT_MAILBOXES LIMIT_SUBSCRIPTIONS LIMIT_GROUPS LIMIT_KEYWORDS_CROWDED LIMIT_METADATA_ENTRIES
        LIMIT_METADATA_ALL_ENTRIES
        LIMIT_METADATA_ALL_OCTETS LIMIT_METADATA_GUEST_ENTRIES LIMIT_METADATA_GUEST_OCTETS LIMIT_PLACE_WAITERS
        LIMIT_NETWORK_DEVICES LIMIT_NETWORK_DOUBTS LIMIT_SLOT_WAITERS LIMIT_PARTING LIMIT_IDLE_ACCOUNTS LIMIT_QUOTA_COMMANDS
        LIMIT_LOGS_NOTED LIMIT_SPARE_HANDLES LIMIT_READERS LIMIT_AUTH_CACHE LIMIT_AUTH_REFUSED LIMIT_THROTTLE LIMIT_GUESSES_KEPT
        LIMIT_GUESSES_LEFT LIMIT_JOURNAL_QUEUE LIMIT_FOREIGN_OPEN LIMIT_FOREIGN_KEPT LIMIT_FOREIGN_NEWEST""",
    "What is more is done in the next piece, in the same way": """
        LIMIT_ACCEPT_BATCH LIMIT_TURN_BATCH LIMIT_TURN_BATCH_OCTETS LIMIT_BODY_CHUNK LIMIT_OUTPUT_HIGH_WATER LIMIT_LOG_ROOM
        LIMIT_INDEX_MERGE_OCTETS""",
    "A size that is kept to, or from which something is done": """
        LIMIT_DISK_RESERVE LIMIT_START_OCTETS LIMIT_WAL_OCTETS LIMIT_LOG_LEFT_OCTETS LIMIT_LOG_QUIET_OCTETS LIMIT_LOG_MEMO_FRAMES
        LIMIT_LOG_MEMOS_OCTETS LIMIT_SCRAM_ITERATIONS LIMIT_VERSION_CACHE LIMIT_APPEND_ALL_MAX
        LIMIT_FILTER_PROCESSES""",
    "More than another limit lets through: of results, names, octets, items, entries of a commit": """
        LIMIT_CONTEXTS_OCTETS LIMIT_CONTEXT_FIRST_OCTETS LIMIT_COPYUID LIMIT_GUEST_MAILBOXES LIMIT_GUEST_MAILBOX_OCTETS
        LIMIT_NOTIFY_GUESTS LIMIT_RECORD_TEXT LIMIT_CHANGE_LOG LIMIT_COPY_ACROSS_OCTETS LIMIT_EXTRACT_TEXT""",
    "Gigabytes; tests give the same code less": """
        LIMIT_ORDER_OCTETS LIMIT_ORDER_ALL_OCTETS LIMIT_SEARCH_HITS_ALL_OCTETS LIMIT_CONTEXTS_ALL_OCTETS LIMIT_NOTIFY_GUESTS_ALL_OCTETS LIMIT_MAIL_UNPACKED
        LIMIT_OUTPUT_MAX LIMIT_EXTRACT_MEMORY""",
    "bounds_of_every_number (test_config.c) goes to the end of 64 bits": "LIMIT_APPEND_MAX",
}


def test_each_limit_is_passed_by_far():
    near = [name for names in NEAR.values() for name in names.split()]
    times = {name for name in DEFINED if re.search(r"_(MS|US|S|DAYS)$", name)}
    found = far_beyond()
    missing = {name for name, times in found.items() if times < FAR} - set(near) - times
    assert not missing, f"no test goes far beyond {sorted(missing)}"
    told = [name for name in near if name not in DEFINED or found[name] >= FAR or near.count(name) > 1]
    assert not told, f"take them off the list: {told}"
