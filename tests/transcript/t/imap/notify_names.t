# NOTIFY (RFC 5465 sections 5.4, 5.5, 6): names, subscriptions, and sets of mailboxes that go by names.
account anna
S: * OK [CAPABILITY ...] ...
C: a1 LOGIN $anna $password
S: a1 OK ... Logged in
C: a2 NOTIFY SET (personal (MailboxName SubscriptionChange))
S: a2 OK NOTIFY completed
[2] S: * OK [CAPABILITY ...] ...
[2] C: b1 LOGIN $anna $password
[2] S: b1 OK ... Logged in
# ---- made, with the parent that is missing, which is affected twice and told once ----
[2] C: b2 CREATE Work/2024
[2] S: b2 OK ...CREATE completed
S: * LIST (\HasChildren) "/" Work
S: * LIST (\HasNoChildren) "/" Work/2024
[2] C: b3 CREATE "odd *%"
[2] S: b3 OK ...CREATE completed
S: * LIST (\HasNoChildren) "/" "odd *%"
# ---- subscribed ----
[2] C: b4 SUBSCRIBE Work/2024
[2] S: b4 OK SUBSCRIBE completed
S: * LIST (\HasNoChildren \Subscribed) "/" Work/2024
[2] C: b5 SUBSCRIBE Not/There
[2] S: b5 OK SUBSCRIBE completed
S: * LIST (\NonExistent \HasNoChildren \Subscribed) "/" Not/There
[2] C: b6 UNSUBSCRIBE Not/There
[2] S: b6 OK UNSUBSCRIBE completed
S: * LIST (\NonExistent) "/" Not/There
# ---- renamed: one line for all below, and the subscription that goes along ----
[2] C: b7 RENAME Work "Old work"
[2] S: b7 OK RENAME completed
S: * LIST (\HasChildren) "/" "Old work" ("OLDNAME" (Work))
S: * LIST (\HasNoChildren \Subscribed) "/" "Old work/2024"
# INBOX is renamed like any other, and nothing is told of the new one; nor is the subscription that goes along told
# again.
[2] C: b8 RENAME INBOX Saved
[2] S: b8 OK RENAME completed
S: * LIST (\HasNoChildren \Subscribed) "/" Saved ("OLDNAME" (INBOX))
# ---- deleted ----
[2] C: b9 DELETE "Old work/2024"
[2] S: b9 OK DELETE completed
S: * LIST (\NonExistent \HasNoChildren \Subscribed) "/" "Old work/2024"
S: * LIST (\HasNoChildren) "/" "Old work"
[2] C: b10 DELETE Saved
[2] S: b10 OK DELETE completed
S: * LIST (\NonExistent \HasNoChildren \Subscribed) "/" Saved
# ---- the client's own changes are not told (section 5) ----
C: a3 CREATE Mine
S: a3 OK ...CREATE completed
C: a4 SUBSCRIBE Mine
S: a4 OK SUBSCRIBE completed
C: a5 RENAME Mine Yours
S: a5 OK RENAME completed
C: a6 NOOP
S: a6 OK NOOP completed
# ---- a subtree: mailboxes that come below it belong to it, by whomever they are made ----
C: c1 NOTIFY SET (subtree "Old work" (MessageNew MessageExpunge MailboxName))
S: c1 OK NOTIFY completed
[2] C: b11 CREATE "Old work/new"
[2] S: b11 OK ...CREATE completed
S: * LIST (\HasNoChildren) "/" "Old work/new"
S: * LIST (\HasChildren) "/" "Old work"
C: c2 CREATE "Old work/own"
S: c2 OK ...CREATE completed
[2] C: b12 CREATE "Old workers"
[2] S: b12 OK ...CREATE completed
mail anna Old work/new
From: b@example.org
Subject: new

text
.
S: * STATUS "Old work/new" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY $v)
mail anna Old work/own
From: b@example.org
Subject: own

text
.
S: * STATUS "Old work/own" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY ...)
mail anna Old workers
From: b@example.org
Subject: not below

text
.
# It leaves the subtree, which is told, and is heard of no more.
[2] C: b13 RENAME "Old work/new" Elsewhere
[2] S: b13 OK RENAME completed
S: * LIST (\HasNoChildren) "/" Elsewhere ("OLDNAME" ("Old work/new"))
mail anna Elsewhere
From: b@example.org
Subject: elsewhere

text
.
mail anna Old work
From: b@example.org
Subject: the top

