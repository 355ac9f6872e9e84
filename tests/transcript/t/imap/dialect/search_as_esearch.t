# SEARCH is answered with numbers, or with ESEARCH as if RETURN (ALL) had been asked for (RFC 9051 section 6.4.4).
account anna
mail anna
Subject: one

x
.
mail anna
Subject: two

x
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
C: a4 SEARCH ALL
S: * SEARCH 1 2
S: a4 OK SEARCH completed
[2] C: b4 UID SEARCH ALL
[2] S: * SEARCH 1 2
[2] S: b4 OK UID SEARCH completed
[3] C: c4 SEARCH ALL
[3] S: * ESEARCH (TAG "c4") ALL 1:2
[3] S: c4 OK SEARCH completed
[3] C: c5 UID SEARCH SUBJECT two
[3] S: * ESEARCH (TAG "c5") UID ALL 2
[3] S: c5 OK UID SEARCH completed
C: a6 SEARCH SUBJECT nothing
S: * SEARCH
S: a6 OK SEARCH completed
[3] C: c6 SEARCH SUBJECT nothing
[3] S: * ESEARCH (TAG "c6")
[3] S: c6 OK SEARCH completed
# What RETURN asks for is the same for all, and so are SORT and THREAD, which are extensions.
[3] C: c7 SEARCH RETURN (MIN COUNT) ALL
[3] S: * ESEARCH (TAG "c7") MIN 1 COUNT 2
[3] S: c7 OK SEARCH completed
C: a7 SEARCH RETURN () ALL
S: * ESEARCH (TAG "a7") ALL 1:2
S: a7 OK SEARCH completed
[3] C: c8 SEARCH RETURN (SAVE) SUBJECT one
[3] S: c8 OK SEARCH completed
[3] C: c9 SEARCH $
[3] S: * ESEARCH (TAG "c9") ALL 1
[3] S: c9 OK SEARCH completed
[3] C: c10 SORT (SUBJECT) UTF-8 ALL
[3] S: * SORT 1 2
[3] S: c10 OK SORT completed
[3] C: c11 SEARCH MODSEQ 1 SUBJECT two
[3] S: * OK [HIGHESTMODSEQ ...] Highest
[3] S: * ESEARCH (TAG "c11") ALL 2 MODSEQ ...
[3] S: c11 OK SEARCH completed
