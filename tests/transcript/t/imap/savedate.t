# SAVEDATE (RFC 8514): when a message came into its mailbox, whatever its internal date says.
account t
S: * OK [CAPABILITY ...] ...
C: a1 LOGIN $t $password
S: a1 OK [CAPABILITY ... SAVEDATE ...] Logged in
C< a2 APPEND INBOX "01-Jan-2015 18:50:53 +0100" {15+}\r\nSubject: x\r\n\r\ny\r\n
S: a2 OK [APPENDUID ... 1] APPEND completed
C: a3 SELECT INBOX
S* a3 OK [READ-WRITE] SELECT completed
C: a4 FETCH 1 (SAVEDATE INTERNALDATE)
S: * 1 FETCH (SAVEDATE "... +0000" INTERNALDATE "01-Jan-2015 18:50:53 +0100")
S: a4 OK FETCH completed
C: a5 FETCH 1 (SAVEDATE BODY.PEEK[TEXT])
S: * 1 FETCH (SAVEDATE "... +0000" BODY[TEXT] {1}\r\ny)
S: a5 OK FETCH completed

# The keys look at the save date.
C: a6 SEARCH SAVEDSINCE 2-Jan-2015
S: * SEARCH 1
S: a6 OK SEARCH completed
C: a7 SEARCH SINCE 2-Jan-2015
S: * SEARCH
S: a7 OK SEARCH completed
C: a8 SEARCH SAVEDON 1-Jan-2015
S: * SEARCH
S: a8 OK SEARCH completed
C: a9 SEARCH NOT SAVEDBEFORE 2-Jan-2015 SAVEDATESUPPORTED
S: * SEARCH 1
S: a9 OK SEARCH completed
C: a10 SEARCH NOT SAVEDATESUPPORTED
S: * SEARCH
S: a10 OK SEARCH completed
C: a11 SEARCH SAVEDBEFORE yesterday
S: a11 BAD ...

# MOVE and COPY keep the internal date.
C: a12 MOVE 1 Trash
S: * OK [COPYUID ... 1 1] ...
S: * 1 EXPUNGE
S* a12 OK MOVE completed
C: a13 SELECT Trash
S* a13 OK [READ-WRITE] SELECT completed
C: a14 UID FETCH 1 (SAVEDATE INTERNALDATE)
S: * 1 FETCH (UID 1 SAVEDATE "... +0000" INTERNALDATE "01-Jan-2015 18:50:53 +0100")
S: a14 OK UID FETCH completed
C: a15 UID SEARCH SAVEDSINCE 1-Jan-2016 BEFORE 1-Jan-2016
S: * SEARCH 1
S: a15 OK UID SEARCH completed
