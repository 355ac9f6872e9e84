# Quick resynchronisation: QRESYNC (RFC 7162 section 3.2).
account Anna
S: * OK [CAPABILITY ...
C: a1 LOGIN $Anna $password
S: a1 OK [CAPABILITY ...
C< a2 APPEND INBOX {11+}\r\nA: 1\r\n\r\none {11+}\r\nA: 2\r\n\r\ntwo {11+}\r\nA: 3\r\n\r\nthr {11+}\r\nA: 4\r\n\r\nfou {11+}\r\nA: 5\r\n\r\nfiv {11+}\r\nA: 6\r\n\r\nsix {11+}\r\nA: 7\r\n\r\nsev {11+}\r\nA: 8\r\n\r\neig\r\n
S: a2 OK [APPENDUID $valid 1:8] APPEND completed
C: a3 UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)
S: a3 BAD Select a mailbox first
C: a4 ENABLE QRESYNC
S: * ENABLED QRESYNC
S: a4 OK ENABLE completed
C: a5 SELECT INBOX
S: * 8 EXISTS
S: * 8 RECENT
S: * OK [UNSEEN 1] first unseen message
S: * OK [UIDVALIDITY $valid] UIDs valid
S: * OK [UIDNEXT 9] predicted next UID
S: * OK [MAILBOXID (...)] mailbox identifier
S: * FLAGS (\Seen \Answered \Flagged \Deleted \Draft)
S: * OK [PERMANENTFLAGS (\Seen \Answered \Flagged \Deleted \Draft \*)] Limited
S: * OK [HIGHESTMODSEQ $m0] Highest
S: a5 OK [READ-WRITE] SELECT completed

# QRESYNC is CONDSTORE too; sections 3.2.7 and 3.2.10.2: VANISHED for EXPUNGE, and how far that goes.
C: b1 STORE 2,4,5 +FLAGS.SILENT (\Deleted)
S: * 2 FETCH (UID 2 MODSEQ ($m1))
S: * 4 FETCH (UID 4 MODSEQ ($m1))
S: * 5 FETCH (UID 5 MODSEQ ($m1))
S: b1 OK STORE completed
C: b2 EXPUNGE
S: * VANISHED 2,4:5
S: * 5 RECENT
S: b2 OK [HIGHESTMODSEQ $m2] EXPUNGE completed
C: b3 EXPUNGE
S: b3 OK EXPUNGE completed
C: b4 UID STORE 7 +FLAGS.SILENT (\Deleted)
S: * 4 FETCH (UID 7 MODSEQ ($m3))
S: b4 OK STORE completed
C: b5 UID EXPUNGE 1:6
S: b5 OK EXPUNGE completed
C: b6 UID EXPUNGE 7:100
S: * VANISHED 7
S: * 4 RECENT
S: b6 OK [HIGHESTMODSEQ $m4] EXPUNGE completed
C: b7 CREATE Elsewhere
S: b7 OK [MAILBOXID (...)] CREATE completed
C: b8 MOVE 2 Elsewhere
S: * OK [COPYUID ... 3 1] Moved
S: * VANISHED 3
S: * 3 RECENT
S: b8 OK [HIGHESTMODSEQ $m5] MOVE completed
C: b9 COPY 1 INBOX
S: * 4 EXISTS
S: * 4 RECENT
S: * OK [HIGHESTMODSEQ $m6] Highest
S: b9 OK [COPYUID $valid 1 9] COPY completed
C< b10 APPEND INBOX {11+}\r\nA: 9\r\n\r\nnin\r\n
S: * 5 EXISTS
S: * 5 RECENT
S: * OK [HIGHESTMODSEQ $m7] Highest
S: b10 OK [APPENDUID $valid 10] APPEND completed

# Section 3.2.11: where one mailbox ends and the next begins; CLOSE and UNSELECT have no such code, and CLOSE has no
# HIGHESTMODSEQ (section 3.2.8).
C: c1 SELECT Elsewhere
S: * OK [CLOSED] Previous mailbox is closed
S: * 1 EXISTS
S* c1 OK [READ-WRITE] SELECT completed
C: c2 STORE 1 +FLAGS.SILENT (\Deleted)
S: * 1 FETCH (UID 1 MODSEQ (...))
S: c2 OK STORE completed
C: c3 CLOSE
S: c3 OK CLOSE completed

# Coming back (section 3.2.5): the client knows of 1 to 8 and of what was up to $m0.
C: d1 SELECT INBOX (QRESYNC ($valid $m0 1:8))
S: * 5 EXISTS
S: * 0 RECENT
S: * OK [UNSEEN 1] first unseen message
S: * OK [UIDVALIDITY $valid] UIDs valid
S: * OK [UIDNEXT 11] predicted next UID
S: * OK [MAILBOXID (...)] mailbox identifier
S: * FLAGS (...)
S: * OK [PERMANENTFLAGS (...)] Limited
S: * OK [HIGHESTMODSEQ $m7] Highest
S: * VANISHED (EARLIER) 2:5,7
S: d1 OK [READ-WRITE] SELECT completed
# Without known UIDs: all that were ever given.
C: d2 SELECT INBOX (QRESYNC ($valid $m0))
S: * OK [CLOSED] Previous mailbox is closed
S* * OK [HIGHESTMODSEQ $m7] Highest
S: * VANISHED (EARLIER) 2:5,7
S: * 4 FETCH (UID 9 FLAGS () MODSEQ ($m6))
S: * 5 FETCH (UID 10 FLAGS () MODSEQ ($m7))
S: d2 OK [READ-WRITE] SELECT completed
# Since $m4: only what came later.
C: d3 EXAMINE INBOX (QRESYNC ($valid $m4 1:6,9))
S* * OK [HIGHESTMODSEQ $m7] Highest
S: * VANISHED (EARLIER) 3
S: * 4 FETCH (UID 9 FLAGS () MODSEQ ($m6))
S: d3 OK [READ-ONLY] EXAMINE completed
# What matches is known (section 3.2.5.2): message 2 is 6 to both, so nothing up to 6 is told.
C: d4 SELECT INBOX (QRESYNC ($valid $m0 1:8 (1:2 1,6)))
S* * OK [HIGHESTMODSEQ $m7] Highest
S: * VANISHED (EARLIER) 7
S: d4 OK [READ-WRITE] SELECT completed
C: d5 SELECT INBOX (QRESYNC ($valid $m0 1:8 (1,5 1,6)))
S* * OK [HIGHESTMODSEQ $m7] Highest
S: * VANISHED (EARLIER) 2:5,7
S: d5 OK [READ-WRITE] SELECT completed
C: d6 SELECT INBOX (QRESYNC ($valid $m0 (1:4294967295 1:4294967295)))
S* * OK [HIGHESTMODSEQ $m7] Highest
S: * VANISHED (EARLIER) 2:5,7
S: * 4 FETCH (UID 9 FLAGS () MODSEQ ($m6))
S: * 5 FETCH (UID 10 FLAGS () MODSEQ ($m7))
S: d6 OK [READ-WRITE] SELECT completed
# Another UIDVALIDITY, or nothing new: nothing.
C: d7 SELECT INBOX (QRESYNC (1 1 1:8))
S* * OK [HIGHESTMODSEQ $m7] Highest
S: d7 OK [READ-WRITE] SELECT completed
C: d8 SELECT INBOX (QRESYNC ($valid $m7 1:10) CONDSTORE)
S* * OK [HIGHESTMODSEQ $m7] Highest
S: d8 OK [READ-WRITE] SELECT completed
C: d9 SELECT INBOX (QRESYNC ($valid 0))
S: d9 BAD ...
C: d10 SELECT INBOX (QRESYNC ($valid 1 1:*))
S: d10 BAD ...
C: d11 SELECT INBOX (QRESYNC ($valid 1 1:8 (1:2 1:3)))
S: d11 BAD ...
C: d12 UID FETCH 1 FLAGS
S: * 1 FETCH (UID 1 FLAGS ())
S: d12 OK UID FETCH completed

# UID FETCH with VANISHED (section 3.2.6). `*` is the last UID that was given: it may be gone.
C: e1 UID FETCH 1:5 (FLAGS) (CHANGEDSINCE $m0 VANISHED)
S: * VANISHED (EARLIER) 2:5
S: e1 OK UID FETCH completed
C: e2 UID FETCH 3:* (FLAGS) (VANISHED CHANGEDSINCE $m3)
S: * VANISHED (EARLIER) 3,7
S: * 4 FETCH (UID 9 FLAGS () MODSEQ ($m6))
S: * 5 FETCH (UID 10 FLAGS () MODSEQ ($m7))
S: e2 OK UID FETCH completed
C: e3 UID FETCH 1:* (FLAGS) (VANISHED)
S: e3 BAD ...
C: e4 FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)
S: e4 BAD ...
C: e5 UID STORE 10 +FLAGS.SILENT (\Deleted)
S: * 5 FETCH (UID 10 MODSEQ ($m8))
S: e5 OK STORE completed
C: e6 EXPUNGE
S: * VANISHED 10
S: e6 OK [HIGHESTMODSEQ $m9] EXPUNGE completed
C: e7 UID FETCH 10:* (FLAGS) (CHANGEDSINCE $m8 VANISHED)
S: * VANISHED (EARLIER) 10
S: e7 OK UID FETCH completed
C: e8 UID SEARCH RETURN (SAVE) 1:4
S: e8 OK UID SEARCH completed
C: e9 UID FETCH $ (FLAGS) (CHANGEDSINCE $m6 VANISHED)
S: e9 OK UID FETCH completed

