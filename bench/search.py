#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`./dev bench search`: SEARCH, SORT and THREAD in a large mailbox, with an index and without one,
of all servers in one run. docs/benchmark.md says what the rows mean."""

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from command import run_command, say  # noqa: E402
from report import Report  # noqa: E402
from rows import Context, Line, Row, Target  # noqa: E402
from run import build, chosen, ensure_packages, find_tools, raise_limits  # noqa: E402
from servers import PASSWORD, BenchError, Cyrus, Dovecot, Roost, run  # noqa: E402

USER = 1
MAILBOX = "big"
RARE_PERCENT = 8
XAPIAN_PACKAGE = "dovecot-fts-xapian"
REPEAT = 5
RARE_SHARE = 0.01      # of the messages, at most
COMMON_WORDS = ("about", "which", "there", "their", "would", "other", "first",
                "could", "these", "where", "order", "price", "group", "again")
CJK_PAIRS = ("会議", "時間", "今日", "我们", "今天", "時候", "可以", "项目", "公司", "報告", "会议", "問題")


class Client:
    """One IMAP connection, which measures the time from a command to its tagged answer."""

    def __init__(self, server, user=USER):
        self.sock = socket.create_connection(("127.0.0.1", server.imap_port), 600)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.number = 0
        self.until(b"* OK", whole=False)
        self.ask(f'LOGIN {server.user(user)} "{PASSWORD}"')

    def until(self, start, whole=True):
        """Reads until a line begins with this; all of what was read."""
        got, at = bytearray(), 0
        while True:
            piece = self.sock.recv(1 << 20)
            if not piece:
                raise BenchError("the server has closed the connection")
            got += piece
            if not got.endswith(b"\r\n"):
                continue
            at = got.rfind(b"\r\n", 0, len(got) - 2)
            if got[at + 2 if at >= 0 else 0:].startswith(start):
                return bytes(got)
            if not whole and got.startswith(start):
                return bytes(got)

    def ask(self, command):
        """(answer, milliseconds)"""
        self.number += 1
        tag = f"t{self.number}"
        line = f"{tag} {command}\r\n".encode()
        start = time.perf_counter()
        self.sock.sendall(line)
        answer = self.until(tag.encode() + b" ")
        took = (time.perf_counter() - start) * 1000
        last = answer[answer.rfind(tag.encode()):].decode("utf-8", "replace")
        if not last.startswith(f"{tag} OK"):
            raise BenchError(f"{command[:60]}: {last.strip()[:200]}")
        return answer, took

    def close(self):
        self.sock.close()


def literal(text):
    """A needle as it stands in a command. Non-ASCII text is sent as a non-synchronizing literal."""
    octets = text.encode()
    return f'"{text}"' if len(octets) == len(text) else f"{{{len(octets)}+}}\r\n{text}"


def found(answer):
    """The numbers of a SEARCH answer."""
    for line in answer.split(b"\r\n"):
        if line.startswith(b"* SEARCH"):
            return line.split()[2:]
    return []


def syllables(rank):
    """mailgen_rare_word()."""
    number, text = rank + 64 ** 3, ""
    while number:
        digit = number % 64
        text += "bdfghklmnprstvwz"[digit % 16] + "aeio"[digit // 16 % 4]
        number //= 64
    return text


class Needles:
    """What is searched for: chosen by how many messages have it, on the last server, which is soonest
    with the answers."""

    def __init__(self, client, exists):
        def share(key, text):
            return len(found(client.ask(f"SEARCH CHARSET UTF-8 {key} {literal(text)}")[0])) / exists

        rare = [word for word in map(syllables, range(700, 200000, 9973))
                if 0 < share("BODY", word) <= RARE_SHARE]
        if not rare:
            raise BenchError("no rare word is in the mailbox")
        self.rare = rare[0]
        self.common = min(COMMON_WORDS, key=lambda word: abs(share("BODY", word) - 0.5))
        self.common_share = share("BODY", self.common)
        self.cjk = max(CJK_PAIRS, key=lambda pair: share("BODY", pair))
        self.cjk_share = share("BODY", self.cjk)

    def commands(self):
        """{key: command}"""
        cjk = f"SEARCH CHARSET UTF-8 BODY {literal(self.cjk)}"
        return {
            "body-rare": f'SEARCH BODY "{self.rare}"',
            "text-rare": f'SEARCH TEXT "{self.rare}"',
            "body-common": f'SEARCH BODY "{self.common}"',
            "text-common": f'SEARCH TEXT "{self.common}"',
            "body-cjk": cjk,
            "thunderbird": f'SEARCH UNDELETED OR SUBJECT "{self.rare}" BODY "{self.rare}"',
            "subject": f'SEARCH SUBJECT "{self.rare}"',
            "subject-common": f'SEARCH SUBJECT "{self.common}"',
            "from": 'SEARCH FROM "example.co.uk"',
            "header": 'SEARCH HEADER Message-ID "nowhere-to-be-found@example.org"',
            "unseen": "SEARCH UNSEEN",
            "since": "SEARCH SINCE 1-Jan-2020",
            "larger": "SEARCH LARGER 20000",
            "sort-arrival": "SORT (ARRIVAL) UTF-8 ALL",
            "sort-date": "SORT (DATE) UTF-8 ALL",
            "sort-size": "SORT (SIZE) UTF-8 ALL",
            "sort-subject": "SORT (SUBJECT) UTF-8 ALL",
            "sort-from": "SORT (FROM) UTF-8 ALL",
            "sort-to": "SORT (TO) UTF-8 ALL",
            "sort-cc": "SORT (CC) UTF-8 ALL",
            "thread-refs": "THREAD REFERENCES UTF-8 ALL",
            "thread-subject": "THREAD ORDEREDSUBJECT UTF-8 ALL",
        }


def times(factor):
    """At most the better peer's time divided by this."""
    return Target("at_most", 1 / factor)


