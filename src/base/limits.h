/* SPDX-License-Identifier: MIT */
/*
 * Every number that limits something, with its unit, its reason and where it comes from.
 * Each has a test at the limit, one above it and far beyond. Limits that an administrator
 * may set have their default here and their bounds in daemon/config.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

/* --- Lines and literals (octets) --- */
#define LIMIT_LINE_BEFORE_LOGIN 8192u /* one command but ID, with its literals */
#define LIMIT_LINE (8u << 20)         /* one command after login: UID sets of megabytes exist */
#define LIMIT_LITERAL_BEFORE_LOGIN 4096u /* user names and passwords only */
#define LIMIT_APPEND_MAX (2047u << 20)   /* what [limits] append may be set to */
#define LIMIT_TAG 64u                    /* a tag is echoed: keep it short */
#define LIMIT_LMTP_LINE 2048u            /* RFC 5321 section 4.5.3.1.4 asks for 512 at least */
#define LIMIT_LMTP_LINE_PASSED                                                                 \
    (256u                                                                                      \
     << 10) /* octets of a longer line that are passed over before it costs the connection */
#define LIMIT_LMTP_RECIPIENTS                                                                  \
    1000u /* per transaction; RFC 5321 section 4.5.3.1.8: 100 at least */
#define LIMIT_SPOOL_MEMORY                                                                     \
    (256u << 10) /* of one literal, before it goes to an unlinked file                         \
                  */

/* --- Grammar (counts) --- */
#define LIMIT_NESTING 64u        /* parentheses in SEARCH and LIST, RFC 3501 sets none */
#define LIMIT_SEARCH_KEYS 10000u /* keys of one SEARCH */
#define LIMIT_SEARCH_FREE_KEYS                                                                 \
    16u /* keys of it that cost nothing, however much mail there is */
#define LIMIT_SEARCH_WORK                                                                      \
    (1u << 30)                    /* of 5 ns, for the others: some seconds of one processor */
#define LIMIT_SET_RANGES 1000000u /* members of one sequence set */
#define LIMIT_FETCH_ITEMS 256u
#define LIMIT_SECTION_DEPTH 100u          /* numbers in BODY[1.2.3...] */
#define LIMIT_ORDER_OCTETS (256u << 20)   /* of memory for one SORT or THREAD */
#define LIMIT_ORDER_ALL_OCTETS (1u << 30) /* of all of them at once */
#define LIMIT_SAVED_OCTETS (256u << 10)   /* of a saved search result: two for each run */
#define LIMIT_SORT_KEY 1000u              /* octets of a text that SORT and THREAD compare */
#define LIMIT_HEADER_FIELDS 1000u         /* names in HEADER.FIELDS */
#define LIMIT_LIST_PATTERNS 100u
#define LIMIT_APPEND_MESSAGES 1000u /* messages of one MULTIAPPEND, RFC 3502 */
#define LIMIT_ID_PAIRS 30u          /* RFC 2971 section 3.3 */
#define LIMIT_ID_FIELD 30u
#define LIMIT_ID_VALUE 1024u
#define LIMIT_ID_LINE                                                                          \
    (64u << 10) /* one ID with all of that, each octet escaped: clients send it before login   \
                 */

/* --- Mailboxes --- */
#define LIMIT_MBOX_NAME 1000u       /* octets of UTF-8 */
#define LIMIT_MBOX_DEPTH 50u        /* levels of hierarchy */
#define LIMIT_MAILBOXES 100000u     /* per account */
#define LIMIT_KEYWORDS 128u         /* per mailbox; they are bits of two words */
#define LIMIT_KEYWORDS_CROWDED 112u /* from here on a purge looks for numbers to give back */
#define LIMIT_KEYWORD_OCTETS 255u
#define LIMIT_SUBSCRIPTIONS 100000u

/* --- Mail (RFC 5322, MIME) --- */
#define LIMIT_MIME_DEPTH 100u         /* nested parts; deeper ones are octets of their parent */
#define LIMIT_MIME_PARTS 10000u       /* per message; further ones belong to the last */
#define LIMIT_HEADERS 100000u         /* header fields looked at per part; all are stored */
#define LIMIT_HEADER_FIELD (1u << 20) /* octets of one field that are parsed */
#define LIMIT_ADDRESSES 10000u        /* of one header field in an ENVELOPE */
#define LIMIT_ENVELOPE (1u << 20)     /* octets rendered; longer values are cut */
#define LIMIT_BODYSTRUCTURE (4u << 20) /* octets rendered; a deeper tree is cut */
#define LIMIT_MIME_PARAMS 200u         /* parameters of one field */

/* --- Sessions --- */
#define LIMIT_OUTPUT_HIGH_WATER                                                                \
    (256u << 10)                     /* octets queued before a command waits for its reader */
