# Mod-sequences: CONDSTORE (RFC 7162 section 3.1).
account Anna
S: * OK [CAPABILITY ...
C: a1 LOGIN $Anna $password
S: a1 OK [CAPABILITY ...
C< a2 APPEND INBOX "01-Jan-2024 00:00:00 +0000" {11+}\r\nA: 1\r\n\r\none "02-Jan-2024 00:00:00 +0000" {11+}\r\nA: 2\r\n\r\ntwo "03-Jan-2024 00:00:00 +0000" {11+}\r\nA: 3\r\n\r\nthr "04-Jan-2024 00:00:00 +0000" {11+}\r\nA: 4\r\n\r\nfou\r\n
S: a2 OK [APPENDUID $valid 1:4] APPEND completed

# A session that has not asked for it gets nothing of it but HIGHESTMODSEQ.
[2] S: * OK ...
[2] C: a1 LOGIN $Anna $password
[2] S: a1 OK ...
[2] C: a2 SELECT INBOX
[2] S* a2 OK [READ-WRITE] SELECT completed

# Example 1 and 18.
C: b1 SELECT INBOX (CONDSTORE)
S: * 4 EXISTS
S: * 0 RECENT
S: * OK [UNSEEN 1] first unseen message
S: * OK [UIDVALIDITY $valid] UIDs valid
S: * OK [UIDNEXT 5] predicted next UID
S: * OK [MAILBOXID (...)] mailbox identifier
S: * FLAGS (\Seen \Answered \Flagged \Deleted \Draft)
S: * OK [PERMANENTFLAGS (\Seen \Answered \Flagged \Deleted \Draft \*)] Limited
S: * OK [HIGHESTMODSEQ $m0] Highest
S: b1 OK [READ-WRITE] SELECT completed
C: b2 FETCH 1:4 (MODSEQ)
S: * 1 FETCH (MODSEQ ($u1))
S: * 2 FETCH (MODSEQ ($u2))
S: * 3 FETCH (MODSEQ ($u3))
S: * 4 FETCH (MODSEQ ($m0))
S: b2 OK FETCH completed

# Whatever changes flags is told with UID and MODSEQ, also with .SILENT (examples 3, 4 and 14).
C: b3 STORE 2 +FLAGS (\Flagged)
S: * 2 FETCH (UID 2 FLAGS (\Flagged) MODSEQ ($m1))
S: b3 OK STORE completed
C: b4 STORE 3 +FLAGS.SILENT (\Flagged)
S: * 3 FETCH (UID 3 MODSEQ ($m2))
S: b4 OK STORE completed
C: b5 UID STORE 3 +FLAGS.SILENT (\Flagged)
S: b5 OK STORE completed
C: b6 FETCH 4 BODY[TEXT]
S: * 4 FETCH (BODY[TEXT] {3}\r\nfou FLAGS (\Seen) UID 4 MODSEQ ($m3))
S: b6 OK FETCH completed
C: b7 FETCH 4 BODY[TEXT]
S: * 4 FETCH (BODY[TEXT] {3}\r\nfou FLAGS (\Seen) UID 4 MODSEQ ($m3))
S: b7 OK FETCH completed
C: b8 FETCH 4 (FLAGS)
S: * 4 FETCH (FLAGS (\Seen))
S: b8 OK FETCH completed
[2] C: b1 NOOP
[2] S: * 2 FETCH (FLAGS (\Flagged \Recent))
[2] S: * 3 FETCH (FLAGS (\Flagged \Recent))
[2] S: * 4 FETCH (FLAGS (\Seen \Recent))
[2] S: b1 OK NOOP completed
[2] C: b2 STORE 1 +FLAGS.SILENT (\Answered)
[2] S: b2 OK STORE completed
C: b9 NOOP
S: * 1 FETCH (UID 1 FLAGS (\Answered) MODSEQ ($m4))
S: b9 OK NOOP completed

# CHANGEDSINCE (example 12); 0 is everything.
C: c1 FETCH 1:4 (FLAGS) (CHANGEDSINCE $m2)
S: * 1 FETCH (FLAGS (\Answered) MODSEQ ($m4))
S: * 4 FETCH (FLAGS (\Seen) MODSEQ ($m3))
S: c1 OK FETCH completed
C: c2 UID FETCH 1:* FLAGS (CHANGEDSINCE $m4)
S: c2 OK UID FETCH completed
C: c3 UID FETCH 1:* FLAGS (CHANGEDSINCE 0)
S: * 1 FETCH (UID 1 FLAGS (\Answered) MODSEQ ($m4))
S: * 2 FETCH (UID 2 FLAGS (\Flagged) MODSEQ ($m1))
S: * 3 FETCH (UID 3 FLAGS (\Flagged) MODSEQ ($m2))
S: * 4 FETCH (UID 4 FLAGS (\Seen) MODSEQ ($m3))
S: c3 OK UID FETCH completed
C: c4 UID FETCH 1:* FLAGS (PARTIAL -1:-2 CHANGEDSINCE $m2)
S: * 4 FETCH (UID 4 FLAGS (\Seen) MODSEQ ($m3))
S: c4 OK UID FETCH completed
C: c5 FETCH 1 (FLAGS) (CHANGEDSINCE -1)
S: c5 BAD ...
C: c6 FETCH 1 (FLAGS) (CHANGEDSINCE 9223372036854775807)
S: c6 OK FETCH completed
C: c7 FETCH 1 (FLAGS) (CHANGEDSINCE 9223372036854775808)
S: c7 BAD ...
C: c8 UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)
S: c8 BAD VANISHED needs ENABLE QRESYNC

# UNCHANGEDSINCE (examples 3 to 6, 10).
C: d1 STORE 1:3 (UNCHANGEDSINCE $m2) +FLAGS.SILENT (\Deleted)
S: * 1 FETCH (UID 1 FLAGS (\Answered) MODSEQ ($m4))
S: * 2 FETCH (UID 2 MODSEQ ($m5))
S: * 3 FETCH (UID 3 MODSEQ ($m5))
S: d1 OK [MODIFIED 1] STORE failed for the messages modified
C: d2 UID STORE 1:3 (UNCHANGEDSINCE $m4) -FLAGS (\Deleted)
S: * 1 FETCH (UID 1 FLAGS (\Answered) MODSEQ ($m4))
S: * 2 FETCH (UID 2 FLAGS (\Flagged \Deleted) MODSEQ ($m5))
S: * 3 FETCH (UID 3 FLAGS (\Flagged \Deleted) MODSEQ ($m5))
S: d2 OK [MODIFIED 2:3] STORE failed for the messages modified
# The test is passed, and nothing changes: its mod-sequence is told all the same.
C: d3 STORE 2,1 (UNCHANGEDSINCE $m5) -FLAGS.SILENT (\Draft)
S: * 1 FETCH (UID 1 MODSEQ ($m4))
S: * 2 FETCH (UID 2 MODSEQ ($m5))
S: d3 OK STORE completed
# A message that is named twice is changed once.
C: d4 STORE 2,1:3 (UNCHANGEDSINCE $m5) -FLAGS.SILENT (\Deleted)
S: * 1 FETCH (UID 1 MODSEQ ($m4))
S: * 2 FETCH (UID 2 MODSEQ ($m6))
S: * 3 FETCH (UID 3 MODSEQ ($m6))
S: d4 OK STORE completed
# Nothing is as old as 0; but a keyword that is not there is not there (examples 7 and 8).
C: d5 STORE 1:2 (UNCHANGEDSINCE 0) +FLAGS.SILENT (\Seen)
S: * 1 FETCH (UID 1 FLAGS (\Answered) MODSEQ ($m4))
S: * 2 FETCH (UID 2 FLAGS (\Flagged) MODSEQ ($m6))
S: d5 OK [MODIFIED 1:2] STORE failed for the messages modified
C: d6 STORE 1 (UNCHANGEDSINCE 0) +FLAGS.SILENT (Claimed)
S: * FLAGS (\Seen \Answered \Flagged \Deleted \Draft Claimed)
S: * OK [PERMANENTFLAGS (...)] Limited
S: * 1 FETCH (UID 1 MODSEQ ($m7))
S: d6 OK STORE completed
C: d7 STORE 1:2 (UNCHANGEDSINCE 0) +FLAGS.SILENT (Claimed Other)
S: * FLAGS (\Seen \Answered \Flagged \Deleted \Draft Claimed Other)
S: * OK [PERMANENTFLAGS (...)] Limited
S: * 1 FETCH (UID 1 FLAGS (\Answered Claimed) MODSEQ ($m7))
S: * 2 FETCH (UID 2 MODSEQ ($m8))
S: d7 OK [MODIFIED 1] STORE failed for the messages modified
C: d8 STORE 1 (UNCHANGEDSINCE 0) FLAGS.SILENT (Other)
S: * 1 FETCH (UID 1 FLAGS (\Answered Claimed) MODSEQ ($m7))
S: d8 OK [MODIFIED 1] STORE failed for the messages modified
C: d9 STORE 1 (UNCHANGEDSINCE 9223372036854775808) FLAGS ()
S: d9 BAD ...

# SEARCH, SORT and THREAD with MODSEQ (examples 15, 16, 19 and 20).
C: e1 SEARCH MODSEQ $m6
S: * SEARCH 1 2 3 (MODSEQ $m8)
S: e1 OK SEARCH completed
C: e2 UID SEARCH MODSEQ "/flags/\\draft" all $m7 NOT ANSWERED
S: * SEARCH 2 (MODSEQ $m8)
S: e2 OK UID SEARCH completed
C: e3 SEARCH MODSEQ $m6 LARGER 50000
S: * SEARCH
S: e3 OK SEARCH completed
C: e4 SEARCH RETURN (ALL) MODSEQ $m6
S: * ESEARCH (TAG "e4") ALL 1:3 MODSEQ $m8
S: e4 OK SEARCH completed
C: e5 SEARCH RETURN (MIN) MODSEQ $m6
S: * ESEARCH (TAG "e5") MIN 1 MODSEQ $m7
S: e5 OK SEARCH completed
C: e6 UID SEARCH RETURN (MAX) MODSEQ $m6
S: * ESEARCH (TAG "e6") UID MAX 3 MODSEQ $m6
S: e6 OK UID SEARCH completed
C: e7 SEARCH RETURN (MIN MAX) MODSEQ $m6
S: * ESEARCH (TAG "e7") MIN 1 MAX 3 MODSEQ $m7
S: e7 OK SEARCH completed
C: e8 SEARCH RETURN (MIN COUNT) MODSEQ $m6
S: * ESEARCH (TAG "e8") MIN 1 COUNT 3 MODSEQ $m8
S: e8 OK SEARCH completed
C: e9 SEARCH RETURN (COUNT) MODSEQ 9223372036854775807
S: * ESEARCH (TAG "e9") COUNT 0
S: e9 OK SEARCH completed
C: e10 SORT (REVERSE ARRIVAL) UTF-8 MODSEQ $m7
S: * SORT 2 1 (MODSEQ $m8)
S: e10 OK SORT completed
C: e11 SORT RETURN (ALL) (REVERSE ARRIVAL) UTF-8 MODSEQ $m7
S: * ESEARCH (TAG "e11") ALL 2,1 MODSEQ $m8
S: e11 OK SORT completed
C: e12 UID SORT RETURN (MIN) (REVERSE ARRIVAL) UTF-8 MODSEQ $m6
S: * ESEARCH (TAG "e12") UID MIN 3 MODSEQ $m6
S: e12 OK UID SORT completed
C: e13 THREAD REFERENCES UTF-8 MODSEQ $m8
S: * THREAD (2)
S: e13 OK THREAD completed
C: e14 SEARCH RETURN (SAVE) MODSEQ $m6
S: e14 OK SEARCH completed
C: e15 FETCH $ FLAGS (CHANGEDSINCE $m7)
S: * 2 FETCH (FLAGS (\Flagged Claimed Other) MODSEQ ($m8))
S: e15 OK FETCH completed

# STATUS (example 17), and that it is what SELECT says.
C: f1 STATUS INBOX (UIDNEXT MESSAGES HIGHESTMODSEQ)
S: * STATUS INBOX (MESSAGES 4 UIDNEXT 5 HIGHESTMODSEQ $m8)
S: f1 OK STATUS completed
C: f2 LIST "" INBOX RETURN (STATUS (HIGHESTMODSEQ))
S: * LIST () "/" INBOX
S: * STATUS INBOX (HIGHESTMODSEQ $m8)
S: f2 OK LIST completed

# A message that another session has expunged: its EXPUNGE waits, and so does HIGHESTMODSEQ (section 3.2).
# Others have changed flags meanwhile: then the own change is told in full too.
[2] C: g1 STORE 4 +FLAGS.SILENT (\Deleted)
[2] S* g1 OK STORE completed
[2] C: g2 EXPUNGE
[2] S: * 4 EXPUNGE
[2] S: * 3 RECENT
[2] S: g2 OK EXPUNGE completed
C: g3 STORE 1,4 (UNCHANGEDSINCE $m8) +FLAGS.SILENT (\Draft)
S: * 1 FETCH (UID 1 FLAGS (\Answered \Draft Claimed) MODSEQ ($m9))
S: * OK [HIGHESTMODSEQ $m8] Highest
S: g3 OK [EXPUNGEISSUED] STORE completed for those that still exist
C: g4 STORE 2:4 (UNCHANGEDSINCE $m7) +FLAGS (\Draft)
S: * 2 FETCH (UID 2 FLAGS (\Flagged Claimed Other) MODSEQ ($m8))
S: * 3 FETCH (UID 3 FLAGS (\Flagged \Draft) MODSEQ ($m10))
S: * OK [HIGHESTMODSEQ $m8] Highest
S: g4 OK [MODIFIED 2] STORE failed for the messages modified
C: g5 STORE 3 +FLAGS.SILENT (\Seen)
S: * 3 FETCH (UID 3 MODSEQ ($m11))
S: g5 OK [HIGHESTMODSEQ $m8] STORE completed
C: g6 STORE 4 (UNCHANGEDSINCE $m8) +FLAGS (\Draft)
S: g6 NO [EXPUNGEISSUED] The messages no longer exist
C: g7 NOOP
S: * 4 EXPUNGE
S: g7 OK NOOP completed

# The first command that only a client of mod-sequences sends is answered with where it is (example 5).
[3] S: * OK ...
[3] C: a1 LOGIN $Anna $password
[3] S: a1 OK ...
[3] C: a2 EXAMINE INBOX
[3] S* a2 OK [READ-ONLY] EXAMINE completed
[3] C: a3 STATUS INBOX (HIGHESTMODSEQ)
[3] S: * OK [HIGHESTMODSEQ $m11] Highest
[3] S: * STATUS INBOX (HIGHESTMODSEQ $m11)
[3] S: a3 OK STATUS completed
[3] C: a4 FETCH 1 MODSEQ
[3] S: * 1 FETCH (MODSEQ ($m9))
[3] S: a4 OK FETCH completed
[3] C: a5 SELECT INBOX
[3] S: * OK [CLOSED] Previous mailbox is closed
[3] S* a5 OK [READ-WRITE] SELECT completed
[3] C: a6 CLOSE
[3] S: a6 OK CLOSE completed
[4] S: * OK ...
[4] C: a1 LOGIN $Anna $password
[4] S: a1 OK ...
[4] C: a2 SELECT INBOX
[4] S* a2 OK [READ-WRITE] SELECT completed
[4] C: a3 UID SEARCH MODSEQ $m11
[4] S: * OK [HIGHESTMODSEQ $m11] Highest
[4] S: * SEARCH 3 (MODSEQ $m11)
[4] S: a3 OK UID SEARCH completed
[5] S: * OK ...
[5] C: a1 LOGIN $Anna $password
[5] S: a1 OK ...
[5] C: a2 SELECT INBOX
[5] S* a2 OK [READ-WRITE] SELECT completed
[5] C: a3 STORE 3 (UNCHANGEDSINCE $m11) -FLAGS.SILENT (\Seen)
[5] S: * OK [HIGHESTMODSEQ $m11] Highest
[5] S: * 3 FETCH (UID 3 MODSEQ ($m12))
[5] S: a3 OK STORE completed
[4] C: a4 IDLE
[4] S: + idling
[4] S: * 3 FETCH (UID 3 FLAGS (\Flagged \Draft) MODSEQ ($m12))
[4] C: DONE
[4] S: a4 OK [HIGHESTMODSEQ $m12] IDLE terminated
[2] C: h1 NOOP
[2] S* h1 OK NOOP completed
[2] C: h2 IDLE
[2] S: + idling
[2] C: DONE
[2] S: h2 OK IDLE terminated

# ENABLE says what it has turned on (RFC 5161).
[6] S: * OK ...
[6] C: a1 LOGIN $Anna $password
[6] S: a1 OK ...
[6] C: a2 ENABLE X-NOTHING condstore IDLE
[6] S: * ENABLED CONDSTORE
[6] S: a2 OK ENABLE completed
[6] C: a3 ENABLE CONDSTORE CONDSTORE
[6] S: * ENABLED CONDSTORE
[6] S: a3 OK ENABLE completed
[6] C: a4 SELECT INBOX (QRESYNC (1 1))
[6] S: a4 BAD QRESYNC needs ENABLE QRESYNC
[6] C: a5 CHECK
[6] S: a5 BAD Select a mailbox first
[6] C: a6 SELECT INBOX
[6] S* * OK [HIGHESTMODSEQ $m12] Highest
[6] S: a6 OK [READ-WRITE] SELECT completed
[6] C: a7 STORE 1 -FLAGS.SILENT (\Draft)
[6] S: * 1 FETCH (UID 1 MODSEQ ($m13))
[6] S: a7 OK STORE completed

# What CHANGEDSINCE leaves out is not marked as seen, which would make it newer.
[6] C: a8 FETCH 1:3 (BODY[TEXT]) (CHANGEDSINCE $m11)
[6] S: * 1 FETCH (BODY[TEXT] {3}\r\none MODSEQ ($m14) FLAGS (\Seen \Answered Claimed) UID 1)
[6] S: * 3 FETCH (BODY[TEXT] {3}\r\nthr MODSEQ ($m14) FLAGS (\Seen \Flagged \Draft) UID 3)
[6] S: a8 OK FETCH completed
[6] C: a9 FETCH 2 (FLAGS MODSEQ)
[6] S: * 2 FETCH (FLAGS (\Flagged Claimed Other) MODSEQ ($m8))
[6] S: a9 OK FETCH completed
[6] C: a10 UID FETCH 1:3 (BODY[TEXT]) (CHANGEDSINCE $m14)
[6] S: a10 OK UID FETCH completed
