# IMAP4rev2 (RFC 9051): its dialogues, and how it goes with other extensions.
account anna
account bert
mail anna
From: Fred Foobar <foobar@example.org>
Date: Mon, 7 Feb 1994 21:52:25 -0800
Subject: one

x
.
mail anna
From: Smith <smith@example.org>
Date: Mon, 7 Feb 1994 21:52:25 -0800
Subject: two

x
.
mail anna
From: Fred Foobar <foobar@example.org>
Date: Mon, 7 Feb 1994 21:52:25 -0800
Subject: отпуск

x
.
S: * OK [CAPABILITY IMAP4rev1 IMAP4rev2 ... UTF8=ACCEPT ...] ...
# Nothing is enabled before login.
C: a0 ENABLE IMAP4rev2
S: a0 BAD Log in first
C: a1 LOGIN $anna $password
S: a1 OK [CAPABILITY ...] Logged in
# Section 6.3.1: what is not known is ignored, each answer names what its command has enabled.
C: a2 ENABLE X-GOOD-IDEA
S: * ENABLED
S: a2 OK ENABLE completed
C: a3 ENABLE CONDSTORE X-GOOD-IDEA
S: * ENABLED CONDSTORE
S: a3 OK ENABLE completed
C: a4 ENABLE imap4rev2 imap4rev1
S: * ENABLED IMAP4rev2
S: a4 OK ENABLE completed

# Section 6.3.2, without and with a mailbox selected before.
C: b1 SELECT INBOX
S: * LIST (\HasNoChildren \Subscribed) "/" INBOX
S: * 3 EXISTS
S: * OK [UIDVALIDITY $valid] UIDs valid
S: * OK [UIDNEXT 4] predicted next UID
S* * FLAGS (\Seen \Answered \Flagged \Deleted \Draft)
S: * OK [PERMANENTFLAGS (\Seen \Answered \Flagged \Deleted \Draft \*)] Limited
S* * OK [HIGHESTMODSEQ ...] Highest
S* b1 OK [READ-WRITE] SELECT completed
C: b2 SELECT Drafts
S: * OK [CLOSED] Previous mailbox is closed
S* * 0 EXISTS
S* b2 OK [READ-WRITE] SELECT completed
C: b3 EXAMINE INBOX
S: * OK [CLOSED] Previous mailbox is closed
S* b3 OK [READ-ONLY] EXAMINE completed
C: b4 SELECT INBOX
S* b4 OK [READ-WRITE] SELECT completed

# Section 6.4.4.
C: c1 STORE 2:3 +FLAGS.SILENT (\Flagged)
S* c1 OK ...
C: c2 SEARCH RETURN (MIN COUNT) FLAGGED SINCE 1-Feb-1994 NOT FROM "Smith"
S: * ESEARCH (TAG "c2") MIN 3 COUNT 1
S: c2 OK SEARCH completed
C: c3 SEARCH RETURN () FLAGGED SENTSINCE 1-Feb-1994
S: * ESEARCH (TAG "c3") ALL 2:3
S: c3 OK SEARCH completed
C: c4 SEARCH TEXT "string not in mailbox"
S: * ESEARCH (TAG "c4")
S: c4 OK SEARCH completed
C< c5 SEARCH CHARSET UTF-8 TEXT {12}\r\n
S: + go ahead
C: отпуск
S: * ESEARCH (TAG "c5") ALL 3
S: c5 OK SEARCH completed
C: c6 SEARCH TEXT "отпуск"
S: * ESEARCH (TAG "c6") ALL 3
S: c6 OK SEARCH completed
C: c7 SEARCH RETURN (MIN) UNSEEN
S: * ESEARCH (TAG "c7") MIN 1
S: c7 OK SEARCH completed
C: c8 UID SEARCH RETURN (MIN MAX) 1:5000
S: * ESEARCH (TAG "c8") UID MIN 1 MAX 3
S: c8 OK UID SEARCH completed
C: c9 UID SEARCH RETURN (MIN MAX) UID 1:5000
S: * ESEARCH (TAG "c9") UID MIN 1 MAX 3
S: c9 OK UID SEARCH completed
C: c10 SEARCH RETURN (COUNT) DELETED
S: * ESEARCH (TAG "c10") COUNT 0
S: c10 OK SEARCH completed
# Section 6.4.4.4, example 1 and 5.
C: c11 SEARCH RETURN (SAVE) SUBJECT two
S: c11 OK SEARCH completed
C: c12 FETCH $ (UID FLAGS)
S: * 2 FETCH (UID 2 FLAGS (\Flagged))
S: c12 OK FETCH completed
C: c13 SEARCH RETURN (SAVE) KEYWORD $Nothing
S: c13 OK SEARCH completed
C: c14 FETCH $ FLAGS
S: c14 OK FETCH completed

