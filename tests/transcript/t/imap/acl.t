# ACL (RFC 4314): lists of one's own mailboxes, identifiers, the obsolete rights, what cannot be.
account anna
account bert
C: b1 GETACL INBOX
S* b1 BAD Log in first
C: a1 LOGIN $anna $password
S: a1 OK ...
C: a2 GETACL INBOX
S: * ACL INBOX $anna lrswipkxtecda
S: a2 OK GETACL completed
C: a3 MYRIGHTS INBOX
S: * MYRIGHTS INBOX lrswipkxtecda
S: a3 OK MYRIGHTS completed
C: a4 SETACL INBOX $bert lrs
S: a4 OK SETACL completed
C: a5 GETACL inbox
S: * ACL INBOX $anna lrswipkxtecda $bert lrs
S: a5 OK GETACL completed
# Adding, taking away, replacing; c and d stand for two rights each (section 2.1.1).
C: a6 SETACL INBOX $bert +cd
S: a6 OK SETACL completed
C: a7 GETACL INBOX
S: * ACL INBOX $anna lrswipkxtecda $bert lrskxtecd
S: a7 OK GETACL completed
C: a8 SETACL INBOX $bert -xts
S: a8 OK SETACL completed
C: a9 GETACL INBOX
S: * ACL INBOX $anna lrswipkxtecda $bert lrkecd
S: a9 OK GETACL completed
C: a10 SETACL INBOX $bert l
S: a10 OK SETACL completed
C: a11 SETACL INBOX anyone lr
S: a11 OK SETACL completed
C: a12 SETACL INBOX -$bert r
S: a12 OK SETACL completed
C: a13 GETACL INBOX
S: * ACL INBOX $anna lrswipkxtecda anyone lr $bert l -$bert r
S: a13 OK GETACL completed
# A negative identifier is not the identifier; no rights, no entry.
C: a14 DELETEACL INBOX $bert
S: a14 OK DELETEACL completed
C: a15 GETACL INBOX
S: * ACL INBOX $anna lrswipkxtecda anyone lr -$bert r
S: a15 OK GETACL completed
C: a16 SETACL INBOX -$bert -r
S: a16 OK SETACL completed
C: a17 SETACL INBOX anyone ""
S: a17 OK SETACL completed
C: a18 DELETEACL INBOX anyone
S: a18 OK DELETEACL completed
C: a19 GETACL INBOX
S: * ACL INBOX $anna lrswipkxtecda
S: a19 OK GETACL completed
# Rights that there are not (section 3.1), identifiers that are none, or nobody's.
C: c1 SETACL INBOX $bert lrQs
S: c1 BAD Those are not rights
C: c2 SETACL INBOX $bert lrq
S: c2 BAD Those are not rights
C: c3 SETACL INBOX $bert 0
S: c3 BAD Those are not rights
C: c4 SETACL INBOX $bert l+r
S: c4 BAD Those are not rights
C: c5 SETACL INBOX "" lr
S: c5 BAD That is not an identifier
C: c6 SETACL INBOX - lr
S: c6 BAD That is not an identifier
C: c7 SETACL INBOX "a\xc2\xadb\x07" lr
S: c7 BAD ...
C: c8 SETACL INBOX nobody.at.all lr
S: c8 NO [NONEXISTENT] No such account or group
C: c9 SETACL INBOX group:nobody lr
S: c9 NO [NONEXISTENT] No such account or group
C: c10 SETACL Nowhere $bert lr
S: c10 NO [NONEXISTENT] No such mailbox
C: c11 GETACL Nowhere
S: c11 NO [NONEXISTENT] No such mailbox
C: c12 MYRIGHTS Nowhere
S: c12 NO [NONEXISTENT] No such mailbox
C: c13 LISTRIGHTS Nowhere $bert
S: c13 NO [NONEXISTENT] No such mailbox
C: c14 SETACL INBOX $bert
S: c14 BAD SETACL needs rights
C: c15 DELETEACL INBOX
S: c15 BAD An identifier is missing
C: c16 MYRIGHTS
S: c16 BAD A mailbox name is missing
# The owner has all rights, whatever is said.
C: d1 SETACL INBOX $anna lr
S: d1 NO [CANNOT] The owner of a mailbox has all rights to it
C: d2 DELETEACL INBOX $anna
S: d2 NO [CANNOT] The owner of a mailbox has all rights to it
C: d3 SETACL INBOX $anna +lr
S: d3 OK SETACL completed
C: d4 SETACL INBOX $anna lrswipcda
S: d4 OK SETACL completed
C: d5 SETACL INBOX -$anna r
S: d5 OK SETACL completed
C: d6 MYRIGHTS INBOX
S: * MYRIGHTS INBOX lrswipkxtecda
S: d6 OK MYRIGHTS completed
C: d7 DELETEACL INBOX -$anna
S: d7 OK DELETEACL completed
# What can be granted: no right is tied to another.
C: e1 LISTRIGHTS INBOX $bert
S: * LISTRIGHTS INBOX $bert "" l r s w i p k x t e c d a
S: e1 OK LISTRIGHTS completed
C: e2 LISTRIGHTS INBOX $anna
S: * LISTRIGHTS INBOX $anna lrswipkxtecda
S: e2 OK LISTRIGHTS completed
C: e3 LISTRIGHTS INBOX -anyone
S: * LISTRIGHTS INBOX -anyone "" l r s w i p k x t e c d a
S: e3 OK LISTRIGHTS completed
# What is made below a mailbox begins with its list (section 4); another name changes nothing.
C: f1 CREATE Work
S: f1 OK ...
C: f2 SETACL Work $bert lri
S: f2 OK SETACL completed
C: f3 CREATE Work/a/b
S: f3 OK ...
C: f4 GETACL Work/a/b
S: * ACL Work/a/b $anna lrswipkxtecda $bert lri
S: f4 OK GETACL completed
C: f5 SETACL Work/a $bert l
S: f5 OK SETACL completed
C: f6 RENAME Work Play
S: f6 OK RENAME completed
C: f7 GETACL Play/a
S: * ACL Play/a $anna lrswipkxtecda $bert l
S: f7 OK GETACL completed
C: f8 DELETE Play/a
S: f8 OK DELETE completed
C: f9 CREATE Play/a
S: f9 OK ...
C: f10 GETACL Play/a
S: * ACL Play/a $anna lrswipkxtecda $bert lri
S: f10 OK GETACL completed
# LIST-MYRIGHTS (RFC 8440)
C: g1 LIST "" (Play Nowhere) RETURN (MYRIGHTS)
S: * LIST () "/" Play
S: * MYRIGHTS Play lrswipkxtecda
S: g1 OK LIST completed
C: g2 NAMESPACE
S: * NAMESPACE (("" "/")) (("Other Users/" "/")) NIL
S: g2 OK NAMESPACE completed
