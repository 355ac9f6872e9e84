# SPDX-License-Identifier: MIT
"""Debian's Roundcube with its default settings, used in a browser: list, open, search, delete, move, flags."""

import importlib.util
import json
import os
import re
import shutil
import time

import pytest

from conftest import message
from judge import LEVELS, judge
from roost_server import PASSWORD, Roost
from roundcube import ROOT, Browser, Roundcube

pytestmark = [
    pytest.mark.skipif(not os.environ.get("ROOST_LONG"), reason="a web server and a browser: ./dev test --long"),
    pytest.mark.skipif(not (os.path.exists(ROOT) and shutil.which("php") and shutil.which("chromium") and
                            shutil.which("chromedriver") and importlib.util.find_spec("selenium")),
                       reason="roundcube, php, chromium or selenium is not installed (./dev test --long installs them)"),
    pytest.mark.usefixtures("bounded"),
]

# In base64, so that only a server that decodes finds the words: "Die Möwe fliegt über Köln."
GULL = """From: =?utf-8?q?J=C3=B6rg?= <joerg@example.org>
To: anna@example.org
Subject: =?utf-8?b?w5xiZXJyYXNjaHVuZw==?=
Date: Sun, 22 Nov 2026 11:00:00 +0100
Message-ID: <gull@example.org>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: base64

RGllIE3DtndlIGZsaWVndCDDvGJlciBLw7Zsbi4=
"""
# What has gone from the list is only hidden.
SHOWN = "[...document.querySelectorAll('#messagelist tbody tr.message')].filter(row => row.style.display != 'none')"
SUBJECTS = f"return {SHOWN}.map(row => row.querySelector('.subject a').textContent.trim());"
ROWS = f"{SHOWN}.length"


@pytest.fixture(scope="module")
def server():
    with Roost(accounts=["plain", "tls"], options=[LEVELS]) as roost:
        yield roost


