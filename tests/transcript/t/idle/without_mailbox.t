# IDLE in the authenticated state (RFC 2177 does not forbid it; RFC 9051 section 6.3.13 allows it): nothing is pushed,
# and SELECT in its place is run.
account i
S: * OK [CAPABILITY ...] ...
C: a0 IDLE
S: a0 BAD Log in first
C: a1 LOGIN $i $password
S: a1 OK [CAPABILITY ...] Logged in
C: a2 IDLE
S: + idling
mail i
Subject: one

body
.
C: DONE
S: a2 OK IDLE terminated
C: a3 IDLE
S: + idling
C: a4 SELECT INBOX
S: a3 OK IDLE terminated
S: * 1 EXISTS
S* a4 OK [READ-WRITE] SELECT completed
C: a5 UNSELECT
S: a5 OK UNSELECT completed
C: a6 IDLE
S: + idling
C: DONE
S: a6 OK IDLE terminated
