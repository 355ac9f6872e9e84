# CATENATE (RFC 4469): messages put together from texts and from what is on the server, as in its
# appendix; with MULTIAPPEND and REPLACE.
option limits.append=64K
account t
S: * OK [CAPABILITY ...] ...
C: a1 LOGIN $t $password
S: a1 OK [CAPABILITY ... CATENATE ...] Logged in
C< a2 APPEND Drafts {209+}\r\nSubject: holiday\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nour plan\r\n--b\r\nContent-Type: application/x-zip-compressed\r\nContent-Transfer-Encoding: base64\r\n\r\nUEsDBA==\r\n--b--\r\n\r\n
S: a2 OK [APPENDUID $v 1] APPEND completed

# Example 1: another attachment; here the draft itself is attached.
C: A003 APPEND Drafts (\Seen \Draft $MDNSent) CATENATE (URL "/Drafts;UIDVALIDITY=$v/;UID=1/;section=HEADER" TEXT {5}
S: + go ahead
C< --b\r\n
C<  URL "/Drafts;UIDVALIDITY=$v/;UID=1/;section=1.MIME" URL "/Drafts;UIDVALIDITY=$v/;UID=1/;section=1" TEXT {7+}\r\n\r\n--b\r\n URL "/Drafts;UIDVALIDITY=$v/;UID=1" TEXT {9+}\r\n\r\n--b--\r\n)\r\n
S: A003 OK [APPENDUID $v 2] APPEND completed
C: a4 SELECT Drafts
S* a4 OK [READ-WRITE] SELECT completed
C: a5 FETCH 2 (FLAGS BODY.PEEK[])
S: * 2 FETCH (FLAGS (...) BODY[] {329}\r\nSubject: holiday\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nour plan\r\n--b\r\nSubject: holiday\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nour plan\r\n--b\r\nContent-Type: application/x-zip-compressed\r\nContent-Transfer-Encoding: base64\r\n\r\nUEsDBA==\r\n--b--\r\n\r\n--b--\r\n)
S: a5 OK FETCH completed
C: a6 FETCH 1 FLAGS
S: * 1 FETCH (FLAGS (\Recent))
S: a6 OK FETCH completed

# Example 2: another text, in the place of the old draft (RFC 8508 section 4.2); URLs of the
# selected mailbox.
C< a8 UID REPLACE 1 Drafts CATENATE (TEXT {120+}\r\nSubject: new subject\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nThe schedule.\r\n--b\r\n URL ";UID=1/;Section=2.MIME" URL {17+}\r\n;UID=1/;Section=2 TEXT {9+}\r\n\r\n--b--\r\n)\r\n
S: * OK [APPENDUID $v 3] Replacement is there
S: * 1 EXPUNGE
S: * 2 EXISTS
S* a8 OK REPLACE completed
C: a9 FETCH 2 (UID BODY.PEEK[])
S: * 2 FETCH (UID 3 BODY[] {218}\r\nSubject: new subject\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nThe schedule.\r\n--b\r\nContent-Type: application/x-zip-compressed\r\nContent-Transfer-Encoding: base64\r\n\r\nUEsDBA==\r\n--b--\r\n)
S: a9 OK FETCH completed

# Sections that FETCH knows; several messages, all or none.
C< a10 APPEND Sent CATENATE (URL "/Drafts/;UID=3/;SECTION=HEADER.FIELDS%20(Subject)" TEXT {1+}\r\nx) (\\Seen) {16+}\r\nSubject: y\r\n\r\ny\n\r\n
S: a10 OK [APPENDUID $w 1:2] APPEND completed
C< a11 APPEND Sent {16+}\r\nSubject: y\r\n\r\ny\n CATENATE (URL "/Drafts/;UID=99")\r\n
S: a11 NO [BADURL /Drafts/;UID=99] That URL names no message here
C: a12 STATUS Sent (MESSAGES UIDNEXT)
S: * STATUS Sent (MESSAGES 2 UIDNEXT 3)
S: a12 OK STATUS completed

# Example 4: the first URL that does not do is named.
C< A004 APPEND Sent CATENATE (TEXT {1+}\r\nx URL "/INBOX;UIDVALIDITY=785799047/;UID=113330/;section=1.5.9" URL "nonsense")\r\n
S: A004 NO [BADURL /INBOX;UIDVALIDITY=785799047/;UID=113330/;section=1.5.9] That URL names no message here
C: a13 APPEND Sent CATENATE (URL "imap://example.org/Drafts/;UID=3")
S: a13 NO [BADURL imap://example.org/Drafts/;UID=3] That URL names no message here
C: a14 APPEND Sent CATENATE (URL "/Drafts;UIDVALIDITY=1/;UID=3")
S: a14 NO [BADURL ...] That URL names no message here
C: a15 APPEND Sent CATENATE (URL "/Drafts/;UID=3/;SECTION=9")
S: a15 NO [BADURL ...] That URL names no message here
C: a16 APPEND Sent CATENATE (URL "/Drafts/;UID=1")
S: a16 NO [BADURL ...] That URL names no message here
C: a17 APPEND Sent CATENATE (URL "] a15 OK [X")
S: a17 NO [BADURL %5D%20a15%20OK%20[X] That URL names no message here
C: a18 APPEND Sent CATENATE (URL "")
S: a18 NO That URL names no message here
C: a19 APPEND Nowhere CATENATE (URL "/Drafts/;UID=3")
S: a19 NO [TRYCREATE] No such mailbox
C< a20 APPEND Sent CATENATE (TEXT {0+}\r\n)\r\n
S: a20 NO [CANNOT] A message cannot be empty
C< a20a APPEND Sent CATENATE (UTF8 (~{16+}\r\nSubject: \xc3\xbc\r\n\r\n\0) TEXT {1+}\r\ny)\r\n
S: a20a NO [UNKNOWN-CTE] ...
C< a20b APPEND Sent CATENATE (UTF8 (~{16+}\r\nSubject: \xc3\xbc\r\n\r\nx) TEXT {1+}\r\ny)\r\n
S: a20b OK [APPENDUID $w 3] APPEND completed
C: a21 CLOSE
S: a21 OK CLOSE completed
C: a22 APPEND Sent CATENATE (URL ";UID=3")
S: a22 NO [BADURL ;UID=3] That URL names no message here
