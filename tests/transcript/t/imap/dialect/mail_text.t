# ENVELOPE and BODYSTRUCTURE of a message with UTF-8 in its header: encoded words (RFC 6858), or as it is.
account anna
mail anna
From: Jörg <jörg@example.net>
To: Zoë <zoe@example.org>, b@bücher.example
Subject: fünf und vier
Message-ID: <ü@example.net>
Content-Type: text/plain; charset=utf-8; name="über.txt"
Content-Description: für dich

Grüße
.
LOGIN anna
[2] LOGIN anna UTF8=ACCEPT
[3] LOGIN anna IMAP4rev2
C: a3 EXAMINE INBOX
S* a3 OK [READ-ONLY] EXAMINE completed
[2] C: b3 EXAMINE INBOX
[2] S* b3 OK [READ-ONLY] EXAMINE completed
[3] C: c3 EXAMINE INBOX
[3] S* c3 OK [READ-ONLY] EXAMINE completed

C: a4 FETCH 1 ENVELOPE
S: * 1 FETCH (ENVELOPE (NIL "=?utf-8?q?f=C3=BCnf?= und vier" (("=?utf-8?q?J=C3=B6rg_=3Cj=C3=B6rg=40example=2Enet=3E?=" NIL "invalid" "internationalized-address.invalid")) (("=?utf-8?q?J=C3=B6rg_=3Cj=C3=B6rg=40example=2Enet=3E?=" NIL "invalid" "internationalized-address.invalid")) (("=?utf-8?q?J=C3=B6rg_=3Cj=C3=B6rg=40example=2Enet=3E?=" NIL "invalid" "internationalized-address.invalid")) (("=?utf-8?q?Zo=C3=AB?=" NIL "zoe" "example.org")("=?utf-8?q?b=40b=C3=BCcher=2Eexample?=" NIL "invalid" "internationalized-address.invalid")) NIL NIL NIL NIL))
S: a4 OK FETCH completed
[2] C: b4 FETCH 1 ENVELOPE
[2] S: * 1 FETCH (ENVELOPE (NIL {14}\r\nfünf und vier (({5}\r\nJörg NIL {5}\r\njörg "example.net")) (({5}\r\nJörg NIL {5}\r\njörg "example.net")) (({5}\r\nJörg NIL {5}\r\njörg "example.net")) (({4}\r\nZoë NIL "zoe" "example.org")(NIL NIL "b" {15}\r\nbücher.example)) NIL NIL NIL {16}\r\n<ü@example.net>))
[2] S: b4 OK FETCH completed
[3] C: c4 FETCH 1 ENVELOPE
[3] S: * 1 FETCH (ENVELOPE (NIL {14}\r\nfünf und vier (({5}\r\nJörg NIL {5}\r\njörg "example.net")) ... {16}\r\n<ü@example.net>))
[3] S: c4 OK FETCH completed

C: a5 FETCH 1 (BODYSTRUCTURE BODY)
S: * 1 FETCH (BODYSTRUCTURE ("text" "plain" ("charset" "utf-8" "name*" "utf-8''%C3%BCber.txt") NIL "=?utf-8?q?f=C3=BCr?= dich" "7bit" 9 1 NIL NIL NIL NIL) BODY ("text" "plain" ("charset" "utf-8" "name*" "utf-8''%C3%BCber.txt") NIL "=?utf-8?q?f=C3=BCr?= dich" "7bit" 9 1))
S: a5 OK FETCH completed
[2] C: b5 FETCH 1 (BODYSTRUCTURE BODY)
[2] S: * 1 FETCH (BODYSTRUCTURE ("text" "plain" ("charset" "utf-8" "name" {9}\r\nüber.txt) NIL {9}\r\nfür dich "7bit" 9 1 NIL NIL NIL NIL) BODY ("text" "plain" ("charset" "utf-8" "name" {9}\r\nüber.txt) NIL {9}\r\nfür dich "7bit" 9 1))
[2] S: b5 OK FETCH completed
[3] C: c5 FETCH 1 BODY
[3] S: * 1 FETCH (BODY ("text" "plain" ("charset" "utf-8" "name" {9}\r\nüber.txt) NIL {9}\r\nfür dich "7bit" 9 1))
[3] S: c5 OK FETCH completed

# The octets of the message are the same for all.
C: a6 FETCH 1 (BODY.PEEK[HEADER.FIELDS (Subject From)] BODY.PEEK[TEXT])
S: * 1 FETCH (BODY[HEADER.FIELDS (Subject From)] {60}\r\nFrom: Jörg <jörg@example.net>\r\nSubject: fünf und vier\r\n\r\n BODY[TEXT] {9}\r\nGrüße\r\n)
S: a6 OK FETCH completed
[2] C: b6 FETCH 1 BODY.PEEK[HEADER.FIELDS (Subject)]
[2] S: * 1 FETCH (BODY[HEADER.FIELDS (Subject)] {27}\r\nSubject: fünf und vier\r\n\r\n)
[2] S: b6 OK FETCH completed
# And so is what is found.
C: a7 SEARCH FROM zoe
S: * SEARCH
S: a7 OK SEARCH completed
C: a8 SEARCH CHARSET UTF-8 FROM "jörg"
S: * SEARCH 1
S: a8 OK SEARCH completed
[2] C: b8 SEARCH FROM "jörg"
[2] S: * SEARCH 1
[2] S: b8 OK SEARCH completed
