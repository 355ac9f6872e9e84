# CONTEXT=SEARCH (RFC 5267): results that are kept up to date, and PARTIAL beside them.
account s
mail s
Subject: one

apple
.
mail s
Subject: two

birch
.
mail s
Subject: three

apple
.
mail s
Subject: four

birch
.
S: * OK [CAPABILITY ...] ...
C: a1 LOGIN $s $password
S: a1 OK [CAPABILITY ... CONTEXT=SEARCH ...] Logged in
C: a0 CANCELUPDATE "a1"
S: a0 BAD Select a mailbox first
C: a2 SELECT INBOX
S* a2 OK ...
[2] S: * OK ...
[2] C: a1 LOGIN $s $password
[2] S* a1 OK ...
[2] C: a2 SELECT INBOX
[2] S* a2 OK ...
# ---- grammar ----
C: b1 SEARCH RETURN (UPDATE (NOSUCHITEM)) ALL
S: b1 BAD Unknown FETCH item
C: b2 SEARCH RETURN (UPDATE (UID) ALL
S: b2 BAD Missing closing parenthesis
C: b3 CANCELUPDATE
S: b3 BAD CANCELUPDATE needs the tags of searches
C: b4 CANCELUPDATE b1
S: b4 BAD CANCELUPDATE needs tags in quotes
C: b5 CANCELUPDATE "b1" "b2"
S: b5 OK CANCELUPDATE completed
# ---- the hint changes nothing (section 4.2) ----
C: c1 SEARCH RETURN (CONTEXT COUNT) UNDELETED
S: * ESEARCH (TAG "c1") COUNT 4
S: c1 OK SEARCH completed
# ---- flags: of others, and its own, silent or not (section 4.3) ----
C: d1 UID SEARCH RETURN (UPDATE COUNT) FLAGGED
S: * ESEARCH (TAG "d1") UID COUNT 0
S: d1 OK UID SEARCH completed
C: d2 SEARCH RETURN (UPDATE COUNT ALL) UNSEEN
S: * ESEARCH (TAG "d2") COUNT 4 ALL 1:4
S: d2 OK SEARCH completed
[2] C: b1 STORE 2:3 +FLAGS (\Flagged)
[2] S* b1 OK STORE completed
C: d3 NOOP
S: * 2 FETCH (FLAGS (\Flagged \Recent))
S: * 3 FETCH (FLAGS (\Flagged \Recent))
S: * ESEARCH (TAG "d1") UID ADDTO (0 2:3)
S: d3 OK NOOP completed
C: d4 STORE 1,4 +FLAGS.SILENT (\Seen)
S: * ESEARCH (TAG "d2") REMOVEFROM (0 1,4)
S: d4 OK STORE completed
C: d5 STORE 2 FLAGS (\Seen)
S: * 2 FETCH (FLAGS (\Seen \Recent))
S: * ESEARCH (TAG "d1") UID REMOVEFROM (0 2)
S: * ESEARCH (TAG "d2") REMOVEFROM (0 2)
S: d5 OK STORE completed
C: d6 STORE 4 FLAGS (Work)
S: * FLAGS ...
S: * OK [PERMANENTFLAGS ...] ...
S: * 4 FETCH (FLAGS (\Recent Work))
S: * ESEARCH (TAG "d2") ADDTO (0 4)
S: d6 OK STORE completed
# ---- a tag that is in use (section 4.3) ----
C: d1 SEARCH RETURN (UPDATE) ALL
S: d1 BAD A search with this tag is still being updated
C: d1 SORT RETURN (UPDATE) (ARRIVAL) UTF-8 ALL
S: d1 BAD A search with this tag is still being updated
# ---- what is not kept up to date (section 4.3.1): the rest is answered ----
C: d7 SORT RETURN (UPDATE COUNT) (ARRIVAL) UTF-8 ALL
S: * ESEARCH (TAG "d7") COUNT 4
S: * NO [NOUPDATE "d7"] Only the results of SEARCH are kept up to date
S: d7 OK SORT completed
# ---- new mail: ADDTO comes after EXISTS; in IDLE it comes at once ----
C: e1 SEARCH RETURN (UPDATE COUNT) BODY birch
S: * ESEARCH (TAG "e1") COUNT 2
S: e1 OK SEARCH completed
C: e2 IDLE
S: + idling
mail s
Subject: five

birch
.
S: * 5 EXISTS
S: * 5 RECENT
S: * ESEARCH (TAG "d2") ADDTO (0 5)
S: * ESEARCH (TAG "e1") ADDTO (0 5)
mail s
Subject: six

cedar
.
S: * 6 EXISTS
S: * 6 RECENT
S: * ESEARCH (TAG "d2") ADDTO (0 6)
# ---- expunges: REMOVEFROM comes before EXPUNGE, with the numbers from before it (section 4.3.4) ----
[2] C: c2 NOOP
[2] S* c2 OK NOOP completed
[2] C: c3 STORE 2,5:6 +FLAGS.SILENT (\Deleted)
[2] S* c3 OK STORE completed
S: * 2 FETCH (FLAGS (\Seen \Deleted \Recent))
S: * 5 FETCH (FLAGS (\Deleted \Recent))
S: * 6 FETCH (FLAGS (\Deleted \Recent))
[2] C: c4 EXPUNGE
[2] S* c4 OK EXPUNGE completed
S: * ESEARCH (TAG "d2") REMOVEFROM (0 5:6)
S: * ESEARCH (TAG "e1") REMOVEFROM (0 2,5)
S: * 6 EXPUNGE
S: * 5 EXPUNGE
S: * 2 EXPUNGE
S: * 3 RECENT
C: DONE
S: e2 OK IDLE terminated
# ---- no longer wanted (section 4.3.5); a tag that is not there does no harm ----
C: f1 CANCELUPDATE "d1" "nothing"
S: f1 OK CANCELUPDATE completed
C: f2 STORE 2 -FLAGS (\Flagged)
S: * 2 FETCH (FLAGS (\Recent))
S: f2 OK STORE completed
C: d1 UID SEARCH RETURN (UPDATE ALL) UNFLAGGED
S: * ESEARCH (TAG "d1") UID ALL 1,3:4
S: d1 OK UID SEARCH completed
# ---- PARTIAL and UPDATE have nothing to do with each other (section 4.4) ----
C: g1 UID SEARCH RETURN (UPDATE PARTIAL 1:1) ALL
S: * ESEARCH (TAG "g1") UID PARTIAL (1:1 1)
S: g1 OK UID SEARCH completed
# ---- sequence numbers, $ and * mean the messages of that time ----
C: g2 SEARCH RETURN (SAVE) 2:3
S: g2 OK SEARCH completed
C: g3 UID SEARCH RETURN (UPDATE ALL) 2:* UNSEEN
S: * ESEARCH (TAG "g3") UID ALL 3:4
S: g3 OK UID SEARCH completed
C: g4 SEARCH RETURN (UPDATE SAVE) $ UNSEEN
S: g4 OK SEARCH completed
C: g5 CANCELUPDATE "d1" "d2"
S: g5 OK CANCELUPDATE completed
mail s
Subject: seven

apple
.
C: g6 NOOP
S: * 4 EXISTS
S: * 4 RECENT
S: * ESEARCH (TAG "g1") UID ADDTO (0 7)
S: g6 OK NOOP completed
C: g7 STORE 3:4 +FLAGS.SILENT (\Seen)
S: * ESEARCH (TAG "g3") UID REMOVEFROM (0 4)
S: * ESEARCH (TAG "g4") REMOVEFROM (0 3)
S: g7 OK STORE completed
# ---- another mailbox is selected: the updates have ended (section 4.3) ----
C: h1 SELECT INBOX
S* h1 OK ...
C: h2 STORE 3 -FLAGS.SILENT (\Seen)
S: h2 OK STORE completed
C: h3 SEARCH RETURN (UPDATE) SEEN
S: * ESEARCH (TAG "h3")
S: h3 OK SEARCH completed
C: h4 UNSELECT
S: h4 OK UNSELECT completed
C: h5 SELECT INBOX
S* h5 OK ...
C: h6 STORE 3 +FLAGS.SILENT (\Seen)
S: h6 OK STORE completed
# ---- FETCH of new messages among the results (RFC 5465 section 7) ----
C: i1 UID SEARCH RETURN (COUNT UPDATE (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])) BODY apple
S: * ESEARCH (TAG "i1") UID COUNT 3
S: i1 OK UID SEARCH completed
mail s
Subject: eight

