# DONE in any case, in pieces, with blanks before and after it, with LF alone (RFC 2177; clients as they are).
account i
S: * OK [CAPABILITY ...] ...
C: a1 LOGIN $i $password
S: a1 OK [CAPABILITY ...] Logged in
C: a2 SELECT INBOX
S* a2 OK [READ-WRITE] SELECT completed
C: a3 IDLE
S: + idling
C: done
S: a3 OK IDLE terminated
C: a4 idle
S: + idling
C: DoNe
S: a4 OK IDLE terminated
C: a5 IDLE
S: + idling
C< D
C< ON
C< E\r
C< \n
S: a5 OK IDLE terminated
C: a6 IDLE
S: + idling
C: DONE 
S: a6 OK IDLE terminated
C: a7 IDLE
S: + idling
C< DONE \t  \r\n
S: a7 OK IDLE terminated
C: a8 IDLE
S: + idling
C< DONE\n
S: a8 OK IDLE terminated
C: a9 NOOP
S: a9 OK NOOP completed
