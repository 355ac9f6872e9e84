# SMTPUTF8 (RFC 6531): UTF-8 in addresses and header, in trace lines and replies.
account one
RUN account alias $one grüße-$one@localhost
[1] LMTP
S: 220 ... LMTP Roost
[1] C: LHLO client.example.org
S* 250-8BITMIME
S* 250-SMTPUTF8
S* 250 SIZE ...
[1] C: MAIL FROM:<jürgen@sender.example> SMTPUTF8=yes
S: 501 5.5.4 SMTPUTF8 takes no value
[1] C< MAIL FROM:<j\xfcrgen@sender.example> SMTPUTF8\r\n
S: 501 5.5.4 That address is not UTF-8
[1] C< MAIL FROM:<j\xc3\xbcrgen@sender.example> BODY=8BITMIME SMTPUTF8 SIZE=100\r\n
S: 250 2.1.0 Sender OK
[1] C< RCPT TO:<gr\xfc\xdfe@localhost>\r\n
S: 501 5.1.3 That is no address
[1] C: RCPT TO:<jürgen@localhost>
S: 550 5.1.1 No such account
[1] C: RCPT TO:<$one@localhost>
S: 250 2.1.5 Recipient OK
[1] C: RCPT TO:<grüße-$one@localhost>
S: 250 2.1.5 Recipient OK
[1] C: DATA
S: 354 ...
[1] C< From: j\xc3\xbcrgen@sender.example\r\nSubject: Gr\xc3\xbc\xc3\x9fe\r\n\r\nx\r\n.\r\n
S: 250 2.0.0 <$one@localhost> Delivered
S: 250 2.0.0 <gr\xc3\xbc\xc3\x9fe-$one@localhost> Delivered
# What one transaction says holds for that transaction only; a client that has not said SMTPUTF8 is shown no UTF-8.
[1] C< MAIL FROM:<j\xc3\xbcrgen@sender.example>\r\nRCPT TO:<gr\xc3\xbc\xc3\x9fe-$one@localhost>\r\nDATA\r\n
S: 250 2.1.0 Sender OK
S: 250 2.1.5 Recipient OK
S: 354 ...
[1] C< Subject: plain\r\n\r\nx\r\n.\r\n
S: 250 2.0.0 <gr\x{FC}\x{DF}e-$one@localhost> Delivered
[1] C: VRFY grüße-$one@localhost SMTPUTF8
S: 252 2.1.5 Try RCPT
[1] C: QUIT
S: 221 2.0.0 Bye
END
[2] S: * OK [CAPABILITY ...] ...
[2] C: a1 LOGIN $one $password
[2] S: a1 OK [CAPABILITY ...] Logged in
[2] C: a2 SELECT INBOX
[2] S: * 3 EXISTS
[2] S* a2 OK [READ-WRITE] SELECT completed
[2] C: a3 FETCH 1 BODY.PEEK[HEADER]
[2] S: * 1 FETCH (BODY[HEADER] {...}\r\nReturn-Path: <j\xc3\xbcrgen@sender.example>\r\nDelivered-To: $one@localhost\r\nReceived: ... with UTF8LMTP id ...Subject: Gr\xc3\xbc\xc3\x9fe\r\n\r\n)
[2] S: a3 OK FETCH completed
[2] C: a4 FETCH 2:3 BODY.PEEK[HEADER.FIELDS (Received)]
[2] S: * 2 FETCH ... with UTF8LMTP id ...for <gr\xc3\xbc\xc3\x9fe-$one@localhost>; ...)
[2] S: * 3 FETCH ... with LMTP id ...)
[2] S: a4 OK FETCH completed
[2] C< a5 SEARCH CHARSET UTF-8 SUBJECT {7+}\r\nGr\xc3\xbc\xc3\x9fe\r\n
[2] S: * SEARCH 1 2
[2] S: a5 OK SEARCH completed
