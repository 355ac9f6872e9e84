# SPDX-License-Identifier: MIT
"""`./dev run`: what it prints works when it is pasted, exactly as printed."""

import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from roost_server import ROOT, binary  # noqa: E402


class Demo:
    def __init__(self, home):
        build = Path(binary()).resolve().parents[2]
        if not (build / "bench" / "roost-mailgen").exists():
            pytest.skip(f"no {build}/bench/roost-mailgen: run ./dev build")
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "bench" / "demo.py"), "--build", str(build), "--dir", str(home), "--every", "1"],
            stdout=subprocess.PIPE, env=dict(os.environ, PYTHONUNBUFFERED="1"),
            # A shell has its background jobs ignore it, and their children with them.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        self.text = ""

    def read_until(self, pattern, timeout=120):
        deadline = time.monotonic() + timeout
        while not re.search(pattern, self.text):
            assert time.monotonic() < deadline, self.text
            if select.select([self.process.stdout], [], [], 1)[0]:
                part = os.read(self.process.stdout.fileno(), 65536)
                assert part, self.text
                self.text += part.decode()

    def end(self):
        if self.process.stdout.closed:
            return self.process.returncode
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            code = self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self.text += self.process.stdout.read().decode()
        self.process.stdout.close()
        return code


@pytest.fixture
def demo(tmp_path):
    demo = Demo(tmp_path / "a demo")  # paths with blanks are pasted too
    try:
        yield demo
    finally:
        demo.end()


def paste(text):
    done = subprocess.run(["bash"], input=text, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "error" not in done.stderr.lower(), done.stdout + done.stderr
    return done.stdout


def messages(folder):
    return len(list((folder / "cur").iterdir())) + len(list((folder / "new").iterdir()))


def test_what_is_printed_works_when_pasted(demo, tmp_path):
    demo.read_until("Ctrl-C ends it")
    mail = tmp_path / "a demo" / "mbsync" / "mail"
    curl = re.search(r"^  (curl -s .*)$", demo.text, re.M).group(1)
    sessions = re.search(r"^Who is connected: +(.*)$", demo.text, re.M).group(1)
    sync = re.search(r"^mkdir -p .*?^mbsync -c .*?$", demo.text, re.M | re.S).group(0)

    assert "nobody is connected" in paste(sessions + "\n")
    assert re.match(r"(From|Received|Return-Path|Date|Subject|Message-ID|To|MIME-Version)\S*: ", paste(curl + "\n"))
    if shutil.which("mbsync") is None:
        pytest.skip("mbsync is not installed")
    paste(sync + "\n")
    folders = {str(path.parent.relative_to(mail)) for path in mail.rglob("cur")}
    assert {"INBOX", "Archive", "Sent", "Work/Projects", "Lists/imap", "Junk"} <= folders, folders
    assert messages(mail / "INBOX") >= 240 and messages(mail / "Lists/imap") == 150
    before = messages(mail / "INBOX")

    # Another message comes; the same lines again bring it.
    demo.text = ""
    demo.read_until("delivered a message to INBOX")
    paste(sync + "\n")
    assert messages(mail / "INBOX") > before
    assert demo.end() == 0 and "ended" in demo.text
