# MESSAGELIMIT (RFC 9738): a command is run for the last messages that it names, and says for which.
option limits.message_limit=3
account n
S: * OK [CAPABILITY ... MESSAGELIMIT=3 ...] ...
C: a1 LOGIN $n $password
S: a1 OK [CAPABILITY ... MESSAGELIMIT=3 ...] Logged in
C< a2 APPEND INBOX {3+}\r\none {3+}\r\ntwo {5+}\r\nthree\r\n
S: a2 OK [APPENDUID $valid 1:3] APPEND completed
C< a3 APPEND INBOX {4+}\r\nfour {4+}\r\nfive {3+}\r\nsix {5+}\r\nseven\r\n
S: a3 NO [MESSAGELIMIT 3] Too many messages; try fewer at once
C< a4 APPEND INBOX {4+}\r\nfour {4+}\r\nfive {3+}\r\nsix\r\n
S: a4 OK [APPENDUID $valid 4:6] APPEND completed
C: a5 SELECT INBOX
S* a5 OK [READ-WRITE] SELECT completed
C: a6 UID STORE 2 +FLAGS.SILENT (\Deleted)
S: a6 OK STORE completed
C: a7 EXPUNGE
S: * 2 EXPUNGE
S: * 5 RECENT
S: a7 OK EXPUNGE completed

# UIDs 1 3 4 5 6. FETCH: the last three, by number or by UID; at the limit it says nothing.
C: b1 FETCH 1:4 UID
S: * 2 FETCH (UID 3)
S: * 3 FETCH (UID 4)
S: * 4 FETCH (UID 5)
S: b1 OK [MESSAGELIMIT 3 3] Only the last messages were looked at
C: b2 UID FETCH 1:* RFC822.SIZE
S: * 3 FETCH (UID 4 RFC822.SIZE 4)
S: * 4 FETCH (UID 5 RFC822.SIZE 4)
S: * 5 FETCH (UID 6 RFC822.SIZE 3)
S: b2 OK [MESSAGELIMIT 3 4] Only the last messages were looked at
C: b3 UID FETCH 1:3 RFC822.SIZE
S: * 1 FETCH (UID 1 RFC822.SIZE 3)
S: * 2 FETCH (UID 3 RFC822.SIZE 5)
S: b3 OK UID FETCH completed
C: b4 UID FETCH 1,3,5:6 RFC822.SIZE
S: * 2 FETCH (UID 3 RFC822.SIZE 5)
S: * 4 FETCH (UID 5 RFC822.SIZE 4)
S: * 5 FETCH (UID 6 RFC822.SIZE 3)
S: b4 OK [MESSAGELIMIT 3 3] Only the last messages were looked at
C: b5 FETCH 1:5 BODY[TEXT]
S: * 3 FETCH (BODY[TEXT] {4}\r\nfour FLAGS (\Seen \Recent))
S: * 4 FETCH (BODY[TEXT] {4}\r\nfive FLAGS (\Seen \Recent))
S: * 5 FETCH (BODY[TEXT] {3}\r\nsix FLAGS (\Seen \Recent))
S: b5 OK [MESSAGELIMIT 3 4] Only the last messages were looked at
C: b6 UID FETCH 1:* (RFC822.SIZE) (PARTIAL 1:3)
S: * 1 FETCH (UID 1 RFC822.SIZE 3)
S: * 2 FETCH (UID 3 RFC822.SIZE 5)
S: * 3 FETCH (UID 4 RFC822.SIZE 4)
S: b6 OK UID FETCH completed
C: b7 UID FETCH 1:* (RFC822.SIZE) (PARTIAL -1:-4)
S: b7 NO [MESSAGELIMIT 3] Too many messages; try fewer at once

# SEARCH: the messages that are looked at count, not those that are found. `$` is what was found (section 3.4).
C: c1 SEARCH UNSEEN
S: * SEARCH
S: c1 OK [MESSAGELIMIT 3 4] Only the last messages were looked at
C: c2 UID SEARCH UID 1:3 UNSEEN
S: * SEARCH 1 3
S: c2 OK UID SEARCH completed
C: c3 UID SEARCH RETURN (SAVE COUNT) UID 1:5
S: * ESEARCH (TAG "c3") UID COUNT 3
S: c3 OK [MESSAGELIMIT 3 3] Only the last messages were looked at
C: c4 UID SEARCH $
S: * SEARCH 3 4 5
S: c4 OK UID SEARCH completed
C: c5 UID SEARCH UIDBEFORE 4
S: * SEARCH 1 3
S: c5 OK UID SEARCH completed
C: c6 UID SEARCH UIDAFTER 4
S: * SEARCH 5 6
S: c6 OK UID SEARCH completed
C: c7 UID SEARCH UIDAFTER 6
S: * SEARCH
S: c7 OK UID SEARCH completed
C: c8 UID SEARCH NOT UIDBEFORE 1 UIDAFTER 1 UIDBEFORE 6
S: * SEARCH 3 4 5
S: c8 OK [MESSAGELIMIT 3 ...] Only the last messages were looked at
C: c9 UID SORT (ARRIVAL) UTF-8 ALL
S: * SORT ...
S: c9 OK UID SORT completed
C: c10 UID SEARCH UIDAFTER 0
S: c10 BAD A number must not be zero here
C: c11 UID SEARCH UIDBEFORE *
S: c11 BAD A UID is missing

