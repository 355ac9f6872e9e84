# AUTHENTICATE with and without an initial response, given up, and spoilt; the tag stays the same.
account anna
S: * OK ...
C: Ab1 AUTHENTICATE PLAIN
S: + 
C: *
S: Ab1 BAD ...
C: Ab2 AUTHENTICATE PLAIN
S: + 
C: not base64!
S: Ab2 BAD ...
C: Ab3 AUTHENTICATE NOSUCH
S: Ab3 NO [CANNOT] ...
C: Ab4 NOOP
S: Ab4 OK ...
[2] S: * OK ...
[2] C: v AUTHENTICATE PLAIN =
[2] S: v BAD That is not what the mechanism expects
[2] C: w AUTHENTICATE LOGIN =
[2] S: w NO [AUTHENTICATIONFAILED] Wrong name or password
[2] C: x AUTHENTICATE LOGIN
[2] S: + VXNlciBOYW1l
