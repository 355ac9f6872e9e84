# SPDX-License-Identifier: MIT
"""The command line, as people and scripts use it: exit codes, help, JSON, accounts with and without a
running server, mail in and out."""

import json
import mailbox
import os
import re
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from roost_server import CRYPT, PASSWORD, ROOT, Roost, binary  # noqa: E402

VERBS = ["init", "serve", "upgrade", "check", "account", "group", "import", "export", "index", "search", "sessions", "top", "explain",
         "networks", "kick", "log"]


@pytest.fixture(scope="module")
def home():
    """A DIR without a server."""
    with Roost(accounts=["anna"], start=False) as roost:
        yield roost


def roost(*args, stdin=None):
    env = {key: value for key, value in os.environ.items() if key != "ROOST_CONF"}
    return subprocess.run([binary(), *args], input=stdin, capture_output=True, text=True, timeout=60, env=env,
                          check=False)


def rows(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


# ---- what all verbs share ----

@pytest.mark.parametrize("verb", VERBS)
def test_help(verb):
    done = roost(verb, "--help")
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.startswith(f"usage: roost {verb}")


def test_help_lists_all_verbs():
    done = roost("--help")
    assert done.returncode == 0
    assert re.findall(r"^  (\w+) ", done.stdout, re.M) == VERBS
    assert re.fullmatch(r"roost \d+\.\d+\.\d+\n", roost("--version").stdout)


@pytest.mark.parametrize("args", [
    [], ["nonsense"], ["init"], ["init", "a", "b"], ["serve"], ["check"], ["account", "-c", "x"],
    ["account", "frobnicate", "-c", "x"], ["account", "add", "-c", "x"], ["account", "remove", "-c", "x"],
    ["account", "alias", "anna", "-c", "x"], ["account", "list"], ["account", "list", "-c"], ["serve", "-o"],
    ["group", "-c", "x"], ["group", "add", "-c", "x"], ["account", "shares", "-c", "x"], ["import", "anna", "-c", "x"], ["export", "anna", "-c", "x"], ["index", "-c", "x"], ["index", "anna", "--all", "-c", "x"], ["search", "anna", "-c", "x"], ["sessions", "x", "-c", "x"], ["kick", "-c", "x"],
    ["networks", "x", "-c", "x"], ["networks", "--reset", "-c", "x"], ["kick", "notanumber", "-c", "x"], ["log", "S", "F", "-c", "x"], ["serve", "x", "-c", "x"],
], ids=" ".join)
def test_usage_errors(args):
    done = roost(*args)
    assert done.returncode == 2 and done.stdout == ""
    assert "usage: roost" in done.stderr or "no configuration: give -c" in done.stderr, done.stderr


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in ("check", "upgrade", "serve")])
def test_unknown_options(home, verb, tmp_path):
    """Wherever they stand, and nothing is done."""
    for args in (["--nothing", "anna", "x"], ["anna", "--nothing", "x"], ["anna", "x", "--nothing"], ["add", "anna", "--nothing"]):
        done = subprocess.run([binary(), verb, "-c", str(home.config), *args], capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False)
        assert done.returncode == 2 and "usage: roost" in done.stderr, (args, done.stderr)
    assert not list(tmp_path.iterdir())


def test_options_stand_anywhere(home, tmp_path):
    (tmp_path / "one.eml").write_text("Subject: --dry-run\n\ntext\n")
    mail = str(tmp_path / "one.eml")
    home.run("account", "add", "--password-stdin", "olga", stdin="secret\n")
    for args in (["--dry-run", "olga", mail], ["olga", "--dry-run", mail], ["olga", mail, "--dry-run"]):
        assert rows(home.run("import", "--json", *args))[-1]["imported"] == 1
    home.run("import", "--mailbox", "Old", "olga", mail)
    out = str(tmp_path / "out")
    assert rows(home.run("export", "--format", "eml", "--json", "olga", out, "--mailbox", "Old"))[-1]["exported"] == 1
    home.run("account", "quota", "--messages", "7", "olga")
    home.run("account", "remove", "--yes", "olga")


