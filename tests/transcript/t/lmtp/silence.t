# A silent client is sent away after [limits] lmtp_timeout, in the midst of a message too.
option limits.lmtp_timeout=1s
account one
[1] LMTP
S: 220 ... LMTP Roost
S: 421 4.4.2 Autologout; no command for too long
[1] END
[2] LMTP
[2] S: 220 ... LMTP Roost
[2] C: LHLO client.example.org
[2] S* 250 SIZE ...
[2] C< MAIL FROM:<c@d>\r\nRCPT TO:<$one@localhost>\r\nDATA\r\n
[2] S* 354 ...
[2] C: Subject: never
[2] S: 421 4.4.2 Autologout; no command for too long
[2] END
LOG end inactivity .*lmtp_timeout
