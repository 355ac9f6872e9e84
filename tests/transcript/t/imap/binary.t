# BINARY (RFC 3516): parts without their encoding, and octets that only a literal8 can hold.
account t
S: * OK [CAPABILITY ...] ...
C: a1 LOGIN $t $password
S: a1 OK [CAPABILITY ... BINARY ...] Logged in
C< a2 APPEND INBOX {351+}\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\nSGVsbG8s\r\nIHdvcmxkIQ==\r\n--b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe =\r\nan alle  \r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC/w==\r\n--b\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 x\r\n--b--\r\n\r\n
S: a2 OK [APPENDUID ... 1] APPEND completed
C: a3 SELECT INBOX
S* a3 OK [READ-WRITE] SELECT completed
C: a4 FETCH 1 (BINARY.SIZE[1] BINARY.SIZE[2] BINARY.SIZE[3])
S: * 1 FETCH (BINARY.SIZE[1] 13 BINARY.SIZE[2] 15 BINARY.SIZE[3] 4)
S: a4 OK FETCH completed
C: a5 FETCH 1 BINARY.PEEK[1]
S: * 1 FETCH (BINARY[1] {13}\r\nHello, world!)
S: a5 OK FETCH completed

# What has NUL comes as a literal8, and nothing else (section 4.3).
C: a6 FETCH 1 (BINARY.PEEK[2] BINARY.PEEK[3])
S: * 1 FETCH (BINARY[2] {15}\r\nGr\xc3\xbc\xc3\x9fe an alle BINARY[3] ~{4}\r\n\x00\x01\x02\xff)
S: a6 OK FETCH completed

# Partials count what is decoded (section 4.2).
C: a7 FETCH 1 (BINARY.PEEK[1]<7.5> BINARY.PEEK[3]<1.100> BINARY.PEEK[3]<0.1> BINARY.PEEK[1]<13.1>)
S: * 1 FETCH (BINARY[1]<7> {5}\r\nworld BINARY[3]<1> {3}\r\n\x01\x02\xff BINARY[3]<0> ~{1}\r\n\x00 BINARY[1]<13> {0}\r\n)
S: a7 OK FETCH completed

# An encoding that is not known: NO, and the message is not answered; BODY has it.
C: a8 FETCH 1 BINARY.PEEK[4]
S: a8 NO [UNKNOWN-CTE] A part has an encoding that is not known
C: a9 UID FETCH 1 (FLAGS BINARY.SIZE[4])
S: a9 NO [UNKNOWN-CTE] A part has an encoding that is not known
C: a10 FETCH 1 (BODY.PEEK[4] BINARY.PEEK[5] BINARY.SIZE[5])
S: * 1 FETCH (BODY[4] {11}\r\nbegin 644 x BINARY[5] NIL BINARY.SIZE[5] 0)
S: a10 OK FETCH completed
C: a11 FETCH 1 BINARY[1.MIME]
S: a11 BAD BINARY takes part numbers only

# Without PEEK it marks as seen, also what cannot be answered, and says so.
C: a12 FETCH 1 BINARY[1]
S: * 1 FETCH (BINARY[1] {13}\r\nHello, world! FLAGS (\Seen \Recent))
S: a12 OK FETCH completed
C: a13 STORE 1 -FLAGS.SILENT (\Seen)
S: a13 OK STORE completed
C: a14 FETCH 1 BINARY[4]
S: * 1 FETCH (FLAGS (\Seen \Recent))
S: a14 NO [UNKNOWN-CTE] A part has an encoding that is not known

