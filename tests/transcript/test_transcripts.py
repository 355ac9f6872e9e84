# SPDX-License-Identifier: MIT
"""Plays every transcript in tests/transcript/t; see script.py for their language.

ROOST_REPLAY=octets sends everything one octet at a time, random:N plays each N times with random
cuts: what the server says must not depend on how the network cuts what it is told.
"""

import itertools
import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
sys.path.insert(0, str(HERE))

from roost_server import Roost  # noqa: E402
from script import Player, Script  # noqa: E402

SCRIPTS = sorted((HERE / "t").rglob("*.t"))
TIMES = int(os.environ["ROOST_REPLAY"].split(":")[1]) if os.environ.get("ROOST_REPLAY", "").startswith("random:") else 1


# No script meets the mail of another, nor of the time before.
ACCOUNTS = TIMES * sum(step[1] == "account" for path in SCRIPTS for step in Script(path).steps)


@pytest.fixture(scope="module")
def shared():
    with Roost(options=["log.levels=APSF", "limits.max_connections_per_user=10"],
               accounts=[f"user{i}" for i in range(ACCOUNTS)]) as server:
        counter = itertools.count()
        yield server, lambda: f"user{next(counter)}"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: str(p.relative_to(HERE / "t"))[:-2])
def test_transcript(path, shared):
    script = Script(path)
    for again in range(TIMES):
        if not script.options:
            Player(shared[0], script, shared[1], again).play()
            continue
        with Roost(options=["log.levels=APSF", *script.options], accounts=["one", "two", "three"]) as own:
            names = iter(["one", "two", "three"])
            Player(own, script, lambda: next(names), again).play()
