# MULTISEARCH (RFC 7377): ESEARCH through several mailboxes.
account s
mail s
Subject: one

apple
.
mail s
Subject: two

birch
.
S: * OK ...
C: a1 LOGIN $s $password
S: a1 OK [CAPABILITY ... MULTISEARCH ...] Logged in
C: a2 CREATE Work/Old/Older
S: a2 OK ...
C: a3 CREATE Work-shop
S: a3 OK ...
C: a4 CREATE Empty
S: a4 OK ...
mail s Work
Subject: three

apple
.
mail s Work/Old
Subject: four

apple
.
mail s Work/Old/Older
Subject: five

birch
.
mail s Work-shop
Subject: six

apple birch
.
# ---- grammar, and the state (section 2.2) ----
C: b1 ESEARCH
S: b1 BAD ESEARCH needs search keys
C: b2 ESEARCH IN mailboxes INBOX ALL
S: b2 BAD IN needs mailboxes in parentheses
C: b3 ESEARCH IN () ALL
S: b3 BAD Unknown specification of mailboxes
C: b4 ESEARCH IN (everything) ALL
S: b4 BAD Unknown specification of mailboxes
C: b5 ESEARCH IN (personal)
S: b5 BAD ESEARCH needs search keys
C: b6 ESEARCH IN (personal ALL
S: b6 BAD Unknown specification of mailboxes
C: b7 ESEARCH IN (selected-delayed) ALL
S: b7 BAD SELECTED-DELAYED is for NOTIFY only
C: b8 ESEARCH IN (personal (something)) ALL
S: b8 BAD Unknown scope option
C: b9 ESEARCH IN (personal) RETURN (SAVE) ALL
S: b9 BAD SAVE is for the selected mailbox alone
C: b10 ESEARCH ALL
S: b10 BAD No mailbox is selected
C: b11 ESEARCH IN (selected personal) ALL
S: b11 BAD No mailbox is selected
C: b12 ESEARCH IN (personal) RETURN (UPDATE) ALL
S: b12 BAD UPDATE needs a selected mailbox
C: b13 ESEARCH IN (personal) CHARSET martian TEXT x
S: b13 NO [BADCHARSET ...] ...
C: b14 UID ESEARCH ALL
S: b14 BAD Unknown UID command
C: b15 NOTIFY SET (subtree-one Work NONE)
S: b15 BAD Unknown specification of mailboxes
# ---- without a selected mailbox; mailboxes without hits are not mentioned (section 2.1) ----
C: c1 ESEARCH IN (personal) BODY apple
S: * ESEARCH (TAG "c1" MAILBOX INBOX UIDVALIDITY $v1) UID ALL 1
S: * ESEARCH (TAG "c1" MAILBOX Work UIDVALIDITY $v2) UID ALL 1
S: * ESEARCH (TAG "c1" MAILBOX Work-shop UIDVALIDITY $v3) UID ALL 1
S: * ESEARCH (TAG "c1" MAILBOX Work/Old UIDVALIDITY $v4) UID ALL 1
S: c1 OK ESEARCH completed
C: c2 esearch in (inboxes) return (min max count) unseen
S: * ESEARCH (TAG "c2" MAILBOX INBOX UIDVALIDITY $v1) UID MIN 1 MAX 2 COUNT 2
S: * ESEARCH (TAG "c2" MAILBOX Work UIDVALIDITY $v2) UID MIN 1 MAX 1 COUNT 1
S: * ESEARCH (TAG "c2" MAILBOX Work-shop UIDVALIDITY $v3) UID MIN 1 MAX 1 COUNT 1
S: * ESEARCH (TAG "c2" MAILBOX Work/Old UIDVALIDITY $v4) UID MIN 1 MAX 1 COUNT 1
S: * ESEARCH (TAG "c2" MAILBOX Work/Old/Older UIDVALIDITY $v5) UID MIN 1 MAX 1 COUNT 1
S: c2 OK ESEARCH completed
C: c3 ESEARCH IN (subtree Work) RETURN (COUNT) BODY birch
S: * ESEARCH (TAG "c3" MAILBOX Work/Old/Older UIDVALIDITY $v5) UID COUNT 1
S: c3 OK ESEARCH completed
C: c4 ESEARCH IN (subtree-one Work) RETURN () ALL
S: * ESEARCH (TAG "c4" MAILBOX Work UIDVALIDITY $v2) UID ALL 1
S: * ESEARCH (TAG "c4" MAILBOX Work/Old UIDVALIDITY $v4) UID ALL 1
S: c4 OK ESEARCH completed
C: c5 ESEARCH IN (mailboxes (Work No/Such Empty) mailboxes work-SHOP subtree-one Work/Old) RETURN (COUNT) ALL
S: * ESEARCH (TAG "c5" MAILBOX Work UIDVALIDITY $v2) UID COUNT 1
S: * ESEARCH (TAG "c5" MAILBOX Work/Old UIDVALIDITY $v4) UID COUNT 1
S: * ESEARCH (TAG "c5" MAILBOX Work/Old/Older UIDVALIDITY $v5) UID COUNT 1
S: c5 OK ESEARCH completed
C: c6 SUBSCRIBE Work-shop
S: c6 OK ...
C: c7 SUBSCRIBE No/Such
S: c7 OK ...
C: c8 ESEARCH IN (subscribed subscribed) SUBJECT six
S: * ESEARCH (TAG "c8" MAILBOX Work-shop UIDVALIDITY $v3) UID ALL 1
S: c8 OK ESEARCH completed
C: c9 ESEARCH IN (personal) SUBJECT nothing
S: c9 OK ESEARCH completed
# PARTIAL is of each mailbox (section 2.2); a number that no message has is no mistake (section 2).
C: c10 ESEARCH IN (mailboxes (INBOX Work)) RETURN (PARTIAL 2:2) 1:100
S: * ESEARCH (TAG "c10" MAILBOX INBOX UIDVALIDITY $v1) UID PARTIAL (2:2 2)
S: * ESEARCH (TAG "c10" MAILBOX Work UIDVALIDITY $v2) UID PARTIAL (2:2 NIL)
S: c10 OK ESEARCH completed
C: c11 ESEARCH IN (personal) RETURN (COUNT) 7
S: c11 OK ESEARCH completed
C: c12 ESEARCH IN (mailboxes (INBOX Empty)) RETURN (COUNT) *
S: * ESEARCH (TAG "c12" MAILBOX INBOX UIDVALIDITY $v1) UID COUNT 1
S: c12 OK ESEARCH completed
C: c13 ESEARCH IN (mailboxes Work) RETURN (MAX) MODSEQ 1
S: * ESEARCH (TAG "c13" MAILBOX Work UIDVALIDITY $v2) UID MAX 1 MODSEQ $m
S: c13 OK ESEARCH completed
# ---- it looks and changes nothing: what is \Recent stays so, and what is selected too ----
C: d1 EXAMINE Work
S: * 1 EXISTS
S: * 1 RECENT
S* d1 OK [READ-ONLY] ...
C: d2 ESEARCH IN (selected) ALL
S: * ESEARCH (TAG "d2" MAILBOX Work UIDVALIDITY $v2) UID ALL 1
S: d2 OK ESEARCH completed
C: d3 ESEARCH ALL
S: * ESEARCH (TAG "d3" MAILBOX Work UIDVALIDITY $v2) UID ALL 1
S: d3 OK ESEARCH completed
C: d4 ESEARCH RETURN (SAVE COUNT) ALL
S: * ESEARCH (TAG "d4" MAILBOX Work UIDVALIDITY $v2) UID COUNT 1
S: d4 OK ESEARCH completed
C: d5 ESEARCH IN (personal) RETURN (COUNT) $
S: * ESEARCH (TAG "d5" MAILBOX Work UIDVALIDITY $v2) UID COUNT 1
S: d5 OK ESEARCH completed
C: d6 ESEARCH IN (selected selected) RETURN (SAVE) SUBJECT nothing
S: d6 OK ESEARCH completed
C: d7 FETCH $ (UID)
S: d7 OK FETCH completed
C: d8 ESEARCH IN (mailboxes INBOX) RETURN (UPDATE CONTEXT COUNT) ALL
S: * ESEARCH (TAG "d8" MAILBOX INBOX UIDVALIDITY $v1) UID COUNT 2
S: * NO [NOUPDATE "d8"] Only the results of SEARCH are kept up to date
S: d8 OK ESEARCH completed
# Of the selected mailbox it finds what its client counts, and tells changes as UID SEARCH does.
[2] S: * OK ...
[2] C: a1 LOGIN $s $password
[2] S: a1 OK ...
[2] C: a2 SELECT Work
[2] S* a2 OK ...
[2] C: a3 STORE 1 +FLAGS.SILENT (\Deleted)
[2] S: a3 OK ...
[2] C: a4 EXPUNGE
[2] S* a4 OK ...
C: d9 ESEARCH IN (selected mailboxes INBOX) RETURN (COUNT) ALL
S: * ESEARCH (TAG "d9" MAILBOX INBOX UIDVALIDITY $v1) UID COUNT 2
S: * ESEARCH (TAG "d9" MAILBOX Work UIDVALIDITY $v2) UID COUNT 1
S: * 1 EXPUNGE
S: * 0 RECENT
S: d9 OK ESEARCH completed
C: d10 ESEARCH IN (personal) RETURN (COUNT) SUBJECT three
S: d10 OK ESEARCH completed
# ---- names are written as in every other response ----
C: e1 CREATE "a b&-c"
S: e1 OK ...
C: e2 COPY 1 "a b&-c"
S: e2 BAD ...
mail s Work
Subject: seven

x
.
C: e3 NOOP
S* e3 OK ...
C: e4 COPY 1 "a b&-c"
S: e4 OK ...
C: e5 ESEARCH IN (mailboxes "a b&-c") ALL
S: * ESEARCH (TAG "e5" MAILBOX "a b&-c" UIDVALIDITY $v6) UID ALL 1
S: e5 OK ESEARCH completed
# ---- pipelined ----
C< f1 ESEARCH IN (mailboxes INBOX) RETURN (COUNT) ALL\r\nf2 ESEARCH IN (mailboxes INBOX) RETURN (MIN) ALL\r\n
S: * ESEARCH (TAG "f1" MAILBOX INBOX UIDVALIDITY $v1) UID COUNT 2
S: f1 OK ESEARCH completed
S: * ESEARCH (TAG "f2" MAILBOX INBOX UIDVALIDITY $v1) UID MIN 1
S: f2 OK ESEARCH completed
