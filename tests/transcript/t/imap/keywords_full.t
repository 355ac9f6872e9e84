# A mailbox with 128 keywords: what brings another one is taken without it, and the client is told.
account k
mail k
Subject: one

one
.
mail k
Subject: two

two
.
S: * OK ...
C: a1 LOGIN $k $password
S: a1 OK ...
C: a2 SELECT INBOX
S* a2 OK ...
C: a3 STORE 1 FLAGS.SILENT ($k0 $k1 $k2 $k3 $k4 $k5 $k6 $k7 $k8 $k9 $k10 $k11 $k12 $k13 $k14 $k15 $k16 $k17 $k18 $k19 $k20 $k21 $k22 $k23 $k24 $k25 $k26 $k27 $k28 $k29 $k30 $k31 $k32 $k33 $k34 $k35 $k36 $k37 $k38 $k39 $k40 $k41 $k42 $k43 $k44 $k45 $k46 $k47 $k48 $k49 $k50 $k51 $k52 $k53 $k54 $k55 $k56 $k57 $k58 $k59 $k60 $k61 $k62 $k63 $k64 $k65 $k66 $k67 $k68 $k69 $k70 $k71 $k72 $k73 $k74 $k75 $k76 $k77 $k78 $k79 $k80 $k81 $k82 $k83 $k84 $k85 $k86 $k87 $k88 $k89 $k90 $k91 $k92 $k93 $k94 $k95 $k96 $k97 $k98 $k99 $k100 $k101 $k102 $k103 $k104 $k105 $k106 $k107 $k108 $k109 $k110 $k111 $k112 $k113 $k114 $k115 $k116 $k117 $k118 $k119 $k120 $k121 $k122 $k123 $k124 $k125 $k126 $k127)
S: * FLAGS (... $k127)
S: * OK [PERMANENTFLAGS (... $k127)] Limited
S: a3 OK STORE completed
C: a4 STORE 2 +FLAGS.SILENT (\Flagged $K3 $new)
S: * 2 FETCH (FLAGS (\Flagged \Recent $k3))
S: a4 OK STORE completed
C: a5 STORE 2 +FLAGS.SILENT (\Flagged $k3)
S: a5 OK STORE completed
C: a6 STORE 2 +FLAGS ($new)
S: * 2 FETCH (FLAGS (\Flagged \Recent $k3))
S: a6 OK STORE completed
C: a7 UID STORE 2 FLAGS.SILENT ($new)
S: * 2 FETCH (UID 2 FLAGS (\Recent))
S: a7 OK STORE completed
C: a8 STORE 2 -FLAGS.SILENT ($new)
S: a8 OK STORE completed
C< a9 APPEND INBOX ($new $k5 \\Seen) {3+}\r\nabc\r\n
S: * 3 EXISTS
S: * ...
S: a9 OK [APPENDUID ... 3] APPEND completed
C: a10 FETCH 3 FLAGS
S: * 3 FETCH (FLAGS (\Seen \Recent $k5))
S: a10 OK FETCH completed
C: a11 CREATE other
S: a11 OK ...
C< a12 APPEND other ($new) {3+}\r\nabc\r\n
S: a12 OK ...
C: a13 SELECT other
S* a13 OK ...
C: a14 COPY 1 INBOX
S: a14 OK [COPYUID ...] COPY completed
