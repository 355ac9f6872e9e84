# SPDX-License-Identifier: MIT
"""Each difference between the versions of IMAP is played by clients of all of them."""

import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
TABLE = HERE.parent.parent / "src" / "imap" / "dialect.def"


def test_each_difference_is_played():
    named = re.findall(r"^DIFFERENCE\((\w+),", TABLE.read_text(), re.M)
    played = {path.stem: path.read_text() for path in (HERE / "t" / "imap" / "dialect").glob("*.t")}
    assert sorted(named) == sorted(played)
    for name, script in played.items():
        enables = set(re.findall(r"(?:ENABLE|LOGIN) .*?(UTF8=ACCEPT|IMAP4rev2)$", script, re.M))
        assert enables == {"UTF8=ACCEPT", "IMAP4rev2"}, name
