# SPDX-License-Identifier: MIT
"""Servers under measurement: each is made in a directory of its own, started on free loopback
ports, filled, stopped. Dovecot and Cyrus are Debian's builds; their configurations here are
the defaults but for limits that the rows would run into (docs/benchmark.md lists them)."""

import contextlib
import ctypes
import ctypes.util
import functools
import os
import pwd
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PASSWORD = "bench-password"
# A password hash that costs little (half a millisecond), for rows that do not measure hashing.
CHEAP_ROUNDS = 1000
START_SECONDS = 60
STOP_SECONDS = 30


class BenchError(Exception):
    """Something the measurement needs did not work; the text says what."""


def run(argv, **more):
    """Runs a program that must succeed; its output is shown only when it does not."""
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more)
    if done.returncode != 0:
        text = done.stdout.decode("utf-8", "replace").strip()
        raise BenchError(f"{' '.join(map(str, argv))}: exit {done.returncode}\n{text[-2000:]}")
    return done.stdout.decode("utf-8", "replace")


def free_port():
    """A port nobody listens on now, below the range the kernel gives to connecting clients."""
    low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for port in range(20000 + os.getpid() % 5000, low):
        if port in free_port.given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        free_port.given.add(port)
        return port
    raise BenchError("no free port")


free_port.given = set()


def make_certificate(directory):
    """A self-signed certificate for the TLS rows."""
    cert, key = directory / "cert.pem", directory / "key.pem"
    if not cert.exists():
        run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "30", "-subj", "/CN=localhost", "-keyout", key, "-out", cert])
    return cert, key


@functools.cache
def crypt_library():
    library = ctypes.CDLL(ctypes.util.find_library("crypt"))
    library.crypt_r.restype = ctypes.c_char_p
    return library


def hashing_cores():
    """Cores that Roost may use for password hashes: half of them (src/net/slots.h)."""
    return max(1, os.cpu_count() // 2)


def sha512_crypt(salt, rounds=None):
    """PASSWORD as crypt(3) has it under $6$, marked as a hash; with the default of 5,000 rounds
    unless told."""
    library = crypt_library()
    setting = f"$6$rounds={rounds}${salt}$" if rounds else f"$6${salt}$"
    data = ctypes.create_string_buffer(32768)  # struct crypt_data of libxcrypt
    return "{crypt}" + library.crypt_r(PASSWORD.encode(), setting.encode(), data).decode()


def password_hashes(count, own):
    """count hashes: each with a salt of its own and the usual cost, or one cheap one for all."""
    if not own:
        return [sha512_crypt("benchbench", CHEAP_ROUNDS)] * count
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda i: sha512_crypt(f"bench{i:08}"), range(count)))


def crypt_rate(seconds=3):
    """What crypt(3) does alone, in hashes of the usual cost a second, on those cores."""
    def work(number):
        done, end = 0, time.monotonic() + seconds
        while time.monotonic() < end:
            sha512_crypt(f"alone{number:04}{done:06}")
            done += 1
        return done

    start = time.monotonic()
    with ThreadPoolExecutor(hashing_cores()) as pool:
        total = sum(pool.map(work, range(hashing_cores())))
    return total / (time.monotonic() - start)


def children_of(pid):
    """pid and all its descendants."""
    parents = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            stat = Path(f"/proc/{entry}/stat").read_text()
        except OSError:
            continue
        parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry))
    found, queue = [], [pid]
    while queue:
        one = queue.pop()
        found.append(one)
        queue.extend(parents.get(one, []))
    return found


