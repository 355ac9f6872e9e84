# What was not asked for comes with the UID in IMAP4rev2 (RFC 9051 sections 6.3.13 and 7.5.2).
account anna
mail anna
Subject: one

x
.
LOGIN anna
C: a2 SELECT INBOX
S* a2 OK [READ-WRITE] SELECT completed
[2] LOGIN anna UTF8=ACCEPT
[2] C: b3 SELECT INBOX
[2] S* b3 OK [READ-WRITE] SELECT completed
[3] LOGIN anna IMAP4rev2
[3] C: c3 SELECT INBOX
[3] S* c3 OK [READ-WRITE] SELECT completed
[3] C: c4 STORE 1 +FLAGS (\Answered)
[3] S: * 1 FETCH (UID 1 FLAGS (\Answered))
[3] S: c4 OK STORE completed
C: a4 NOOP
S: * 1 FETCH (FLAGS (\Answered \Recent))
S: a4 OK NOOP completed
[2] C: b4 NOOP
[2] S: * 1 FETCH (FLAGS (\Answered))
[2] S: b4 OK NOOP completed
C: a5 STORE 1 +FLAGS (\Flagged)
S: * 1 FETCH (FLAGS (\Answered \Flagged \Recent))
S: a5 OK STORE completed
[3] C: c5 NOOP
[3] S: * 1 FETCH (UID 1 FLAGS (\Answered \Flagged))
[3] S: c5 OK NOOP completed
# What was asked for is answered as it was asked.
[3] C: c6 FETCH 1 FLAGS
[3] S: * 1 FETCH (FLAGS (\Answered \Flagged))
[3] S: c6 OK FETCH completed
# Nor has anybody asked for what NOTIFY and UPDATE tell of a new message; the list only says what to tell.
C: a6 NOTIFY SET (selected (MessageNew (FLAGS) MessageExpunge))
S: a6 OK NOTIFY completed
[2] C: b4a NOOP
[2] S: * 1 FETCH (FLAGS (\Answered \Flagged))
[2] S: b4a OK NOOP completed
[2] C: b5 UID SEARCH RETURN (UPDATE (FLAGS) COUNT) UNSEEN
[2] S: * ESEARCH (TAG "b5") UID COUNT 1
[2] S: b5 OK UID SEARCH completed
[3] C: c7 UID SEARCH RETURN (UPDATE (FLAGS) COUNT) UNSEEN
[3] S: * ESEARCH (TAG "c7") UID COUNT 1
[3] S: c7 OK UID SEARCH completed
[3] C: c8 NOTIFY SET (selected (MessageNew (RFC822.SIZE) MessageExpunge))
[3] S: c8 OK NOTIFY completed
mail anna
Subject: two

x
.
S: * 2 EXISTS
S: * 2 RECENT
S: * 2 FETCH (FLAGS (\Recent))
[3] S: * 2 EXISTS
[3] S: * 2 FETCH (FLAGS () UID 2)
[3] S: * ESEARCH (TAG "c7") UID ADDTO (0 2)
[3] S: * 2 FETCH (RFC822.SIZE ... UID 2)
[2] C: b6 NOOP
[2] S: * 2 EXISTS
[2] S: * 1 RECENT
[2] S: * 2 FETCH (FLAGS (\Recent))
[2] S: * ESEARCH (TAG "b5") UID ADDTO (0 2)
[2] S: b6 OK NOOP completed
