# SETMETADATA raises the mod-sequence of its mailbox (RFC 7162 section 3.2), and tells nobody of messages.
account anna
mail anna
Subject: one

x
.
LOGIN anna QRESYNC
C: a3 SELECT INBOX
S* * OK [UIDVALIDITY $valid] ...
S* * OK [HIGHESTMODSEQ $m0] Highest
S* a3 OK ...
[2] LOGIN anna
[2] C: a2 STATUS INBOX (HIGHESTMODSEQ)
[2] S: * STATUS INBOX (HIGHESTMODSEQ $m0)
[2] S: a2 OK ...
[2] C: a3 SETMETADATA INBOX (/private/comment "a")
[2] S: a3 OK ...
[2] C: a4 STATUS INBOX (HIGHESTMODSEQ)
[2] S: * STATUS INBOX (HIGHESTMODSEQ $m1)
[2] S: a4 OK ...
# What changes nothing, and what is not of a mailbox, does not count.
[2] C: a5 SETMETADATA INBOX (/shared/comment NIL)
[2] S: a5 OK ...
[2] C: a6 SETMETADATA "" (/private/comment "b")
[2] S: a6 OK ...
[2] C: a7 STATUS INBOX (HIGHESTMODSEQ)
[2] S: * STATUS INBOX (HIGHESTMODSEQ $m1)
[2] S: a7 OK ...
[2] C: a8 SETMETADATA Sent (/private/specialuse NIL)
[2] S: a8 OK ...
[2] C: a9 STATUS Sent (HIGHESTMODSEQ)
[2] S: * STATUS Sent (HIGHESTMODSEQ $s1)
[2] S: a9 OK ...
[2] C: a10 SETMETADATA Sent (/private/specialuse "\\Sent")
[2] S: a10 OK ...
[2] C: a11 STATUS Sent (HIGHESTMODSEQ)
[2] S: * STATUS Sent (HIGHESTMODSEQ $s2)
[2] S: a11 OK ...
# Who has it selected is told nothing: there is no message that it does not know.
C: b1 NOOP
S: b1 OK NOOP completed
C: b2 UID STORE 1 +FLAGS.SILENT (\Seen)
S: * 1 FETCH (UID 1 MODSEQ ($m2))
S: b2 OK STORE completed
C: b3 UID FETCH 1 (FLAGS)
S: * 1 FETCH (UID 1 FLAGS (\Seen \Recent))
S: b3 OK UID FETCH completed
[2] C: b1 SETMETADATA INBOX (/private/comment NIL)
[2] S: b1 OK ...
mail anna
Subject: two

x
.
C: b4 NOOP
S: * 2 EXISTS
S: * 2 RECENT
S: b4 OK [HIGHESTMODSEQ $m4] NOOP completed
[2] C: b2 SETMETADATA INBOX (/private/comment "c")
[2] S: b2 OK ...
# Who comes back is told the new number, and nothing else.
[3] LOGIN anna QRESYNC
[3] C: a3 SELECT INBOX (QRESYNC ($valid $m4 1:2))
[3] S! * VANISHED ...
[3] S! * ... FETCH ...
[3] S* * OK [HIGHESTMODSEQ $m5] Highest
[3] S! * VANISHED ...
[3] S! * ... FETCH ...
[3] S* a3 OK ...
[3] C: a4 STATUS INBOX (HIGHESTMODSEQ)
[3] S: * STATUS INBOX (HIGHESTMODSEQ $m5)
[3] S: a4 OK ...
