# LIST RETURN (STATUS ...), (MYRIGHTS) and (METADATA ...): of mailboxes that meet the selection options, and of no others
# (RFC 5819 section 3, RFC 8440 section 4, RFC 9590 section 3).
option imap.sharing=yes
account anna
account bert
C: a1 LOGIN $anna $password
S* a1 OK ...
C: a2 CREATE foo/bar
S: a2 OK ...
C: a3 SUBSCRIBE foo/bar
S: a3 OK ...
C: a4 CREATE foo/sent2
S: a4 OK ...
# foo is there because of what is below it, and does not meet the criterion itself.
C: b1 LIST (SUBSCRIBED RECURSIVEMATCH) "" foo% RETURN (STATUS (MESSAGES) MYRIGHTS METADATA (/shared/comment))
S: * LIST () "/" foo ("CHILDINFO" ("SUBSCRIBED"))
S: b1 OK LIST completed
C: b2 LIST (SUBSCRIBED RECURSIVEMATCH) "" foo* RETURN (STATUS (MESSAGES) MYRIGHTS METADATA (/shared/comment))
S: * LIST (\Subscribed) "/" foo/bar
S: * MYRIGHTS foo/bar lrswipkxtecda
S: * STATUS foo/bar (MESSAGES 0)
S: * METADATA foo/bar (/shared/comment NIL)
S: b2 OK LIST completed
# Each pattern for itself says so too.
C: b3 LIST (SUBSCRIBED RECURSIVEMATCH) "" (foo) RETURN (STATUS (UNSEEN))
S: * LIST () "/" foo ("CHILDINFO" ("SUBSCRIBED"))
S: b3 OK LIST completed
C: b4 SUBSCRIBE foo
S: b4 OK ...
C: b5 LIST (SUBSCRIBED RECURSIVEMATCH) "" foo% RETURN (STATUS (MESSAGES) MYRIGHTS METADATA (/shared/comment))
S: * LIST (\Subscribed) "/" foo ("CHILDINFO" ("SUBSCRIBED"))
S: * MYRIGHTS foo lrswipkxtecda
S: * STATUS foo (MESSAGES 0)
S: * METADATA foo (/shared/comment NIL)
S: b5 OK LIST completed
# The same with special uses, and without any option all meet the criteria.
C: b6 CREATE Box
S: b6 OK ...
C: b7 DELETE Archive
S: b7 OK ...
C: b7a CREATE Box/Archive (USE (\Archive))
S: b7a OK ...
C: b8 LIST (SPECIAL-USE RECURSIVEMATCH) "" Box% RETURN (STATUS (MESSAGES) MYRIGHTS)
S: * LIST () "/" Box ("CHILDINFO" ("SPECIAL-USE"))
S: b8 OK LIST completed
C: b9 LIST "" Box% RETURN (STATUS (MESSAGES) MYRIGHTS)
S: * LIST () "/" Box
S: * MYRIGHTS Box lrswipkxtecda
S: * STATUS Box (MESSAGES 0)
S: b9 OK LIST completed
# A name that is subscribed and has no mailbox meets the criterion, and has nothing to be told.
C: b10 SUBSCRIBE Nowhere
S: b10 OK ...
C: b11 LIST (SUBSCRIBED) "" Nowhere RETURN (STATUS (MESSAGES) MYRIGHTS METADATA (/shared/comment))
S: * LIST (\NonExistent \Subscribed) "/" Nowhere
S: b11 OK LIST completed

# A mailbox that cannot be selected for want of r: \Noselect, if STATUS was asked for (RFC 5819 section 2).
C: c1 SETACL foo $bert l
S: c1 OK ...
C: c2 SETACL foo/bar $bert lr
S: c2 OK ...
C: c3 SETACL foo/sent2 $bert li
S: c3 OK ...
[2] C: a1 LOGIN $bert $password
[2] S* a1 OK ...
[2] C: a2 LIST "" "Other Users/$anna/*" RETURN (STATUS (MESSAGES))
[2] S: * LIST (\Noselect) "/" "Other Users/$anna/foo"
[2] S: * LIST () "/" "Other Users/$anna/foo/bar"
[2] S: * STATUS "Other Users/$anna/foo/bar" (MESSAGES 0)
[2] S: * LIST (\Noselect) "/" "Other Users/$anna/foo/sent2"
[2] S: a2 OK LIST completed
# Mail can be put into it all the same, so it is not hidden from those who ask for less (protocol.md, T-4).
[2] C: a3 LIST "" "Other Users/$anna/foo/%"
[2] S: * LIST (\HasNoChildren) "/" "Other Users/$anna/foo/bar"
[2] S: * LIST (\HasNoChildren) "/" "Other Users/$anna/foo/sent2"
[2] S: a3 OK LIST completed
# Neither because of what is below it.
[2] C: a4 SUBSCRIBE "Other Users/$anna/foo/bar"
[2] S: a4 OK ...
[2] C: a5 LIST (SUBSCRIBED RECURSIVEMATCH) "" "Other Users/$anna/%" RETURN (STATUS (MESSAGES) MYRIGHTS)
[2] S: * LIST () "/" "Other Users/$anna/foo" ("CHILDINFO" ("SUBSCRIBED"))
[2] S: a5 OK LIST completed
