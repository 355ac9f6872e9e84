# METADATA (RFC 5464): the dialogues of the RFC, grammar, refusals, options, special uses (RFC 6154), names that
# change, and what other sessions are told.
option metadata.entry=/shared/comment Shared comment
option metadata.entry=/shared/admin mailto:postmaster@example.org
option metadata.entry=/shared/vendor/roost/motd Good morning
account anna
S: * OK [CAPABILITY ... METADATA LIST-METADATA ...] ...
C: a0 GETMETADATA "" /shared/comment
S: a0 BAD Log in first
C: a1 LOGIN $anna $password
S: a1 OK [CAPABILITY ... METADATA LIST-METADATA ...] Logged in
# ---- the server's entries (sections 3.2.1.1, 4.2) ----
C: b1 GETMETADATA "" /shared/comment
S: * METADATA "" (/shared/comment "Shared comment")
S: b1 OK GETMETADATA completed
C: b2 GETMETADATA "" (/shared/admin /Shared/Comment /private/vendor/x/y)
S: * METADATA "" (/shared/admin "mailto:postmaster@example.org" /Shared/Comment "Shared comment" /private/vendor/x/y NIL)
S: b2 OK GETMETADATA completed
C: b3 GETMETADATA (DEPTH infinity) "" /shared
S: * METADATA "" (/shared/comment "Shared comment" /shared/admin "mailto:postmaster@example.org" /shared/vendor/roost/motd "Good morning")
S: b3 OK GETMETADATA completed
C: b4 SETMETADATA "" (/private/comment "mine" /shared/comment "Nobody may")
S: b4 NO [NOPERM] Only an administrator can change that entry
C: b5 SETMETADATA "" (/shared/admin NIL)
S: b5 NO [NOPERM] Only an administrator can change that entry
C: b6 SETMETADATA "" (/private/comment "mine")
S: b6 OK SETMETADATA completed
C: b7 GETMETADATA "" /private/comment
S: * METADATA "" (/private/comment "mine")
S: b7 OK GETMETADATA completed
# ---- mailboxes (sections 4.2, 4.3) ----
C: c1 SETMETADATA INBOX (/private/comment "My own comment" /shared/comment "Its sunny outside!")
S: c1 OK SETMETADATA completed
C: c2 GETMETADATA "INBOX" /private/comment
S: * METADATA INBOX (/private/comment "My own comment")
S: c2 OK GETMETADATA completed
C: c3 GETMETADATA "inbox" (/shared/comment /private/comment)
S: * METADATA INBOX (/shared/comment "Its sunny outside!" /private/comment "My own comment")
S: c3 OK GETMETADATA completed
# Section 4.4.1 has an example without parentheses.
C: c3a GETMETADATA "INBOX" /private/comment /shared/comment
S: * METADATA INBOX (/private/comment "My own comment" /shared/comment "Its sunny outside!")
S: c3a OK GETMETADATA completed
C< c4 SETMETADATA INBOX (/private/comment {33+}\r\nMy new comment across\r\ntwo lines.)\r\n
S: c4 OK SETMETADATA completed
C: c5 GETMETADATA INBOX /private/comment
S: * METADATA INBOX (/private/comment {33}\r\nMy new comment across\r\ntwo lines.)
S: c5 OK GETMETADATA completed
C: c6 SETMETADATA INBOX (/private/comment NIL)
S: c6 OK SETMETADATA completed
C: c7 GETMETADATA INBOX /private/comment
S: * METADATA INBOX (/private/comment NIL)
S: c7 OK GETMETADATA completed
# Removing what is not there is no failure; an empty value is not NIL.
C: c8 SETMETADATA INBOX (/private/comment NIL)
S: c8 OK SETMETADATA completed
C: c9 SETMETADATA INBOX (/private/comment "")
S: c9 OK SETMETADATA completed
C: c10 GETMETADATA INBOX /private/comment
S: * METADATA INBOX (/private/comment "")
S: c10 OK GETMETADATA completed
# Any octets: UTF-8, quotes, and NUL in a literal8, but not in another one (section 5).
C< c11 SETMETADATA INBOX (/private/vendor/x/bin ~{5+}\r\na\0b\r\n /private/vendor/x/utf8 {5+}\r\n\xc3\xa4\xc3\xb6\xff /private/vendor/x/quoted "a\\\\b\\"c")\r\n
S: c11 OK SETMETADATA completed
C: c12 GETMETADATA INBOX (/private/vendor/x/bin /private/vendor/x/utf8 /private/vendor/x/quoted)
S: * METADATA INBOX (/private/vendor/x/bin ~{5}\r\na\x00b\r\n /private/vendor/x/utf8 {5}\r\n\xc3\xa4\xc3\xb6\xff /private/vendor/x/quoted "a\\b\"c")
S: c12 OK GETMETADATA completed
C< c13 SETMETADATA INBOX (/private/vendor/x/bin {1+}\r\n\0)\r\n
S: c13 BAD A string cannot contain NUL
# Names have no case; they are shown as they were written last, or as they are asked for.
C: c14 SETMETADATA INBOX (/PRIVATE/Vendor/X/Quoted "new")
S: c14 OK SETMETADATA completed
C: c15 GETMETADATA INBOX (DEPTH 1) (/private/vendor/x)
S: * METADATA INBOX (/private/vendor/x/bin ~{5}\r\na\x00b\r\n /PRIVATE/Vendor/X/Quoted "new" /private/vendor/x/utf8 {5}\r\n\xc3\xa4\xc3\xb6\xff)
S: c15 OK GETMETADATA completed
C: c16 SETMETADATA INBOX (/private/vendor/x/quoted NIL /private/vendor/x/utf8 NIL /private/vendor/x/bin NIL)
S: c16 OK SETMETADATA completed
# ---- DEPTH (section 4.2.2): the options before the mailbox, or behind it as in the RFC's examples ----
C: d1 SETMETADATA INBOX (/private/filters/values/small "SMALLER 5000" /private/filters/values/boss "FROM \"boss@example.com\"" /private/filters/values/a/b "deep" /private/filters/valuesx "beside")
S: d1 OK SETMETADATA completed
C: d2 GETMETADATA "INBOX" (DEPTH 1) (/private/filters/values)
S: * METADATA INBOX (/private/filters/values/boss "FROM \"boss@example.com\"" /private/filters/values/small "SMALLER 5000")
S: d2 OK GETMETADATA completed
C: d3 GETMETADATA (DEPTH infinity) "INBOX" /private/filters/values
S: * METADATA INBOX (/private/filters/values/a/b "deep" /private/filters/values/boss "FROM \"boss@example.com\"" /private/filters/values/small "SMALLER 5000")
S: d3 OK GETMETADATA completed
C: d4 GETMETADATA INBOX (DEPTH 0) /private/filters/values
S: * METADATA INBOX (/private/filters/values NIL)
S: d4 OK GETMETADATA completed
C: d5 GETMETADATA (DEPTH 1) INBOX /private/vendor
S: d5 OK GETMETADATA completed
# Each entry once, whatever names it.
C: d6 GETMETADATA (DEPTH infinity) INBOX (/private/filters/values/a /private/filters/values/a/b)
S: * METADATA INBOX (/private/filters/values/a/b "deep")
S: d6 OK GETMETADATA completed
# ---- MAXSIZE (section 4.2.1) ----
C: e1 GETMETADATA "INBOX" (MAXSIZE 11) (/private/filters/values/small /private/filters/values/boss)
S: e1 OK [METADATA LONGENTRIES 23] GETMETADATA completed
C: e2 GETMETADATA (MAXSIZE 12) "INBOX" (/private/filters/values/small /private/filters/values/boss)
S: * METADATA INBOX (/private/filters/values/small "SMALLER 5000")
S: e2 OK [METADATA LONGENTRIES 23] GETMETADATA completed
C: e3 GETMETADATA (DEPTH 1 MAXSIZE 23) "INBOX" /private/filters/values
S: * METADATA INBOX (/private/filters/values/boss "FROM \"boss@example.com\"" /private/filters/values/small "SMALLER 5000")
S: e3 OK GETMETADATA completed
# ---- grammar ----
C: f1 GETMETADATA INBOX
S: f1 BAD The name of an entry is missing
C: f2 GETMETADATA INBOX comment
S: f2 BAD The name of an entry begins with /private or /shared
C: f3 GETMETADATA INBOX /shared/a//b
S: f3 BAD The name of an entry has an empty component
C: f4 GETMETADATA INBOX /shared/a/
S: f4 BAD The name of an entry has an empty component
C: f5 GETMETADATA INBOX "/shared/a*"
S: f5 BAD The name of an entry is ASCII without controls, * and %
C: f6 GETMETADATA INBOX "/shared/a%"
S: f6 BAD The name of an entry is ASCII without controls, * and %
C< f7 GETMETADATA INBOX {9+}\r\n/shared/\xe9\r\n
S: f7 BAD The name of an entry is ASCII without controls, * and %
C: f8 GETMETADATA INBOX /shared
S: f8 BAD The name of an entry has at least two components
C: f9 SETMETADATA INBOX (/private/vendor/token "x")
S: f9 BAD The name of a vendor's entry has at least four components
C: f10 SETMETADATA INBOX (/sharedx/y "x")
S: f10 BAD The name of an entry begins with /private or /shared
C: f11 GETMETADATA (SIZE 1) INBOX /shared/comment
S: f11 BAD Unknown GETMETADATA option
C: f12 GETMETADATA (DEPTH 2) INBOX /shared/comment
S: f12 BAD DEPTH is 0, 1 or infinity
C: f13 GETMETADATA (MAXSIZE -1) INBOX /shared/comment
S: f13 BAD MAXSIZE needs a number
C: f14 SETMETADATA INBOX /shared/comment "x"
S: f14 BAD SETMETADATA needs a list of entries and values
C: f15 SETMETADATA INBOX ()
S: f15 BAD The name of an entry is missing
C: f16 SETMETADATA INBOX (/shared/comment)
S: f16 BAD A value is missing
C: f17 GETMETADATA INBOX (/shared/comment
S: f17 BAD Missing closing parenthesis after entries
C: f18 SETMETADATA INBOX (/shared/comment atom)
S: f18 BAD A value is missing
C: f19 GETMETADATA nowhere /shared/comment
S: f19 NO [NONEXISTENT] No such mailbox
C: f20 SETMETADATA nowhere (/shared/comment "x")
S: f20 NO [NONEXISTENT] No such mailbox
# Refused as a whole: nothing of it is set (section 4.3).
C: f21 SETMETADATA INBOX (/shared/vendor/x/a "set" /private/specialuse "\\Nonsense")
S: f21 NO [USEATTR] That special use is not known
C: f22 GETMETADATA INBOX /shared/vendor/x/a
S: * METADATA INBOX (/shared/vendor/x/a NIL)
S: f22 OK GETMETADATA completed
# ---- special uses (RFC 6154 sections 4 and 5.4) ----
C: g1 CREATE MyImportant (USE (\Important))
S: g1 OK ...
C: g2 GETMETADATA "MyImportant" /private/specialuse
S: * METADATA MyImportant (/private/specialuse "\\Important")
S: g2 OK GETMETADATA completed
C: g3 SETMETADATA INBOX (/private/specialuse "\\Important")
S: g3 NO [USEATTR] Another mailbox has that special use
C: g4 SETMETADATA MyImportant (/private/specialuse "\\All")
S: g4 NO [USEATTR] A mailbox cannot have that special use
C: g5 SETMETADATA MyImportant (/private/specialuse NIL)
S: g5 OK SETMETADATA completed
C: g6 SETMETADATA INBOX (/private/specialuse "\\important")
S: g6 OK SETMETADATA completed
C: g7 LIST "" (INBOX MyImportant) RETURN (SPECIAL-USE)
S: * LIST (\Important) "/" INBOX
S: * LIST () "/" MyImportant
S: g7 OK LIST completed
C: g8 GETMETADATA (DEPTH infinity) INBOX /private
S: * METADATA INBOX (/private/comment "" /private/filters/values/a/b "deep" /private/filters/values/boss "FROM \"boss@example.com\"" /private/filters/values/small "SMALLER 5000" /private/filters/valuesx "beside" /private/specialuse "\\Important")
S: g8 OK GETMETADATA completed
C: g9 SETMETADATA INBOX (/private/specialuse "")
S: g9 OK SETMETADATA completed
C: g10 GETMETADATA INBOX /private/specialuse
S: * METADATA INBOX (/private/specialuse NIL)
S: g10 OK GETMETADATA completed
# ---- names that change (section 4.1) ----
C: h1 CREATE Play/Ground
S: h1 OK ...
C: h2 SETMETADATA Play/Ground (/shared/comment "sand")
S: h2 OK ...
C: h3 RENAME Play Work
S: h3 OK ...
C: h4 GETMETADATA Work/Ground /shared/comment
S: * METADATA Work/Ground (/shared/comment "sand")
S: h4 OK ...
C: h5 DELETE Work/Ground
S: h5 OK ...
C: h6 CREATE Work/Ground
S: h6 OK ...
C: h7 GETMETADATA Work/Ground /shared/comment
S: * METADATA Work/Ground (/shared/comment NIL)
S: h7 OK ...
C: h8 SETMETADATA INBOX (/private/filters/values/a/b NIL /private/filters/valuesx NIL /private/filters/values/boss NIL)
S: h8 OK ...
C: h9 RENAME INBOX Old
S: h9 OK ...
C: h10 GETMETADATA (DEPTH infinity) Old (/private /shared)
S: * METADATA Old (/private/comment "" /private/filters/values/small "SMALLER 5000" /shared/comment "Its sunny outside!")
S: h10 OK ...
C: h11 GETMETADATA INBOX /shared/comment
S: * METADATA INBOX (/shared/comment "Its sunny outside!")
S: h11 OK ...
# ---- LIST RETURN (METADATA (...)) (RFC 9590) ----
C: i1 SETMETADATA Work/Ground (/shared/vendor/x/color "#b71c1c")
S: i1 OK ...
C: i2 LIST "" Work* RETURN (METADATA ("/shared/vendor/x/color" /private/comment))
S: * LIST () "/" Work
S: * METADATA Work (/shared/vendor/x/color NIL /private/comment NIL)
S: * LIST () "/" Work/Ground
S: * METADATA Work/Ground (/shared/vendor/x/color "#b71c1c" /private/comment NIL)
S: i2 OK LIST completed
C: i3 SUBSCRIBE Work/Ground
S: i3 OK ...
C: i4 DELETE Work
S: i4 OK ...
C: i5 LIST (SUBSCRIBED RECURSIVEMATCH) "" Work% RETURN (METADATA (/shared/vendor/x/color) STATUS (MESSAGES))
S: * LIST (...) "/" Work ("CHILDINFO" ("SUBSCRIBED"))
S: i5 OK LIST completed
C: i6 LIST "" Work% RETURN (METADATA (/shared/vendor/x/color))
S: * LIST (...) "/" Work
S: i6 OK LIST completed
C: i6 LIST "" Work* RETURN (STATUS (MESSAGES) METADATA (/shared/vendor/x/color))
S: * LIST () "/" Work/Ground
S: * STATUS Work/Ground (MESSAGES 0)
S: * METADATA Work/Ground (/shared/vendor/x/color "#b71c1c")
S: i6 OK LIST completed
C: i7 LIST "" * RETURN (METADATA)
S: i7 BAD METADATA needs a list of entries
C: i8 LIST "" * RETURN (METADATA ())
S: i8 BAD The name of an entry is missing
C: i9 LIST "" * RETURN (METADATA (/shared))
S: i9 BAD The name of an entry has at least two components
