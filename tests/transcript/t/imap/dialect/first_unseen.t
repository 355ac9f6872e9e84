# SELECT names the first unseen message (RFC 3501 section 6.3.1), no longer in IMAP4rev2 (RFC 9051 appendix E, 11).
account anna
mail anna
Subject: one

x
.
LOGIN anna
C: a2 EXAMINE INBOX
S* * OK [UNSEEN 1] first unseen message
S* a2 OK [READ-ONLY] EXAMINE completed
[2] LOGIN anna UTF8=ACCEPT
[2] C: b3 EXAMINE INBOX
[2] S* * OK [UNSEEN 1] first unseen message
[2] S* b3 OK [READ-ONLY] EXAMINE completed
[3] LOGIN anna IMAP4rev2
[3] C: c3 EXAMINE INBOX
[3] S! * OK [UNSEEN ...] ...
[3] S* c3 OK [READ-ONLY] EXAMINE completed
