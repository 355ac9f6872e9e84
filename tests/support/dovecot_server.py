# SPDX-License-Identifier: MIT
"""Debian's Dovecot with a configuration of its own on loopback, for one user whose mail is in a folder given."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

BINARY = "/usr/sbin/dovecot"
PASSWORD = "dovecot-password"


def missing():
    """Why it cannot run here, or None."""
    if not Path(BINARY).exists() or not Path("/usr/lib/dovecot/imap").exists():
        return "Debian's dovecot-imapd is not installed"
    if os.geteuid() != 0:
        return "Dovecot needs root here: it runs its processes as other users"
    return None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Dovecot:
    """user "anna"; mail: a folder, which becomes Dovecot's; location: with {mail} for it."""

    def __init__(self, mail, location="maildir:{mail}", settings=""):
        self.dir = Path(tempfile.mkdtemp(prefix="roost-dovecot-", dir="/tmp"))
        self.dir.chmod(0o755)
        self.mail = self.dir / "mail"
        if mail is None:
            self.mail.mkdir()
        else:
            shutil.copytree(mail, self.mail, symlinks=True)  # with times of change
        subprocess.run(["chown", "-R", "mail:mail", self.mail], check=True)
        self.port = free_port()
        (self.dir / "home").mkdir()
        shutil.chown(self.dir / "home", "mail", "mail")
        (self.dir / "dovecot.conf").write_text(f"""\
base_dir = {self.dir}/run
state_dir = {self.dir}/state
log_path = {self.dir}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = {location.format(mail=self.mail)}
namespace inbox {{
  inbox = yes
  separator = /
}}
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={self.dir}/home
}}
service imap-login {{
  inet_listener imap {{
    port = {self.port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
{settings}
""")
        self.output = open(self.dir / "output", "ab")
        self.process = subprocess.Popen([BINARY, "-F", "-c", str(self.dir / "dovecot.conf")], stdin=subprocess.DEVNULL,
                                        stdout=self.output, stderr=self.output, start_new_session=True)

    def __enter__(self):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 5) as conn:
                    if conn.recv(100).startswith(b"* OK"):
                        return self
            except OSError:
                pass
            time.sleep(0.05)
        output = self.log() + (self.dir / "output").read_text()
        self.__exit__(None, None, None)
        raise AssertionError("Dovecot does not answer\n" + output)

    def log(self):
        path = self.dir / "dovecot.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def __exit__(self, *exc):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.output.close()
        shutil.rmtree(self.dir, ignore_errors=True)
