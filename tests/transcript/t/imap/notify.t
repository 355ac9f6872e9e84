# NOTIFY (RFC 5465): what is refused, what is told of which mailboxes, and when.
account anna
S: * OK [CAPABILITY ...] ...
C: a0 NOTIFY NONE
S: a0 BAD Log in first
C: a1 LOGIN $anna $password
S: a1 OK [CAPABILITY ... NOTIFY...] Logged in
# ---- grammar and refusals (sections 3.1, 5, 6.1) ----
C: b1 NOTIFY
S: b1 BAD NOTIFY needs SET or NONE
C: b2 NOTIFY SET
S: b2 BAD NOTIFY SET needs groups of events
C: b3 NOTIFY SET STATUS
S: b3 BAD NOTIFY SET needs groups of events
C: b4 NOTIFY SET (personal (MessageNew))
S: b4 BAD MessageNew and MessageExpunge must be asked for together
C: b5 NOTIFY SET (personal (FlagChange))
S: b5 BAD MessageNew and MessageExpunge must be asked for together
C: b6 NOTIFY SET (selected (MessageNew MessageExpunge MailboxName))
S: b6 BAD SELECTED takes events of messages only
C: b7 NOTIFY SET (selected NONE) (selected-delayed NONE)
S: b7 BAD SELECTED may be there once
C: b8 NOTIFY SET (personal (MessageNew (UID) MessageExpunge))
S: b8 BAD Only SELECTED takes FETCH items
C: b9 NOTIFY SET (everything NONE)
S: b9 BAD Unknown specification of mailboxes
C: b10 NOTIFY SET (mailboxes (MessageNew MessageExpunge))
S: b10 BAD ...
C: b11 NOTIFY SET (subtree INBOX NONE
S: b11 BAD Missing closing parenthesis after a group of events
C: b12 NOTIFY SET (selected (MessageNew (NOSUCHITEM) MessageExpunge))
S: b12 BAD Unknown FETCH item
C: b13 NOTIFY NONE NONE
S: b13 BAD There is more after the end of the command
C: b14 NOTIFY SET (personal (MessageNew MessageExpunge AnnotationChange))
S: b14 NO [BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange MailboxMetadataChange ServerMetadataChange)] One of the events is not supported
C: b15 NOTIFY SET (selected (MailboxMetadataChange))
S: b15 BAD SELECTED takes events of messages only
C: b16 NOTIFY SET (selected (ServerMetadataChange))
S: b16 BAD SELECTED takes events of messages only
C: b17 NOTIFY SET (personal (SomethingOfTheFuture))
S: b17 NO [BADEVENT ...] ...
# ---- what others do is told between commands ----
[2] S: * OK [CAPABILITY ...] ...
[2] C: a1 LOGIN $anna $password
[2] S: a1 OK ... Logged in
[2] C: a2 CREATE Lists/Lemonade
[2] S: a2 OK ...CREATE completed
C: c1 notify set status (selected (MessageNew (uid body.peek[header.fields (subject)]) MessageExpunge)) (subtree Lists (MessageNew MessageExpunge))
S: * STATUS Lists (MESSAGES 0 UIDNEXT 1 UIDVALIDITY $v1)
S: * STATUS Lists/Lemonade (MESSAGES 0 UIDNEXT 1 UIDVALIDITY $v2)
S: c1 OK NOTIFY completed
mail anna Lists/Lemonade
From: b@example.org
Subject: one

text
.
S: * STATUS Lists/Lemonade (MESSAGES 1 UIDNEXT 2 UIDVALIDITY $v2)
# Not watched: nothing. The one after it is told.
mail anna
From: b@example.org
Subject: to the inbox

text
.
mail anna Lists/Lemonade
From: b@example.org
Subject: two

text
.
S: * STATUS Lists/Lemonade (MESSAGES 2 UIDNEXT 3 UIDVALIDITY $v2)
# A selected mailbox is told by its own events, with what was asked for new messages.
C: c2 SELECT INBOX
S: * 1 EXISTS
S* c2 OK [READ-WRITE] SELECT completed
mail anna
From: b@example.org
Subject: pushed

