# METADATA responses that nobody asked for (RFC 5464 section 4.4.2, RFC 5465 sections 5.6 and 5.7), with two and three
# sessions of an account: after ENABLE, in IDLE, by NOTIFY, and never of one's own changes.
account anna
S: * OK ...
C: a1 LOGIN $anna $password
S: a1 OK ...
[2] S: * OK ...
[2] C: a1 LOGIN $anna $password
[2] S: a1 OK ...
# Nothing before it is enabled, and nothing of the time before.
[2] C: a2 SETMETADATA INBOX (/shared/comment "before")
[2] S: a2 OK SETMETADATA completed
C: a2 NOOP
S: a2 OK NOOP completed
C: a3 ENABLE METADATA
S: * ENABLED METADATA
S: a3 OK ENABLE completed
C: a4 NOOP
S: a4 OK NOOP completed
[2] C: a3 SETMETADATA INBOX (/shared/comment "one" /private/vendor/x/y "two")
[2] S: a3 OK SETMETADATA completed
[2] C: a4 SETMETADATA "" (/private/comment "three")
[2] S: a4 OK SETMETADATA completed
C: a5 NOOP
S: * METADATA "" /private/comment
S: * METADATA INBOX /private/vendor/x/y /shared/comment
S: a5 OK NOOP completed
C: a6 NOOP
S: a6 OK NOOP completed
# Removed entries are told; those that were not there have not changed.
[2] C: a5 SETMETADATA INBOX (/private/vendor/x/y NIL /private/vendor/x/none NIL)
[2] S: a5 OK SETMETADATA completed
C: a7 NOOP
S: * METADATA INBOX /private/vendor/x/y
S: a7 OK NOOP completed
# One's own are not; those of others are, also when both come together.
[2] C: a6 SETMETADATA Sent (/shared/comment "theirs")
[2] S: a6 OK SETMETADATA completed
C: a8 SETMETADATA Sent (/private/comment "mine")
S: * METADATA Sent /shared/comment
S: a8 OK SETMETADATA completed
C: a9 SETMETADATA Sent (/private/comment NIL /private/nothing NIL)
S: a9 OK SETMETADATA completed
C: a10 NOOP
S: a10 OK NOOP completed
# In IDLE at once, without a mailbox and with one; the mailbox has the name that it has now.
C: b1 IDLE
S: + idling
[2] C: b1 SETMETADATA Trash (/shared/comment "now")
[2] S: b1 OK SETMETADATA completed
S: * METADATA Trash /shared/comment
C: DONE
S: b1 OK ...
C: b2 SELECT INBOX
S* b2 OK ...
C: b3 IDLE
S: + idling
[2] C: b3 SETMETADATA Trash (/shared/vendor/x/z "now")
[2] S: b3 OK SETMETADATA completed
S: * METADATA Trash /shared/vendor/x/z
C: DONE
S: b3 OK ...
[2] C: b4 SETMETADATA Archive (/shared/comment "moved")
[2] S: b4 OK SETMETADATA completed
[2] C: b5 RENAME Archive Attic
[2] S: b5 OK ...
[2] C: b6 SETMETADATA Junk (/shared/comment "gone")
[2] S: b6 OK SETMETADATA completed
[2] C: b7 DELETE Junk
[2] S: b7 OK ...
C: b4 NOOP
S: * METADATA Attic /shared/comment
S: b4 OK NOOP completed
# A special use that changes (RFC 6154 section 4).
[2] C: b8 SETMETADATA Attic (/private/specialuse NIL)
[2] S: b8 OK SETMETADATA completed
C: b5 NOOP
S: * METADATA Attic /private/specialuse
S: b5 OK NOOP completed
# A refused command changes nothing.
[2] C: b9 SETMETADATA Attic (/shared/comment "no" /private/specialuse "\\All")
[2] S: b9 NO [USEATTR] ...
C: b6 NOOP
S: b6 OK NOOP completed
# ---- NOTIFY, without ENABLE ----
[3] S: * OK ...
[3] C: a1 LOGIN $anna $password
[3] S: a1 OK ...
[3] C: a2 NOTIFY SET (selected (MessageNew MessageExpunge MailboxMetadataChange))
[3] S: a2 BAD SELECTED takes events of messages only
[3] C: a3 NOTIFY SET (mailboxes (Sent Attic) (MailboxMetadataChange))
[3] S: a3 OK NOTIFY completed
[2] C: c1 SETMETADATA Trash (/shared/comment "not watched")
[2] S: c1 OK SETMETADATA completed
[2] C: c2 SETMETADATA "" (/private/comment "not watched")
[2] S: c2 OK SETMETADATA completed
[2] C: c3 SETMETADATA Sent (/shared/comment "watched")
[2] S: c3 OK SETMETADATA completed
[3] S: * METADATA Sent /shared/comment
[3] C: a4 NOTIFY SET (subtree Lists (MailboxMetadataChange MailboxName)) (personal (ServerMetadataChange))
[3] S: a4 OK NOTIFY completed
[2] C: c4 CREATE Lists/Lemonade
[2] S: c4 OK ...
[3] S: * LIST (...) "/" Lists
[3] S: * LIST (...) "/" Lists/Lemonade
[2] C: c5 SETMETADATA Lists/Lemonade (/shared/comment "fresh")
[2] S: c5 OK SETMETADATA completed
[3] S: * METADATA Lists/Lemonade /shared/comment
[2] C: c6 SETMETADATA Sent (/shared/comment "not watched any more")
[2] S: c6 OK SETMETADATA completed
[2] C: c7 SETMETADATA "" (/private/comment NIL)
[2] S: c7 OK SETMETADATA completed
[3] S: * METADATA "" /private/comment
# Its own change is not told.
[3] C: a5 SETMETADATA Lists/Lemonade (/shared/comment NIL)
[3] S: a5 OK SETMETADATA completed
[3] C: a6 NOTIFY NONE
[3] S: a6 OK NOTIFY completed
[2] C: c8 SETMETADATA Lists/Lemonade (/shared/comment "again")
[2] S: c8 OK SETMETADATA completed
[3] C: a7 NOOP
[3] S: a7 OK NOOP completed
# The first session has heard of all that, because it has enabled it for all mailboxes.
C: c1 NOOP
S: * METADATA "" /private/comment
S: * METADATA Sent /shared/comment
S: * METADATA Trash /shared/comment
S: * METADATA Lists/Lemonade /shared/comment
S: c1 OK NOOP completed
# UNAUTHENTICATE (RFC 8437) forgets it.
C: c2 UNAUTHENTICATE
S: c2 OK ...
C: c3 LOGIN $anna $password
S: c3 OK ...
[2] C: c9 SETMETADATA INBOX (/shared/comment "unheard")
[2] S: c9 OK SETMETADATA completed
C: c4 NOOP
S: c4 OK NOOP completed
C: c5 ENABLE METADATA
S: * ENABLED METADATA
S: c5 OK ENABLE completed
[2] C: c10 SETMETADATA INBOX (/shared/comment "heard")
[2] S: c10 OK SETMETADATA completed
C: c6 NOOP
S: * METADATA INBOX /shared/comment
S: c6 OK NOOP completed