class Server:
    """What all have in common. Accounts are user1 .. userN with one password."""

    name = ""
    park_sessions = 10000  # how many the parked row opens

    def __init__(self, root, accounts, files=None):
        self.dir = Path(root) / self.name
        self.accounts = accounts
        self.files = files  # descriptors that each process may have; None: as many as we
        self.process = None
        self.imap_port, self.imaps_port, self.lmtp_port = free_port(), free_port(), free_port()
        self.dir.mkdir(parents=True, exist_ok=True)

    # What differs.
    def configure(self):
        """Writes the configuration; called before each start."""

    def command(self):
        """The server's command line, in the foreground."""
        raise NotImplementedError

    def environment(self):
        return dict(os.environ)

    def run_as(self):
        """User to run as; None: as we are."""
        return None

    def fleet(self, root, accounts, files, own_hashes=False, sharing=False):
        """A server of the same kind in another directory, for rows with many accounts.
        own_hashes: passwords are kept as hashes of the usual cost; only Roost keeps any.
        sharing: users may share mailboxes; only Dovecot has to be told."""
        del own_hashes
        made = type(self)(root, accounts, files=files)
        made.sharing = sharing
        return made

    def shared_inbox(self, owner):
        """The INBOX of another user, as those see it with whom it is shared."""
        return f"Other Users/{self.user(owner)}"

    sharing = False
    notifies_of_others = False  # of mailboxes of other users

    def logs(self):
        """(number, octets) of the logs that its databases have left beside them."""
        return 0, 0

    keeps_logs = False

    # What does not.
    @property
    def log_path(self):
        return self.dir / "output.log"

    def start(self):
        self.configure()
        log = open(self.log_path, "ab")
        more = {"preexec_fn": self.limit_files} if self.files else {}
        if self.run_as() is not None:
            user = pwd.getpwnam(self.run_as())
            more |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self.process = subprocess.Popen(self.command(), stdout=log, stderr=log,
                                        stdin=subprocess.DEVNULL, env=self.environment(),
                                        start_new_session=True, **more)
        log.close()
        for port, greeting in ((self.imap_port, b"* OK"), (self.lmtp_port, b"220")):
            self.wait_for(port, greeting)

    def limit_files(self):
        resource.setrlimit(resource.RLIMIT_NOFILE, (self.files, self.files))

    def wait_for(self, port, greeting):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                with socket.create_connection(("127.0.0.1", port), 5) as conn:
                    if conn.recv(100).startswith(greeting):
                        return
            except OSError:
                pass
            time.sleep(0.05)
        tail = self.log_path.read_text("utf-8", "replace")[-2000:]
        self.stop()
        raise BenchError(f"{self.name} does not answer on port {port}\n{tail}")

    def stop(self):
        if self.process is None:
            return
        family = children_of(self.process.pid)
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        # Servers that fork may leave children for a moment; ours only.
        deadline = time.monotonic() + STOP_SECONDS
        family = [pid for pid in family if pid != self.process.pid]
        while family and time.monotonic() < deadline:
            time.sleep(0.05)
            family = [pid for pid in family if os.path.exists(f"/proc/{pid}")]
        for pid in family:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process = None

    def user(self, pattern="%"):
        return f"user{pattern}"

    def rcpt(self, pattern="%"):
        return self.user(pattern)

    def memory_kib(self):
        """Memory of the server's processes that belongs to it alone: anonymous and shared
        memory, each page counted once however many processes share it."""
        total = 0
        for pid in children_of(self.process.pid):
            try:
                text = Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:
                continue
            for line in text.splitlines():
                if line.startswith(("Pss_Anon:", "Pss_Shmem:")):
                    total += int(line.split()[1])
        return total

    def written_octets(self):
        """What the server's processes, also those that have ended, have sent to disks: pages
        that became dirty, counted by the kernel. The file system's own journal is not in it."""
        total = 0
        for pid in children_of(self.process.pid):
            try:
                text = Path(f"/proc/{pid}/io").read_text()
            except OSError:
                continue
            total += int(text.split("write_bytes: ", 1)[1].split()[0])
        return total

    def version(self):
        return ""