# key, title, target for the repeated command against peers without an index, and with one
WORK = [
    ("body-rare", "BODY, a rare word", times(100)),
    ("text-rare", "TEXT, a rare word", times(100)),
    ("body-common", "BODY, a word of five letters in half of the messages", times(10)),
    ("text-common", "TEXT, the same word", times(10)),
    ("body-cjk", "BODY, two ideographs", times(10)),
    ("thunderbird", "UNDELETED OR SUBJECT BODY, a rare word", times(100)),
    ("subject", "SUBJECT, a rare word", times(10)),
    ("subject-common", "SUBJECT, a frequent word", times(10)),
    ("from", "FROM, a domain", times(10)),
    ("header", "HEADER Message-ID", times(10)),
    ("unseen", "UNSEEN", times(1)),
    ("since", "SINCE", times(1)),
    ("larger", "LARGER", times(1)),
    ("sort-arrival", "SORT ARRIVAL", times(5)),
    ("sort-date", "SORT DATE", times(5)),
    ("sort-size", "SORT SIZE", times(5)),
    ("sort-subject", "SORT SUBJECT", times(5)),
    ("sort-from", "SORT FROM", times(5)),
    ("sort-to", "SORT TO", times(5)),
    ("sort-cc", "SORT CC", times(5)),
    ("thread-refs", "THREAD REFERENCES", times(5)),
    ("thread-subject", "THREAD ORDEREDSUBJECT", times(5)),
]
TEXTS = ("body-rare", "text-rare", "body-common", "text-common", "body-cjk", "thunderbird")


class Variant:
    """A server with an index, or without one. It has the mail of the one that it is a variant of."""

    shares = None  # name of the server whose directory it uses
    indexed = False

    def make_index(self):
        """Indexes the mailbox; returns the octets of what it has made."""
        return 0


class PlainDovecot(Variant, Dovecot):
    pass


class XapianDovecot(Variant, Dovecot):
    name = "dovecot-xapian"
    shares = "dovecot"
    indexed = True
    plugins = ("fts", "fts_xapian")

    def configure(self):
        super().configure()
        conf = self.dir / "dovecot.conf"
        conf.write_text(conf.read_text() + """
plugin {
  fts = xapian
  fts_xapian = partial=3 full=20 verbose=0
  fts_autoindex = no
  fts_enforced = yes
}
service indexer-worker {
  vsz_limit = 0
}
""")

    def home(self):
        return self.dir / "mail" / self.user(USER)

    def make_index(self):
        run(["doveadm", "-c", self.dir / "dovecot.conf", "index", "-u", self.user(USER), MAILBOX])
        return octets_below(self.home() / "sdbox" / "xapian-indexes")


