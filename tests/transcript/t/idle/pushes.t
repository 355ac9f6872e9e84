# What an idling client is told, and what not: no EXISTS after EXPUNGE (Apple Mail would go round for ever), nothing
# twice, and no tagged OK before DONE (php-imap and others take it for the answer to what they say next).
account i
mail i
Subject: one

body
.
mail i
Subject: two

body
.
S: * OK [CAPABILITY ...] ...
C: a1 LOGIN $i $password
S: a1 OK [CAPABILITY ...] Logged in
C: a2 SELECT INBOX
S: * 2 EXISTS
S* a2 OK [READ-WRITE] SELECT completed
C: a3 IDLE
S: + idling
[2] S: * OK [CAPABILITY ...] ...
[2] C: b1 LOGIN $i $password
[2] S: b1 OK [CAPABILITY ...] Logged in
[2] C: b2 SELECT INBOX
[2] S* b2 OK [READ-WRITE] SELECT completed
[2] C: b3 STORE 1 +FLAGS.SILENT (\Deleted)
[2] S: b3 OK STORE completed
[2] C: b4 EXPUNGE
[2] S: * 1 EXPUNGE
[2] S: b4 OK EXPUNGE completed
S! * ... EXISTS
S! a3 ...
S* * 1 EXPUNGE
[2] C: b5 STORE 1 +FLAGS.SILENT (\Deleted)
[2] S: b5 OK STORE completed
[2] C: b6 EXPUNGE
[2] S: * 1 EXPUNGE
[2] S: b6 OK EXPUNGE completed
S! * ... EXISTS
S! a3 ...
S* * 1 EXPUNGE
C: DONE
S! * ... EXISTS
S! * ... EXPUNGE
S* a3 OK IDLE terminated
C: a4 IDLE
S: + idling
mail i
Subject: three

body
.
S: * 1 EXISTS
S: * 1 RECENT
C: DONE
S: a4 OK IDLE terminated
C: a5 NOOP
S: a5 OK NOOP completed
