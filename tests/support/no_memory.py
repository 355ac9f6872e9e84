# SPDX-License-Identifier: MIT
"""A Roost whose allocations fail as a test has planned: tests/support/fault_alloc.c."""

import mmap
import os
import random
import struct
import tempfile
import time
from pathlib import Path

from roost_server import binary

LONG = bool(os.environ.get("ROOST_LONG"))
SAMPLE_S = 8  # of a test that is not long
SAMPLE_MIN = 21  # tries, however busy the machine is
ONE, ALL_FROM = 0, 1
NEVER = 1 << 62
ARMED, KIND, NTH, COUNT, FAILED = range(0, 40, 8)
NAME = "roost-no-memory"


def program():
    path = Path(binary()).parents[2] / "tests" / "support" / NAME
    assert path.exists(), f"no {path}: build it"
    return str(path)


class Plan:
    """tests/support/fault_alloc.c: struct plan, in a file that the program maps."""

    def __init__(self):
        self.file = tempfile.NamedTemporaryFile(prefix="roost-plan-")
        self.file.write(bytes(40))
        self.file.flush()
        self.map = mmap.mmap(self.file.fileno(), 40)
        self.env = {"ROOST_FAULT_ALLOC": self.file.name}

    def _set(self, at, value):
        self.map[at : at + 8] = struct.pack("=Q", value)

    def _get(self, at):
        return struct.unpack("=Q", self.map[at : at + 8])[0]

    def arm(self, kind, nth):
        for at, value in ((KIND, kind), (NTH, nth), (COUNT, 0), (FAILED, 0), (ARMED, 1)):
            self._set(at, value)

    def disarm(self):
        """How many allocations have failed."""
        self._set(ARMED, 0)
        return self._get(FAILED)

    def count(self):
        return self._get(COUNT)


def tries(total, sample_s=SAMPLE_S):
    """(kind, nth): all of them, or a sample: as many as the time allows, and never too few to mean something."""
    every = [(kind, nth) for kind in (ONE, ALL_FROM) for nth in range(1, total + 1)]
    if LONG:
        yield from every
        return
    random.Random(total).shuffle(every)
    end = time.monotonic() + sample_s
    for n, one in enumerate(every):
        if n >= SAMPLE_MIN and time.monotonic() > end:
            return
        yield one