text
.
S: * STATUS "Old work" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY ...)
# ---- subscribed: worked out again when subscriptions change (section 6.4) ----
C: d1 NOTIFY SET (subscribed (MessageNew MessageExpunge))
S: d1 OK NOTIFY completed
[2] C: b14 SUBSCRIBE Elsewhere
[2] S: b14 OK SUBSCRIBE completed
mail anna Elsewhere
From: b@example.org
Subject: subscribed

text
.
S: * STATUS Elsewhere (MESSAGES 3 UIDNEXT 4 UIDVALIDITY $v)
C: d2 UNSUBSCRIBE Elsewhere
S: d2 OK UNSUBSCRIBE completed
mail anna Elsewhere
From: b@example.org
Subject: not any more

text
.
C: d3 NOOP
S: d3 OK NOOP completed
# ---- named mailboxes stay the same when they are renamed, and a name that nobody has is ignored ----
C: e1 NOTIFY SET STATUS (mailboxes (Elsewhere Nowhere &bad) (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange))
S: * STATUS Elsewhere (MESSAGES 4 UIDNEXT 5 UIDVALIDITY $v UNSEEN 4 HIGHESTMODSEQ ...)
S: e1 OK NOTIFY completed
[2] C: b15 RENAME Elsewhere Here
[2] S: b15 OK RENAME completed
S: * LIST (\HasNoChildren) "/" Here ("OLDNAME" (Elsewhere))
mail anna Here
From: b@example.org
Subject: here

text
.
S: * STATUS Here (MESSAGES 5 UIDNEXT 6 UIDVALIDITY $v UNSEEN 5)
[2] C: b16 CREATE Nowhere
[2] S: b16 OK ...CREATE completed
[2] C: b17 CREATE Here/below
[2] S: b17 OK ...CREATE completed
S: * LIST (\HasChildren) "/" Here
[2] C: b18 SUBSCRIBE Here
[2] S: b18 OK SUBSCRIBE completed
S: * LIST (\HasChildren \Subscribed) "/" Here
[2] C: b19 DELETE Here
[2] S: b19 OK DELETE completed
S: * LIST (\NonExistent \HasChildren \Subscribed) "/" Here
# ---- the selected mailbox is deleted: its messages are expunged, and it is told as a name ----
[2] C: b20 CREATE Short
[2] S: b20 OK ...CREATE completed
mail anna Short
From: b@example.org
Subject: short

text
.
C: f1 SELECT Short
S* f1 OK [READ-WRITE] ...
C: f2 NOTIFY SET (selected (MessageNew MessageExpunge)) (inboxes (MailboxName))
S: f2 OK NOTIFY completed
[2] C: b21 DELETE Short
[2] S: b21 OK DELETE completed
S: * 1 EXPUNGE
S: * 0 RECENT
S: * LIST (\NonExistent) "/" Short
C: f3 UNSELECT
S: f3 OK UNSELECT completed
# ---- with CONDSTORE and QRESYNC enabled ----
[3] S: * OK [CAPABILITY ...] ...
[3] C: g1 LOGIN $anna $password
[3] S: g1 OK ... Logged in
[3] C: g2 ENABLE QRESYNC
[3] S* g2 OK ENABLE completed
[3] C: g3 SELECT INBOX
[3] S* g3 OK [READ-WRITE] ...
[3] C: g4 NOTIFY SET (selected (MessageNew (UID FLAGS MODSEQ) MessageExpunge FlagChange)) (personal (MessageNew MessageExpunge FlagChange))
[3] S: g4 OK NOTIFY completed
mail anna Nowhere
From: b@example.org
Subject: nowhere

text
.
[3] S: * STATUS Nowhere (MESSAGES 1 UIDNEXT 2 UIDVALIDITY ... UNSEEN 1 HIGHESTMODSEQ $m1)
mail anna
From: b@example.org
Subject: inbox

text
.
[3] S: * 1 EXISTS
[3] S: * 1 RECENT
[3] S: * 1 FETCH (UID 1 FLAGS (\Recent) MODSEQ ($m2))
[2] C: b22 SELECT INBOX
[2] S* b22 OK [READ-WRITE] ...
[2] C: b23 STORE 1 +FLAGS.SILENT (\Deleted)
[2] S: b23 OK STORE completed
[3] S: * 1 FETCH (UID 1 FLAGS (\Deleted \Recent) MODSEQ ($m3))
[2] C: b24 EXPUNGE
[2] S: * 1 EXPUNGE
[2] S: b24 OK EXPUNGE completed
[3] S: * VANISHED 1
[3] S: * 0 RECENT
[3] S: * OK [HIGHESTMODSEQ $m4] Highest
[3] C: g5 LOGOUT
[3] S: * BYE Logging out
[3] S: g5 OK LOGOUT completed
[3] END
