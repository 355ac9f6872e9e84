# ESEARCH (RFC 7377) and live results (RFC 5267) in a mailbox of another user.
account anna
account bert
mail anna
Subject: one

apple
.
mail anna
Subject: two

birch
.
mail bert
Subject: three

apple
.
C: a1 LOGIN $anna $password
S* a1 OK ...
C: a2 SETACL INBOX $bert lr
S: a2 OK SETACL completed
C: a3 SELECT INBOX
S* a3 OK ...
[2] C: b1 LOGIN $bert $password
[2] S* b1 OK ...
# Mailboxes of others are searched once each, under the names by which their client knows them.
[2] C: b2 ESEARCH IN (personal mailboxes "Other Users/$anna/INBOX" subtree "Other Users") BODY apple
[2] S: * ESEARCH (TAG "b2" MAILBOX INBOX UIDVALIDITY $v1) UID ALL 1
[2] S: * ESEARCH (TAG "b2" MAILBOX "Other Users/$anna/INBOX" UIDVALIDITY $v2) UID ALL 1
[2] S: b2 OK ESEARCH completed
[2] C: c1 ESEARCH IN (personal) BODY apple
[2] S: * ESEARCH (TAG "c1" MAILBOX INBOX UIDVALIDITY $v1) UID ALL 1
[2] S: c1 OK ESEARCH completed
# What the client names needs "r"; what it does not name needs "l" too (section 2.2). Nothing is said of the others.
mail anna Archive
Subject: four

apple
.
mail anna Sent
Subject: five

apple
.
mail anna Trash
Subject: six

apple
.
C: c2 SETACL Archive $bert r
S: c2 OK SETACL completed
C: c3 SETACL Sent $bert l
S: c3 OK SETACL completed
[2] C: c4 ESEARCH IN (subtree "Other Users") BODY apple
[2] S: * ESEARCH (TAG "c4" MAILBOX "Other Users/$anna/INBOX" UIDVALIDITY $v2) UID ALL 1
[2] S: c4 OK ESEARCH completed
[2] C: c5 ESEARCH IN (mailboxes ("Other Users/$anna/Archive" "Other Users/$anna/Sent" "Other Users/$anna/Trash" "Other Users/$anna/Nowhere" "Other Users/nobody/INBOX" "Other Users")) BODY apple
[2] S: * ESEARCH (TAG "c5" MAILBOX "Other Users/$anna/Archive" UIDVALIDITY ...) UID ALL 1
[2] S: c5 OK ESEARCH completed
# One name stands for one mailbox, however often it is meant; another spelling is none of another user.
[2] C: c6 ESEARCH IN (mailboxes ("Other Users/$anna/inbox" "Other Users/$anna/INBOX") subtree-one "Other Users/$anna") RETURN (COUNT) BODY apple
[2] S: * ESEARCH (TAG "c6" MAILBOX "Other Users/$anna/INBOX" UIDVALIDITY $v2) UID COUNT 1
[2] S: c6 OK ESEARCH completed
[2] C: c7 ESEARCH IN (subtree-one "Other Users") BODY apple
[2] S: c7 OK ESEARCH completed
[2] C: c8 SUBSCRIBE "Other Users/$anna/INBOX"
[2] S: c8 OK ...
[2] C: c9 UNSUBSCRIBE INBOX
[2] S: c9 OK ...
[2] C: c10 ESEARCH IN (subscribed) BODY apple
[2] S: * ESEARCH (TAG "c10" MAILBOX "Other Users/$anna/INBOX" UIDVALIDITY $v2) UID ALL 1
[2] S: c10 OK ESEARCH completed
# Nobody else's: anna is told of what is hers.
C: c11 ESEARCH IN (personal subtree "Other Users") RETURN (COUNT) BODY apple
S: * ESEARCH (TAG "c11" MAILBOX Archive UIDVALIDITY ...) UID COUNT 1
S: * ESEARCH (TAG "c11" MAILBOX INBOX UIDVALIDITY $v2) UID COUNT 1
S: * ESEARCH (TAG "c11" MAILBOX Sent UIDVALIDITY ...) UID COUNT 1
S: * ESEARCH (TAG "c11" MAILBOX Trash UIDVALIDITY ...) UID COUNT 1
S: c11 OK ESEARCH completed
[2] C: b3 SELECT "Other Users/$anna/INBOX"
[2] S* b3 OK [READ-ONLY] ...
[2] C: b4 ESEARCH IN (selected personal) BODY apple
[2] S: * ESEARCH (TAG "b4" MAILBOX INBOX UIDVALIDITY $v1) UID ALL 1
[2] S: * ESEARCH (TAG "b4" MAILBOX "Other Users/$anna/INBOX" UIDVALIDITY $v2) UID ALL 1
[2] S: b4 OK ESEARCH completed
[2] C: b5 ESEARCH RETURN (COUNT) ALL
[2] S: * ESEARCH (TAG "b5" MAILBOX "Other Users/$anna/INBOX" UIDVALIDITY $v2) UID COUNT 2
[2] S: b5 OK ESEARCH completed
# Others are not meant because the selected mailbox is, and it is answered once though it is listed too.
C: g1 CREATE Open
S: g1 OK ...
C: g2 SETACL Open $bert lr
S: g2 OK ...
[2] C: g3 ESEARCH IN (selected subtree "Other Users/$anna/None") RETURN (COUNT) ALL
[2] S: * ESEARCH (TAG "g3" MAILBOX "Other Users/$anna/INBOX" UIDVALIDITY $v2) UID COUNT 2
[2] S: g3 OK ESEARCH completed
[2] C: g4 ESEARCH IN (selected subtree "Other Users/$anna/INBOX") RETURN (COUNT) ALL
[2] S: * ESEARCH (TAG "g4" MAILBOX "Other Users/$anna/INBOX" UIDVALIDITY $v2) UID COUNT 2
[2] S: g4 OK ESEARCH completed
C: g5 DELETE Open
S: g5 OK ...
# Results are kept up to date as in one's own mailboxes.
[2] C: b6 UID SEARCH RETURN (UPDATE COUNT) FLAGGED
[2] S: * ESEARCH (TAG "b6") UID COUNT 0
[2] S: b6 OK UID SEARCH completed
C: a4 STORE 2 +FLAGS.SILENT (\Flagged)
S: a4 OK STORE completed
[2] C: b7 NOOP
[2] S: * 2 FETCH ...
[2] S: * ESEARCH (TAG "b6") UID ADDTO (0 2)
[2] S: b7 OK NOOP completed
# Whoever may not read it any more does not find anything there, and is told of nothing.
C: a5 SETACL INBOX $bert l
S: a5 OK SETACL completed
[2] C: b8 ESEARCH IN (selected personal) ALL
[2] S: * NO [NOPERM] ...
[2] S: b8 NO [NOPERM] You may not do that with the selected mailbox
C: a6 STORE 2 -FLAGS.SILENT (\Flagged)
S: a6 OK STORE completed
[2] C: b9 NOOP
[2] S: b9 OK NOOP completed
# Nor if it is named.
[2] C: d1 ESEARCH IN (mailboxes "Other Users/$anna/INBOX" subtree "Other Users") RETURN (COUNT) ALL
[2] S: d1 OK ESEARCH completed
[2] C: b10 ESEARCH IN (personal) RETURN (COUNT) ALL
[2] S: * ESEARCH (TAG "b10" MAILBOX INBOX UIDVALIDITY $v1) UID COUNT 1
[2] S: b10 OK ESEARCH completed