birch
.
mail s
Subject: nine

apple
.
C: i2 NOOP
S: * 6 EXISTS
S: * 2 RECENT
S: * 6 FETCH (UID 9 BODY[HEADER.FIELDS (SUBJECT)] {17}\r\nSubject: nine\r\n\r\n)
S: * ESEARCH (TAG "i1") UID ADDTO (0 9)
S: i2 OK NOOP completed
# ... and for nothing that the client has put there itself, or that has only changed.
C: i3 UID COPY 9 INBOX
S: * 7 EXISTS
S: * 3 RECENT
S: * ESEARCH (TAG "i1") UID ADDTO (0 10)
S: i3 OK [COPYUID ...] COPY completed
C: i4 CANCELUPDATE "i1"
S: i4 OK CANCELUPDATE completed
C: i5 UID SEARCH RETURN (COUNT UPDATE (FLAGS)) ANSWERED
S: * ESEARCH (TAG "i5") UID COUNT 0
S: i5 OK UID SEARCH completed
C: i6 STORE 1 +FLAGS.SILENT (\Answered)
S: * ESEARCH (TAG "i5") UID ADDTO (0 1)
S: i6 OK STORE completed
# ---- a deleted mailbox: nothing is left ----
[2] C: x1 CREATE Gone
[2] S* x1 OK ...
C: j1 COPY 1:3 Gone
S: j1 OK [COPYUID ...] COPY completed
C: j2 SELECT Gone
S* j2 OK ...
C: j3 SEARCH RETURN (UPDATE COUNT) ALL
S: * ESEARCH (TAG "j3") COUNT 3
S: j3 OK SEARCH completed
C: j4 IDLE
S: + idling
[2] C: x2 DELETE Gone
[2] S* x2 OK ...
S: * ESEARCH (TAG "j3") REMOVEFROM (0 1:3)
S: * 3 EXPUNGE
S: * 2 EXPUNGE
S: * 1 EXPUNGE
S: * 0 RECENT
C: DONE
S: j4 OK IDLE terminated
