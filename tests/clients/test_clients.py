# SPDX-License-Identifier: MIT
"""The mail programs of Debian, as people use them, against a running server."""

import email
import imaplib
import json
import mailbox
import os
import re
import shutil
import smtplib
import socket
import subprocess
import time
from pathlib import Path

import pytest

from conftest import message
from roost_server import PASSWORD, ROOT


def run(command, home, timeout=90, check=True, **kwargs):
    env = dict(os.environ, HOME=str(home), LC_ALL="C.UTF-8", **kwargs.pop("env", {}))
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=timeout, env=env,
                          errors="replace", **kwargs)
    assert not check or done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def need(program):
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed (./dev test installs it)")


def messages(peer, name="INBOX"):
    """UID and flags of all messages of a mailbox."""
    peer.command(f"SELECT {name}")
    return peer.command("UID FETCH 1:* (FLAGS)")


def counts(server, user, name="INBOX"):
    peer = server.login(user)
    line = peer.command(f"STATUS {name} (MESSAGES UNSEEN)")[0]
    peer.command("LOGOUT")
    return line


# ---- mbsync ----

def mbsync(server, user, home, verb=()):
    (home / "mail").mkdir(exist_ok=True)
    rc = home / "mbsyncrc"
    rc.write_text(f"""
IMAPAccount r
Host 127.0.0.1
Port {server.ports['imap']}
User {user}
Pass "{PASSWORD}"
SSLType None
AuthMechs LOGIN

IMAPStore far
Account r

MaildirStore near
Path {home}/mail/
Inbox {home}/mail/INBOX
SubFolders Verbatim

Channel c
Far :far:
Near :near:
Patterns *
Create Both
Expunge Both
SyncState *
""")
    return run(["mbsync", "-c", rc, "c", *verb], home)


def test_mbsync_both_ways(server, user, tmp_path):
    need("mbsync")
    mbsync(server, user, tmp_path)
    box = mailbox.Maildir(tmp_path / "mail" / "INBOX", factory=None)
    assert len(box) == 10
    assert (tmp_path / "mail" / "Sent").is_dir() and (tmp_path / "mail" / "Trash").is_dir()
    subjects = sorted(str(m["Message-ID"]) for m in box)
    assert subjects == sorted(f"<client-{n}@example.org>" for n in range(10))
    # Octet-true: what came is what was delivered, behind the trace lines.
    raw = next(p for p in (tmp_path / "mail" / "INBOX").rglob("*") if p.is_file()
               and b"<client-3@" in p.read_bytes()).read_bytes().replace(b"\r\n", b"\n")
    assert raw.endswith(message(3).encode().split(b"\n\n", 1)[1])

    # Here: one is read, one is deleted, one is new. There: one is flagged, one is expunged.
    paths = sorted(p for p in (tmp_path / "mail" / "INBOX" / "new").iterdir())
    by_id = {email.message_from_bytes(p.read_bytes())["Message-ID"]: p for p in paths}
    read = by_id["<client-1@example.org>"]
    read.rename(tmp_path / "mail" / "INBOX" / "cur" / (read.name.split(":")[0] + ":2,S"))
    by_id["<client-2@example.org>"].unlink()
    (tmp_path / "mail" / "INBOX" / "new" / "1.local").write_text("From: me\nSubject: made here\nMessage-ID: <local>\n\nhi\n")
    peer = server.login(user)
    peer.command("SELECT INBOX")
    peer.command(r"UID STORE 5 +FLAGS.SILENT (\Flagged)")
    peer.command(r"UID STORE 6 +FLAGS.SILENT (\Deleted)")
    peer.command("EXPUNGE")
    mbsync(server, user, tmp_path)
    mbsync(server, user, tmp_path)

    flags = messages(peer)
    text = "\n".join(flags)
    assert len(flags) == 9, text  # ten, less one each way, and the new one
    assert any("UID 2 " in f and "\\Seen" in f for f in flags), text
    assert not any("UID 3 " in f or "UID 6 " in f for f in flags), text
    names = [p.name for p in (tmp_path / "mail" / "INBOX" / "cur").iterdir()]
    assert any(":2," in n and "F" in n.split(":2,")[1] for n in names), names
    assert len(mailbox.Maildir(tmp_path / "mail" / "INBOX", factory=None)) == 9
    again = mbsync(server, user, tmp_path)
    assert len(messages(peer)) == 9, again.stdout
    peer.close()


