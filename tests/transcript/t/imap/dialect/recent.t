# \Recent and RECENT (RFC 3501 section 2.3.2) were taken out of IMAP4rev2 (RFC 9051 appendix E, 12).
account anna
mail anna
Subject: one

x
.
LOGIN anna
[2] LOGIN anna UTF8=ACCEPT
[3] LOGIN anna IMAP4rev2
# EXAMINE takes nothing away.
C: a3 EXAMINE INBOX
S: * 1 EXISTS
S: * 1 RECENT
S* a3 OK [READ-ONLY] EXAMINE completed
[2] C: b3 EXAMINE INBOX
[2] S: * 1 EXISTS
[2] S: * 1 RECENT
[2] S* b3 OK [READ-ONLY] EXAMINE completed
[3] C: c3 EXAMINE INBOX
[3] S! * ... RECENT
[3] S* c3 OK [READ-ONLY] EXAMINE completed
C: a4 FETCH 1 (FLAGS)
S: * 1 FETCH (FLAGS (\Recent))
S: a4 OK FETCH completed
[2] C: b4 FETCH 1 (FLAGS INTERNALDATE)
[2] S: * 1 FETCH (FLAGS (\Recent) INTERNALDATE ...)
[2] S: b4 OK FETCH completed
[3] C: c4 FETCH 1 (FLAGS)
[3] S: * 1 FETCH (FLAGS ())
[3] S: c4 OK FETCH completed
[3] C: c5 FETCH 1 (FLAGS INTERNALDATE)
[3] S: * 1 FETCH (FLAGS () INTERNALDATE ...)
[3] S: c5 OK FETCH completed
# New mail, and changes of flags, in IDLE.
C: a6 IDLE
S: + idling
[3] C: c6 IDLE
[3] S: + idling
mail anna
Subject: two

x
.
S: * 2 EXISTS
S: * 2 RECENT
[3] S: * 2 EXISTS
[2] C: b6 SELECT INBOX
[2] S* b6 OK [READ-WRITE] SELECT completed
[2] C: b7 STORE 2 +FLAGS (\Flagged)
[2] S: * 2 FETCH (FLAGS (\Flagged \Recent))
[2] S: b7 OK STORE completed
S: * 2 FETCH (FLAGS (\Flagged \Recent))
[3] S: * 2 FETCH (UID 2 FLAGS (\Flagged))
C: DONE
S: a6 OK IDLE terminated
[3] C: DONE
[3] S: c6 OK IDLE terminated
# Who asks for it in so many words gets an answer.
[3] C: c7 SEARCH OLD
[3] S: * ESEARCH (TAG "c7")
[3] S: c7 OK SEARCH completed
[3] C: c8 STATUS INBOX (RECENT)
[3] S: * STATUS INBOX (RECENT 0)
[3] S: c8 OK STATUS completed
