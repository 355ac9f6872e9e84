# SEARCH with every key, charsets, encoded words, ESEARCH (RFC 3501 6.4.4, 4731, 5032).
account s
mail s
Date: Mon, 02 Jan 2023 10:00:00 +0000
From: Ann <ann@example.org>
To: bob@example.org
Cc: carl@example.org
Bcc: dora@example.org
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe_aus_K=C3=B6ln?=
Message-ID: <s1@x>
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Sch=F6ne Gr=FC=DFe
.
mail s
Date: Tue, 03 Jan 2023 10:00:00 +0000
From: Bob <bob@example.org>
Subject: plain
X-Thing: yes
Message-ID: <s2@x>

nothing special here
.
mail s
Date: Wed, 04 Jan 2023 10:00:00 +0000
From: =?iso-8859-1?q?J=FCrgen?= <j@example.org>
Subject: base64
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: base64

w4TDlsOcIGhpZGRlbiB0ZXh0
.
S: * OK [CAPABILITY ...] ...
C: a1 LOGIN $s $password
S: a1 OK [CAPABILITY ...] Logged in
C: a2 SELECT INBOX
S: * 3 EXISTS
S: * 3 RECENT
S: * OK [UNSEEN 1] first unseen message
S: * OK [UIDVALIDITY ...] UIDs valid
S: * OK [UIDNEXT 4] predicted next UID
S: * OK [MAILBOXID (...)] mailbox identifier
S: * FLAGS (\Seen \Answered \Flagged \Deleted \Draft)
S: * OK [PERMANENTFLAGS (\Seen \Answered \Flagged \Deleted \Draft \*)] Limited
S: * OK [HIGHESTMODSEQ ...] Highest
S: a2 OK [READ-WRITE] SELECT completed
C: a3 STORE 1 FLAGS (\Seen \Answered $Work)
S: * FLAGS (\Seen \Answered \Flagged \Deleted \Draft $Work)
S: * OK [PERMANENTFLAGS (\Seen \Answered \Flagged \Deleted \Draft $Work \*)] Limited
S: * 1 FETCH (FLAGS (\Seen \Answered \Recent $Work))
S: a3 OK STORE completed
C: a4 STORE 2 FLAGS (\Flagged \Draft)
S: * 2 FETCH (FLAGS (\Flagged \Draft \Recent))
S: a4 OK STORE completed
C: a5 STORE 3 FLAGS (\Deleted)
S: * 3 FETCH (FLAGS (\Deleted \Recent))
S: a5 OK STORE completed
C: b1 SEARCH ALL
S: * SEARCH 1 2 3
S: b1 OK SEARCH completed
C: b2 SEARCH ANSWERED
S: * SEARCH 1
S: b2 OK SEARCH completed
C: b3 SEARCH UNANSWERED
S: * SEARCH 2 3
S: b3 OK SEARCH completed
C: b4 SEARCH SEEN
S: * SEARCH 1
S: b4 OK SEARCH completed
C: b5 SEARCH UNSEEN
S: * SEARCH 2 3
S: b5 OK SEARCH completed
C: b6 SEARCH FLAGGED UNDELETED
S: * SEARCH 2
S: b6 OK SEARCH completed
C: b7 SEARCH UNFLAGGED
S: * SEARCH 1 3
S: b7 OK SEARCH completed
C: b8 SEARCH DRAFT
S: * SEARCH 2
S: b8 OK SEARCH completed
C: b9 SEARCH UNDRAFT
S: * SEARCH 1 3
S: b9 OK SEARCH completed
C: b10 SEARCH DELETED
S: * SEARCH 3
S: b10 OK SEARCH completed
C: b11 SEARCH NEW
S: * SEARCH 2 3
S: b11 OK SEARCH completed
C: b12 SEARCH OLD
S: * SEARCH
S: b12 OK SEARCH completed
C: b13 SEARCH RECENT
S: * SEARCH 1 2 3
S: b13 OK SEARCH completed
C: b14 SEARCH KEYWORD $Work
S: * SEARCH 1
S: b14 OK SEARCH completed
C: b15 SEARCH UNKEYWORD $Work
S: * SEARCH 2 3
S: b15 OK SEARCH completed
C: b16 SEARCH KEYWORD $None
S: * SEARCH
S: b16 OK SEARCH completed
C: c1 SEARCH FROM ann
S: * SEARCH 1
S: c1 OK SEARCH completed
C: c2 SEARCH TO BOB CC carl BCC dora
S: * SEARCH 1
S: c2 OK SEARCH completed
C: c3 SEARCH SUBJECT PLAIN
S: * SEARCH 2
S: c3 OK SEARCH completed
C: c4 SEARCH HEADER X-Thing ""
S: * SEARCH 2
S: c4 OK SEARCH completed
C: c5 SEARCH HEADER Message-ID s2
S: * SEARCH 2
S: c5 OK SEARCH completed
C: c6 SEARCH BODY "special here"
S: * SEARCH 2
S: c6 OK SEARCH completed
C: c7 SEARCH TEXT ann@
S: * SEARCH 1
S: c7 OK SEARCH completed
C< c8 SEARCH CHARSET UTF-8 SUBJECT {7+}\r\ngr\xc3\xbcsse\r\n
S: * SEARCH 1
S: c8 OK SEARCH completed
C< c9 SEARCH CHARSET UTF-8 SUBJECT {6+}\r\nGR\xc3\x9cSS\r\n
S: * SEARCH 1
S: c9 OK SEARCH completed
C< c10 SEARCH CHARSET ISO-8859-1 BODY {5+}\r\nSCH\xd6N\r\n
S: * SEARCH 1
S: c10 OK SEARCH completed
C< c11 SEARCH CHARSET UTF-8 BODY "hidden"\r\n
S: * SEARCH 3
S: c11 OK SEARCH completed
C< c12 SEARCH CHARSET UTF-8 FROM "j\xc3\xbcrgen"\r\n
S: * SEARCH 3
S: c12 OK SEARCH completed
C: c13 SEARCH CHARSET X-UNKNOWN SUBJECT a
S: c13 NO [BADCHARSET (UTF-8)] That charset is not known
C: c14 SEARCH CHARSET US-ASCII SUBJECT base
S: * SEARCH 3
S: c14 OK SEARCH completed
C: d1 SEARCH SENTON 3-Jan-2023
S: * SEARCH 2
S: d1 OK SEARCH completed
C: d2 SEARCH SENTBEFORE 3-Jan-2023
S: * SEARCH 1
S: d2 OK SEARCH completed
C: d3 SEARCH SENTSINCE "3-Jan-2023"
S: * SEARCH 2 3
S: d3 OK SEARCH completed
C: d4 SEARCH SINCE 1-Jan-2020
S: * SEARCH 1 2 3
S: d4 OK SEARCH completed
C: d5 SEARCH BEFORE 1-Jan-2020
S: * SEARCH
S: d5 OK SEARCH completed
C: d6 SEARCH ON 1-Jan-2020
S: * SEARCH
S: d6 OK SEARCH completed
C: d7 SEARCH LARGER 1
S: * SEARCH 1 2 3
S: d7 OK SEARCH completed
C: d8 SEARCH SMALLER 1
S: * SEARCH
S: d8 OK SEARCH completed
C: d9 SEARCH YOUNGER 3600
S: * SEARCH 1 2 3
S: d9 OK SEARCH completed
C: d10 SEARCH OLDER 3600
S: * SEARCH
S: d10 OK SEARCH completed
C: e1 SEARCH 2:*
S: * SEARCH 2 3
S: e1 OK SEARCH completed
C: e2 SEARCH UID 2:*
S: * SEARCH 2 3
S: e2 OK SEARCH completed
C: e3 SEARCH UID 99:*
S: * SEARCH 3
S: e3 OK SEARCH completed
C: e4 SEARCH NOT 1
S: * SEARCH 2 3
S: e4 OK SEARCH completed
C: e5 SEARCH OR 1 3
S: * SEARCH 1 3
S: e5 OK SEARCH completed
C: e6 SEARCH (OR SEEN (FLAGGED NOT DELETED))
S: * SEARCH 1 2
S: e6 OK SEARCH completed
# A number that no message has finds nothing, and is no mistake (RFC 7377 section 2; protocol.md, S-10).
C: e7 SEARCH 4
S: * SEARCH
S: e7 OK SEARCH completed
C: e7a SEARCH 2:1000,5000:6000
S: * SEARCH 2 3
S: e7a OK SEARCH completed
C: e7c SEARCH NOT 1000
S: * SEARCH 1 2 3
S: e7c OK SEARCH completed
C: e7d UID SEARCH RETURN (COUNT) 1000:*
S: * ESEARCH (TAG "e7d") UID COUNT 1
S: e7d OK UID SEARCH completed
C: e7e SEARCH RETURN (MIN MAX SAVE) 4294967295
S: * ESEARCH (TAG "e7e")
S: e7e OK SEARCH completed
C: e7f FETCH $ UID
S: e7f OK FETCH completed
C: e7g SEARCH 0
S: e7g BAD ...
C: e7h SEARCH 4294967296
S: e7h BAD ...
C< e7b SEARCH CHARSET UTF-8 SUBJECT {2+}\r\n\xff\xfe\r\n
S: e7b BAD The text is not in the charset that was named
C: e8 SEARCH OR 1
S: e8 BAD OR needs two search keys
C: e9 SEARCH ()
S: e9 BAD Unknown search key
C: e10 SEARCH
S: e10 BAD SEARCH needs search keys
C: e11 SEARCH NONSENSE
S: e11 BAD Unknown search key
C: f1 SEARCH RETURN (MIN MAX COUNT ALL) ALL
S: * ESEARCH (TAG "f1") MIN 1 MAX 3 COUNT 3 ALL 1:3
S: f1 OK SEARCH completed
C: f2 SEARCH RETURN () SEEN
S: * ESEARCH (TAG "f2") ALL 1
S: f2 OK SEARCH completed
C: f3 UID SEARCH RETURN (COUNT) DELETED
S: * ESEARCH (TAG "f3") UID COUNT 1
S: f3 OK UID SEARCH completed
C: f4 UID SEARCH RETURN (MIN) KEYWORD $None
S: * ESEARCH (TAG "f4") UID
S: f4 OK UID SEARCH completed
C: f5 SEARCH RETURN (COUNT) KEYWORD $None
S: * ESEARCH (TAG "f5") COUNT 0
S: f5 OK SEARCH completed
C: f6 SEARCH RETURN (SAVE) ALL
S: f6 OK SEARCH completed
C: f7 SEARCH RETURN (NONSENSE) ALL
S: f7 BAD Unknown SEARCH return option
C: f8 SEARCH $
S: * SEARCH 1 2 3
S: f8 OK SEARCH completed
C: f9 UID SEARCH 1:2
S: * SEARCH 1 2
S: f9 OK UID SEARCH completed
C: f11 SEARCH SUBJECT "a" SUBJECT {4+}
C: base
S: * SEARCH 3
S: f11 OK SEARCH completed
C: f12 SEARCH YOUNGER 0
S: f12 BAD A number must not be zero here
C: f13 LOGOUT
S: * BYE Logging out
S: f13 OK LOGOUT completed
END
