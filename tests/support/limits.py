# SPDX-License-Identifier: MIT
"""The numbers of src/base/limits.h, by name, for tests that talk to a server."""

import re
from pathlib import Path

TEXT = (Path(__file__).resolve().parent.parent.parent / "src" / "base" / "limits.h").read_text()
DEFINED = {
    name: re.sub(r"/\*.*?\*/", "", value.replace("\\\n", " "), flags=re.S).strip()
    for name, value in re.findall(r"^#define (LIMIT_\w+)((?:[^\n]*\\\n)*[^\n]*(?:\n(?! *#|\n)[^\n]*)*)", TEXT, re.M)
}


def limit(name):
    """Its value: a number, a shifted number, or another limit."""
    value = re.sub(r"(?<=[0-9a-fA-F])[uUlL]+\b", "", DEFINED[name]).strip("() \n")
    if value in DEFINED:
        return limit(value)
    match = re.fullmatch(r"(\w+)(?:\s*<<\s*(\d+))?", value)
    assert match, f"{name}: {value!r}"
    return int(match[1], 0) << int(match[2] or 0)
