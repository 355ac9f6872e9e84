# The policy ended the IDLE; a client that says DONE then has the BYE with the reason, and gets no "DONE BAD".
option idle.policy=timeout
option idle.timeout=1s
option idle.keepalive=0
account one
S: * OK [CAPABILITY ...] ...
C: a1 LOGIN $one $password
S: a1 OK [CAPABILITY ...] Logged in
C: a2 SELECT INBOX
S* a2 OK [READ-WRITE] SELECT completed
C: a3 IDLE
S: + idling
LOG ^IMAP \S+ F 06050 \d+ Removing session one - It has timed out$
S: * BYE [UNAVAILABLE] Autologout; idle for too long
END
C< D
