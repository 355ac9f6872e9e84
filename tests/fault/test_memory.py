# SPDX-License-Identifier: MIT
"""Memory runs out at each allocation in turn, under a whole session of each door: the client gets an
answer or the end of its connection, nothing acknowledged is lost, what was refused has not happened, and
the server goes on serving everybody. ROOST_LONG tries each allocation, otherwise as many as the time allows."""

import re
import socket
import sys
import zlib
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from no_memory import LONG, NEVER, ONE, Plan, program, tries  # noqa: E402
from roost_server import PASSWORD, Deflated, Roost  # noqa: E402

PATIENCE_S = 20  # for an answer
OPEN = '"Other Users/witness/Open"'
CODES = {"APPENDUID", "CAPABILITY", "CLOSED", "COPYUID", "HIGHESTMODSEQ", "INUSE", "LIMIT", "READ-WRITE", "SERVERBUG",
         "TRYCREATE", "UNAVAILABLE", "NOTSAVED", "OVERQUOTA", "ALREADYEXISTS", "NONEXISTENT", "MAILBOXID", "EXPUNGEISSUED"}


class Closed(Exception):
    """The server has ended the connection."""


class Client:
    """A session that takes whatever answer the protocol allows."""

    def __init__(self, peer):
        self.peer, self.tags, self.said = peer, 0, []
        peer.socket.settimeout(PATIENCE_S)

    def _line(self):
        try:
            line = self.peer.line()
        except (EOFError, ConnectionError, OSError) as end:
            if isinstance(end, socket.timeout):
                raise AssertionError(f"no answer: {self.said[-5:]}") from end
            raise Closed from end
        self.said.append(line)
        return line

    def greeting(self):
        line = self._line()
        assert line.startswith(("* OK ", "* BYE ", "220 ", "421 ")), line
        if not line.startswith(("* OK ", "220 ")):
            self.closes()

    def closes(self):
        while True:
            self._line()

    def _send(self, data):
        self.said.append("C: " + data[:60])
        try:
            self.peer.send(data)
        except OSError:
            pass  # what it said before it closed is still there to be read

    def imap(self, command, literal=None):
        """OK, NO or BAD; Closed."""
        self.tags += 1
        tag = f"m{self.tags}"
        if literal is not None:
            command += f" {{{len(literal)}+}}\r\n{literal}"
        self._send(f"{tag} {command}\r\n")
        while True:
            line = self._line()
            if line.startswith(tag + " "):
                word = line.split(" ")[1]
                assert word in ("OK", "NO", "BAD"), line
                code = re.match(r"\S+ \S+ \[([^] ]*)", line)
                assert not code or code.group(1) in CODES, line
                return word
            assert line.startswith(("* ", "+ ")), line
            if line.startswith("* BYE") and not command.startswith("LOGOUT"):
                self.closes()

    def idle(self):
        self._send("i IDLE\r\n")
        line = self._line()
        while line.startswith("* "):
            line = self._line()
        if line.startswith("+"):
            self._send("DONE\r\n")
            while not line.startswith("i "):
                line = self._line()
        assert re.match(r"i (OK|NO|BAD) ", line), line

    def lmtp(self, data, replies=1):
        self._send(data)
        answers = []
        while len(answers) < replies:
            line = self._line()
            assert re.match(r"[2345]\d\d[ -]", line), line
            if line.startswith("421"):
                self.closes()
            if line[3] == " ":
                answers.append(line)
        return answers


