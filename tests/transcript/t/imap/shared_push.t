# A shared mailbox with watchers in IDLE and NOTIFY; rights that change while it is selected.
account anna
account bert
[1] LOGIN anna
[2] LOGIN bert
[3] LOGIN bert
[1] C: a2 CREATE Work
[1] S: a2 OK ...
[1] C: a3 SETACL Work $bert lrswt
[1] S: a3 OK SETACL completed
[2] C: b2 SELECT "Other Users/$anna/Work"
[2] S* b2 OK [READ-WRITE] SELECT completed
[2] C: b3 IDLE
[2] S: + idling
[3] C: c2 SELECT "Other Users/$anna/Work"
[3] S* c2 OK [READ-WRITE] SELECT completed
[3] C: c3 NOTIFY SET (SELECTED (MessageNew (UID) MessageExpunge FlagChange))
[3] S: c3 OK NOTIFY completed
# New mail, flags and expunges are pushed to both.
[1] C< d1 APPEND Work {10+}\r\nA: b\r\n\r\nxy\r\n
[1] S: d1 OK ...
[2] S: * 1 EXISTS
[2] S: * 1 RECENT
[3] S* * 1 EXISTS
[3] S* * 1 FETCH (UID 1)
[1] C: d2 SELECT Work
[1] S* d2 OK ...
[1] C: d3 STORE 1 +FLAGS (\Seen)
[1] S* d3 OK ...
[2] S: * 1 FETCH (FLAGS (\Seen...))
[3] S: * 1 FETCH (UID 1 FLAGS (\Seen...))
# The right to set flags goes: the flags that can be changed are told, in IDLE too.
[1] C: e1 SETACL Work $bert lrt
[1] S: e1 OK SETACL completed
[2] S: * FLAGS (\Seen \Answered \Flagged \Deleted \Draft)
[2] S: * OK [PERMANENTFLAGS (\Deleted)] Limited
[3] S: * FLAGS (\Seen \Answered \Flagged \Deleted \Draft)
[3] S: * OK [PERMANENTFLAGS (\Deleted)] Limited
# The right to read goes: nothing more is told, and commands are refused.
[1] C: f1 SETACL Work $bert lt
[1] S: f1 OK SETACL completed
[2] S: * NO [NOPERM] You may not read the selected mailbox any more
[3] S: * NO [NOPERM] You may not read the selected mailbox any more
[1] C< f2 APPEND Work {10+}\r\nA: c\r\n\r\nxy\r\n
[1] S* f2 OK ...
[1] C: f3 STORE 1 +FLAGS (\Flagged)
[1] S* f3 OK ...
[3] C: f4 NOOP
[3] S: f4 OK NOOP completed
[3] C: f5 FETCH 1 FLAGS
[3] S: f5 NO [NOPERM] You may not do that with the selected mailbox
[3] C: f6 UID SEARCH ALL
[3] S: f6 NO [NOPERM] You may not do that with the selected mailbox
[3] C: f7 STORE 1 +FLAGS (\Deleted)
[3] S: f7 NO [NOPERM] You may not do that with the selected mailbox
[3] C: f8 COPY 1 Archive
[3] S: f8 NO [NOPERM] You may not do that with the selected mailbox
[2] C: DONE
[2] S: b3 OK ...
[2] C: f9 IDLE
[2] S: + idling
# It comes back: the dialogue goes on from there.
[1] C: g1 SETACL Work $bert lrt
[1] S: g1 OK SETACL completed
[2] S* * 2 EXISTS
[2] S* * 1 FETCH (FLAGS (\Seen \Flagged...))
[3] S* * 2 EXISTS
[3] S* * 1 FETCH (UID 1 FLAGS (\Seen \Flagged...))
# Without any rights, and with the mailbox gone.
[1] C: h1 DELETEACL Work $bert
[1] S: h1 OK DELETEACL completed
[2] S* * NO [NOPERM] You may not read the selected mailbox any more
[3] S* * NO [NOPERM] You may not read the selected mailbox any more
[3] C: h2 CLOSE
[3] S: h2 OK CLOSE completed
[3] C: h3 SELECT "Other Users/$anna/Work"
[3] S: h3 NO [NONEXISTENT] No such mailbox
[1] C: h4 SETACL Work $bert lr
[1] S: h4 OK SETACL completed
[3] C: h5 SELECT "Other Users/$anna/Work"
[3] S* h5 OK [READ-ONLY] SELECT completed
[1] C: h6 DELETE Work
[1] S* h6 OK DELETE completed
[2] S* * 1 EXPUNGE
[2] C: DONE
[2] S* f9 OK ...
[3] C: h7 NOOP
[3] S* * 1 EXPUNGE
[3] S: h7 OK NOOP completed
[3] C: h8 FETCH 1 FLAGS
[3] S: h8 NO [NONEXISTENT] ...
[3] C: h9 LIST "" "Other Users*"
[3] S: h9 OK LIST completed
# NOTIFY tells of others that are not selected, as long as they may be read.
[4] LOGIN bert
[1] C: n2 CREATE News
[1] S: n2 OK ...
[1] C: n3 CREATE News/more
[1] S: n3 OK ...
[1] C: n4 CREATE Private
[1] S: n4 OK ...
[1] C: n5 SETACL News $bert lr
[1] S: n5 OK SETACL completed
[1] C: n6 SETACL News/more $bert lr
[1] S: n6 OK SETACL completed
[4] C: n7 NOTIFY SET STATUS (MAILBOXES ("Other Users/$anna/News" "Other Users/$anna/Private") (MessageNew MessageExpunge)) (SUBTREE "Other Users" (MessageNew MessageExpunge FlagChange))
[4] S: * STATUS "Other Users/$anna/News" (MESSAGES 0 UIDNEXT 1 UIDVALIDITY ... UNSEEN 0 HIGHESTMODSEQ ...)
[4] S: * STATUS "Other Users/$anna/News/more" (MESSAGES 0 UIDNEXT 1 UIDVALIDITY ... UNSEEN 0 HIGHESTMODSEQ ...)
[4] S: n7 OK NOTIFY completed
[1] C< n8 APPEND Private {10+}\r\nA: b\r\n\r\nxy\r\n
[1] S: n8 OK ...
[1] C< n9 APPEND News {10+}\r\nA: b\r\n\r\nxy\r\n
[1] S: n9 OK ...
[4] S: * STATUS "Other Users/$anna/News" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY ... UNSEEN 1)
[1] C: n10 SELECT News
[1] S* n10 OK ...
[1] C: n11 STORE 1 +FLAGS (\Seen)
[1] S* n11 OK ...
[4] S: * STATUS "Other Users/$anna/News" (UIDVALIDITY ... UNSEEN 0)
[1] C< n12 APPEND News/more {10+}\r\nA: b\r\n\r\nxy\r\n
[1] S: n12 OK ...
[4] S: * STATUS "Other Users/$anna/News/more" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY ... UNSEEN 1)
[1] C: n13 SETACL News/more $bert l
[1] S: n13 OK SETACL completed
[1] C< n14 APPEND News/more {10+}\r\nA: b\r\n\r\nxy\r\n
[1] S: n14 OK ...
[1] C< n15 APPEND News {10+}\r\nA: b\r\n\r\nxy\r\n
[1] S* n15 OK ...
[4] S: * STATUS "Other Users/$anna/News" (MESSAGES 2 UIDNEXT 3 UIDVALIDITY ... UNSEEN 1)
# Selected, it is told as what is selected.
[4] C: n16 SELECT "Other Users/$anna/News"
[4] S* n16 OK [READ-ONLY] SELECT completed
[1] C< n17 APPEND News {10+}\r\nA: b\r\n\r\nxy\r\n
[1] S* n17 OK ...
[4] C: n18 NOTIFY NONE
[4] S: n18 OK NOTIFY completed
