#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the seeds of fuzz_session (tests/fuzz/corpus/session): sessions as one process hands them to another, packed by
the server itself. To be run again whenever HANDOVER_FORMAT changes; fuzz_session fails until then.

    tests/fuzz/session_corpus.py build/debug"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.path.insert(0, str(ROOT / "tests" / "fault"))

MESSAGE = "A: b\r\n\r\nx"
EVENTS = "(MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange MailboxMetadataChange)"
SELECTED = "(SELECTED-DELAYED (MessageNew (UID BODY.PEEK[HEADER.FIELDS (FROM)]) MessageExpunge FlagChange))"
# Name: what is sent after LOGIN; what is sent after that without waiting for an answer.
DIALOGUES = {
    "imap_command": ([], "a1 NO"),
    "imap_id": (['ID ("name" "Apple Mail" "version" "1")'], ""),
    "imap_enabled": (["ENABLE QRESYNC METADATA UTF8=ACCEPT"], ""),
    "imap_selected": (["SELECT INBOX"], ""),
    "imap_searched": (["EXAMINE INBOX", "SEARCH RETURN (SAVE) 1,3,5:*", "UID SEARCH RETURN (UPDATE) OR SEEN YOUNGER 60"],
                      ""),
    "imap_idle": ([], "a1 IDLE\r\n"),
    "imap_notify": ([f"NOTIFY SET (PERSONAL {EVENTS}) (SUBTREE (a b/c) {EVENTS}) (MAILBOXES (INBOX Sent) {EVENTS})"], ""),
    "imap_notify_selected": (["SELECT INBOX", f"NOTIFY SET {SELECTED} (SUBSCRIBED {EVENTS})"], ""),
    "imap_notify_others": ([f'NOTIFY SET (SUBTREE "Other Users" {EVENTS}) (MAILBOXES "Other Users/bert/Work" {EVENTS})'],
                           ""),
    "imap_guest": (['SELECT "Other Users/bert/Work"'], ""),
    "imap_metadata": (["ENABLE METADATA", "NOTIFY SET (INBOXES (ServerMetadataChange))"], ""),
    "imap_compressed": (["COMPRESS DEFLATE"], ""),
}

def greeted(server, service, command=""):
    peer = server.connect(service)
    peer.line()
    if command:
        peer.send(command)
        peer.reply()
    return peer


def imap(server, commands, rest):
    peer = server.login("anna")
    for command in commands:
        if command.startswith("COMPRESS"):
            peer.compress()
        else:
            peer.command(command)
    peer.send(rest)
    if "IDLE" in rest:
        peer.line()
    return peer


def open_session(server, name):
    if name == "imap_new":
        return greeted(server, "imap")
    if name == "lmtp":
        return greeted(server, "lmtp", "LHLO mx.example.org\r\n")
    return imap(server, *DIALOGUES[name])


def main(build):
    keeper = Path(build).resolve() / "tests" / "support" / "roost-session-keeper"
    os.environ["ROOST"] = str(keeper)
    from test_upgrade import Server
    corpus = ROOT / "tests" / "fuzz" / "corpus" / "session"
    for old in corpus.iterdir():
        old.unlink()
    options = ["imap.sharing=yes", "metadata.entry=/shared/comment ours"]
    for name in ["imap_new", "lmtp", *DIALOGUES]:
        kept = Path(tempfile.mkdtemp())
        with Server(accounts=["anna", "bert"], options=options, env={"ROOST_KEEP_SESSIONS": str(kept)}) as server:
            bert = server.login("bert")
            bert.command("CREATE Work")
            bert.command("SETACL Work anna lr")
            bert.close()
            for _ in range(6):
                assert server.deliver("anna", MESSAGE).startswith("250")
            peer = open_session(server, name)
            server.upgrade()
            shutil.copy(kept / "0", corpus / name)
            peer.close()
        shutil.rmtree(kept)
        print(name)


if __name__ == "__main__":
    main(sys.argv[1])
