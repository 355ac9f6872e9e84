# SORT and UID SORT with every key, ESORT, PARTIAL (RFC 5256, 5957, 5267 section 3, 9394).
account s
mail s
Date: Mon, 02 Jan 2023 10:00:00 +0200
From: Zoe Ash <zoe@example.org>
To: "Berg, Anna" <anna@example.org>
Cc: carl@example.org
Subject: Re: [list] Banana
Message-ID: <s1@x>

a text that is longer than the others: it makes the largest message of them all by far
.
mail s
Date: Mon, 02 Jan 2023 09:00:00 +0000
From: =?utf-8?q?=C3=84nne?= <bob@example.org>
To: bert@example.org
Subject: apple (fwd)
Message-ID: <s2@x>

two
.
mail s
From: adam@example.org
Subject: =?utf-8?q?=C3=84pfel?=
Message-ID: <s3@x>

has no date and nobody it is sent to: it was sent when it arrived
.
mail s
Date: Mon, 02 Jan 2023 08:59:59 +0000
From: adam@example.net
To: Team: bob@example.org, carl@example.org;
Cc: Bob <bob@example.org>
Subject: Fwd: BANANA
Message-ID: <s4@x>

x
.
S: * OK [CAPABILITY ...] ...
C: a1 LOGIN $s $password
S: a1 OK [CAPABILITY ...] Logged in
C: a2 SORT (DATE) UTF-8 ALL
S: a2 BAD ...
C: a3 EXAMINE INBOX
S* a3 OK ...
C: b1 SORT (ARRIVAL) UTF-8 ALL
S: * SORT 1 2 3 4
S: b1 OK SORT completed
C: b2 SORT (REVERSE ARRIVAL) UTF-8 ALL
S* b2 OK SORT completed
C: b3 SORT (DATE) US-ASCII ALL
S: * SORT 1 4 2 3
S: b3 OK SORT completed
C: b4 SORT (REVERSE DATE) utf-8 ALL
S: * SORT 3 2 4 1
S: b4 OK SORT completed
C: b5 SORT (SUBJECT) UTF-8 ALL
S: * SORT 2 3 1 4
S: b5 OK SORT completed
C: b6 SORT (SUBJECT REVERSE DATE) UTF-8 ALL
S: * SORT 2 3 4 1
S: b6 OK SORT completed
C: b7 SORT (REVERSE SUBJECT) UTF-8 ALL
S: * SORT 1 4 3 2
S: b7 OK SORT completed
C: b8 SORT (FROM) UTF-8 ALL
S: * SORT 3 4 2 1
S: b8 OK SORT completed
C: b9 SORT (DISPLAYFROM) UTF-8 ALL
S: * SORT 4 3 2 1
S: b9 OK SORT completed
C: b10 SORT (TO) UTF-8 ALL
S: * SORT 3 1 2 4
S: b10 OK SORT completed
C: b11 SORT (DISPLAYTO) UTF-8 ALL
S: * SORT 3 1 2 4
S: b11 OK SORT completed
C: b12 SORT (CC DATE) UTF-8 ALL
S: * SORT 2 3 4 1
S: b12 OK SORT completed
C: b13 SORT (REVERSE SIZE) UTF-8 SMALLER 100000
S* b13 OK SORT completed
C: b14 SORT (SUBJECT SUBJECT REVERSE SUBJECT DATE) UTF-8 OR 1 4
S: * SORT 1 4
S: b14 OK SORT completed
C: b15 SORT (SUBJECT) UTF-8 SUBJECT banana
S: * SORT 1 4
S: b15 OK SORT completed
C: b16 SORT (SUBJECT) UTF-8 SUBJECT "not there"
S: * SORT
S: b16 OK SORT completed
C: b17 UID SORT (REVERSE FROM) UTF-8 UID 2:*
S: * SORT 2 3 4
S: b17 OK UID SORT completed
C: c1 SORT RETURN () (SUBJECT) UTF-8 ALL
S: * ESEARCH (TAG "c1") ALL 2:3,1,4
S: c1 OK SORT completed
C: c2 UID SORT RETURN (MIN MAX COUNT) (SUBJECT) UTF-8 ALL
S: * ESEARCH (TAG "c2") UID MIN 2 MAX 4 COUNT 4
S: c2 OK UID SORT completed
C: c3 SORT RETURN (MIN MAX ALL COUNT) (SUBJECT) UTF-8 SUBJECT "not there"
S: * ESEARCH (TAG "c3") COUNT 0
S: c3 OK SORT completed
C: c4 SORT RETURN (PARTIAL 2:3) (SUBJECT) UTF-8 ALL
S: * ESEARCH (TAG "c4") PARTIAL (2:3 3,1)
S: c4 OK SORT completed
C: c5 SORT RETURN (PARTIAL -1:-2 COUNT) (SUBJECT) UTF-8 ALL
S: * ESEARCH (TAG "c5") COUNT 4 PARTIAL (-1:-2 1,4)
S: c5 OK SORT completed
C: c6 SEARCH RETURN (PARTIAL 2:100) ALL
S: * ESEARCH (TAG "c6") PARTIAL (2:100 2:4)
S: c6 OK SEARCH completed
C: c7 UID SEARCH RETURN (PARTIAL 3:2) ALL
S: * ESEARCH (TAG "c7") UID PARTIAL (3:2 2:3)
S: c7 OK UID SEARCH completed
C: c8 UID SEARCH RETURN (PARTIAL -3:-100 MIN MAX) ALL
S: * ESEARCH (TAG "c8") UID MIN 1 MAX 4 PARTIAL (-3:-100 1:2)
S: c8 OK UID SEARCH completed
C: c8a UID SEARCH RETURN (PARTIAL -100:-3) ALL
S: * ESEARCH (TAG "c8a") UID PARTIAL (-100:-3 1:2)
S: c8a OK UID SEARCH completed
C: c8b UID SORT RETURN (PARTIAL 9:5) (SUBJECT) UTF-8 ALL
S: * ESEARCH (TAG "c8b") UID PARTIAL (9:5 NIL)
S: c8b OK UID SORT completed
C: c9 SEARCH RETURN (PARTIAL 5:9) ALL
S: * ESEARCH (TAG "c9") PARTIAL (5:9 NIL)
S: c9 OK SEARCH completed
C: c10 SEARCH RETURN (PARTIAL -1:-1) SUBJECT "not there"
S: * ESEARCH (TAG "c10") PARTIAL (-1:-1 NIL)
S: c10 OK SEARCH completed
C: d1 SORT () UTF-8 ALL
S: d1 BAD ...
C: d2 SORT (COLOUR) UTF-8 ALL
S: d2 BAD ...
C: d3 SORT (DATE) UTF-8
S: d3 BAD ...
C: d4 SORT (DATE) ALL
S: d4 BAD ...
C: d5 SORT (DATE) KLINGON ALL
S: d5 NO [BADCHARSET ...] ...
C: d6 SORT (REVERSE) UTF-8 ALL
S: d6 BAD ...
C: d7 SORT (DATE) UTF-8 5
S: * SORT
S: d7 OK SORT completed
C: d8 SEARCH RETURN (PARTIAL 1:5 ALL) ALL
S: d8 BAD ...
C: d9 SEARCH RETURN (PARTIAL 0:5) ALL
S: d9 BAD ...
C: d10 SEARCH RETURN (PARTIAL -1:5) ALL
S: d10 BAD ...
C: d11 SEARCH RETURN (PARTIAL 1:4294967296) ALL
S: d11 BAD ...
C: d12 SEARCH RETURN (PARTIAL 1:2 PARTIAL 1:2) ALL
S: d12 BAD ...
C: d13 SEARCH RETURN (PARTIAL 1:*) ALL
S: d13 BAD ...
# UID FETCH of some of the messages
C: e1 UID FETCH 1:* (UID) (PARTIAL 2:3)
S: * 2 FETCH (UID 2)
S: * 3 FETCH (UID 3)
S: e1 OK UID FETCH completed
C: e2 UID FETCH 1,3:9 (UID) (PARTIAL -1:-2)
S: * 3 FETCH (UID 3)
S: * 4 FETCH (UID 4)
S: e2 OK UID FETCH completed
C: e3 UID FETCH 1,3,4 (UID) (PARTIAL 3:2)
S: * 3 FETCH (UID 3)
S: * 4 FETCH (UID 4)
S: e3 OK UID FETCH completed
C: e4 UID FETCH 1,3,4 (UID) (PARTIAL -3:-9)
S: * 1 FETCH (UID 1)
S: e4 OK UID FETCH completed
C: e5 UID FETCH 1:* (UID) (PARTIAL 5:9)
S: e5 OK UID FETCH completed
C: e6 FETCH 1:* (UID) (PARTIAL 1:2)
S: e6 BAD PARTIAL needs UID FETCH
C: e7 UID FETCH 1:* (UID) (PARTIAL 1:2 PARTIAL 1:2)
S: e7 BAD ...
C: e8 UID FETCH 1:* (UID) (PARTIAL 1)
S: e8 BAD ...
