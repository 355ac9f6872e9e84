# SELECT and EXAMINE tell the name's attributes in IMAP4rev2 (RFC 9051 section 6.3.2).
account anna
S: * OK [CAPABILITY ...] ...
C: a1 LOGIN $anna $password
S: a1 OK [CAPABILITY ...] Logged in
C: a2 CREATE Sub/Mail
S: a2 OK [MAILBOXID (...)] CREATE completed
C: a3 CREATE "S*b"
S: a3 OK [MAILBOXID (...)] CREATE completed
C: a5 SUBSCRIBE Sub
S: a5 OK SUBSCRIBE completed
C: a6 SELECT Sub
S! * LIST ...
S* a6 OK [READ-WRITE] SELECT completed
[2] S: * OK [CAPABILITY ...] ...
[2] C: b1 LOGIN $anna $password
[2] S: b1 OK [CAPABILITY ...] Logged in
[2] C: b2 ENABLE UTF8=ACCEPT
[2] S: * ENABLED UTF8=ACCEPT
[2] S: b2 OK ENABLE completed
[2] C: b3 SELECT Sub
[2] S! * LIST ...
[2] S* b3 OK [READ-WRITE] SELECT completed
[3] S: * OK [CAPABILITY ...] ...
[3] C: c1 LOGIN $anna $password
[3] S: c1 OK [CAPABILITY ...] Logged in
[3] C: c2 ENABLE IMAP4rev2
[3] S: * ENABLED IMAP4rev2
[3] S: c2 OK ENABLE completed
[3] C: c3 SELECT Sub
[3] S: * LIST (\HasChildren \Subscribed) "/" Sub
[3] S: * 0 EXISTS
[3] S: * OK [UIDVALIDITY ...] UIDs valid
[3] S: * OK [UIDNEXT 1] predicted next UID
[3] S* * FLAGS (...)
[3] S: * OK [PERMANENTFLAGS (...)] Limited
[3] S* * OK [HIGHESTMODSEQ ...] Highest
[3] S* c3 OK [READ-WRITE] SELECT completed
# What is told after CLOSED belongs to the mailbox that follows (section 7.1).
[3] C: c4 EXAMINE Sub/Mail
[3] S: * OK [CLOSED] Previous mailbox is closed
[3] S: * LIST (\HasNoChildren) "/" Sub/Mail
[3] S* c4 OK [READ-ONLY] EXAMINE completed
[3] C: c5 SELECT Archive
[3] S: * OK [CLOSED] Previous mailbox is closed
[3] S: * LIST (\HasNoChildren \Subscribed \Archive) "/" Archive
[3] S* c5 OK [READ-WRITE] SELECT completed
[3] C: c6 SELECT inbox
[3] S: * OK [CLOSED] Previous mailbox is closed
[3] S: * LIST (...) "/" INBOX
[3] S* c6 OK [READ-WRITE] SELECT completed
# A name with a wildcard is one name.
[3] C: c7 SELECT "S*b"
[3] S: * OK [CLOSED] Previous mailbox is closed
[3] S: * LIST (\HasNoChildren) "/" "S*b"
[3] S: * 0 EXISTS
[3] S* c7 OK [READ-WRITE] SELECT completed
[3] C: c8 SELECT Nowhere
[3] S: * OK [CLOSED] Previous mailbox is closed
[3] S: c8 NO [NONEXISTENT] No such mailbox
