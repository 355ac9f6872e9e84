# RENAME of a mailbox, and of INBOX, that another session has selected (RFC 3501 section 6.3.5): what that session is
# told, what its saved result names, and how it comes back.
account anna
[1] C: a1 LOGIN $anna $password
[1] S* a1 OK ...
[1] C: a2 CREATE Old
[1] S: a2 OK [MAILBOXID (F$id)] CREATE completed
[1] C< a3 APPEND Old (\\Seen) {3+}\r\none {3+}\r\ntwo {5+}\r\nthree\r\n
[1] S: a3 OK [APPENDUID $valid 1:3] APPEND completed
[2] C: b1 LOGIN $anna $password
[2] S* b1 OK ...
[2] C: b2 ENABLE QRESYNC
[2] S: * ENABLED QRESYNC
[2] S: b2 OK ENABLE completed
[2] C: b3 SELECT Old
[2] S: * 3 EXISTS
[2] S* * OK [UIDVALIDITY $valid] UIDs valid
[2] S* * OK [HIGHESTMODSEQ $m1] Highest
[2] S: b3 OK [READ-WRITE] SELECT completed
[2] C: b4 UID SEARCH RETURN (SAVE) UID 2:3
[2] S: b4 OK UID SEARCH completed

# The mailbox is the same one under another name: its messages, its identifier, its modseq.
[1] C: a4 RENAME Old New/er
[1] S: a4 OK RENAME completed
[2] C: c1 NOOP
[2] S: c1 OK NOOP completed
[2] C: c2 UID FETCH $ (FLAGS)
[2] S: * 2 FETCH (UID 2 FLAGS (...))
[2] S: * 3 FETCH (UID 3 FLAGS (...))
[2] S: c2 OK UID FETCH completed
[2] C: c3 STATUS Old (MESSAGES)
[2] S: c3 NO [NONEXISTENT] No such mailbox
[2] C: c4 STATUS New/er (MESSAGES UIDVALIDITY UIDNEXT MAILBOXID HIGHESTMODSEQ)
[2] S: * STATUS New/er (MESSAGES 3 UIDNEXT 4 UIDVALIDITY $valid HIGHESTMODSEQ $m1 MAILBOXID (F$id))
[2] S: c4 OK STATUS completed
# What comes under the new name is told, and a mailbox that gets the old name is another one.
[2] C: c5 IDLE
[2] S: + idling
[1] C< a5 APPEND New/er {4+}\r\nfour\r\n
[1] S: a5 OK [APPENDUID $valid 4] APPEND completed
[2] S: * 4 EXISTS
[1] C: a6 CREATE Old
[1] S: a6 OK [MAILBOXID (...)] CREATE completed
[1] C< a7 APPEND Old {4+}\r\nnone\r\n
[1] S: a7 OK [APPENDUID $other 1] APPEND completed
[2] C: DONE
[2] S* c5 OK [HIGHESTMODSEQ $m2] IDLE terminated
[2] C: c6 STORE 1 +FLAGS (\Flagged)
[2] S: * 1 FETCH (UID 1 FLAGS (\Seen \Flagged...) MODSEQ ($m3))
[2] S: c6 OK STORE completed
[2] C: c7 UID MOVE $ Trash
[2] S: * OK [COPYUID ... 2:3 1:2] Moved
[2] S: * VANISHED 2:3
[2] S* c7 OK [HIGHESTMODSEQ $m4] MOVE completed
[2] CLOSE
# Who comes back under the new name is told what has changed; the old name has another UIDVALIDITY, and tells nothing.
[3] C: d1 LOGIN $anna $password
[3] S* d1 OK ...
[3] C: d2 ENABLE QRESYNC
[3] S: * ENABLED QRESYNC
[3] S: d2 OK ENABLE completed
[3] C: d3 SELECT New/er (QRESYNC ($valid $m1 1:3))
[3] S: * 2 EXISTS
[3] S* * OK [UIDVALIDITY $valid] UIDs valid
[3] S* * OK [HIGHESTMODSEQ $m4] Highest
[3] S: * VANISHED (EARLIER) 2:3
[3] S: * 1 FETCH (UID 1 FLAGS (\Seen \Flagged...) MODSEQ ($m3))
[3] S: d3 OK [READ-WRITE] SELECT completed
[3] C: d4 SELECT Old (QRESYNC ($valid $m1 1:3))
[3] S: * OK [CLOSED] Previous mailbox is closed
[3] S: * 1 EXISTS
[3] S! ...VANISHED...
[3] S* * OK [UIDVALIDITY $other] UIDs valid
[3] S* d4 OK [READ-WRITE] SELECT completed
# There and back again, while it is selected.
[1] C: a8 RENAME New/er Newest
[1] S: a8 OK RENAME completed
[1] C: a9 RENAME Newest New/er
[1] S: a9 OK RENAME completed
[1] C: a10 STATUS New/er (UIDVALIDITY UIDNEXT MAILBOXID)
[1] S: * STATUS New/er (UIDNEXT 5 UIDVALIDITY $valid MAILBOXID (F$id))
[1] S: a10 OK STATUS completed

