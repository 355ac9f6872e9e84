# SPDX-License-Identifier: MIT
"""Configurations and certificates that are wrong: at start the server refuses with file and reason;
on SIGHUP it keeps what it has and says so."""

import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from roost_server import PASSWORD, Roost, binary, processor_seconds  # noqa: E402


def certificate(folder, name):
    """A new self-signed pair; returns the paths of certificate and key."""
    cert, key = folder / f"{name}.pem", folder / f"{name}-key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "30", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
                    "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True)
    return cert, key


class TlsPeer:
    def __init__(self, port):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.socket = context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=20))
        self.file = self.socket.makefile("rwb")
        assert self.line().startswith("* OK")

    def line(self):
        return self.file.readline().decode().strip()

    def command(self, text):
        self.file.write(f"t {text}\r\n".encode())
        self.file.flush()
        while True:
            line = self.line()
            assert line, "closed"
            if line.startswith("t "):
                return line

    def certificate(self):
        return ssl.DER_cert_to_PEM_cert(self.socket.getpeercert(binary_form=True))

    def close(self):
        self.file.close()
        self.socket.close()


def serve(server, *options):
    parts = [part for option in options for part in ("-o", option)]
    return server.run("serve", "-o", "imap.listen=127.0.0.1:0", "-o", "imaps.listen=127.0.0.1:0", *parts, check=False)


@pytest.fixture(scope="module")
def home():
    with Roost(start=False) as server:
        yield server


@pytest.mark.parametrize("text, said", [
    ("[imap]\nlissten = 127.0.0.1:143\n", ":2: [imap] has no key \"lissten\""),
    ("[imap]\n\n[smtp]\nlisten = 25\n", ":3: there is no section [smtp]"),
    ("[imap]\n[smtp]\n", ":2: there is no section [smtp]"),  # also without keys
    ("[imap]\n[lmtp\n", ":2: a section needs a ]"),
    ("listen = 25\n", ":1: \"listen\" stands before the first [section]"),
    ("; fine\n[limits]\nappend = much\n", ":3: [limits] append: \"much\" is not a size such as"),
    ("[limits]\nappend = 900G\n", ":2: [limits] append: 900G is out of bounds"),
    ("[idle]\npolicy = sometimes\n", ":2: [idle] policy: \"sometimes\" is none of liveness, timeout"),
    ("[log]\nstderr = perhaps\n", ":2: [log] stderr: \"perhaps\" is neither yes nor no"),
    ("[log]\nlevels = SFX\n", ":2: [log] levels"),
    ("[imap]\nlisten\n", ":2: neither [section] nor key = value"),
    ("[imap]\nlisten = 127.0.0.1:99999\n", ":2: [imap] listen"),
    ("[server]\n\nhostname = " + "h" * 188 + "\n", ":3: line of 199 octets; the most is 198"),
    ("[server]\nhostname = " + "h" * 100_000 + "\n", ":2: line of 100011 octets; the most is 198"),
    ("[server]\nhostname = a\0b\n", ": not a text file"),
])
def test_typo(home, text, said):
    config = home.home / "typo.conf"
    config.write_text(text)
    for verb in ("serve", "check"):
        done = home.run(verb, "-c", str(config), config=False, check=False)
        assert done.returncode == 1
        assert f"{config}{said}" in done.stdout + done.stderr, done.stdout + done.stderr


def test_longest_line_is_taken(home):
    config = home.home / "long.conf"
    config.write_text("[server]\nhostname = " + "h" * 187 + "\n")
    done = home.run("account", "list", "-c", str(config), config=False)
    assert done.returncode == 0


def test_configuration_that_is_not_there(home):
    done = home.run("serve", "-c", str(home.home / "nowhere.conf"), config=False, check=False)
    assert done.returncode == 1
    assert f"{home.home}/nowhere.conf" in done.stderr and "No such file" in done.stderr, done.stderr


def test_certificates_that_do_not_load(home):
    _, other_key = certificate(home.dir, "other")
    broken = home.home / "broken.pem"
    broken.write_text("-----BEGIN CERTIFICATE-----\nthis is not base64!\n-----END CERTIFICATE-----\n")
    empty = home.home / "empty.pem"
    empty.write_text("")
    for options, words in [
        ([f"tls.certificate={home.home}/missing.pem"], ["missing.pem", "No such file"]),
        ([f"tls.certificate={broken}"], ["broken.pem"]),
        ([f"tls.certificate={empty}"], ["empty.pem"]),
        ([f"tls.key={home.home}/missing.pem"], ["missing.pem", "No such file"]),
        ([f"tls.key={broken}"], ["broken.pem"]),
        ([f"tls.key={other_key}"], ["other-key.pem", "does not belong to"]),
        (["tls.certificate="], ["[imaps] listen needs [tls] certificate"]),
    ]:
        done = serve(home, *options)
        assert done.returncode == 1 and "ready" not in done.stdout
        for word in words:
            assert word in done.stderr, f"{options}: {done.stderr}"
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_address_in_use(home):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = serve(home, f"lmtp.listen=127.0.0.1:{port}")
    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stderr and "in use" in done.stderr, done.stderr


