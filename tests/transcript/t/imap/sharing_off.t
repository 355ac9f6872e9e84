# If the configuration says so, mailboxes are not shared, and names of others mean nothing.
option imap.sharing=no
account anna
account bert
C: a1 LOGIN $anna $password
S* a1 OK ...
C: a2 CAPABILITY
S: * CAPABILITY ... QUOTA=RES-MAILBOX PREVIEW ...
S: a2 OK CAPABILITY completed
C: a3 NAMESPACE
S: * NAMESPACE (("" "/")) NIL NIL
S: a3 OK NAMESPACE completed
C: a4 SETACL INBOX $bert lr
S: a4 NO [CANNOT] Mailboxes are not shared here
C: a5 DELETEACL INBOX $bert
S: a5 NO [CANNOT] Mailboxes are not shared here
C: a6 GETACL INBOX
S: a6 NO [CANNOT] Mailboxes are not shared here
C: a7 LISTRIGHTS INBOX $bert
S: a7 NO [CANNOT] Mailboxes are not shared here
C: a8 MYRIGHTS INBOX
S: a8 NO [CANNOT] Mailboxes are not shared here
C: a9 SELECT "Other Users/$bert/INBOX"
S: a9 NO [NONEXISTENT] No such mailbox
C: b1 CREATE "Other Users/mine"
S: b1 OK ... CREATE completed
C: b2 LIST "" "Other Users/%"
S: * LIST (\HasNoChildren) "/" "Other Users/mine"
S: b2 OK LIST completed
