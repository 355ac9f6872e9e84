# A tagged command in the place of DONE ends IDLE and is run (Apple Mail). The answers come in the order of the
# commands. A DONE that follows late is for nobody, and is not answered by "DONE BAD".
account i
S: * OK [CAPABILITY ...] ...
C: a1 LOGIN $i $password
S: a1 OK [CAPABILITY ...] Logged in
C: a2 SELECT INBOX
S* a2 OK [READ-WRITE] SELECT completed
C: a3 IDLE
S: + idling
C: a4 NOOP
S: a3 OK IDLE terminated
S: a4 OK NOOP completed
C: DONE
C: a5 NOOP
S: a5 OK NOOP completed
C: a6 IDLE
S: + idling
C: a7 IDLE
S: a6 OK IDLE terminated
S: + idling
C: DONE
S: a7 OK IDLE terminated
C: DONE
S: DONE BAD A command word is missing after the tag
C: a8 IDLE
S: + idling
C: a9 UID FETCH 1:* (FLAGS)
S: a8 OK IDLE terminated
S: a9 OK UID FETCH completed
C: done
C: a10 LOGOUT
S: * BYE Logging out
S: a10 OK LOGOUT completed
END
