# IDLE variants: without a mailbox, DONE in any case, split, with blanks, a command instead, pipelined.
account i
S: * OK [CAPABILITY ...] ...
C: a1 LOGIN $i $password
S: a1 OK [CAPABILITY ...] Logged in
C: a2 IDLE
S: + idling
C: DONE
S: a2 OK IDLE terminated
C: a3 SELECT INBOX
S: * 0 EXISTS
S: * 0 RECENT
S: * OK [UIDVALIDITY ...] UIDs valid
S: * OK [UIDNEXT 1] predicted next UID
S: * OK [MAILBOXID (...)] mailbox identifier
S: * FLAGS (\Seen \Answered \Flagged \Deleted \Draft)
S: * OK [PERMANENTFLAGS (\Seen \Answered \Flagged \Deleted \Draft \*)] Limited
S: * OK [HIGHESTMODSEQ ...] Highest
S: a3 OK [READ-WRITE] SELECT completed
C: a4 IDLE
S: + idling
C< DO
C< NE
C< \r\n
S: a4 OK IDLE terminated
C: a5 IDLE
S: + idling
C: done   
S: a5 OK IDLE terminated
C: a6 IDLE
S: + idling
C:   DONE
S: a6 OK IDLE terminated
S: * BAD A command begins with a tag
C: a7 IDLE
S: + idling
C: a8 NOOP
S: a7 OK IDLE terminated
S: a8 OK NOOP completed
C< a9 IDLE\r\nDONE\r\na10 IDLE\r\nDONE\r\na11 NOOP\r\n
S: + idling
S: a9 OK IDLE terminated
S: + idling
S: a10 OK IDLE terminated
S: a11 OK NOOP completed
C: a12 IDLE now
S: a12 BAD There is more after the end of the command
C: a13 IDLE
S: + idling
C: garbage
S: a13 OK IDLE terminated
S: garbage BAD A command word is missing after the tag
C: a14 IDLE
S: + idling
C: a15 APPEND INBOX {3}
S: a14 OK IDLE terminated
S: + go ahead
C: abc
S: * 1 EXISTS
S: * 1 RECENT
S: a15 OK [APPENDUID ... 1] APPEND completed
C: a16 IDLE
S: + idling
C< DONE\n
S: a16 OK IDLE terminated
C: a17 IDLE
S: + idling
C: a18 LOGOUT
S: a17 OK IDLE terminated
S: * BYE Logging out
S: a18 OK LOGOUT completed
END
