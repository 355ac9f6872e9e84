# TLS first, compression above it (RFC 4978 section 3).
option auth.allow_plaintext=no
account one
S: * OK [CAPABILITY ...] ...
C: a1 STARTTLS
S: a1 OK Begin TLS negotiation now
TLS
C: a2 LOGIN one $password
S: a2 OK [CAPABILITY ... COMPRESS=DEFLATE...] Logged in
C: a3 COMPRESS DEFLATE
S: a3 OK DEFLATE active
DEFLATE
C: a4 SELECT INBOX
S* a4 OK [READ-WRITE] ...
C: a5 IDLE
S: + idling
mail one
From: b@example.org
Subject: pushed

text
.
S: * 1 EXISTS
S: * 1 RECENT
C: DONE
S: a5 OK IDLE terminated
C: a6 LOGOUT
S: * BYE Logging out
S: a6 OK LOGOUT completed
END
