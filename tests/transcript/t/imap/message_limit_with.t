# MESSAGELIMIT (RFC 9738) together with other extensions, on several sessions.
option limits.message_limit=2
account n
S: * OK [CAPABILITY ... MESSAGELIMIT=2 ...] ...
C: a1 LOGIN $n $password
S: a1 OK ...
C< a2 APPEND INBOX {3+}\r\none {3+}\r\ntwo\r\n
S: a2 OK [APPENDUID $valid 1:2] APPEND completed
C< a3 APPEND INBOX {5+}\r\nthree {4+}\r\nfour\r\n
S: a3 OK [APPENDUID $valid 3:4] APPEND completed
C< a4 APPEND INBOX {4+}\r\nfive\r\n
S: a4 OK [APPENDUID $valid 5] APPEND completed
[2] S: * OK ...
[2] C: a1 LOGIN $n $password
[2] S: a1 OK ...
[2] C: a2 SELECT INBOX
[2] S: * 5 EXISTS
[2] S* a2 OK [READ-WRITE] SELECT completed

# IMAP4rev2 and UIDONLY: the answer to SEARCH is another one, and so are those about messages.
C: b1 ENABLE IMAP4rev2 QRESYNC UIDONLY
S: * ENABLED ...
S: b1 OK ENABLE completed
C: b2 SELECT INBOX
S* b2 OK [READ-WRITE] SELECT completed
C: b3 UID SEARCH ALL
S: * ESEARCH (TAG "b3") UID ALL 4:5
S: b3 OK [MESSAGELIMIT 2 4] Only the last messages were looked at
C: b4 UID SEARCH RETURN (MIN MAX COUNT) UIDBEFORE 4
S: * ESEARCH (TAG "b4") UID MIN 2 MAX 3 COUNT 2
S: b4 OK [MESSAGELIMIT 2 2] Only the last messages were looked at
C: b5 UID FETCH 1:* RFC822.SIZE
S: * 4 UIDFETCH (RFC822.SIZE 4)
S: * 5 UIDFETCH (RFC822.SIZE 4)
S: b5 OK [MESSAGELIMIT 2 4] Only the last messages were looked at
C: b6 UID FETCH 1:3 RFC822.SIZE
S: * 2 UIDFETCH (RFC822.SIZE 3)
S: * 3 UIDFETCH (RFC822.SIZE 5)
S: b6 OK [MESSAGELIMIT 2 2] Only the last messages were looked at
C: b7 UID FETCH 1:1 RFC822.SIZE
S: * 1 UIDFETCH (RFC822.SIZE 3)
S: b7 OK UID FETCH completed

# What is gone is told of all UIDs; those that are looked at are the last that are there.
[2] C: c1 UID STORE 3:4 +FLAGS.SILENT (\Deleted)
[2] S: c1 OK STORE completed
[2] C: c2 EXPUNGE
[2] S* c2 OK EXPUNGE completed
C: c1 NOOP
S: * VANISHED 3:4
S: c1 OK [HIGHESTMODSEQ ...] NOOP completed
C: c2 UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)
S: * VANISHED (EARLIER) 3:4
S: * 2 UIDFETCH (FLAGS () MODSEQ (...))
S: * 5 UIDFETCH (FLAGS () MODSEQ (...))
S: c2 OK [MESSAGELIMIT 2 2] Only the last messages were looked at

# The other client has expunged one that this one still counts: it counts for the limit, too.
[2] C: d1 UID STORE 5 +FLAGS.SILENT (\Deleted)
[2] S: d1 OK STORE completed
[2] C: d2 EXPUNGE
[2] S* d2 OK EXPUNGE completed
C: d1 UID STORE 1:* +FLAGS (\Flagged)
S: * VANISHED 5
S: * 2 UIDFETCH (FLAGS (\Flagged) MODSEQ (...))
S: * OK [HIGHESTMODSEQ ...] Highest
S: d1 OK [MESSAGELIMIT 2 2] Only the last messages were looked at

