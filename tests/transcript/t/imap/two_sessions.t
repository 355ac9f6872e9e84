# Two sessions on one mailbox: sequence numbers stay until a sync; what was expunged elsewhere.
account t
mail t
Subject: one

body one
.
mail t
Subject: two

body two
.
mail t
Subject: three

body three
.
mail t
Subject: four

body four
.
S: * OK [CAPABILITY ...] ...
C: a1 LOGIN $t $password
S: a1 OK [CAPABILITY ...] Logged in
C: a2 SELECT INBOX
S: * 4 EXISTS
S: * 4 RECENT
S: * OK [UNSEEN 1] first unseen message
S: * OK [UIDVALIDITY ...] UIDs valid
S: * OK [UIDNEXT 5] predicted next UID
S: * OK [MAILBOXID (...)] mailbox identifier
S: * FLAGS (\Seen \Answered \Flagged \Deleted \Draft)
S: * OK [PERMANENTFLAGS (\Seen \Answered \Flagged \Deleted \Draft \*)] Limited
S: * OK [HIGHESTMODSEQ ...] Highest
S: a2 OK [READ-WRITE] SELECT completed
[2] S: * OK [CAPABILITY ...] ...
[2] C: b1 LOGIN $t $password
[2] S: b1 OK [CAPABILITY ...] Logged in
[2] C: b2 SELECT INBOX
[2] S: * 4 EXISTS
[2] S: * 0 RECENT
[2] S: * OK [UNSEEN 1] first unseen message
[2] S: * OK [UIDVALIDITY ...] UIDs valid
[2] S: * OK [UIDNEXT 5] predicted next UID
[2] S: * OK [MAILBOXID (...)] mailbox identifier
[2] S: * FLAGS (\Seen \Answered \Flagged \Deleted \Draft)
[2] S: * OK [PERMANENTFLAGS (\Seen \Answered \Flagged \Deleted \Draft \*)] Limited
[2] S: * OK [HIGHESTMODSEQ ...] Highest
[2] S: b2 OK [READ-WRITE] SELECT completed
C: a3 STORE 2,3 +FLAGS.SILENT (\Deleted $Work)
S: * FLAGS (\Seen \Answered \Flagged \Deleted \Draft $Work)
S: * OK [PERMANENTFLAGS (\Seen \Answered \Flagged \Deleted \Draft $Work \*)] Limited
S: a3 OK STORE completed
C: a4 EXPUNGE
S: * 3 EXPUNGE
S: * 2 EXPUNGE
S: * 2 RECENT
S: a4 OK EXPUNGE completed
[2] C: b3 FETCH 1:4 (UID FLAGS)
[2] S: * FLAGS (\Seen \Answered \Flagged \Deleted \Draft $Work)
[2] S: * OK [PERMANENTFLAGS (\Seen \Answered \Flagged \Deleted \Draft $Work \*)] Limited
[2] S: * 1 FETCH (UID 1 FLAGS ())
[2] S: * 2 FETCH (UID 2 FLAGS ())
[2] S: * 3 FETCH (UID 3 FLAGS ())
[2] S: * 4 FETCH (UID 4 FLAGS ())
[2] S: b3 OK FETCH completed
[2] C: b4 FETCH 3 BODY.PEEK[TEXT]
[2] S: * 3 FETCH (BODY[TEXT] {12}\r\nbody three\r\n)
[2] S: b4 OK FETCH completed
[2] C: b5 STORE 2:4 +FLAGS (\Flagged)
[2] S: * 4 FETCH (FLAGS (\Flagged))
[2] S: b5 OK [EXPUNGEISSUED] STORE completed for those that still exist
[2] C: b6 STORE 2 +FLAGS.SILENT (\Answered)
[2] S: b6 NO [EXPUNGEISSUED] The messages no longer exist
[2] C: b6a STORE 1:4 +FLAGS.SILENT (\Answered)
[2] S: b6a OK [EXPUNGEISSUED] STORE completed for those that still exist
[2] C: b6b STORE 2:3 +FLAGS (\Answered)
[2] S: b6b NO [EXPUNGEISSUED] The messages no longer exist
[2] C: b6c FETCH 1,4 FLAGS
[2] S: * 1 FETCH (FLAGS (\Answered))
[2] S: * 4 FETCH (FLAGS (\Answered \Flagged))
[2] S: b6c OK FETCH completed
[2] C: b7 COPY 2:4 Trash
[2] S: * 3 EXPUNGE
[2] S: * 2 EXPUNGE
[2] S: b7 NO [EXPUNGEISSUED] Some of the messages no longer exist
[2] C: b8 STATUS Trash (MESSAGES)
[2] S: * STATUS Trash (MESSAGES 0)
[2] S: b8 OK STATUS completed
[2] C: b9 SEARCH ALL
[2] S: * SEARCH 1 2
[2] S: b9 OK SEARCH completed
[2] C: b10 MOVE 1:2 Trash
[2] S: * OK [COPYUID ... 1,4 1:2] Moved
[2] S: * 2 EXPUNGE
[2] S: * 1 EXPUNGE
[2] S: b10 OK MOVE completed
mail t
Subject: five