class Dovecot(Server):
    name = "dovecot"
    park_sessions = 2000  # a process each; the figure is per session
    hibernate_seconds = 0
    plugins = ()
    # Reusing imap processes saves Dovecot a fork and exec at each login.
    imap_service_count = 256

    def shared_inbox(self, owner):
        return f"{super().shared_inbox(owner)}/INBOX"

    def sharing_text(self):
        """What sharing needs; it is left out elsewhere, because each mailbox costs more with it."""
        if not self.sharing:
            return ""
        return """\
protocol imap {
  mail_plugins = $mail_plugins imap_acl
}
namespace others {
  type = shared
  separator = /
  prefix = Other Users/%%u/
  location = sdbox:%%h/sdbox
  subscriptions = no
  list = children
}
plugin {
  acl = vfile
}
"""

    def configure(self):
        cert, key = make_certificate(self.dir)
        mail = self.dir / "mail"
        mail.mkdir(exist_ok=True)
        shutil.chown(mail, "mail", "mail")
        users = "".join(f"user{i}:{{PLAIN}}{PASSWORD}\n" for i in range(1, self.accounts + 1))
        (self.dir / "passwd").write_text(users)
        (self.dir / "dovecot.conf").write_text(f"""\
base_dir = {self.dir}/run
state_dir = {self.dir}/state
log_path = {self.dir}/dovecot.log
protocols = imap lmtp
mail_plugins = {" ".join([*self.plugins, *(["acl"] if self.sharing else [])])}
listen = 127.0.0.1
ssl = yes
ssl_cert = <{cert}
ssl_key = <{key}
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = sdbox:~/sdbox
mail_fsync = optimized
mail_max_userip_connections = 100000
default_client_limit = 100000
default_process_limit = 30000
default_vsz_limit = 4G
imap_hibernate_timeout = {self.hibernate_seconds}s
namespace inbox {{
  inbox = yes
  separator = /
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {self.dir}/passwd
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={mail}/%u
}}
protocol imap {{
  mail_plugins = $mail_plugins imap_zlib
}}
service imap-login {{
  service_count = 0
  process_min_avail = 2
  inet_listener imap {{
    port = {self.imap_port}
  }}
  inet_listener imaps {{
    port = {self.imaps_port}
    ssl = yes
  }}
}}
service imap {{
  service_count = {self.imap_service_count}
  process_limit = 30000
  extra_groups = $default_internal_group
  unix_listener imap-master {{
    user = $default_internal_user
  }}
}}
service imap-hibernate {{
  unix_listener imap-hibernate {{
    mode = 0660
    group = $default_internal_group
  }}
}}
service lmtp {{
  process_min_avail = 2
  inet_listener lmtp {{
    port = {self.lmtp_port}
  }}
}}
{self.sharing_text()}""")

    def command(self):
        return ["/usr/sbin/dovecot", "-F", "-c", str(self.dir / "dovecot.conf")]

    def version(self):
        return run(["/usr/sbin/dovecot", "--version"]).split()[0]


class Hibernating(Dovecot):
    """Dovecot that puts idle sessions away after a second; for the parked rows only."""

    name = "dovecot-hib"
    hibernate_seconds = 1
    imap_service_count = 1  # the processes shall go
    park_sessions = 5000


