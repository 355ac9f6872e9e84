# REPLACE (RFC 8508): a message in the place of another one, in one step.
account t
S: * OK [CAPABILITY ...] ...
C: a1 LOGIN $t $password
S: a1 OK [CAPABILITY ... REPLACE ...] Logged in
C< a2 APPEND Drafts (\\Draft) {16+}\r\nSubject: 1\r\n\r\n1\n {16+}\r\nSubject: 2\r\n\r\n2\n {16+}\r\nSubject: 3\r\n\r\n3\n {16+}\r\nSubject: 4\r\n\r\n4\n\r\n
S: a2 OK [APPENDUID ... 1:4] APPEND completed

# Only with a mailbox selected (section 3.5).
C< a3 REPLACE 4 Drafts {1+}\r\nx\r\n
S: a3 BAD ...
[2] S: * OK [CAPABILITY ...] ...
[2] C: b1 LOGIN $t $password
[2] S: b1 OK [CAPABILITY ...] Logged in
[2] C: b2 SELECT Drafts
[2] S* b2 OK [READ-WRITE] SELECT completed
[2] C: b3 IDLE
[2] S: + idling
C: a4 SELECT Drafts
S* * OK [UIDVALIDITY $v] UIDs valid
S* a4 OK [READ-WRITE] SELECT completed

# Section 3.2.
C: A003 REPLACE 4 Drafts (\Seen \Draft) {310}
S: + go ahead
C< Date: Thu, 1 Jan 2015 00:05:00 -0500 (EST)\r\nFrom: Fritz Schmidt <fritz.ze@example.org>\r\nSubject: happy new year !!\r\nTo: miss.mitzy@example.org\r\nMessage-Id: <B238822388-0100000@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\n\r\nJust saw the best fireworks show. Wish you were here.\r\n\r\n
S: * OK [APPENDUID $v 5] Replacement is there
S: * 4 EXPUNGE
S: * 4 EXISTS
S* A003 OK REPLACE completed
[2] S: * 4 EXPUNGE
[2] S: * 4 EXISTS
[2] C: DONE
[2] S* b3 OK IDLE terminated
C: a5 FETCH 4 (UID FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])
S: * 4 FETCH (UID 5 FLAGS (\Seen \Draft \Recent) BODY[HEADER.FIELDS (SUBJECT)] {30}\r\nSubject: happy new year !!\r\n\r\n)
S: a5 OK FETCH completed

# Section 3.3; into another mailbox, with a date and a keyword.
C< A004 UID REPLACE 5 Sent ($Sent \\Seen) "01-Jan-2015 00:06:00 -0500" {17+}\r\nSubject: sent\r\n\r\n\r\n
S: * OK [APPENDUID ... 1] Replacement is there
S: * 4 EXPUNGE
S* A004 OK REPLACE completed
C: a6 STATUS Sent (MESSAGES UIDNEXT UNSEEN)
S: * STATUS Sent (MESSAGES 1 UIDNEXT 2 UNSEEN 0)
S: a6 OK STATUS completed
C< a7 REPLACE * Drafts {16+}\r\nSubject: 3\r\n\r\n5\n\r\n
S: * OK [APPENDUID $v 6] Replacement is there
S: * 3 EXPUNGE
S: * 3 EXISTS
S* a7 OK REPLACE completed

# What cannot be done changes nothing.
C< a8 REPLACE 1 Nowhere {1+}\r\nx\r\n
S: a8 NO [TRYCREATE] No such mailbox
C< a9 REPLACE 9 Drafts {1+}\r\nx\r\n
S: a9 BAD No message has that sequence number
C< a10 UID REPLACE 99 Drafts {1+}\r\nx\r\n
S: a10 NO There is no such message to be replaced
C< a11 REPLACE 1:2 Drafts {1+}\r\nx\r\n
S: a11 BAD REPLACE takes one message
C< a12 UID REPLACE 1,2 Drafts {1+}\r\nx\r\n
S: a12 BAD REPLACE takes one message
C< a13 REPLACE $ Drafts {1+}\r\nx\r\n
S: a13 BAD REPLACE takes one message
C< a14 REPLACE 1 Drafts {1+}\r\nx {1+}\r\ny\r\n
S: a14 BAD There is more after the end of the command
C< a15 REPLACE 1 Drafts {0+}\r\n\r\n
S: a15 NO [CANNOT] A message cannot be empty
C< a16 REPLACE 1 {6+}\r\nDrafts {16+}\r\nSubject: 1\r\n\r\n6\n\r\n
S: * OK [APPENDUID $v 7] Replacement is there
S: * 1 EXPUNGE
S: * 3 EXISTS
S* a16 OK REPLACE completed

# A message that another session has expunged meanwhile is not replaced, and nothing is appended.
[2] C: b4 NOOP
[2] S* b4 OK NOOP completed
[2] C: b5 STORE 1 +FLAGS.SILENT (\Deleted)
[2] S: b5 OK STORE completed
[2] C: b6 EXPUNGE
[2] S: * 1 EXPUNGE
[2] S* b6 OK EXPUNGE completed
C< a17 REPLACE 1 Drafts {1+}\r\nx\r\n
S: * 1 EXPUNGE
S* a17 NO [EXPUNGEISSUED] The message to be replaced no longer exists
C: a18 STATUS Drafts (MESSAGES UIDNEXT)
S: * STATUS Drafts (MESSAGES 2 UIDNEXT 8)
S: a18 OK STATUS completed

# Read-only.
C: a19 EXAMINE Drafts
S* a19 OK [READ-ONLY] EXAMINE completed
C< a20 REPLACE 1 Drafts {1+}\r\nx\r\n
S: a20 NO [READ-ONLY] The mailbox is open read-only

# With QRESYNC, what is replaced has vanished (section 4.5), and the identifiers differ (4.6).
C: a21a UNSELECT
S: a21a OK UNSELECT completed
C: a21 ENABLE QRESYNC
S: * ENABLED QRESYNC
S: a21 OK ENABLE completed
C: a22 SELECT Drafts
S* a22 OK [READ-WRITE] SELECT completed
C: a23 UID FETCH * (EMAILID)
S: * 2 FETCH (UID 7 EMAILID (M$old))
S: a23 OK UID FETCH completed
C< a24 UID REPLACE 7 Drafts {16+}\r\nSubject: 1\r\n\r\n7\n\r\n
S: * OK [APPENDUID $v 8] Replacement is there
S: * VANISHED 7
S: * 2 EXISTS
S* a24 OK [HIGHESTMODSEQ ...] REPLACE completed
C: a25 UID SEARCH EMAILID M$old
S: * SEARCH
S: a25 OK UID SEARCH completed

# The journal of MOVE and of REPLACE is the same for a session that comes back.
[2] C: b7 NOOP
[2] S* b7 OK NOOP completed
[2] C: b8 FETCH 1:* (UID)
[2] S: * 1 FETCH (UID 6)
[2] S: * 2 FETCH (UID 8)
[2] S: b8 OK FETCH completed
