# A chunk of which nobody knows the end costs the connection: its text must not be read as commands.
account one
[1] LMTP
S: 220 ... LMTP Roost
[1] C: LHLO client.example.org
S* 250 SIZE ...
[1] C< MAIL FROM:<c@d>\r\nRCPT TO:<$one@localhost>\r\nBDAT x LAST\r\nRSET\r\nNOOP\r\n
S: 250 2.1.0 Sender OK
S: 250 2.1.5 Recipient OK
S: 501 5.5.4 Syntax: BDAT octets [LAST]
S: 421 5.5.1 Too many invalid commands
[1] END
[2] LMTP
[2] S: 220 ... LMTP Roost
[2] C: BDAT 99999999999999999999
[2] S: 501 5.5.4 Syntax: BDAT octets [LAST]
[2] S: 421 5.5.1 Too many invalid commands
[2] END
