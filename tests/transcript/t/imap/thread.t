# THREAD and UID THREAD with the three algorithms (RFC 5256).
account t
mail t
Date: Mon, 02 Jan 2023 10:00:00 +0000
Subject: Plans
Message-ID: <"t.1"@x>

one
.
mail t
Date: Mon, 02 Jan 2023 12:00:00 +0000
Subject: Re: Plans
Message-ID: <t2@x>
References: <t.1@x>

two
.
mail t
Date: Mon, 02 Jan 2023 11:00:00 +0000
Subject: Re: Plans
Message-ID: <t3@x>
In-Reply-To: Ann's message <t.1@x> of yesterday

three
.
mail t
Date: Mon, 02 Jan 2023 13:00:00 +0000
Subject: Re: Plans
Message-ID: <t4@x>
References: <t.1@x>
 <t2@x>

four
.
mail t
Date: Mon, 02 Jan 2023 09:00:00 +0000
Subject: Other
Message-ID: <t5@x>

five
.
mail t
Date: Mon, 02 Jan 2023 14:00:00 +0000
Subject: RE: other
Message-ID: <t6@x>

six
.
mail t
Date: Mon, 02 Jan 2023 08:00:00 +0000
Subject: Re: lost
Message-ID: <t7@x>
References: <gone@x>

seven
.
mail t
Date: Mon, 02 Jan 2023 08:30:00 +0000
Subject: Re: lost
Message-ID: <t8@x>
References: <gone@x>

eight
.
S: * OK [CAPABILITY ...] ...
C: a1 LOGIN $t $password
S: a1 OK [CAPABILITY ...] Logged in
C: a2 SELECT INBOX
S* a2 OK ...
C: b1 THREAD REFERENCES UTF-8 ALL
S: * THREAD ((7)(8))(5 6)(1 (3)(2 4))
S: b1 OK THREAD completed
C: b2 THREAD refs US-ASCII ALL
S: * THREAD ((7)(8))(5)(1 (3)(2 4))(6)
S: b2 OK THREAD completed
C: b3 THREAD ORDEREDSUBJECT "UTF-8" ALL
S: * THREAD (7 8)(5 6)(1 (3)(2)(4))
S: b3 OK THREAD completed
C: b4 UID THREAD REFERENCES UTF-8 SUBJECT plans SINCE 1-Jan-2023
S: * THREAD (1 (3)(2 4))
S: b4 OK UID THREAD completed
C: b5 THREAD REFERENCES UTF-8 SUBJECT "not there"
S: * THREAD
S: b5 OK THREAD completed
C: b6 THREAD REFERENCES UTF-8 2:4
S: * THREAD ((3)(2 4))
S: b6 OK THREAD completed
C: c1 STORE 1 +FLAGS.SILENT (\Deleted)
S: c1 OK STORE completed
C: c2 EXPUNGE
S: * 1 EXPUNGE
S* c2 OK EXPUNGE completed
C: c3 THREAD REFERENCES UTF-8 1:3
S: * THREAD ((2)(1 3))
S: c3 OK THREAD completed
C: c4 UID THREAD REFERENCES UTF-8 1:3
S: * THREAD ((3)(2 4))
S: c4 OK UID THREAD completed
C: d1 THREAD JWZ UTF-8 ALL
S: d1 BAD ...
C: d2 THREAD REFERENCES ALL
S: d2 BAD ...
C: d3 THREAD REFERENCES UTF-8
S: d3 BAD ...
C: d4 THREAD REFERENCES KLINGON ALL
S: d4 NO [BADCHARSET ...] ...
C: d5 THREAD
S: d5 BAD ...