text
.
S: * 2 EXISTS
S: * 2 RECENT
S: * 2 FETCH (UID 2 BODY[HEADER.FIELDS (subject)] {19}\r\nSubject: pushed\r\n\r\n)
# FlagChange was not asked for.
[2] C: a3 SELECT INBOX
[2] S* a3 OK [READ-WRITE] ...
[2] C: a4 STORE 1 +FLAGS (\Flagged)
[2] S: * 1 FETCH (FLAGS (\Flagged))
[2] S: a4 OK STORE completed
[2] C: a5 STORE 2 +FLAGS (\Deleted)
[2] S: * 2 FETCH (FLAGS (\Deleted))
[2] S: a5 OK STORE completed
[2] C: a6 EXPUNGE
[2] S: * 2 EXPUNGE
[2] S: a6 OK EXPUNGE completed
S: * 2 EXPUNGE
S: * 1 RECENT
# The client's own STORE is answered all the same, and its own message is told without FETCH.
C: c3 STORE 1 +FLAGS (\Answered)
S: * 1 FETCH (UID 1 FLAGS (\Answered \Flagged \Recent))
S: c3 OK STORE completed
C< c4 APPEND INBOX {21}\r\n
S: + go ahead
C< Subject: mine\r\n\r\nxx\r\n\r\n
S: * 2 EXISTS
S: * 2 RECENT
S* c4 OK [APPENDUID ...] APPEND completed
C< c5 APPEND Lists/Lemonade {21}\r\n
S: + go ahead
C< Subject: mine\r\n\r\nxx\r\n\r\n
S: c5 OK [APPENDUID ...] APPEND completed
# With FlagChange, everything that was not told before is told by the command (section 3.1).
C: d1 NOTIFY SET (selected (MessageNew MessageExpunge FlagChange)) (mailboxes (INBOX Lists/Lemonade No/Such Lists/Lemonade) (MessageNew MessageExpunge FlagChange))
S: * 1 FETCH (UID 1 FLAGS (\Answered \Flagged \Recent))
S: * 2 FETCH (UID 3 FLAGS (\Recent))
S: d1 OK NOTIFY completed
[2] C: a7 STORE 1 FLAGS (\Seen Work)
[2] S* * 1 FETCH (FLAGS (\Seen Work))
[2] S: a7 OK STORE completed
S: * FLAGS (...Work)
S: * OK [PERMANENTFLAGS ...] ...
S: * 1 FETCH (UID 1 FLAGS (\Seen \Recent Work))
[2] C: a8 SELECT Lists/Lemonade
[2] S* a8 OK [READ-WRITE] ...
[2] C: a9 STORE 1:2 +FLAGS.SILENT (\Seen)
[2] S: a9 OK STORE completed
S: * STATUS Lists/Lemonade (UIDVALIDITY $v2 UNSEEN 1)
[2] C: a10 STORE 3 +FLAGS.SILENT (\Deleted)
[2] S: a10 OK STORE completed
S: * STATUS Lists/Lemonade (UIDVALIDITY $v2 UNSEEN 1)
[2] C: a11 CLOSE
[2] S: a11 OK CLOSE completed
S: * STATUS Lists/Lemonade (MESSAGES 2 UIDNEXT 4 UIDVALIDITY $v2 UNSEEN 0)
# ---- the same in IDLE (section 4) ----
C: e1 IDLE
S: + idling
mail anna Lists/Lemonade
From: b@example.org
Subject: three

text
.
S: * STATUS Lists/Lemonade (MESSAGES 3 UIDNEXT 5 UIDVALIDITY $v2 UNSEEN 1)
mail anna
From: b@example.org
Subject: in idle

text
.
S: * 3 EXISTS
S: * 3 RECENT
C: DONE
S: e1 OK IDLE terminated
# ---- SELECTED-DELAYED (section 6.1.2): expunges wait for a command ----
C: f1 NOTIFY SET (selected-delayed (MessageNew MessageExpunge FlagChange))
S: f1 OK NOTIFY completed
[2] C: a12 SELECT INBOX
[2] S* a12 OK [READ-WRITE] ...
[2] C: a13 STORE 1 +FLAGS.SILENT (\Deleted)
[2] S: a13 OK STORE completed
S: * 1 FETCH (UID 1 FLAGS (\Seen \Deleted \Recent Work))
[2] C: a14 EXPUNGE
[2] S: * 1 EXPUNGE
[2] S: a14 OK EXPUNGE completed
[2] C: a15 STORE 1 +FLAGS.SILENT (\Flagged)
[2] S: a15 OK STORE completed
S: * 2 FETCH (UID 3 FLAGS (\Flagged \Recent))
C: f2 FETCH 2:3 (UID)
S: * 2 FETCH (UID 3)
S: * 3 FETCH (UID 4)
S: f2 OK FETCH completed
C: f3 NOOP
S: * 1 EXPUNGE
S: * 2 RECENT
S: f3 OK NOOP completed
# ---- SELECTED NONE, and NOTIFY NONE: only what is part of an answer ----
C: g1 NOTIFY SET (personal NONE)
S: g1 OK NOTIFY completed
[2] C: a16 STORE 2 +FLAGS.SILENT (\Draft)
[2] S: a16 OK STORE completed
mail anna
From: b@example.org
Subject: unseen

