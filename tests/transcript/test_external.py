# SPDX-License-Identifier: MIT
"""AUTH=EXTERNAL: logging in with a client's certificate (RFC 4422 appendix A)."""

import base64
import re
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from roost_server import Roost  # noqa: E402


class Authority:
    """A CA that makes certificates as openssl(1) does."""

    def __init__(self, folder, name):
        folder.mkdir(exist_ok=True)
        self.folder, self.cert, self.key = folder, folder / f"{name}.pem", folder / f"{name}.key"
        self.count = 0
        self.openssl("req", "-x509", *self.new_key(self.key), "-subj", f"/CN={name}", "-days", "30", "-out", str(self.cert))

    def openssl(self, *args):
        subprocess.run(["openssl", *args], check=True, capture_output=True, cwd=self.folder)

    @staticmethod
    def new_key(path):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(path)]

    def issue(self, subject, names="", usage="clientAuth", days=30):
        """Returns the path of a file with certificate and key. names: of subjectAltName."""
        self.count += 1
        key, request, cert = (self.folder / f"{self.cert.stem}{self.count}.{end}" for end in ("key", "csr", "crt"))
        extensions = self.folder / "extensions"
        extensions.write_text(f"extendedKeyUsage={usage}\n" + (f"subjectAltName={names}\n" if names else ""))
        self.openssl("req", *self.new_key(key), "-utf8", "-subj", subject, "-out", str(request))
        self.openssl("x509", "-req", "-in", str(request), "-CA", str(self.cert), "-CAkey", str(self.key), "-days", str(days),
                     "-extfile", str(extensions), "-out", str(cert))
        both = cert.with_suffix(".both")
        both.write_text(cert.read_text() + key.read_text())
        return both


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"), "ours")


@pytest.fixture(scope="module")
def server(ca):
    options = ["log.levels=APSF", f"tls.client_ca={ca.cert}", "server.domains=localhost example.org"]
    with Roost(options=options, accounts=["anna", "bob", "carl@elsewhere.net"]) as roost:
        roost.run("account", "alias", "bob", "robert")
        yield roost


def context_of(cert, newest=ssl.TLSVersion.TLSv1_3):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = newest
    if cert is not None:
        context.load_cert_chain(cert)
    return context


def connect(server, cert, context=None, session=None):
    """A connection in TLS, and whether EXTERNAL is offered on it."""
    peer = server.connect("imaps")
    peer.socket = (context or context_of(cert)).wrap_socket(peer.socket, session=session)
    return peer, "AUTH=EXTERNAL" in peer.line()


def external(peer, authzid="", initial=True):
    """Returns the tagged line."""
    text = base64.b64encode(authzid.encode()).decode()
    if initial:
        peer.send(f"e AUTHENTICATE EXTERNAL {text or '='}\r\n")
    else:
        peer.send("e AUTHENTICATE EXTERNAL\r\n")
        assert peer.line() == "+ "
        peer.send(f"{text}\r\n")
    return peer.line()


def test_who_is_let_in(server, ca):
    cert = ca.issue("/CN=Anna", "email:anna@example.org")
    for authzid in "", "anna", "anna@example.org":
        for initial in True, False:
            peer, offered = connect(server, cert)
            assert offered
            assert external(peer, authzid, initial).startswith("e OK [CAPABILITY ")
            peer.command("SELECT INBOX")
            peer.close()
    server.log_wait(r"logged in as anna by EXTERNAL with certificate [0-9A-F]+ of \"anna@example.org\"")


WRONG = "e NO [AUTHENTICATIONFAILED] Wrong name or password"


@pytest.mark.parametrize("subject, names, authzid, answer, reason", [
    ("/CN=x", "email:carl@elsewhere.net", "", "e OK", None),
    ("/CN=x", "email:nobody@example.org", "", WRONG, "certificate-of-nobody"),
    ("/CN=x", "email:nobody@example.org", "anna", WRONG, "certificate-of-nobody"),
    ("/CN=x", "email:anna@example.org", "bob", WRONG, "not-your-account"),
    ("/CN=x", "email:anna@example.org", "nobody", WRONG, "not-your-account"),
    ("/CN=x", "email:anna@example.org,email:bob@example.org", "bob", "e OK", None),
    ("/CN=x", "email:x@example.org,email:bob@example.org", "", "e OK", None),
    ("/CN=x/emailAddress=bob@example.org", "", "", "e OK", None),
    ("/CN=x/emailAddress=bob@example.org", "DNS:example.org", "", "e OK", None),
    ("/CN=x/emailAddress=bob@example.org", "email:nobody@example.org", "", WRONG, "certificate-of-nobody"),
    ("/CN=x", "email:robert@example.org", "", WRONG, "certificate-of-nobody"),  # an alias is no login
    ("/CN=x", "email:anna@elsewhere.net", "", WRONG, "certificate-of-nobody"),
])
def test_names(server, ca, subject, names, authzid, answer, reason):
    peer, offered = connect(server, ca.issue(subject, names))
    assert offered
    assert external(peer, authzid).startswith(answer)
    peer.close()
    if reason:
        server.log_wait(f"reason={reason} address=127.0.0.1")