# A command that is refused as a whole has looked at nothing.
C< e1 APPEND INBOX {3+}\r\nsix {5+}\r\nseven\r\n
S: * 4 EXISTS
S* e1 OK [APPENDUID $valid 6:7] APPEND completed
C: e2 UID MOVE 1:7 Nowhere
S! ...MESSAGELIMIT...
S* e2 NO [TRYCREATE] No such mailbox
C: e3 UID MOVE 1:7 Junk
S: * OK [COPYUID ... 6:7 1:2] Moved
S: * VANISHED 6:7
S: * OK [HIGHESTMODSEQ ...] Highest
S: e3 OK [MESSAGELIMIT 2 6] Only the last messages were looked at
C: e4 UID COPY 1:2 Junk
S: e4 OK [COPYUID ... 1:2 3:4] COPY completed

# REPLACE puts one message in the place of one.
C< f1 UID REPLACE 1 INBOX CATENATE (TEXT {3+}\r\nx\r\n TEXT {1+}\r\ny)\r\n
S: * OK [APPENDUID $valid 8] Replacement is there
S: * VANISHED 1
S: * 2 EXISTS
S* f1 OK ...REPLACE completed

# A saved result is of the messages that were looked at (section 3.4).
C< g1 APPEND INBOX {3+}\r\nnin {3+}\r\nten\r\n
S: * 4 EXISTS
S* g1 OK ...
C: g2 UID SEARCH RETURN (SAVE) ALL
S: g2 OK [MESSAGELIMIT 2 9] Only the last messages were looked at
C: g3 UID FETCH $ RFC822.SIZE
S: * 9 UIDFETCH (RFC822.SIZE 3)
S: * 10 UIDFETCH (RFC822.SIZE 3)
S: g3 OK UID FETCH completed

# NOTIFY (RFC 5465) tells of all that is new, and SELECT of all that has changed (RFC 7162).
C: h1 NOTIFY SET (selected (MessageNew (RFC822.SIZE) MessageExpunge))
S* h1 OK NOTIFY completed
[2] C: h0 SELECT Junk
[2] S* h0 OK [READ-WRITE] SELECT completed
[2] C: h1 MOVE 3:4 INBOX
[2] S* h1 OK ...
S: * 6 EXISTS
S: * 11 UIDFETCH (RFC822.SIZE 3 MODSEQ (...))
S: * 12 UIDFETCH (RFC822.SIZE 3 MODSEQ (...))
C: h2 NOTIFY NONE
S: h2 OK NOTIFY completed
C: h3 SELECT INBOX (QRESYNC ($valid 1))
S* * 6 EXISTS
S* * VANISHED (EARLIER) ...
S: * 2 UIDFETCH (...)
S: * 8 UIDFETCH (...)
S: * 9 UIDFETCH (...)
S: * 10 UIDFETCH (...)
S: * 11 UIDFETCH (...)
S: * 12 UIDFETCH (...)
S: h3 OK [READ-WRITE] SELECT completed

# All that a STORE was run for is gone: there are more.
[2] C: i1 SELECT INBOX
[2] S* i1 OK [READ-WRITE] SELECT completed
C: i2 UID STORE 11:12 +FLAGS.SILENT (\Deleted)
S* i2 OK [HIGHESTMODSEQ ...] STORE completed
C: i3 EXPUNGE
S* i3 OK [HIGHESTMODSEQ ...] EXPUNGE completed
[2] C: i4 STORE 1:* +FLAGS.SILENT (\Flagged)
[2] S: * NO [MESSAGELIMIT 2 11] Only the last messages were looked at
[2] S: i4 NO [EXPUNGEISSUED] The messages no longer exist
[2] C: i5 STORE 5:6 +FLAGS.SILENT (\Flagged)
[2] S: i5 NO [EXPUNGEISSUED] The messages no longer exist