#define LIMIT_OUTPUT_MAX (16u << 20) /* hard maximum of a session's queued output */
#define LIMIT_COPYUID (1u << 20)     /* octets of that response code: 150,000 scattered UIDs */
#define LIMIT_SLICE_US 5000          /* one run of a session */
#define LIMIT_BAD_COMMANDS_BEFORE_LOGIN 3u
#define LIMIT_BAD_COMMANDS 20u
#define LIMIT_LOGIN_FAILURES 3u     /* per connection */
#define LIMIT_LINGER_US 5000000     /* for the goodbye to reach a peer that reads */
#define LIMIT_ACK_LOOK_US 5000000   /* after a keepalive: then it is acknowledged, as a rule */
#define LIMIT_PROBE_US 2000000      /* for a suspect to answer, when its place is needed */
#define LIMIT_PLACE_WAIT_US 4000000 /* a newcomer waits for such a place: probe, clock, end */
#define LIMIT_PLACE_WAITERS 256u    /* newcomers that wait at once; further ones are refused */
#define LIMIT_STRANGER_US                                                                      \
    1000000 /* who has neither logged in nor named a recipient by then                         \
               may give way */
#define LIMIT_ADDRESS_SHARE                                                                    \
    4u                            /* of max_connections, one part in so many: strangers of one \
                                     address */
#define LIMIT_NEWCOMERS 64u       /* beyond all connections: waiting, or being refused */
#define LIMIT_DELIVERY_PLACES 64u /* of max_connections, an eighth at most, for LMTP only */
#define LIMIT_LEAVING_PACE 100    /* sessions told to go in a second, at least */
#define LIMIT_FINISH_MS 10000     /* for a command under way, when the server goes */
#define LIMIT_EVENT_RING 32u      /* last events kept by each session */
#define LIMIT_CMD_ARENA (64u << 20) /* octets of one command's arena */

/* --- Client networks: how long silence survives there --- */
#define LIMIT_NETWORKS 8192u       /* remembered; beyond, the one unseen for longest goes */
#define LIMIT_NETWORK_DEVICES 16u  /* of each, as a sample: they vote */
#define LIMIT_NETWORK_DOUBTS 8192u /* lines unacknowledged whose client may still come back */
#define LIMIT_NETWORK_COMEBACK_S                                                               \
    2100                           /* for it: IDLE is renewed after 29 minutes (RFC 2177)      \
                                    */
#define LIMIT_NETWORK_KEEP_DAYS 30 /* without evidence, a network is forgotten */

/* --- Work threads, connections --- */
#define LIMIT_TASKS (1u << 20)        /* tasks of one poller: sessions, listeners */
#define LIMIT_SLOT_WAITERS (1u << 17) /* queued for one kind of slot */
#define LIMIT_READ_SLICE (256u << 10) /* octets one conn_read takes from a connection */
#define LIMIT_ACCEPT_BATCH 64u        /* connections one run of a listener accepts */
#define LIMIT_PROXY_HEADER 4096u      /* octets of a PROXY header: addresses and some fields */
#define LIMIT_PROXY_US 10000000       /* for a proxy to send all of it */
#define LIMIT_PARTING_US                                                                       \
    2000000 /* a socket stays after the server's last words: a few round trips even of a slow  \
               network, for the client to read them and close */
#define LIMIT_PARTING_OCTETS                                                                   \
    (1u << 20) /* read from it and dropped: what is under way at 80 Mbit/s and 100 ms; beyond, \
                  the client's window closes */
#define LIMIT_PARTING 1024u /* such sockets; the oldest is closed for one more */

/* --- Mailboxes in memory --- */
#define LIMIT_VERSION_CACHE                                                                    \
    (256u << 20) /* octets of versions; above, those nobody views are let go */
#define LIMIT_CHANGE_LOG                                                                       \
    (256u << 20) /* octets of what one commit changed: some 3 million entries */
#define LIMIT_IDLE_ACCOUNTS 10000u /* kept although nobody holds them */

/* --- Mail from files --- */
#define LIMIT_IMPORT_DEPTH 64u      /* folders within each other; mailboxes have 50 levels */
#define LIMIT_MBOX_JUNK (64u << 10) /* octets before the first message of an mbox */
#define LIMIT_MAIL_UNPACKED LIMIT_APPEND_MAX /* octets of a compressed file, unpacked */

/* --- Administration --- */
#define LIMIT_KICK_WORDS 400u    /* octets of an administrator's words: they are one line */
#define LIMIT_CONTROL_ASKERS 16u /* verbs that run at once over the control socket */

/* --- Store --- */
#define LIMIT_DISK_RESERVE                                                                     \
    (8u << 20)                /* octets kept back on the disk, for deleting when it is full */
#define LIMIT_DB_WAIT_MS 5000 /* for a lock held by somebody outside this process */
#define LIMIT_WAL_OCTETS (16u << 20) /* then readers are held off and the WAL is truncated */
#define LIMIT_LOG_LEFT_OCTETS                                                                  \
    (256u << 10)              /* of log: a closed account with more of it is emptied first */
