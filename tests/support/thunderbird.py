# SPDX-License-Identifier: MIT
"""Debian's Thunderbird, with a profile of its own, on a screen of its own, driven through Marionette.

Marionette (firefox-source-docs.mozilla.org, "Protocol") is Mozilla's remote control: messages of JSON with
their length in front. Scripts run in the main window with all that Thunderbird itself may do."""

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from screen import Screen

LOG = "timestamp,sync,IMAP:5"  # as docs/foreign-logs.md has it
PLAIN, STARTTLS, TLS = 0, 2, 3  # nsMsgSocketType

PREFS = """
user_pref("marionette.port", 0);
user_pref("app.update.auto", false);
user_pref("app.donation.eoy.version.viewed", 999);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("datareporting.healthreport.uploadEnabled", false);
user_pref("mailnews.start_page.enabled", false);
user_pref("mail.spotlight.firstRunDone", true);
user_pref("mail.winsearch.firstRunDone", true);
user_pref("mail.shell.checkDefaultClient", false);
user_pref("mail.rights.version", 1);
user_pref("mail.provider.suppress_dialog_on_startup", true);
user_pref("mail.account.account1.identities", "id1");
user_pref("mail.account.account1.server", "server1");
user_pref("mail.accountmanager.accounts", "account1,account2");
user_pref("mail.accountmanager.defaultaccount", "account1");
user_pref("mail.accountmanager.localfoldersserver", "server2");
user_pref("mail.account.account2.server", "server2");
user_pref("mail.identity.id1.fullName", "Anna");
user_pref("mail.identity.id1.useremail", "anna@example.org");
user_pref("mail.identity.id1.valid", true);
user_pref("mail.server.server1.type", "imap");
user_pref("mail.server.server1.name", "Roost");
user_pref("mail.server.server1.hostname", "127.0.0.1");
user_pref("mail.server.server1.port", @port@);
user_pref("mail.server.server1.socketType", @security@);
user_pref("mail.server.server1.authMethod", 3);
user_pref("mail.server.server1.userName", "@user@");
user_pref("mail.server.server1.login_at_startup", false);
user_pref("mail.server.server1.check_new_mail", true);
user_pref("mail.server.server2.type", "none");
user_pref("mail.server.server2.name", "Local Folders");
user_pref("mail.server.server2.hostname", "Local Folders");
user_pref("mail.server.server2.userName", "nobody");
"""


