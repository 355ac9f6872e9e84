# UTF8=ACCEPT (RFC 9755): ENABLE, APPEND with and without the old UTF8 extension, LOGIN, new names, other commands.
account anna
S: * OK [CAPABILITY ... UTF8=ACCEPT ...] ...
# UTF-8 in LOGIN is read as any other password would be (section 5 asks for AUTHENTICATE).
C: a0 LOGIN "jürgen" "schlüssel"
S: a0 NO [AUTHENTICATIONFAILED] Wrong name or password
C: a1 LOGIN $anna $password
S: a1 OK [CAPABILITY ... UTF8=ACCEPT ...] Logged in
C: a2 ENABLE utf8=accept NOTHING
S: * ENABLED UTF8=ACCEPT
S: a2 OK ENABLE completed
# Twice is harmless, and the capabilities stay what they were (RFC 5161 section 3.1).
C: a3 ENABLE UTF8=ACCEPT
S: * ENABLED UTF8=ACCEPT
S: a3 OK ENABLE completed
C: a4 CAPABILITY
S: * CAPABILITY ... UTF8=ACCEPT ...
S: a4 OK CAPABILITY completed
# UTF8=ONLY is nothing to enable (section 7).
C: a5 ENABLE UTF8=ONLY
S: * ENABLED
S: a5 OK ENABLE completed

# Messages with UTF-8 in the header (section 4), in each form that clients send.
C< a6 APPEND INBOX {15+}\r\nSubject: \xc3\xbc\r\n\r\n\r\n
S: a6 OK [APPENDUID ... 1] APPEND completed
C< a7 APPEND INBOX (\\Seen) UTF8 (~{15+}\r\nSubject: \xc3\xbc\r\n\r\n)\r\n
S: a7 OK [APPENDUID ... 2] APPEND completed
C: a8 APPEND INBOX "17-Jul-1996 02:44:25 -0700" utf8 (~{15}
S: + go ahead
C< Subject: \xc3\xbc\r\n\r\n)\r\n
S: a8 OK [APPENDUID ... 3] APPEND completed
C< a9 APPEND INBOX UTF8 (~{15+}\r\nSubject: \xc3\xbc\r\n\r\n) UTF8 (~{1+}\r\nx)\r\n
S: a9 OK [APPENDUID ... 4:5] APPEND completed
C< a10 APPEND INBOX UTF8 ({1+}\r\nx)\r\n
S: a10 BAD UTF8 needs a literal8: ~{octets}
C< a11 APPEND INBOX UTF8 (~{1+}\r\nx\r\n
S: a11 BAD Missing closing parenthesis after a UTF8 message
C: a12 EXAMINE INBOX
S* a12 OK [READ-ONLY] EXAMINE completed
C: a13 FETCH 1:4 (RFC822.SIZE)
S: * 1 FETCH (RFC822.SIZE 15)
S: * 2 FETCH (RFC822.SIZE 15)
S: * 3 FETCH (RFC822.SIZE 15)
S: * 4 FETCH (RFC822.SIZE 15)
S: a13 OK FETCH completed
# ENABLE has its time (RFC 9051 section 6.3.1).
C: a14 ENABLE UTF8=ACCEPT
S: a14 BAD Not while a mailbox is selected

# A client that has not enabled it may still leave a message that others have written (D-2).
[2] S: * OK [CAPABILITY ...] ...
[2] C: b1 LOGIN $anna $password
[2] S: b1 OK [CAPABILITY ...] Logged in
[2] C< b2 APPEND Drafts {15+}\r\nSubject: \xc3\xbc\r\n\r\n\r\n
[2] S: b2 OK [APPENDUID ... 1] APPEND completed
[2] C< b3 APPEND Drafts UTF8 (~{15+}\r\nSubject: \xc3\xbc\r\n\r\n)\r\n
[2] S: b3 OK [APPENDUID ... 2] APPEND completed

# New names are normalised (section 3; RFC 5198 section 2).
C< b4 CREATE "u\xcc\x88"\r\n
S: b4 NO [CANNOT] A new name must be in Unicode normalization form C
[2] C: b5 CREATE "u&Awg-"
[2] S: b5 NO [CANNOT] A new name must be in Unicode normalization form C
C: b6 CREATE "ü"
S: b6 OK [MAILBOXID (...)] CREATE completed
C< b7 RENAME "\xc3\xbc" "o\xcc\x88"\r\n
S: b7 NO [CANNOT] A new name must be in Unicode normalization form C
C: b8 RENAME "ü" "ö"
S: b8 OK RENAME completed
C< b9 CREATE "a\xc2\x85b"\r\n
S: b9 NO [CANNOT] The mailbox name contains a control character
C< b10 CREATE "a\xe2\x80\xa8b"\r\n
S: b10 NO [CANNOT] The mailbox name contains a control character

# Strings of ours are UTF-8 too: PREVIEW (RFC 8970).
mail anna Drafts
From: a@example.org
Content-Type: text/plain; charset=utf-8

grüße
.
C: c1 EXAMINE Drafts
S* c1 OK [READ-ONLY] EXAMINE completed
C: c2 FETCH 3 PREVIEW
S: * 3 FETCH (PREVIEW "grüße")
S: c2 OK FETCH completed
[2] C: d1 EXAMINE Drafts
[2] S* d1 OK [READ-ONLY] EXAMINE completed
[2] C: d2 FETCH 3 PREVIEW
[2] S: * 3 FETCH (PREVIEW {7}\r\ngrüße)
[2] S: d2 OK FETCH completed
