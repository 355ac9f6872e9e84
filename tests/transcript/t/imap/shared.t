# Mailboxes of other users (RFC 4314 section 4): each command with and without its rights.
account anna
account bert
account carl
[1] C: a1 LOGIN $anna $password
[1] S* a1 OK ...
[2] C: b1 LOGIN $bert $password
[2] S* b1 OK ...
[3] C: c1 LOGIN $carl $password
[3] S* c1 OK ...
[1] C: a2 CREATE Work/deep
[1] S: a2 OK ...
[1] C: a3 CREATE Secret
[1] S: a3 OK ...
# Nobody sees anything, or learns that it is there.
[2] C: b2 LIST "" "Other Users*"
[2] S: b2 OK LIST completed
[2] C: b3 SELECT "Other Users/$anna/Work"
[2] S: b3 NO [NONEXISTENT] No such mailbox
[2] C: b4 STATUS "Other Users/$anna/Work" (MESSAGES)
[2] S: b4 NO [NONEXISTENT] No such mailbox
[2] C: b5 MYRIGHTS "Other Users/$anna/Work"
[2] S: b5 NO [NONEXISTENT] No such mailbox
[2] C: b6 CREATE "Other Users/$anna/Work/x"
[2] S: b6 NO [NOPERM] That name is in the namespace of other users
[2] C: b7 CREATE "Other Users"
[2] S: b7 NO [NOPERM] That name is in the namespace of other users
[2] C: b8 RENAME Archive "Other Users/x"
[2] S: b8 NO [NOPERM] That name is in the namespace of other users
[2] C< b9 APPEND "Other Users/$anna/Work" {10+}\r\nA: b\r\n\r\nxy\r\n
[2] S: b9 NO [NONEXISTENT] No such mailbox
[2] C< b10 APPEND "Other Users/nobody/Work" {10+}\r\nA: b\r\n\r\nxy\r\n
[2] S: b10 NO [NONEXISTENT] No such mailbox
[2] C< b11 APPEND Nothing {10+}\r\nA: b\r\n\r\nxy\r\n
[2] S: b11 NO [TRYCREATE] No such mailbox
# l alone: it is listed, and nothing else.
[1] C: a4 SETACL Work $bert l
[1] S: a4 OK SETACL completed
[2] C: d1 LIST "" *
[2] S: * LIST (\HasNoChildren) "/" INBOX
[2] S* * LIST (\HasNoChildren) "/" "Other Users/$anna/Work"
[2] S* d1 OK LIST completed
[2] C: d1a LIST "" %
[2] S* * LIST (\Noselect \HasChildren) "/" "Other Users"
[2] S* d1a OK LIST completed
[2] C: d1b LIST "Other Users/" %
[2] S: * LIST (\Noselect \HasChildren) "/" "Other Users/$anna"
[2] S: d1b OK LIST completed
[3] C: d2 LIST "" "Other Users/*"
[3] S: d2 OK LIST completed
[2] C: d3 SELECT "Other Users/$anna/Work"
[2] S: d3 NO [NOPERM] Not permitted
[2] C: d4 STATUS "Other Users/$anna/Work" (MESSAGES)
[2] S: d4 NO [NOPERM] Not permitted
# No STATUS without r, but \Noselect (RFC 5819 section 2).
[2] C: d5 LIST "" "Other Users/%/%" RETURN (MYRIGHTS STATUS (MESSAGES))
[2] S: * LIST (\Noselect) "/" "Other Users/$anna/Work"
[2] S: * MYRIGHTS "Other Users/$anna/Work" l
[2] S: d5 OK LIST completed
[2] C: d6 GETACL "Other Users/$anna/Work"
[2] S: d6 NO [NOPERM] Not permitted
[2] C: d7 SETACL "Other Users/$anna/Work" $bert lra
[2] S: d7 NO [NOPERM] Not permitted
[2] C: d8 DELETE "Other Users/$anna/Work"
[2] S: d8 NO [NOPERM] Not permitted
[2] C: d9 RENAME "Other Users/$anna/Work" "Other Users/$anna/Play"
[2] S: d9 NO [NOPERM] Not permitted
[2] C: d10 SELECT "Other Users/$anna/Secret"
[2] S: d10 NO [NONEXISTENT] No such mailbox
[2] C: d11 SELECT "Other Users/$anna/Nothing"
[2] S: d11 NO [NONEXISTENT] No such mailbox
[2] C< d12 APPEND "Other Users/$anna/Work" {10+}\r\nA: b\r\n\r\nxy\r\n
[2] S: d12 NO [NOPERM] Not permitted
[2] C< d13 APPEND "Other Users/$anna/Nothing" {10+}\r\nA: b\r\n\r\nxy\r\n
[2] S: d13 NO [NONEXISTENT] No such mailbox
# r: to be read, and nothing changed: READ-ONLY (section 5.2).
[1] C< e1 APPEND Work (\\Flagged) {10+}\r\nA: b\r\n\r\nxy {10+}\r\nA: c\r\n\r\nxy\r\n
[1] S: e1 OK ...
[1] C: e2 SETACL Work $bert +r
[1] S: e2 OK SETACL completed
[2] C: e3 SELECT "Other Users/$anna/Work"
[2] S: * 2 EXISTS
[2] S* * OK [PERMANENTFLAGS ()] Limited
[2] S* e3 OK [READ-ONLY] SELECT completed
[2] C: e4 FETCH 1 BODY[TEXT]
[2] S: * 1 FETCH (BODY[TEXT] {2}\r\nxy FLAGS (\Flagged \Recent))
[2] S: e4 OK FETCH completed
[2] C: e5 STORE 1 +FLAGS (\Seen)
[2] S: e5 NO [READ-ONLY] The mailbox is open read-only
[2] C: e6 STATUS "Other Users/$anna/Work" (MESSAGES UNSEEN)
[2] S: * STATUS "Other Users/$anna/Work" (MESSAGES 2 UNSEEN 2)
[2] S: e6 OK STATUS completed
[2] C: e7 COPY 1:2 Archive
[2] S: e7 OK [COPYUID ... 1:2 1:2] COPY completed
[2] C: e8 COPY 1 "Other Users/$anna/Work"
[2] S: e8 NO [NOPERM] Not permitted
[2] C: e9 SEARCH FLAGGED
[2] S: * SEARCH 1
[2] S: e9 OK SEARCH completed
[2] C: e10 CLOSE
[2] S: e10 OK CLOSE completed
# s: \Seen, which all who read the mailbox share; w and t: the other flags.
[1] C: f1 SETACL Work $bert +s
[1] S: f1 OK SETACL completed
[2] C: f2 SELECT "Other Users/$anna/Work"
[2] S* * OK [PERMANENTFLAGS (\Seen)] Limited
[2] S* f2 OK [READ-WRITE] SELECT completed
[1] C: f3 SELECT Work
[1] S* f3 OK ...
[2] C: f4 FETCH 2 BODY[TEXT]
[2] S: * 2 FETCH (BODY[TEXT] {2}\r\nxy FLAGS (\Seen...))
[2] S: f4 OK FETCH completed
[1] C: f5 NOOP
[1] S: * 2 FETCH (FLAGS (\Seen...))
[1] S: f5 OK NOOP completed
[2] C: f6 STORE 1 +FLAGS (\Answered)
[2] S: f6 NO [NOPERM] You may not change those flags here
[2] C: f7 STORE 1 +FLAGS (\Seen \Deleted Label)
[2] S: * 1 FETCH (FLAGS (\Seen \Flagged...))
[2] S: f7 OK STORE completed
[2] C: f8 STORE 1 FLAGS (\Deleted)
[2] S: * 1 FETCH (FLAGS (\Flagged...))
[2] S: f8 OK STORE completed
# Silence is kept only about what was done as it was asked for: a client must not believe in other flags.
[2] C: f8a STORE 1 +FLAGS.SILENT (\Seen \Deleted)
[2] S: * 1 FETCH (FLAGS (\Seen \Flagged...))
[2] S: f8a OK STORE completed
[2] C: f8b STORE 1 FLAGS.SILENT (\Answered)
[2] S: * 1 FETCH (FLAGS (\Flagged...))
[2] S: f8b OK STORE completed
[2] C: f8c STORE 1 +FLAGS.SILENT (\Seen)
[2] S: f8c OK STORE completed
[2] C: f8d STORE 1 -FLAGS.SILENT (Label \Seen)
[2] S: * 1 FETCH (FLAGS (\Flagged...))
[2] S: f8d OK STORE completed
[2] C: f9 EXPUNGE
[2] S: f9 NO [NOPERM] You may not do that with the selected mailbox
[2] C: f10 MOVE 1 Archive
[2] S: f10 NO [NOPERM] You may not do that with the selected mailbox
[2] C< f11 REPLACE 1 Archive {10+}\r\nA: d\r\n\r\nxy\r\n
[2] S: f11 NO [NOPERM] You may not do that with the selected mailbox
# Rights that come while it is selected: FLAGS and PERMANENTFLAGS are sent (section 5.1.1).
[1] C: g1 SETACL Work $bert +wt
[1] S* g1 OK SETACL completed
[2] C: g2 NOOP
[2] S: * FLAGS (\Seen \Answered \Flagged \Deleted \Draft)
[2] S: * OK [PERMANENTFLAGS (\Seen \Answered \Flagged \Deleted \Draft \*)] Limited
[2] S: g2 OK NOOP completed
[2] C: g3 STORE 1 FLAGS (\Deleted Label)
[2] S* * 1 FETCH (FLAGS (\Deleted...Label))
[2] S: g3 OK STORE completed
[2] C: g4 CLOSE
[2] S: g4 OK CLOSE completed
[1] C: g5 NOOP
[1] S* * 1 FETCH (FLAGS (\Deleted...Label))
[1] S* g5 OK NOOP completed
# e: CLOSE and EXPUNGE; CLOSE needs r too, and expunges nothing without it.
[1] C: h0 SETACL Work $bert lrte
[1] S: h0 OK SETACL completed
[2] C: h0a SELECT "Other Users/$anna/Work"
[2] S* h0a OK [READ-WRITE] SELECT completed
[1] C: h0b SETACL Work $bert lte
[1] S: h0b OK SETACL completed
[2] C: h0c CLOSE
[2] S* h0c OK CLOSE completed
[1] C: h0d NOOP
[1] S: h0d OK NOOP completed
[1] C: h0e SETACL Work $bert lrswt
[1] S: h0e OK SETACL completed
[1] C: h1 SETACL Work $bert +e
[1] S: h1 OK SETACL completed
[2] C: h2 SELECT "Other Users/$anna/Work"
[2] S* h2 OK [READ-WRITE] SELECT completed
[2] C: h3 EXPUNGE
[2] S: * 1 EXPUNGE
[2] S: h3 OK EXPUNGE completed
[1] C: h4 NOOP
[1] S: * 1 EXPUNGE
[1] S: h4 OK NOOP completed
# i: APPEND and COPY there. Flags for which there is no right are left out.
[1] C: i1 SETACL Work $bert lris
[1] S: i1 OK SETACL completed
[2] C< i2 APPEND "Other Users/$anna/Work" (\\Seen \\Flagged \\Deleted Lx) {10+}\r\nA: e\r\n\r\nxy\r\n
[2] S* * 2 EXISTS
[2] S* i2 OK [APPENDUID ... 3] APPEND completed
[2] C: i3 FETCH 2 FLAGS
[2] S: * 2 FETCH (FLAGS (\Seen...))
[2] S: i3 OK FETCH completed
[2] C: i4 SELECT Archive
[2] S* i4 OK ...
[2] C: i5 STORE 1 FLAGS (\Answered \Deleted \Seen Ly)
[2] S* i5 OK STORE completed
[2] C: i6 COPY 1 "Other Users/$anna/Work"
[2] S: i6 OK [COPYUID ... 1 4] COPY completed
[1] C: i7 NOOP
[1] S* i7 OK NOOP completed
[1] C: i8 FETCH 3 FLAGS
[1] S: * 3 FETCH (FLAGS (\Seen...))
[1] S: i8 OK FETCH completed
# k and x: mailboxes below, renamed, deleted; not into other accounts, and no special uses.
[2] C: k1 CREATE "Other Users/$anna/Work/new"
[2] S: k1 NO [NOPERM] Not permitted
[1] C: k2 SETACL Work $bert +k
[1] S: k2 OK SETACL completed
[2] C: k3 CREATE "Other Users/$anna/Work/new"
[2] S: k3 OK [MAILBOXID (...)] CREATE completed
[2] C: k4 MYRIGHTS "Other Users/$anna/Work/new"
[2] S: * MYRIGHTS "Other Users/$anna/Work/new" lrsikc
[2] S: k4 OK MYRIGHTS completed
[2] C: k5 CREATE "Other Users/$anna/Work/trash" (USE (\Trash))
[2] S: k5 NO [USEATTR] Special uses are the owner's matter
[2] C: k6 CREATE "Other Users/$anna/elsewhere"
[2] S: k6 NO [NOPERM] Not permitted
[2] C: k7 RENAME "Other Users/$anna/Work/new" "Other Users/$anna/Work/newer"
[2] S: k7 NO [NOPERM] Not permitted
[1] C: k8 SETACL Work/new $bert +x
[1] S: k8 OK SETACL completed
[2] C: k9 RENAME "Other Users/$anna/Work/new" "Other Users/$anna/Work/newer"
[2] S: k9 OK RENAME completed
[2] C: k10 RENAME "Other Users/$anna/Work/newer" mine
[2] S: k10 NO [CANNOT] A mailbox cannot be moved to another account
[2] C: k11 RENAME mine "Other Users/$anna/Work/mine"
[2] S: k11 NO [CANNOT] A mailbox cannot be moved to another account
[2] C< k12 APPEND "Other Users/$anna/Work/none" {10+}\r\nA: e\r\n\r\nxy\r\n
[2] S: k12 NO [TRYCREATE] No such mailbox
[2] C: k13 DELETE "Other Users/$anna/Work/newer"
[2] S: k13 OK DELETE completed
# A name with mailboxes below it, but none of its own, is no mailbox: k above gives no right to those.
[1] C: k14 CREATE Work/lvl/private
[1] S: k14 OK ...
[1] C: k15 SETACL Work/lvl $bert ""
[1] S: k15 OK ...
[1] C: k16 SETACL Work/lvl/private $bert ""
[1] S: k16 OK ...
[1] C: k17 DELETE Work/lvl
[1] S* k17 OK ...
[2] C: k18 RENAME "Other Users/$anna/Work/lvl" "Other Users/$anna/Work/mine"
[2] S: k18 NO [NONEXISTENT] No such mailbox
[2] C: k19 DELETE "Other Users/$anna/Work/lvl"
[2] S: k19 NO [NONEXISTENT] No such mailbox
[2] C: k20 SUBSCRIBE "Other Users/$anna/Work/lvl"
[2] S: k20 NO [NONEXISTENT] No such mailbox
[2] C: k21 SETACL "Other Users/$anna/Work/lvl" $bert lr
[2] S: k21 NO [NONEXISTENT] No such mailbox
[2] C< k22 APPEND "Other Users/$anna/Work/lvl" {10+}\r\nA: e\r\n\r\nxy\r\n
[2] S: k22 NO [TRYCREATE] No such mailbox
[1] C: k23 LIST "" "Work/*"
[1] S: * LIST (\HasNoChildren) "/" Work/deep
[1] S: * LIST (\HasNoChildren) "/" Work/lvl/private
[1] S: k23 OK LIST completed
# Subscriptions are the user's own, and anything can be taken off.
[2] C: l1 SUBSCRIBE "Other Users/$anna/Work"
[2] S: l1 OK SUBSCRIBE completed
[2] C: l2 SUBSCRIBE "Other Users/$anna/Secret"
[2] S: l2 NO [NONEXISTENT] No such mailbox
[2] C: l3 LSUB "" "Other Users/*"
[2] S: * LSUB () "/" "Other Users/$anna/Work"
[2] S: l3 OK LSUB completed
[2] C: l4 LIST (SUBSCRIBED) "" "Other Users/*"
[2] S: * LIST (\Subscribed) "/" "Other Users/$anna/Work"
[2] S: l4 OK LIST completed
[1] C: l5 LSUB "" "Other*"
[1] S: l5 OK LSUB completed
# a: who may administer sees the list, and grants what he has not himself.
[1] C: m1 SETACL Work $bert lra
[1] S: m1 OK SETACL completed
[2] C: m2 SETACL "Other Users/$anna/Work" $carl lr
[2] S: m2 OK SETACL completed
[2] C: m3 GETACL "Other Users/$anna/Work"
[2] S: * ACL "Other Users/$anna/Work" $anna lrswipkxtecda $bert lra $carl lr
[2] S: m3 OK GETACL completed
[2] C: m4 SETACL "Other Users/$anna/Work" $anna lr
[2] S: m4 NO [CANNOT] The owner of a mailbox has all rights to it
[2] C: m5 LISTRIGHTS "Other Users/$anna/Work" anyone
[2] S: * LISTRIGHTS "Other Users/$anna/Work" anyone "" l r s w i p k x t e c d a
[2] S: m5 OK LISTRIGHTS completed
[3] C: m6 LIST "" "Other Users/%/*"
[3] S: * LIST (\HasNoChildren) "/" "Other Users/$anna/Work"
[3] S: m6 OK LIST completed
# Taken away again: nothing is there any more, but what was subscribed stays so.
[1] C: n1 DELETEACL Work $bert
[1] S: n1 OK DELETEACL completed
[2] C: n2 LIST "" "Other Users*"
[2] S: n2 OK LIST completed
[2] C: n3 LSUB "" "Other Users/*"
[2] S: * LSUB (\Noselect) "/" "Other Users/$anna/Work"
[2] S: n3 OK LSUB completed
[2] C: n4 UNSUBSCRIBE "Other Users/$anna/Work"
[2] S: n4 OK UNSUBSCRIBE completed
# One mailbox has one name.
[1] C: o1 SELECT "Other Users/$anna/Work"
[1] S* o1 NO [NONEXISTENT] No such mailbox
