# Broken and rare forms of mail: what ENVELOPE, BODYSTRUCTURE and SEARCH make of them (docs/protocol.md M-1 to M-7, S-1).
account one
S: * OK [CAPABILITY ...] ...
C: a1 LOGIN $one $password
S: a1 OK [CAPABILITY ...] Logged in
C< b1 APPEND INBOX {95+}\r\n\xef\xbb\xbfSubject: behind a mark\r\nFrom: a@b (Ann (the) A)\r\nTo: undisclosed-recipients:(nobody);\r\n\r\nx\r\n\r\n
S: b1 OK [APPENDUID ... 1] APPEND completed
C< b2 APPEND INBOX {228+}\r\njunk\r\n folded\r\nGr\xc3\xb6\xc3\x9fe: 1\r\nContent-Type: multipart/mixed; boundary*0*=us-ascii''a%20; boundary*1=b\r\n\r\n--a b\r\nContent-Type: text/plain; charset*=''utf-8\r\n\r\none\r\n--a b\r\nContent-Type: message/global\r\n\r\nSubject: in\r\n\r\ntwo\r\n--a b--\r\n\r\n
S: b2 OK [APPENDUID ... 2] APPEND completed
C< b3 APPEND INBOX {74+}\r\nFrom: Pete (A nice) <pete(his account)@silly.test(his host)>\r\nTo: x\r\n\r\nx\r\n\r\n
S: b3 OK [APPENDUID ... 3] APPEND completed
# The same behind the lines that a delivery puts before a message.
mail one
﻿From: c@d
Subject: delivered

x
.
C: c1 SELECT INBOX
S* c1 OK ...
C: c2 FETCH 1,4 ENVELOPE
S: * 1 FETCH (ENVELOPE (NIL "behind a mark" (("Ann (the) A" NIL "a" "b")) (("Ann (the) A" NIL "a" "b")) (("Ann (the) A" NIL "a" "b")) ((NIL NIL "undisclosed-recipients" NIL)(NIL NIL NIL NIL)) NIL NIL NIL NIL))
S: * 4 FETCH (ENVELOPE (NIL "delivered" ((NIL NIL "c" "d")) ((NIL NIL "c" "d")) ((NIL NIL "c" "d")) NIL NIL NIL NIL NIL))
S: c2 OK FETCH completed
C: c3 FETCH 1,4 BODY.PEEK[HEADER.FIELDS (Subject From)]
S: * 1 FETCH (BODY[HEADER.FIELDS (Subject From)] {...}\r\nSubject: behind a mark\r\nFrom: a@b (Ann (the) A)\r\n\r\n)
S: * 4 FETCH (BODY[HEADER.FIELDS (Subject From)] {...}\r\nFrom: c@d\r\nSubject: delivered\r\n\r\n)
S: c3 OK FETCH completed
C: c4 FETCH 1 (BODY.PEEK[HEADER] BODY.PEEK[HEADER.FIELDS.NOT (Subject)])
S: * 1 FETCH (BODY[HEADER] {...}\r\n\xef\xbb\xbfSubject: behind a mark\r\n... BODY[HEADER.FIELDS.NOT (Subject)] {...}\r\nFrom: a@b (Ann (the) A)\r\nTo: undisclosed-recipients:(nobody);\r\n\r\n)
S: c4 OK FETCH completed
C: c5 FETCH 2 (BODYSTRUCTURE BODY)
S: * 2 FETCH (BODYSTRUCTURE (("text" "plain" ("charset" "utf-8") NIL NIL "7bit" 3 0 NIL NIL NIL NIL)("message" "global" NIL NIL NIL "7bit" 18 NIL NIL NIL NIL) "mixed" ("boundary*" "us-ascii''a%20b") NIL NIL NIL) BODY (("text" "plain" ("charset" "utf-8") NIL NIL "7bit" 3 0)("message" "global" NIL NIL NIL "7bit" 18) "mixed"))
S: c5 OK FETCH completed
C: c6 FETCH 2 (BODY.PEEK[1] BODY.PEEK[2] BODY.PEEK[2.HEADER])
S: * 2 FETCH (BODY[1] {3}\r\none BODY[2] {18}\r\nSubject: in\r\n\r\ntwo BODY[2.HEADER] {15}\r\nSubject: in\r\n\r\n)
S: c6 OK FETCH completed
C: d1 SEARCH FROM pete@silly.test
S: * SEARCH 3
S: d1 OK SEARCH completed
C: d2 SEARCH FROM "pete(his account)"
S: * SEARCH 3
S: d2 OK SEARCH completed
C: d3 SEARCH HEADER FROM pete@silly.test
S: * SEARCH
S: d3 OK SEARCH completed
C: d4 SEARCH TO "undisclosed-recipients:"
S: * SEARCH 1
S: d4 OK SEARCH completed
C: d5 SEARCH HEADER SUBJECT ""
S: * SEARCH 1 4
S: d5 OK SEARCH completed
C: d6 SEARCH NOT OR FROM a@b FROM "Pete <pete@silly.test>"
S: * SEARCH 2 4
S: d6 OK SEARCH completed
