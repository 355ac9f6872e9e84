# SPDX-License-Identifier: MIT
"""`roost check`: everything that is wrong is told in one run, each with what to do about it."""

import grp
import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from roost_server import Roost, binary  # noqa: E402

# Ports that the kernel chooses, and no Postfix: what the machine has does not decide a test about something else.
PORTS = ["-o", "imap.listen=127.0.0.1:0", "-o", "imaps.listen=127.0.0.1:0"]


@pytest.fixture(scope="module")
def home():
    with Roost(accounts=["anna"], start=False) as roost:
        yield roost


@pytest.fixture(autouse=True)
def no_postfix(tmp_path, monkeypatch):
    """A configuration of Postfix of the test's own; without a main.cf postconf gives no answer."""
    folder = tmp_path / "postfix"
    folder.mkdir()
    monkeypatch.setenv("MAIL_CONFIG", str(folder))
    return folder


def rows(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def check(home, *options, ports=PORTS, status=None, **more):
    done = home.run("check", *ports, *(part for option in options for part in ("-o", option)), check=False, **more)
    assert done.stderr == ""
    if status is not None:
        assert done.returncode == status, done.stdout
    return done.stdout


def problems(text):
    return re.findall(r"^PROBLEM (.*)$", text, re.M)


def certificate(folder, *names, days=30):
    cert, key = folder / f"{names[0]}.pem", folder / f"{names[0]}-key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", str(days), "-subj", f"/CN={names[0]}",
                    "-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in names),
                    "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True)
    return [f"tls.certificate={cert}", f"tls.key={key}"]


def test_nothing_is_wrong(home):
    text = check(home, status=0)
    assert not problems(text) and "self-signed" in text and "ok      ports: all of them are free" in text
    assert "postfix" not in text
    done = home.run("check", "--json", *PORTS)
    assert all(row["ok"] and row["text"] for row in rows(done))


def test_all_problems_at_once(home, tmp_path):
    """One of each kind, and two of some: one run names them all."""
    config = home.home / "wrong.conf"
    (home.home / "log").mkdir(exist_ok=True)
    (home.home / "log").chmod(0o755)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config.write_text(f"[imap]\nlisten = 127.0.0.1:{port}\nlissten = 1\n[smtp]\n[limits]\nappend = much\ninactivity_timeout = 1m\n"
                          "[imaps]\nlisten = 192.0.2.7:993\n[lmtp]\nlisten = /nowhere/at/all/lmtp.sock\n"
                          "[tls]\ncertificate = gone.pem\nkey = gone-too.pem\n")
        done = home.run("check", "-c", str(config), config=False, check=False)
    (home.home / "log").chmod(0o700)
    config.unlink()
    assert done.returncode == 1 and done.stderr == ""
    told = problems(done.stdout)
    wanted = [r"configuration: .*wrong\.conf:3: \[imap\] has no key", r"configuration: .*:4: there is no section \[smtp\]",
              r"configuration: .*:6: \[limits\] append", r"folder: .*/log is open to others",
              rf"ports: \[imap\] 127\.0\.0\.1:{port}: in use by ", r"ports: \[imaps\] 192\.0\.2\.7:993: this machine does not have that",
              r"ports: \[lmtp\] /nowhere/at/all/lmtp\.sock: /nowhere/at/all is not a folder",
              r"certificate: .*/gone\.pem: No such file", r"certificate: .*/gone-too\.pem: No such file"]
    assert len(told) == len(wanted), done.stdout
    for line, pattern in zip(told, wanted):
        assert re.match(pattern, line), f"{pattern}\n{done.stdout}"
    assert "note    times: " in done.stdout and "ok      configuration" not in done.stdout


@pytest.mark.parametrize("option, words", [
    ("limits.inactivity_timeout=1799s", "RFC 3501 section 5.4"),
    ("idle.policy=timeout", "liveness ends it only when the client is gone"),
])
def test_what_clients_will_notice(home, option, words):
    assert re.search(rf"^note +times: .*{words}", check(home, option, status=0), re.M)
    assert [row["ok"] for row in rows(home.run("check", "--json", "-o", option, *PORTS)) if row.get("note")] == [True]
    for fine in ("limits.inactivity_timeout=30m", "limits.inactivity_timeout=0"):
        assert "note " not in check(home, fine, status=0)


# ---- certificate ----

def test_names_of_the_certificate(home, tmp_path):
    one = certificate(tmp_path, "mail.example.org", "imap.example.org")
    wild = certificate(tmp_path, "*.example.net")
    for options, told in [
        (["server.hostname=mail.example.org", *one], []),
        (["server.hostname=IMAP.example.org", *one], []),
        (["server.hostname=a.example.net", *wild], []),
        (["server.hostname=example.org", *one], ["it is not valid for example.org ([server] hostname), only for mail.example.org imap."]),
        (["server.hostname=a.b.example.net", *wild], ["it is not valid for a.b.example.net"]),
        (["server.hostname=mail.example.org", "imaps.listen=localhost:0", *one], ["it is not valid for localhost (listen), only for"]),
        (["server.hostname=mail.example.org", "imaps.listen=*:0", *one], []),
    ]:
        found = [line for line in problems(check(home, *options)) if line.startswith("certificate")]
        assert len(found) == len(told) and all(word in line for word, line in zip(told, found)), f"{options}: {found}"
    # The system's own name is a guess at what clients use.
    text = check(home, *certificate(tmp_path, "nobody.invalid"), status=0)
    assert re.search(r"^note +certificate: it is not valid for \S+ \(the name of this machine", text, re.M), text


def test_expired_and_of_another_name(home, tmp_path):
    expiring = certificate(tmp_path, "mail.example.org", days=3)
    told = problems(check(home, "server.hostname=other.example", *expiring, status=1))
    assert len(told) == 2 and "expires in" in told[0] and "other.example" in told[1], told


# ---- ports ----

def test_ports_of_the_running_server(no_postfix):
    with Roost(accounts=["anna"]) as server:
        here = [f"imap.listen=127.0.0.1:{server.ports['imap']}", f"imaps.listen=127.0.0.1:{server.ports['imaps']}",
                f"lmtp.listen=127.0.0.1:{server.ports['lmtp']} {server.dir}/lmtp.sock"]
        text = check(server, *here, ports=[], status=0)
        assert f"ok      ports: the server (process {server.process.pid}) listens on 4 of them" in text, text
        # The same addresses for another DIR: they are in use, by roost.
        with Roost(start=False) as other:
            told = problems(check(other, *here, ports=[], status=1))
            assert len(told) == 4 and all(f"in use by roost (process {server.process.pid})" in line for line in told), told
            # A stranger's program beside the server's own addresses.
        with socket.create_server(("127.0.0.1", 0)) as taken:
            told = problems(check(server, f"imap.listen=127.0.0.1:{taken.getsockname()[1]}", ports=[], status=1))
            assert any(f"(process {os.getpid()})" in line for line in told), told


def test_addresses_that_cannot_be(home):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for options, words in [
        ([f"imap.listen=127.0.0.1:{port}", f"imaps.listen=127.0.0.1:{port}"], "another key already listens there"),
        (["imap.listen=no.such.host.invalid:0"], "no.such.host.invalid"),
        (["lmtp.listen=cert.pem"], None),
        ([f"lmtp.listen={home.home}/cert.pem"], "exists but is not a socket"),
    ]:
        told = [line for line in problems(check(home, *options, status=1)) if line.startswith(("ports", "configuration"))]
        assert len(told) == 1 and (words is None or words in told[0]), f"{options}: {told}"


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody who may not listen below 1024")
def test_privileged_ports(tmp_path):
    if int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) < 1024:
        pytest.skip("this system lets everybody listen below 1024")
    if any(Path(folder, "roost.service").exists() for folder in
           ("/etc/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")):
        pytest.skip("roost is installed here: its service may")
    nobody = pwd.getpwnam("nobody")
    with Roost(start=False) as home:
        program = home.dir / "roost"
        shutil.copy(binary(), program)
        subprocess.run(["chown", "-R", "nobody", str(home.dir)], check=True)

        def as_nobody(listen):
            done = subprocess.run([str(program), "check", "-c", str(home.config), "-o", f"imap.listen={listen}",
                                   "-o", "imaps.listen=127.0.0.1:0", "-o", "lmtp.listen=/run/lmtp.sock"], user=nobody.pw_uid,
                                  group=nobody.pw_gid, extra_groups=[], capture_output=True, text=True,
                                  env=dict(os.environ, MAIL_CONFIG=str(home.dir)))
            told = problems(done.stdout)
            assert done.returncode == 1 and len(told) == 2, done.stdout
            assert "ports: [lmtp] /run/lmtp.sock: this user cannot make a socket in /run" in told[1]
            return told[0]

        port = next(port for port in range(600, 1024) if not listens(port))
        told = as_nobody(f"127.0.0.1:{port}")
        assert f"127.0.0.1:{port}: this user may not use that port" in told and "CAP_NET_BIND_SERVICE" in told
        # Whose it is cannot be seen by this user; that somebody has it can.
        with socket.create_server(("127.0.0.1", port)):
            assert f"127.0.0.1:{port}: in use by another program of user 0; as root" in as_nobody(f"127.0.0.1:{port}")


