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
# Only the selected one of another user is searched, and under the name by which its client knows it.
[2] C: b2 ESEARCH IN (personal mailboxes "Other Users/$anna/INBOX" subtree "Other Users") BODY apple
[2] S: * ESEARCH (TAG "b2" MAILBOX INBOX UIDVALIDITY $v1) UID ALL 1
[2] S: b2 OK ESEARCH completed
[2] C: b3 SELECT "Other Users/$anna/INBOX"
[2] S* b3 OK [READ-ONLY] ...
[2] C: b4 ESEARCH IN (selected personal) BODY apple
[2] S: * ESEARCH (TAG "b4" MAILBOX INBOX UIDVALIDITY $v1) UID ALL 1
[2] S: * ESEARCH (TAG "b4" MAILBOX "Other Users/$anna/INBOX" UIDVALIDITY $v2) UID ALL 1
[2] S: b4 OK ESEARCH completed
[2] C: b5 ESEARCH RETURN (COUNT) ALL
[2] S: * ESEARCH (TAG "b5" MAILBOX "Other Users/$anna/INBOX" UIDVALIDITY $v2) UID COUNT 2
[2] S: b5 OK ESEARCH completed
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
[2] C: b10 ESEARCH IN (personal) RETURN (COUNT) ALL
[2] S: * ESEARCH (TAG "b10" MAILBOX INBOX UIDVALIDITY $v1) UID COUNT 1
[2] S: b10 OK ESEARCH completed
