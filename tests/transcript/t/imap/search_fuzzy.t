# SEARCH=FUZZY (RFC 6203): the dialogues of the RFC, and FUZZY beside everything else that a search can have.
account s
mail s
Subject: IMAP break

It says hello.
.
mail s
Subject: the break of IMAP

x
.
mail s
Subject: work
From: user@example.com

Can you help?
.
mail s
Subject: =?utf-8?q?W=C3=B6rking?=
From: user@example.com

x
.
mail s
Subject: Helo

x
.
mail s
Subject: hello

x
.
S: * OK [CAPABILITY ...] ...
C: a1 LOGIN $s $password
S: a1 OK [CAPABILITY ... SEARCH=FUZZY ...] Logged in
C: a2 CREATE Work
S: a2 OK ...
mail s Work
Subject: Hello there

helo
.
C: a3 SELECT INBOX
S* a3 OK ...
# ---- section 3 ----
C: b1 SEARCH FUZZY (SUBJECT "IMAP break")
S: * SEARCH 1 2
S: b1 OK SEARCH completed
C: b2 SEARCH FUZZY SUBJECT work FROM user@example.com
S: * SEARCH 3 4
S: b2 OK SEARCH completed
# Without FUZZY, both are exact.
C: b3 SEARCH SUBJECT "break IMAP"
S: * SEARCH
S: b3 OK SEARCH completed
C: b4 SEARCH FUZZY SUBJECT work FROM usr@example.com
S: * SEARCH
S: b4 OK SEARCH completed
# ---- section 4: scores ----
C: c1 SEARCH RETURN (RELEVANCY ALL) FUZZY TEXT "Helo"
S: * ESEARCH (TAG "c1") ALL 1,3,5:6 RELEVANCY (27 27 100 45)
S: c1 OK SEARCH completed
C: c2 UID SEARCH RETURN (RELEVANCY) FUZZY SUBJECT "break IMAP"
S: * ESEARCH (TAG "c2") UID RELEVANCY (85 85)
S: c2 OK UID SEARCH completed
C: c3 SEARCH RETURN (RELEVANCY ALL) FUZZY TEXT nothingness
S: * ESEARCH (TAG "c3") RELEVANCY ()
S: c3 OK SEARCH completed
C: c4 SEARCH RETURN (RELEVANCY ALL) ALL
S: c4 BAD RELEVANCY needs a FUZZY search key
C: c5 SEARCH RETURN (RELEVANCY ALL) FUZZY
S: c5 BAD FUZZY needs a search key
# ---- section 5: keys that look for no text are exact ----
C: d1 SEARCH RETURN (RELEVANCY ALL) FUZZY (SUBJECT helo LARGER 100000)
S: * ESEARCH (TAG "d1") RELEVANCY ()
S: d1 OK SEARCH completed
C: d2 SEARCH RETURN (RELEVANCY ALL) FUZZY 2:3
S: * ESEARCH (TAG "d2") ALL 2:3 RELEVANCY (100 100)
S: d2 OK SEARCH completed
C: d3 SEARCH NOT FUZZY TEXT helo
S: * SEARCH 2 4
S: d3 OK SEARCH completed
# ---- section 6: SORT ----
C: e1 SORT (RELEVANCY) UTF-8 FUZZY SUBJECT "Helo"
S: * SORT 5 6
S: e1 OK SORT completed
C: e2 SORT RETURN (RELEVANCY ALL) (RELEVANCY) UTF-8 FUZZY TEXT "Helo"
S: * ESEARCH (TAG "e2") ALL 5:6,1,3 RELEVANCY (100 45 27 27)
S: e2 OK SORT completed
C: e3 SORT RETURN (PARTIAL 1:2) (RELEVANCY) UTF-8 FUZZY TEXT "Helo"
S: * ESEARCH (TAG "e3") PARTIAL (1:2 5:6)
S: e3 OK SORT completed
C: e4 UID SORT (REVERSE RELEVANCY REVERSE ARRIVAL) UTF-8 FUZZY TEXT "Helo"
S: * SORT ...
S: e4 OK UID SORT completed
C: e5 SORT RETURN (MIN MAX COUNT PARTIAL 2:3 RELEVANCY) (RELEVANCY) UTF-8 FUZZY TEXT "Helo"
S: * ESEARCH (TAG "e5") MIN 5 MAX 3 COUNT 4 PARTIAL (2:3 6,1) RELEVANCY (45 27)
S: e5 OK SORT completed
C: e6 SORT RETURN (PARTIAL 7:9 RELEVANCY) (RELEVANCY) UTF-8 FUZZY TEXT "Helo"
S: * ESEARCH (TAG "e6") PARTIAL (7:9 NIL) RELEVANCY ()
S: e6 OK SORT completed
C: e7 SORT (RELEVANCY) UTF-8 TEXT "Helo"
S: e7 BAD RELEVANCY needs a FUZZY search key
C: e8 SORT RETURN (RELEVANCY ALL) (SUBJECT) UTF-8 FUZZY TEXT "Helo"
S: * ESEARCH (TAG "e8") ALL 6,5,1,3 RELEVANCY (45 100 27 27)
S: e8 OK SORT completed
C: e9 THREAD ORDEREDSUBJECT UTF-8 FUZZY SUBJECT helo
S: * THREAD ...
S: e9 OK THREAD completed
# ---- PARTIAL of a SEARCH shows the scores of what it shows (RFC 9394) ----
C: f1 UID SEARCH RETURN (PARTIAL -1:-2 RELEVANCY) FUZZY TEXT helo
S: * ESEARCH (TAG "f1") UID PARTIAL (-1:-2 5:6) RELEVANCY (100 45)
S: f1 OK UID SEARCH completed
# ---- SAVE (RFC 5182), and MODSEQ (RFC 7162) at the end ----
C: g1 SEARCH RETURN (SAVE RELEVANCY) FUZZY SUBJECT helo
S: * ESEARCH (TAG "g1") RELEVANCY (100 45)
S: g1 OK SEARCH completed
C: g2 SEARCH $
S: * SEARCH 5 6
S: g2 OK SEARCH completed
C: g3 SEARCH RETURN (SAVE) FUZZY SUBJECT "break IMAP"
S: g3 OK SEARCH completed
C: g4 SEARCH RETURN (ALL RELEVANCY) FUZZY $ MODSEQ 1
S: * OK [HIGHESTMODSEQ ...] ...
S: * ESEARCH (TAG "g4") ALL 1:2 RELEVANCY (100 100) MODSEQ ...
S: g4 OK SEARCH completed
# ---- charsets are what they are without it ----
C: h1 SEARCH CHARSET klingon FUZZY TEXT x
S: h1 NO [BADCHARSET ...] ...
C: h2 SEARCH CHARSET iso-8859-1 FUZZY SUBJECT {7+}
C< w\xf6rking\r\n
S: * SEARCH 3 4
S: h2 OK SEARCH completed
C: h3 SORT (RELEVANCY) klingon FUZZY TEXT x
S: h3 NO [BADCHARSET ...] ...
# ---- through several mailboxes (RFC 7377) ----
C: i1 ESEARCH IN (personal) RETURN (RELEVANCY ALL) FUZZY SUBJECT helo
S: * ESEARCH (TAG "i1" MAILBOX INBOX UIDVALIDITY $v1) UID ALL 5:6 RELEVANCY (100 45)
S: * ESEARCH (TAG "i1" MAILBOX Work UIDVALIDITY $v2) UID ALL 1 RELEVANCY (45)
S: i1 OK ESEARCH completed
C: i2 ESEARCH IN (personal) RETURN (RELEVANCY ALL) SUBJECT helo
S: i2 BAD RELEVANCY needs a FUZZY search key
# ---- kept up to date (RFC 5267) ----
C: j1 SEARCH RETURN (UPDATE RELEVANCY ALL) FUZZY SUBJECT "helo again"
S: * ESEARCH (TAG "j1") RELEVANCY ()
S: j1 OK SEARCH completed
mail s
Subject: Again, hello

x
.
C: j2 NOOP
S: * 7 EXISTS
S: * 7 RECENT
S: * ESEARCH (TAG "j1") ADDTO (0 7)
S: j2 OK ...
# ---- after ENABLE IMAP4rev2, a SEARCH is answered by ESEARCH without scores ----
C: k1 UNSELECT
S: k1 OK ...
C: k2 ENABLE IMAP4rev2
S: * ENABLED IMAP4rev2
S: k2 OK ...
C: k3 EXAMINE INBOX
S* k3 OK ...
C: k4 SEARCH FUZZY SUBJECT "IMAP break"
S: * ESEARCH (TAG "k4") ALL 1:2
S: k4 OK SEARCH completed
