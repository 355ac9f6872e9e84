# SPDX-License-Identifier: MIT
"""Debian's Roundcube, served by PHP's own web server, with a configuration and a database of its own, and a headless
Chromium to use it."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

ROOT = "/var/lib/roundcube/public_html"
CONFIG = """<?php
$config = [
    'db_dsnw' => 'sqlite:///@folder@/roundcube.db?mode=0600',
    'imap_host' => '@host@',
    'imap_debug' => true,
    'log_dir' => '@folder@/logs/',
    'temp_dir' => '@folder@/temp/',
    'des_key' => 'twenty-four characters!!',
    'language' => 'en_US',
    'enable_spellcheck' => false,
    'plugins' => [],
    'skin' => 'elastic',
] + @more@;
"""


class Roundcube:
    """.url is its address; .imap_log what it noted of its dialogues."""

    def __init__(self, folder, host, more="[]"):
        """host: as `imap_host` has it. more: a PHP array of further configuration."""
        self.folder = Path(folder)
        for name in ("config", "logs", "temp"):
            (self.folder / name).mkdir(parents=True)
        text = CONFIG
        for name, value in (("folder", self.folder), ("host", host), ("more", more)):
            text = text.replace(f"@{name}@", str(value))
        (self.folder / "config" / "config.inc.php").write_text(text)
        for name in ("defaults.inc.php", "mimetypes.php"):
            (self.folder / "config" / name).symlink_to(Path("/etc/roundcube") / name)
        self.imap_log = self.folder / "logs" / "imap.log"
        self.process = None

    def __enter__(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/"
        env = dict(os.environ, ROUNDCUBE_CONFIG_DIR=str(self.folder / "config"), PHP_CLI_SERVER_WORKERS="4",
                   HOME=str(self.folder))
        self.output = open(self.folder / "output", "wb")
        self.process = subprocess.Popen(["php", "-S", f"127.0.0.1:{port}", "-t", ROOT], env=env, stdout=self.output,
                                        stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
                return self
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    self.__exit__()
                    raise
                time.sleep(0.05)

    def __exit__(self, *exc):
        os.killpg(self.process.pid, signal.SIGTERM)  # its workers too
        self.process.wait(20)
        self.output.close()

    def words(self):
        """What it complained about."""
        errors = self.folder / "logs" / "errors.log"
        return (errors.read_text(errors="replace") if errors.exists() else "") + \
            (self.folder / "output").read_text(errors="replace")[-2000:]


class Browser:
    """Chromium through its WebDriver."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def __enter__(self):
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service
        options = webdriver.ChromeOptions()
        for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                     "--disable-background-networking", "--disable-component-update", "--disable-sync",
                     f"--user-data-dir={self.folder}/chromium", "--window-size=1280,900", "--lang=en-US"):
            options.add_argument(word)
        options.binary_location = "/usr/bin/chromium"
        self.service = Service("/usr/bin/chromedriver")
        self.driver = webdriver.Chrome(options=options, service=self.service)
        self.driver.set_page_load_timeout(60)
        self.driver.set_script_timeout(30)
        return self

    def __exit__(self, *exc):
        self.driver.quit()

    def one(self, css, seconds=20):
        """The element, once it can be seen."""
        from selenium.webdriver.common.by import By
        from selenium.webdriver.support import expected_conditions
        from selenium.webdriver.support.ui import WebDriverWait
        return WebDriverWait(self.driver, seconds).until(
            expected_conditions.visibility_of_element_located((By.CSS_SELECTOR, css)), css)

    def do(self, script, *args):
        return self.driver.execute_script(script, *args)

    def wait(self, what, script, *args, seconds=20):
        """Until the script returns something true."""
        deadline = time.monotonic() + seconds
        while not self.do("return !!(function () {" + script + "}).apply(null, arguments);", *args):
            assert time.monotonic() < deadline, f"{what}: not within {seconds} s; {self.driver.current_url}\n{self.do('return document.body.innerText;')}"
            time.sleep(0.1)
