# QUOTA (RFC 9208): one root with what is limited, OVERQUOTA on each way in, limits that change under live sessions.
option quota.storage=3000
option quota.messages=4
option quota.mailboxes=8
option quota.warn=no
account p
account q
S: * OK [CAPABILITY ... QUOTA QUOTA=RES-STORAGE QUOTA=RES-MESSAGE QUOTA=RES-MAILBOX ...] ...
C: b1 GETQUOTA ""
S: b1 BAD ...
C: a1 LOGIN $p $password
S: a1 OK ...
C: a2 GETQUOTA ""
S: * QUOTA "" (STORAGE 0 2 MESSAGE 0 4 MAILBOX 6 8)
S: a2 OK GETQUOTA completed
C: a3 GETQUOTAROOT inbox
S: * QUOTAROOT INBOX ""
S: * QUOTA "" (STORAGE 0 2 MESSAGE 0 4 MAILBOX 6 8)
S: a3 OK GETQUOTAROOT completed
C: a4 GETQUOTAROOT "does not exist"
S: * QUOTAROOT "does not exist" ""
S: * QUOTA "" (STORAGE 0 2 MESSAGE 0 4 MAILBOX 6 8)
S: a4 OK GETQUOTAROOT completed
C: a5 GETQUOTA "#user/alice"
S: a5 NO [NONEXISTENT] No such quota root
C: a6 SETQUOTA "" (STORAGE 512)
S: a6 NO [NOPERM] Only an administrator can change limits
C: a7 SETQUOTA "" ()
S: a7 NO [NOPERM] Only an administrator can change limits
C: a8 SETQUOTA "" (STORAGE x)
S: a8 BAD A limit is a number
C: a9 GETQUOTAROOT
S: a9 BAD A mailbox name is missing
# Messages, one too many; MULTIAPPEND is all or none.
C: c1 SELECT INBOX
S* c1 OK ...
C< c2 APPEND INBOX {10+}\r\nA: b\r\n\r\nxy {10+}\r\nA: b\r\n\r\nxy\r\n
S: * 2 EXISTS
S: * 2 RECENT
S: c2 OK [APPENDUID ... 1:2] APPEND completed
C< c3 APPEND INBOX {10+}\r\nA: b\r\n\r\nxy {10+}\r\nA: b\r\n\r\nxy {10+}\r\nA: b\r\n\r\nxy\r\n
S: c3 NO [OVERQUOTA] The account's quota is used up
C: c4 COPY 1:2 Trash
S: c4 OK [COPYUID ... 1:2 1:2] COPY completed
C: c5 UID COPY 1 INBOX
S: c5 NO [OVERQUOTA] The account's quota is used up
C: c6 APPEND INBOX {8}
S: + go ahead
C< A: b\r\n\r\n\r\n
S: c6 NO [OVERQUOTA] The account's quota is used up
C: c7 GETQUOTA ""
S: * QUOTA "" (STORAGE 1 2 MESSAGE 4 4 MAILBOX 6 8)
S: c7 OK GETQUOTA completed
# A full account can be tidied up: MOVE to the trash, expunge, delete.
C: c8 MOVE 1 Trash
S: * OK [COPYUID ... 1 3] Moved
S: * 1 EXPUNGE
S* c8 OK MOVE completed
C: c9 STORE 1 +FLAGS.SILENT (\Deleted)
S: c9 OK STORE completed
C: c10 EXPUNGE
S: * 1 EXPUNGE
S* c10 OK EXPUNGE completed
C: c11 GETQUOTA ""
S: * QUOTA "" (STORAGE 1 2 MESSAGE 3 4 MAILBOX 6 8)
S: c11 OK GETQUOTA completed
# Mailboxes: missing parents count.
C: d1 CREATE a/b/c
S: d1 NO [OVERQUOTA] The account may not have more mailboxes
C: d2 CREATE a/b
S: d2 OK ... CREATE completed
C: d3 CREATE d
S: d3 NO [OVERQUOTA] The account may not have more mailboxes
C: d4 RENAME a/b a/c
S: d4 OK RENAME completed
C: d5 RENAME a/c e/c
S: d5 NO [OVERQUOTA] The account may not have more mailboxes
C: d6 DELETE a/c
S: d6 OK DELETE completed
C: d7 GETQUOTA ""
S: * QUOTA "" (STORAGE 1 2 MESSAGE 3 4 MAILBOX 7 8)
S: d7 OK GETQUOTA completed
# An account's own limits hold at once.
RUN account quota $p --storage none --messages 3 --mailboxes default
C: e1 GETQUOTA ""
S: * QUOTA "" (MESSAGE 3 3 MAILBOX 7 8)
S: e1 OK GETQUOTA completed
C< e2 APPEND INBOX {10+}\r\nA: b\r\n\r\nxy\r\n
S: e2 NO [OVERQUOTA] The account's quota is used up
RUN account quota $p --storage none --messages none --mailboxes none
C< e3 APPEND INBOX {10+}\r\nA: b\r\n\r\nxy\r\n
S: * 1 EXISTS
S: * 1 RECENT
S: e3 OK [APPENDUID ... 3] APPEND completed
C: e4 GETQUOTAROOT Trash
S: * QUOTAROOT Trash
S: e4 OK GETQUOTAROOT completed
C: e5 GETQUOTA ""
S: e5 NO [NONEXISTENT] The account has no limits
# LMTP: who has no room is refused, the others get their mail; user+detail counts for the same account.
RUN account quota $q --messages 1
[2] LMTP
[2] S: 220 ...
[2] C: LHLO x
[2] S* 250 SIZE ...
[2] C: MAIL FROM:<a@b>
[2] S: 250 ...
[2] C: RCPT TO:<$q@localhost>
[2] S: 250 ...
[2] C: RCPT TO:<$q+Trash@localhost>
[2] S: 250 ...
[2] C: RCPT TO:<$p@localhost>
[2] S: 250 ...
[2] C: DATA
[2] S: 354 ...
[2] C: Subject: x
[2] C: .
[2] S: 250 2.0.0 <...> Delivered
[2] S: 452 4.2.2 <...> The mailbox is full
[2] S: 250 2.0.0 <...> Delivered
LOG 07107 .*over quota: 1 of 1 messages are used, 1 more wanted