# Two sessions. VANISHED waits like EXPUNGE (section 3.2.10.2), and the client learns how far it is (section 6).
[2] S: * OK ...
[2] C: a1 LOGIN $Anna $password
[2] S: a1 OK ...
[2] C: a2 ENABLE CONDSTORE QRESYNC
[2] S: * ENABLED CONDSTORE QRESYNC
[2] S: a2 OK ENABLE completed
[2] C: a3 SELECT INBOX
[2] S: * 4 EXISTS
[2] S* * OK [HIGHESTMODSEQ $m9] Highest
[2] S: a3 OK [READ-WRITE] SELECT completed
C: f1 UID STORE 6 +FLAGS.SILENT (\Deleted)
S: * 2 FETCH (UID 6 MODSEQ ($m10))
S: f1 OK STORE completed
[2] C: b1 NOOP
[2] S: * 2 FETCH (UID 6 FLAGS (\Deleted) MODSEQ ($m10))
[2] S: b1 OK NOOP completed
C: f2 EXPUNGE
S: * VANISHED 6
S: f2 OK [HIGHESTMODSEQ $m11] EXPUNGE completed
C: f3 UID STORE 8 +FLAGS (\Seen)
S: * 2 FETCH (UID 8 FLAGS (\Seen) MODSEQ ($m12))
S: f3 OK STORE completed
[2] C: b2 STORE 1 +FLAGS.SILENT (\Seen)
[2] S: * 1 FETCH (UID 1 FLAGS (\Seen) MODSEQ ($m13))
[2] S: * 3 FETCH (UID 8 FLAGS (\Seen) MODSEQ ($m12))
[2] S: b2 OK [HIGHESTMODSEQ $m10] STORE completed
[2] C: b3 FETCH 1 (MODSEQ)
[2] S: * 1 FETCH (MODSEQ ($m13))
[2] S: b3 OK [HIGHESTMODSEQ $m10] FETCH completed
[2] C: b4 SEARCH ALL
[2] S: * SEARCH 1 2 3 4
[2] S: b4 OK SEARCH completed
[2] C: b5 UID SEARCH 1:4
[2] S: * SEARCH 1 6 8 9
[2] S: b5 OK UID SEARCH completed
# What its view still counts is not told as gone earlier.
[2] C: b6 UID FETCH 1:7 (FLAGS) (CHANGEDSINCE $m10 VANISHED)
[2] S: * 1 FETCH (UID 1 FLAGS (\Seen) MODSEQ ($m13))
[2] S: * VANISHED 6
[2] S: b6 OK [HIGHESTMODSEQ $m13] UID FETCH completed
[2] C: b7 UID SEARCH SEEN
[2] S: * SEARCH 1 8
[2] S: b7 OK UID SEARCH completed

