# UIDONLY (RFC 9586) together with other extensions; the second client speaks plain IMAP4rev1.
account Anna
S: * OK ...
C: a1 LOGIN $Anna $password
S: a1 OK ...
C< a2 APPEND INBOX {11+}\r\nA: 1\r\n\r\none {11+}\r\nA: 2\r\n\r\ntwo {11+}\r\nA: 3\r\n\r\nthr {11+}\r\nA: 4\r\n\r\nfou {11+}\r\nA: 5\r\n\r\nfiv\r\n
S: a2 OK [APPENDUID $valid 1:5] APPEND completed
[2] S: * OK ...
[2] C: a1 LOGIN $Anna $password
[2] S: a1 OK ...
[2] C: a2 SELECT INBOX
[2] S* a2 OK ...

# IMAP4rev2 (RFC 9051) asks for the UID with each change of flags: it is there already.
C: b1 ENABLE IMAP4rev2 QRESYNC UIDONLY
S: * ENABLED ...
S: b1 OK ENABLE completed
C: b2 SELECT INBOX
S: * LIST (...) "/" INBOX
S: * 5 EXISTS
S* b2 OK [READ-WRITE] SELECT completed
C: b3 UID SEARCH UNSEEN
S: * ESEARCH (TAG "b3") UID ALL 1:5
S: b3 OK UID SEARCH completed
C: b4 UID SEARCH 1:2
S: b4 BAD [UIDREQUIRED] ...
[2] C: b1 STORE 1 +FLAGS.SILENT (\Flagged)
[2] S: b1 OK STORE completed
C: b5 NOOP
S: * 1 UIDFETCH (FLAGS (\Flagged) MODSEQ ($m1))
S: b5 OK NOOP completed
C: b6 UID FETCH 1:2 (FLAGS) (CHANGEDSINCE 1)
S: * 1 UIDFETCH (FLAGS (\Flagged) MODSEQ ($m1))
S: * 2 UIDFETCH (FLAGS () MODSEQ (...))
S: b6 OK UID FETCH completed

# SEARCHRES (RFC 5182) and MOVE (RFC 6851): the other client moves away what was saved.
C: c1 UID SEARCH RETURN (SAVE COUNT) UID 2:4
S: * ESEARCH (TAG "c1") UID COUNT 3
S: c1 OK UID SEARCH completed
[2] C: c1 MOVE 3 Junk
[2] S* c1 OK MOVE completed
C: c2 UID FETCH $ RFC822.SIZE
S: * 2 UIDFETCH (RFC822.SIZE 11)
S: * 3 UIDFETCH (RFC822.SIZE 11)
S: * 4 UIDFETCH (RFC822.SIZE 11)
S: * VANISHED 3
S: c2 OK [HIGHESTMODSEQ ...] UID FETCH completed
C: c3 UID STORE $ +FLAGS.SILENT (\Answered)
S: * 2 UIDFETCH (MODSEQ ($m3))
S: * 4 UIDFETCH (MODSEQ ($m3))
S: c3 OK STORE completed
C: c4 UID MOVE $ Trash
S: * OK [COPYUID ... 2,4 1:2] Moved
S: * VANISHED 2,4
S: c4 OK [HIGHESTMODSEQ ...] MOVE completed
C: c5 UID FETCH 1:* (FLAGS) (CHANGEDSINCE $m1 VANISHED)
S: * VANISHED (EARLIER) 2:4
S: c5 OK UID FETCH completed

# REPLACE (RFC 8508) of a message put together (RFC 4469) from one that the other client then expunges.
[2] C: d0 NOOP
[2] S* d0 OK NOOP completed
C< d1 UID REPLACE 1 INBOX (\\Draft) CATENATE (URL "/INBOX;UIDVALIDITY=$valid/;UID=5/;SECTION=HEADER" TEXT {3+}\r\nsix)\r\n
S: * OK [APPENDUID $valid 6] Replacement is there
S: * VANISHED 1
S: * 2 EXISTS
S: d1 OK [HIGHESTMODSEQ ...] REPLACE completed
[2] C: d1 UID STORE 5 +FLAGS.SILENT (\Deleted)
[2] S* d1 OK STORE completed
[2] C: d2 UID EXPUNGE 5
[2] S* d2 OK EXPUNGE completed
C< d2 UID REPLACE 5 INBOX {3+}\r\nsev\r\n
S: * VANISHED 5
S* d2 NO [EXPUNGEISSUED] The message to be replaced no longer exists
C: d3 UID FETCH 1:* (UID RFC822.SIZE BODY.PEEK[])
S: * 6 UIDFETCH (UID 6 RFC822.SIZE 11 BODY[] {11}\r\nA: 5\r\n\r\nsix)
S: d3 OK UID FETCH completed

