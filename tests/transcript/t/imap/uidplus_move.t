# UIDPLUS, MOVE, CLOSE, keywords, read-only mailboxes, IDLE in EXAMINE, literals with NUL.
account x
S: * OK [CAPABILITY ...] ...
C< a0 LOGIN {3+}\r\na\0b x\r\n
S: a0 BAD A string cannot contain NUL
C: a1 LOGIN $x $password
S: a1 OK [CAPABILITY ...] Logged in
C< a2 APPEND INBOX {3+}\r\none {3+}\r\ntwo {5+}\r\nthree {4+}\r\nfour\r\n
S: a2 OK [APPENDUID ... 1:4] APPEND completed
C: a3 SELECT INBOX
S: * 4 EXISTS
S: * 4 RECENT
S: * OK [UNSEEN 1] first unseen message
S: * OK [UIDVALIDITY ...] UIDs valid
S: * OK [UIDNEXT 5] predicted next UID
S: * OK [MAILBOXID (...)] mailbox identifier
S: * FLAGS (\Seen \Answered \Flagged \Deleted \Draft)
S: * OK [PERMANENTFLAGS (\Seen \Answered \Flagged \Deleted \Draft \*)] Limited
S: * OK [HIGHESTMODSEQ ...] Highest
S: a3 OK [READ-WRITE] SELECT completed
C: a4 UID STORE 1,2,4 +FLAGS (\Deleted)
S: * 1 FETCH (UID 1 FLAGS (\Deleted \Recent))
S: * 2 FETCH (UID 2 FLAGS (\Deleted \Recent))
S: * 4 FETCH (UID 4 FLAGS (\Deleted \Recent))
S: a4 OK STORE completed
C: a5 UID EXPUNGE 2:3
S: * 2 EXPUNGE
S: * 3 RECENT
S: a5 OK EXPUNGE completed
C: a6 UID EXPUNGE 99
S: a6 OK EXPUNGE completed
C: a7 UID EXPUNGE
S: a7 BAD A message set is missing
C: a8 UID EXPUNGE abc
S: a8 BAD A message set is missing
C: a9 UID COPY 4,1,3 Archive
S: a9 OK [COPYUID ... 1,3:4 1:3] COPY completed
C: a10 UID MOVE 3:4 Trash
S: * OK [COPYUID ... 3:4 1:2] Moved
S: * 3 EXPUNGE
S: * 2 EXPUNGE
S: * 1 RECENT
S: a10 OK MOVE completed
C: a11 MOVE 1 Nowhere
S: a11 NO [TRYCREATE] No such mailbox
C: a12 COPY 1 Nowhere
S: a12 NO [TRYCREATE] No such mailbox
C: a13 COPY 9 Trash
S: a13 BAD No message has that sequence number
C: a14 UID COPY 99 Nowhere
S: a14 NO [TRYCREATE] No such mailbox
C: a15 COPY 1 INBOX
S: * 2 EXISTS
S: * 2 RECENT
S: a15 OK [COPYUID ... 1 5] COPY completed
C: a16 MOVE 1 INBOX
S: * OK [COPYUID ... 1 6] Moved
S: * 1 EXPUNGE
S: * 2 EXISTS
S: a16 OK MOVE completed
C: a17 CLOSE
S: a17 OK CLOSE completed
C: a18 EXAMINE Archive
S: * 3 EXISTS
S: * 3 RECENT
S: * OK [UNSEEN 1] first unseen message
S: * OK [UIDVALIDITY ...] UIDs valid
S: * OK [UIDNEXT 4] predicted next UID
S: * OK [MAILBOXID (...)] mailbox identifier
S: * FLAGS (\Seen \Answered \Flagged \Deleted \Draft)
S: * OK [PERMANENTFLAGS ()] Limited
S: * OK [HIGHESTMODSEQ ...] Highest
S: a18 OK [READ-ONLY] EXAMINE completed
C: a19 STORE 1 +FLAGS (\Seen)
S: a19 NO [READ-ONLY] The mailbox is open read-only
C: a20 FETCH 1 BODY[]
S: * 1 FETCH (BODY[] {3}\r\none FLAGS (\Deleted \Recent))
S: a20 OK FETCH completed
C: a21 MOVE 1 INBOX
S: a21 NO [READ-ONLY] The mailbox is open read-only
C: a22 UID EXPUNGE 1
S: a22 NO [READ-ONLY] The mailbox is open read-only
C: a23 COPY 1 INBOX
S: a23 OK [COPYUID ... 1 7] COPY completed
C: a24 CLOSE
S: a24 OK CLOSE completed
C: a25 SELECT INBOX
S: * 1 EXISTS
S: * 1 RECENT
S: * OK [UNSEEN 1] first unseen message
S: * OK [UIDVALIDITY ...] UIDs valid
S: * OK [UIDNEXT 8] predicted next UID
S: * OK [MAILBOXID (...)] mailbox identifier
S: * FLAGS (\Seen \Answered \Flagged \Deleted \Draft)
S: * OK [PERMANENTFLAGS (\Seen \Answered \Flagged \Deleted \Draft \*)] Limited
S: * OK [HIGHESTMODSEQ ...] Highest
S: a25 OK [READ-WRITE] SELECT completed
C: a26 STORE 1 FLAGS (Custom custom CUSTOM \Flagged)
S: * FLAGS (\Seen \Answered \Flagged \Deleted \Draft Custom)
S: * OK [PERMANENTFLAGS (\Seen \Answered \Flagged \Deleted \Draft Custom \*)] Limited
S: * 1 FETCH (FLAGS (\Flagged \Recent Custom))
S: a26 OK STORE completed
C: a27 STORE 1 -FLAGS CUSTOM
S: * 1 FETCH (FLAGS (\Flagged \Recent))
S: a27 OK STORE completed
C: a28 STORE 1 +FLAGS (\Bogus)
S: a28 BAD Unknown system flag
C: a29 STORE 1 +FLAGS (\Recent)
S: a29 BAD \Recent is the server's to set
C: a30 STORE 1 +FLAGS.SILENT (\Seen)
S: a30 OK STORE completed
C: a31 STORE 1 NONSENSE (\Seen)
S: a31 BAD STORE needs FLAGS, +FLAGS or -FLAGS
C: a32 STORE 1 +FLAGS (\Seen) (UNCHANGEDSINCE 1)
S: a32 BAD There is more after the end of the command
C: a34 SEARCH $
S: * SEARCH
S: a34 OK SEARCH completed
C: a35 STORE $ +FLAGS (\Seen)
S: a35 OK STORE completed
C: a37 FETCH 1 FLAGS
S: * 1 FETCH (FLAGS (\Seen \Flagged \Recent))
S: a37 OK FETCH completed
C: a38 XCOMPRESS DEFLATE
S: a38 BAD Unknown command
C: a39 UID NOOP
S: a39 BAD Unknown UID command
C: a40 UID
S: a40 BAD Unknown command
C: a41 NOOP
S: a41 OK NOOP completed
C: a42 LOGOUT
S: * BYE Logging out
S: a42 OK LOGOUT completed
END