# IDLE: everything as it happens; what it went up to comes with the tagged answer.
[2] C: c1 IDLE
[2] S: + idling
C: g1 NOOP
S: * 1 FETCH (UID 1 FLAGS (\Seen) MODSEQ ($m13))
S: g1 OK NOOP completed
C: g2 UID STORE 8:9 +FLAGS.SILENT (\Deleted)
S: * 2 FETCH (UID 8 MODSEQ ($m14))
S: * 3 FETCH (UID 9 MODSEQ ($m14))
S: g2 OK STORE completed
[2] S: * 2 FETCH (UID 8 FLAGS (\Seen \Deleted) MODSEQ ($m14))
[2] S: * 3 FETCH (UID 9 FLAGS (\Deleted) MODSEQ ($m14))
C: g3 UID EXPUNGE 9
S: * VANISHED 9
S: g3 OK [HIGHESTMODSEQ $m15] EXPUNGE completed
[2] S: * VANISHED 9
[2] C: DONE
[2] S: c1 OK [HIGHESTMODSEQ $m15] IDLE terminated

# A deleted mailbox: all that the client knew, and only that (section 3.2.10.2), also when it is parked.
C: h1 CREATE Doomed
S* h1 OK [MAILBOXID (...)] CREATE completed
C: h2 UID COPY 1,8 Doomed
S: h2 OK [COPYUID ... 1,8 1:2] COPY completed
C: h3 COPY 1 Doomed
S: h3 OK [COPYUID ... 1 3] COPY completed
[2] C: d1 SELECT Doomed
[2] S* d1 OK [READ-WRITE] SELECT completed
[2] C: d2 UID STORE 2 +FLAGS.SILENT (\Deleted)
[2] S* d2 OK ...
[2] C: d3 EXPUNGE
[2] S: * VANISHED 2
[2] S: * 2 RECENT
[2] S: d3 OK [HIGHESTMODSEQ ...] EXPUNGE completed
[2] C: d4 IDLE
[2] S: + idling
C: h4 DELETE Doomed
S: h4 OK DELETE completed
[2] S: * VANISHED 1,3
[2] S: * 0 RECENT
[2] C: DONE
[2] S: d4 OK IDLE terminated
[2] C: d5 FETCH 1 FLAGS
[2] S: d5 NO [NONEXISTENT] The mailbox was deleted
[2] C: d6 SELECT INBOX (QRESYNC ($valid $m15 1:9))
[2] S: * OK [CLOSED] Previous mailbox is closed
[2] S: * 2 EXISTS
[2] S* * OK [HIGHESTMODSEQ $m15] Highest
[2] S: d6 OK [READ-WRITE] SELECT completed
[2] C: d7 SELECT Nowhere (QRESYNC ($valid $m15 1:9))
[2] S: * OK [CLOSED] Previous mailbox is closed
[2] S: d7 NO [NONEXISTENT] No such mailbox
