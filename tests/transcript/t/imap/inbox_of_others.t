# The INBOX of another user has one spelling, in all commands; only one's own can be written in any case (RFC 9051 section 5.1).
account anna
account bert
[1] LOGIN anna
[2] LOGIN bert
[1] C: a1 SETACL inbox $bert lrswikxtea
[1] S: a1 OK SETACL completed
[2] C: b1 SELECT "Other Users/$anna/inbox"
[2] S: b1 NO [NONEXISTENT] No such mailbox
[2] C: b2 STATUS "Other Users/$anna/Inbox" (MESSAGES)
[2] S: b2 NO [NONEXISTENT] No such mailbox
[2] C: b3 SUBSCRIBE "Other Users/$anna/inbox"
[2] S: b3 NO [NONEXISTENT] No such mailbox
[2] C: b4 MYRIGHTS "Other Users/$anna/inbox"
[2] S: b4 NO [NONEXISTENT] No such mailbox
[2] C: b5 GETACL "Other Users/$anna/inbox"
[2] S: b5 NO [NONEXISTENT] No such mailbox
[2] C: b6 GETMETADATA "Other Users/$anna/inbox" /private/comment
[2] S: b6 NO [NONEXISTENT] No such mailbox
[2] C< b7 APPEND "Other Users/$anna/inbox" {10+}\r\nA: b\r\n\r\nxy\r\n
[2] S: b7 NO [NONEXISTENT] No such mailbox
[2] C: b8 LIST "" "Other Users/$anna/inbox"
[2] S: b8 OK LIST completed
[2] C: b9 LIST "" "Other Users/%/%"
[2] S: * LIST (\HasNoChildren) "/" "Other Users/$anna/INBOX"
[2] S: b9 OK LIST completed
# Nobody makes a mailbox that its owner could not name, whatever the rights to INBOX are.
[2] C: c1 CREATE "Other Users/$anna/inbox"
[2] S: c1 NO [NOPERM] Not permitted
[2] C: c2 CREATE "Other Users/$anna/inbox/x"
[2] S: c2 NO [NOPERM] Not permitted
[2] C: c3 CREATE "Other Users/$anna/INBOX/x"
[2] S: c3 OK ...
[2] C: c4 RENAME "Other Users/$anna/INBOX/x" "Other Users/$anna/Inbox/y"
[2] S: c4 NO [NOPERM] Not permitted
[1] C: c5 LIST "" *
[1] S: * LIST (\HasChildren) "/" INBOX
[1] S* * LIST (\HasNoChildren) "/" INBOX/x
[1] S* c5 OK LIST completed
# The spelling of LIST works everywhere.
[2] C: d1 SUBSCRIBE "Other Users/$anna/INBOX"
[2] S: d1 OK SUBSCRIBE completed
[2] C: d2 LIST (SUBSCRIBED) "" "Other Users/*"
[2] S: * LIST (\Subscribed) "/" "Other Users/$anna/INBOX"
[2] S: d2 OK LIST completed
[2] C: d3 NOTIFY SET (MAILBOXES "Other Users/$anna/INBOX" (MessageNew MessageExpunge))
[2] S: d3 OK NOTIFY completed
[1] C< d4 APPEND Inbox {10+}\r\nA: b\r\n\r\nxy\r\n
[1] S: d4 OK ...
[2] S: * STATUS "Other Users/$anna/INBOX" (MESSAGES 1 ...)
[2] C: d5 SELECT "Other Users/$anna/INBOX"
[2] S: * 1 EXISTS
[2] S* d5 OK [READ-WRITE] SELECT completed