# STORE, with another code in the answer too.
C: d1 UID STORE 1:5 +FLAGS (\Answered)
S: * 2 FETCH (UID 3 FLAGS (\Answered \Recent))
S: * 3 FETCH (UID 4 FLAGS (\Seen \Answered \Recent))
S: * 4 FETCH (UID 5 FLAGS (\Seen \Answered \Recent))
S: d1 OK [MESSAGELIMIT 3 3] Only the last messages were looked at
C: d3 FETCH 5 (MODSEQ)
S* * 5 FETCH (MODSEQ ($m))
S: d3 OK FETCH completed
C: d4 UID STORE 1:5 (UNCHANGEDSINCE $m) +FLAGS.SILENT (\Flagged)
S* * NO [MESSAGELIMIT 3 3] Only the last messages were looked at
S* d4 OK [MODIFIED 3:5] STORE failed for the messages modified

# COPY is refused, MOVE is not.
C: e1 UID COPY 1:5 Trash
S: e1 NO [MESSAGELIMIT 3 3] Too many messages; try fewer at once
C: e2 UID COPY 1:4 Trash
S: e2 OK [COPYUID ... 1,3:4 1:3] COPY completed
C: e3 UID MOVE 1:5 Junk
S: * OK [COPYUID ... 3:5 1:3] Moved
S: * 4 EXPUNGE
S: * 3 EXPUNGE
S: * 2 EXPUNGE
S* e3 OK [MESSAGELIMIT 3 3] Only the last messages were looked at

# UID EXPUNGE: those with \Deleted count. EXPUNGE has no limit (section 3.1).
C< f1 APPEND INBOX (\\Deleted) {3+}\r\nsev {3+}\r\neig (\\Deleted) {3+}\r\nnin\r\n
S* f1 OK [APPENDUID $valid 7:9] APPEND completed
C< f2 APPEND INBOX (\\Deleted) {3+}\r\nten (\\Deleted) {3+}\r\nele\r\n
S* f2 OK [APPENDUID $valid 10:11] APPEND completed
C: f3 UID EXPUNGE 1:*
S: * 7 EXPUNGE
S: * 6 EXPUNGE
S: * 5 EXPUNGE
S* f3 OK [MESSAGELIMIT 3 9] Only the last messages were looked at
C: f4 UID EXPUNGE 1:*
S: * 3 EXPUNGE
S* f4 OK EXPUNGE completed
C: f5 STORE 1:* +FLAGS.SILENT (\Deleted)
S* f5 OK STORE completed
C< f6 APPEND INBOX (\\Deleted) {3+}\r\ntwe\r\n
S* f6 OK ...
C: f7 EXPUNGE
S: * 4 EXPUNGE
S: * 3 EXPUNGE
S: * 2 EXPUNGE
S: * 1 EXPUNGE
S* f7 OK ...

# UIDs 13 14 15 16. A NO about one of the messages does not hide that there are more.
C< g1 APPEND INBOX {3+}\r\none {3+}\r\ntwo\r\n
S* g1 OK ...
C< g2 APPEND INBOX {42+}\r\nContent-Transfer-Encoding: x-none\r\n\r\nthree {4+}\r\nfour\r\n
S* g2 OK ...
C: g3 UID FETCH 1:* BINARY.PEEK[1]
S: * 2 FETCH (UID 14 BINARY[1] {3}\r\ntwo)
S: * 4 FETCH (UID 16 BINARY[1] {4}\r\nfour)
S: * NO [MESSAGELIMIT 3 14] Only the last messages were looked at
S: g3 NO [UNKNOWN-CTE] A part has an encoding that is not known
C: g4 UID FETCH 14:* BINARY.PEEK[1]
S: * 2 FETCH (UID 14 BINARY[1] {3}\r\ntwo)
S: * 4 FETCH (UID 16 BINARY[1] {4}\r\nfour)
S: g4 NO [UNKNOWN-CTE] A part has an encoding that is not known

# No batch of UIDBATCHES has as few as this limit.
C: h1 UIDBATCHES 3
S: h1 NO [TOOFEW] A batch has at least 500 messages
C: h2 UIDBATCHES 500
S: h2 NO [MESSAGELIMIT 3] Too many messages; try fewer at once
