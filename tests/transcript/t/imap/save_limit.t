# SAVELIMIT (RFC 9738): the same for COPY and APPEND alone.
option limits.save_limit=2
account n
S: * OK [CAPABILITY ... SAVELIMIT=2 ...] ...
C: a1 LOGIN $n $password
S: a1 OK [CAPABILITY ... SAVELIMIT=2 ...] Logged in
C: a2 CAPABILITY
S! ...MESSAGELIMIT...
S* a2 OK CAPABILITY completed
C< a3 APPEND INBOX {3+}\r\none {3+}\r\ntwo {5+}\r\nthree\r\n
S: a3 NO [MESSAGELIMIT 2] Too many messages; try fewer at once
C< a4 APPEND INBOX {3+}\r\none {3+}\r\ntwo\r\n
S: a4 OK [APPENDUID $valid 1:2] APPEND completed
C< a5 APPEND INBOX {5+}\r\nthree\r\n
S: a5 OK [APPENDUID $valid 3] APPEND completed
C: a6 SELECT INBOX
S* a6 OK [READ-WRITE] SELECT completed
C: a7 COPY 1:3 Trash
S: a7 NO [MESSAGELIMIT 2 2] Too many messages; try fewer at once
C: a8 UID COPY 2:* Trash
S: a8 OK [COPYUID ... 2:3 1:2] COPY completed
C: a9 FETCH 1:3 UID
S: * 1 FETCH (UID 1)
S: * 2 FETCH (UID 2)
S: * 3 FETCH (UID 3)
S: a9 OK FETCH completed
C: a10 SEARCH ALL
S: * SEARCH 1 2 3
S: a10 OK SEARCH completed
C: a11 STORE 1:3 +FLAGS.SILENT (\Seen)
S: a11 OK STORE completed
C: a12 MOVE 1:3 Junk
S: * OK [COPYUID ... 1:3 1:3] Moved
S* a12 OK MOVE completed
# A message that is put together counts once, whatever its pieces (RFC 4469).
C< a13 APPEND INBOX CATENATE (TEXT {11+}\r\nA: 1\r\n\r\none TEXT {3+}\r\ntwo TEXT {5+}\r\nthree)\r\n
S* a13 OK [APPENDUID $valid 4] APPEND completed
