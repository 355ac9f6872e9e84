# IDLE sent together with what follows it: nothing is lost, and every tag is answered once, in order.
account i
mail i
Subject: one

body
.
S: * OK [CAPABILITY ...] ...
C: a1 LOGIN $i $password
S: a1 OK [CAPABILITY ...] Logged in
C< a2 SELECT INBOX\r\na3 IDLE\r\n
S* a2 OK [READ-WRITE] SELECT completed
S: + idling
C< DONE\r\na4 NOOP\r\na5 IDLE\r\n
S: a3 OK IDLE terminated
S: a4 OK NOOP completed
S: + idling
C< DONE\r\na6 IDLE\r\nDONE\r\na7 UID FETCH 1 (UID)\r\na8 IDLE\r\n
S: a5 OK IDLE terminated
S: + idling
S: a6 OK IDLE terminated
S: * 1 FETCH (UID 1)
S: a7 OK UID FETCH completed
S: + idling
C< a9 STORE 1 +FLAGS (\\Seen)\r\nDONE\r\na10 NOOP\r\n
S: a8 OK IDLE terminated
S: * 1 FETCH (FLAGS (\Seen \Recent))
S: a9 OK STORE completed
S: a10 OK NOOP completed
