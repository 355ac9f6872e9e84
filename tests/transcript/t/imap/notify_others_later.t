# NOTIFY about mailboxes of other users of whom nothing is meant yet (RFC 5465 sections 5.4 and 6): they are told at once when they come.
option imap.sharing=yes
account anna
account bert
[1] LOGIN anna
[2] LOGIN bert
[3] LOGIN bert
[1] C: a2 CREATE News
[1] S: a2 OK ...
[1] C: a3 SETACL News $bert lr
[1] S: a3 OK SETACL completed
[2] C: b3 SUBSCRIBE "Other Users/$anna/News"
[2] S: b3 OK ...
[1] C: a3 SETACL News $bert r
[1] S: a3 OK SETACL completed
# Below a name that does not exist. Anna shares a mailbox that is not listed, for want of the right "l".
[2] C: b2 NOTIFY SET (SUBTREE "Other Users/$anna/Projects" (MessageNew MessageExpunge MailboxName))
[2] S: b2 OK NOTIFY completed
[3] C: c2 NOTIFY SET (SUBSCRIBED (MessageNew MessageExpunge MailboxName))
[3] S: c2 OK NOTIFY completed
[1] C: a4 CREATE Projects
[1] S: a4 OK ...
[1] C: a5 CREATE Projects/X
[1] S: a5 OK ...
[1] C: a6 SETACL Projects/X $bert lr
[1] S: a6 OK SETACL completed
[2] S: * LIST (\HasNoChildren) "/" "Other Users/$anna/Projects/X"
[2] S: * LIST (\NonExistent \HasChildren) "/" "Other Users/$anna/Projects"
[2] S: * STATUS "Other Users/$anna/Projects/X" (MESSAGES 0 UIDNEXT 1 UIDVALIDITY $v1)
# Subscribed, and listed again later.
[1] C: a7 SETACL News $bert lr
[1] S: a7 OK SETACL completed
[3] S: * LIST (\HasNoChildren \Subscribed) "/" "Other Users/$anna/News"
[3] S: * STATUS "Other Users/$anna/News" (MESSAGES 0 UIDNEXT 1 UIDVALIDITY $v2)
[1] C< a8 APPEND News {10+}\r\nA: b\r\n\r\nxy\r\n
[1] S: a8 OK ...
[3] S: * STATUS "Other Users/$anna/News" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY $v2)
# Another's mailboxes are not meant.
[2] C: b4 NOOP
[2] S: b4 OK NOOP completed
# Counters are not older than what the client itself has done since.
[1] C: a9 SETACL News $bert lri
[1] S: a9 OK SETACL completed
[3] C: c3 APPEND "Other Users/$anna/News" {10}
[3] S: + ...
[1] C< a10 APPEND News {10+}\r\nA: b\r\n\r\nxy\r\n
[1] S: a10 OK ...
[3] C< A: b\r\n\r\nxy\r\n
[3] S: * STATUS "Other Users/$anna/News" (MESSAGES 3 UIDNEXT 4 UIDVALIDITY $v2)
[3] S: c3 OK ...
