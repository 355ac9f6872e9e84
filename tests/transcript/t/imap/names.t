# Names: CREATE, DELETE, RENAME of trees and of INBOX, LIST with its extensions, subscriptions, STATUS.
account n
S: * OK [CAPABILITY ...] ...
C: a1 LOGIN $n $password
S: a1 OK [CAPABILITY ...] Logged in
C: a2 LIST "" ""
S: * LIST (\Noselect) "/" ""
S: a2 OK LIST completed
C: a3 LIST "" *
S: * LIST (\HasNoChildren) "/" INBOX
S: * LIST (\HasNoChildren \Archive) "/" Archive
S: * LIST (\HasNoChildren \Drafts) "/" Drafts
S: * LIST (\HasNoChildren \Junk) "/" Junk
S: * LIST (\HasNoChildren \Sent) "/" Sent
S: * LIST (\HasNoChildren \Trash) "/" Trash
S: a3 OK LIST completed
C: a4 LIST "" %
S: * LIST (\HasNoChildren) "/" INBOX
S: * LIST (\HasNoChildren \Archive) "/" Archive
S: * LIST (\HasNoChildren \Drafts) "/" Drafts
S: * LIST (\HasNoChildren \Junk) "/" Junk
S: * LIST (\HasNoChildren \Sent) "/" Sent
S: * LIST (\HasNoChildren \Trash) "/" Trash
S: a4 OK LIST completed
C: a5 CREATE a/b/c
S: a5 OK [MAILBOXID (...)] CREATE completed
C: a6 LIST "" *a*
S: * LIST (\HasNoChildren \Drafts) "/" Drafts
S: * LIST (\HasNoChildren \Trash) "/" Trash
S: * LIST (\HasChildren) "/" a
S: * LIST (\HasChildren) "/" a/b
S: * LIST (\HasNoChildren) "/" a/b/c
S: a6 OK LIST completed
C: a7 CREATE a/b/c
S: a7 NO [ALREADYEXISTS] A mailbox of that name exists already
C: a8 CREATE inbox
S: a8 NO [CANNOT] INBOX is always there
C: a9 CREATE "x//y"
S: a9 NO [CANNOT] The mailbox name has an empty level
C: a10 CREATE "tail/"
S: a10 OK [MAILBOXID (...)] CREATE completed
C: a11 CREATE "&ZeVnLIqe-"
S: a11 OK [MAILBOXID (...)] CREATE completed
C: a12 CREATE "bad&name"
S: a12 OK [MAILBOXID (...)] CREATE completed
C: a13 LIST "" "&ZeVnLIqe-"
S: * LIST (\HasNoChildren) "/" &ZeVnLIqe-
S: a13 OK LIST completed
C: a14 RENAME a/b q
S: a14 OK RENAME completed
C: a15 LIST "" (a* q*)
S: * LIST () "/" a
S: * LIST () "/" q
S: * LIST () "/" q/c
S: a15 OK LIST completed
C: a16 RENAME a INBOX
S: a16 NO [ALREADYEXISTS] A mailbox of that name exists already
C: a17 RENAME nothing x
S: a17 NO [NONEXISTENT] No such mailbox
C: a18 RENAME q q/r
S: a18 NO [CANNOT] A mailbox cannot be moved below itself
C: a19 DELETE q
S: a19 OK DELETE completed
C: a20 DELETE INBOX
S: a20 NO [CANNOT] INBOX is always there
C: a21 DELETE q/c
S: a21 OK DELETE completed
C: a22 DELETE q
S: a22 NO [NONEXISTENT] No such mailbox
C: a23 DELETE q
S: a23 NO [NONEXISTENT] No such mailbox
C: b1 SUBSCRIBE a
S: b1 OK SUBSCRIBE completed
C: b2 SUBSCRIBE fruit/apple
S: b2 OK SUBSCRIBE completed
C: b3 LSUB "" *
S: * LSUB () "/" INBOX
S: * LSUB (\Archive) "/" Archive
S: * LSUB (\Drafts) "/" Drafts
S: * LSUB (\Junk) "/" Junk
S: * LSUB (\Sent) "/" Sent
S: * LSUB (\Trash) "/" Trash
S: * LSUB () "/" a
S: * LSUB (\Noselect) "/" fruit/apple
S: b3 OK LSUB completed
C: b4 LSUB "" %
S: * LSUB () "/" INBOX
S: * LSUB (\Archive) "/" Archive
S: * LSUB (\Drafts) "/" Drafts
S: * LSUB (\Junk) "/" Junk
S: * LSUB (\Sent) "/" Sent
S: * LSUB (\Trash) "/" Trash
S: * LSUB () "/" a
S: * LSUB (\Noselect) "/" fruit
S: b4 OK LSUB completed
C: b5 LIST (SUBSCRIBED) "" *
S: * LIST (\Subscribed) "/" INBOX
S: * LIST (\Subscribed) "/" Archive
S: * LIST (\Subscribed) "/" Drafts
S: * LIST (\Subscribed) "/" Junk
S: * LIST (\Subscribed) "/" Sent
S: * LIST (\Subscribed) "/" Trash
S: * LIST (\Subscribed) "/" a
S: * LIST (\NonExistent \Subscribed) "/" fruit/apple
S: b5 OK LIST completed
C: b6 LIST (SUBSCRIBED RECURSIVEMATCH) "" %
S: * LIST (\Subscribed) "/" INBOX
S: * LIST (\Subscribed) "/" Archive
S: * LIST (\Subscribed) "/" Drafts
S: * LIST (\Subscribed) "/" Junk
S: * LIST (\Subscribed) "/" Sent
S: * LIST (\Subscribed) "/" Trash
S: * LIST (\Subscribed) "/" a
S: * LIST (\NonExistent) "/" fruit ("CHILDINFO" ("SUBSCRIBED"))
S: b6 OK LIST completed
C: b7 LIST (RECURSIVEMATCH) "" %
S: b7 BAD RECURSIVEMATCH needs SUBSCRIBED or SPECIAL-USE as well
C: b8 LIST () "" % RETURN (SUBSCRIBED CHILDREN)
S: * LIST (\HasNoChildren \Subscribed) "/" INBOX
S: * LIST (\HasNoChildren \Subscribed) "/" Archive
S: * LIST (\HasNoChildren \Subscribed) "/" Drafts
S: * LIST (\HasNoChildren \Subscribed) "/" Junk
S: * LIST (\HasNoChildren \Subscribed) "/" Sent
S: * LIST (\HasNoChildren \Subscribed) "/" Trash
S: * LIST (\HasNoChildren \Subscribed) "/" a
S: * LIST (\HasNoChildren) "/" bad&-name
S: * LIST (\HasNoChildren) "/" tail
S: * LIST (\HasNoChildren) "/" &ZeVnLIqe-
S: b8 OK LIST completed
C: b9 LIST (SPECIAL-USE) "" *
S: * LIST (\Archive) "/" Archive
S: * LIST (\Drafts) "/" Drafts
S: * LIST (\Junk) "/" Junk
S: * LIST (\Sent) "/" Sent
S: * LIST (\Trash) "/" Trash
S: b9 OK LIST completed
C: b10 LIST "" (INBOX Sent) RETURN (STATUS (MESSAGES UNSEEN SIZE))
S: * LIST () "/" INBOX
S: * STATUS INBOX (MESSAGES 0 UNSEEN 0 SIZE 0)
S: * LIST () "/" Sent
S: * STATUS Sent (MESSAGES 0 UNSEEN 0 SIZE 0)
S: b10 OK LIST completed
C: b11 LIST "" % RETURN (SPECIAL-USE)
S: * LIST () "/" INBOX
S: * LIST (\Archive) "/" Archive
S: * LIST (\Drafts) "/" Drafts
S: * LIST (\Junk) "/" Junk
S: * LIST (\Sent) "/" Sent
S: * LIST (\Trash) "/" Trash
S: * LIST () "/" a
S: * LIST () "/" bad&-name
S: * LIST () "/" tail
S: * LIST () "/" &ZeVnLIqe-
S: b11 OK LIST completed
C: b12 LIST (REMOTE) "" INBOX
S: * LIST () "/" INBOX
S: b12 OK LIST completed
C: b13 LIST (NONSENSE) "" %
S: b13 BAD Unknown LIST selection option
C: b14 LIST "" % RETURN (NONSENSE)
S: b14 BAD Unknown LIST return option
C: b15 UNSUBSCRIBE fruit/apple
S: b15 OK UNSUBSCRIBE completed
C: b16 UNSUBSCRIBE fruit/apple
S: b16 OK UNSUBSCRIBE completed
C: b17 LSUB "" *
S: * LSUB () "/" INBOX
S: * LSUB (\Archive) "/" Archive
S: * LSUB (\Drafts) "/" Drafts
S: * LSUB (\Junk) "/" Junk
S: * LSUB (\Sent) "/" Sent
S: * LSUB (\Trash) "/" Trash
S: * LSUB () "/" a
S: b17 OK LSUB completed
C: b18 LIST "a/" %
S: b18 OK LIST completed
C: b19 LIST "" inBOX
S: * LIST (\HasNoChildren) "/" INBOX
S: b19 OK LIST completed
C: b20 LIST "" "in*"
S: * LIST (\HasNoChildren) "/" INBOX
S: b20 OK LIST completed
C: c1 STATUS INBOX (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN)
S: * STATUS INBOX (MESSAGES 0 RECENT 0 UIDNEXT 1 UIDVALIDITY ... UNSEEN 0)
S: c1 OK STATUS completed
C: c2 STATUS Nowhere (MESSAGES)
S: c2 NO [NONEXISTENT] No such mailbox
C: c3 STATUS INBOX ()
S: c3 BAD Unknown STATUS item
C: c4 STATUS INBOX (NONSENSE)
S: c4 BAD Unknown STATUS item
C: c6 CREATE Spam (USE (\Junk))
S: c6 NO [USEATTR] Another mailbox has that special use
C: c7 CREATE Important (USE (\Flagged))
S: c7 NO [USEATTR] A mailbox cannot have that special use
C: c8 CREATE Odd (USE (\Odd))
S: c8 NO [USEATTR] That special use is not known
C< d1 APPEND INBOX {3+}\r\nabc\r\n
S: d1 OK [APPENDUID ... 1] APPEND completed
C: d2 SELECT INBOX
S: * 1 EXISTS
S: * 1 RECENT
S: * OK [UNSEEN 1] first unseen message
S: * OK [UIDVALIDITY ...] UIDs valid
S: * OK [UIDNEXT 2] predicted next UID
S: * OK [MAILBOXID (...)] mailbox identifier
S: * FLAGS (\Seen \Answered \Flagged \Deleted \Draft)
S: * OK [PERMANENTFLAGS (\Seen \Answered \Flagged \Deleted \Draft \*)] Limited
S: * OK [HIGHESTMODSEQ ...] Highest
S: d2 OK [READ-WRITE] SELECT completed
C: d3 RENAME INBOX old/mail
S: * 1 EXPUNGE
S: * 0 RECENT
S: d3 OK RENAME completed
C: d4 NOOP
S: d4 OK NOOP completed
C: d5 STATUS old/mail (MESSAGES)
S: * STATUS old/mail (MESSAGES 1)
S: d5 OK STATUS completed
C: d6 LIST "" old*
S: * LIST (\HasChildren) "/" old
S: * LIST (\HasNoChildren) "/" old/mail
S: d6 OK LIST completed
C: d7 SELECT old/mail
S: * OK [CLOSED] Previous mailbox is closed
S: * 1 EXISTS
S: * 1 RECENT
S: * OK [UNSEEN 1] first unseen message
S: * OK [UIDVALIDITY ...] UIDs valid
S: * OK [UIDNEXT 2] predicted next UID
S: * OK [MAILBOXID (...)] mailbox identifier
S: * FLAGS (\Seen \Answered \Flagged \Deleted \Draft)
S: * OK [PERMANENTFLAGS (\Seen \Answered \Flagged \Deleted \Draft \*)] Limited
S: * OK [HIGHESTMODSEQ ...] Highest
S: d7 OK [READ-WRITE] SELECT completed
C: d8 RENAME old/mail older
S: d8 OK RENAME completed
C: d9 FETCH 1 RFC822.SIZE
S: * 1 FETCH (RFC822.SIZE 3)
S: d9 OK FETCH completed
C: d10 STATUS older (MESSAGES)
S: * STATUS older (MESSAGES 1)
S: d10 OK STATUS completed
C: d11 LSUB "" ""
S: * LSUB (\Noselect) "/" ""
S: d11 OK LSUB completed
C: d12 LIST "" "*" RETURN (STATUS (NONSENSE))
S: d12 BAD Unknown STATUS item
C: d13 LIST "/" "INBOX"
S: d13 OK LIST completed
C: d14 CREATE ""
S: d14 NO [CANNOT] The mailbox name is empty
C: d15 SUBSCRIBE ""
S: d15 NO [CANNOT] The mailbox name is empty
C: d16 CREATE "a*b"
S: d16 OK [MAILBOXID (...)] CREATE completed
C: d17 CREATE "caf\"q\\x"
S: d17 OK [MAILBOXID (...)] CREATE completed
C: d18 LIST "" "caf*"
S: * LIST (\HasNoChildren) "/" "caf\"q\\x"
S: d18 OK LIST completed
C: d19 LOGOUT
S: * BYE Logging out
S: d19 OK LOGOUT completed
END
