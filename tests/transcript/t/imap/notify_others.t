# NOTIFY about mailboxes of other users (RFC 5465 sections 3.1, 5 and 5.9): what is told follows the rights "l" and "r".
option imap.sharing=yes
account anna
account bert
[1] LOGIN anna
[2] LOGIN bert
[3] LOGIN bert
[2] C: b2 NOTIFY SET (SUBTREE "Other Users" (MessageNew MessageExpunge MailboxName SubscriptionChange MailboxMetadataChange))
[2] S: b2 OK NOTIFY completed
# Somebody who shares for the first time: noticed with the next command.
[1] C: a2 CREATE Work
[1] S: a2 OK ...
[1] C: a3 SETACL Work $bert lr
[1] S: a3 OK SETACL completed
[2] C: b3 NOOP
[2] S: * LIST (\HasNoChildren) "/" "Other Users/$anna/Work"
[2] S: * LIST (\NonExistent \HasChildren) "/" "Other Users/$anna"
[2] S: * STATUS "Other Users/$anna/Work" (MESSAGES 0 UIDNEXT 1 UIDVALIDITY $v1)
[2] S: b3 OK NOOP completed
# From then on at once: the right "l" is granted, which is the same as making the mailbox; so is making one.
[1] C: a4 SETACL Archive $bert lr
[1] S: a4 OK SETACL completed
[2] S: * LIST (\HasNoChildren) "/" "Other Users/$anna/Archive"
[2] S: * LIST (\NonExistent \HasChildren) "/" "Other Users/$anna"
[2] S: * STATUS "Other Users/$anna/Archive" (MESSAGES 0 UIDNEXT 1 UIDVALIDITY $v2)
[1] C: a5 CREATE Work/sub
[1] S: a5 OK ...
[2] S: * LIST (\HasNoChildren) "/" "Other Users/$anna/Work/sub"
[2] S: * LIST (\HasChildren) "/" "Other Users/$anna/Work"
[2] S: * STATUS "Other Users/$anna/Work/sub" (MESSAGES 0 UIDNEXT 1 UIDVALIDITY $v3)
# One line for a rename, whatever is below it; and the mailbox is known by its new name.
[1] C: a6 RENAME Work Play
[1] S: a6 OK ...
[2] S: * LIST (\HasChildren) "/" "Other Users/$anna/Play" ("OLDNAME" ("Other Users/$anna/Work"))
[1] C< a7 APPEND Play/sub {10+}\r\nA: b\r\n\r\nxy\r\n
[1] S: a7 OK ...
[2] S: * STATUS "Other Users/$anna/Play/sub" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY $v3)
# Mailboxes that are not shared are not told, nor what is shared with others.
[1] C: a8 CREATE Secret
[1] S: a8 OK ...
[1] C< a9 APPEND Secret {10+}\r\nA: b\r\n\r\nxy\r\n
[1] S: a9 OK ...
[1] C: a10 RENAME Secret Hidden
[1] S: a10 OK ...
[1] C: a11 SETMETADATA Hidden (/shared/comment "x")
[1] S: a11 OK ...
# Metadata: what all share, and the user's own.
[1] C: a12 SETMETADATA Play/sub (/shared/comment "x" /private/comment "y")
[1] S: a12 OK ...
[2] S: * METADATA "Other Users/$anna/Play/sub" /shared/comment
[3] C: c2 SETMETADATA "Other Users/$anna/Play/sub" (/private/comment "z")
[3] S: c2 OK ...
[2] S: * METADATA "Other Users/$anna/Play/sub" /private/comment
[2] C: b4 SETMETADATA "Other Users/$anna/Play/sub" (/private/comment NIL)
[2] S: b4 OK SETMETADATA completed
# Subscriptions, with attributes as they are.
[3] C: c3 SUBSCRIBE "Other Users/$anna/Play"
[3] S: c3 OK ...
[2] S: * LIST (\HasChildren \Subscribed) "/" "Other Users/$anna/Play"
[3] C: c4 UNSUBSCRIBE "Other Users/$anna/Play"
[3] S: c4 OK ...
[2] S: * LIST (\HasChildren) "/" "Other Users/$anna/Play"
[2] C: b5 SUBSCRIBE "Other Users/$anna/Play"
[2] S: b5 OK SUBSCRIBE completed
# The right "r" goes: nothing more of it is told, and nothing of that. It comes back.
[1] C: d1 SETACL Play/sub $bert l
[1] S: d1 OK SETACL completed
[1] C< d2 APPEND Play/sub {10+}\r\nA: b\r\n\r\nxy\r\n
[1] S: d2 OK ...
[1] C: d3 SETMETADATA Play/sub (/shared/comment "w")
[1] S: d3 OK ...
[2] C: d4 NOOP
[2] S: d4 OK NOOP completed
[1] C: d5 SETACL Play/sub $bert lr
[1] S: d5 OK SETACL completed
[2] S: * STATUS "Other Users/$anna/Play/sub" (MESSAGES 2 UIDNEXT 3 UIDVALIDITY $v3)
# What happens to it meanwhile is told afterwards.
[1] C: k1 SETACL Play/sub $bert l
[1] S: k1 OK SETACL completed
[1] C: k2 RENAME Play/sub Play/under
[1] S: k2 OK ...
[3] C: k3 SUBSCRIBE "Other Users/$anna/Play/under"
[3] S: k3 OK ...
[2] C: k4 NOOP
[2] S: k4 OK NOOP completed
[1] C: k5 SETACL Play/under $bert lr
[1] S: k5 OK SETACL completed
[2] S: * LIST (\HasNoChildren \Subscribed) "/" "Other Users/$anna/Play/under" ("OLDNAME" ("Other Users/$anna/Play/sub"))
[2] S: * STATUS "Other Users/$anna/Play/under" (MESSAGES 2 UIDNEXT 3 UIDVALIDITY $v3)
[1] C: k6 RENAME Play/under Play/sub
[1] S: k6 OK ...
[2] S: * LIST (\HasNoChildren) "/" "Other Users/$anna/Play/sub" ("OLDNAME" ("Other Users/$anna/Play/under"))
# The right "l" goes, which is the same as deleting.
[1] C: d6 DELETEACL Play/sub $bert
[1] S: d6 OK DELETEACL completed
[2] S: * LIST (\NonExistent) "/" "Other Users/$anna/Play/sub"
[2] S: * LIST (\HasNoChildren \Subscribed) "/" "Other Users/$anna/Play"
[1] C< d7 APPEND Play/sub {10+}\r\nA: b\r\n\r\nxy\r\n
[1] S: d7 OK ...
[1] C: d8 DELETE Play/sub
[1] S: d8 OK ...
[1] C: d9 DELETE Play
[1] S: d9 OK ...
[2] S: * LIST (\NonExistent \HasNoChildren \Subscribed) "/" "Other Users/$anna/Play"
[2] S: * LIST (\NonExistent \HasChildren) "/" "Other Users/$anna"
# What the client does itself is not told; what others of the same user do is.
[1] C: e1 SETACL Archive $bert lrkx
[1] S: e1 OK SETACL completed
[2] C: e2 CREATE "Other Users/$anna/Archive/mine"
[2] S: e2 OK ...CREATE completed
[3] C: e3 CREATE "Other Users/$anna/Archive/theirs"
[3] S: e3 OK ...CREATE completed
[2] S: * LIST (\HasNoChildren) "/" "Other Users/$anna/Archive/theirs"
[2] S: * LIST (\HasChildren) "/" "Other Users/$anna/Archive"
[2] S: * STATUS "Other Users/$anna/Archive/theirs" (MESSAGES 0 UIDNEXT 1 UIDVALIDITY ...)
[2] C: e4 RENAME "Other Users/$anna/Archive/mine" "Other Users/$anna/Archive/ours"
[2] S: e4 OK RENAME completed
[1] C< e5 APPEND Archive/ours {10+}\r\nA: b\r\n\r\nxy\r\n
[1] S: e5 OK ...
[2] S: * STATUS "Other Users/$anna/Archive/ours" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY ...)
[2] C: e6 DELETE "Other Users/$anna/Archive/ours"
[2] S: e6 OK DELETE completed
[2] C: e7 NOTIFY NONE
[2] S: e7 OK NOTIFY completed
# Named ones: those that may be listed but not read are said to be so, others are passed over.
[1] C: f1 SETACL Sent $bert l
[1] S: f1 OK SETACL completed
[3] C: f2 NOTIFY SET (MAILBOXES ("Other Users/$anna/Sent" "Other Users/$anna/Archive" "Other Users/$anna/Drafts" "Other Users/nobody/INBOX") (MessageNew MessageExpunge MailboxName))
[3] S: * LIST (\HasNoChildren \NoAccess) "/" "Other Users/$anna/Sent"
[3] S: f2 OK NOTIFY completed
[1] C: f3 RENAME Archive Attic
[1] S: f3 OK ...
[3] S: * LIST (\HasChildren) "/" "Other Users/$anna/Attic" ("OLDNAME" ("Other Users/$anna/Archive"))
# A name that comes to exist later is not the mailbox that was meant, and what was meant stays so.
[1] C: f4 SETACL Drafts $bert lr
[1] S: f4 OK SETACL completed
[1] C: f5 DELETEACL Attic $bert
[1] S: f5 OK DELETEACL completed
[3] S: * LIST (\NonExistent \HasChildren) "/" "Other Users/$anna/Attic"
[1] C< f6 APPEND Attic {10+}\r\nA: b\r\n\r\nxy\r\n
[1] S: f6 OK ...
[1] C: f7 SETACL Attic $bert lr
[1] S: f7 OK SETACL completed
[3] S: * LIST (\HasChildren) "/" "Other Users/$anna/Attic"
[3] S: * STATUS "Other Users/$anna/Attic" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY ...)
[1] C: f8 SETACL Sent $bert lr
[1] S: f8 OK SETACL completed
[3] S: * STATUS "Other Users/$anna/Sent" (MESSAGES 0 UIDNEXT 1 UIDVALIDITY ...)
# Subscribed ones: worked out again when subscriptions change (section 6.4).
[3] C: g2 NOTIFY SET STATUS (SUBSCRIBED (MessageNew MessageExpunge))
[3] S* g2 OK NOTIFY completed
[1] C< g3 APPEND Attic {10+}\r\nA: b\r\n\r\nxy\r\n
[1] S: g3 OK ...
[2] C: g4 SUBSCRIBE "Other Users/$anna/Attic"
[2] S: g4 OK ...
[3] S: * STATUS "Other Users/$anna/Attic" (MESSAGES 2 UIDNEXT 3 UIDVALIDITY $v4)
[1] C< g5 APPEND Attic {10+}\r\nA: b\r\n\r\nxy\r\n
[1] S: g5 OK ...
[3] S: * STATUS "Other Users/$anna/Attic" (MESSAGES 3 UIDNEXT 4 UIDVALIDITY $v4)
[2] C: g6 UNSUBSCRIBE "Other Users/$anna/Attic"
[2] S: g6 OK ...
[1] C< g7 APPEND Attic {10+}\r\nA: b\r\n\r\nxy\r\n
[1] S: g7 OK ...
[3] C: g8 NOOP
[3] S: g8 OK NOOP completed
# A message that came before the subscription is told with it, and not once more as news. The client hears of both at the end of a command.
[3] C: i1 LIST "" {7}
[3] S: + ...
[1] C< i2 APPEND Attic {10+}\r\nA: b\r\n\r\nxy\r\n
[1] S: i2 OK ...
[2] C: i3 SUBSCRIBE "Other Users/$anna/Attic"
[2] S: i3 OK ...
[3] C: Nowhere
[3] S: * STATUS "Other Users/$anna/Attic" (MESSAGES 5 UIDNEXT 6 UIDVALIDITY $v4)
[3] S: i1 OK LIST completed
[1] C< i4 APPEND Attic {10+}\r\nA: b\r\n\r\nxy\r\n
[1] S: i4 OK ...
[3] S: * STATUS "Other Users/$anna/Attic" (MESSAGES 6 UIDNEXT 7 UIDVALIDITY $v4)
# Personal mailboxes are one's own.
[3] C: h1 NOTIFY SET (PERSONAL (MessageNew MessageExpunge MailboxName SubscriptionChange))
[3] S: h1 OK NOTIFY completed
[1] C: h2 CREATE Attic/more
[1] S: h2 OK ...
[2] C: h3 SUBSCRIBE "Other Users/$anna/Attic/more"
[2] S: h3 OK ...
[3] C: h4 NOOP
[3] S: h4 OK NOOP completed
