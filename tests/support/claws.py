# SPDX-License-Identifier: MIT
"""Debian's Claws Mail, with a configuration of its own, on a screen of its own, driven through its own remote
commands (`claws-mail --receive-all` and the like talk to the one that runs) and keys that are pressed in its window."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

from screen import Screen

PLAIN, TLS, STARTTLS = 0, 1, 2  # SSLType

ACCOUNT = """[Account: 1]
config_version=4
account_name=Roost
is_default=1
name=Anna
address=anna@example.org
protocol=1
receive_server=127.0.0.1
user_id=@user@
receive_at_get_all=1
set_imapport=1
imap_port=@port@
ssl_imap=@security@
imap_subsonly=1
"""
# The folders of the account are asked for when it is seen for the first time.
FOLDERS = """<?xml version="1.0" encoding="UTF-8"?>
<folderlist version="4">
    <folder type="mh" name="Mailbox" path="@folder@/Mail" collapsed="0" sort="0">
        <folderitem type="inbox" name="inbox" path="inbox"/>
        <folderitem type="outbox" name="sent" path="sent"/>
        <folderitem type="draft" name="draft" path="draft"/>
        <folderitem type="queue" name="queue" path="queue"/>
        <folderitem type="trash" name="trash" path="trash"/>
    </folder>
</folderlist>
"""
# Nobody vouches for the certificate of a test.
COMMON = """[Common]
config_version=4
skip_ssl_cert_check=1
"""


class Claws:
    """password: without blanks, for it stands in the file of passwords as it is."""

    def __init__(self, folder, user, password, port, security=PLAIN):
        self.folder = Path(folder)
        self.config = self.folder / "config"
        self.config.mkdir()
        for name in ("inbox", "sent", "draft", "queue", "trash"):
            (self.folder / "Mail" / name).mkdir(parents=True)
        account = ACCOUNT
        for name, value in (("user", user), ("port", port), ("security", security)):
            account = account.replace(f"@{name}@", str(value))
        (self.config / "accountrc").write_text(account)
        (self.config / "passwordstorerc").write_text(f"[account:1]\nrecv {password}\n")
        (self.config / "folderlist.xml").write_text(FOLDERS.replace("@folder@", str(self.folder)))
        (self.config / "clawsrc").write_text(COMMON)
        self.screen = self.process = None

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *exc):
        self.kill()

    def start(self):
        self.screen = Screen(self.folder)
        # Where the one that runs has its socket.
        self.run = self.folder / "run"
        self.run.mkdir(mode=0o700, exist_ok=True)
        self.env = dict(self.screen.env, XDG_RUNTIME_DIR=str(self.run), NO_AT_BRIDGE="1", GSETTINGS_BACKEND="memory")
        self.output = open(self.folder / "output", "ab")
        self.process = subprocess.Popen(["claws-mail", "--debug", "--alternate-config-dir", str(self.config)],
                                        env=self.env, stdout=self.output, stderr=subprocess.STDOUT,
                                        stdin=subprocess.DEVNULL, start_new_session=True)
        self.wait("the account's folders", lambda: "INBOX" in self.counts(), 60)
        self.window = self.wait("its window", lambda: self.tool("search", "--onlyvisible", "--name", "Claws Mail 4"))

    def words(self):
        return (self.folder / "output").read_text(errors="replace")[-6000:]

    def wait(self, what, true, seconds=30):
        """Until true() is."""
        deadline = time.monotonic() + seconds
        while not (value := true()):
            assert self.process.poll() is None and time.monotonic() < deadline, f"{what}: not within {seconds} s\n{self.words()}"
            time.sleep(0.1)
        return value

    def remote(self, *words):
        """A command for the one that runs; what it answers."""
        done = subprocess.run(["claws-mail", "--alternate-config-dir", str(self.config), *words], env=self.env,
                              capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
        return done.stdout

    def counts(self):
        """Of each folder of the account what its list shows: (new, unread, messages)."""
        if self.socket() is None:  # a remote command would become another one that runs
            return {}
        told = self.remote("--status-full")
        return {name: (int(new), int(unread), int(total)) for new, unread, total, name in
                re.findall(r"^ *(\d+) +(\d+) +(\d+) #imap/Roost/(.*)$", told, re.M)}

    def socket(self):
        return next((path for path in self.run.rglob("*") if path.is_socket()), None)

    def tool(self, *words):
        return subprocess.run(["xdotool", *words], env=self.env, capture_output=True, text=True, timeout=60).stdout.strip()

    def rest(self, quiet, seconds=30):
        """Until it has said nothing for so long, of all that it says with --debug. Returns how much that is."""
        deadline = time.monotonic() + seconds
        size, since = -1, 0
        while size < 0 or time.monotonic() - since < quiet:
            assert time.monotonic() < deadline, self.words()
            if (now := self.said()) != size:
                size, since = now, time.monotonic()
            time.sleep(0.05)
        return size

    def said(self):
        return (self.folder / "output").stat().st_size

    def press(self, key, seconds=30):
        """Once. It ignores keys while it is busy, and then says nothing of them."""
        deadline = time.monotonic() + seconds
        while True:
            before = self.rest(0.5)
            self.tool("windowfocus", "--sync", self.window.split()[0])
            self.tool("key", key)
            patience = time.monotonic() + 2
            while time.monotonic() < patience:
                if self.said() != before:
                    return
                time.sleep(0.05)
            assert time.monotonic() < deadline, f"{key} is not heard\n{self.words()}"

    def receive(self, what, wanted, seconds=60):
        """As by "Get Mail", again and again as its timer does, until the lists are as wanted(counts) says."""
        deadline = time.monotonic() + seconds
        while True:
            self.remote("--receive-all")
            try:
                return self.wait(what, lambda: wanted(self.counts()), 3)
            except AssertionError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise

    def quit(self):
        self.remote("--exit")
        code = self.process.wait(60)
        assert code == 0, self.words()

    def kill(self):
        if self.process:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
            self.output.close()
        if self.screen:
            self.screen.close()
