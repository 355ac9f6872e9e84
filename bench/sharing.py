# SPDX-License-Identifier: MIT
"""A mailbox that its owner shares with many users (RFC 4314), each of whom watches it: how soon the
last of them is told of a message. docs/benchmark.md says how it is measured."""

import imaplib
from contextlib import contextmanager

import many
from holder import Holder
from servers import PASSWORD, BenchError

OWNER = 1
WATCHERS = 100
RIGHTS = "lrs"
DELIVERIES = 100


def share(server, first, count):
    """The owner lets each of these users look the INBOX up and read it."""
    try:
        with imaplib.IMAP4("127.0.0.1", server.imap_port) as owner:
            owner.login(server.user(OWNER), PASSWORD)
            for number in range(first, first + count):
                answer, text = owner.setacl("INBOX", server.user(number), RIGHTS)
                if answer != "OK":
                    raise BenchError(f"SETACL: {text}")
    except (imaplib.IMAP4.error, OSError) as error:
        raise BenchError(f"SETACL: {error}") from error


@contextmanager
def watchers(context, server, count, notify):
    """count users who watch the INBOX of the owner, in IDLE or with NOTIFY."""
    holder = Holder(context.load_tool, server, count, first=OWNER + 1, rcpt=server.rcpt(OWNER),
                    mailbox=server.shared_inbox(OWNER), notify=notify)
    try:
        holder.open(count)
        yield holder
        holder.ask("check")
    finally:
        holder.close()


def measure(context, server):
    """Two lines for each way of watching: from the end of DATA, and from the reply to it."""
    count, figures = context.watchers, {}
    with many.fleet(server, OWNER + count, sharing=True) as shared:
        many.go_round(context, shared, "round-lmtp", OWNER + count, 1, endless=False)
        share(shared, OWNER + 1, count)
        for notify in (False, True):
            if notify and not shared.notifies_of_others:
                continue
            key = "share-notify" if notify else "share-idle"
            with watchers(context, shared, count, notify) as holder:
                holder.ask("fan", 5)
                sent = holder.ask("fan-data", context.deliveries)
                replied = holder.ask("fan", max(5, context.deliveries // 4))
            figures |= {f"{key}-p50": sent["p50_ms"], f"{key}-p99": sent["p99_ms"],
                        f"{key}-reply": replied["p50_ms"]}
    return figures
