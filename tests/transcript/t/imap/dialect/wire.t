# Names and strings: modified UTF-7 and literals, or UTF-8 (RFC 9755 section 3, RFC 9051 section 4.3).
account anna
LOGIN anna
[2] LOGIN anna UTF8=ACCEPT
[3] LOGIN anna IMAP4rev2

# One name, created by each and seen by all.
C: a2 CREATE "Gr&APwA3w-e/R&-D"
S: a2 OK [MAILBOXID (...)] CREATE completed
[2] C: b3 CREATE "Füße/& so"
[2] S: b3 OK [MAILBOXID (...)] CREATE completed
[3] C: c3 CREATE "旅行"
[3] S: c3 OK [MAILBOXID (...)] CREATE completed
C: a3 LIST "" "*/*"
S: * LIST (\HasNoChildren) "/" "F&APwA3w-e/&- so"
S: * LIST (\HasNoChildren) "/" Gr&APwA3w-e/R&-D
S: a3 OK LIST completed
[2] C: b4 LIST "" ("Gr*" "旅%") RETURN (CHILDREN)
[2] S: * LIST (\HasChildren) "/" "Grüße"
[2] S: * LIST (\HasNoChildren) "/" "Grüße/R&D"
[2] S: * LIST (\HasNoChildren) "/" "旅行"
[2] S: b4 OK LIST completed
[3] C: c4 LIST "" "F*" RETURN (CHILDREN STATUS (MESSAGES))
[3] S: * LIST (\HasChildren) "/" "Füße"
[3] S: * STATUS "Füße" (MESSAGES 0)
[3] S: * LIST (\HasNoChildren) "/" "Füße/& so"
[3] S: * STATUS "Füße/& so" (MESSAGES 0)
[3] S: c4 OK LIST completed
# A shift of modified UTF-7 is nothing but letters where UTF-8 is spoken.
[2] C: b5 STATUS "Gr&APwA3w-e" (MESSAGES)
[2] S: b5 NO [NONEXISTENT] No such mailbox
[3] C: c5 STATUS "Gr&APwA3w-e" (MESSAGES)
[3] S: c5 NO [NONEXISTENT] No such mailbox
C: a5 STATUS "Gr&APwA3w-e" (MESSAGES)
S: * STATUS Gr&APwA3w-e (MESSAGES 0)
S: a5 OK STATUS completed

# All commands that name a mailbox.
[2] C: b6 SUBSCRIBE "Grüße"
[2] S: b6 OK SUBSCRIBE completed
[2] C: b7 LSUB "" "*ü*"
[2] S: * LSUB () "/" "Grüße"
[2] S: b7 OK LSUB completed
[3] C: c7 LIST (SUBSCRIBED) "" "*ü*"
[3] S: * LIST (\Subscribed) "/" "Grüße"
[3] S: c7 OK LIST completed
C: a7 LSUB "" *&APw-*
S: * LSUB () "/" Gr&APwA3w-e
S: a7 OK LSUB completed
[2] C: b8 RENAME "旅行" "旅行/京都"
[2] S: b8 NO [CANNOT] A mailbox cannot be moved below itself
[3] C: c8 RENAME "旅行" "京都"
[3] S: c8 OK RENAME completed
[2] C< b9 APPEND "\xe4\xba\xac\xe9\x83\xbd" {5+}\r\nhello\r\n
[2] S: b9 OK [APPENDUID ... 1] APPEND completed
[2] C: b10 SELECT "京都"
[2] S* b10 OK [READ-WRITE] SELECT completed
[2] C: b11 COPY 1 "Grüße"
[2] S: b11 OK [COPYUID ... 1 1] COPY completed
[3] C: c11 STATUS "Grüße" (MESSAGES)
[3] S: * STATUS "Grüße" (MESSAGES 1)
[3] S: c11 OK STATUS completed
[3] C: c12 UNSUBSCRIBE "Grüße"
[3] S: c12 OK UNSUBSCRIBE completed
[3] C: c13 DELETE "Füße/& so"
[3] S: c13 OK DELETE completed

# The same name in a literal; a quoted string that is not UTF-8 is no string (RFC 9755 section 3).
[2] C< b14 STATUS {7+}\r\nGr\xc3\xbc\xc3\x9fe (MESSAGES)\r\n
[2] S: * STATUS "Grüße" (MESSAGES 1)
[2] S: b14 OK STATUS completed
[2] C< b15 STATUS "Gr\xfc\xdfe" (MESSAGES)\r\n
[2] S: b15 BAD A quoted string must be UTF-8
[3] C< c15 STATUS "Gr\xfc\xdfe" (MESSAGES)\r\n
[3] S: c15 BAD A quoted string must be UTF-8
C< a15 STATUS "Gr\xfc\xdfe" (MESSAGES)\r\n
S: a15 NO [CANNOT] The mailbox name is not UTF-8
[2] C< b16 STATUS {5+}\r\nGr\xfc\xdfe (MESSAGES)\r\n
[2] S: b16 NO [CANNOT] The mailbox name is not UTF-8