class Cyrus(Server):
    name = "cyrus"
    park_sessions = 500  # a process each, of megabytes

    def __init__(self, root, accounts, files=None):
        super().__init__(root, accounts, files)
        self.packages = cyrus_packages_dir()

    def run_as(self):
        return "nobody"

    def configure(self):
        bin_dir = self.packages / "usr/lib/cyrus/bin"
        conf = f"-C {self.dir}/imapd.conf"  # its master does not hand it on
        parts = ("conf", "conf/socket", "conf/proc", "conf/msg", "spool", "run")
        for part in parts:
            (self.dir / part).mkdir(exist_ok=True)
        cert, key = make_certificate(self.dir)
        for path in (self.dir, cert, key, *(self.dir / part for part in parts)):
            shutil.chown(path, "nobody", "nogroup")
        (self.dir / "imapd.conf").write_text(f"""\
cyrus_user: nobody
cyrus_group: nogroup
configdirectory: {self.dir}/conf
defaultpartition: default
partition-default: {self.dir}/spool
admins: admin
allowplaintext: yes
sasl_pwcheck_method: alwaystrue
sasl_mech_list: PLAIN
altnamespace: yes
unixhierarchysep: yes
autocreate_quota: 0
delete_mode: immediate
duplicatesuppression: no
maxlogins_per_host: 0
maxlogins_per_user: 0
tls_server_cert: {cert}
tls_server_key: {key}
""")
        (self.dir / "cyrus.conf").write_text(f"""\
START {{
  recover cmd="{bin_dir}/ctl_cyrusdb {conf} -r"
}}
SERVICES {{
  imap cmd="{bin_dir}/imapd {conf}" listen="127.0.0.1:{self.imap_port}" prefork=5 maxchild=30000
  imaps cmd="{bin_dir}/imapd {conf} -s" listen="127.0.0.1:{self.imaps_port}" prefork=0 maxchild=30000
  lmtp cmd="{bin_dir}/lmtpd {conf} -a" listen="127.0.0.1:{self.lmtp_port}" prefork=2 maxchild=200
}}
DAEMON {{
  idled cmd="{bin_dir}/idled {conf}"
}}
""")

    def environment(self):
        libraries = next((self.packages / "usr/lib").glob("*-linux-gnu"))
        return dict(os.environ, LD_LIBRARY_PATH=str(libraries), CYRUS_USER="nobody")

    def command(self):
        return [str(self.packages / "usr/lib/cyrus/bin/master"), "-D",
                "-C", str(self.dir / "imapd.conf"), "-M", str(self.dir / "cyrus.conf"),
                "-p", str(self.dir / "run/master.pid")]

    def start(self):
        super().start()
        self.create_inboxes()

    def create_inboxes(self):
        """INBOXes come at the first login; LMTP needs them before."""
        stamp = self.dir / "accounts"
        have = int(stamp.read_text()) if stamp.exists() else 0
        for number in range(have + 1, self.accounts + 1):
            with socket.create_connection(("127.0.0.1", self.imap_port), 30) as conn:
                stream = conn.makefile("rwb")
                stream.write(f'a LOGIN "user{number}" "{PASSWORD}"\r\nb LOGOUT\r\n'.encode())
                stream.flush()
                if b"a OK" not in stream.read():
                    raise BenchError(f"cyrus: cannot log in as user{number}")
        stamp.write_text(str(max(have, self.accounts)))

    def version(self):
        text = (self.packages / "usr/lib/cyrus/cyrus-hardwired-config.txt").read_text()
        return text.split("PACKAGE_VERSION", 1)[1].split()[0]


