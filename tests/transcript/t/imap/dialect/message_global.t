# message/global is any type (RFC 3501 section 9), or a message (RFC 9051 section 9), also where it cannot be opened.
account anna
mail anna
Subject: carries another one
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: message/global

Subject: inside

text
--b
Content-Type: message/global
Content-Transfer-Encoding: base64

U3ViamVjdDogeAoK
--b--
.
S: * OK [CAPABILITY ...] ...
C: a1 LOGIN $anna $password
S: a1 OK [CAPABILITY ...] Logged in
[2] S: * OK [CAPABILITY ...] ...
[2] C: b1 LOGIN $anna $password
[2] S: b1 OK [CAPABILITY ...] Logged in
[2] C: b2 ENABLE UTF8=ACCEPT
[2] S: * ENABLED UTF8=ACCEPT
[2] S: b2 OK ENABLE completed
[3] S: * OK [CAPABILITY ...] ...
[3] C: c1 LOGIN $anna $password
[3] S: c1 OK [CAPABILITY ...] Logged in
[3] C: c2 ENABLE IMAP4rev2
[3] S: * ENABLED IMAP4rev2
[3] S: c2 OK ENABLE completed
C: a3 EXAMINE INBOX
S* a3 OK [READ-ONLY] EXAMINE completed
[2] C: b3 EXAMINE INBOX
[2] S* b3 OK [READ-ONLY] EXAMINE completed
[3] C: c3 EXAMINE INBOX
[3] S* c3 OK [READ-ONLY] EXAMINE completed
C: a4 FETCH 1 (BODY BODYSTRUCTURE)
S: * 1 FETCH (BODY (("message" "global" NIL NIL NIL "7bit" 23)("message" "global" NIL NIL NIL "base64" 16) "mixed") BODYSTRUCTURE (("message" "global" NIL NIL NIL "7bit" 23 NIL NIL NIL NIL)("message" "global" NIL NIL NIL "base64" 16 NIL NIL NIL NIL) "mixed" ("boundary" "b") NIL NIL NIL))
S: a4 OK FETCH completed
[2] C: b4 FETCH 1 BODY
[2] S: * 1 FETCH (BODY (("message" "global" NIL NIL NIL "7bit" 23)("message" "global" NIL NIL NIL "base64" 16) "mixed"))
[2] S: b4 OK FETCH completed
[3] C: c4 FETCH 1 (BODY BODYSTRUCTURE)
[3] S: * 1 FETCH (BODY (("message" "global" NIL NIL NIL "7bit" 23 (NIL "inside" NIL NIL NIL NIL NIL NIL NIL NIL) ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 4 0) 2)("message" "global" NIL NIL NIL "base64" 16 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0) 0) "mixed") BODYSTRUCTURE (("message" "global" NIL NIL NIL "7bit" 23 (NIL "inside" NIL NIL NIL NIL NIL NIL NIL NIL) ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 4 0 NIL NIL NIL NIL) 2 NIL NIL NIL NIL)("message" "global" NIL NIL NIL "base64" 16 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0 NIL NIL NIL NIL) 0 NIL NIL NIL NIL) "mixed" ("boundary" "b") NIL NIL NIL))
[3] S: c4 OK FETCH completed
# Its sections can be fetched by all.
C: a5 FETCH 1 (BODY.PEEK[1.HEADER] BODY.PEEK[1.1])
S: * 1 FETCH (BODY[1.HEADER] {19}\r\nSubject: inside\r\n\r\n BODY[1.1] {4}\r\ntext)
S: a5 OK FETCH completed
