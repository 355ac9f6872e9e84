# COMPRESS=DEFLATE (RFC 4978): when it is offered, what it answers, and that all goes on as before.
account anna
S: * OK [CAPABILITY ...] ...
C: a1 CAPABILITY
S! * CAPABILITY ...COMPRESS...
S* a1 OK CAPABILITY completed
C: a2 COMPRESS DEFLATE
S: a2 BAD Log in first
C: a3 LOGIN $anna $password
S: a3 OK [CAPABILITY ... COMPRESS=DEFLATE...] Logged in
C: a4 COMPRESS
S: a4 BAD COMPRESS needs an algorithm
C: a5 COMPRESS GZIP
S: a5 BAD COMPRESS knows no algorithm but DEFLATE
C: a6 COMPRESS DEFLATE LEVEL 9
S: a6 BAD ...
C: a7 COMPRESS "DEFLATE"
S: a7 BAD COMPRESS knows no algorithm but DEFLATE
C: a8 SELECT INBOX
S* a8 OK [READ-WRITE] ...
C: a9 compress deflate
S: a9 OK DEFLATE active
DEFLATE
C: b1 COMPRESS DEFLATE
S: b1 NO [COMPRESSIONACTIVE] DEFLATE is active already
C: b2 CAPABILITY
S! * CAPABILITY ...COMPRESS...
S* b2 OK CAPABILITY completed
C: b3 STARTTLS
S: b3 BAD Already logged in
C< b4 APPEND INBOX {29}\r\n
S: + go ahead
C< Subject: compressed\r\n\r\ntext\r\n\r\n
S* b4 OK [APPENDUID ...] ...
C: b5 FETCH 1 BODY.PEEK[]
S: * 1 FETCH (BODY[] {29}\r\nSubject: compressed\r\n\r\ntext\r\n)
S: b5 OK FETCH completed
C< b6 NOOP\r\nb7 NOOP\r\nb8 IDLE\r\n
S: b6 OK NOOP completed
S: b7 OK NOOP completed
S: + idling
# A push into a session that is parked.
mail anna
From: b@example.org
Subject: pushed

text
.
S: * 2 EXISTS
S: * 2 RECENT
C: DONE
S: b8 OK IDLE terminated
[2] S: * OK [CAPABILITY ...] ...
[2] C: c1 LOGIN $anna $password
[2] S: c1 OK [CAPABILITY ...] Logged in
[2] C: c2 SELECT INBOX
[2] S* c2 OK [READ-WRITE] ...
[2] C: c3 STORE 1 +FLAGS (\Deleted)
[2] S* c3 OK STORE completed
[2] C: c4 EXPUNGE
[2] S: * 1 EXPUNGE
[2] S: c4 OK EXPUNGE completed
C: b9 NOOP
S: * 1 EXPUNGE
S* b9 OK NOOP completed
LOG P .*compressed from here on
C: b10 LOGOUT
S: * BYE Logging out
S: b10 OK LOGOUT completed
END
