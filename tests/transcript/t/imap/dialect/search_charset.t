# After ENABLE UTF8=ACCEPT, CHARSET may say nothing else than UTF-8 (RFC 9755 section 3).
account anna
mail anna
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=

x
.
LOGIN anna
[2] LOGIN anna UTF8=ACCEPT
[3] LOGIN anna IMAP4rev2
# What UTF8=ACCEPT asks for holds in IMAP4rev2 too.
[4] LOGIN anna
[4] C: d2 ENABLE UTF8=ACCEPT IMAP4rev2
[4] S: * ENABLED IMAP4rev2 UTF8=ACCEPT
[4] S: d2 OK ENABLE completed
[4] C: d3 EXAMINE INBOX
[4] S* d3 OK [READ-ONLY] EXAMINE completed
[4] C< d5 SEARCH CHARSET ISO-8859-1 SUBJECT {3+}\r\nr\xfc\xdf\r\n
[4] S: d5 BAD After ENABLE UTF8=ACCEPT, searches are in UTF-8
[4] C: d6 SEARCH CHARSET UTF-8 SUBJECT "ü"
[4] S: * ESEARCH (TAG "d6") ALL 1
[4] S: d6 OK SEARCH completed
C: a3 EXAMINE INBOX
S* a3 OK [READ-ONLY] EXAMINE completed
[2] C: b3 EXAMINE INBOX
[2] S* b3 OK [READ-ONLY] EXAMINE completed
[3] C: c3 EXAMINE INBOX
[3] S* c3 OK [READ-ONLY] EXAMINE completed
C: a4 SEARCH SUBJECT "grüße"
S: * SEARCH 1
S: a4 OK SEARCH completed
[2] C: b4 SEARCH SUBJECT "grüße"
[2] S: * SEARCH 1
[2] S: b4 OK SEARCH completed
[3] C: c4 SEARCH SUBJECT "grüße"
[3] S: * ESEARCH (TAG "c4") ALL 1
[3] S: c4 OK SEARCH completed
C< a5 SEARCH CHARSET ISO-8859-1 SUBJECT {3+}\r\nr\xfc\xdf\r\n
S: * SEARCH 1
S: a5 OK SEARCH completed
[2] C< b5 SEARCH CHARSET ISO-8859-1 SUBJECT {3+}\r\nr\xfc\xdf\r\n
[2] S: b5 BAD After ENABLE UTF8=ACCEPT, searches are in UTF-8
[3] C< c5 SEARCH CHARSET ISO-8859-1 SUBJECT {3+}\r\nr\xfc\xdf\r\n
[3] S: * ESEARCH (TAG "c5") ALL 1
[3] S: c5 OK SEARCH completed
C: a6 SEARCH CHARSET UTF-8 SUBJECT "ü"
S: * SEARCH 1
S: a6 OK SEARCH completed
[2] C: b6 SEARCH CHARSET UTF-8 SUBJECT "ü"
[2] S: * SEARCH 1
[2] S: b6 OK SEARCH completed
[3] C: c6 UID SEARCH CHARSET utf-8 SUBJECT "ü"
[3] S: * ESEARCH (TAG "c6") UID ALL 1
[3] S: c6 OK UID SEARCH completed
[3] C: c7 SEARCH CHARSET nothing SUBJECT x
[3] S: c7 NO [BADCHARSET (UTF-8)] That charset is not known
# SORT and THREAD always name one (RFC 5256).
[2] C: b7 SORT (ARRIVAL) UTF-8 SUBJECT "grüße"
[2] S: * SORT 1
[2] S: b7 OK SORT completed
[3] C: c8 THREAD REFERENCES UTF-8 SUBJECT "grüße"
[3] S: * THREAD (1)
[3] S: c8 OK THREAD completed
