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
LOGIN anna
[2] LOGIN anna UTF8=ACCEPT
[3] LOGIN anna IMAP4rev2
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