class Page:
    """What a person does in Roundcube's window."""

    def __init__(self, browser, url):
        self.browser, self.url = browser, url

    def log_in(self, account):
        self.browser.driver.get(self.url)
        self.browser.one("#rcmloginuser").send_keys(account)
        self.browser.one("#rcmloginpwd").send_keys(PASSWORD)
        self.browser.one("#rcmloginsubmit").click()
        self.browser.wait("the window", "return window.rcmail && rcmail.env.task == 'mail' && rcmail.message_list;")

    def rows(self, count):
        self.browser.wait(f"{count} rows", f"return {ROWS} == arguments[0] && !jQuery.active;", count)

    def subjects(self):
        return self.browser.do(SUBJECTS)

    def open(self, mailbox, count):
        self.browser.one(f"#mailboxlist a[rel='{mailbox}']").click()
        self.browser.wait(mailbox, "return rcmail.env.mailbox == arguments[0] && !rcmail.busy;", mailbox)
        self.rows(count)

    def row(self, subject):
        from selenium.webdriver.common.by import By
        return next(row for row in self.browser.driver.find_elements(By.CSS_SELECTOR, "#messagelist tbody tr.message")
                    if subject in row.text)

    def read(self, subject):
        """Opens it with a double click; returns its text, and goes back."""
        from selenium.webdriver.common.action_chains import ActionChains
        from selenium.webdriver.common.by import By
        ActionChains(self.browser.driver).double_click(
            self.row(subject).find_element(By.CSS_SELECTOR, "td.subject")).perform()
        text = self.browser.one("#messagebody").text
        self.browser.driver.back()
        self.browser.wait("the list", "return window.rcmail && rcmail.env.action == '' && " + ROWS + " > 0 && !rcmail.busy;")
        return text

    def choose(self, *subjects):
        """With the control key held for more than one."""
        from selenium.webdriver.common.action_chains import ActionChains
        from selenium.webdriver.common.by import By
        from selenium.webdriver.common.keys import Keys
        actions = ActionChains(self.browser.driver)
        for n, subject in enumerate(subjects):
            cell = self.row(subject).find_element(By.CSS_SELECTOR, "td.subject .date")
            if n == 1:
                actions.key_down(Keys.CONTROL)
            actions.click(cell)
        if len(subjects) > 1:
            actions.key_up(Keys.CONTROL)
        actions.perform()
        self.browser.wait("the choice", "return rcmail.message_list.get_selection().length == arguments[0];", len(subjects))
        if len(subjects) == 1:  # it is shown beside the list, and marked as read by that
            self.browser.wait("the preview", """
                const frame = document.getElementById("messagecontframe").contentWindow;
                return frame.rcmail?.env.uid == rcmail.message_list.get_single_selection() &&
                    frame.document.readyState == "complete";""")

    def command(self, *words):
        """As by a button, which does nothing while a request is open."""
        self.browser.wait(words[0], "return !jQuery.active && rcmail.command(...arguments) !== false;", *words)

    def arrange(self, column, order, threads):
        """As by the options of the list; the column "" is the order of arrival."""
        self.browser.wait("no request is open", "return !jQuery.active && !rcmail.busy;")
        self.browser.do("rcmail.set_list_options(undefined, ...arguments);", column, order, threads)
        self.browser.wait("the list anew", """
            return !jQuery.active && !rcmail.busy && rcmail.env.sort_col == arguments[0] &&
                rcmail.env.sort_order == arguments[1] && !rcmail.env.threading == !arguments[2];""",
                          column, order, threads)

    def search(self, word, where, count):
        """where: the boxes to tick in the options, "subject", "body" ..."""
        if not self.browser.do("return document.querySelector('#searchmenu').offsetParent"):
            self.browser.one("#layout-list .searchbar a.options").click()
        self.browser.one("#searchmenu label")
        self.browser.do("""
            for (const box of document.querySelectorAll('input[name="s_mods[]"]'))
                if (box.checked != arguments[0].includes(box.value))
                    box.click();""", where)
        field = self.browser.one("#mailsearchform")
        field.clear()
        field.send_keys(word + "\n")
        self.browser.wait(f"what is found for {word}",
                          f"return rcmail.env.search_request && !rcmail.busy && {ROWS} == arguments[0];", count)
        found = self.subjects()
        self.command("reset-search")
        self.browser.wait("all again", "return !rcmail.env.search_request && !rcmail.busy;")
        return found


def story(server, account, page):
    page.log_in(account)
    page.rows(11)
    assert page.subjects()[0] == "Überraschung"
    folders = page.browser.do("return [...document.querySelectorAll('#mailboxlist a[rel]')].map(a => a.rel);")
    assert {"INBOX", "Drafts", "Sent", "Junk", "Trash", "Archive", "Work/Ideas", "B&APw-cher"} <= set(folders), folders
    assert "Unseen" not in folders

    # A new message is found when Roundcube looks. The two requests at its start may overwrite what the other one
    # keeps of INBOX; a list that is asked for alone is kept.
    page.open("INBOX", 11)
    assert server.deliver(account, message(20)).startswith("250")
    page.command("checkmail")
    page.rows(12)
    assert "message 20: äöü" in page.read("Grüße 20")
    assert "Die Möwe fliegt über Köln." in page.read("Überraschung")

    # Sorted by the server, whose order knows that an umlaut is a letter; and threaded, where nothing answers anything.
    page.arrange("subject", "ASC", 0)
    page.rows(12)
    assert page.subjects() == sorted(page.subjects()) and page.subjects()[-1] == "Überraschung"
    page.arrange("subject", "DESC", 0)
    page.rows(12)
    assert page.subjects() == sorted(page.subjects(), reverse=True)
    page.arrange("", "DESC", 1)
    page.rows(12)
    page.arrange("", "DESC", 0)
    page.rows(12)

    # Words with an umlaut, in the header and in the text.
    assert page.search("Überraschung", ["subject", "from"], 1) == ["Überraschung"]
    page.rows(12)
    assert len(page.search("grüße", ["subject"], 11)) == 11
    assert page.search("MÖWE", ["body"], 1) == ["Überraschung"]
    assert page.search("Jörg", ["from"], 1) == ["Überraschung"]
    page.rows(12)

    # Deleted into Trash, moved, starred, marked as unread.
    page.choose("Grüße 3")
    page.command("delete")
    page.rows(11)
    page.choose("Grüße 4", "Grüße 5")
    page.command("move", "Work/Ideas")
    page.rows(9)
    page.choose("Grüße 6")
    page.command("mark", "flagged")
    page.choose("Grüße 20")
    page.command("mark", "unread")
    page.browser.wait("no request is open", "return !rcmail.busy;")
    page.open("Trash", 1)
    page.open("Work/Ideas", 2)
    page.open("B&APw-cher", 0)
    page.open("INBOX", 9)