# ---- offlineimap ----

def test_offlineimap(server, user, tmp_path):
    need("offlineimap")
    rc = tmp_path / "offlineimaprc"
    rc.write_text(f"""
[general]
accounts = a
metadata = {tmp_path}/meta
ui = basic
socktimeout = 60
[Account a]
localrepository = l
remoterepository = r
[Repository l]
type = Maildir
localfolders = {tmp_path}/mail
[Repository r]
type = IMAP
remotehost = 127.0.0.1
remoteport = {server.ports['imap']}
remoteuser = {user}
remotepass = {PASSWORD}
ssl = no
starttls = no
auth_mechanisms = PLAIN
""")
    run(["offlineimap", "-o", "-c", rc], tmp_path, timeout=120)
    box = tmp_path / "mail" / "INBOX"
    assert len(mailbox.Maildir(box, factory=None)) == 10
    first = sorted(p for p in box.rglob("*") if p.is_file())[0]
    uid = first.name.split(",U=")[1].split(",")[0]
    base = first.name.split(":2,")[0]
    first.rename(box / "cur" / f"{base}:2,FS")
    run(["offlineimap", "-o", "-c", rc], tmp_path, timeout=120)
    peer = server.login(user)
    flags = messages(peer)
    assert any(f"UID {uid} " in f and "\\Seen" in f and "\\Flagged" in f for f in flags), flags
    peer.close()


# ---- fetchmail, getmail ----

def test_fetchmail(server, user, tmp_path):
    need("fetchmail")
    rc = tmp_path / "fetchmailrc"
    rc.write_text(f"""set no bouncemail
poll 127.0.0.1 service {server.ports['imap']} protocol imap:
    user "{user}" password "{PASSWORD}" sslproto "" keep
    mda "cat >> {tmp_path}/got"
""")
    rc.chmod(0o600)
    tmp_path.chmod(0o700)
    done = run(["fetchmail", "-f", rc, "-v", "--auth", "password", "--pidfile", tmp_path / "pid",
                "-i", tmp_path / "ids"], tmp_path, env={"FETCHMAILHOME": str(tmp_path), "USER": "tester"})
    assert done.stdout.count("reading message") >= 10, done.stdout
    got = (tmp_path / "got").read_text()
    assert all(f"<client-{n}@example.org>" in got for n in range(10))
    assert "UNSEEN 0" in counts(server, user)


def test_getmail(server, user, open_path):
    need("getmail")
    (open_path / "box" / "cur").mkdir(parents=True)
    (open_path / "box" / "new").mkdir()
    (open_path / "box" / "tmp").mkdir()
    (open_path / "getmailrc").write_text(f"""[retriever]
type = SimpleIMAPRetriever
server = 127.0.0.1
port = {server.ports['imap']}
username = {user}
password = {PASSWORD}
[destination]
type = Maildir
path = {open_path}/box/
[options]
delete = true
""")
    command = ["getmail", "--getmaildir", open_path, "--rcfile", "getmailrc"]
    if os.geteuid() == 0:  # it refuses to deliver as root
        for path in [open_path, *open_path.rglob("*")]:
            shutil.chown(path, "nobody")
        command = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *command]
    run(command, open_path)
    assert len(mailbox.Maildir(open_path / "box", factory=None)) == 10
    assert "MESSAGES 0" in counts(server, user)


# ---- neomutt ----

def neomutt(server, user, home, keys, settings='set header_cache = ""'):
    need("neomutt")
    (home / "muttrc").write_text(f"""
set imap_user = "{user}"
set imap_pass = "{PASSWORD}"
set ssl_starttls = no
set ssl_force_tls = no
set spool_file = "imap://127.0.0.1:{server.ports['imap']}/INBOX"
set folder = "imap://127.0.0.1:{server.ports['imap']}/"
set imap_authenticators = "plain"
set wait_key = no
set confirm_append = no
set delete = yes
set quit = yes
set sleep_time = 0
{settings}
""")
    run(["script", "-qec", f"neomutt -n -F {home}/muttrc -e \"push '{keys}'\"", "/dev/null"], home,
        timeout=60, check=False, env={"TERM": "xterm"}, stdin=subprocess.DEVNULL)


