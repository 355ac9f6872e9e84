# UNAUTHENTICATE (RFC 8437): the way back, with nothing of the account.
account Anna
account Bob
S: * OK [CAPABILITY ...] ...
C: a1 UNAUTHENTICATE
S: a1 BAD Log in first
C: a2 CAPABILITY
S! ...UNAUTHENTICATE...
S* a2 OK CAPABILITY completed
C: a3 LOGIN $Anna $password
S: a3 OK [CAPABILITY ... UNAUTHENTICATE ...] Logged in
C< a4 APPEND INBOX {3+}\r\none {3+}\r\ntwo\r\n
S: a4 OK [APPENDUID $valid 1:2] APPEND completed
C: a5 ENABLE QRESYNC UIDONLY
S: * ENABLED QRESYNC UIDONLY
S: a5 OK ENABLE completed
C: a6 SELECT INBOX
S* a6 OK [READ-WRITE] SELECT completed
C: a7 UID SEARCH RETURN (SAVE) UID 1
S: a7 OK UID SEARCH completed
C: a8 UID STORE 1 +FLAGS.SILENT (\Deleted)
S* a8 OK STORE completed
C: a9 UNAUTHENTICATE now
S: a9 BAD There is more after the end of the command
C: a10 UNAUTHENTICATE
S: a10 OK UNAUTHENTICATE completed

# Not authenticated: no mailbox, no expunge, nothing that was enabled or saved.
C: b1 SELECT INBOX
S: b1 BAD Log in first
C: b2 CAPABILITY
S: * CAPABILITY ... AUTH=PLAIN ...
S: b2 OK CAPABILITY completed
C: b3 LOGIN $Bob wrong
S: b3 NO [AUTHENTICATIONFAILED] Wrong name or password
C: b4 LOGIN $Bob $password
S: b4 OK [CAPABILITY ...] Logged in
C: b5 SELECT INBOX
S: * 0 EXISTS
S* b5 OK [READ-WRITE] SELECT completed
C: b6 SEARCH $
S: * SEARCH
S: b6 OK SEARCH completed
C: b7 UNSELECT
S: b7 OK UNSELECT completed

# The mail of the one that was left is pushed to nobody; Bob's is.
C: c1 SELECT INBOX
S* c1 OK [READ-WRITE] SELECT completed
C: c2 IDLE
S: + idling
mail Anna
Subject: for Anna

x
.
mail Bob
Subject: for Bob

x
.
S: * 1 EXISTS
S: * 1 RECENT
C: c3 UNAUTHENTICATE
S: c2 OK IDLE terminated
S: c3 OK UNAUTHENTICATE completed
C: DONE

# Neither is anything told that Anna asked to be told of (RFC 5465); Bob is told what all are.
C: n1 LOGIN $Anna $password
S: n1 OK [CAPABILITY ...] Logged in
C: n2 NOTIFY SET (selected (MessageNew (UID) MessageExpunge)) (personal (MessageNew MessageExpunge))
S* n2 OK NOTIFY completed
C: n3 UNAUTHENTICATE
S: n3 OK UNAUTHENTICATE completed
mail Anna
Subject: for Anna again

x
.
C: n4 LOGIN $Bob $password
S: n4 OK [CAPABILITY ...] Logged in
C: n5 SELECT INBOX
S* n5 OK [READ-WRITE] SELECT completed
mail Bob
Subject: for Bob again

x
.
C: n6 NOOP
S: * 2 EXISTS
S: * 1 RECENT
S: n6 OK NOOP completed
C: n7 UNAUTHENTICATE
S: n7 OK UNAUTHENTICATE completed