@pytest.mark.parametrize("make", [
    lambda ca, folder: None,
    lambda ca, folder: ca.issue("/CN=x", "email:anna@example.org", days=-1),
    lambda ca, folder: ca.issue("/CN=x", "email:anna@example.org", usage="serverAuth"),
    lambda ca, folder: ca.issue("/CN=anna"),  # has no mail address
    lambda ca, folder: ca.issue("/CN=x", "DNS:anna.example.org"),
    lambda ca, folder: ca.issue("/CN=x", "email:" + "a" * 300 + "@example.org"),
    lambda ca, folder: Authority(folder / "other", "ours").issue("/CN=x", "email:anna@example.org"),
], ids=["none", "expired", "of-a-server", "without-address", "other-name", "too-long", "other-ca"])
@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def test_what_is_no_certificate_for_us(server, ca, tmp_path, make, newest):
    """The connection goes on without EXTERNAL, and other ways to log in work."""
    cert = make(ca, tmp_path)
    peer, offered = connect(server, cert, context_of(cert, newest))
    assert not offered
    assert external(peer) == "e NO [CANNOT] That mechanism is not offered"
    peer.command('LOGIN anna "secret word"')
    peer.close()


def test_bad_messages(server, ca):
    peer, _ = connect(server, ca.issue("/CN=x", "email:anna@example.org"))
    for text in "an\0na", "x" * 300:
        assert external(peer, text).startswith("e BAD ")
    peer.close()
    peer, _ = connect(server, ca.issue("/CN=x", "email:anna@example.org"))
    peer.send("e AUTHENTICATE EXTERNAL !\r\n")
    assert peer.line().startswith("e BAD ")
    peer.send("e AUTHENTICATE EXTERNAL\r\n")
    assert peer.line() == "+ "
    peer.send("*\r\n")
    assert peer.line() == "e BAD AUTHENTICATE cancelled"
    assert external(peer).startswith("e OK ")
    peer.close()


def test_without_tls_and_after_starttls(server, ca):
    peer = server.connect()
    assert "EXTERNAL" not in peer.line()
    assert external(peer) == "e NO [CANNOT] That mechanism is not offered"
    peer.command("STARTTLS")
    peer.socket = context_of(ca.issue("/CN=x", "email:anna@example.org")).wrap_socket(peer.socket)
    assert any("AUTH=EXTERNAL" in line for line in peer.command("CAPABILITY"))
    assert external(peer).startswith("e OK ")
    peer.close()


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def test_a_resumed_session_keeps_the_certificate(ca, tmp_path, newest):
    """Until the CA is another one: then the client has to show it again."""
    used = tmp_path / "ca.pem"
    used.write_bytes(ca.cert.read_bytes())
    with Roost(options=["log.levels=APSF", f"tls.client_ca={used}", "server.domains=example.org"], accounts=["anna"]) as server:
        context = context_of(ca.issue("/CN=x", "email:anna@example.org"), newest)
        first, offered = connect(server, None, context)
        assert offered
        session = first.socket.session
        first.close()
        again, offered = connect(server, None, context, session)
        assert again.socket.session_reused and offered
        assert external(again).startswith("e OK ")
        again.close()
        used.write_bytes(Authority(tmp_path / "other", "theirs").cert.read_bytes())
        server.process.send_signal(signal.SIGHUP)
        server.log_wait("configuration reloaded")
        again, offered = connect(server, None, context, session)
        assert not again.socket.session_reused and not offered
        again.close()


def test_sessions_go_on_when_the_password_changes(server, ca):
    peer, _ = connect(server, ca.issue("/CN=x", "email:bob@example.org"))
    assert external(peer).startswith("e OK ")
    server.run("account", "passwd", "bob", "--password-stdin", stdin="another\n")
    peer.command("NOOP")
    server.run("account", "disable", "bob")
    assert peer.line() == "* BYE [CONTACTADMIN] Account is disabled"
    peer, _ = connect(server, ca.issue("/CN=x", "email:bob@example.org"))
    assert external(peer) == "e NO [CONTACTADMIN] The account is disabled"
    peer.close()
    server.run("account", "enable", "bob")


def test_common_names(ca):
    options = ["log.levels=APSF", f"tls.client_ca={ca.cert}", "tls.client_name=cn"]
    with Roost(options=options, accounts=["anna", "jörg"]) as server:
        for name in "anna", "jörg":
            peer, offered = connect(server, ca.issue(f"/CN={name}", "email:x@example.org"))
            assert offered and external(peer).startswith("e OK ")
            peer.close()
        server.log_wait("logged in as jörg by EXTERNAL")


def test_a_ca_that_cannot_be_read(tmp_path):
    for text, words in (None, "ca.pem"), ("nothing", "has no certificate in PEM"):
        if text:
            (tmp_path / "ca.pem").write_text(text)
        with Roost(start=False) as server:
            server.options = [f"tls.client_ca={tmp_path / 'ca.pem'}"]
            with pytest.raises(AssertionError, match=re.escape(words)):
                server.start()
            server.process.wait()
            server.process = None
            done = server.run("check", "-o", f"tls.client_ca={tmp_path / 'ca.pem'}", check=False)
            assert words in done.stdout + done.stderr