def test_thousands_of_domains(home, tmp_path):
    """What a list costs to read grows with its length, not with the square of it."""
    conf = tmp_path / "roost.conf"
    names = "".join(f"domains = d{i}.example.org e{i}.example.org\n" for i in range(5000))
    text = home.config.read_text()
    conf.write_text(text + "[server]\n" + names)
    done = roost("check", "-c", str(conf))
    assert "no memory" not in done.stdout + done.stderr
    many = " ".join("abcdefghijklmnopqrstuvwxyz" * 3)
    conf.write_text(text + "[server]\n" + f"domains = {many}\n" * 6000)
    done = roost("check", "-c", str(conf))
    assert done.returncode == 1 and re.search(r"roost.conf:\d+: .*no memory", done.stdout), done.stdout[:300]


def test_failures(home):
    for args in (["account", "passwd", "nobody", "--password-stdin"], ["account", "remove", "nobody", "--yes"],
                 ["account", "alias", "nobody", "x@localhost"], ["import", "nobody", "/dev/null"],
                 ["import", "anna", "/nowhere.mbox"], ["sessions"], ["kick", "1"], ["log"],
                 ["account", "add", "--from", "/nowhere"]):
        done = home.run(*args, check=False, stdin="password\n")
        assert done.returncode == 1, f"{args}: {done.stdout}{done.stderr}"
        assert done.stderr.startswith("roost ") and len(done.stderr.splitlines()) == 1, done.stderr
    assert "no server is running here" in home.run("sessions", check=False).stderr
    assert home.run("account", "list", "-o", "imap.lissten=x", check=False).returncode == 1


# ---- init ----

def test_init(tmp_path):
    folder = tmp_path / "mail"
    done = roost("init", str(folder))
    assert done.returncode == 0 and "roost serve" in done.stdout
    assert folder.stat().st_mode & 0o777 == 0o700 and (folder / "key.pem").stat().st_mode & 0o77 == 0
    before = sorted((path, path.stat().st_mtime_ns) for path in folder.rglob("*"))
    again = roost("init", str(folder))
    assert again.returncode == 1 and "is not empty; nothing was changed" in again.stderr
    assert before == sorted((path, path.stat().st_mtime_ns) for path in folder.rglob("*"))
    (tmp_path / "file").write_text("x")
    assert roost("init", str(tmp_path / "file")).returncode == 1
    assert roost("init", str(tmp_path / "no" / "parent")).returncode == 1


# ---- accounts ----

@pytest.mark.parametrize("running", [False, True], ids=["alone", "with-server"])
def test_account_life(running):
    with Roost(start=running) as server:
        server.run("account", "add", "anna", "--password-stdin", stdin="first\n")
        server.run("account", "add", "Bert@Example.org", "--password-stdin", stdin="b\n")
        taken = server.run("account", "add", "anna", "--password-stdin", stdin="x\n", check=False)
        assert taken.returncode == 1 and 'the name "anna" is taken' in taken.stderr
        server.run("account", "passwd", "anna", "--password-stdin", stdin=PASSWORD + "\n")
        server.run("account", "alias", "anna", "postmaster@localhost")
        clash = server.run("account", "alias", "bert@example.org", "postmaster@localhost", check=False)
        assert clash.returncode == 1, clash.stdout
        server.run("account", "disable", "bert@example.org")
        listed = {row["account"].lower(): row for row in rows(server.run("account", "list", "--json"))}
        assert sorted(listed) == ["anna", "bert@example.org"]
        assert listed["anna"]["state"] == "enabled" and listed["anna"]["scram"] is True
        assert listed["anna"]["aliases"] == ["postmaster@localhost"]
        assert listed["bert@example.org"]["state"] == "disabled"
        server.run("account", "enable", "bert@example.org")
        plain = server.run("account", "list").stdout
        assert "disabled" not in plain and "postmaster@localhost" in plain
        server.run("account", "alias", "anna", "postmaster@localhost", "--remove")
        unasked = server.run("account", "remove", "bert@example.org", check=False, stdin="bert@example.org\n")
        assert unasked.returncode == 2 and "--yes" in unasked.stderr
        unasked = server.run("account", "passwd", "bert@example.org", check=False, stdin="x\nx\n")
        assert unasked.returncode == 2 and "--password-stdin" in unasked.stderr
        server.run("account", "remove", "bert@example.org", "--yes")
        assert [row["account"] for row in rows(server.run("account", "list", "--json"))] == ["anna"]
        if not running:
            server.start()
        peer = server.login("anna")
        peer.command("LOGOUT")