def test_neomutt_in_batch_mode(server, user, tmp_path):
    neomutt(server, user, tmp_path, "<tag-pattern>~s 1<enter><tag-prefix><copy-message>=Archive<enter>"
            "<first-entry><delete-message><last-entry><flag-message><quit>")
    deadline = time.monotonic() + 10
    while "MESSAGES 9" not in counts(server, user) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert "MESSAGES 9" in counts(server, user)
    assert "MESSAGES 1" in counts(server, user, "Archive")
    peer = server.login(user)
    assert sum("\\Flagged" in f for f in messages(peer)) == 1
    peer.close()


def test_neomutt_comes_back(server, user, tmp_path):
    """With QRESYNC and what it keeps in its header cache: it must still mean the right messages."""
    (tmp_path / "cache").mkdir()
    settings = f'set header_cache = "{tmp_path}/cache/"\nset imap_condstore = yes\nset imap_qresync = yes'
    neomutt(server, user, tmp_path, "<quit>", settings)
    peer = server.login(user)
    peer.command("SELECT INBOX")
    peer.command("STORE 5:6 +FLAGS.SILENT (\\Deleted)")
    peer.command("EXPUNGE")
    peer.command("UID STORE 3 +FLAGS.SILENT (\\Seen \\Answered)")
    assert server.deliver(user, message(11)).startswith("250")
    server.run("log", "PSFA", "--account", user)
    neomutt(server, user, tmp_path, "<first-entry><flag-message><last-entry><delete-message><quit>", settings)
    neomutt(server, user, tmp_path, "<quit>", settings)
    flags = {int(re.search(r"UID (\d+)", line).group(1)): line for line in messages(peer)}
    assert sorted(flags) == [1, 2, 3, 4, 7, 8, 9, 10], flags
    assert [uid for uid in flags if "\\Flagged" in flags[uid]] == [1]
    # It asks for what has changed since it was there, and is told that; it does so in UID FETCH, not in SELECT.
    log = server.log()
    assert "* ENABLED QRESYNC" in log
    asked = [int(modseq) for modseq in re.findall(r" UID FETCH 1:\d+ \(FLAGS\) \(CHANGEDSINCE (\d+) VANISHED\)", log)]
    assert len(asked) == 2 and 1 < asked[0] < asked[1], log
    told = re.findall(r" \* (VANISHED \(EARLIER\) \S+)", log)
    assert told == ["VANISHED (EARLIER) 5:6", "VANISHED (EARLIER) 11"], told
    assert re.search(r"\* 3 FETCH \(UID 3 FLAGS \(\\Seen \\Answered Old\) MODSEQ \(\d+\)\)", log), log
    again = log[log.rindex("* ENABLED QRESYNC"):]
    assert re.findall(r"\* \d+ FETCH \(UID (\d+) FLAGS \(.*?\) MODSEQ", again) == ["1"], again
    peer.close()


# ---- curl ----

def test_curl(server, user, tmp_path):
    need("curl")
    url = f"imap://127.0.0.1:{server.ports['imap']}"
    auth = ["-s", "--show-error", "-u", f"{user}:{PASSWORD}"]
    listed = run(["curl", *auth, url], tmp_path).stdout
    assert '"/" INBOX' in listed and '"/" Trash' in listed
    got = run(["curl", *auth, f"{url}/INBOX;UID=4"], tmp_path).stdout
    assert "<client-3@example.org>" in got and "\n.a line that begins with a dot" in got
    assert run(["curl", *auth, f"{url}/INBOX?SUBJECT%205"], tmp_path).stdout.strip() == "* SEARCH 6"
    new = tmp_path / "new.eml"
    new.write_text("Subject: from curl\r\n\r\nhello\r\n", newline="")
    run(["curl", *auth, "-T", new, f"{url}/Drafts"], tmp_path)
    assert "MESSAGES 1" in counts(server, user, "Drafts")
    # TLS, both ways.
    secure = f"imaps://127.0.0.1:{server.ports['imaps']}"
    assert "<client-0@" in run(["curl", *auth, "-k", f"{secure}/INBOX;UID=1"], tmp_path).stdout
    assert "<client-0@" in run(["curl", *auth, "-k", "--ssl-reqd", f"{url}/INBOX;UID=1"], tmp_path).stdout
    assert "<client-0@" in run(["curl", *auth, "--cacert", server.home / "cert.pem",
                                f"imaps://localhost:{server.ports['imaps']}/INBOX;UID=1"], tmp_path).stdout