# ---- Postfix ----

@pytest.fixture
def postfix(no_postfix):
    """Sets keys of a Postfix whose queue is in a folder of the test's own."""
    if shutil.which("postconf", path=os.environ["PATH"] + ":/usr/sbin") is None:
        pytest.skip("Postfix is not installed")
    # Not below pytest's folder, which is closed to Postfix whenever a run begins.
    place = tempfile.TemporaryDirectory(prefix="roost-postfix-")
    queue = Path(place.name)
    queue.chmod(0o755)

    def write(chroot="y", **keys):
        (no_postfix / "main.cf").write_text(
            "compatibility_level = 3.6\n" + "".join(f"{key} = {value}\n" for key, value in {"queue_directory": queue, **keys}.items()))
        (no_postfix / "master.cf").write_text(f"lmtp unix - - {chroot} - - lmtp\n")
    write.queue = queue
    with place:
        yield write


def test_where_postfix_delivers(home, postfix):
    postfix()
    assert "note    postfix: Postfix is installed, but neither" in check(home, status=0)
    postfix(virtual_transport="lmtp:unix:private/dovecot-lmtp")
    told = problems(check(home, status=1))
    assert told == [f"postfix: virtual_transport = lmtp:unix:private/dovecot-lmtp delivers to {postfix.queue}/private/dovecot-lmtp, "
                    f"but [lmtp] listen is {home.home}/run/lmtp.sock"]
    for listen, transport, good in [
        ("127.0.0.1:2424", "lmtp:inet:127.0.0.1:2424", True), ("127.0.0.1:2424", "lmtp:[127.0.0.1]:2424", True),
        ("127.0.0.1:2424", "lmtp:localhost:2424", True), ("*:2424", "lmtp:inet:mail.example.org:2424", True),
        ("[::1]:2424", "lmtp:inet:[::1]:2424", True), ("127.0.0.1:24", "lmtp:127.0.0.1", True),
        ("127.0.0.1:2424", "lmtp:inet:127.0.0.1:24", False), ("127.0.0.1:2424", "lmtp:inet:192.0.2.1:2424", False),
    ]:
        postfix(mailbox_transport=transport)
        text = check(home, f"lmtp.listen={listen}")
        found = [line for line in problems(text) if line.startswith("postfix")]
        assert bool(found) != good and ("mailbox_transport = " + transport) in text, text
    # Both at once: each is told.
    postfix(virtual_transport="lmtp:unix:a", mailbox_transport="lmtp:unix:b")
    assert len(problems(check(home, status=1))) == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give a folder to Postfix's group")