def test_changes_end_sessions():
    with Roost(accounts=["anna", "bert", "carl"]) as server:
        for account, args, word in [("anna", ["disable", "anna"], "disabled"), ("bert", ["remove", "bert", "--yes"], "removed")]:
            peer = server.login(account)
            server.run("account", *args)
            assert word in peer.line()
            assert peer.at_end()
            peer = server.connect()
            peer.line()
            peer.command(f'LOGIN {account} "{PASSWORD}"', expect="NO")
            peer.close()
        peer = server.login("carl")
        server.run("account", "passwd", "carl", "--password-stdin", stdin="new one\n")
        assert "Password was changed" in peer.line()
        peer = server.connect()
        peer.line()
        peer.command(f'LOGIN carl "{PASSWORD}"', expect="NO")
        peer.command('LOGIN carl "new one"')
        server.run("account", "alias", "carl", "info@localhost")
        assert server.deliver("info", "Subject: by alias\n\nx\n").startswith("250")
        assert peer.command("STATUS INBOX (MESSAGES)") == ["* STATUS INBOX (MESSAGES 1)"]
        peer.close()


# ---- mail ----

TEXTS = [f"From: a@example.org\nSubject: number {n}\nMessage-ID: <m{n}@x>\n\nbody of {n}\n" for n in range(6)]
WHEN = [1_600_000_000 + n * 86_400 for n in range(6)]


def make_sources(folder):
    mbox = folder / "old.mbox"
    mbox.write_text("".join(
        time.strftime("From a@b %a %b %d %H:%M:%S %Y\n", time.gmtime(WHEN[n])) +
        TEXTS[n].replace("\n\n", "\nStatus: RO\nX-Status: AF\n\n" if n == 0 else "\n\n", 1) + "\n" for n in range(2)))
    maildir = folder / "Maildir"
    for sub, n, info in [("", 2, "cur/2.x.host:2,FS"), ("", 3, "new/3.x.host"), (".Work.2024", 4, "cur/4.x.host:2,RT")]:
        for part in ("cur", "new", "tmp"):
            (maildir / sub / part).mkdir(parents=True, exist_ok=True)
        path = maildir / sub / info
        path.write_text(TEXTS[n])
        os.utime(path, (WHEN[n], WHEN[n]))
    (folder / "one.eml").write_text(TEXTS[5].replace("\n", "\r\n"))
    return [str(mbox), str(maildir), str(folder / "one.eml")]


def contents(server, account):
    """mailbox -> list of (subject, flags, seconds)."""
    peer = server.login(account)
    found = {}
    names = [re.search(r'"/" "?([^"]*)"?$', line).group(1) for line in peer.command('LIST "" *')]
    for name in names:
        peer.command(f'EXAMINE "{name}"')
        for line in peer.command("UID FETCH 1:* (FLAGS INTERNALDATE BODY.PEEK[])"):
            if " FETCH (" not in line:
                continue
            subject = re.search(r"Subject: (.*?)\r", line).group(1)
            flags = frozenset(re.search(r"FLAGS \(([^)]*)\)", line).group(1).split()) - {"\\Recent"}
            date = re.search(r'INTERNALDATE "([^"]*)"', line).group(1)
            seconds = int(time.mktime(time.strptime(date[:20].strip(), "%d-%b-%Y %H:%M:%S"))) - time.timezone
            assert date.endswith("+0000")
            found.setdefault(name, []).append((subject, flags, seconds))
    peer.command("LOGOUT")
    peer.close()
    return {name: sorted(rows, key=lambda row: row[0]) for name, rows in found.items()}


@pytest.mark.parametrize("running", [False, True], ids=["alone", "with-server"])
def test_import_and_export(running, tmp_path):
    with Roost(accounts=["anna", "bert"], start=running) as server:
        sources = make_sources(tmp_path)
        assert rows(server.run("import", "anna", "--json", *sources))[-1]["imported"] == 6
        again = rows(server.run("import", "anna", "--json", *sources))[-1]
        assert again["imported"] == 0 and again["skipped"] == 6
        done = server.run("export", "anna", str(tmp_path / "out"))
        assert "6 messages exported" in done.stdout and done.stderr == ""
        assert server.run("export", "anna", str(tmp_path / "out"), check=False).returncode == 1
        assert rows(server.run("import", "bert", "--json", str(tmp_path / "out")))[-1]["imported"] == 6
        server.run("export", "bert", str(tmp_path / "out2"))
        if not running:
            server.start()
        anna = contents(server, "anna")
        inbox = dict((subject, (flags, when)) for subject, flags, when in anna["INBOX"])
        assert inbox["number 0"] == ({"\\Seen", "\\Answered", "\\Flagged"}, WHEN[0])
        assert inbox["number 1"] == (set(), WHEN[1])
        assert inbox["number 2"] == ({"\\Seen", "\\Flagged"}, WHEN[2])
        assert inbox["number 3"] == (set(), WHEN[3])
        assert len(inbox) == 5
        assert anna["Work/2024"] == [("number 4", {"\\Answered", "\\Deleted"}, WHEN[4])]
        assert contents(server, "bert") == anna

        # What is exported is what was there, and other programs read it.
        first, second = ([sorted(p.read_bytes() for p in (tmp_path / out).rglob("cur/*"))] for out in ("out", "out2"))
        assert first == second
        box = mailbox.Maildir(tmp_path / "out")
        assert len(box) == 5 and box.list_folders() and "Work.2024" in box.list_folders()