# BINARY (RFC 3516): one message has a part that cannot be decoded, and the others are answered.
C< e1 APPEND INBOX {46+}\r\nContent-Transfer-Encoding: x-secret\r\n\r\n0123456 {8+}\r\nA: 8\r\n\r\n\r\n
S: * 3 EXISTS
S* e1 OK [APPENDUID $valid 7:8] APPEND completed
C: e2 UID FETCH 6:8 (BINARY.SIZE[1])
S: * 6 UIDFETCH (BINARY.SIZE[1] 3)
S: * 8 UIDFETCH (BINARY.SIZE[1] 0)
S: e2 NO [UNKNOWN-CTE] ...

# NOTIFY (RFC 5465), delayed: flags and new messages are told at once, expunges with a command.
[3] S: * OK ...
[3] C: a1 LOGIN $Anna $password
[3] S: a1 OK ...
[3] C: a2 ENABLE UTF8=ACCEPT UIDONLY
[3] S: * ENABLED ...
[3] S: a2 OK ENABLE completed
[3] C: a3 SELECT INBOX
[3] S: * 3 EXISTS
[3] S* a3 OK [READ-WRITE] SELECT completed
[3] C: a4 NOTIFY SET (selected-delayed (MessageNew (UID FLAGS) MessageExpunge FlagChange)) (personal (MessageNew MessageExpunge))
[3] S* a4 OK NOTIFY completed
C: f1 UID STORE 6 +FLAGS.SILENT (\Seen)
S* f1 OK STORE completed
[3] S: * 6 UIDFETCH (FLAGS (\Seen \Draft))
C: f2 UID STORE 7 +FLAGS.SILENT (\Deleted)
S* f2 OK STORE completed
[3] S: * 7 UIDFETCH (FLAGS (\Deleted...))
C: f3 UID EXPUNGE 7
S: * VANISHED 7
S: f3 OK [HIGHESTMODSEQ ...] EXPUNGE completed
C: f4 UID STORE 8 +FLAGS.SILENT (\Seen)
S* f4 OK STORE completed
[3] S: * 8 UIDFETCH (FLAGS (\Seen...))
[3] C: a5 NOOP
[3] S: * VANISHED 7
[3] S* a5 OK NOOP completed
C< f5 APPEND INBOX (\\Flagged) {11+}\r\nA: 9\r\n\r\nnin\r\n
S: * 3 EXISTS
S* f5 OK [APPENDUID $valid 9] APPEND completed
[3] S: * 3 EXISTS
[3] S* * 9 UIDFETCH (UID 9 FLAGS (\Flagged...))
[3] C: a6 IDLE
[3] S: + idling
C: f6 UID MOVE 9 Archive
S* f6 OK ...MOVE completed
[3] S: * VANISHED 9
[3] C: DONE
[3] S* a6 OK IDLE terminated

# The mailbox is deleted while it is selected by UID alone; UIDBATCHES (RFC 10022) divides what it still knows of.
C: g1 SELECT Archive
S* g1 OK [READ-WRITE] SELECT completed
C: g2 UIDBATCHES 500
S: * UIDBATCHES (TAG "g2") 1:1
S: g2 OK UIDBATCHES completed
[2] C: g1 DELETE Archive
[2] S* g1 OK DELETE completed
C: g3 UIDBATCHES 500
S: * UIDBATCHES (TAG "g3") 1:1
S: * VANISHED 1
S* g3 OK UIDBATCHES completed
C: g4 UIDBATCHES 500
S: g4 NO [NONEXISTENT] The mailbox was deleted