# INBOX stays, and its messages go: all of them are expunged for whoever has it selected.
[1] C< e1 APPEND INBOX (\\Seen) {3+}\r\none {3+}\r\ntwo {5+}\r\nthree\r\n
[1] S: e1 OK [APPENDUID $inbox 1:3] APPEND completed
[3] C: f1 SELECT INBOX
[3] S* * OK [HIGHESTMODSEQ $n1] Highest
[3] S: f1 OK [READ-WRITE] SELECT completed
[3] C: f2 UID SEARCH RETURN (SAVE) UID 1:2
[3] S: f2 OK UID SEARCH completed
[4] C: g1 LOGIN $anna $password
[4] S* g1 OK ...
[4] C: g2 SELECT INBOX
[4] S: * 3 EXISTS
[4] S* g2 OK [READ-WRITE] SELECT completed
[4] C: g3 IDLE
[4] S: + idling
[1] C: e2 STATUS INBOX (UIDVALIDITY MAILBOXID)
[1] S: * STATUS INBOX (UIDVALIDITY $inbox MAILBOXID (F$inboxid))
[1] S: e2 OK STATUS completed
[1] C: e3 RENAME INBOX Was
[1] S: e3 OK RENAME completed
[4] S: * 3 EXPUNGE
[4] S: * 2 EXPUNGE
[4] S: * 1 EXPUNGE
[4] C: DONE
[4] S* g3 OK IDLE terminated
[3] C: f3 UID FETCH $ (FLAGS)
[3] S: * 1 FETCH (UID 1 FLAGS (...))
[3] S: * 2 FETCH (UID 2 FLAGS (...))
[3] S: * VANISHED 1:3
[3] S* f3 OK [HIGHESTMODSEQ $n2] UID FETCH completed
[3] C: f4 SEARCH $
[3] S: * SEARCH
[3] S: f4 OK SEARCH completed
[1] C: e4 STATUS INBOX (MESSAGES UIDNEXT UIDVALIDITY MAILBOXID)
[1] S: * STATUS INBOX (MESSAGES 0 UIDNEXT 4 UIDVALIDITY $inbox MAILBOXID (F$inboxid))
[1] S: e4 OK STATUS completed
[1] C: e5 STATUS Was (MESSAGES UNSEEN)
[1] S: * STATUS Was (MESSAGES 3 UNSEEN 2)
[1] S: e5 OK STATUS completed
# New mail comes to INBOX, with UIDs that were never given.
[3] C: f5 IDLE
[3] S: + idling
mail anna
Subject: new

x
.
[3] S: * 1 EXISTS
[3] S* * ...RECENT
[3] C: DONE
[3] S* f5 OK ...IDLE terminated
[4] C: g4 NOOP
[4] S: * 1 EXISTS
[4] S* g4 OK NOOP completed
[4] C: g5 FETCH 1 (UID)
[4] S: * 1 FETCH (UID 4)
[4] S: g5 OK FETCH completed
[3] CLOSE
[5] C: h1 LOGIN $anna $password
[5] S* h1 OK ...
[5] C: h2 ENABLE QRESYNC
[5] S: * ENABLED QRESYNC
[5] S: h2 OK ENABLE completed
[5] C: h3 SELECT INBOX (QRESYNC ($inbox $n1 1:3))
[5] S: * 1 EXISTS
[5] S* * VANISHED (EARLIER) 1:3
[5] S: h3 OK [READ-WRITE] SELECT completed
