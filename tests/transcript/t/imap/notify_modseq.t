# NOTIFY for clients that come back with a mod-sequence (RFC 7162 sections 3.2 and 6): what is told between commands
# says, too, up to where the client knows everything.
account anna
mail anna
Subject: one

x
.
mail anna
Subject: two

x
.
mail anna
Subject: three

x
.
[2] LOGIN anna
[2] C: a2 SELECT INBOX
[2] S* a2 OK ...
LOGIN anna QRESYNC
C: a3 SELECT INBOX
S* * OK [UIDVALIDITY $valid] ...
S* * OK [HIGHESTMODSEQ $m0] Highest
S* a3 OK ...
# ---- SELECTED-DELAYED: an expunge waits, and what is newer is told before it ----
C: b1 NOTIFY SET (selected-delayed (MessageNew MessageExpunge FlagChange))
S: b1 OK NOTIFY completed
[2] C: b1 UID STORE 1 +FLAGS.SILENT (\Deleted)
[2] S* b1 OK ...
S: * 1 FETCH (UID 1 FLAGS (\Deleted) MODSEQ ($m1))
[2] C: b2 EXPUNGE
[2] S* b2 OK ...
[2] C: b3 UID STORE 2 +FLAGS.SILENT (\Seen)
[2] S* b3 OK ...
S: * 2 FETCH (UID 2 FLAGS (\Seen) MODSEQ ($m2))
S: * OK [HIGHESTMODSEQ $m1] Highest
# A client that is cut off here remembers that number, and learns of the expunge.
[3] LOGIN anna QRESYNC
[3] C: a3 SELECT INBOX (QRESYNC ($valid $m1))
[3] S* * VANISHED (EARLIER) 1
[3] S: * 1 FETCH (UID 2 FLAGS (\Seen) MODSEQ ($m2))
[3] S: a3 OK ...
# The next command has nothing to add, whatever it is.
C: b2 SEARCH UID 9
S: * SEARCH
S: b2 OK SEARCH completed
C: b3 FROB
S: b3 BAD ...
[2] C: b4 UID STORE 3 +FLAGS.SILENT (\Seen)
[2] S* b4 OK ...
S: * 3 FETCH (UID 3 FLAGS (\Seen) MODSEQ ($m3))
S: * OK [HIGHESTMODSEQ $m1] Highest
C: b4 NOOP
S: * VANISHED 1
S: b4 OK [HIGHESTMODSEQ $m3] NOOP completed
# ---- without FlagChange: a change of flags waits, and a new message is told ----
C: c1 NOTIFY SET (selected (MessageNew (UID) MessageExpunge))
S: c1 OK NOTIFY completed
[2] C: c1 UID STORE 2 +FLAGS.SILENT (\Flagged)
[2] S* c1 OK ...
mail anna
Subject: four

x
.
S: * 3 EXISTS
S: * 1 RECENT
S: * 3 FETCH (UID 4 MODSEQ ($m4))
S: * OK [HIGHESTMODSEQ $m3] Highest
C: c2 NOTIFY SET (selected (MessageNew MessageExpunge FlagChange))
S: * 1 FETCH (UID 2 FLAGS (\Seen \Flagged) MODSEQ ($m5))
S: * 3 FETCH (UID 4 FLAGS (\Recent) MODSEQ ($m4))
S: c2 OK NOTIFY completed
# If none waits, there is nothing to say.
C: c3 NOTIFY SET (selected (MessageNew (UID) MessageExpunge))
S: c3 OK NOTIFY completed
mail anna
Subject: five

x
.
S: * 4 EXISTS
S: * 2 RECENT
S: * 4 FETCH (UID 5 MODSEQ ($n0))
# A silent STORE is answered with mod-sequences (section 3.1.3) whatever NOTIFY says, and what waits goes on waiting.
C: c4 UID STORE 2,3 +FLAGS.SILENT (\Answered)
S: * 1 FETCH (UID 2 MODSEQ ($s1))
S: * 2 FETCH (UID 3 MODSEQ ($s1))
S: c4 OK STORE completed
[2] C: c2 NOOP
[2] S* c2 OK ...
[2] C: c3 UID STORE 5 FLAGS.SILENT (\Seen)
[2] S* c3 OK ...
C: c5 NOOP
S: c5 OK NOOP completed
C: c6 UID STORE 2,3 -FLAGS.SILENT (\Answered)
S: * 1 FETCH (UID 2 FLAGS (\Seen \Flagged) MODSEQ ($s2))
S: * 2 FETCH (UID 3 FLAGS (\Seen) MODSEQ ($s2))
S: c6 OK [HIGHESTMODSEQ $s1] STORE completed
C: c7 NOTIFY SET (selected (MessageNew MessageExpunge FlagChange))
S* * 4 FETCH (UID 5 FLAGS (\Seen \Recent) MODSEQ (...))
S* c7 OK ...NOTIFY completed
# ---- all is told: VANISHED and EXISTS have no number of their own ----
[2] C: d1 UID STORE 2 +FLAGS.SILENT (\Deleted)
[2] S* d1 OK ...
S: * 1 FETCH (UID 2 FLAGS (\Seen \Flagged \Deleted) MODSEQ ($m6))
[2] C: d2 UID EXPUNGE 2
[2] S* d2 OK ...
S: * VANISHED 2
S: * OK [HIGHESTMODSEQ $m7] Highest
mail anna
Subject: six

x
.
S: * 4 EXISTS
S: * 3 RECENT
S: * OK [HIGHESTMODSEQ $m8] Highest
# In IDLE that is said with its end.
C: d3 IDLE
S: + idling
[2] C: d3 UID STORE 3 +FLAGS.SILENT (\Deleted)
[2] S* d3 OK ...
S: * 1 FETCH (UID 3 FLAGS (\Seen \Deleted) MODSEQ ($m9))
[2] C: d4 UID EXPUNGE 3
[2] S* d4 OK ...
S: * VANISHED 3
C: DONE
S: d3 OK [HIGHESTMODSEQ $m10] IDLE terminated
# ---- CONDSTORE alone: it is told what it would otherwise miss, and no more ----
[4] LOGIN anna
[4] C: a2 SELECT INBOX (CONDSTORE)
[4] S* a2 OK ...
[4] C: a3 NOTIFY SET (selected-delayed (MessageNew MessageExpunge FlagChange))
[4] S: a3 OK NOTIFY completed
[2] C: e1 UID STORE 4 +FLAGS.SILENT (\Deleted)
[2] S* e1 OK ...
[4] S: * 1 FETCH (UID 4 FLAGS (\Deleted) MODSEQ ($n1))
[2] C: e2 UID EXPUNGE 4
[2] S* e2 OK ...
[2] C: e3 UID STORE 6 +FLAGS.SILENT (\Answered)
[2] S* e3 OK ...
[4] S: * 3 FETCH (UID 6 FLAGS (\Answered) MODSEQ ($n2))
[4] S: * OK [HIGHESTMODSEQ $n1] Highest
[4] C: a4 NOOP
[4] S: * 1 EXPUNGE
[4] S: a4 OK NOOP completed
