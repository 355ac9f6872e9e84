# Domains in UTF-8 and as A-labels, both listed; account names in UTF-8 (docs/protocol.md L-4).
option server.domains=bücher.example
option server.domains=xn--bcher-kva.example
account one
RUN account alias $one jürgen
[1] LMTP
S: 220 ... LMTP Roost
[1] C: LHLO client.example.org
S* 250 SIZE ...
[1] C: MAIL FROM:<> SMTPUTF8
S: 250 2.1.0 Sender OK
[1] C: RCPT TO:<jürgen@bücher.example>
S: 250 2.1.5 Recipient OK
[1] C: RCPT TO:<JürgeN@XN--bcher-kva.example>
S: 250 2.1.5 Recipient OK
[1] C: RCPT TO:<jürgen@bucher.example>
S: 550 5.1.2 No mail for that domain here
[1] C: DATA
S: 354 ...
[1] C< Subject: x\r\n\r\nx\r\n.\r\n
S: 250 2.0.0 <j\xc3\xbcrgen@b\xc3\xbccher.example> Delivered
S: 250 2.0.0 <J\xc3\xbcrgeN@XN--bcher-kva.example> Delivered
[1] C: QUIT
S: 221 2.0.0 Bye
END
