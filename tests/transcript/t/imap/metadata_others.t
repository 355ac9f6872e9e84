# METADATA (RFC 5464 section 3.3) of mailboxes that others share (RFC 4314): whose entries are whose, which rights it
# takes, and that answers name the mailbox as the client does.
account anna
account bert
S: * OK ...
C: a1 LOGIN $anna $password
S: a1 OK ...
[2] S: * OK ...
[2] C: a1 LOGIN $bert $password
[2] S: a1 OK ...
C: b1 CREATE Work
S: b1 OK ...
C: b2 SETMETADATA Work (/shared/comment "for all" /private/comment "anna's")
S: b2 OK SETMETADATA completed
[2] C: b1 CREATE Work
[2] S: b1 OK ...
[2] C: b2 SETMETADATA Work (/shared/comment "another mailbox")
[2] S: b2 OK SETMETADATA completed
# Without rights there is no such mailbox; the right to look it up is not enough.
[2] C: c1 GETMETADATA "Other Users/$anna/Work" /shared/comment
[2] S: c1 NO [NONEXISTENT] ...
C: c1 SETACL Work $bert l
S: c1 OK ...
[2] C: c2 GETMETADATA "Other Users/$anna/Work" /shared/comment
[2] S: c2 NO [NOPERM] Not permitted
[2] C: c3 SETMETADATA "Other Users/$anna/Work" (/private/comment "x")
[2] S: c3 NO [NOPERM] Not permitted
[2] C: c4 LIST "" "Other Users/*" RETURN (METADATA (/shared/comment))
[2] S: * LIST (...) "/" "Other Users/$anna/Work"
[2] S: c4 OK LIST completed
C: c2 SETACL Work $bert lr
S: c2 OK ...
[2] C: c5 SETMETADATA "Other Users/$anna/Work" (/private/comment "x" /shared/comment "theirs")
[2] S: c5 NO [NOPERM] Not permitted
C: c3 SETACL Work $bert lrw
S: c3 OK ...
# Private entries are everybody's own.
[2] C: d1 GETMETADATA "Other Users/$anna/Work" (/shared/comment /private/comment)
[2] S: * METADATA "Other Users/$anna/Work" (/shared/comment "for all" /private/comment NIL)
[2] S: d1 OK GETMETADATA completed
[2] C: d2 SETMETADATA "Other Users/$anna/Work" (/private/comment "bert's" /shared/comment "changed")
[2] S: d2 OK SETMETADATA completed
[2] C: d3 GETMETADATA (DEPTH infinity) "Other Users/$anna/Work" (/private /shared)
[2] S: * METADATA "Other Users/$anna/Work" (/private/comment "bert's" /shared/comment "changed")
[2] S: d3 OK GETMETADATA completed
[2] C: d4 LIST "" "Other Users/*" RETURN (METADATA (/shared/comment /private/comment))
[2] S: * LIST (...) "/" "Other Users/$anna/Work"
[2] S: * METADATA "Other Users/$anna/Work" (/shared/comment "changed" /private/comment "bert's")
[2] S: d4 OK LIST completed
C: d1 GETMETADATA (DEPTH infinity) Work (/private /shared)
S: * METADATA Work (/private/comment "anna's" /shared/comment "changed")
S: d1 OK GETMETADATA completed
[2] C: d5 GETMETADATA Work /shared/comment
[2] S: * METADATA Work (/shared/comment "another mailbox")
[2] S: d5 OK GETMETADATA completed
# Anna learns of what bert has set for all, and not of his own.
C: e1 ENABLE METADATA
S: * ENABLED METADATA
S: e1 OK ENABLE completed
[2] C: e1 SETMETADATA "Other Users/$anna/Work" (/private/comment NIL /shared/comment "again")
[2] S: e1 OK SETMETADATA completed
C: e2 NOOP
S: * METADATA Work /shared/comment
S: e2 OK NOOP completed
# Any of the rights r, s, w, i and p will do. When they are gone, so is the access; what bert has kept there stays.
[2] C: f1 SETMETADATA "Other Users/$anna/Work" (/private/comment "kept")
[2] S: f1 OK SETMETADATA completed
C: f1 SETACL Work $bert l
S: f1 OK ...
[2] C: f2 GETMETADATA "Other Users/$anna/Work" /private/comment
[2] S: f2 NO [NOPERM] Not permitted
C: f2 SETACL Work $bert lp
S: f2 OK ...
[2] C: f3 GETMETADATA "Other Users/$anna/Work" /private/comment
[2] S: * METADATA "Other Users/$anna/Work" (/private/comment "kept")
[2] S: f3 OK GETMETADATA completed
