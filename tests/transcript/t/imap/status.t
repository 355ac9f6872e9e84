# STATUS items about deleted messages, in STATUS and LIST, through all that changes them; XLIST.
account n
S: * OK [CAPABILITY ...] ...
C: a1 LOGIN $n $password
S: a1 OK [CAPABILITY ...] Logged in
C: a2 STATUS INBOX (DELETED DELETED-STORAGE)
S: * STATUS INBOX (DELETED 0 DELETED-STORAGE 0)
S: a2 OK STATUS completed
C< a3 APPEND INBOX (\\Deleted) {3+}\r\none (\\Seen) {5+}\r\nthree (\\Deleted \\Seen) {7+}\r\nseventh\r\n
S: a3 OK [APPENDUID ... 1:3] APPEND completed
C: a4 STATUS INBOX (messages deleted-storage deleted size)
S: * STATUS INBOX (MESSAGES 3 DELETED 2 SIZE 15 DELETED-STORAGE 10)
S: a4 OK STATUS completed
[2] S: * OK [CAPABILITY ...] ...
[2] C: a1 LOGIN $n $password
[2] S: a1 OK [CAPABILITY ...] Logged in
[2] C: a2 SELECT INBOX
[2] S* a2 OK ...
[2] C: a3 UID STORE 2 +FLAGS.SILENT (\Deleted)
[2] S: a3 OK STORE completed
C: b1 STATUS INBOX (DELETED DELETED-STORAGE)
S: * STATUS INBOX (DELETED 3 DELETED-STORAGE 15)
S: b1 OK STATUS completed
[2] C: b1 STORE 1:2 FLAGS.SILENT ()
[2] S: b1 OK STORE completed
C: b2 STATUS INBOX (DELETED DELETED-STORAGE)
S: * STATUS INBOX (DELETED 1 DELETED-STORAGE 7)
S: b2 OK STATUS completed
[2] C: b2 COPY 1:* Trash
[2] S: b2 OK [COPYUID ... 1:3 1:3] COPY completed
C: b3 LIST "" (INBOX Trash) RETURN (STATUS (DELETED DELETED-STORAGE HIGHESTMODSEQ))
S: * LIST () "/" INBOX
S: * STATUS INBOX (DELETED 1 HIGHESTMODSEQ ... DELETED-STORAGE 7)
S: * LIST () "/" Trash
S: * STATUS Trash (DELETED 1 HIGHESTMODSEQ ... DELETED-STORAGE 7)
S: b3 OK LIST completed
[2] C: b3 UID MOVE 3 Junk
[2] S* b3 OK ...
[2] C: b4 UID STORE 1:2 +FLAGS.SILENT (\Deleted)
[2] S: b4 OK STORE completed
[2] C: b5 UID EXPUNGE 2
[2] S* b5 OK EXPUNGE completed
C: b4 LIST "" (INBOX Junk) RETURN (STATUS (MESSAGES DELETED DELETED-STORAGE))
S: * LIST () "/" INBOX
S: * STATUS INBOX (MESSAGES 1 DELETED 1 DELETED-STORAGE 3)
S: * LIST () "/" Junk
S: * STATUS Junk (MESSAGES 1 DELETED 1 DELETED-STORAGE 7)
S: b4 OK LIST completed
[2] C: b6 CLOSE
[2] S: b6 OK CLOSE completed
C: b5 STATUS INBOX (MESSAGES DELETED DELETED-STORAGE)
S: * STATUS INBOX (MESSAGES 0 DELETED 0 DELETED-STORAGE 0)
S: b5 OK STATUS completed

# Old mail programs look for special mailboxes with XLIST. It is not offered.
C: c3 CREATE Archive/old
S: c3 OK [MAILBOXID (...)] CREATE completed
C: c4 XLIST "" *
S: * XLIST (\HasNoChildren \Inbox) "/" INBOX
S: * XLIST (\HasChildren \Archive) "/" Archive
S: * XLIST (\HasNoChildren) "/" Archive/old
S: * XLIST (\HasNoChildren \Drafts) "/" Drafts
S: * XLIST (\HasNoChildren \Junk \Spam) "/" Junk
S: * XLIST (\HasNoChildren \Sent) "/" Sent
S: * XLIST (\HasNoChildren \Trash) "/" Trash
S: c4 OK XLIST completed
C: c5 XLIST "" ""
S: * XLIST (\Noselect) "/" ""
S: c5 OK XLIST completed
C: c6 XLIST
S: c6 BAD The command needs a reference name and a pattern
C: c7 CAPABILITY
S! ...XLIST...
S* c7 OK CAPABILITY completed
C: c8 LOGOUT
S: * BYE ...
S: c8 OK LOGOUT completed
END