text
.
C: g2 NOOP
S: g2 OK NOOP completed
C: g3 STORE 1 +FLAGS (\Seen)
S: * 1 FETCH (UID 3 FLAGS (\Seen \Flagged \Recent))
S: g3 OK STORE completed
C: g4 NOTIFY NONE
S: g4 OK NOTIFY completed
C: g5 IDLE
S: + idling
C: DONE
S: g5 OK IDLE terminated
C: g6 STORE 1 +FLAGS.SILENT (\Deleted)
S: g6 OK STORE completed
C: g7 EXPUNGE
S: * 1 EXPUNGE
S* g7 OK EXPUNGE completed
C: g8 NOTIFY SET (selected (MessageNew MessageExpunge FlagChange))
S* g8 OK NOTIFY completed
C: g9 FETCH 1:* (UID FLAGS)
S: * 1 FETCH (UID 4 FLAGS (\Draft \Recent))
S: * 2 FETCH (UID 5 FLAGS (\Recent))
S: g9 OK FETCH completed
# ---- all that has accumulated is told by NOTIFY SET, whatever it asks for (section 3.1) ----
[2] C: a17 UID STORE 4 FLAGS.SILENT (\Answered)
[2] S* a17 OK STORE completed
S: * 1 FETCH (UID 4 FLAGS (\Answered \Recent))
C: h1 NOTIFY SET (selected NONE)
S: h1 OK NOTIFY completed
[2] C: a18 UID STORE 4 FLAGS.SILENT (\Flagged)
[2] S* a18 OK STORE completed
mail anna
From: b@example.org
Subject: accumulated

text
.
C: h2 NOOP
S: h2 OK NOOP completed
# One that is refused tells nothing.
C: h3 NOTIFY SET (personal (MessageNew MessageExpunge AnnotationChange))
S: h3 NO [BADEVENT ...] ...
C: h4 NOTIFY SET (selected (MessageNew (UID) MessageExpunge))
S: * 3 EXISTS
S: * 3 RECENT
S: * 1 FETCH (UID 4 FLAGS (\Flagged \Recent))
S: * 3 FETCH (UID 6)
S: h4 OK NOTIFY completed
[2] C: a19 UID STORE 4 FLAGS.SILENT (\Draft)
[2] S* a19 OK STORE completed
C: h5 NOOP
S: h5 OK NOOP completed
C: h6 NOTIFY SET (selected NONE)
S: * 1 FETCH (UID 4 FLAGS (\Draft \Recent))
S: h6 OK NOTIFY completed
[2] C: a20 UID STORE 4 FLAGS.SILENT (\Deleted)
[2] S* a20 OK STORE completed
[2] C: a21 EXPUNGE
[2] S* a21 OK EXPUNGE completed
C: h7 NOTIFY SET (personal NONE)
S: * 1 EXPUNGE
S: * 2 RECENT
S: h7 OK NOTIFY completed
# NOTIFY NONE is not interested, so what is pending stays pending.
[2] C: a22 UID STORE 5 FLAGS.SILENT (\Answered)
[2] S* a22 OK STORE completed
C: h8 NOTIFY NONE
S: h8 OK NOTIFY completed
C: h9 NOTIFY SET (selected-delayed (MessageNew MessageExpunge FlagChange))
S: * 1 FETCH (UID 5 FLAGS (\Answered \Recent))
S: h9 OK NOTIFY completed
C: z LOGOUT
S: * BYE Logging out
S: z OK LOGOUT completed
END
