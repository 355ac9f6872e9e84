# COPY, MOVE, REPLACE and CATENATE between accounts: identifiers go along, \Recent and rights are the destination's.
account anna
account bert
mail anna
From: a@example.org
Subject: first
Message-ID: <first@example.org>

one
.
mail anna
From: a@example.org
Subject: second
Message-ID: <second@example.org>
In-Reply-To: <first@example.org>
References: <first@example.org>

two
.
[1] C: a1 LOGIN $anna $password
[1] S* a1 OK ...
[2] C: b1 LOGIN $bert $password
[2] S* b1 OK ...
[1] C: a2 SELECT INBOX
[1] S* a2 OK ...
[1] C: a3 STORE 2 FLAGS (\Flagged \Answered Label)
[1] S* a3 OK ...
[1] C: a4 FETCH 1:2 (EMAILID THREADID)
[1] S: * 1 FETCH (EMAILID ($email1) THREADID ($thread1))
[1] S: * 2 FETCH (EMAILID ($email2) THREADID ($thread2))
[1] S: a4 OK FETCH completed
[1] C: a5 SETACL INBOX $bert lrwtie
[1] S: a5 OK SETACL completed
# Out of anna's account into bert's.
[2] C: c1 SELECT "Other Users/$anna/INBOX"
[2] S* c1 OK [READ-WRITE] SELECT completed
[2] C: c2 COPY 1:2 Archive
[2] S: c2 OK [COPYUID ... 1:2 1:2] COPY completed
[2] C: c3 UID COPY 2,77 Archive
[2] S: c3 OK [COPYUID ... 2 3] COPY completed
[2] C: c4 UID COPY 77 Archive
[2] S: c4 OK COPY completed
[2] C: c5 COPY 1 Nowhere
[2] S: c5 NO [TRYCREATE] No such mailbox
[2] C: c6 SELECT Archive
[2] S* * 3 EXISTS
[2] S* c6 OK [READ-WRITE] SELECT completed
[2] C: c7 FETCH 1:3 (EMAILID THREADID FLAGS)
[2] S: * 1 FETCH (EMAILID ($email1) THREADID ($thread1) FLAGS (\Recent))
[2] S: * 2 FETCH (EMAILID ($email2) THREADID ($thread2) FLAGS (\Answered \Flagged \Recent Label))
[2] S: * 3 FETCH (EMAILID ($email2) THREADID ($thread2) FLAGS (\Answered \Flagged \Recent Label))
[2] S: c7 OK FETCH completed
# Back again, by MOVE: \Seen is left out, for there is no right to it.
[2] C: d1 STORE 3 FLAGS (\Seen \Deleted Other)
[2] S* d1 OK ...
[2] C: d2 MOVE 3 "Other Users/$anna/INBOX"
[2] S: * OK [COPYUID ... 3 3] Moved
[2] S: * 3 EXPUNGE
[2] S* d2 OK MOVE completed
[1] C: d3 NOOP
[1] S* d3 OK NOOP completed
[1] C: d4 FETCH 3 (EMAILID FLAGS)
[1] S: * 3 FETCH (EMAILID ($email2) FLAGS (\Deleted \Recent Other))
[1] S: d4 OK FETCH completed
[1] C: d5 STORE 3 -FLAGS.SILENT (\Deleted)
[1] S: d5 OK STORE completed
# MOVE out of the shared mailbox; its owner sees it go.
[2] C: e1 SELECT "Other Users/$anna/INBOX"
[2] S* e1 OK ...
[2] C: e2 UID MOVE 3 Trash
[2] S: * OK [COPYUID ... 3 1] Moved
[2] S: * 3 EXPUNGE
[2] S* e2 OK MOVE completed
[1] C: e3 NOOP
[1] S: * 3 EXPUNGE
[1] S* e3 OK NOOP completed
# By number, a message that another session has expunged: nothing is copied (RFC 2180).
[1] C: f1 STORE 1 +FLAGS.SILENT (\Deleted)
[1] S: f1 OK STORE completed
[1] C: f2 EXPUNGE
[1] S: * 1 EXPUNGE
[1] S* f2 OK EXPUNGE completed
[2] C: f3 COPY 1:2 Archive
[2] S* f3 NO [EXPUNGEISSUED] Some of the messages no longer exist
[2] C: f4 NOOP
[2] S: f4 OK NOOP completed
# REPLACE: into another account, and a message that is there already no more.
[2] C< g1 REPLACE 1 Drafts {16+}\r\nSubject: a\r\n\r\nx\r\n\r\n
[2] S: * OK [APPENDUID ... 1] Replacement is there
[2] S: * 1 EXPUNGE
[2] S* g1 OK REPLACE completed
[1] C: g2 NOOP
[1] S* * 1 EXPUNGE
[1] S* g2 OK NOOP completed
[2] C: g3 SELECT Archive
[2] S* g3 OK ...
[2] C< g4 REPLACE 1 "Other Users/$anna/INBOX" (\\Seen) {16+}\r\nSubject: b\r\n\r\nx\r\n\r\n
[2] S: * OK [APPENDUID $validity $uid] Replacement is there
[2] S: * 1 EXPUNGE
[2] S* g4 OK REPLACE completed
[1] C: g5 NOOP
[1] S: * 1 EXISTS
[1] S: * 1 RECENT
[1] S: g5 OK NOOP completed
[1] C: g6 FETCH 1 (UID FLAGS)
[1] S: * 1 FETCH (UID $uid FLAGS (\Recent))
[1] S: g6 OK FETCH completed
# CATENATE: a part of another user's message, and of one that may not be read.
[2] C< h1 APPEND Archive CATENATE (TEXT {3+}\r\nA:  URL "/Other%20Users/$anna/INBOX/;UID=$uid")\r\n
[2] S* h1 OK [APPENDUID ...] APPEND completed
[1] C: h2 SETACL INBOX $bert l
[1] S: h2 OK SETACL completed
[2] C< h3 APPEND Archive CATENATE (TEXT {3+}\r\nA:  URL "/Other%20Users/$anna/INBOX/;UID=$uid")\r\n
[2] S* h3 NO [BADURL ...] ...