def flags(server, account):
    peer = server.login(account)
    peer.command("EXAMINE INBOX")
    told = {int(re.search(r"UID (\d+)", line).group(1)): line for line in peer.command("UID FETCH 1:* (FLAGS)")}
    peer.command("LOGOUT")
    peer.close()
    return told


@pytest.mark.parametrize("security", ["plain", "tls"])
def test_roundcube(server, tmp_path, security):
    account = security
    for n in range(10):
        assert server.deliver(account, message(n)).startswith("250")
    assert server.deliver(account, GULL).startswith("250")
    peer = server.login(account)
    for command in ('CREATE "Work/Ideas"', 'SUBSCRIBE "Work/Ideas"', 'CREATE "B&APw-cher"', 'SUBSCRIBE "B&APw-cher"',
                    'CREATE "Unseen"', "LOGOUT"):
        peer.command(command)
    peer.close()
    if security == "tls":
        host, more = f"ssl://127.0.0.1:{server.ports['imaps']}", \
            "['imap_conn_options' => ['ssl' => ['verify_peer' => false, 'verify_peer_name' => false]]]"
    else:
        host, more = f"127.0.0.1:{server.ports['imap']}", "[]"
    with Roundcube(tmp_path / "roundcube", host, more) as roundcube, Browser(tmp_path) as browser:
        page = Page(browser, roundcube.url)
        try:
            story(server, account, page)
        except BaseException:
            print(roundcube.words(), browser.do("return document.body.innerText;")[-1000:])
            raise
        deadline = time.monotonic() + 20
        while "\\Flagged" not in (now := flags(server, account))[7] or "\\Seen" in now[12]:
            assert time.monotonic() < deadline, now
            time.sleep(0.2)
        page.command("logout")
        browser.one("#rcmloginuser")
    assert "\\Seen" in flags(server, account)[11] and len(flags(server, account)) == 9

    told = judge(server, account, "Roundcube", count=10)
    assert all(one["reason"] == "logout" and bool(one["tls"]) == (security == "tls") for one in told)
    # Its many short sessions are one line of the account's picture.
    picture = server.run("explain", "--account", account).stdout
    assert re.search(rf"Roundcube.*: {len(told)} ends", picture), picture
    # Roundcube's own log of its dialogues.
    said = roundcube.imap_log.read_text(errors="replace")
    assert re.search(r"UID SORT \(SUBJECT\)|UID SORT .*\(SUBJECT\)", said) and "UID THREAD REFS " in said
    read = json.loads(server.run("explain", str(roundcube.imap_log), "--all", "--json", config=False).stdout)
    assert read["files"][0]["not_understood"] == 0, read["files"]
    assert len(read["sessions"]) == len(told), (len(read["sessions"]), len(told))
    assert all(one["who"] == "client" and one["verdict"] == "logged-out" for one in read["sessions"]), read
