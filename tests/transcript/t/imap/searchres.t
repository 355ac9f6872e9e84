# `$`, the saved search result (RFC 5182; 9394 section 3.2), also while messages go away.
account s
mail s
Subject: one

1
.
mail s
Subject: two

22
.
mail s
Subject: three

333
.
mail s
Subject: four

4444
.
mail s
Subject: five

55555
.
S: * OK [CAPABILITY ...] ...
C: a1 LOGIN $s $password
S: a1 OK [CAPABILITY ...] Logged in
C: a2 SELECT INBOX
S* a2 OK ...
C: b1 FETCH $ (UID)
S: b1 OK FETCH completed
C: b2 SEARCH RETURN (SAVE) OR SUBJECT t SUBJECT five
S: b2 OK SEARCH completed
C: b3 FETCH $ (UID)
S: * 2 FETCH (UID 2)
S: * 3 FETCH (UID 3)
S: * 5 FETCH (UID 5)
S: b3 OK FETCH completed
C: b4 UID SEARCH UID $ SUBJECT five
S: * SEARCH 5
S: b4 OK UID SEARCH completed
C: b5 SEARCH OR $ 1
S: * SEARCH 1 2 3 5
S: b5 OK SEARCH completed
C: b6 SEARCH NOT $
S: * SEARCH 1 4
S: b6 OK SEARCH completed
C: b7 UID SEARCH RETURN (SAVE COUNT) ($ SUBJECT t)
S: * ESEARCH (TAG "b7") UID COUNT 2
S: b7 OK UID SEARCH completed
C: b8 UID FETCH $ (FLAGS)
S: * 2 FETCH (UID 2 FLAGS (\Recent))
S: * 3 FETCH (UID 3 FLAGS (\Recent))
S: b8 OK UID FETCH completed
C: b9 SORT (REVERSE ARRIVAL REVERSE SIZE) UTF-8 $
S* b9 OK SORT completed
C: b10 THREAD REFS UTF-8 $
S: * THREAD (2)(3)
S: b10 OK THREAD completed
# what BAD and searches without SAVE leave, and what NO empties
C: c1 SEARCH RETURN (SAVE) COLOUR
S: c1 BAD ...
C: c2 SEARCH RETURN (COUNT) ALL
S: * ESEARCH (TAG "c2") COUNT 5
S: c2 OK SEARCH completed
C: c3 SEARCH $
S: * SEARCH 2 3
S: c3 OK SEARCH completed
C: c4 SEARCH RETURN (SAVE) CHARSET KLINGON ALL
S: c4 NO [BADCHARSET ...] ...
C: c5 SEARCH $
S: * SEARCH
S: c5 OK SEARCH completed
# which of the results are saved
C: d1 SEARCH RETURN (SAVE MIN) 2:4
S: * ESEARCH (TAG "d1") MIN 2
S: d1 OK SEARCH completed
C: d2 SEARCH $
S: * SEARCH 2
S: d2 OK SEARCH completed
C: d3 SEARCH RETURN (SAVE MAX MIN) 2:4
S: * ESEARCH (TAG "d3") MIN 2 MAX 4
S: d3 OK SEARCH completed
C: d4 SEARCH $
S: * SEARCH 2 4
S: d4 OK SEARCH completed
C: d5 SEARCH RETURN (SAVE MAX ALL) 2:4
S: * ESEARCH (TAG "d5") MAX 4 ALL 2:4
S: d5 OK SEARCH completed
C: d6 SEARCH $
S: * SEARCH 2 3 4
S: d6 OK SEARCH completed
C: d7 SEARCH RETURN (SAVE PARTIAL 2:3) 1,3:5
S: * ESEARCH (TAG "d7") PARTIAL (2:3 3:4)
S: d7 OK SEARCH completed
C: d8 SEARCH $
S: * SEARCH 3 4
S: d8 OK SEARCH completed
C: d9 SEARCH RETURN (SAVE PARTIAL -2:-2 MIN MAX) ALL
S: * ESEARCH (TAG "d9") MIN 1 MAX 5 PARTIAL (-2:-2 4)
S: d9 OK SEARCH completed
C: d10 SEARCH $
S: * SEARCH 1 4 5
S: d10 OK SEARCH completed
C: d11 SEARCH RETURN (SAVE PARTIAL 1:1 COUNT) ALL
S: * ESEARCH (TAG "d11") COUNT 5 PARTIAL (1:1 1)
S: d11 OK SEARCH completed
C: d12 SEARCH $
S: * SEARCH 1 2 3 4 5
S: d12 OK SEARCH completed
C: d13 SORT RETURN (SAVE PARTIAL 1:2 MAX) (REVERSE SUBJECT) UTF-8 ALL
S: * ESEARCH (TAG "d13") MAX 5 PARTIAL (1:2 2:3)
S: d13 OK SORT completed
C: d14 SEARCH $
S: * SEARCH 2 3 5
S: d14 OK SEARCH completed
C: d15 UID SORT RETURN (SAVE) (SUBJECT) UTF-8 2:4
S: d15 OK UID SORT completed
C: d16 SEARCH $
S: * SEARCH 2 3 4
S: d16 OK SEARCH completed
# what is expunged leaves it; another session does it
[2] S: * OK [CAPABILITY ...] ...
[2] C: x1 LOGIN $s $password
[2] S: x1 OK [CAPABILITY ...] Logged in
[2] C: x2 SELECT INBOX
[2] S* x2 OK ...
[2] C: x3 UID STORE 3 +FLAGS.SILENT (\Deleted)
[2] S: x3 OK STORE completed
[2] C: x4 EXPUNGE
[2] S: * 3 EXPUNGE
[2] S* x4 OK EXPUNGE completed
C: e1 SEARCH $
S: * SEARCH 2 3 4
S: e1 OK SEARCH completed
C: e2 NOOP
S: * 3 EXPUNGE
S* e2 OK NOOP completed
C: e3 SEARCH $
S: * SEARCH 2 3
S: e3 OK SEARCH completed
C: e4 STORE $ +FLAGS (\Flagged)
S: * 2 FETCH (FLAGS (\Flagged \Recent))
S: * 3 FETCH (FLAGS (\Flagged \Recent))
S: e4 OK STORE completed
C: e5 COPY $ Archive
S: e5 OK [COPYUID $v 2,4 1:2] COPY completed
C: e6 SEARCH RETURN (SAVE) FLAGGED
S: e6 OK SEARCH completed
C: e7 MOVE $ Trash
S* e7 OK MOVE completed
C: e8 SEARCH $
S: * SEARCH
S: e8 OK SEARCH completed
C: e9 MOVE $ Trash
S: e9 OK MOVE completed
C: e10 COPY $ Archive
S: e10 OK COPY completed
C: e11 STORE $ +FLAGS (\Seen)
S: e11 OK STORE completed
C: e12 UID EXPUNGE $
S: e12 OK EXPUNGE completed
# new mail does not join it, and another mailbox has none
C: f1 SEARCH RETURN (SAVE) ALL
S: f1 OK SEARCH completed
mail s
Subject: six

6
.
C: f2 NOOP
S* f2 OK NOOP completed
C: f3 UID SEARCH $
S: * SEARCH 1 5
S: f3 OK UID SEARCH completed
C: f4 STORE $ +FLAGS.SILENT (\Deleted)
S: f4 OK STORE completed
C: f5 UID EXPUNGE $
S: * 2 EXPUNGE
S: * 1 EXPUNGE
S* f5 OK EXPUNGE completed
C: f6 SEARCH RETURN (SAVE) ALL
S: f6 OK SEARCH completed
C: f7 SELECT INBOX
S* f7 OK ...
C: f8 SEARCH $
S: * SEARCH
S: f8 OK SEARCH completed