def text_of(name):
    return (f"From: a@example.org\r\nTo: b@example.org\r\nSubject: =?utf-8?q?{name}_=C3=BC?=\r\n"
            f"Message-ID: <{name}@memory>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
            "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nzucchini\r\n"
            "--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            "AAAA\r\n--b--\r\n")


def imap_session(client, account, kept, compress=False):
    """Says what was acknowledged in kept: a Message-ID's name, and the mailbox it is in."""
    client.greeting()
    if client.imap("CAPABILITY") == "OK":
        words, = [line for line in client.said if line.startswith("* CAPABILITY")]
        assert words.startswith("* CAPABILITY IMAP4rev1 ") and " IDLE" in words, words
    if client.imap(f'LOGIN {account} "{PASSWORD}"') != "OK":
        return
    if compress and client.imap("COMPRESS DEFLATE") == "OK":
        client.peer.socket = Deflated(client.peer.socket, flush=zlib.Z_PARTIAL_FLUSH)
    client.imap('ID ("name" "x" "version" "1")')
    client.imap("ENABLE CONDSTORE QRESYNC METADATA")
    client.imap('SETMETADATA INBOX (/private/comment "x" /shared/comment "y")')
    client.imap("GETMETADATA (DEPTH infinity) INBOX (/private /shared)")
    client.imap('LIST "" * RETURN (METADATA (/shared/comment))')
    client.imap('LIST "" * RETURN (STATUS (MESSAGES UNSEEN))')
    client.imap("SELECT INBOX")
    for name in ("one", "two"):
        kept[name] = client.imap("APPEND INBOX (\\Seen $Word)", text_of(name)), "INBOX"
    client.imap("NOOP")
    client.imap("UID SEARCH RETURN (UPDATE (UID FLAGS) ALL) UNFLAGGED TEXT zucchini 1:*")
    client.imap("SEARCH RETURN (UPDATE COUNT) OR UID 2:* YOUNGER 3600")
    client.imap("FETCH 1:* (UID FLAGS ENVELOPE BODYSTRUCTURE BODY.PEEK[] BODY.PEEK[1])")
    client.imap("STORE 1:* +FLAGS (\\Flagged $Other)")
    client.imap('SEARCH RETURN (ALL COUNT) OR TEXT zucchini SUBJECT "ü"'.encode().decode("latin-1"))
    client.imap("SORT (REVERSE SUBJECT DATE) UTF-8 ALL")
    client.imap("THREAD REFERENCES UTF-8 ALL")
    client.imap("CREATE Archive")
    client.imap("SUBSCRIBE Archive")
    client.imap("STATUS Archive (MESSAGES UIDNEXT HIGHESTMODSEQ)")
    client.imap("COPY 1 Archive")
    client.imap("MOVE 1 Archive")
    client.imap("ESEARCH IN (subtree Archive mailboxes INBOX) RETURN (ALL COUNT) TEXT zucchini")
    client.imap("RENAME Archive Old")
    client.idle()
    client.imap("STORE 1:* +FLAGS.SILENT (\\Deleted)")
    client.imap("EXPUNGE")
    kept["three"] = client.imap("APPEND INBOX", text_of("three")), "INBOX"
    client.imap("UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)")
    client.imap("DELETE Old")
    client.imap("LOGOUT")


def sharing_session(client, account, kept):
    """In a mailbox that the witness shares with all: what was acknowledged is in it."""
    client.greeting()
    if client.imap(f'LOGIN {account} "{PASSWORD}"') != "OK":
        return
    client.imap("CREATE Mine")
    client.imap("SETACL Mine witness lrswipkxtea")
    client.imap("SETACL Mine group:team lr")
    client.imap("GETACL Mine")
    client.imap("LISTRIGHTS Mine witness")
    client.imap("SETACL Mine -witness r")
    client.imap("DELETEACL Mine witness")
    client.imap('LIST "" * RETURN (MYRIGHTS SUBSCRIBED STATUS (MESSAGES))')
    client.imap(f"MYRIGHTS {OPEN}")
    client.imap(f"SETMETADATA {OPEN} (/private/comment {account})")
    client.imap(f"GETMETADATA {OPEN} /private/comment")
    kept[f"{account}append"] = client.imap(f"APPEND {OPEN} (\\Seen $Word)", text_of(f"{account}append")), "Open"
    client.imap("APPEND INBOX", text_of(f"{account}copy"))
    client.imap("SELECT INBOX")
    kept[f"{account}copy"] = client.imap(f"COPY 1 {OPEN}"), "Open"
    client.imap("APPEND INBOX ($Other)", text_of(f"{account}move"))
    client.imap("NOOP")
    client.imap(f"MOVE 2 {OPEN}")
    client.imap(f"SELECT {OPEN}")
    client.imap("UID FETCH 1:* (FLAGS BODY.PEEK[HEADER])")
    client.imap("UID STORE 1:* +FLAGS (\\Flagged)")
    client.imap("UID COPY 1:* INBOX")
    client.imap(f"CREATE {OPEN[:-1]}/{account}\"")
    client.imap(f"DELETE {OPEN[:-1]}/{account}\"")
    client.imap("CLOSE")
    client.imap("DELETE Mine")
    client.imap("LOGOUT")


def ids(peer):
    lines = peer.command("FETCH 1:* (BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])", expect=None)
    return [name for line in lines for name in re.findall(r"<(\w+)@memory>", line)]


class House:
    """A server with the plan, and a client that is served all the time."""

    def __init__(self, total_accounts=16000 if LONG else 2000):
        self.plan = Plan()
        self.server = Roost(start=False, program=program(), env=self.plan.env,
                            options=["limits.max_connections_per_user=100", "auth.scram=no"])
        self.server.add_accounts(["witness", *(f"u{n}" for n in range(total_accounts))])
        self.server.start()
        self.pid = self.server.process.pid
        self.witness = self.server.login("witness")
        self.witness.command("SELECT INBOX")
        self.numbers = iter(range(total_accounts))

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.plan.disarm()
        if kind is not None:
            print(self.server.stderr()[-4000:])
            print(self.server.log()[-3000:])
        self.server.close()

    def fresh(self):
        return f"u{next(self.numbers)}"

    def goes_on(self):
        assert self.server.process.poll() is None, f"it died: {self.server.stderr()[-4000:]}"
        self.witness.command("NOOP")

    def each(self, session, after):
        """Runs session(account, kept) with each allocation failing, then after(account, kept)."""
        for _ in range(2):  # the first of a server allocates more
            self.plan.arm(ONE, NEVER)
            account, kept = self.fresh(), {}
            session(account, kept)
            total = self.plan.count()
            self.plan.disarm()
            after(account, kept)
            assert kept and all(word == "OK" for word, _ in kept.values()), kept
        tried = missed = 0
        for kind, nth in tries(total):
            account = self.fresh()
            kept = {}
            self.plan.arm(kind, nth)
            try:
                session(account, kept)
            except Closed:
                pass
            except Exception as failure:
                raise AssertionError(f"allocation {nth} of kind {kind}: {failure}") from failure
            finally:
                missed += self.plan.disarm() == 0
            self.goes_on()
            try:
                after(account, kept)
            except Exception as failure:
                raise AssertionError(f"after allocation {nth} of kind {kind}: {failure}") from failure
            tried += 1
        print(f"{total} allocations, {tried} tried, {missed} not reached")
        assert tried > 20 and missed <= tried // 2


def inbox_holds(server, account, kept, delivered=False):
    """What was acknowledged is there, what was refused is not."""
    peer = server.login(account)
    peer.command("SELECT INBOX")
    names = ids(peer)
    for line in peer.command("FETCH 1:* BODY.PEEK[HEADER.FIELDS (RETURN-PATH)]", expect=None):
        assert not delivered or "Return-Path: <sender@example.org>" in line, line
    peer.command("LOGOUT")
    peer.close()
    for name, (word, _) in kept.items():
        if word == "OK":
            assert names.count(name) == 1, f"{name} was acknowledged: {names}"
        else:
            assert name not in names, f"{name} was refused: {names}"


@pytest.mark.parametrize("tls, compress", [(False, False), (True, False), (False, True)],
                         ids=["plain", "tls", "compressed"])
def test_imap(tls, compress):
    with House() as house:

        def session(account, kept):
            connect = house.server.connect_tls if tls else house.server.connect
            try:
                peer = connect()
            except OSError as end:  # of the handshake
                assert not isinstance(end, socket.timeout)
                raise Closed from end
            try:
                imap_session(Client(peer), account, kept, compress)
            finally:
                peer.close()

        def after(account, kept):
            kept = {name: value for name, value in kept.items() if name == "three"}
            inbox_holds(house.server, account, kept)

        house.each(session, after)


def test_lmtp():
    with House() as house:

        def session(account, kept):
            client = Client(house.server.connect("lmtp"))
            try:
                client.greeting()
                client.lmtp("LHLO test\r\n")
                mail = client.lmtp("MAIL FROM:<sender@example.org>\r\n")[0]
                assert mail[0] in "24", mail  # it will be tried again
                if mail[0] == "4":
                    return
                replies = {name: client.lmtp(f"RCPT TO:<{name}@localhost>\r\n")[0] for name in (account, "witness")}
                assert all(reply[0] in "24" for reply in replies.values()), replies
                taken = [name for name, reply in replies.items() if reply[0] == "2"]
                if not taken or client.lmtp("DATA\r\n")[0][0] != "3":
                    return
                answers = client.lmtp(text_of("mail") + ".\r\n", len(taken))
                kept.update({"mail": ("OK" if answer[0] == "2" else "NO", "INBOX")
                             for name, answer in zip(taken, answers) if name == account})
                client.lmtp("QUIT\r\n")
            finally:
                client.peer.close()

        house.each(session, lambda account, kept: inbox_holds(house.server, account, kept, delivered=True))


def test_sharing():
    with House() as house:
        house.server.run("group", "add", "team", "witness")
        house.witness.command("CREATE Open")
        house.witness.command("SETACL Open anyone lrswipkxte")

        def session(account, kept):
            client = Client(house.server.connect())
            try:
                sharing_session(client, account, kept)
            finally:
                client.peer.close()

        def after(account, kept):
            house.witness.command("SELECT Open")
            names = ids(house.witness)
            for name, (word, _) in kept.items():
                assert names.count(name) == (word == "OK"), f"{name} was answered {word}: {names}"
            house.witness.command("UID STORE 1:* +FLAGS.SILENT (\\Deleted)")
            house.witness.command("EXPUNGE")

        house.each(session, after)
