# LOGIN and AUTHENTICATE: literals, initial responses, cancelling, bad base64, three failures.
option auth.allow_plaintext=yes
account l
S: * OK [CAPABILITY ...] ...
C: a1 AUTHENTICATE PLAIN
S: + 
C: *
S: a1 BAD AUTHENTICATE cancelled
C: a2 AUTHENTICATE PLAIN
S: + 
C: !!!!
S: a2 BAD That is not what the mechanism expects
C: a3 AUTHENTICATE NONSENSE
S: a3 NO [CANNOT] That mechanism is not offered
C: a4 authenticate plain AG9uZQBzZWNyZXQgd29yZA==
S: a4 OK [CAPABILITY ...] Logged in
C: a5 LOGOUT
S: * BYE Logging out
S: a5 OK LOGOUT completed
END
[2] S: * OK [CAPABILITY ...] ...
[2] C: b1 AUTHENTICATE PLAIN
[2] S: + 
[2] C: AG9uZQBzZWNyZXQgd29yZA==
[2] S: b1 OK [CAPABILITY ...] Logged in
[2] C: b2 LOGOUT
[2] S: * BYE Logging out
[2] S: b2 OK LOGOUT completed
[2] END
[3] S: * OK [CAPABILITY ...] ...
[3] C: c1 AUTHENTICATE LOGIN
[3] S: + VXNlciBOYW1l
[3] C: b25l
[3] S: + UGFzc3dvcmQ=
[3] C: c2ljcmV0
[3] S: c1 NO [AUTHENTICATIONFAILED] Wrong name or password
[3] C: c2 AUTHENTICATE LOGIN
[3] S: + VXNlciBOYW1l
[3] C: b25l
[3] S: + UGFzc3dvcmQ=
[3] C: c2VjcmV0IHdvcmQ=
[3] S: c2 OK [CAPABILITY ...] Logged in
[3] C: c3 LOGOUT
[3] S: * BYE Logging out
[3] S: c3 OK LOGOUT completed
[3] END
[4] S: * OK [CAPABILITY ...] ...
[4] C: d1 LOGIN one wrong
[4] S: d1 NO [AUTHENTICATIONFAILED] Wrong name or password
[4] C: d2 LOGIN nobody wrong
[4] S: d2 NO [AUTHENTICATIONFAILED] Wrong name or password
[4] C: d3 LOGIN one wrong
[4] S: d3 NO [AUTHENTICATIONFAILED] Wrong name or password
[4] S: * BYE [AUTHENTICATIONFAILED] Too many failed logins
[4] END
[5] S: * OK [CAPABILITY ...] ...
[5] C< e1 LOGIN {3}\r\n
[5] S: + go ahead
[5] C< one {11+}\r\nsecret word\r\n
[5] S: e1 OK [CAPABILITY ...] Logged in
[5] C: e2 LOGOUT
[5] S: * BYE Logging out
[5] S: e2 OK LOGOUT completed
[5] END
[6] S: * OK [CAPABILITY ...] ...
[6] C: f1 AUTHENTICATE LOGIN b25l
[6] S: + UGFzc3dvcmQ=
[6] C: c2VjcmV0IHdvcmQ=
[6] S: f1 OK [CAPABILITY ...] Logged in
[6] C: f2 LOGOUT
[6] S: * BYE Logging out
[6] S: f2 OK LOGOUT completed
[6] END
[7] S: * OK [CAPABILITY ...] ...
[7] C: g1 LOGIN one {5000}
[7] S: g1 BAD Literal too long
[7] C: g2 LOGIN "one" {5000+}
[7] S: * BYE [LIMIT] Literal too long
[7] END
[8] S: * OK [CAPABILITY ...] ...
[8] C: h1 AUTHENTICATE PLAIN
[8] S: + 
[8] C: h2 AUTHENTICATE PLAIN dGhyZWUAb25lAHNlY3JldCB3b3Jk
[8] S: h1 BAD That is not what the mechanism expects
[8] C: h3 LOGIN one@localhost $password
[8] S: h3 OK [CAPABILITY ...] Logged in
[8] C: h4 LOGOUT
[8] S: * BYE Logging out
[8] S: h4 OK LOGOUT completed
[8] END
# A field left empty is a failed login like any other.
[20] S: * OK [CAPABILITY ...] ...
[20] C: t1 AUTHENTICATE LOGIN
[20] S: + VXNlciBOYW1l
[20] C:
[20] S: t1 NO [AUTHENTICATIONFAILED] Wrong name or password
[20] C: t2 AUTHENTICATE LOGIN
[20] S: + VXNlciBOYW1l
[20] C: b25l
[20] S: + UGFzc3dvcmQ=
[20] C:
[20] S: t2 NO [AUTHENTICATIONFAILED] Wrong name or password
[20] C: t3 AUTHENTICATE PLAIN AG9uZQA=
[20] S: t3 NO [AUTHENTICATIONFAILED] Wrong name or password
[20] S: * BYE [AUTHENTICATIONFAILED] Too many failed logins
[20] END
[21] S: * OK [CAPABILITY ...] ...
[21] C: u1 LOGIN "" ""
[21] S: u1 NO [AUTHENTICATIONFAILED] Wrong name or password