class Thunderbird:
    def __init__(self, folder, user, password, port, security=PLAIN, certificate=None, prefs=""):
        """certificate: one that is accepted although nobody vouches for it, as after "Confirm Security Exception"."""
        self.folder = Path(folder)
        self.profile = self.folder / "profile"
        self.profile.mkdir()
        text = PREFS + prefs
        for name, value in (("port", port), ("security", security), ("user", user)):
            text = text.replace(f"@{name}@", str(value))
        (self.profile / "prefs.js").write_text(text)
        if certificate:
            done = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-fingerprint", "-sha256"],
                                  capture_output=True, text=True, check=True)
            (self.profile / "cert_override.txt").write_text(
                f"127.0.0.1:{port}:\tOID.2.16.840.1.101.3.4.2.1\t{done.stdout.strip().split('=')[1]}\t\n")
        self.user, self.password = user, password
        self.screen = self.process = self.link = None
        self.number = 0

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *exc):
        self.kill()

    def start(self):
        self.screen = Screen(self.folder)
        env = dict(self.screen.env, MOZ_LOG=LOG, MOZ_LOG_FILE=str(self.folder / "imap.log"),
                   MOZ_CRASHREPORTER_DISABLE="1")
        self.output = open(self.folder / "output", "wb")
        # A process group of its own: content processes go with it.
        self.process = subprocess.Popen(
            ["thunderbird", "--profile", str(self.profile), "--marionette", "--remote-allow-system-access",
             "--no-remote"], env=env, stdout=self.output, stderr=subprocess.STDOUT, start_new_session=True)
        self.connect(60)
        self.call("WebDriver:NewSession", {"capabilities": {"alwaysMatch": {"unhandledPromptBehavior": "ignore"}}})
        self.call("Marionette:SetContext", {"value": "chrome"})
        self.call("WebDriver:SetTimeouts", {"script": 60000})

    def connect(self, seconds):
        deadline = time.monotonic() + seconds
        while True:
            assert self.process.poll() is None and time.monotonic() < deadline, self.words()
            try:
                port = int((self.profile / "MarionetteActivePort").read_text())
                self.link = socket.create_connection(("127.0.0.1", port), timeout=90)
                break
            except (OSError, ValueError):
                time.sleep(0.1)
        self.stream = self.link.makefile("rb")
        assert self.message()["marionetteProtocol"] == 3

    def words(self):
        return (self.folder / "output").read_text(errors="replace")[-4000:]

    def message(self):
        digits = b""
        while not digits.endswith(b":"):
            octet = self.stream.read(1)
            assert octet, "Thunderbird closed the connection: " + self.words()
            digits += octet
        return json.loads(self.stream.read(int(digits[:-1])))

    def call(self, name, parameters):
        self.number += 1
        data = json.dumps([0, self.number, name, parameters]).encode()
        self.link.sendall(b"%d:%s" % (len(data), data))
        while True:
            kind, number, error, value = self.message()
            if kind == 1 and number == self.number:
                assert not error, f"{name}: {error['message']}\n{error['stacktrace']}"
                return value

    def do(self, script, *args):
        """Runs the body of an async function in the main window; returns what it returns."""
        body = PRELUDE + "(async function () {" + script + "\n}).apply(null, args).then(v => done([v === undefined ? null : v]), " \
            "e => done(null, String(e) + '\\n' + (e && e.stack)));"
        whole = "const args = Array.from(arguments); const resolve = args.pop();" \
            "const done = (v, e) => resolve({v, e});" + body
        value = self.call("WebDriver:ExecuteAsyncScript",
                          {"script": whole, "args": list(args), "sandbox": "system", "newSandbox": False})["value"]
        assert not value.get("e"), value["e"]
        return value["v"][0]

    def wait(self, what, script, *args, seconds=30):
        """Until the script returns something true."""
        deadline = time.monotonic() + seconds
        while not self.do("return !!await (async function () {" + script + "\n}).apply(null, args);", *args):
            assert time.monotonic() < deadline, f"{what}: not within {seconds} s\n{self.log()[-6000:]}"
            time.sleep(0.1)

    def accept(self, script, seconds=20):
        """Does what asks first, and says yes."""
        self.do("window3.setTimeout(() => {" + script + "}, 0);")
        deadline = time.monotonic() + seconds
        while True:
            try:
                return self.call("WebDriver:AcceptAlert", {})
            except AssertionError as error:
                if "no such alert" not in str(error) and "NoSuchAlert" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def log_file(self):
        return self.folder / "imap.log.moz_log"  # Thunderbird adds the ending

    def log(self):
        return self.log_file().read_text(errors="replace")

    def remember_password(self):
        """As after "Use Password Manager to remember this password"."""
        self.do("""
            const login = Cc["@mozilla.org/login-manager/loginInfo;1"].createInstance(Ci.nsILoginInfo);
            login.init("imap://127.0.0.1", null, "imap://127.0.0.1", args[0], args[1], "", "");
            await Services.logins.addLoginAsync(login);""", self.user, self.password)

    def open(self, path):
        """As by a click on the folder."""
        self.wait(path, "return folderOf(args[0])", path)
        self.do("pane().displayFolder(folderOf(args[0]).URI);", path)

    def rest(self, quiet=4, seconds=60):
        """Until it has nothing to say: no line in its log for so long. It looks into all folders by and by,
        and goes into IDLE two seconds after its last command."""
        deadline = time.monotonic() + seconds
        size, since = -1, 0
        while time.monotonic() - since < quiet or size < 0:
            assert time.monotonic() < deadline, self.log()[-3000:]
            if (now := self.log_file().stat().st_size) != size:
                size, since = now, time.monotonic()
            time.sleep(0.2)

    def quit(self):
        """As by the menu."""
        self.call("Marionette:Quit", {"flags": ["eAttemptQuit"]})
        self.link.close()
        self.link = None
        code = self.process.wait(60)
        assert code == 0, self.words()

    def gone(self, seconds=10):
        """Whether all its processes have ended."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                os.killpg(self.process.pid, 0)
            except ProcessLookupError:
                return True
            time.sleep(0.1)
        return False

    def kill(self):
        if self.link:
            self.link.close()
        if self.process:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
            self.output.close()
        if self.screen:
            self.screen.close()


# What the scripts share.
PRELUDE = """
const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
const server = MailServices.accounts.getAccount("account1").incomingServer;
const root = server.rootFolder;
const folderOf = path => path.split("/").reduce((f, n) => f && f.subFolders.find(
    s => s.name == n || (n == "INBOX" && s.getFlag(Ci.nsMsgFolderFlags.Inbox))), root);
const window3 = Services.wm.getMostRecentWindow("mail:3pane");
const pane = () => window3.document.getElementById("tabmail").currentAbout3Pane;
"""
