# SPDX-License-Identifier: MIT
"""The same transcripts over an engine whose reads and leases say "come again" first: every command parks
and goes on (tests/support/seam_engine.h)."""

import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
sys.path.insert(0, str(HERE))

from roost_server import binary  # noqa: E402
from test_transcripts import shared, test_transcript  # noqa: E402, F401


@pytest.fixture(scope="module", autouse=True)
def over_the_seam():
    usual = os.environ.get("ROOST")
    os.environ["ROOST"] = str(Path(binary()).resolve().parents[2] / "tests" / "support" / "roost-seam")
    yield
    if usual is None:
        del os.environ["ROOST"]
    else:
        os.environ["ROOST"] = usual
