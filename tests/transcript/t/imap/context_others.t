# CONTEXT=SEARCH (RFC 5267) beside QRESYNC, NOTIFY and IMAP4rev2.
account s
mail s
Subject: one

x
.
mail s
Subject: two

x
.
mail s
Subject: three

x
.
[2] S: * OK ...
[2] C: a1 LOGIN $s $password
[2] S* a1 OK ...
[2] C: a2 SELECT INBOX
[2] S* a2 OK ...
S: * OK ...
C: a1 LOGIN $s $password
S: a1 OK ...
C: a2 ENABLE QRESYNC
S: * ENABLED QRESYNC
S: a2 OK ...
C: a3 SELECT INBOX
S* a3 OK ...
# ---- VANISHED: UIDs are told before it, by their numbers where the client counts so ----
C: b1 SEARCH RETURN (UPDATE COUNT) ALL
S: * ESEARCH (TAG "b1") COUNT 3
S: b1 OK SEARCH completed
C: b2 UID SEARCH RETURN (UPDATE COUNT) UNSEEN
S: * ESEARCH (TAG "b2") UID COUNT 3
S: b2 OK UID SEARCH completed
[2] C: b1 UID STORE 2 FLAGS.SILENT (\Deleted)
[2] S* b1 OK ...
[2] C: b2 EXPUNGE
[2] S* b2 OK ...
# FETCH and SEARCH by number tell no expunges, and so nothing goes out of the results (section 4.3.4).
C: b3 SEARCH RETURN (COUNT) ALL
S: * ESEARCH (TAG "b3") COUNT 3
S: b3 OK SEARCH completed
C: b4 NOOP
S: * ESEARCH (TAG "b1") REMOVEFROM (0 2)
S: * ESEARCH (TAG "b2") UID REMOVEFROM (0 2)
S: * VANISHED 2
S: b4 OK [HIGHESTMODSEQ ...] NOOP completed
C: b5 UNSELECT
S: b5 OK ...
# ---- NOTIFY: between commands, expunges of SELECTED-DELAYED with the next command ----
C: c1 SELECT INBOX
S* c1 OK ...
C: c2 NOTIFY SET (selected-delayed (MessageNew (UID) MessageExpunge FlagChange))
S: c2 OK ...
C: c3 UID SEARCH RETURN (UPDATE ALL) UNSEEN
S: * ESEARCH (TAG "c3") UID ALL 1,3
S: c3 OK UID SEARCH completed
[2] C: c1 UID STORE 3 FLAGS (\Seen \Deleted)
[2] S* c1 OK ...
S: * 2 FETCH (UID 3 FLAGS (\Seen \Deleted) MODSEQ ($m))
S: * ESEARCH (TAG "c3") UID REMOVEFROM (0 3)
# ADDTO comes before the FETCH that NOTIFY has asked for (RFC 5465 section 5.2).
mail s
Subject: four

x
.
S: * 3 EXISTS
S: * 1 RECENT
S: * ESEARCH (TAG "c3") UID ADDTO (0 4)
S: * 3 FETCH (UID 4 MODSEQ (...))
C: c4 SEARCH RETURN (UPDATE ALL) ALL
S: * ESEARCH (TAG "c4") ALL 1:3
S: c4 OK SEARCH completed
[2] C: c2 EXPUNGE
[2] S* c2 OK ...
C: c5 NOOP
S: * ESEARCH (TAG "c4") REMOVEFROM (0 2)
S: * VANISHED 3
S: c5 OK [HIGHESTMODSEQ ...] NOOP completed
# Without FlagChange the flags are not told, but what follows from them for a result is.
C: c6 NOTIFY SET (selected (MessageNew MessageExpunge))
S: c6 OK ...
[2] C: c3 UID STORE 1 FLAGS (\Seen)
[2] S* c3 OK ...
S: * ESEARCH (TAG "c3") UID REMOVEFROM (0 1)
# ---- UIDONLY (RFC 9586): no numbers ----
[3] S: * OK ...
[3] C: a1 LOGIN $s $password
[3] S: a1 OK ...
[3] C: a2 ENABLE UIDONLY
[3] S: * ENABLED UIDONLY
[3] S: a2 OK ...
[3] C: a3 SELECT INBOX
[3] S* a3 OK ...
[3] C: a4 SEARCH RETURN (UPDATE) ALL
[3] S: a4 BAD [UIDREQUIRED] ...
[3] C: a5 UID SEARCH RETURN (UPDATE (FLAGS) COUNT) UNSEEN
[3] S: * ESEARCH (TAG "a5") UID COUNT 1
[3] S: a5 OK UID SEARCH completed
mail s
Subject: five

x
.
[3] C: a6 UID STORE 4 +FLAGS.SILENT (\Deleted)
[3] S: * 3 EXISTS
[3] S* * 5 UIDFETCH ...
[3] S: * ESEARCH (TAG "a5") UID ADDTO (0 5)
[3] S: a6 OK STORE completed
[3] C: a7 UID EXPUNGE 4
[3] S: * ESEARCH (TAG "a5") UID REMOVEFROM (0 4)
[3] S: * VANISHED 4
[3] S: a7 OK ...
