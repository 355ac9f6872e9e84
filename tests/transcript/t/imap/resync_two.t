# QRESYNC (RFC 7162) on two sessions, while the other one appends several messages at once (RFC 3502) and replaces
# messages (RFC 8508); and who was away meanwhile.
account anna
[1] C: a1 LOGIN $anna $password
[1] S* a1 OK ...
[1] C: a2 ENABLE QRESYNC
[1] S: * ENABLED QRESYNC
[1] S: a2 OK ENABLE completed
[2] C: b1 LOGIN $anna $password
[2] S* b1 OK ...
[2] C: b2 ENABLE QRESYNC
[2] S: * ENABLED QRESYNC
[2] S: b2 OK ENABLE completed
[1] C< a3 APPEND INBOX (\\Seen) {3+}\r\none {3+}\r\ntwo\r\n
[1] S: a3 OK [APPENDUID $valid 1:2] APPEND completed
[1] C: a4 SELECT INBOX
[1] S: * 2 EXISTS
[1] S* * OK [HIGHESTMODSEQ $m1] Highest
[1] S: a4 OK [READ-WRITE] SELECT completed
[2] C: b3 SELECT INBOX
[2] S: * 2 EXISTS
[2] S* * OK [HIGHESTMODSEQ $m1] Highest
[2] S: b3 OK [READ-WRITE] SELECT completed

# All messages of one APPEND come at once, and HIGHESTMODSEQ is told as it is after the last of them.
[2] C< b4 APPEND INBOX (\\Flagged) {5+}\r\nthree (\\Draft) {4+}\r\nfour {4+}\r\nfive\r\n
[2] S: * 5 EXISTS
[2] S* * OK [HIGHESTMODSEQ $m2] Highest
[2] S: b4 OK [APPENDUID $valid 3:5] APPEND completed
[1] C: c1 NOOP
[1] S: * 5 EXISTS
[1] S* c1 OK [HIGHESTMODSEQ $m2] NOOP completed
[1] C: c2 UID FETCH 3:* (FLAGS) (CHANGEDSINCE $m1 VANISHED)
[1] S: * 3 FETCH (UID 3 FLAGS (\Flagged...) MODSEQ ($n2))
[1] S: * 4 FETCH (UID 4 FLAGS (\Draft...) MODSEQ (...))
[1] S: * 5 FETCH (UID 5 FLAGS (...) MODSEQ ($m2))
[1] S: c2 OK UID FETCH completed

# In IDLE too; and a FETCH by number between the two does not mix them up.
[1] C: c3 IDLE
[1] S: + idling
[2] C< b5 APPEND INBOX {3+}\r\nsix {5+}\r\nseven\r\n
[2] S: * 7 EXISTS
[2] S* b5 OK [APPENDUID $valid 6:7] APPEND completed
[1] S: * 7 EXISTS
[1] S* * ...RECENT
[1] C: DONE
[1] S: c3 OK [HIGHESTMODSEQ $m3] IDLE terminated

# REPLACE by the other: the old one has vanished, the new one exists, and the numbers between are right.
[2] C< b6 UID REPLACE 2 INBOX (\\Seen) {3+}\r\nnew\r\n
[2] S: * OK [APPENDUID $valid 8] Replacement is there
[2] S: * VANISHED 2
[2] S: * 7 EXISTS
[2] S* b6 OK [HIGHESTMODSEQ $m4] REPLACE completed
[1] C: d1 FETCH 2 (UID)
[1] S: * 2 FETCH (UID 2)
[1] S* d1 OK ...FETCH completed
[1] C: d2 NOOP
[1] S: * VANISHED 2
[1] S: * 7 EXISTS
[1] S* d2 OK [HIGHESTMODSEQ $m4] NOOP completed
[1] C: d3 FETCH 2,7 (UID FLAGS MODSEQ)
[1] S: * 2 FETCH (UID 3 FLAGS (...) MODSEQ ($n2))
[1] S: * 7 FETCH (UID 8 FLAGS (\Seen...) MODSEQ ($n4))
[1] S: d3 OK FETCH completed
# Into another mailbox: here it only vanishes.
[1] C: d4 IDLE
[1] S: + idling
[2] C< b7 UID REPLACE 8 Sent (\\Seen) {3+}\r\nnew\r\n
[2] S: * OK [APPENDUID ... 1] Replacement is there
[2] S: * VANISHED 8
[2] S* b7 OK [HIGHESTMODSEQ $m5] REPLACE completed
[1] S: * VANISHED 8
[1] C: DONE
[1] S* d4 OK [HIGHESTMODSEQ $m5] IDLE terminated

