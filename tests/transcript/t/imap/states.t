# Every command in every state: what is out of place is BAD and changes nothing.
option limits.max_connections=100
account s
S: * OK [CAPABILITY ...] ...
C: a0 CAPABILITY
S: * CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ID ENABLE IDLE NAMESPACE UIDPLUS MOVE UNSELECT CHILDREN SPECIAL-USE CREATE-SPECIAL-USE LIST-EXTENDED LIST-STATUS STATUS=SIZE MULTIAPPEND ESEARCH SEARCHRES SORT SORT=DISPLAY ESORT CONTEXT=SEARCH SEARCH=FUZZY MULTISEARCH THREAD=ORDEREDSUBJECT THREAD=REFERENCES THREAD=REFS I18NLEVEL=1 UTF8=ACCEPT PARTIAL CONDSTORE QRESYNC UIDONLY UIDBATCHES WITHIN APPENDLIMIT=67108864 QUOTA QUOTA=RES-STORAGE QUOTA=RES-MESSAGE QUOTA=RES-MAILBOX ACL RIGHTS=kxte LIST-MYRIGHTS PREVIEW INPROGRESS OBJECTID SAVEDATE BINARY REPLACE CATENATE NOTIFY METADATA LIST-METADATA STARTTLS AUTH=PLAIN AUTH=LOGIN
S: a0 OK CAPABILITY completed
C: a1 NOOP
S: a1 OK NOOP completed
C: a2 SELECT INBOX
S: a2 BAD Log in first
C: a3 ID NIL
S: * ID ("name" "Roost")
S: a3 OK ID completed
C: a4 FETCH 1 FLAGS
S: a4 BAD Log in first
[2] S: * OK [CAPABILITY ...] ...
[2] C: b1 LIST "" *
[2] S: b1 BAD Log in first
[2] C: b2 IDLE
[2] S: b2 BAD Log in first
[2] C: b3 ENABLE X
[2] S: b3 BAD Log in first
[2] S: * BYE [CLIENTBUG] Too many invalid commands
[2] END
[3] S: * OK [CAPABILITY ...] ...
[3] C: c1 LOGIN $s $password
[3] S: c1 OK [CAPABILITY ...] Logged in
[3] C: c2 LOGIN $s $password
[3] S: c2 BAD Already logged in
[3] C: c3 STARTTLS
[3] S: c3 BAD Already logged in
[3] C: c4 AUTHENTICATE PLAIN
[3] S: c4 BAD Already logged in
[3] C: d1 FETCH 1 FLAGS
[3] S: d1 BAD Select a mailbox first
[3] C: d2 STORE 1 FLAGS ()
[3] S: d2 BAD Select a mailbox first
[3] C: d3 SEARCH ALL
[3] S: d3 BAD Select a mailbox first
[3] C: d4 UID SEARCH ALL
[3] S: d4 BAD Select a mailbox first
[3] C: d5 COPY 1 INBOX
[3] S: d5 BAD Select a mailbox first
[3] C: d6 MOVE 1 INBOX
[3] S: d6 BAD Select a mailbox first
[3] C: d7 EXPUNGE
[3] S: d7 BAD Select a mailbox first
[3] C: d8 UID EXPUNGE 1
[3] S: d8 BAD Select a mailbox first
[3] C: d9 CLOSE
[3] S: d9 BAD Select a mailbox first
[3] C: d10 UNSELECT
[3] S: d10 BAD Select a mailbox first
[3] C: d11 CHECK
[3] S: d11 BAD Select a mailbox first
[3] C: e1 ENABLE X-NOTHING
[3] S: * ENABLED
[3] S: e1 OK ENABLE completed
[3] C: e2 NAMESPACE
[3] S: * NAMESPACE (("" "/")) (("Other Users/" "/")) NIL
[3] S: e2 OK NAMESPACE completed
[3] C: e3 ID ("name" "Test" "version" "1.0")
[3] S: * ID ("name" "Roost" "version" "...")
[3] S: e3 OK ID completed
[3] C: e4 ID ("a")
[3] S: e4 BAD An ID field needs a value
[3] C: e5 CAPABILITY
[3] S: * CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ID ENABLE IDLE NAMESPACE UIDPLUS MOVE UNSELECT CHILDREN SPECIAL-USE CREATE-SPECIAL-USE LIST-EXTENDED LIST-STATUS STATUS=SIZE MULTIAPPEND ESEARCH SEARCHRES SORT SORT=DISPLAY ESORT CONTEXT=SEARCH SEARCH=FUZZY MULTISEARCH THREAD=ORDEREDSUBJECT THREAD=REFERENCES THREAD=REFS I18NLEVEL=1 UTF8=ACCEPT PARTIAL CONDSTORE QRESYNC UIDONLY UIDBATCHES WITHIN APPENDLIMIT=67108864 QUOTA QUOTA=RES-STORAGE QUOTA=RES-MESSAGE QUOTA=RES-MAILBOX ACL RIGHTS=kxte LIST-MYRIGHTS PREVIEW INPROGRESS OBJECTID SAVEDATE BINARY REPLACE CATENATE NOTIFY METADATA LIST-METADATA UNAUTHENTICATE COMPRESS=DEFLATE
[3] S: e5 OK CAPABILITY completed
[3] C: e6 SELECT INBOX
[3] S: * 0 EXISTS
[3] S: * 0 RECENT
[3] S: * OK [UIDVALIDITY ...] UIDs valid
[3] S: * OK [UIDNEXT 1] predicted next UID
[3] S: * OK [MAILBOXID (...)] mailbox identifier
[3] S: * FLAGS (\Seen \Answered \Flagged \Deleted \Draft)
[3] S: * OK [PERMANENTFLAGS (\Seen \Answered \Flagged \Deleted \Draft \*)] Limited
[3] S: * OK [HIGHESTMODSEQ ...] Highest
[3] S: e6 OK [READ-WRITE] SELECT completed
[3] C: e7 ENABLE X
[3] S: e7 BAD Not while a mailbox is selected
[3] C: e8 LOGIN a b
[3] S: e8 BAD Already logged in
[3] C: e9 NAMESPACE
[3] S: * NAMESPACE (("" "/")) (("Other Users/" "/")) NIL
[3] S: e9 OK NAMESPACE completed
[3] C: e10 CHECK
[3] S: e10 OK CHECK completed
[3] C: e11 SELECT Nowhere
[3] S: * OK [CLOSED] Previous mailbox is closed
[3] S: e11 NO [NONEXISTENT] No such mailbox
[3] C: e12 FETCH 1 FLAGS
[3] S: e12 BAD Select a mailbox first
[3] C: e13 EXAMINE INBOX
[3] S: * 0 EXISTS
[3] S: * 0 RECENT
[3] S: * OK [UIDVALIDITY ...] UIDs valid
[3] S: * OK [UIDNEXT 1] predicted next UID
[3] S: * OK [MAILBOXID (...)] mailbox identifier
[3] S: * FLAGS (\Seen \Answered \Flagged \Deleted \Draft)
[3] S: * OK [PERMANENTFLAGS ()] Limited
[3] S: * OK [HIGHESTMODSEQ ...] Highest
[3] S: e13 OK [READ-ONLY] EXAMINE completed
[3] C: e14 EXPUNGE
[3] S: e14 NO [READ-ONLY] The mailbox is open read-only
[3] C: e15 STORE 1 FLAGS (\Seen)
[3] S: e15 NO [READ-ONLY] The mailbox is open read-only
[3] C: e16 CLOSE
[3] S: e16 OK CLOSE completed
[3] C: e17 CLOSE
[3] S: e17 BAD Select a mailbox first
[3] C: e18 select "inbox"
[3] S: * 0 EXISTS
[3] S: * 0 RECENT
[3] S: * OK [UIDVALIDITY ...] UIDs valid
[3] S: * OK [UIDNEXT 1] predicted next UID
[3] S: * OK [MAILBOXID (...)] mailbox identifier
[3] S: * FLAGS (\Seen \Answered \Flagged \Deleted \Draft)
[3] S: * OK [PERMANENTFLAGS (\Seen \Answered \Flagged \Deleted \Draft \*)] Limited
[3] S: * OK [HIGHESTMODSEQ ...] Highest
[3] S: e18 OK [READ-WRITE] SELECT completed
[3] C: e19 UNSELECT
[3] S: e19 OK UNSELECT completed
[3] C: e20 STARTTLS
[3] S: e20 BAD Already logged in
[3] C: f1 NONSENSE
[3] S: f1 BAD Unknown command
[3] C: f2
[3] S: f2 BAD A command word is missing after the tag
[3] C: 
[3] S: * BAD Empty command line
[3] C: f+3 NOOP
[3] S: * BAD A command begins with a tag
[3] C: f4  NOOP
[3] S: f4 BAD Unknown command
[3] C: f5 NOOP extra
[3] S: f5 BAD There is more after the end of the command
[3] C: f6 CAPABILITY x
[3] S: f6 BAD There is more after the end of the command
[3] C: f7 LOGOUT
[3] S: * BYE Logging out
[3] S: f7 OK LOGOUT completed
[3] END