# ---- Python's imaplib ----

def test_imaplib(server, user):
    box = imaplib.IMAP4("127.0.0.1", server.ports["imap"])
    assert box.login(user, PASSWORD)[0] == "OK"
    assert box.create("Work/Ideas")[0] == "OK"
    assert box.select("INBOX") == ("OK", [b"10"])
    assert box.search(None, "SUBJECT", '"4"') == ("OK", [b"5"])
    status, data = box.fetch("1:3", "(RFC822.SIZE BODY.PEEK[HEADER])")
    assert status == "OK" and sum(isinstance(d, tuple) for d in data) == 3
    assert box.copy("2:4", "Work/Ideas")[0] == "OK"
    assert box.uid("MOVE", "9", "Trash")[0] == "OK"
    assert box.status("Work/Ideas", "(MESSAGES)")[1] == [b"Work/Ideas (MESSAGES 3)"]
    assert box.rename("Work", "Done")[0] == "OK"
    assert box.status("Done/Ideas", "(MESSAGES)")[1] == [b"Done/Ideas (MESSAGES 3)"]
    assert box.append("Drafts", r"(\Draft \Seen)", imaplib.Time2Internaldate(0), b"Subject: x\r\n\r\ny\r\n")[0] == "OK"
    assert box.store("1", "+FLAGS", r"(\Deleted)")[0] == "OK"
    assert box.response("EXPUNGE") == ("EXPUNGE", [b"9"])  # of the MOVE
    assert box.expunge() == ("OK", [b"1"])
    assert box.logout()[0] == "BYE"


# ---- Postfix, delivering through LMTP ----

# The lines that README.md gives to postconf, for the domain of this server.
README_POSTFIX = "\n".join(re.findall(r"postconf -e '(virtual_[^']*)'", (ROOT / "README.md").read_text())).replace(
    "example.org", "localhost")


@pytest.fixture
def postfix(server, open_path):
    need("postfix")
    if os.geteuid() != 0:
        pytest.skip("Postfix can be started by root only")
    etc, spool, data = open_path / "etc", open_path / "spool", open_path / "data"
    etc.mkdir()
    spool.mkdir()
    data.mkdir()
    shutil.chown(data, "postfix")
    for name in ("master.cf", "dynamicmaps.cf", "postfix-files"):
        source = Path("/etc/postfix") / name
        if not source.exists():
            source = Path("/usr/share/postfix") / f"{name}.dist" if name == "master.cf" else source
        if source.exists():
            shutil.copy(source, etc / name)
    master = (etc / "master.cf").read_text()
    (etc / "master.cf").write_text("".join(
        line for line in master.splitlines(True) if not line.startswith(("smtp      inet", "postlog"))
    ).replace(" y       -", " n       -") + "postlog   unix-dgram n  -       n       -       1       postlogd\n")
    (etc / "main.cf").write_text(f"""
compatibility_level = 3.6
queue_directory = {spool}
data_directory = {data}
maillog_file = {open_path}/maillog
maillog_file_prefixes = {open_path}
mydestination =
myhostname = mx.example.org
inet_interfaces = loopback-only
alias_maps =
alias_database =
local_recipient_maps =
{README_POSTFIX}
""")
    (spool / "roost").mkdir()
    shutil.chown(server.dir / "lmtp.sock", group="postfix")  # README.md: the folder's group
    os.link(server.dir / "lmtp.sock", spool / "roost" / "lmtp.sock")
    control = ["postfix", "-c", etc]
    run([*control, "start"], open_path, env={"MAIL_CONFIG": str(etc)})
    yield etc
    run([*control, "stop"], open_path, check=False, env={"MAIL_CONFIG": str(etc)})


