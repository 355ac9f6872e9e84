# The dialogue of RFC 3501 section 8, as far as the mail itself allows.
account fred
mail fred
Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)
From: Terry Gray <gray@cac.washington.edu>
Subject: IMAP4rev1 WG mtg summary and minutes
To: imap@cac.washington.edu
cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>
Message-Id: <B27397-0100000@cac.washington.edu>
MIME-Version: 1.0
Content-Type: TEXT/PLAIN; CHARSET=US-ASCII

Hello
.
S: * OK [CAPABILITY IMAP4rev1 ...] ...
C: a001 login $fred $password
S: a001 OK [CAPABILITY ...] ...
C: a002 select inbox
S: * 1 EXISTS
S: * 1 RECENT
S: * OK [UNSEEN 1] ...
S: * OK [UIDVALIDITY $uidvalidity] UIDs valid
S: * OK [UIDNEXT 2] ...
S: * OK [MAILBOXID (...)] ...
S: * FLAGS (\Seen \Answered \Flagged \Deleted \Draft)
S: * OK [PERMANENTFLAGS (\Seen \Answered \Flagged \Deleted \Draft \*)] ...
S: * OK [HIGHESTMODSEQ ...] Highest
S: a002 OK [READ-WRITE] SELECT completed
C: a003 fetch 1 envelope
S: * 1 FETCH (ENVELOPE ("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev1 WG mtg summary and minutes" (("Terry Gray" NIL "gray" "cac.washington.edu")) (("Terry Gray" NIL "gray" "cac.washington.edu")) (("Terry Gray" NIL "gray" "cac.washington.edu")) ((NIL NIL "imap" "cac.washington.edu")) ((NIL NIL "minutes" "CNRI.Reston.VA.US")("John Klensin" NIL "KLENSIN" "MIT.EDU")) NIL NIL "<B27397-0100000@cac.washington.edu>"))
S: a003 OK FETCH completed
C: a004 store 1 +flags \deleted
S: * 1 FETCH (FLAGS (\Deleted \Recent))
S: a004 OK STORE completed
C: a005 logout
S: * BYE ...
S: a005 OK LOGOUT completed
END