# A literal8 with NUL is not stored (section 4.4); in a literal, mail with NUL is taken (R-1).
C< a15 APPEND INBOX ~{40+}\r\nContent-Transfer-Encoding: binary\r\n\r\na\0b\r\n
S: a15 NO [UNKNOWN-CTE] Messages with NUL in a literal8 are not stored
C< a15a APPEND INBOX CATENATE (TEXT {1+}\r\nx TEXT ~{3+}\r\na\0b)\r\n
S: a15a NO [UNKNOWN-CTE] Messages with NUL in a literal8 are not stored
C< a15b APPEND INBOX {1+}\r\nx ~{3+}\r\na\0b\r\n
S: a15b NO [UNKNOWN-CTE] Messages with NUL in a literal8 are not stored
C< a15c APPEND INBOX {40+}\r\nContent-Transfer-Encoding: binary\r\n\r\na\0b\r\n
S: * 2 EXISTS
S* a15c OK [APPENDUID ... 2] APPEND completed
C: a16 FETCH 2 (RFC822.SIZE BINARY.SIZE[] BINARY.PEEK[1] BINARY.PEEK[] BODY.PEEK[TEXT])
S: * 2 FETCH (RFC822.SIZE 40 BINARY.SIZE[] 40 BINARY[1] ~{3}\r\na\x00b BINARY[] ~{40}\r\nContent-Transfer-Encoding: binary\r\n\r\na\x00b BODY[TEXT] {3}\r\na\x80b)
S: a16 OK FETCH completed

# Damage is decoded as far as it goes (RFC 2045 section 6.8); what holds parts has no encoding.
C< a17 APPEND INBOX {52+}\r\nContent-Transfer-Encoding: base64\r\n\r\nSGVs*bG8\r\n-- \r\n\r\n
S: * 3 EXISTS
S* a17 OK [APPENDUID ... 3] APPEND completed
C< a18 APPEND INBOX {73+}\r\nContent-Type: message/rfc822\r\n\r\nContent-Transfer-Encoding: base64\r\n\r\nSGk=\r\n
S: * 4 EXISTS
S* a18 OK [APPENDUID ... 4] APPEND completed
C: a19 FETCH 3:4 (BINARY.PEEK[1] BINARY.SIZE[1])
S: * 3 FETCH (BINARY[1] {5}\r\nHello BINARY.SIZE[1] 5)
S: * 4 FETCH (BINARY[1] {...}\r\nContent-Transfer-Encoding: base64\r\n\r\nSGk= BINARY.SIZE[1] 41)
S: a19 OK FETCH completed
C: a20 FETCH 4 BINARY.PEEK[1.1]
S: * 4 FETCH (BINARY[1.1] {2}\r\nHi)
S: a20 OK FETCH completed

# The lines of text end with CR LF, whatever the part has (section 6); what is no text stays as it is.
C< a21 APPEND INBOX {408+}\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nYQoKYg0KYwo=\r\n--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na=0Ab\r\nc\r\n--b\r\nContent-Type: text/plain; charset=utf-16le\r\nContent-Transfer-Encoding: base64\r\n\r\nYQAKAA==\r\n--b\r\nContent-Type: image/x\r\nContent-Transfer-Encoding: base64\r\n\r\nYQoKYg0KYwo=\r\n--b\r\n\r\nx\ny\r\n--b--\r\n\r\n
S: * 5 EXISTS
S* a21 OK [APPENDUID ... 5] APPEND completed
C: a22 FETCH 5 (BINARY.SIZE[1] BINARY.PEEK[1] BINARY.PEEK[2] BINARY.PEEK[3] BINARY.PEEK[4] BINARY.PEEK[5])
S: * 5 FETCH (BINARY.SIZE[1] 11 BINARY[1] {11}\r\na\r\n\r\nb\r\nc\r\n BINARY[2] {7}\r\na\r\nb\r\nc BINARY[3] ~{4}\r\na\x00\n\x00 BINARY[4] {8}\r\na\n\nb\r\nc\n BINARY[5] {4}\r\nx\r\ny)
S: a22 OK FETCH completed
C: a23 FETCH 5 (BINARY.PEEK[1]<2.3> BINARY.PEEK[1]<4.100> BINARY.PEEK[5]<1.2> BODY.PEEK[5] BINARY.SIZE[5])
S: * 5 FETCH (BINARY[1]<2> {3}\r\n\n\r\n BINARY[1]<4> {7}\r\n\nb\r\nc\r\n BINARY[5]<1> {2}\r\n\r\n BODY[5] {3}\r\nx\ny BINARY.SIZE[5] 4)
S: a23 OK FETCH completed
