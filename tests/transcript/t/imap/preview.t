# PREVIEW (RFC 8970): texts of many kinds, with and without LAZY.
account anna
mail anna
From: a@example.org
Subject: plain

Hello Anna,

this is "plain" text.
> quoted
.
mail anna
From: a@example.org
Subject: page
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: quoted-printable

<html><head><title>T</title><style>p { color: red }</style></head>
<body><p>Gr=C3=BC=C3=9Fe &amp; <b>more</b></p></body></html>
.
mail anna
From: a@example.org
Subject: both
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: base64

R3L832U=
--b
Content-Type: text/html

<p>page</p>
--b--
.
mail anna
From: a@example.org
Subject: encrypted
Content-Type: multipart/encrypted; boundary=b; protocol="application/pgp-encrypted"

--b
Content-Type: application/pgp-encrypted

Version: 1
--b
Content-Type: application/octet-stream

-----BEGIN PGP MESSAGE-----
--b--
.
mail anna
From: a@example.org
Subject: empty

.
mail anna
From: a@example.org
Subject: forwarded
Content-Type: message/rfc822

From: b@example.org
Subject: inside

The text inside.
.
S: * OK [CAPABILITY ...] ...
C: a1 CAPABILITY
S: * CAPABILITY ... PREVIEW...
S: a1 OK CAPABILITY completed
C: a2 LOGIN $anna $password
S: a2 OK ...
C: a3 SELECT INBOX
S* a3 OK ...
C: a4 FETCH 1:6 (PREVIEW)
S: * 1 FETCH (PREVIEW "Hello Anna, this is \"plain\" text.")
S: * 2 FETCH (PREVIEW {14}\r\nGr\xc3\xbc\xc3\x9fe & more)
S: * 3 FETCH (PREVIEW {7}\r\nGr\xc3\xbc\xc3\x9fe)
S: * 4 FETCH (PREVIEW "")
S: * 5 FETCH (PREVIEW "")
S: * 6 FETCH (PREVIEW "The text inside.")
S: a4 OK FETCH completed
C: a5 FETCH 1 PREVIEW (LAZY)
S: * 1 FETCH (PREVIEW "Hello Anna, this is \"plain\" text.")
S: a5 OK FETCH completed
C: a6 UID FETCH 6 (PREVIEW (LAZY) FLAGS)
S: * 6 FETCH (UID 6 PREVIEW "The text inside." FLAGS (\Recent))
S: a6 OK UID FETCH completed
C: a7 FETCH 6 PREVIEW (CHANGEDSINCE 1)
S* * 6 FETCH (PREVIEW "The text inside." MODSEQ (...))
S* a7 OK ...
C: a8 FETCH 6 PREVIEW (LAZY) (CHANGEDSINCE 1)
S: * 6 FETCH (PREVIEW "The text inside." MODSEQ (...))
S* a8 OK ...
C: a9 FETCH 1 (PREVIEW (SLOW))
S: a9 BAD ...
C: a10 FETCH 1 (PREVIEW (LAZY SLOW))
S: a10 BAD PREVIEW knows no modifier but LAZY
C: a11 FETCH 1 (PREVIEW PREVIEW (LAZY))
S: * 1 FETCH (PREVIEW "Hello Anna, this is \"plain\" text.")
S: a11 OK FETCH completed