class PlainCyrus(Variant, Cyrus):
    pass


class SquatterCyrus(Variant, Cyrus):
    name = "cyrus-squatter"
    shares = "cyrus"
    indexed = True

    def configure(self):
        super().configure()
        (self.dir / "search").mkdir(exist_ok=True)
        shutil.chown(self.dir / "search", "nobody", "nogroup")
        conf = self.dir / "imapd.conf"
        conf.write_text(conf.read_text() + f"""\
search_engine: xapian
defaultsearchtier: t1
t1searchpartition-default: {self.dir}/search
search_fuzzy_always: yes
""")

    def make_index(self):
        subprocess.run([self.packages / "usr/lib/cyrus/bin/squatter", "-C",
                        self.dir / "imapd.conf", "-r", f"user/{self.user(USER)}"],
                       env=self.environment(), user="nobody", group="nogroup", check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return octets_below(self.dir / "search")


class ScanningRoost(Variant, Roost):
    name = "roost-scan"
    shares = "roost"


class IndexedRoost(Variant, Roost):
    indexed = True

    def make_index(self):
        run([self.binary, "index", "-c", str(self.data / "roost.conf"), self.user(USER), "--anew"])
        return sum(path.stat().st_size for path in self.data.rglob("search.db*"))


def octets_below(directory):
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


def arguments():
    parser = argparse.ArgumentParser(
        prog="./dev bench search", description="Measures SEARCH, SORT and THREAD.")
    parser.add_argument("--messages", type=int, default=50000, metavar="N",
                        help="in the mailbox (default %(default)s)")
    parser.add_argument("--servers", metavar="A,B",
                        default="dovecot,dovecot-xapian,cyrus,cyrus-squatter,roost-scan,roost",
                        help="only these (default %(default)s)")
    parser.add_argument("--rows", metavar="A,B", help="only these rows")
    parser.add_argument("--runs", type=int, default=3, metavar="N",
                        help="rounds, interleaved (default %(default)s)")
    parser.add_argument("--mbox", type=Path, help="real messages instead of generated ones")
    parser.add_argument("--dir", type=Path,
                        help="keep the servers' directories here and use them again")
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    parser.add_argument("--install", action="store_true",
                        help="install the reference servers without asking")
    parser.add_argument("--roost-option", action="append", default=[], metavar="S.K=V",
                        help="further setting for Roost; may be repeated")
    parser.add_argument("--roost", metavar="PATH", help="binary (default: ./dev build makes it)")
    parser.add_argument("--tools", type=Path, metavar="DIR", help=argparse.SUPPRESS)
    return parser.parse_args()


def make_servers(args, names, directory, binary):
    """In the order in which they are measured: who has the mail before those that share it."""
    made = []
    for kind in (PlainDovecot, XapianDovecot, PlainCyrus, SquatterCyrus):
        if kind.name in names:
            made.append(kind(directory, USER))
    if "roost-scan" in names:
        made.append(ScanningRoost(directory, USER, binary,
                                  [*args.roost_option, "search.index=no"]))
    if "roost" in names:
        made.append(IndexedRoost(directory, USER, binary, args.roost_option))
    for server in made:
        if server.shares:
            server.dir = Path(directory) / server.shares
            server.dir.mkdir(parents=True, exist_ok=True)
    return made


def selected(server):
    client = Client(server)
    answer, _ = client.ask(f"SELECT {MAILBOX}")
    exists = next(int(line.split()[1]) for line in answer.split(b"\r\n")
                  if line.endswith(b" EXISTS"))
    return client, exists


def fill(context, server):
    """The generated mail has a million rare words, as real mail has."""
    stamp = server.dir / "filled-search"
    if stamp.exists() and stamp.read_text() == str(context.big):
        return
    more = {"mbox": context.mbox} if context.mbox else {"seed": 1, "rare": RARE_PERCENT}
    context.load(server, "fill", user=USER, mailbox=MAILBOX, count=context.big, **more)
    stamp.write_text(str(context.big))


def decoded_octets(server):
    """Sum of the sizes of the messages, which is somewhat more than their text."""
    client, _ = selected(server)
    answer, _ = client.ask("FETCH 1:* RFC822.SIZE")
    client.close()
    return sum(int(line.split()[-1].rstrip(b")")) for line in answer.split(b"\r\n")
               if b"RFC822.SIZE" in line)


def index_figures(server, exists):
    """Messages a second, and the size of the index for each octet of mail."""
    mail = decoded_octets(server)
    start = time.monotonic()
    octets = server.make_index()
    took = time.monotonic() - start
    return {"index-rate": exists / took, "index-share": octets / mail}


def measure(server, commands, report):
    """Every command as the first of a server that has just been started, and then again."""
    for key, command in commands.items():
        server.stop()
        server.start()
        client, _ = selected(server)
        try:
            first = client.ask(command)[1]
            again = statistics.median(client.ask(command)[1] for _ in range(REPEAT))
        except BenchError as error:
            say(f"  {key:20} {server.name:15} FAILED: {error}")
            continue
        finally:
            client.close()
        report.add(server, {f"{key}-first": first, key: again})
        say(f"  {key:20} {server.name:15} first {first:,.2f}, again {again:,.2f} ms")


def rows():
    made = []
    for key, title, target in WORK:
        made.append(Row(key, [Line(key, title, "ms", "low", target),
                              Line(f"{key}-first", "  first of a server", "ms", "low", target)],
                        None))
    made.append(Row("index", [Line("index-rate", "indexing, messages", "/s", "high",
                                   Target("above", 1000)),
                              Line("index-share", "  index, for each octet of mail", "x", "low",
                                   Target("below", 0.5))], None))
    return made


class SearchReport(Report):
    """Targets are against the better peer without an index; of texts, with one, at most its time."""

    def best_peer(self, line):
        peers = [values for name, values in self.values.get(line.key, {}).items()
                 if name in ("dovecot", "cyrus")]
        return min((statistics.median(values) for values in peers), default=None)


def main():
    args = arguments()
    kinds = ["dovecot", "dovecot-xapian", "cyrus", "cyrus-squatter", "roost-scan", "roost"]
    names = chosen(args.servers, kinds, "server")
    keys = [key for key, _, _ in WORK]
    wanted = chosen(args.rows, keys, "row") if args.rows else keys
    if os.geteuid() != 0 and set(names) - {"roost", "roost-scan"}:
        raise BenchError("the reference servers must be started by root; --servers roost,roost-scan "
                         "works without")
    binary = args.roost or build()
    tools = args.tools or find_tools(binary)
    ensure_packages(args, names)
    if "dovecot-xapian" in names and args.install:
        run(["apt-get", "install", "-y", "--no-install-recommends", XAPIAN_PACKAGE])
    raise_limits()
    context = Context(load_tool=tools / "roost-imapload", mbox=args.mbox, big=args.messages)
    directory = args.dir or Path(tempfile.mkdtemp(prefix="roost-search-", dir="/var/tmp"))
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o755)
    servers = make_servers(args, names, directory, binary)
    report = SearchReport(servers)
    try:
        for server in servers:
            say(server.name)
            server.start()
            fill(context, server)
            client, exists = selected(server)
            client.close()
            if server.indexed:
                report.add(server, index_figures(server, exists))
            if server is not servers[-1]:
                server.stop()
        client, exists = selected(servers[-1])
        needles = Needles(client, exists)
        client.close()
        servers[-1].stop()
        commands = {key: command for key, command in needles.commands().items() if key in wanted}
        for _ in range(args.runs):
            for server in servers:
                measure(server, commands, report)
                server.stop()
    finally:
        for server in servers:
            server.stop()
        if args.dir is None:
            shutil.rmtree(directory, ignore_errors=True)
    print(f"{args.messages:,} messages, {args.runs} rounds, medians; the word in half of the messages: "
          f"{needles.common} ({needles.common_share:.0%}), ideographs in {needles.cjk_share:.1%}\n")
    shown = [row for row in rows() if row.key in wanted or row.key == "index"]
    report.print_table(shown, sys.stdout)
    if args.json:
        report.write_json(args.json, shown, {server.name: server.version() for server in servers},
                          {"messages": args.messages, "runs": args.runs})
    misses = report.misses(shown)
    if misses:
        print(f"\nmissed: {', '.join(misses)}")
    return 0


if __name__ == "__main__":
    run_command(main)