body five
.
[2] C: b11 FETCH 1 FLAGS
[2] S: * 1 EXISTS
[2] S: * 1 RECENT
[2] S: b11 BAD No message has that sequence number
[2] C: b12 NOOP
[2] S: b12 OK NOOP completed
[2] C: b13 NOOP
[2] S: b13 OK NOOP completed
C: a5 NOOP
S: * 2 EXPUNGE
S: * 1 EXPUNGE
S: * 1 EXISTS
S: * 1 RECENT
S: a5 OK NOOP completed
C: a6 STORE 1 +FLAGS ($Later)
S: * FLAGS (\Seen \Answered \Flagged \Deleted \Draft $Work $Later)
S: * OK [PERMANENTFLAGS (\Seen \Answered \Flagged \Deleted \Draft $Work $Later \*)] Limited
S: * 1 FETCH (FLAGS (\Recent $Later))
S: a6 OK STORE completed
[2] C: b14 NOOP
[2] S: * FLAGS (\Seen \Answered \Flagged \Deleted \Draft $Work $Later)
[2] S: * OK [PERMANENTFLAGS (\Seen \Answered \Flagged \Deleted \Draft $Work $Later \*)] Limited
[2] S: * 1 FETCH (FLAGS (\Recent $Later))
[2] S: b14 OK NOOP completed
[2] C: b15 UID STORE 2,4 +FLAGS (\Answered)
[2] S: b15 OK STORE completed
[2] C: b16 UID COPY 2 Trash
[2] S: b16 OK COPY completed
[2] C: b17 UID FETCH 2:3 FLAGS
[2] S: b17 OK UID FETCH completed
C: a7 NOOP
S: a7 OK NOOP completed
C: a8 UID MOVE 4 Archive
S: a8 OK MOVE completed
[2] C: b18 UID FETCH 4 FLAGS
[2] S: b18 OK UID FETCH completed
[2] C: b19 FETCH 2 (UID FLAGS)
[2] S: b19 BAD No message has that sequence number
[2] C: b20 NOOP
[2] S: b20 OK NOOP completed
C: a9 UID MOVE 1,5 Archive
S: * OK [COPYUID ... 5 1] Moved
S: * 1 EXPUNGE
S: * 0 RECENT
S: a9 OK MOVE completed
C: a10 SEARCH ALL
S: * SEARCH
S: a10 OK SEARCH completed
[2] C: b21 CLOSE
[2] S: b21 OK CLOSE completed
[2] C: b22 SELECT INBOX
[2] S: * 0 EXISTS
[2] S: * 0 RECENT
[2] S: * OK [UIDVALIDITY ...] UIDs valid
[2] S: * OK [UIDNEXT 6] predicted next UID
[2] S: * OK [MAILBOXID (...)] mailbox identifier
[2] S: * FLAGS (\Seen \Answered \Flagged \Deleted \Draft $Work $Later)
[2] S: * OK [PERMANENTFLAGS (\Seen \Answered \Flagged \Deleted \Draft $Work $Later \*)] Limited
[2] S: * OK [HIGHESTMODSEQ ...] Highest
[2] S: b22 OK [READ-WRITE] SELECT completed
C: a11 UNSELECT
S: a11 OK UNSELECT completed
C: a12 CREATE Gone
S: a12 OK [MAILBOXID (...)] CREATE completed
C: a13 APPEND Gone {3+}
C: abc
S: a13 OK [APPENDUID ... 1] APPEND completed
C: a14 SELECT Gone
S: * 1 EXISTS
S: * 1 RECENT
S: * OK [UNSEEN 1] first unseen message
S: * OK [UIDVALIDITY ...] UIDs valid
S: * OK [UIDNEXT 2] predicted next UID
S: * OK [MAILBOXID (...)] mailbox identifier
S: * FLAGS (\Seen \Answered \Flagged \Deleted \Draft)
S: * OK [PERMANENTFLAGS (\Seen \Answered \Flagged \Deleted \Draft \*)] Limited
S: * OK [HIGHESTMODSEQ ...] Highest
S: a14 OK [READ-WRITE] SELECT completed
[2] C: b23 DELETE Gone
[2] S: b23 OK DELETE completed
C: a15 FETCH 1 FLAGS
S: * 1 FETCH (FLAGS (\Recent))
S: a15 OK FETCH completed
C: a16 NOOP
S: * 1 EXPUNGE
S: * 0 RECENT
S: a16 OK NOOP completed
C: a17 FETCH 1 FLAGS
S: a17 NO [NONEXISTENT] The mailbox was deleted
C: a18 STORE 1 FLAGS ()
S: a18 NO [NONEXISTENT] The mailbox was deleted
C: a19 UID SEARCH ALL
S: a19 NO [NONEXISTENT] The mailbox was deleted
C: a20 EXPUNGE
S: a20 NO [NONEXISTENT] The mailbox was deleted
C: a21 COPY 1 INBOX
S: a21 NO [NONEXISTENT] The mailbox was deleted
C: a22 IDLE
S: + idling
C: DONE
S: a22 OK IDLE terminated
C: a23 CLOSE
S: a23 OK CLOSE completed
C: a24 LOGOUT
S: * BYE Logging out
S: a24 OK LOGOUT completed
END
