# Limits by settings of seconds, the kick, the account's connections, lines that are too long.
option limits.login_timeout=4s
option limits.inactivity_timeout=5s
option limits.max_connections_per_user=2
option auth.allow_plaintext=no
account one
S: * OK [CAPABILITY ...] ...
C: GET / HTTP/1.1
S: * BYE [CLIENTBUG] This is not the protocol spoken here
END
[2] S: * OK [CAPABILITY ...] ...
[2] C: a1 LOGIN one $password
[2] S: a1 NO [PRIVACYREQUIRED] Use TLS: passwords are not accepted without encryption
[2] C: a2 AUTHENTICATE PLAIN
[2] S: a2 NO [PRIVACYREQUIRED] Use TLS: passwords are not accepted without encryption
[2] C: a3 STARTTLS
[2] S: a3 OK Begin TLS negotiation now
[2] TLS
[2] C: a4 CAPABILITY
[2] S: * CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ID ENABLE IDLE NAMESPACE UIDPLUS MOVE UNSELECT CHILDREN SPECIAL-USE CREATE-SPECIAL-USE LIST-EXTENDED LIST-STATUS STATUS=SIZE MULTIAPPEND ESEARCH SEARCHRES SORT SORT=DISPLAY ESORT CONTEXT=SEARCH SEARCH=FUZZY MULTISEARCH THREAD=ORDEREDSUBJECT THREAD=REFERENCES THREAD=REFS I18NLEVEL=1 UTF8=ACCEPT PARTIAL CONDSTORE QRESYNC UIDONLY UIDBATCHES WITHIN APPENDLIMIT=67108864 QUOTA QUOTA=RES-STORAGE QUOTA=RES-MESSAGE QUOTA=RES-MAILBOX ACL RIGHTS=kxte LIST-MYRIGHTS PREVIEW INPROGRESS OBJECTID SAVEDATE BINARY REPLACE CATENATE NOTIFY METADATA LIST-METADATA AUTH=PLAIN AUTH=LOGIN
[2] S: a4 OK CAPABILITY completed
[2] C: a5 LOGIN one $password
[2] S: a5 OK [CAPABILITY ...] Logged in
[2] C: a6 STARTTLS
[2] S: a6 BAD Already logged in
[3] S: * OK [CAPABILITY ...] ...
# In one packet: what comes after the answer is TLS already.
[3] C= b1 STARTTLS\r\nb2 NOOP\r\nb3 NOOP\r\n
[3] S: b1 OK Begin TLS negotiation now
[3] TLS
[3] C: b4 NOOP
[3] S: b4 OK NOOP completed
[3] C: b5 LOGIN one $password
[3] S: b5 OK [CAPABILITY ...] Logged in
[4] S: * OK [CAPABILITY ...] ...
[4] C: c1 STARTTLS
[4] S: c1 OK Begin TLS negotiation now
[4] TLS
[4] C: c2 LOGIN one $password
[4] S: c2 NO [LIMIT] Your account has as many connections as it may have (2 unknown at 127.0.0.1); close a program that is not needed
[5] S: * OK [CAPABILITY ...] ...
[5] C: d1 NOOP
[5] S: d1 OK NOOP completed
[2] S: * BYE [UNAVAILABLE] Autologout; no command for too long
[3] S: * BYE [UNAVAILABLE] Autologout; no command for too long
[4] S: * BYE [UNAVAILABLE] Too long without logging in
[5] S: * BYE [UNAVAILABLE] Too long without logging in
[2] END
[3] END
[4] END
[5] END
