# SPDX-License-Identifier: MIT
"""Names and lines that editors and bindings of other languages can read."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Words of C++ that are no words of C, or macros of C's own headers that C code uses on purpose.
CPLUSPLUS = re.compile(r"\b(and_eq|asm|bitand|bitor|catch|class|compl|concept|const_cast|constexpr|decltype|delete|"
                       r"dynamic_cast|explicit|export|friend|mutable|namespace|new|noexcept|not|not_eq|nullptr|operator|"
                       r"or|or_eq|and|private|protected|public|reinterpret_cast|requires|static_cast|template|this|throw|"
                       r"try|typeid|typename|using|virtual|xor|xor_eq)\b")
COMMENTS_AND_TEXTS = re.compile(r"""/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|^\s*#\s*(?:include|error)[^\n]*""", re.S | re.M)


def test_no_name_is_a_keyword_of_cplusplus():
    found = []
    for folder in ("src", "bench", "tests"):
        for path in sorted((ROOT / folder).rglob("*.[ch]")):
            code = COMMENTS_AND_TEXTS.sub(lambda gap: "\n" * gap.group().count("\n"), path.read_text())
            for number, line in enumerate(code.splitlines(), 1):
                found += [f"{path.relative_to(ROOT)}:{number}: {word}" for word in CPLUSPLUS.findall(line)]
    assert not found, "\n".join(found)


def test_no_line_is_too_long():
    """clang-format does not reflow comments, so a line of one is as long as somebody left it."""
    limit = int(re.search(r"^ColumnLimit: *(\d+)", (ROOT / ".clang-format").read_text(), re.M)[1])
    found = []
    for folder in ("src", "bench", "tests"):
        for path in sorted((ROOT / folder).rglob("*.[ch]")):
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if len(line) > limit:
                    found.append(f"{path.relative_to(ROOT)}:{number}: {len(line)} columns")
    assert not found, "\n".join(found)