# Section 6.4.5: BINARY, without its own capability.
C: c15 FETCH 1 (BINARY.SIZE[1] BINARY.PEEK[1])
S: * 1 FETCH (BINARY.SIZE[1] 3 BINARY[1] {3}\r\nx\r\n)
S: c15 OK FETCH completed
C: c16 FETCH 1 BINARY[1]<0.1>
S: * 1 FETCH (BINARY[1]<0> {1}\r\nx FLAGS (\Seen) UID 1 MODSEQ (...))
S: c16 OK FETCH completed

# Section 6.3.11 and 6.3.9.2: what STATUS knows.
C: d1 STATUS INBOX (MESSAGES UIDNEXT UIDVALIDITY UNSEEN DELETED SIZE)
S: * STATUS INBOX (MESSAGES 3 UIDNEXT 4 UIDVALIDITY $valid UNSEEN 2 DELETED 0 SIZE ...)
S: d1 OK STATUS completed

# Section 7.1: codes.
C: e1 CREATE Drafts
S: e1 NO [ALREADYEXISTS] A mailbox of that name exists already
C: e2 RENAME Nowhere Elsewhere
S: e2 NO [NONEXISTENT] No such mailbox
C: e3 COPY 1 Nowhere
S: e3 NO [TRYCREATE] ...
C: e4 MOVE 1 Nowhere
S: e4 NO [TRYCREATE] ...
C: e5 CREATE "a//b"
S: e5 NO [CANNOT] The mailbox name has an empty level

# What was removed is still understood (protocol.md, D-4).
C: f1 CHECK
S: f1 OK CHECK completed
C: f2 FETCH 1 RFC822.HEADER
S: * 1 FETCH (RFC822.HEADER ...)
S: f2 OK FETCH completed
C: f3 SEARCH NEW
S: * ESEARCH (TAG "f3")
S: f3 OK SEARCH completed
C: f4 LSUB "" INBOX
S: * LSUB () "/" INBOX
S: f4 OK LSUB completed

# MOVE: COPYUID comes before EXPUNGE (section 6.4.8).
C: g1 UID MOVE 1 Drafts
S: * OK [COPYUID ... 1 1] ...
S: * 1 EXPUNGE
S: g1 OK ...

# With QRESYNC: VANISHED and the LIST of SELECT in one answer.
[2] S: * OK [CAPABILITY ...] ...
[2] C: a1 LOGIN $anna $password
[2] S: a1 OK [CAPABILITY ...] Logged in
[2] C: a2 ENABLE QRESYNC IMAP4rev2
[2] S: * ENABLED IMAP4rev2 QRESYNC
[2] S: a2 OK ENABLE completed
[2] C: a3 SELECT INBOX (QRESYNC ($valid 1 1:3))
[2] S: * LIST (\HasNoChildren \Subscribed) "/" INBOX
[2] S: * 2 EXISTS
[2] S* * VANISHED (EARLIER) 1
[2] S: * 1 FETCH (UID 2 FLAGS (\Flagged) MODSEQ (...))
[2] S: * 2 FETCH (UID 3 FLAGS (\Flagged) MODSEQ (...))
[2] S: a3 OK [READ-WRITE] SELECT completed
# IDLE, and a change that another session makes.
[2] C: a4 IDLE
[2] S: + idling
C: h1 STORE 1 -FLAGS (\Flagged)
S: * 1 FETCH (UID 2 FLAGS () MODSEQ (...))
S: h1 OK ...
[2] S: * 1 FETCH (UID 2 FLAGS () MODSEQ (...))
mail anna
Subject: new

x
.
[2] S: * 3 EXISTS
C: h2 NOOP
S: * 3 EXISTS
S: h2 OK NOOP completed
C: h3 UID STORE 3 +FLAGS.SILENT (\Deleted)
S* h3 OK ...
C: h4 EXPUNGE
S: * 2 EXPUNGE
S: h4 OK ...
[2] S: * 2 FETCH (UID 3 FLAGS (\Flagged \Deleted) MODSEQ (...))
[2] S: * VANISHED 3
[2] C: DONE
[2] S: a4 OK [HIGHESTMODSEQ ...] IDLE terminated

# Another account in the same dialect, compressed.
[3] S: * OK [CAPABILITY ...] ...
[3] C: a1 LOGIN $bert $password
[3] S: a1 OK [CAPABILITY ...] Logged in
[3] C: a2 ENABLE IMAP4rev2
[3] S: * ENABLED IMAP4rev2
[3] S: a2 OK ENABLE completed
[3] C: a3 COMPRESS DEFLATE
[3] S: a3 OK DEFLATE active
[3] DEFLATE
[3] C: a4 CREATE "été"
[3] S: a4 OK [MAILBOXID (...)] CREATE completed
[3] C: a5 SELECT "été"
[3] S: * LIST (\HasNoChildren) "/" "été"
[3] S* a5 OK [READ-WRITE] SELECT completed