#define LIMIT_LOG_QUIET_S 300 /* without use, then smaller ones are emptied too */
#define LIMIT_LOG_QUIET_OCTETS                                                                 \
    (64u << 10) /* of the file of such a log stay; of one in use 512 KiB */
#define LIMIT_LOGS_NOTED                                                                       \
    262144u /* closed accounts whose logs are remembered, 120 octets each */
#define LIMIT_SPARE_ACCOUNTS 64u /* empty accounts made ahead of need, some 100 KiB each */
#define LIMIT_SPARE_HANDLES                                                                    \
    64u /* databases' handles kept for the next account, some 160 KiB each */
#define LIMIT_TURN_BATCH 64u /* requests committed together */
#define LIMIT_TURN_BATCH_OCTETS (8u << 20)
#define LIMIT_READERS 2u              /* read handles per open account */
#define LIMIT_BODY_CHUNK (256u << 10) /* octets of one stored piece of a body */

/* --- Logins --- */
#define LIMIT_PASSWORD 511u            /* octets; libxcrypt takes no more */
#define LIMIT_SASL_MESSAGE 4096u       /* octets of one decoded SASL message */
#define LIMIT_AUTH_CACHE 16384u        /* verified passwords kept, 40 octets each */
#define LIMIT_AUTH_CACHE_MS 3600000    /* for so long */
#define LIMIT_AUTH_REFUSED 16384u      /* wrong passwords kept as digests, 40 octets each */
#define LIMIT_AUTH_REFUSED_MS 86400000 /* for so long after they were last tried */
#define LIMIT_THROTTLE 8192u           /* addresses, logins and pairs with failures kept */
#define LIMIT_THROTTLE_MS 30000        /* longest wait of one login; beyond, it is refused */
#define LIMIT_GUESSES 60               /* passwords verified for one address at once */
#define LIMIT_GUESS_MS 15000           /* then one in so long */
#define LIMIT_GUESS_KNOWN_MS 2000      /* the same for a known pair, and its longest wait */
#define LIMIT_GUESS_LOGIN_MS 4000      /* for one login, from wherever: one in so long */
#define LIMIT_KNOWN 65536u             /* pairs of address and account that are known */
#define LIMIT_KNOWN_DAYS 30u           /* since they last succeeded */
#define LIMIT_KEY_QUEUE 256u           /* passwords that wait for SCRAM keys to be made */
#define LIMIT_KEY_WAIT_MS 60000        /* for so long at most */
#define LIMIT_KEY_QUIET_MS 100         /* no password was verified, before one is made */
#define LIMIT_KEY_PATIENCE_MS 5000     /* or this has passed: then one is made all the same */
#define LIMIT_SCRAM_ITERATIONS 100000u /* of new keys */

/* --- Journal and log --- */
#define LIMIT_LOG_LINE 2000u            /* octets of one entry's text; longer ones are cut */
#define LIMIT_LOG_QUEUE (4u << 20)      /* octets waiting for the writer; beyond: counted */
#define LIMIT_LOG_ACCOUNTS 64u          /* accounts with levels of their own */
#define LIMIT_JOURNAL_GATHER_MS 50      /* between two transactions of the journal */
#define LIMIT_JOURNAL_QUEUE (16u << 20) /* octets of records waiting; beyond: counted */
#define LIMIT_JOURNAL_UNKNOWN_PER_MINUTE                                                       \
    600u /* records of sessions that never logged in; beyond: summed */
#define LIMIT_JOURNAL_OCTETS (1ll << 30) /* of the database; beyond, the oldest go */
#define LIMIT_JOURNAL_DAYS 30
#define LIMIT_RECORD_TEXT 512u /* octets of one text in a session's end record */

/* --- Logs of other programs --- */
#define LIMIT_FOREIGN_FILES 64u          /* read as one story */
#define LIMIT_FOREIGN_LINE (64u << 10)   /* octets of one line; the rest is passed over */
#define LIMIT_FOREIGN_NEWEST (16u << 20) /* octets kept of a log that has the newest first */
#define LIMIT_FOREIGN_FOLDS 32u          /* lines joined to the one they continue */
#define LIMIT_FOREIGN_WRAPPERS 8u        /* layers that are peeled off one line */
#define LIMIT_FOREIGN_SAMPLE 400u        /* lines a format is recognised by */
#define LIMIT_FOREIGN_OPEN 2048u   /* sessions of one log open at once; then the oldest ends */
#define LIMIT_FOREIGN_KEPT 4096u   /* ended sessions kept in full; beyond they are counted */
#define LIMIT_FOREIGN_COMMANDS 64u /* last commands kept of a session */
#define LIMIT_FOREIGN_TEXT 320u    /* octets kept of one text */
#define LIMIT_FOREIGN_SECRETS 32u  /* secrets of a session looked for in its texts */

#endif