def reload(server, said):
    server.process.send_signal(signal.SIGHUP)
    server.log_wait(said)


def test_reload():
    with Roost(accounts=["anna"], options=["idle.keepalive=0"]) as server:
        live = TlsPeer(server.ports["imaps"])
        old = live.certificate()
        live.command(f'LOGIN anna "{PASSWORD}"')
        live.command("SELECT INBOX")

        # A broken configuration: everything stays.
        good = server.config.read_text()
        server.config.write_text("[imap]\nlissten = x\n")
        reload(server, r" F \d+ 0 reload: .*roost\.conf:2: \[imap\] has no key \"lissten\"; nothing was changed")
        assert "nothing was changed" in server.stderr()
        server.config.write_text(good)

        # A broken certificate, then one whose key is another's: the old one stays.
        cert, key = server.home / "cert.pem", server.home / "key.pem"
        new_cert, new_key = certificate(server.dir, "new.example")
        kept = cert.read_text()
        cert.write_text("nonsense")
        reload(server, r"reload: .*cert\.pem")
        cert.write_text(new_cert.read_text())
        reload(server, r"reload: .*key\.pem does not belong to")
        fresh = TlsPeer(server.ports["imaps"])
        assert fresh.certificate() == old == kept
        fresh.close()

        # A good pair: new connections see it, the live session stays as it is.
        key.write_text(new_key.read_text())
        server.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 10
        fresh = TlsPeer(server.ports["imaps"])
        while fresh.certificate() != new_cert.read_text():
            assert time.monotonic() < deadline
            fresh.close()
            fresh = TlsPeer(server.ports["imaps"])
        assert live.command("NOOP").startswith("t OK")
        assert live.certificate() == old
        assert server.deliver("anna", "Subject: x\n\nx\n").startswith("250")
        assert live.command("STATUS INBOX (MESSAGES)").startswith("t OK")

        # Values that only a restart changes are named, once for each key, and nothing else is.
        server.config.write_text(good.replace(";memory = 256M", "memory = 99M").replace(";undelete = 14d", "undelete = 3d")
                                 .replace(";append = 64M", "append = 9M"))
        reload(server, r"F 07216 0 \[server\] memory has changed and takes effect at the next start")
        server.log_wait(r"\[store\] undelete has changed and takes effect at the next start")
        assert server.log().count("takes effect at the next start") == 2
        assert "[store] undelete has changed" in server.stderr()

        # A value that is read anew.
        server.config.write_text(good.replace(";levels = SF", "levels = APSF"))
        server.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 10
        while "levels: APSF" not in server.run("log").stdout:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert fresh.command("LOGOUT").startswith("t OK")
        assert live.command("LOGOUT").startswith("t OK")


def test_memory_limit_is_told_with_its_mend():
    with Roost(start=False) as server:
        done = subprocess.run(["bash", "-c", 'ulimit -v 4000000; exec "$@"', "x", binary(), "check", "-c",
                               str(server.config), "-o", "server.memory=3G"], capture_output=True, text=True)
        assert done.returncode == 1
        assert "lower [server] memory" in done.stdout, done.stdout


@pytest.mark.parametrize("count", [1_000, 10_000])
def test_thousands_of_domains(count):
    with Roost(accounts=["anna"], start=False) as server:
        names = [f"d{n}.example.org" for n in range(count)]
        lines = ["    " + " ".join(names[i:i + 4]) + "\n" for i in range(0, count, 4)]
        with open(server.config, "a") as config:
            config.writelines(["\n[server]\ndomains =\n", *lines])
        server.start()
        assert processor_seconds(server.process.pid) < 3  # it needs a tenth of a second
        for domain, answer in ((names[0], "250"), (names[-1], "250"), ("other.example.org", "550")):
            peer = server.connect("lmtp")
            peer.line()
            for command in ("LHLO test", "MAIL FROM:<a@example.org>", f"RCPT TO:<anna@{domain}>"):
                peer.send(command + "\r\n")
                reply = peer.reply()
            assert reply.startswith(answer), reply
            peer.close()
