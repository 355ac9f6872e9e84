# UIDONLY (RFC 9586): no sequence numbers, in neither direction.
account Anna
S: * OK [CAPABILITY ... UIDONLY ...] ...
C: a1 LOGIN $Anna $password
S: a1 OK [CAPABILITY ... UIDONLY ...] Logged in
C< a2 APPEND INBOX {11+}\r\nA: 1\r\n\r\none {11+}\r\nA: 2\r\n\r\ntwo {11+}\r\nA: 3\r\n\r\nthr {11+}\r\nA: 4\r\n\r\nfou {11+}\r\nA: 5\r\n\r\nfiv {11+}\r\nA: 6\r\n\r\nsix\r\n
S: a2 OK [APPENDUID $valid 1:6] APPEND completed
[2] S: * OK [CAPABILITY ...
[2] C: a1 LOGIN $Anna $password
[2] S: a1 OK ...
[2] C: a2 SELECT INBOX
[2] S* a2 OK ...
[2] C: a3 UID STORE 1 +FLAGS.SILENT (\Deleted \Seen)
[2] S: a3 OK STORE completed
[2] C: a4 EXPUNGE
[2] S: * 1 EXPUNGE
[2] S: * 5 RECENT
[2] S: a4 OK EXPUNGE completed

# Only ENABLE turns it on (section 3.1). The first unseen message would be a number (section 3).
C: a3 ENABLE uidonly
S: * ENABLED UIDONLY
S: a3 OK ENABLE completed
C: a4 SELECT INBOX
S: * 5 EXISTS
S: * 0 RECENT
S: * OK [UIDVALIDITY $valid] UIDs valid
S: * OK [UIDNEXT 7] predicted next UID
S: * OK [MAILBOXID (...)] mailbox identifier
S: * FLAGS (\Seen \Answered \Flagged \Deleted \Draft)
S: * OK [PERMANENTFLAGS (\Seen \Answered \Flagged \Deleted \Draft \*)] Limited
S: * OK [HIGHESTMODSEQ ...] Highest
S: a4 OK [READ-WRITE] SELECT completed

# Section 3.2 and 3.8: commands that take sequence numbers are refused, whatever they say.
C: b1 FETCH 1 FLAGS
S: b1 BAD [UIDREQUIRED] Message numbers are not allowed once UIDONLY is enabled
C: b2 FETCH $ FLAGS
S: b2 BAD [UIDREQUIRED] Message numbers are not allowed once UIDONLY is enabled
C: b3 STORE 1 +FLAGS (\Seen)
S: b3 BAD [UIDREQUIRED] ...
C: b4 SEARCH ALL
S: b4 BAD [UIDREQUIRED] ...
C: b5 COPY * Trash
S: b5 BAD [UIDREQUIRED] ...
C: b6 MOVE 1 Trash
S: b6 BAD [UIDREQUIRED] ...
C: b7 SORT (DATE) UTF-8 ALL
S: b7 BAD [UIDREQUIRED] ...
C: b8 THREAD REFS UTF-8 ALL
S: b8 BAD [UIDREQUIRED] ...

# Section 3.5: and so are searches by number, at any depth.
C: c1 UID SEARCH 1:*
S: c1 BAD [UIDREQUIRED] ...
C: c2 UID SEARCH OR SEEN (NOT * UNSEEN)
S: c2 BAD [UIDREQUIRED] ...
C: c3 UID SORT (DATE) UTF-8 2
S: c3 BAD [UIDREQUIRED] ...
C: c4 UID THREAD REFS UTF-8 2
S: c4 BAD [UIDREQUIRED] ...
C: c5 UID SEARCH UID 3:* UNSEEN
S: * SEARCH 3 4 5 6
S: c5 OK UID SEARCH completed
C: c6 UID SEARCH RETURN (SAVE MIN) UID 5:*
S: * ESEARCH (TAG "c6") UID MIN 5
S: c6 OK UID SEARCH completed
C: c7 UID SEARCH $
S: * SEARCH 5
S: c7 OK UID SEARCH completed
C: c8 UID SORT RETURN (ALL) (REVERSE ARRIVAL) UTF-8 UID 2:3
S: * ESEARCH (TAG "c8") UID ALL ...
S: c8 OK UID SORT completed

# Section 3.3: UIDFETCH, with the UID among the items only if it was asked for.
C: d1 UID FETCH 2:3 (FLAGS)
S: * 2 UIDFETCH (FLAGS ())
S: * 3 UIDFETCH (FLAGS ())
S: d1 OK UID FETCH completed
C: d2 UID FETCH 2:3 (UID FLAGS)
S: * 2 UIDFETCH (UID 2 FLAGS ())
S: * 3 UIDFETCH (UID 3 FLAGS ())
S: d2 OK UID FETCH completed
C: d3 UID FETCH 2 (RFC822.SIZE UID BODY.PEEK[TEXT])
S: * 2 UIDFETCH (RFC822.SIZE 11 UID 2 BODY[TEXT] {3}\r\ntwo)
S: d3 OK UID FETCH completed
C: d4 UID FETCH $ RFC822.SIZE
S: * 5 UIDFETCH (RFC822.SIZE 11)
S: d4 OK UID FETCH completed
C: d5 UID FETCH 2 BODY[TEXT]
S: * 2 UIDFETCH (BODY[TEXT] {3}\r\ntwo FLAGS (\Seen))
S: d5 OK UID FETCH completed
C: d6 UID FETCH 2:* (RFC822.SIZE) (PARTIAL -1:-1)
S: * 6 UIDFETCH (RFC822.SIZE 11)
S: d6 OK UID FETCH completed
C: d7 UID STORE 3:4 +FLAGS (\Flagged x)
S: * FLAGS (... x)
S: * OK [PERMANENTFLAGS ...
S: * 3 UIDFETCH (FLAGS (\Flagged x))
S: * 4 UIDFETCH (FLAGS (\Flagged x))
S: d7 OK STORE completed
C: d8 UID FETCH 2:4 FLAGS
S: * 2 UIDFETCH (FLAGS (\Seen))
S: * 3 UIDFETCH (FLAGS (\Flagged x))
S: * 4 UIDFETCH (FLAGS (\Flagged x))
S: d8 OK UID FETCH completed

# Sections 3.4 and 3.6: what others change, in commands and in IDLE. EXISTS and RECENT stay.
[2] C: e1 UID STORE 2 -FLAGS (\Seen)
[2] S* e1 OK STORE completed
[2] C: e2 UID STORE 4,6 +FLAGS.SILENT (\Deleted)
[2] S: e2 OK STORE completed
[2] C: e3 UID EXPUNGE 4,6
[2] S* e3 OK EXPUNGE completed
C: e1 NOOP
S: * VANISHED 4,6
S: * 2 UIDFETCH (FLAGS ())
S: e1 OK NOOP completed
C: e2 IDLE
S: + idling
[2] C: e4 STORE 1 +FLAGS (\Answered)
[2] S* e4 OK STORE completed
S: * 2 UIDFETCH (FLAGS (\Answered))
[2] C< e5 APPEND INBOX {11+}\r\nA: 7\r\n\r\nsev\r\n
[2] S* e5 OK [APPENDUID ... 7] APPEND completed
S: * 4 EXISTS
S* * 1 RECENT
[2] C: e6 UID MOVE 3 Junk
[2] S* e6 OK MOVE completed
S: * VANISHED 3
C: DONE
S: e2 OK IDLE terminated
C: e3 UID COPY 5 Trash
S: e3 OK [COPYUID ... 5 ...] COPY completed
C: e4 UID MOVE 5 Trash
S: * OK [COPYUID ... 5 ...] Moved
S: * VANISHED 5
S: e4 OK MOVE completed
C: e5 UID STORE 7 +FLAGS.SILENT (\Deleted)
S: e5 OK STORE completed
C: e6 EXPUNGE
S: * VANISHED 7
S* e6 OK EXPUNGE completed

# Section 3.7: CONDSTORE and QRESYNC tell by UID too; their numbers may not be used. VANISHED (EARLIER) is QRESYNC's.
C: f1 UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1)
S: * OK [HIGHESTMODSEQ $h] Highest
S: * 2 UIDFETCH (FLAGS (\Answered) MODSEQ ($m))
S: f1 OK UID FETCH completed
C: f2 UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)
S: f2 BAD VANISHED needs ENABLE QRESYNC
C: f3 UID STORE 2 (UNCHANGEDSINCE 1) +FLAGS (\Seen)
S: * 2 UIDFETCH (FLAGS (\Answered) MODSEQ ($m))
S: f3 OK [MODIFIED 2] STORE failed for the messages modified
C: f4 UID STORE 2 +FLAGS.SILENT (\Seen)
S: * 2 UIDFETCH (MODSEQ ($m2))
S: f4 OK STORE completed
C: f5 UNSELECT
S: f5 OK UNSELECT completed
C: f6 ENABLE QRESYNC
S: * ENABLED QRESYNC
S: f6 OK ENABLE completed
C: f7 SELECT INBOX (QRESYNC ($valid 1 1:7 (1:2 2:3)))
S: f7 BAD [UIDREQUIRED] Message numbers are not allowed once UIDONLY is enabled
C: f8 SELECT INBOX (QRESYNC ($valid 1 1:7))
S: * 1 EXISTS
S: * 0 RECENT
S: * OK [UIDVALIDITY $valid] UIDs valid
S: * OK [UIDNEXT 8] predicted next UID
S: * OK [MAILBOXID (...)] mailbox identifier
S: * FLAGS (... x)
S: * OK [PERMANENTFLAGS ...
S: * OK [HIGHESTMODSEQ ...] Highest
S: * VANISHED (EARLIER) 1,3:7
S: * 2 UIDFETCH (FLAGS (\Seen \Answered) MODSEQ ($m2))
S: f8 OK [READ-WRITE] SELECT completed
C: f9 UID FETCH 2 BODY[TEXT]
S: * 2 UIDFETCH (BODY[TEXT] {3}\r\ntwo FLAGS (\Seen \Answered) MODSEQ ($m2))
S: f9 OK UID FETCH completed
C: f10 UNSELECT
S: f10 OK UNSELECT completed

# It stays on until the connection ends.
C: f11 ENABLE CONDSTORE
S: * ENABLED CONDSTORE
S: f11 OK ENABLE completed
C: f12 EXAMINE INBOX
S* f12 OK [READ-ONLY] EXAMINE completed
C: f13 FETCH 1 FLAGS
S: f13 BAD [UIDREQUIRED] ...

# A mailbox that is deleted under its session: all of it vanishes.
[2] C: g1 CREATE Other
[2] S* g1 OK ... CREATE completed
[2] C: g2 UID COPY 2 Other
[2] S* g2 OK ...
C: g1 SELECT Other
S* g1 OK [READ-WRITE] SELECT completed
[2] C: g3 DELETE Other
[2] S: g3 OK DELETE completed
C: g2 NOOP
S: * VANISHED 1
S* g2 OK NOOP completed

# REPLACE (RFC 8508) and BINARY (RFC 3516).
C: h1 SELECT Drafts
S* h1 OK [READ-WRITE] SELECT completed
C< h2 APPEND Drafts {11+}\r\nA: 1\r\n\r\none {11+}\r\nA: 2\r\n\r\ntwo\r\n
S* h2 OK [APPENDUID ... 1:2] APPEND completed
C< h3 REPLACE 1 Drafts {11+}\r\nA: 3\r\n\r\nthr\r\n
S: h3 BAD [UIDREQUIRED] ...
C< h4 UID REPLACE 1 Drafts {11+}\r\nA: 3\r\n\r\nthr\r\n
S: * OK [APPENDUID ... 3] Replacement is there
S: * VANISHED 1
S: * 2 EXISTS
S* h4 OK ...REPLACE completed
C: h5 UID FETCH 3 (BINARY.PEEK[1] BINARY.SIZE[1])
S: * 3 UIDFETCH (BINARY[1] {3}\r\nthr BINARY.SIZE[1] 3)
S: h5 OK UID FETCH completed

# NOTIFY (RFC 5465): what is told between commands goes by UIDs too.
C: k1 NOTIFY SET (selected (MessageNew (RFC822.SIZE) MessageExpunge FlagChange))
S* k1 OK NOTIFY completed
[2] C: k1 SELECT Drafts
[2] S* k1 OK ...
[2] C< k2 APPEND Drafts {11+}\r\nA: 4\r\n\r\nfou\r\n
[2] S* k2 OK [APPENDUID ... 4] APPEND completed
S: * 3 EXISTS
S* * 4 UIDFETCH (RFC822.SIZE 11 MODSEQ (...))
[2] C: k3 UID STORE 2 +FLAGS.SILENT (\Deleted)
[2] S* k3 OK STORE completed
S: * 2 UIDFETCH (FLAGS (\Deleted \Recent) MODSEQ (...))
[2] C: k4 EXPUNGE
[2] S* k4 OK EXPUNGE completed
S: * VANISHED 2
S: * 2 RECENT
S: * OK [HIGHESTMODSEQ ...] Highest
C: k2 NOTIFY SET (selected (MessageNew (UID) MessageExpunge))
S: k2 OK NOTIFY completed
[2] C< k5 APPEND Drafts {11+}\r\nA: 5\r\n\r\nfiv\r\n
[2] S* k5 OK [APPENDUID ... 5] APPEND completed
S: * 3 EXISTS
S* * 5 UIDFETCH (UID 5 MODSEQ (...))
C: k3 NOOP
S: k3 OK NOOP completed
