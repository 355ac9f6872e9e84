# SELECT names the first unseen message (RFC 3501 section 6.3.1), no longer in IMAP4rev2 (RFC 9051 appendix E, 11).
account anna
mail anna
Subject: one

x
.
S: * OK [CAPABILITY ...] ...
C: a1 LOGIN $anna $password
S: a1 OK [CAPABILITY ...] Logged in
C: a2 EXAMINE INBOX
S* * OK [UNSEEN 1] first unseen message
S* a2 OK [READ-ONLY] EXAMINE completed
[2] S: * OK [CAPABILITY ...] ...
[2] C: b1 LOGIN $anna $password
[2] S: b1 OK [CAPABILITY ...] Logged in
[2] C: b2 ENABLE UTF8=ACCEPT
[2] S: * ENABLED UTF8=ACCEPT
[2] S: b2 OK ENABLE completed
[2] C: b3 EXAMINE INBOX
[2] S* * OK [UNSEEN 1] first unseen message
[2] S* b3 OK [READ-ONLY] EXAMINE completed
[3] S: * OK [CAPABILITY ...] ...
[3] C: c1 LOGIN $anna $password
[3] S: c1 OK [CAPABILITY ...] Logged in
[3] C: c2 ENABLE IMAP4rev2
[3] S: * ENABLED IMAP4rev2
[3] S: c2 OK ENABLE completed
[3] C: c3 EXAMINE INBOX
[3] S! * OK [UNSEEN ...] ...
[3] S* c3 OK [READ-ONLY] EXAMINE completed
