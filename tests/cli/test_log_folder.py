# SPDX-License-Identifier: MIT
"""A log folder that cannot be written: the server does not start, and a reload keeps the file that is open."""

import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from roost_server import Roost, binary  # noqa: E402

NOBODY = 65534


@contextlib.contextmanager
def ordinary():
    """A server that is not root's, whom no mode stops; not started."""
    prefix, program, copy = [], None, None
    if os.getuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root needs setpriv to be somebody else")
        copy = Path(tempfile.mkdtemp(prefix="roost-binary-"))
        program = str(copy / "roost")
        shutil.copy(binary(), program)
        prefix = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    with Roost(start=False, prefix=prefix, program=program) as server:
        if copy is not None:
            for path in [copy, Path(program), server.dir, server.home, *server.home.rglob("*")]:
                os.chown(path, NOBODY, NOBODY)
        yield server
    if copy is not None:
        shutil.rmtree(copy)


@pytest.mark.parametrize("today", [False, True], ids=["no file", "today's file"])
def test_it_does_not_start(today):
    with ordinary() as server:
        folder = server.home / "log"
        if today:
            server.start()
            assert server.stop() == 0
        folder.chmod(0o500)
        with pytest.raises(AssertionError, match="did not start"):
            server.start()
        assert server.process.wait(timeout=30) == 1
        said = server.stderr()
        assert f"log: the server's user cannot write to {folder}; use chown or chmod" in said, said
        assert "Permission denied" in said
        folder.chmod(0o700)
        server.process = None
        server.start()


def said_wait(server, text):
    deadline = time.monotonic() + 20
    while text not in server.stderr():
        assert time.monotonic() < deadline, server.stderr()
        time.sleep(0.02)


def test_reload_keeps_the_file_that_is_open():
    with ordinary() as server:
        server.options.append("log.levels=PSF")
        server.start()
        server.log_wait("P 07202")
        folder = server.home / "log"
        [path] = folder.glob("roost-*.log")
        moved = path.rename(folder / "old.log")  # as logrotate does
        folder.chmod(0o500)
        server.process.send_signal(signal.SIGHUP)
        said_wait(server, f"roost: reload: log: the server's user cannot write to {folder}")
        server.connect("lmtp").close()
        server.log_wait("S 07001 1 end ")
        server.log_wait("F 07206 0 reload: log: .* cannot write to .*; entries go on into the file that was open")
        assert "P 07203 0 configuration reloaded" in moved.read_text() and not path.exists()
        folder.chmod(0o700)
        before = moved.read_text()
        server.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 20
        while not path.exists() or "P 07203" not in path.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert moved.read_text() == before