# One is cut off; the other one goes on, by all three ways.
[1] CLOSE
[2] C< e1 APPEND INBOX {5+}\r\neight {4+}\r\nnine\r\n
[2] S: * 8 EXISTS
[2] S* e1 OK [APPENDUID $valid 9:10] APPEND completed
[2] C< e2 UID REPLACE 5 INBOX (\\Answered) {3+}\r\nnew\r\n
[2] S: * OK [APPENDUID $valid 11] Replacement is there
[2] S: * VANISHED 5
[2] S: * 8 EXISTS
[2] S* e2 OK [HIGHESTMODSEQ $m6] REPLACE completed
[2] C< e3 UID REPLACE 9 INBOX {3+}\r\nnew\r\n
[2] S: * OK [APPENDUID $valid 12] Replacement is there
[2] S: * VANISHED 9
[2] S: * 8 EXISTS
[2] S* e3 OK [HIGHESTMODSEQ $m7] REPLACE completed
[2] C: e4 UID STORE 1 +FLAGS.SILENT (\Flagged)
[2] S: * 1 FETCH (UID 1 MODSEQ ($m8))
[2] S: e4 OK STORE completed

# It comes back with what it knew: 1, 3 to 7 up to $m5. What came and went meanwhile (9) it need not be told of.
[3] C: f1 LOGIN $anna $password
[3] S* f1 OK ...
[3] C: f2 ENABLE QRESYNC
[3] S: * ENABLED QRESYNC
[3] S: f2 OK ENABLE completed
[3] C: f3 SELECT INBOX (QRESYNC ($valid $m5 1,3:7))
[3] S: * 8 EXISTS
[3] S* * OK [UIDVALIDITY $valid] UIDs valid
[3] S: * OK [UIDNEXT 13] predicted next UID
[3] S* * OK [HIGHESTMODSEQ $m8] Highest
[3] S: * VANISHED (EARLIER) 5
[3] S: * 1 FETCH (UID 1 FLAGS (\Seen \Flagged) MODSEQ ($m8))
[3] S: f3 OK [READ-WRITE] SELECT completed
[3] C: f4 UID FETCH 8:* (FLAGS) (CHANGEDSINCE $m5 VANISHED)
[3] S: * VANISHED (EARLIER) 9
[3] S: * 6 FETCH (UID 10 FLAGS (...) MODSEQ (...))
[3] S: * 7 FETCH (UID 11 FLAGS (\Answered...) MODSEQ ($n6))
[3] S: * 8 FETCH (UID 12 FLAGS (...) MODSEQ ($n7))
[3] S: f4 OK UID FETCH completed
# Whoever gives no set is told of all.
[3] C: f5 SELECT INBOX (QRESYNC ($valid $m5))
[3] S* * OK [HIGHESTMODSEQ $m8] Highest
[3] S: * VANISHED (EARLIER) 5,9
[3] S: * 1 FETCH (UID 1 FLAGS (\Seen \Flagged) MODSEQ ($m8))
[3] S: * 6 FETCH (UID 10 FLAGS (...) MODSEQ (...))
[3] S: * 7 FETCH (UID 11 FLAGS (\Answered...) MODSEQ ($n6))
[3] S: * 8 FETCH (UID 12 FLAGS (...) MODSEQ ($n7))
[3] S: f5 OK [READ-WRITE] SELECT completed
