# LMTP: replies per recipient, pipelining, BDAT, dot-stuffing, smuggling, loops (RFC 2033, 2034, 2920, 3030, 5321).
option limits.append=2000
account one
account two
RUN account disable $two
[1] LMTP
S: 220 ... LMTP Roost
[1] C: NOOP
S: 250 2.0.0 OK
[1] C: MAIL FROM:<a@b>
S: 503 5.5.1 LHLO first
[1] C: HELO x
S: 500 5.5.1 This is LMTP: say LHLO
[1] C: EHLO x
S: 500 5.5.1 This is LMTP: say LHLO
[1] C: LHLO
S: 501 5.5.4 Syntax: LHLO name
[1] C< BDAT 3 LAST\r\nabcMAIL FROM:<a@b>\r\n
S: 503 5.5.1 No valid recipients
S: 503 5.5.1 LHLO first
[1] C: LHLO client.example.org
S: 250-...
S: 250-PIPELINING
S: 250-8BITMIME
S: 250-ENHANCEDSTATUSCODES
S: 250-CHUNKING
S: 250-SMTPUTF8
S: 250 SIZE 2000
[1] C: DATA
S: 503 5.5.1 MAIL first
[1] C: RCPT TO:<$one@localhost>
S: 503 5.5.1 MAIL first
[1] C: MAIL FROM:<a@b> SIZE=3000
S: 552 5.3.4 Message size exceeds the limit
[1] C: MAIL FROM:<a@b> SIZE=x
S: 501 5.5.4 Syntax: SIZE=octets
[1] C: MAIL FROM:<a@b> FOO=bar
S: 555 5.5.4 That parameter is not known
[1] C: MAIL FROM:a@b
S: 501 5.5.4 Syntax: MAIL FROM:<address> or RCPT TO:<address>
[1] C: MAIL FROM:<a@b> BODY=8BITMIME SIZE=100
S: 250 2.1.0 Sender OK
[1] C: MAIL FROM:<a@b>
S: 503 5.5.1 A transaction is under way
[1] C: DATA
S: 503 5.5.1 No valid recipients
[1] C: RCPT TO:<nobody@localhost>
S: 550 5.1.1 No such account
[1] C: RCPT TO:<$one@example.net>
S: 550 5.1.2 No mail for that domain here
[1] C: RCPT TO:<$two@localhost>
S: 550 5.2.1 The account is disabled
[1] C: RCPT TO:<>
S: 501 5.1.3 That is no address
[1] C: RCPT TO:<$one@localhost> NOTIFY=NEVER
S: 555 5.5.4 That parameter is not known
[1] C: RCPT TO:<$one@localhost>
S: 250 2.1.5 Recipient OK
[1] C: RCPT TO:<$one+Archive@localhost>
S: 250 2.1.5 Recipient OK
[1] C: RCPT TO:<$one+nothing@localhost>
S: 250 2.1.5 Recipient OK
[1] C: RCPT TO:<"$one"@LOCALHOST>
S: 250 2.1.5 Recipient OK
[1] C: DATA
S: 354 Go ahead, end with a dot
[1] C< Subject: dots\r\n\r\n..one\r\n...two\r\n.x\r\n\n.\n\r.\rend\r\n.\r\n
S: 250 2.0.0 <$one@localhost> Delivered
S: 250 2.0.0 <$one+Archive@localhost> Delivered
S: 250 2.0.0 <$one+nothing@localhost> Delivered
S: 250 2.0.0 <"$one"@LOCALHOST> Delivered
[1] C: VRFY x
S: 252 2.1.5 Try RCPT
[1] C: RSET
S: 250 2.0.0 Reset
[1] C: NOOP x
S: 250 2.0.0 OK
[1] C: NONSENSE
S: 500 5.5.1 Command not known
[1] C< MAIL FROM:<>\r\nRCPT TO:<$one@localhost>\r\nRCPT TO:<nobody@localhost>\r\nDATA\r\n
S: 250 2.1.0 Sender OK
S: 250 2.1.5 Recipient OK
S: 550 5.1.1 No such account
S: 354 Go ahead, end with a dot
[1] C< Subject: pipelined\r\n\r\nbody \xe9\r\n.\r\nNOOP\r\n
S: 250 2.0.0 <$one@localhost> Delivered
S: 250 2.0.0 OK
[1] C< MAIL FROM:<c@d>\r\nRCPT TO:<$one@localhost>\r\nBDAT 10\r\nSubject: bBDAT 3\r\ndatBDAT 9 LAST\r\n\r\n\r\nbody\n
S: 250 2.1.0 Sender OK
S: 250 2.1.5 Recipient OK
S: 250 2.0.0 Chunk received
S: 250 2.0.0 Chunk received
S: 250 2.0.0 <$one@localhost> Delivered
[1] C< MAIL FROM:<c@d>\r\nRCPT TO:<$one@localhost>\r\nBDAT 4\r\nabcdVRFY x\r\nDATA\r\nLHLO again.example.org\r\nBDAT 0 LAST\r\n
S: 250 2.1.0 Sender OK
S: 250 2.1.5 Recipient OK
S: 250 2.0.0 Chunk received
S: 252 2.1.5 Try RCPT
S: 503 5.5.1 BDAT or RSET
S: 250-...
S: 250-PIPELINING
S: 250-8BITMIME
S: 250-ENHANCEDSTATUSCODES
S: 250-CHUNKING
S: 250-SMTPUTF8
S: 250 SIZE 2000
S: 503 5.5.1 No valid recipients
[1] C< MAIL FROM:<c@d>\r\nRCPT TO:<$one@localhost>\r\nBDAT 4\r\nabcdRSET\r\nNOOP\r\n
S: 250 2.1.0 Sender OK
S: 250 2.1.5 Recipient OK
S: 250 2.0.0 Chunk received
S: 250 2.0.0 Reset
S: 250 2.0.0 OK
[1] C< MAIL FROM:<c@d>\r\nRCPT TO:<nobody@localhost>\r\nBDAT 5 LAST\r\nQUIT\nNOOP\r\n
S: 250 2.1.0 Sender OK
S: 550 5.1.1 No such account
S: 503 5.5.1 No valid recipients
S: 250 2.0.0 OK
[1] C< BDAT 6 LAST\r\nQUIT\r\nNOOP\r\n
S: 503 5.5.1 No valid recipients
S: 250 2.0.0 OK
[1] C< MAIL FROM:<c@d>\r\nRCPT TO:<$one@localhost>\r\nBDAT 2\r\nabMAIL FROM:<x@y>\r\nRSET\r\n
S: 250 2.1.0 Sender OK
S: 250 2.1.5 Recipient OK
S: 250 2.0.0 Chunk received
S: 503 5.5.1 BDAT or RSET
S: 250 2.0.0 Reset
[1] C< MAIL FROM:<c@d>\r\nRCPT TO:<$one@localhost>\r\nDATA\r\n
S: 250 2.1.0 Sender OK
S: 250 2.1.5 Recipient OK
S: 354 Go ahead, end with a dot
[1] C< Delivered-To: $one@localhost\r\n\r\nloop\r\n.\r\n
S: 554 5.4.6 <$one@localhost> Mail loop detected
[1] C< MAIL FROM:<c@d>\r\nRCPT TO:<$one@localhost>\r\nRCPT TO:<$one+Trash@localhost>\r\nDATA\r\n
S: 250 2.1.0 Sender OK
S: 250 2.1.5 Recipient OK
S: 250 2.1.5 Recipient OK
S: 354 Go ahead, end with a dot
[1] C< 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
[1] C< 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
[1] C< 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
[1] C< 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
[1] C< 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
[1] C< 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
[1] C< 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
[1] C< 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
[1] C< 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
[1] C< 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
[1] C< 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
[1] C< 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
[1] C< 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
[1] C< 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
[1] C< 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
[1] C< 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
[1] C< 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
[1] C< 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
[1] C< 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
[1] C< 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
[1] C< x\r\n.\r\n
S: 552 5.3.4 <$one@localhost> Message size exceeds the limit
S: 552 5.3.4 <$one+Trash@localhost> Message size exceeds the limit
[1] C< MAIL FROM:<c@d>\r\nRCPT TO:<$one@localhost>\r\nDATA\r\n
S: 250 2.1.0 Sender OK
S: 250 2.1.5 Recipient OK
S: 354 Go ahead, end with a dot
[1] C< Subject: next\r\n\r\nworks\r\n.\r\n
S: 250 2.0.0 <$one@localhost> Delivered
[1] C< MAIL FROM:<c\rX: y@d>\r\nRCPT TO:<c\0y>\r\n
S: 501 5.5.4 Syntax: MAIL FROM:<address> or RCPT TO:<address>
S: 501 5.5.4 Syntax: MAIL FROM:<address> or RCPT TO:<address>
[1] C: MAIL FROM:<@relay:c@d>
S: 250 2.1.0 Sender OK
[1] C: RCPT TO:<$one>
S: 250 2.1.5 Recipient OK
[1] C: LHLO again
S: 250-...
S: 250-PIPELINING
S: 250-8BITMIME
S: 250-ENHANCEDSTATUSCODES
S: 250-CHUNKING
S: 250-SMTPUTF8
S: 250 SIZE 2000
[1] C: QUIT
S: 221 2.0.0 Bye
END
[2] S: * OK [CAPABILITY ...] ...
[2] C: a1 LOGIN $one $password
[2] S: a1 OK [CAPABILITY ...] Logged in
[2] C: a2 SELECT INBOX
[2] S: * 6 EXISTS
[2] S: * 6 RECENT
[2] S: * OK [UNSEEN 1] first unseen message
[2] S: * OK [UIDVALIDITY ...] UIDs valid
[2] S: * OK [UIDNEXT 7] predicted next UID
[2] S: * OK [MAILBOXID (...)] mailbox identifier
[2] S: * FLAGS (\Seen \Answered \Flagged \Deleted \Draft)
[2] S: * OK [PERMANENTFLAGS (\Seen \Answered \Flagged \Deleted \Draft \*)] Limited
[2] S: * OK [HIGHESTMODSEQ ...] Highest
[2] S: a2 OK [READ-WRITE] SELECT completed
[2] C: a3 FETCH 1:* BODY.PEEK[TEXT]
[2] S: * 1 FETCH (BODY[TEXT] {27}\r\n.$one\r\n..$two\r\nx\r\n\n.\n\r.\rend\r\n)
[2] S: * 2 FETCH (BODY[TEXT] {27}\r\n.$one\r\n..$two\r\nx\r\n\n.\n\r.\rend\r\n)
[2] S: * 3 FETCH (BODY[TEXT] {27}\r\n.$one\r\n..$two\r\nx\r\n\n.\n\r.\rend\r\n)
[2] S: * 4 FETCH (BODY[TEXT] {8}\r\nbody \xe9\r\n)
[2] S: * 5 FETCH (BODY[TEXT] {5}\r\nbody\n)
[2] S: * 6 FETCH (BODY[TEXT] {7}\r\nworks\r\n)
[2] S: a3 OK FETCH completed
[2] C: a4 FETCH 1:* BODY.PEEK[HEADER.FIELDS (Return-Path Delivered-To Subject)]
[2] S: * 1 FETCH (BODY[HEADER.FIELDS (Return-Path Delivered-To Subject)] {66}\r\nReturn-Path: <a@b>\r\nDelivered-To: $one@localhost\r\nSubject: dots\r\n\r\n)
[2] S: * 2 FETCH (BODY[HEADER.FIELDS (Return-Path Delivered-To Subject)] {74}\r\nReturn-Path: <a@b>\r\nDelivered-To: $one+nothing@localhost\r\nSubject: dots\r\n\r\n)
[2] S: * 3 FETCH (BODY[HEADER.FIELDS (Return-Path Delivered-To Subject)] {68}\r\nReturn-Path: <a@b>\r\nDelivered-To: "$one"@LOCALHOST\r\nSubject: dots\r\n\r\n)
[2] S: * 4 FETCH (BODY[HEADER.FIELDS (Return-Path Delivered-To Subject)] {68}\r\nReturn-Path: <>\r\nDelivered-To: $one@localhost\r\nSubject: pipelined\r\n\r\n)
[2] S: * 5 FETCH (BODY[HEADER.FIELDS (Return-Path Delivered-To Subject)] {66}\r\nReturn-Path: <c@d>\r\nDelivered-To: $one@localhost\r\nSubject: bdat\r\n\r\n)
[2] S: * 6 FETCH (BODY[HEADER.FIELDS (Return-Path Delivered-To Subject)] {66}\r\nReturn-Path: <c@d>\r\nDelivered-To: $one@localhost\r\nSubject: next\r\n\r\n)
[2] S: a4 OK FETCH completed
[2] C: a5 STATUS Archive (MESSAGES)
[2] S: * STATUS Archive (MESSAGES 1)
[2] S: a5 OK STATUS completed
[2] C: a6 LOGOUT
[2] S: * BYE Logging out
[2] S: a6 OK LOGOUT completed
[2] END