# Nothing that was enabled outlives the login: not the version of IMAP, nor UTF-8, nor mod-sequences (section 4.1).
C: p1 LOGIN $Anna $password
S: p1 OK [CAPABILITY ...] Logged in
C: p2 ENABLE IMAP4rev2 UTF8=ACCEPT CONDSTORE
S: * ENABLED ...
S: p2 OK ENABLE completed
C: p3 EXAMINE INBOX
S! * ... RECENT
S* p3 OK [READ-ONLY] EXAMINE completed
C: p4 UID SEARCH UID 1
S: * ESEARCH (TAG "p4") UID ALL 1
S: p4 OK UID SEARCH completed
C: p5 UNAUTHENTICATE
S: p5 OK UNAUTHENTICATE completed
C: p6 LOGIN $Anna $password
S: p6 OK [CAPABILITY ...] Logged in
C: p7 EXAMINE INBOX
S: * 4 EXISTS
S: * 2 RECENT
S* p7 OK [READ-ONLY] EXAMINE completed
C: p8 UID SEARCH UID 1
S: * SEARCH 1
S: p8 OK UID SEARCH completed
C: p9 CREATE Entw&APw-rfe
S* p9 OK ...CREATE completed
C: p10 LIST "" Entw*
S: * LIST (...) "/" Entw&APw-rfe
S: p10 OK LIST completed
C: p11 SEARCH CHARSET ISO-8859-1 SUBJECT x
S: * SEARCH
S: p11 OK SEARCH completed

# Nor does NOTIFY NONE, for which the next one would be told nothing.
C: q1 NOTIFY NONE
S: q1 OK NOTIFY completed
C: q2 UNAUTHENTICATE
S: q2 OK UNAUTHENTICATE completed
[2] S: * OK ...
[2] C: q1 LOGIN $Bob $password
[2] S* q1 OK ...
[2] C: q2 SELECT INBOX
[2] S* q2 OK ...
C: q3 LOGIN $Bob $password
S: q3 OK [CAPABILITY ...] Logged in
C: q4 SELECT INBOX
S: * 2 EXISTS
S* q4 OK [READ-WRITE] SELECT completed
[2] C: q3 STORE 1 +FLAGS.SILENT (\Flagged)
[2] S: q3 OK STORE completed
C: q5 NOOP
S: * 1 FETCH (FLAGS (\Flagged...))
S: q5 OK NOOP completed

# A mailbox that is deleted under the session, with news that wait, is left like any other.
[2] C: q4 CREATE Gone
[2] S* q4 OK ...
C: q6 SELECT Gone
S* q6 OK [READ-WRITE] SELECT completed
[2] C: q5 COPY 1 Gone
[2] S* q5 OK ...
[2] C: q6 DELETE Gone
[2] S* q6 OK ...
C: q7 UNAUTHENTICATE
S: q7 OK UNAUTHENTICATE completed

# Pipelined, with an initial response, and back to Anna, whose message was not expunged.
C= d1 LOGIN $Anna $password\r\nd2 UNAUTHENTICATE\r\nd3 LOGIN $Bob $password\r\nd4 UNAUTHENTICATE\r\nd5 LOGIN $Anna $password\r\nd6 EXAMINE INBOX\r\nd7 FETCH 1:* (UID FLAGS)\r\n
S: d1 OK [CAPABILITY ...] Logged in
S: d2 OK UNAUTHENTICATE completed
S: d3 OK [CAPABILITY ...] Logged in
S: d4 OK UNAUTHENTICATE completed
S: d5 OK [CAPABILITY ...] Logged in
S: * 4 EXISTS
S* d6 OK [READ-ONLY] EXAMINE completed
S: * 1 FETCH (UID 1 FLAGS (\Deleted))
S: * 2 FETCH (UID 2 FLAGS ())
S: * 3 FETCH (UID 3 FLAGS (\Recent))
S: * 4 FETCH (UID 4 FLAGS (\Recent))
S: d7 OK FETCH completed

# A line is short again before the login.
C: e1 UNAUTHENTICATE
S: e1 OK UNAUTHENTICATE completed
C: e2 LOGIN {4097}
S: e2 BAD Literal too long
C: e3 LOGOUT
S: * BYE Logging out
S: e3 OK LOGOUT completed
END