def maillog(open_path, *wanted):
    """Postfix's log, once each of the wanted pairs (text, how often) is in it; it is written after the deliveries."""
    deadline = time.monotonic() + 60
    while True:
        log = (open_path / "maillog").read_text()
        if all(log.count(text) >= times for text, times in wanted) or time.monotonic() > deadline:
            return log
        time.sleep(0.2)


def test_postfix_delivers(server, user, postfix, open_path):
    for n in range(20, 25):
        run(["sendmail", "-C", postfix, "-f", "sender@example.org", f"{user}@localhost"], open_path,
            input=message(n), env={"MAIL_CONFIG": str(postfix)})
    run(["sendmail", "-C", postfix, "-f", "sender@example.org", "nobody@localhost"], open_path,
        input=message(30), env={"MAIL_CONFIG": str(postfix)})
    log = maillog(open_path, ("status=sent (250 2.0.0", 5), ("550 5.1.1", 1))
    assert "MESSAGES 15" in counts(server, user), log
    assert log.count("status=sent (250 2.0.0") == 5, log
    assert "550 5.1.1" in log, log
    peer = server.login(user)
    peer.command("SELECT INBOX")
    header = peer.command("FETCH 15 BODY.PEEK[HEADER]")[0]
    assert "Return-Path: <sender@example.org>" in header and f"Delivered-To: {user}@localhost" in header
    peer.close()


def smtp(port):
    """Postfix's own server, which may have been asked to listen there just now."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return smtplib.SMTP("127.0.0.1", port, timeout=60)
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_postfix_refuses_mail_for_full_accounts(server, user, postfix, open_path):
    """With check_policy_service, as docs/configuration.md says, at RCPT: by the number of messages, and by SIZE."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with open(postfix / "master.cf", "a") as master:
        master.write(f"127.0.0.1:{port} inet n - n - - smtpd\n")
    with open(postfix / "main.cf", "a") as main:
        main.write("smtpd_recipient_restrictions = reject_unauth_destination,"
                   f" check_policy_service inet:127.0.0.1:{server.ports['policy']}\n")
    run(["postfix", "-c", postfix, "reload"], open_path, env={"MAIL_CONFIG": str(postfix)})
    server.run("account", "quota", user, "--messages", "11")
    with smtp(port) as client:
        client.ehlo()
        client.mail("sender@example.org")
        assert client.rcpt(f"{user}@localhost")[0] == 250
        client.rset()
        server.run("account", "quota", user, "--messages", "10")
        client.mail("sender@example.org")
        code, text = client.rcpt(f"{user}+x@localhost")
        assert code == 452 and b"4.2.2" in text and b"The mailbox is full" in text, text
        assert client.rcpt("user39@localhost")[0] == 250
        client.rset()
        used = json.loads(server.run("account", "quota", user, "--json").stdout)["storage"]["used"]
        server.run("account", "quota", user, "--messages", "none", "--storage", str(used + 1000))
        for size, code in (1000, 250), (1001, 452):
            client.mail("sender@example.org", [f"SIZE={size}"])
            assert client.rcpt(f"{user}@localhost")[0] == code
            client.rset()


def test_postfix_delivers_utf8(server, user, postfix, open_path):
    """A subject and a sender in UTF-8, as Gmail and newsletters send them (RFC 6531)."""
    env = {"MAIL_CONFIG": str(postfix)}
    for n, sender in enumerate(("sender@example.org", "jürgen@bücher.example", "")):
        text = f"From: jürgen@bücher.example\nTo: {user}@localhost\nSubject: Grüße {n}\n\nx\n"
        run(["sendmail", "-C", postfix, "-f", sender, f"{user}@localhost"], open_path, input=text, env=env)
    log = maillog(open_path, ("status=sent (250 2.0.0", 3))
    assert "MESSAGES 13" in counts(server, user), log
    assert log.count("status=sent (250 2.0.0") == 3 and "status=bounced" not in log, log
    peer = server.login(user)
    peer.command("SELECT INBOX")
    headers = "".join(peer.command("FETCH 11:13 BODY.PEEK[HEADER]")).encode("latin-1").decode()
    assert {f"Subject: Grüße {n}" in headers for n in range(3)} == {True}, headers
    assert "Return-Path: <jürgen@bücher.example>" in headers and "with UTF8LMTP id" in headers, headers
    peer.close()
