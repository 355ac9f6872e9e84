# Clients that need to be treated otherwise (src/session/client_rule.def).
account n
S: * OK [CAPABILITY ... OBJECTID ...] ...
C: a1 LOGIN $n $password
S: a1 OK [CAPABILITY ... OBJECTID ...] Logged in

# OBJECTID is masked for Apple's programs. What was shown before is taken back.
C: a2 ID ("name" "iPhone Mail" "version" "13E238" "os" "iOS" "os-version" "9.3.1 (13E238)")
S! ...OBJECTID...
S* * CAPABILITY ...
S* a2 OK ID completed
C: a3 CAPABILITY
S! ...OBJECTID...
S* a3 OK CAPABILITY completed
# Nor is what it adds without being asked (RFC 8474 sections 4.1 and 4.2); whoever asks is answered.
C: a3a CREATE Apples
S: a3a OK CREATE completed
C: a3b SELECT Apples
S! ...MAILBOXID...
S* a3b OK [READ-WRITE] SELECT completed
C: a3c EXAMINE INBOX
S! ...MAILBOXID...
S* a3c OK [READ-ONLY] EXAMINE completed
C: a3d STATUS Apples (MAILBOXID)
S: * STATUS Apples (MAILBOXID (F$id))
S: a3d OK STATUS completed
C: a3e UNSELECT
S: a3e OK UNSELECT completed
C: a4 ID ("name" "iPad Mail" "version" "13E238")
S: * ID (...)
S: a4 OK ID completed
C: a5 ID NIL
S: * ID (...)
S: a5 OK ID completed
C: a6 CAPABILITY
S! ...OBJECTID...
S* a6 OK CAPABILITY completed
C: a7 ID ("name" "Thunderbird" "version" "115.0")
S: * CAPABILITY ... OBJECTID ...
S: * ID (...)
S: a7 OK ID completed
C: a7a SELECT Apples
S* * OK [MAILBOXID (F$id)] mailbox identifier
S* a7a OK [READ-WRITE] SELECT completed
C: a7b CREATE Pears
S: a7b OK [MAILBOXID (...)] CREATE completed
LOG client rule apple-mail
C: a8 LOGOUT
S* a8 OK LOGOUT completed
END

# Before login too, and in the answer to the login.
[2] S: * OK [CAPABILITY ... OBJECTID ...] ...
[2] C: a1 ID ("name" "com.apple.email.maild" "version" "3445.100.39" "os" "iOS")
[2] S! ...OBJECTID...
[2] S* a1 OK ID completed
[2] C: a2 LOGIN $n $password
[2] S! ...OBJECTID...
[2] S* a2 OK [CAPABILITY ...] Logged in

# Old versions are told of new and expunged messages when they ask, and of flags at once.
[3] S: * OK ...
[3] C: a1 LOGIN $n $password
[3] S* a1 OK ...
[3] C: a2 ID ("name" "Mac OS X Mail" "version" "3.6 (935/935.3)" "os" "Mac OS X")
[3] S* a2 OK ID completed
[3] C< a3 APPEND INBOX {3+}\r\none {3+}\r\ntwo {5+}\r\nthree\r\n
[3] S* a3 OK ...
[3] C: a4 SELECT INBOX
[3] S: * 3 EXISTS
[3] S* a4 OK [READ-WRITE] SELECT completed
[2] C: b1 SELECT INBOX
[2] S* b1 OK ...
[2] C: b2 STORE 1 +FLAGS.SILENT (\Deleted)
[2] S: b2 OK STORE completed
[2] C: b3 EXPUNGE
[2] S* b3 OK EXPUNGE completed
[2] C< b4 APPEND INBOX {4+}\r\nfour\r\n
[2] S* b4 OK ...
[2] C: b5 STORE 1 +FLAGS.SILENT (\Flagged)
[2] S: b5 OK STORE completed
[3] C: b1 UID FETCH 2 (UID)
[3] S: * 2 FETCH (UID 2)
[3] S: * 2 FETCH (UID 2 FLAGS (\Flagged \Recent))
[3] S: b1 OK UID FETCH completed
[3] C: b2 STATUS Trash (MESSAGES)
[3] S: * STATUS Trash (MESSAGES 0)
[3] S: b2 OK STATUS completed
[3] C: b3 STORE 3 +FLAGS (\Seen)
[3] S: * 3 FETCH (FLAGS (\Seen \Recent))
[3] S: b3 OK STORE completed
[3] C: b4 NOOP
[3] S: * 1 EXPUNGE
[3] S: * 3 EXISTS
[3] S* b4 OK NOOP completed
[2] C< b6 APPEND INBOX {4+}\r\nfive\r\n
[2] S* b6 OK ...
[3] C: b5 UID FETCH 2 (UID)
[3] S: * 1 FETCH (UID 2)
[3] S: b5 OK UID FETCH completed
[3] C: b6 UID STORE 3 +FLAGS.SILENT (\Deleted)
[3] S: b6 OK STORE completed
[3] C: b7 EXPUNGE
[3] S: * 2 EXPUNGE
[3] S: * 3 EXISTS
[3] S* b7 OK EXPUNGE completed
[2] C< b7 APPEND INBOX {3+}\r\nsix\r\n
[2] S* b7 OK ...
[3] C: b8 IDLE
[3] S: + idling
[3] S: * 4 EXISTS
[3] S* * ...RECENT
[3] C: DONE
[3] S: b8 OK IDLE terminated

# What is typed on an iPhone is looked for loosely; not in HEADER, where it looks for Message-IDs, and not what is kept
# up to date.
account f
mail f
From: Anna Example <anna@example.org>
Subject: Meetings of the board
Message-ID: <one@example.org>

The budget is approved.
.
mail f
From: Bert Example <bert@example.org>
Subject: Lunch
Message-ID: <ones@example.org>

Nothing else.
.
[4] C: a1 LOGIN $f $password
[4] S* a1 OK ...
[4] C: a2 SELECT INBOX
[4] S* a2 OK ...
[4] C: a3 SEARCH SUBJECT "board meeting"
[4] S: * SEARCH
[4] S: a3 OK SEARCH completed
[4] C: a4 ID ("name" "iPhone Mail" "version" "22A" "os" "iOS")
[4] S* a4 OK ID completed
[4] C: a5 SEARCH SUBJECT "board meeting"
[4] S: * SEARCH 1
[4] S: a5 OK SEARCH completed
[4] C: a6 UID SEARCH OR FROM "ana" TEXT "budgets aproved"
[4] S: * SEARCH 1
[4] S: a6 OK UID SEARCH completed
[4] C: a7 UID SEARCH HEADER Message-ID "<one@example.org>"
[4] S: * SEARCH 1
[4] S: a7 OK UID SEARCH completed
[4] C: a8 SEARCH NOT SUBJECT "board meeting"
[4] S: * SEARCH 2
[4] S: a8 OK SEARCH completed
[4] C: a9 SEARCH RETURN (UPDATE COUNT) SUBJECT "board meeting"
[4] S: * ESEARCH (TAG "a9") COUNT 0
[4] S: a9 OK SEARCH completed
[4] C: a10 ESEARCH IN (personal) RETURN (COUNT) SUBJECT "board meeting"
[4] S: * ESEARCH (TAG "a10" MAILBOX INBOX UIDVALIDITY ...) UID COUNT 1
[4] S* a10 OK ...
