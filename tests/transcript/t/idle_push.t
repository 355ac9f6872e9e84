# A delivery reaches an idling client at once; DONE in any case ends IDLE; nothing is repeated.
account anna
S: * OK ...
C: a1 LOGIN $anna $password
S: a1 OK ...
C: a2 SELECT INBOX
S* a2 OK [READ-WRITE] ...
C: a3 IDLE
S: + idling
mail anna
Subject: one

body
.
S: * 1 EXISTS
S: * 1 RECENT
[2] S: * OK ...
[2] C: b1 LOGIN $anna $password
[2] S: b1 OK ...
[2] C: b2 SELECT INBOX
[2] S* b2 OK ...
[2] C: b3 STORE 1 +FLAGS.SILENT (\Seen)
[2] S: b3 OK ...
S: * 1 FETCH (FLAGS (\Seen \Recent))
[2] C: b4 STORE 1 +FLAGS.SILENT (\Deleted)
[2] S: b4 OK ...
S: * 1 FETCH (FLAGS (\Seen \Deleted \Recent))
[2] C: b5 EXPUNGE
[2] S: * 1 EXPUNGE
[2] S: b5 OK ...
S: * 1 EXPUNGE
S: * 0 RECENT
C: done  
S: a3 OK IDLE terminated
C: a4 IDLE
S: + idling
C: a5 NOOP
S: a4 OK IDLE terminated
S: a5 OK NOOP completed
C< a6 IDLE\r\nDONE\r\na7 NOOP\r\n
S: + idling
S: a6 OK IDLE terminated
S: a7 OK NOOP completed
