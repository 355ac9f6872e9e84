# FROM, TO, CC and BCC find what ENVELOPE shows of a field and what is written in it
# (RFC 9051 section 6.4.4; docs/protocol.md S-1).
account anna
mail anna
From: =?utf-8?q?J=C3=B6rg?= <joerg@example.org>
To: =?utf-8?q?M=C3=BC?=
 =?utf-8?q?ller=2C_Hans?= <hans@example.org>
Cc: =?utf-8?q?cut=C3?= =?utf-8?q?=A4way?= <cut@example.org>
Subject: 1, encoded words: alone, in two lines, with a character that is in both

one
.
mail anna
From: "Gr\"ube, Ann" <"ann grube"@example.org>
To: "=?iso-8859-1*de?Q?Stra=DFe?=" <"a\"b"@example.org>, "Tail " <tail@example.org>
Cc: "Open"<touching@example.org>
Subject: 2, quotes

two
.
mail anna
From: kim(of the house)@(nested (comment))example.org (Kim Comment)
To: lee @ example . org (=?utf-8?b?TMOpZQ==?=)
Cc: "A" (between) "B" <a.b@example.org> (behind)
Subject: 3, comments and blanks

three
.
mail anna
From: jürgen@bücher.example
To: Zoë Ångström <zoë@xn--bcher-kva.example>
Bcc: <@relay.example,@other.example:routed@example.org>
Subject: 4, UTF-8, a domain in its two forms, a route

four
.
mail anna
From: Board: "Chair, The" <chair@example.org>, =?utf-8?q?K=C3=A4te?= <kaete@example.org>;
To: "My \"best\" friends": pal@example.org, mate@example.org;, last@example.org
Cc: undisclosed-recipients:;
Subject: 5, groups

five
.
mail anna
From: first@example.org
From: Second Author
	<second@example.org>
Sender: third@example.org
Reply-To: fourth@example.org
Subject: 6, two From fields

six
.
C: a1 LOGIN $anna $password
S* a1 OK ...
C: a2 SELECT INBOX
S* a2 OK ...
C< b1 SEARCH FROM "j\xc3\xb6rg <joerg@example.org>"\r\n
S: * SEARCH 1
S: b1 OK SEARCH completed
C< b2 SEARCH TO "M\xc3\xbcller, Hans <hans@example.org>"\r\n
S: * SEARCH 1
S: b2 OK SEARCH completed
C< b3 SEARCH CC "cut\xc3\xa4way <cut"\r\n
S: * SEARCH 1
S: b3 OK SEARCH completed
C< c1 SEARCH FROM {35}\r\n
S: + ...
C< Gr"ube, Ann <ann grube@example.org>\r\n
S: * SEARCH 2
S: c1 OK SEARCH completed
C: c2 SEARCH FROM {23}
S: + ...
C: "ann grube"@example.org
S: * SEARCH 2
S: c2 OK SEARCH completed
C< c3 SEARCH TO {25}\r\n
S: + ...
C< Stra\xc3\x9fe <a"b@example.org>\r\n
S: * SEARCH 2
S: c3 OK SEARCH completed
C: c4 SEARCH TO "tail <tail@" CC "open <touching@example.org>"
S: * SEARCH 2
S: c4 OK SEARCH completed
C: d1 SEARCH FROM kim@example.org
S: * SEARCH 3
S: d1 OK SEARCH completed
C: d2 SEARCH FROM "of the house" FROM "nested (comment)" FROM "kim comment <kim"
S: * SEARCH 3
S: d2 OK SEARCH completed
C< d3 SEARCH TO "l\xc3\xa9e <lee@example.org>" TO "example . org"\r\n
S: * SEARCH 3
S: d3 OK SEARCH completed
C: d4 SEARCH CC "A B <a.b@example.org>" CC between CC behind
S: * SEARCH 3
S: d4 OK SEARCH completed
C: d5 SEARCH HEADER FROM kim@example.org
S: * SEARCH
S: d5 OK SEARCH completed
C< e1 SEARCH FROM "J\xc3\x9cRGEN@B\xc3\x9cCHER.example"\r\n
S: * SEARCH 4
S: e1 OK SEARCH completed
C< e2 SEARCH TO "zo\xc3\xab \xc3\xa5ngstr\xc3\xb6m <zo\xc3\xab@xn--bcher-kva.example>"\r\n
S: * SEARCH 4
S: e2 OK SEARCH completed
C: e3 SEARCH OR BCC relay.example,@other BCC nothing BCC routed@example.org
S: * SEARCH 4
S: e3 OK SEARCH completed
C: f1 SEARCH FROM board FROM "chair, the <chair@example.org>"
S: * SEARCH 5
S: f1 OK SEARCH completed
C< f2 SEARCH FROM "k\xc3\xa4te <kaete@"\r\n
S: * SEARCH 5
S: f2 OK SEARCH completed
C: f3 SEARCH TO {17}
S: + ...
C: My "best" friends TO pal@example.org TO last@example.org
S: * SEARCH 5
S: f3 OK SEARCH completed
C: f4 SEARCH CC undisclosed-recipients CC ""
S: * SEARCH 5
S: f4 OK SEARCH completed
C: g1 SEARCH FROM first@example.org FROM "second author <second@example.org>"
S: * SEARCH 6
S: g1 OK SEARCH completed
C: g2 SEARCH OR FROM third OR FROM fourth TO second
S: * SEARCH
S: g2 OK SEARCH completed
C: g3 SEARCH NOT FROM "" NOT TO first
S: * SEARCH
S: g3 OK SEARCH completed
C: g4 UID SEARCH NOT CC ""
S: * SEARCH 4 6
S: g4 OK UID SEARCH completed
