# Every FETCH item and section form on a multipart mail with a nested message (RFC 3501 6.4.5).
account f
mail f
Return-Path: <x@example.org>
Date: Mon, 2 Jan 2023 03:04:05 +0100
From: "Doe, John" <john@example.org>
To: a@example.org, Group: b@example.org, c@example.org;
Subject: =?utf-8?q?caf=C3=A9?=
Message-ID: <1@example.org>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="out"

preamble
--out
Content-Type: text/plain; charset=us-ascii
Content-ID: <part1@x>

first part
--out
Content-Type: message/rfc822
Content-Description: a letter

From: inner@example.org
Subject: inner
Date: Tue, 3 Jan 2023 00:00:00 +0000
Content-Type: multipart/alternative; boundary=in

--in
Content-Type: text/plain

plain text
--in
Content-Type: text/html

<b>html</b>
--in--
--out
Content-Type: application/octet-stream; name="x.bin"
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename="x.bin"

AAECAw==
--out--
epilogue
.
S: * OK [CAPABILITY ...] ...
C: a1 LOGIN $f $password
S: a1 OK [CAPABILITY ...] Logged in
C: a2 EXAMINE INBOX
S: * 1 EXISTS
S: * 1 RECENT
S: * OK [UNSEEN 1] first unseen message
S: * OK [UIDVALIDITY ...] UIDs valid
S: * OK [UIDNEXT 2] predicted next UID
S: * OK [MAILBOXID (...)] mailbox identifier
S: * FLAGS (\Seen \Answered \Flagged \Deleted \Draft)
S: * OK [PERMANENTFLAGS ()] Limited
S: * OK [HIGHESTMODSEQ ...] Highest
S: a2 OK [READ-ONLY] EXAMINE completed
C: b1 FETCH 1 ALL
S: * 1 FETCH (FLAGS (\Recent) INTERNALDATE "..." ENVELOPE ("Mon, 2 Jan 2023 03:04:05 +0100" "=?utf-8?q?caf=C3=A9?=" (("Doe, John" NIL "john" "example.org")) (("Doe, John" NIL "john" "example.org")) (("Doe, John" NIL "john" "example.org")) ((NIL NIL "a" "example.org")(NIL NIL "Group" NIL)(NIL NIL "b" "example.org")(NIL NIL "c" "example.org")(NIL NIL NIL NIL)) NIL NIL NIL "<1@example.org>") RFC822.SIZE ...)
S: b1 OK FETCH completed
C: b2 FETCH 1 FAST
S: * 1 FETCH (FLAGS (\Recent) INTERNALDATE "..." RFC822.SIZE ...)
S: b2 OK FETCH completed
C: b3 FETCH 1 FULL
S: * 1 FETCH (FLAGS (\Recent) INTERNALDATE "..." ENVELOPE ("Mon, 2 Jan 2023 03:04:05 +0100" "=?utf-8?q?caf=C3=A9?=" (("Doe, John" NIL "john" "example.org")) (("Doe, John" NIL "john" "example.org")) (("Doe, John" NIL "john" "example.org")) ((NIL NIL "a" "example.org")(NIL NIL "Group" NIL)(NIL NIL "b" "example.org")(NIL NIL "c" "example.org")(NIL NIL NIL NIL)) NIL NIL NIL "<1@example.org>") RFC822.SIZE ... BODY (("text" "plain" ("charset" "us-ascii") "<part1@x>" NIL "7bit" 10 0)("message" "rfc822" NIL NIL "a letter" "7bit" 229 ("Tue, 3 Jan 2023 00:00:00 +0000" "inner" ((NIL NIL "inner" "example.org")) ((NIL NIL "inner" "example.org")) ((NIL NIL "inner" "example.org")) NIL NIL NIL NIL NIL) (("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 10 0)("text" "html" ("charset" "us-ascii") NIL NIL "7bit" 11 0) "alternative") 13)("application" "octet-stream" ("name" "x.bin") NIL NIL "base64" 8) "mixed"))
S: b3 OK FETCH completed
C: b4 FETCH 1 (UID RFC822.SIZE INTERNALDATE)
S: * 1 FETCH (UID 1 RFC822.SIZE ... INTERNALDATE "...")
S: b4 OK FETCH completed
C: b5 FETCH 1 BODYSTRUCTURE
S: * 1 FETCH (BODYSTRUCTURE (("text" "plain" ("charset" "us-ascii") "<part1@x>" NIL "7bit" 10 0 NIL NIL NIL NIL)("message" "rfc822" NIL NIL "a letter" "7bit" 229 ("Tue, 3 Jan 2023 00:00:00 +0000" "inner" ((NIL NIL "inner" "example.org")) ((NIL NIL "inner" "example.org")) ((NIL NIL "inner" "example.org")) NIL NIL NIL NIL NIL) (("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 10 0 NIL NIL NIL NIL)("text" "html" ("charset" "us-ascii") NIL NIL "7bit" 11 0 NIL NIL NIL NIL) "alternative" ("boundary" "in") NIL NIL NIL) 13 NIL NIL NIL NIL)("application" "octet-stream" ("name" "x.bin") NIL NIL "base64" 8 NIL ("attachment" ("filename" "x.bin")) NIL NIL) "mixed" ("boundary" "out") NIL NIL NIL))
S: b5 OK FETCH completed
C: b6 FETCH 1 BODY
S: * 1 FETCH (BODY (("text" "plain" ("charset" "us-ascii") "<part1@x>" NIL "7bit" 10 0)("message" "rfc822" NIL NIL "a letter" "7bit" 229 ("Tue, 3 Jan 2023 00:00:00 +0000" "inner" ((NIL NIL "inner" "example.org")) ((NIL NIL "inner" "example.org")) ((NIL NIL "inner" "example.org")) NIL NIL NIL NIL NIL) (("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 10 0)("text" "html" ("charset" "us-ascii") NIL NIL "7bit" 11 0) "alternative") 13)("application" "octet-stream" ("name" "x.bin") NIL NIL "base64" 8) "mixed"))
S: b6 OK FETCH completed
C: b7 FETCH 1 BODY.PEEK[HEADER]
S: * 1 FETCH (BODY[HEADER] {...}\r\nReturn-Path: <sender@example.org>\r\nDelivered-To: $f@localhost\r\nReceived: ...\r\nReturn-Path: <x@example.org>\r\nDate: Mon, 2 Jan 2023 03:04:05 +0100\r\nFrom: "Doe, John" <john@example.org>\r\nTo: a@example.org, Group: b@example.org, c@example.org;\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\nMessage-ID: <1@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="out"\r\n\r\n)
S: b7 OK FETCH completed
C: b8 FETCH 1 BODY.PEEK[TEXT]<0.10>
S: * 1 FETCH (BODY[TEXT]<0> {10}\r\npreamble\r\n)
S: b8 OK FETCH completed
C: b9 FETCH 1 BODY.PEEK[TEXT]<5.10>
S: * 1 FETCH (BODY[TEXT]<5> {10}\r\nble\r\n--out)
S: b9 OK FETCH completed
C: b10 FETCH 1 BODY.PEEK[TEXT]<100000.10>
S: * 1 FETCH (BODY[TEXT]<100000> {0}\r\n)
S: b10 OK FETCH completed
C: b11 FETCH 1 BODY.PEEK[1]
S: * 1 FETCH (BODY[1] {10}\r\nfirst part)
S: b11 OK FETCH completed
C: b12 FETCH 1 BODY.PEEK[1.MIME]
S: * 1 FETCH (BODY[1.MIME] {69}\r\nContent-Type: text/plain; charset=us-ascii\r\nContent-ID: <part1@x>\r\n\r\n)
S: b12 OK FETCH completed
C: b13 FETCH 1 BODY.PEEK[2]<0.30>
S: * 1 FETCH (BODY[2]<0> {30}\r\nFrom: inner@example.org\r\nSubje)
S: b13 OK FETCH completed
C: b14 FETCH 1 BODY.PEEK[2.HEADER]
S: * 1 FETCH (BODY[2.HEADER] {131}\r\nFrom: inner@example.org\r\nSubject: inner\r\nDate: Tue, 3 Jan 2023 00:00:00 +0000\r\nContent-Type: multipart/alternative; boundary=in\r\n\r\n)
S: b14 OK FETCH completed
C: b15 FETCH 1 BODY.PEEK[2.TEXT]
S: * 1 FETCH (BODY[2.TEXT] {98}\r\n--in\r\nContent-Type: text/plain\r\n\r\nplain text\r\n--in\r\nContent-Type: text/html\r\n\r\n<b>html</b>\r\n--in--)
S: b15 OK FETCH completed
C: b16 FETCH 1 BODY.PEEK[2.MIME]
S: * 1 FETCH (BODY[2.MIME] {63}\r\nContent-Type: message/rfc822\r\nContent-Description: a letter\r\n\r\n)
S: b16 OK FETCH completed
C: b17 FETCH 1 BODY.PEEK[2.1]
S: * 1 FETCH (BODY[2.1] {10}\r\nplain text)
S: b17 OK FETCH completed
C: b18 FETCH 1 BODY.PEEK[2.2.MIME]
S: * 1 FETCH (BODY[2.2.MIME] {27}\r\nContent-Type: text/html\r\n\r\n)
S: b18 OK FETCH completed
C: b19 FETCH 1 BODY.PEEK[2.HEADER.FIELDS (SUBJECT "From")]
S: * 1 FETCH (BODY[2.HEADER.FIELDS (SUBJECT From)] {43}\r\nFrom: inner@example.org\r\nSubject: inner\r\n\r\n)
S: b19 OK FETCH completed
C: b20 FETCH 1 BODY.PEEK[2.HEADER.FIELDS.NOT (Subject From)]
S: * 1 FETCH (BODY[2.HEADER.FIELDS.NOT (Subject From)] {90}\r\nDate: Tue, 3 Jan 2023 00:00:00 +0000\r\nContent-Type: multipart/alternative; boundary=in\r\n\r\n)
S: b20 OK FETCH completed
C: b21 FETCH 1 BODY.PEEK[HEADER.FIELDS (To)]<0.5>
S: * 1 FETCH (BODY[HEADER.FIELDS (To)]<0> {5}\r\nTo: a)
S: b21 OK FETCH completed
C: b22 FETCH 1 BODY.PEEK[HEADER.FIELDS (Nothing)]
S: * 1 FETCH (BODY[HEADER.FIELDS (Nothing)] {2}\r\n\r\n)
S: b22 OK FETCH completed
C: b22a FETCH 1 BODY.PEEK[HEADER.FIELDS ("" "to:" From: "a \"b" Subject)]
S: * 1 FETCH (BODY[HEADER.FIELDS ("" to: From: "a \"b" Subject)] {34}\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\n\r\n)
S: b22a OK FETCH completed
C: b23 FETCH 1 BODY.PEEK[3]
S: * 1 FETCH (BODY[3] {8}\r\nAAECAw==)
S: b23 OK FETCH completed
C: b24 FETCH 1 BODY.PEEK[4]
S: * 1 FETCH (BODY[4] NIL)
S: b24 OK FETCH completed
C: b25 FETCH 1 BODY.PEEK[1.1]
S: * 1 FETCH (BODY[1.1] NIL)
S: b25 OK FETCH completed
C: b26 FETCH 1 BODY.PEEK[1.HEADER]
S: * 1 FETCH (BODY[1.HEADER] NIL)
S: b26 OK FETCH completed
C: b27 FETCH 1 (BODY.PEEK[]<0.0>)
S: b27 BAD A number must not be zero here
C: b28 FETCH 1 RFC822.HEADER
S: * 1 FETCH (RFC822.HEADER {...}\r\nReturn-Path: <sender@example.org>\r\nDelivered-To: $f@localhost\r\nReceived: ...\r\nReturn-Path: <x@example.org>\r\nDate: Mon, 2 Jan 2023 03:04:05 +0100\r\nFrom: "Doe, John" <john@example.org>\r\nTo: a@example.org, Group: b@example.org, c@example.org;\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\nMessage-ID: <1@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="out"\r\n\r\n)
S: b28 OK FETCH completed
C: b29 FETCH 1 (BODY[1] FLAGS)
S: * 1 FETCH (BODY[1] {10}\r\nfirst part FLAGS (\Recent))
S: b29 OK FETCH completed
C: b30 FETCH 1 (FLAGS FLAGS UID UID)
S: * 1 FETCH (FLAGS (\Recent) UID 1)
S: b30 OK FETCH completed
C: b31 FETCH 1 (FLAGS UID)
S: * 1 FETCH (FLAGS (\Recent) UID 1)
S: b31 OK FETCH completed
C: b32 FETCH 1 BODY.PEEK[MIME]
S: b32 BAD MIME needs a part number before it
C: b33 FETCH 1 BODY.PEEK[0]
S: b33 BAD A number must not be zero here
C: b34 FETCH 1 (ALL)
S: b34 BAD Unknown FETCH item
C: b35 FETCH 1 ()
S: b35 BAD A FETCH item is missing
C: b36 FETCH 1 BODY.PEEK[TEXT]<0>
S: b36 BAD A partial is written <offset.octets>
C: b37 FETCH 0 FLAGS
S: b37 BAD Not a message set: numbers from 1 to 4294967295, *, ranges, commas
C: b38 FETCH 2 FLAGS
S: b38 BAD No message has that sequence number
C: b39 FETCH *:1 UID
S: * 1 FETCH (UID 1)
S: b39 OK FETCH completed
C: b40 UID FETCH 99 FLAGS
S: b40 OK UID FETCH completed
C: b41 UID FETCH * (FLAGS)
S: * 1 FETCH (UID 1 FLAGS (\Recent))
S: b41 OK UID FETCH completed
C: b42 FETCH 1:* (BODY.PEEK[HEADER.FIELDS ({7}
S: + go ahead
C: subject)])
S: * 1 FETCH (BODY[HEADER.FIELDS (subject)] {34}\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\n\r\n)
S: b42 OK FETCH completed
C: b45 FETCH 1 NONSENSE
S: b45 BAD Unknown FETCH item
C: b46 FETCH 1
S: b46 BAD FETCH needs items
C: b47 FETCH 1 BODY.PEEK[1.TEXT]
S: * 1 FETCH (BODY[1.TEXT] NIL)
S: b47 OK FETCH completed
C: b48 FETCH 1 BODY.PEEK[2.1.MIME]
S: * 1 FETCH (BODY[2.1.MIME] {28}\r\nContent-Type: text/plain\r\n\r\n)
S: b48 OK FETCH completed
C: c1 SELECT INBOX
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
S: c1 OK [READ-WRITE] SELECT completed
C: c2 FETCH 1 RFC822.TEXT
S: * 1 FETCH (RFC822.TEXT {577}\r\npreamble\r\n--out\r\nContent-Type: text/plain; charset=us-ascii\r\nContent-ID: <part1@x>\r\n\r\nfirst part\r\n--out\r\nContent-Type: message/rfc822\r\nContent-Description: a letter\r\n\r\nFrom: inner@example.org\r\nSubject: inner\r\nDate: Tue, 3 Jan 2023 00:00:00 +0000\r\nContent-Type: multipart/alternative; boundary=in\r\n\r\n--in\r\nContent-Type: text/plain\r\n\r\nplain text\r\n--in\r\nContent-Type: text/html\r\n\r\n<b>html</b>\r\n--in--\r\n--out\r\nContent-Type: application/octet-stream; name="x.bin"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="x.bin"\r\n\r\nAAECAw==\r\n--out--\r\nepilogue\r\n FLAGS (\Seen \Recent))
S: c2 OK FETCH completed
C: c3 STORE 1 -FLAGS (\Seen)
S: * 1 FETCH (FLAGS (\Recent))
S: c3 OK STORE completed
C: c4 FETCH 1 BODY[1]
S: * 1 FETCH (BODY[1] {10}\r\nfirst part FLAGS (\Seen \Recent))
S: c4 OK FETCH completed
C: c5 FETCH 1 BODY[1]
S: * 1 FETCH (BODY[1] {10}\r\nfirst part FLAGS (\Seen \Recent))
S: c5 OK FETCH completed
C: c6 STORE 1 FLAGS ()
S: * 1 FETCH (FLAGS (\Recent))
S: c6 OK STORE completed
C: c7 UID FETCH 1 RFC822
S: * 1 FETCH (UID 1 RFC822 {...}\r\nReturn-Path: <sender@example.org>\r\nDelivered-To: $f@localhost\r\nReceived: ...\r\nReturn-Path: <x@example.org>\r\nDate: Mon, 2 Jan 2023 03:04:05 +0100\r\nFrom: "Doe, John" <john@example.org>\r\nTo: a@example.org, Group: b@example.org, c@example.org;\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\nMessage-ID: <1@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="out"\r\n\r\npreamble\r\n--out\r\nContent-Type: text/plain; charset=us-ascii\r\nContent-ID: <part1@x>\r\n\r\nfirst part\r\n--out\r\nContent-Type: message/rfc822\r\nContent-Description: a letter\r\n\r\nFrom: inner@example.org\r\nSubject: inner\r\nDate: Tue, 3 Jan 2023 00:00:00 +0000\r\nContent-Type: multipart/alternative; boundary=in\r\n\r\n--in\r\nContent-Type: text/plain\r\n\r\nplain text\r\n--in\r\nContent-Type: text/html\r\n\r\n<b>html</b>\r\n--in--\r\n--out\r\nContent-Type: application/octet-stream; name="x.bin"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="x.bin"\r\n\r\nAAECAw==\r\n--out--\r\nepilogue\r\n FLAGS (\Seen \Recent))
S: c7 OK UID FETCH completed
C: c8 LOGOUT
S: * BYE Logging out
S: c8 OK LOGOUT completed
END