class Roost(Server):
    name = "roost"

    def __init__(self, root, accounts, binary, options=(), files=None, hashes=None):
        super().__init__(root, accounts, files)
        self.binary = binary
        self.options = options
        self.hashes = hashes  # given(count): a list of them; None: Roost hashes the password

    notifies_of_others = True

    def shared_inbox(self, owner):
        return f"{super().shared_inbox(owner)}/INBOX"

    def fleet(self, root, accounts, files, own_hashes=False, sharing=False):
        del sharing
        return Roost(root, accounts, self.binary, self.options, files,
                     lambda count: password_hashes(count, own_hashes))

    keeps_logs = True

    def logs(self):
        """The write-ahead logs of SQLite, of accounts and of the server."""
        sizes, queue = [], [str(self.data)]
        while queue:
            with os.scandir(queue.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        queue.append(entry.path)
                    elif entry.name.endswith("-wal"):
                        try:
                            sizes.append(entry.stat().st_size)
                        except FileNotFoundError:
                            continue
        sizes = [size for size in sizes if size > 0]
        return len(sizes), sum(sizes)

    def accounts_with_keys(self):
        """Accounts with which SCRAM works (docs/schema.md)."""
        with contextlib.closing(sqlite3.connect(f"file:{self.data}/registry.db?mode=ro", uri=True,
                                                timeout=10)) as registry:
            return registry.execute("SELECT count(*) FROM account"
                                    " WHERE length(scram_stored_key) > 0").fetchone()[0]

    @property
    def data(self):
        return self.dir / "data"

    def configure(self):
        if not (self.data / "roost.conf").exists():
            run([self.binary, "init", str(self.data)])
        stamp = self.dir / "accounts"
        have = int(stamp.read_text()) if stamp.exists() else 0
        if have < self.accounts:
            count = self.accounts - have
            secrets = self.hashes(count) if self.hashes else [PASSWORD] * count
            lines = "".join(f"user{have + 1 + i}:{secret}\n" for i, secret in enumerate(secrets))
            names = self.dir / "names"
            names.write_text(lines)
            run([self.binary, "account", "-c", str(self.data / "roost.conf"), "add", "--from",
                 str(names)])
            stamp.write_text(str(self.accounts))

    def command(self):
        argv = [self.binary, "serve", "-c", str(self.data / "roost.conf")]
        settings = [f"imap.listen=127.0.0.1:{self.imap_port}",
                    f"imaps.listen=127.0.0.1:{self.imaps_port}",
                    f"lmtp.listen=127.0.0.1:{self.lmtp_port}",
                    "limits.max_connections_per_user=100000",
                    "limits.max_connections_per_address=100000", *self.options]
        for setting in settings:
            argv += ["-o", setting]
        return argv

    def rcpt(self, pattern="%"):
        return f"{self.user(pattern)}@localhost"

    def version(self):
        return run([self.binary, "--version"]).strip()


class Beside(Roost):
    """Another build of Roost, to see what a change costs. It is not a peer: no target means it."""

    name = "roost-beside"


DEBIAN_PACKAGES = ["dovecot-core", "dovecot-imapd", "dovecot-lmtpd", "isync", "openssl"]
# Debian's cyrus-imapd and dovecot-imapd exclude each other, so Cyrus is unpacked beside the
# system instead of installed; only the libraries it needs come from apt.
CYRUS_PACKAGES = ["cyrus-common", "cyrus-imapd"]
CYRUS_LIBRARIES = ["libical3", "libxapian30", "libwrap0", "libicu72", "libpcre3", "libsasl2-2",
                   "libsasl2-modules", "libxml2", "libpq5", "libldap-2.5-0", "libjansson4",
                   "libcom-err2", "libkrb5-3", "libsqlite3-0", "zlib1g"]


def cyrus_packages_dir():
    cache = Path(os.environ.get("XDG_CACHE_HOME", "/var/cache"))
    return cache / "roost-bench" / "cyrus"


def packages_missing(names=("dovecot", "cyrus")):
    """What install_packages would do for these servers, as text lines; empty when all is there."""
    todo = []
    if not shutil.which("mbsync") or not Path("/usr/lib/dovecot/lmtp").exists():
        todo.append("apt-get install " + " ".join(DEBIAN_PACKAGES))
    if "cyrus" in names and not (cyrus_packages_dir() / "usr/lib/cyrus/bin/imapd").exists():
        todo.append("apt-get install " + " ".join(CYRUS_LIBRARIES))
        todo.append(f"apt-get download {' '.join(CYRUS_PACKAGES)}; "
                    f"dpkg -x to {cyrus_packages_dir()}")
    return todo


def install_packages():
    """Installs the reference servers without letting Debian start them."""
    policy = Path("/usr/sbin/policy-rc.d")
    ours = not policy.exists()
    if ours:
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
    try:
        env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
        run(["apt-get", "install", "-y", "--no-install-recommends", *DEBIAN_PACKAGES,
             *CYRUS_LIBRARIES], env=env)
        target = cyrus_packages_dir()
        target.mkdir(parents=True, exist_ok=True)
        run(["apt-get", "download", *CYRUS_PACKAGES], cwd=target)
        for package in target.glob("*.deb"):
            run(["dpkg", "-x", package, target])
            package.unlink()
    finally:
        if ours:
            policy.unlink()