def test_import_into_a_mailbox(home, tmp_path):
    (tmp_path / "one.eml").write_text(TEXTS[0])
    done = home.run("import", "anna", "--mailbox", "Old/Mail", str(tmp_path / "one.eml"))
    assert "1 messages imported" in done.stdout and "\r" not in done.stderr
    export = rows(home.run("export", "anna", "--mailbox", "Old/Mail", "--json", str(tmp_path / "out")))
    assert export[-1]["exported"] == 1
    assert list((tmp_path / "out" / ".Old.Mail" / "cur").iterdir())


# ---- a running server ----

def test_sessions_kick_and_log():
    with Roost(accounts=["anna", "bert"]) as server:
        anna, bert = server.login("anna"), server.login("bert")
        anna.command('ID ("name" "testclient" "version" "7")')
        anna.command("SELECT INBOX")
        anna.send("i IDLE\r\n")
        assert anna.line().startswith("+")
        deadline = time.monotonic() + 5
        while True:
            found = {row["account"]: row for row in rows(server.run("sessions", "--json")) if row.get("account")}
            if "idle" in found["anna"]["state"] or time.monotonic() > deadline:
                break
        assert sorted(found) == ["anna", "bert"]
        assert found["anna"]["mailbox"] == "INBOX" and "testclient" in found["anna"]["client"]
        assert "idle" in found["anna"]["state"] and found["anna"]["tls"] is False and found["anna"]["in"] > 0
        assert "127.0.0.1" in server.run("sessions", "--account", "bert").stdout

        assert rows(server.run("kick", str(found["anna"]["session"]), "please go", "--json")) == [{"kicked": 1}]
        assert "please go" in anna.line() and anna.at_end()
        server.journal_wait("kicked")
        server.run("kick", "--account", "bert")
        assert bert.line().startswith("* BYE") and bert.at_end()
        gone = server.run("kick", "999999999", check=False)
        assert gone.returncode == 1 and gone.stderr

        assert server.run("log").stdout == "levels: SF\n"
        server.run("log", "SF imap:APSF")
        server.login("anna").command("NOOP")
        server.log_wait(r"^IMAP .* A 06157 \d+ p2 NOOP")
        assert PASSWORD not in server.log()
        server.run("log", "SF")
        assert server.run("log", "--account", "bert").stdout == "levels of bert: SF (as for all accounts)\n"
        assert server.run("log", "APSF", "--account", "Bert").stdout == "levels of bert: APSF\n"
        server.login("bert").command("CHECKOUT", expect="BAD")
        server.log_wait(r"^IMAP .* A 06157 \d+ p2 CHECKOUT")  # however the name was written
        assert server.run("log", "--account", "bert").stdout == "levels of bert: APSF\n"
        assert rows(server.run("log", "--account", "bert", "--json")) == [{"account": "bert", "levels": "APSF", "own": True}]
        assert server.run("log", "--account", "anna").stdout == "levels of anna: SF (as for all accounts)\n"
        assert server.run("log").stdout == "levels: SF\n"
        nobody = server.run("log", "APSF", "--account", "brt", check=False)
        assert nobody.returncode == 1 and 'no account "brt"' in nobody.stderr
        server.run("log", "default", "--account", "bert")
        assert rows(server.run("log", "--account", "bert", "--json"))[0]["own"] is False
        assert server.run("log", "XYZ", check=False).returncode == 1


def test_forgetting_networks_keeps_old_sessions():
    """Without a server too, although the journal is written to: [journal] says how long sessions are kept."""
    with Roost(options=["journal.keep=3650d"]) as server:
        peer = server.connect()
        peer.line()
        peer.command("LOGOUT")
        server.journal_wait("logout")
        assert server.stop() == 0
        db = sqlite3.connect(server.home / "journal.db")
        db.execute("UPDATE session SET end_ms = end_ms - ?", (400 * 86400 * 1000,))
        db.commit()
        server.run("networks", "--reset", "--all")
        assert db.execute("SELECT count(*) FROM session").fetchone() == (1,)
        db.close()


