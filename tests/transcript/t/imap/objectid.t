# OBJECTID (RFC 8474): the dialogues of its sections 4.1, 4.3, 5.3 and 6, and what keeps an
# identifier when a mailbox is renamed, emptied or made again.
account t
S: * OK [CAPABILITY ...] ...
C: a1 LOGIN $t $password
S: a1 OK [CAPABILITY ... OBJECTID ...] Logged in

# 4.1
C: 3 create foo
S: 3 OK [MAILBOXID (F$foo)] CREATE completed
C: 4 create bar
S: 4 OK [MAILBOXID (F$bar)] CREATE completed
C: 5 create foo
S: 5 NO [ALREADYEXISTS] ...

# 4.3
C: 6 status foo (mailboxid)
S: * STATUS foo (MAILBOXID (F$foo))
S: 6 OK STATUS completed
C: 7 status bar (messages mailboxid uidnext)
S: * STATUS bar (MESSAGES 0 UIDNEXT 1 MAILBOXID (F$bar))
S: 7 OK STATUS completed
C: 8 rename foo renamed
S: 8 OK RENAME completed
C: 9 status renamed (mailboxid)
S: * STATUS renamed (MAILBOXID (F$foo))
S: 9 OK STATUS completed
C: 10 delete bar
S: 10 OK DELETE completed
C: 11 create bar
S: 11 OK [MAILBOXID (F$again)] CREATE completed
C: 12 list "" (bar renamed) return (status (mailboxid))
S: * LIST () "/" bar
S: * STATUS bar (MAILBOXID (F$again))
S: * LIST () "/" renamed
S: * STATUS renamed (MAILBOXID (F$foo))
S: 12 OK LIST completed

# 5.3
C: 13 status inbox (mailboxid)
S: * STATUS INBOX (MAILBOXID (F$inbox))
S: 13 OK STATUS completed
C< 14 append inbox "20-Mar-2018 03:07:37 +1100" {74+}\r\n
C< Subject: Message A\r\nMessage-ID: <fake.1521475657.54797@example.com>\r\n\r\nA\r\n\r\n
S: 14 OK [APPENDUID ... 1] APPEND completed
C< 15 append inbox "20-Mar-2018 03:07:37 +1100" {127+}\r\n
C< Subject: Re: Message A\r\nMessage-ID: <fake.1521475657.21213@example.org>\r\nReferences: <fake.1521475657.54797@example.com>\r\n\r\nB\r\n\r\n
S: 15 OK [APPENDUID ... 2] APPEND completed
C< 16 append inbox "20-Mar-2018 03:07:37 +1100" {74+}\r\n
C< Subject: Message C\r\nMessage-ID: <fake.1521475657.60280@example.com>\r\n\r\nC\r\n\r\n
S: 16 OK [APPENDUID ... 3] APPEND completed
C: 17 select inbox
S* * OK [MAILBOXID (F$inbox)] mailbox identifier
S* 17 OK [READ-WRITE] SELECT completed
C: 18 fetch 1:* (emailid threadid)
S: * 1 FETCH (EMAILID (M$a) THREADID (T$thread))
S: * 2 FETCH (EMAILID (M$b) THREADID (T$thread))
S: * 3 FETCH (EMAILID (M$c) THREADID (T$other))
S: 18 OK FETCH completed
C: 19 fetch 2 (emailid envelope threadid bodystructure rfc822.size)
S: * 2 FETCH (EMAILID (M$b) ENVELOPE (NIL "Re: Message A" ...) THREADID (T$thread) BODYSTRUCTURE (...) RFC822.SIZE 127)
S: 19 OK FETCH completed

# 6
C: 20 search emailid M$a
S: * SEARCH 1
S: 20 OK SEARCH completed
C: 21 search threadid T$thread
S: * SEARCH 1 2
S: 21 OK SEARCH completed
C: 22 uid search or emailid M$a emailid M$c
S: * SEARCH 1 3
S: 22 OK UID SEARCH completed
C: 23 search emailid T$thread
S: * SEARCH
S: 23 OK SEARCH completed
C: 24 search emailid not/one
S: 24 BAD ...
C: 25 search emailid
S: 25 BAD ...

# Identifiers go along with COPY and MOVE; the same message a second time has the same.
C: 26 move 2 bar
S: * OK [COPYUID ... 2 1] ...
S: * 2 EXPUNGE
S* 26 OK MOVE completed
C: 27 copy 1 bar
S: 27 OK [COPYUID ... 1 2] COPY completed
C: 28 fetch 1:* (emailid threadid)
S: * 1 FETCH (EMAILID (M$a) THREADID (T$thread))
S: * 2 FETCH (EMAILID (M$c) THREADID (T$other))
S: 28 OK FETCH completed
C< 29 append bar "20-Mar-2018 03:07:37 +1100" {74+}\r\n
C< Subject: Message C\r\nMessage-ID: <fake.1521475657.60280@example.com>\r\n\r\nC\r\n\r\n
S: 29 OK [APPENDUID ... 3] APPEND completed
C< 30 append bar "20-Mar-2018 03:07:38 +1100" {74+}\r\n
C< Subject: Message C\r\nMessage-ID: <fake.1521475657.60280@example.com>\r\n\r\nC\r\n\r\n
S: 30 OK [APPENDUID ... 4] APPEND completed
C: 31 examine bar
S* * OK [MAILBOXID (F$again)] mailbox identifier
S* 31 OK [READ-ONLY] EXAMINE completed
C: 32 uid fetch 1:* (emailid threadid)
S: * 1 FETCH (UID 1 EMAILID (M$b) THREADID (T$thread))
S: * 2 FETCH (UID 2 EMAILID (M$a) THREADID (T$thread))
S: * 3 FETCH (UID 3 EMAILID (M$c) THREADID (T$other))
S: * 4 FETCH (UID 4 EMAILID (M$later) THREADID (T$other))
S: 32 OK UID FETCH completed

# INBOX keeps its identifier when it is renamed; the new mailbox has one of its own.
C: 33 rename inbox old
S: 33 OK RENAME completed
C: 34 status inbox (mailboxid messages)
S: * STATUS INBOX (MESSAGES 0 MAILBOXID (F$inbox))
S: 34 OK STATUS completed
C: 35 select old
S* * OK [MAILBOXID (F$old)] mailbox identifier
S* 35 OK [READ-WRITE] SELECT completed
C: 36 fetch 1:* (emailid)
S: * 1 FETCH (EMAILID (M$a))
S: * 2 FETCH (EMAILID (M$c))
S: 36 OK FETCH completed

# Another session is told the same, also of a message that was expunged meanwhile.
[2] S: * OK [CAPABILITY ...] ...
[2] C: b1 LOGIN $t $password
[2] S: b1 OK [CAPABILITY ...] Logged in
[2] C: b2 SELECT old
[2] S* * OK [MAILBOXID (F$old)] mailbox identifier
[2] S* b2 OK [READ-WRITE] SELECT completed
C: 37 store 1 +flags.silent \Deleted
S: 37 OK STORE completed
C: 38 expunge
S: * 1 EXPUNGE
S* 38 OK EXPUNGE completed
[2] C: b3 FETCH 1:2 (EMAILID)
[2] S: * 1 FETCH (EMAILID (M$a))
[2] S: * 2 FETCH (EMAILID (M$c))
[2] S* b3 OK FETCH completed