def test_whether_postfix_reaches_the_socket(postfix):
    group = grp.getgrnam("postfix").gr_gid
    folder = postfix.queue / "roost"
    folder.mkdir(mode=0o700)
    sock = folder / "lmtp.sock"
    for chroot, transport in [("y", "lmtp:unix:roost/lmtp.sock"), ("y", "lmtp:unix:/roost/lmtp.sock"), ("n", f"lmtp:unix:{sock}"),
                              ("n", "lmtp:unix:roost/lmtp.sock")]:
        postfix(chroot, virtual_transport=transport)
        os.chown(folder, 0, 0)
        folder.chmod(0o700)
        with Roost(start=False) as server:
            told = problems(check(server, f"lmtp.listen={sock}", status=1))
            assert len(told) == 1 and f"user postfix cannot reach {folder}; " in told[0], told
            os.chown(folder, 0, group)
            folder.chmod(0o2750)
            text = check(server, f"lmtp.listen={sock}", status=0)
            assert f"ok      postfix: virtual_transport = {transport} delivers here" in text, text
            # With the socket there: it has the folder's group; then one that has not.
            server.start(extra=[f"lmtp.listen={sock}"])
            here = [f"imap.listen=127.0.0.1:{server.ports['imap']}", f"lmtp.listen={sock}"]
            assert "delivers here" in check(server, *here, status=0)
            os.chown(sock, 0, 0)
            told = problems(check(server, *here, status=1))
            assert len(told) == 1 and f"user postfix cannot reach {sock}; " in told[0], told
