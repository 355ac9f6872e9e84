# SPDX-License-Identifier: MIT
"""Deliveries, expunges, searches, and the index made, made anew and deleted, all at once. Whatever a search says of
messages that were there before it and after it is what they say."""

import os
import random
import re
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from roost_server import Roost  # noqa: E402

SECONDS = 600 if os.environ.get("ROOST_LONG") else 8
OPTIONS = ["search.index_from=1", "store.undelete=0", "store.purge_every=1s"]
TOPICS = ["apple", "bread", "cheese", "dates", "eggs"]


class Actor(threading.Thread):
    def __init__(self, server, until, seed):
        super().__init__(daemon=True)
        self.server, self.until, self.random, self.failure = server, until, random.Random(seed), None

    def run(self):
        try:
            while time.monotonic() < self.until:
                self.step()
        except BaseException as failure:  # pylint: disable=broad-except
            self.failure = failure


class Deliverer(Actor):
    count = 0

    def step(self):
        topic = self.random.choice(TOPICS)
        filler = " ".join(f"f{self.random.randrange(3000)}" for _ in range(30))
        reply = self.server.deliver("anna", f"Subject: {topic}\n\nabout {topic}s {filler}\n")
        assert reply[0] == "2", reply
        self.count += 1


class Expunger(Actor):
    peer = None

    def step(self):
        if self.peer is None:
            self.peer = self.server.login("anna")
            self.peer.command("SELECT INBOX")
        self.peer.command("NOOP")
        lines = self.peer.command("UID SEARCH RETURN (ALL) ALL")
        numbers = re.findall(r"\d+", lines[0].split("ALL", 1)[1]) if "ALL" in lines[0] else []
        if len(numbers) > 1 and int(numbers[-1]) - int(numbers[0]) > 60:
            uid = int(numbers[0]) + self.random.randrange(20)
            self.peer.command(f"UID STORE {numbers[0]}:{uid} +FLAGS.SILENT (\\Deleted)")
            self.peer.command("EXPUNGE")


class Searcher(Actor):
    """Each topic's word is in as many bodies as there are subjects of it."""

    searches = 0

    def step(self):
        peer = self.server.login("anna")
        peer.command("EXAMINE INBOX")
        for _ in range(10):
            topic = self.random.choice(TOPICS)
            by_subject = peer.command(f"SEARCH SUBJECT {topic[1:]}")
            part = self.random.choice([topic, topic[1:], topic[:-1], f"about {topic}", topic.upper()])
            by_body = peer.command(f'SEARCH BODY "{part}"')
            if not any("EXPUNGE" in line or "EXISTS" in line for line in by_subject + by_body):
                assert by_subject[0] == by_body[0], f"{topic}: {by_subject} {by_body}"
                self.searches += 1
        peer.command("LOGOUT")


class Administrator(Actor):
    def step(self):
        what = self.random.randrange(4)
        if what == 0:
            for path in (self.server.home / "accounts").rglob("search.db*"):
                path.unlink(missing_ok=True)
        else:
            self.server.run("index", "anna", *(["--anew"] if what == 1 else []))
        time.sleep(self.random.random() / 2)  # not so often that nobody uses what it makes


def test_all_at_once():
    with Roost(accounts=["anna"], options=OPTIONS) as server:
        for _ in range(30):
            server.deliver("anna", "Subject: first\n\nnothing\n")
        until = time.monotonic() + SECONDS
        actors = [kind(server, until, seed) for seed, kind in
                  enumerate([Deliverer, Deliverer, Expunger, Searcher, Searcher, Administrator])]
        for actor in actors:
            actor.start()
        for actor in actors:
            actor.join(SECONDS + 120)
            assert not actor.is_alive()
        for actor in actors:
            if actor.failure is not None:
                raise actor.failure
        assert sum(actor.searches for actor in actors if isinstance(actor, Searcher)) > 0
        server.run("index", "anna")
        assert not re.search(r"07112", server.log()), "the index said what the messages do not say"
