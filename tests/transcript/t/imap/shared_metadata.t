# METADATA of another user's mailbox (RFC 5464 section 3.1): "l" and one of "rswip"; private entries are each user's own.
account anna
account bert
[1] C: a1 LOGIN $anna $password
[1] S* a1 OK ...
[2] C: b1 LOGIN $bert $password
[2] S* b1 OK ...
[1] C: a2 SETMETADATA Trash (/shared/comment "ours" /private/comment "mine")
[1] S: a2 OK SETMETADATA completed
[2] C: b2 GETMETADATA "Other Users/$anna/Trash" /shared/comment
[2] S: b2 NO [NONEXISTENT] No such mailbox
[1] C: a3 SETACL Trash $bert lk
[1] S: a3 OK SETACL completed
[2] C: b3 GETMETADATA "Other Users/$anna/Trash" /shared/comment
[2] S: b3 NO [NOPERM] Not permitted
[2] C: b4 SETMETADATA "Other Users/$anna/Trash" (/shared/comment "theirs")
[2] S: b4 NO [NOPERM] Not permitted
[2] C: b5 LIST "" "Other Users/*" RETURN (METADATA (/shared/comment))
[2] S: * LIST () "/" "Other Users/$anna/Trash"
[2] S: b5 OK LIST completed
[1] C: a4 SETACL Trash $bert lr
[1] S: a4 OK SETACL completed
[2] C: c1 GETMETADATA "Other Users/$anna/Trash" (/shared/comment /private/comment /private/specialuse)
[2] S: * METADATA "Other Users/$anna/Trash" (/shared/comment "ours" /private/comment NIL /private/specialuse NIL)
[2] S: c1 OK GETMETADATA completed
[2] C: c2 SETMETADATA "Other Users/$anna/Trash" (/private/comment "bert's")
[2] S: c2 OK SETMETADATA completed
[2] C: c3 LIST "" ("Trash" "Other Users/*") RETURN (METADATA (/private/comment) STATUS (MESSAGES))
[2] S: * LIST () "/" "Other Users/$anna/Trash"
[2] S: * STATUS "Other Users/$anna/Trash" (MESSAGES 0)
[2] S: * METADATA "Other Users/$anna/Trash" (/private/comment "bert's")
[2] S: * LIST () "/" Trash
[2] S* c3 OK LIST completed
[1] C: a5 GETMETADATA Trash /private/comment
[1] S* * METADATA Trash (/private/comment "mine")
[1] S: a5 OK GETMETADATA completed
