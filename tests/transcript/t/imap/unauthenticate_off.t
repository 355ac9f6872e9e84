# [imap] unauthenticate = no (RFC 8437 section 8): it is not offered, and who sends it all the same stays who he is.
option imap.unauthenticate=no
account Anna
C: a1 LOGIN $Anna $password
S! ...UNAUTHENTICATE...
S* a1 OK [CAPABILITY ...] Logged in
C: a2 CAPABILITY
S! ...UNAUTHENTICATE...
S* a2 OK CAPABILITY completed
C: a3 SELECT INBOX
S* a3 OK [READ-WRITE] SELECT completed
C: a4 UNAUTHENTICATE
S: a4 NO [CANNOT] UNAUTHENTICATE is switched off here
C: a5 CHECK
S: a5 OK CHECK completed
C: a6 LOGIN $Anna $password
S: a6 BAD ...
C: a7 IDLE
S: + idling
C: a8 UNAUTHENTICATE
S: a7 OK IDLE terminated
S: a8 NO [CANNOT] UNAUTHENTICATE is switched off here
# The same while the connection is compressed, which goes on then.
C: a9 COMPRESS DEFLATE
S: a9 OK DEFLATE active
DEFLATE
C: a10 UNAUTHENTICATE
S: a10 NO [CANNOT] UNAUTHENTICATE is switched off here
C: a11 NOOP
S: a11 OK NOOP completed