def test_second_server_is_refused():
    with Roost(accounts=["anna"]) as server:
        done = server.run("serve", "-o", "imap.listen=127.0.0.1:0", "-o", "imaps.listen=", "-o", "lmtp.listen=",
                          check=False)
        assert done.returncode == 1
        assert f"in use by another Roost (process {server.process.pid})" in done.stderr, done.stderr


# ---- documents ----

def config_keys(home):
    """(section, key) as the program itself lists them."""
    section, keys = None, []
    for line in home.config.read_text().splitlines():
        if re.fullmatch(r"\[\w+\]", line):
            section = line[1:-1]
        elif section and re.match(r";?\w+ =", line):
            keys.append((section, line.lstrip(";").split(" ")[0]))
    assert len(keys) > 20
    return keys


def test_configuration_is_documented(home):
    keys = config_keys(home)
    text = (ROOT / "docs" / "configuration.md").read_text()
    assert re.findall(r"^\| `\[(\w+)\] (\w+)` \|", text, re.M) == keys
    manual, section, told = (ROOT / "docs" / "man" / "roost.conf.5").read_text(), None, []
    for line in manual.splitlines():
        if line.startswith(".Ss ["):
            section = line[5:-1]
        elif section and line.startswith(".It Cm "):
            told.append((section, line[7:]))
    assert told == keys
    table = {tuple(row[:2]): row[2:] for row in re.findall(
        r'^CONFIG_KEY\((\w+), (\w+), \w+, \w+, [^"]*"([^"]*)", \w+, [\w.]+, (\w+),\n +"(.*)"\)$',
        (ROOT / "src/daemon/config_key.def").read_text(), re.M)}
    assert list(table) == keys
    for (section, key), (default, reload, meaning) in table.items():
        shown = re.search(rf"^\| `\[{section}\] {key}` \| (.*?) \| (.*?) \| (.*) \|$", text, re.M)
        assert shown.groups() == (f"`{default}`" if default else "empty", "restart" if reload == "RESTART" else "at once",
                                  meaning), f"[{section}] {key}"
        part = re.search(rf"^\.It Cm {key}\n((?:[^.].*\n)+)", manual[manual.index(f".Ss [{section}]"):], re.M).group(1)
        assert ("Changes with a restart." in part) == (reload == "RESTART"), f"roost.conf(5): [{section}] {key}"
        assert part.replace("\n", " ").startswith(f"{meaning} Default: {default or 'empty.'}"), f"roost.conf(5): [{section}] {key}"


def test_manual_and_completion_know_all_verbs():
    manual = (ROOT / "docs" / "man" / "roost.1").read_text()
    completion = (ROOT / "packaging" / "roost.bash-completion").read_text()
    assert f'verbs="{" ".join(VERBS)}"' in completion
    for verb in VERBS:
        assert f".It Cm {verb}" in manual
        for option in re.findall(r"--[a-z-]+", roost(verb, "--help").stdout):
            assert option in completion
            assert option[1:].replace("--", "-") in manual.replace(" Fl ", " --"), option


@pytest.mark.parametrize("words, wanted", [("roost ac", "account"), ("roost account a", "add"),
                                           ("roost -c x account add --f", "--from"), ("roost log --acc", "--account")])
def test_completion(words, wanted):
    script = (f"source {ROOT}/packaging/roost.bash-completion; COMP_WORDS=({words}); "
              "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _roost; echo ${COMPREPLY[@]}")
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert wanted in done.stdout.split(), done.stdout + done.stderr


def test_links_in_documents():
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / link).exists(), f"{page}: {link}"
        if page.parent == ROOT / "docs":
            assert f"docs/{page.name}" in (ROOT / "README.md").read_text(), f"README does not name {page.name}"


def test_walkthrough_names_real_functions():
    names = set(re.findall(r"`(\w+)\(\)`", (ROOT / "docs" / "walkthrough.md").read_text()))
    defined = set()
    for path in (ROOT / "src").rglob("*.[ch]"):
        defined |= set(re.findall(r"^(?:\w.*[ *])?(\w+)\(", path.read_text(), re.M))
    assert len(names) > 30 and names <= defined, names - defined
