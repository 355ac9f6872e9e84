# SPDX-License-Identifier: MIT
"""Sessions that idle, held by a client process that takes words: see bench/load_hold.c."""

import contextlib
import json
import subprocess

from servers import PASSWORD, BenchError


class Holder:
    """One client process with idling sessions; takes the words of roost-imapload hold."""

    def __init__(self, tool, server, users, *, tls=False, user=None, rcpt=None, first=1,
                 seconds=5, mailbox="INBOX", notify=False):
        argv = [tool, "hold", "--port", server.imaps_port if tls else server.imap_port,
                "--lmtp-port", server.lmtp_port, "--user", server.user(user or "%"), "--users",
                users, "--rcpt", rcpt or server.rcpt(user or 1), "--first", first, "--seconds",
                seconds, "--mailbox", mailbox, "--password", PASSWORD, "--spread",
                *(["--tls"] if tls else []), *(["--notify"] if notify else [])]
        self.process = subprocess.Popen([str(word) for word in argv],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.count = 0

    def ask(self, word, count=0, may_fail=False):
        self.process.stdin.write(f"{word} {count}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise BenchError(f"the load client ended at: {word} {count}")
        result = json.loads(line)
        if result["failed"] and not may_fail:
            raise BenchError(f"{word} {count}: {result['failed']} sessions failed")
        return result

    def open(self, count):
        if count > 0:
            self.ask("open", count)
            self.count += count

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
