# If the configuration says so, nothing can be granted to the identifier anyone; what is taken away from anyone still is.
option imap.share_with_anyone=no
account anna
account bert
[1] LOGIN anna
[2] LOGIN bert
C: a1 SETACL INBOX anyone lr
S: a1 NO [NOPERM] Mailboxes cannot be shared with anyone here
C: a2 SETACL INBOX anyone +r
S: a2 NO [NOPERM] Mailboxes cannot be shared with anyone here
C: a3 SETACL INBOX anyone -r
S: a3 OK SETACL completed
C: a4 SETACL INBOX anyone ""
S: a4 OK SETACL completed
C: a5 DELETEACL INBOX anyone
S: a5 OK DELETEACL completed
C: a6 LISTRIGHTS INBOX anyone
S: * LISTRIGHTS INBOX anyone ""
S: a6 OK LISTRIGHTS completed
C: a7 LISTRIGHTS INBOX -anyone
S: * LISTRIGHTS INBOX -anyone "" l r s w i p k x t e c d a
S: a7 OK LISTRIGHTS completed
C: a8 LISTRIGHTS INBOX $bert
S: * LISTRIGHTS INBOX $bert "" l r s w i p k x t e c d a
S: a8 OK LISTRIGHTS completed
C: b1 SETACL INBOX $bert lrs
S: b1 OK SETACL completed
C: b2 SETACL INBOX -anyone s
S: b2 OK SETACL completed
C: b3 GETACL INBOX
S: * ACL INBOX $anna lrswipkxtecda -anyone s $bert lrs
S: b3 OK GETACL completed
[2] C: c1 MYRIGHTS "Other Users/$anna/INBOX"
[2] S: * MYRIGHTS "Other Users/$anna/INBOX" lr
[2] S: c1 OK MYRIGHTS completed
# What no right is, is said in any case.
C: d1 SETACL INBOX anyone lrQ
S: d1 BAD Those are not rights
