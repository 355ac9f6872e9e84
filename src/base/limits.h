/* SPDX-License-Identifier: MIT */
/*
 * Every number that limits something, with its unit, its reason and its source. Each has a test
 * at the limit, one above it and far beyond. Limits that an administrator may set have their
 * defaults and bounds in daemon/config_key.def.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

/* --- Lines and literals (octets) --- */
#define LIMIT_LINE_BEFORE_LOGIN 8192u /* octets of a command and its literals, except ID */
/* octets of a command after login; UID sets can have megabytes */
#define LIMIT_LINE (8u << 20)
/* octets; only user names and passwords are sent then */
#define LIMIT_LITERAL_BEFORE_LOGIN 4096u
#define LIMIT_APPEND_MAX (2047u << 20) /* octets; the highest value of [limits] append */
#define LIMIT_TAG 64u                  /* octets; short, because tags are echoed */
#define LIMIT_LMTP_LINE 2048u /* octets; RFC 5321 section 4.5.3.1.4 requires at least 512 */
/* octets that are discarded of a longer line before the connection is ended */
#define LIMIT_LMTP_LINE_PASSED (256u << 10)
/* per transaction; RFC 5321 section 4.5.3.1.8 requires at least 100 */
#define LIMIT_LMTP_RECIPIENTS 1000u
#define LIMIT_POLICY_LINE                                                                      \
    8192u /* octets; Postfix sends at most 2048, and a certificate's names */
#define LIMIT_POLICY_LINES                                                                     \
    200u /* of one question to the policy service; Postfix sends some 30 */
/* octets of a literal that are kept in memory; the rest goes to an unlinked file */
#define LIMIT_SPOOL_MEMORY (256u << 10)

/* this part of the files that may be open is for spools: literals and messages that are being
 * sent and are too large for memory; but at least the one and at most the other number of
 * files. A quarter of them is kept for deliveries */
#define LIMIT_SPOOL_PART 16u
#define LIMIT_SPOOL_FILES_MIN 8u
#define LIMIT_SPOOL_FILES 4096u
#define LIMIT_SPOOL_SHARE 4u /* an account may have this part of those that accounts share */

/* --- Grammar (counts) --- */
#define LIMIT_NESTING 64u /* nested parentheses in SEARCH and LIST; RFC 3501 has no limit */
#define LIMIT_SEARCH_KEYS 10000u /* keys of one SEARCH */
/* keys of one SEARCH that are always allowed, however much mail there is */
#define LIMIT_SEARCH_FREE_KEYS 16u
/* work of the other keys, in units of 5 ns: some seconds of one processor */
#define LIMIT_SEARCH_WORK (1u << 30)
/* what one SEARCH asks an index: pieces of texts, each of which costs a look at all terms, and
 * octets of memory for the answers; the other texts are looked for in the messages */
#define LIMIT_SEARCH_PIECES 64u
#define LIMIT_SEARCH_HITS_OCTETS (16u << 20)
/* octets of the answers to all searches together */
#define LIMIT_SEARCH_HITS_ALL_OCTETS (256u << 20)
/* messages that a SEARCH reads rather than ask an index */
#define LIMIT_SEARCH_UNASKED 32u
/* messages that a SEARCH reads because no index knows them, before it asks for one */
#define LIMIT_SEARCH_UNKNOWN 500u
/* words in all FUZZY texts of one SEARCH; a text with more is searched for exactly */
#define LIMIT_FUZZY_WORDS 64u
/* octets at the beginning of a header field in which words count; after them, a FUZZY text is
 * found only as it stands */
#define LIMIT_FUZZY_VALUE (64u << 10)
/* terms that the index is asked for, of one text that is searched for; what is found by them is
 * looked at anyway */
#define LIMIT_TERM_PIECES 64u
/* `roost search`: words (no more than LIMIT_SEARCH_FREE_KEYS), octets of one, messages that are
 * shown, characters that are shown of the text of one, and octets of its texts in which the
 * words are looked for to be shown */
#define LIMIT_FIND_WORDS 16u
#define LIMIT_FIND_WORD_OCTETS 1000u
#define LIMIT_FIND_SHOWN 10000u
#define LIMIT_SNIPPET_CHARS 200u
#define LIMIT_SNIPPET_OCTETS (2u << 20)
#define LIMIT_SET_RANGES 1000000u /* members of one sequence set */
#define LIMIT_FETCH_ITEMS 256u
#define LIMIT_UIDBATCH_MIN 500u  /* messages of a batch, at least: RFC 10022 section 3.1.3.2 */
#define LIMIT_SECTION_DEPTH 100u /* numbers in BODY[1.2.3...] */
#define LIMIT_SORT_BLOCK 256u    /* message ids whose sort keys are stored in one piece */
/* messages that one SORT or THREAD reads without sort blocks before blocks are made of them */
#define LIMIT_SORT_LACKING 1024u
#define LIMIT_FILLS_WAITING 16u /* accounts that wait for their sort blocks */
#define LIMIT_SORT_COLUMNS 8u   /* kinds of sort keys, each stored apart */
/* octets of one column of a sort block; blocks with more are not made */
#define LIMIT_SORT_COLUMN_OCTETS (1u << 20)
#define LIMIT_ORDER_OCTETS (256u << 20) /* octets of memory for one SORT or THREAD */
/* octets of memory for all SORT and THREAD commands together */
#define LIMIT_ORDER_ALL_OCTETS (1u << 30)
/* octets of a saved search result, which has at least two for each run */
#define LIMIT_SAVED_OCTETS (256u << 10)
#define LIMIT_SEARCH_SOURCES 10000u /* specifications and names of mailboxes in one ESEARCH */
#define LIMIT_CONTEXTS 16u /* searches of a session that are kept up to date (RFC 5267) */
/* octets of their keys and results together; a result has at least two for each run */
#define LIMIT_CONTEXTS_OCTETS (64u << 10)
/* octets of the results of the first one, which do not count among those: RFC 5267 section
 * 4.3.1 requires that one is possible. This is enough for every other one of four million
 * messages */
#define LIMIT_CONTEXT_FIRST_OCTETS (4u << 20)
/* octets of memory for such results of all sessions together */
#define LIMIT_CONTEXTS_ALL_OCTETS (256u << 20)
#define LIMIT_NOTIFY_GROUPS 64u   /* groups of events in one NOTIFY (RFC 5465) */
#define LIMIT_NOTIFY_GUESTS 1000u /* mailboxes of other users that are watched */
/* octets of memory for what all sessions together keep of mailboxes of other users; with 1,000
 * accounts, a session needs some 300 KiB */
#define LIMIT_NOTIFY_GUESTS_ALL_OCTETS (256u << 20)
#define LIMIT_NOTIFY_MAILBOXES 10000u /* names in one NOTIFY */
/* octets of each part of a NOTIFY that a session keeps: names of subtrees, FETCH items, and a
 * set of mailboxes, of which each takes three at most */
#define LIMIT_NOTIFY_OCTETS (64u << 10)
/* pieces of news that are kept for a session that does not take them, at most one for each
 * mailbox with changed messages */
#define LIMIT_NEWS 1024u
#define LIMIT_SORT_KEY 1000u      /* octets of a text that SORT and THREAD compare */
#define LIMIT_HEADER_FIELDS 1000u /* names in HEADER.FIELDS */
#define LIMIT_LIST_PATTERNS 100u
#define LIMIT_OBJECT_ID 255u        /* octets; RFC 8474 section 7 */
#define LIMIT_URL 4096u             /* octets of one URL in CATENATE (RFC 4469) */
#define LIMIT_CATENATE_PARTS 1000u  /* texts and URLs of one message */
#define LIMIT_APPEND_MESSAGES 1000u /* messages of one MULTIAPPEND (RFC 3502) */
/* octets of all messages of one APPEND, as a multiple of [limits] append; then the lower and
 * the upper bound of that */
#define LIMIT_APPEND_TIMES 16u
#define LIMIT_APPEND_ALL_MIN (64u << 20)
#define LIMIT_APPEND_ALL_MAX (4096ull << 20)
#define LIMIT_ID_PAIRS 30u /* RFC 2971 section 3.3 */
#define LIMIT_ID_FIELD 30u
#define LIMIT_ID_VALUE 1024u
/* octets of an ID with all of that, each octet escaped; clients send it before login */
#define LIMIT_ID_LINE (64u << 10)

/* --- Mailboxes --- */
#define LIMIT_MBOX_NAME 1000u   /* octets of UTF-8 */
#define LIMIT_MBOX_DEPTH 50u    /* levels of hierarchy */
#define LIMIT_MAILBOXES 100000u /* per account */
#define LIMIT_KEYWORDS 128u     /* per mailbox; they are the bits of two words */
/* from this number on, a purge looks for keywords that can be removed */
#define LIMIT_KEYWORDS_CROWDED 112u
#define LIMIT_KEYWORD_OCTETS 255u
#define LIMIT_SUBSCRIPTIONS 100000u
/* rows in all access control lists of an account, which every LIST of a guest goes through */
#define LIMIT_ACL_ALL 100000u
#define LIMIT_ACL 1000u     /* identifiers in the access control list of one mailbox */
#define LIMIT_GROUPS 10000u /* groups of accounts */
/* accounts that share mailboxes with one user and are read for one LIST */
#define LIMIT_SHARERS 1000u
/* mailboxes that LIST and NOTIFY find: of each of these accounts, of all together, and octets
 * of their names. The others can be used all the same, and LIST says that some are missing
 */
#define LIMIT_SHARER_MAILBOXES 2000u
#define LIMIT_GUEST_MAILBOXES 20000u
#define LIMIT_GUEST_MAILBOX_OCTETS (4u << 20)

/* --- Metadata (RFC 5464) --- */
#define LIMIT_METADATA_NAME 255u /* octets of the name of an entry */
/* octets of a value; section 4.1 requires at least 1024 */
#define LIMIT_METADATA_VALUE (64u << 10)
/* entries of each user on one mailbox, or on the server; section 4.1 requires at least 10 */
#define LIMIT_METADATA_ENTRIES 100u
/* entries of the owner of an account in all of its mailboxes, and again of all guests together,
 * that is, of users who keep private entries on mailboxes shared with them */
#define LIMIT_METADATA_ALL_ENTRIES 10000u
#define LIMIT_METADATA_ALL_OCTETS (32u << 20) /* octets of the values of all these */
#define LIMIT_METADATA_GUEST_ENTRIES 1000u    /* entries of one guest in an account */
#define LIMIT_METADATA_GUEST_OCTETS (1u << 20)
#define LIMIT_METADATA_NAMES 1000u /* entries that one command names */
/* names of removed entries that an account keeps, so that sessions learn of the removal */
#define LIMIT_METADATA_REMOVED 1000u

/* --- Mail (RFC 5322, MIME) --- */
/* nested parts; deeper ones are treated as text of their parent */
#define LIMIT_MIME_DEPTH 100u
#define LIMIT_MIME_PARTS 10000u /* per message; what follows belongs to the last one */
#define LIMIT_HEADERS 100000u   /* header fields that are parsed of each part; all are stored */
#define LIMIT_HEADER_FIELD (1u << 20)  /* octets of one field that are parsed */
#define LIMIT_ADDRESSES 10000u         /* of one header field in an ENVELOPE */
#define LIMIT_ENVELOPE (1u << 20)      /* octets of the rendered text; longer values are cut */
#define LIMIT_BODYSTRUCTURE (4u << 20) /* octets of the rendered text; a deeper tree is cut */
/* octets of those two that are adapted to ASCII, which may take four times as many */
#define LIMIT_ADAPTED (3u << 20)
#define LIMIT_MIME_PARAMS 200u /* parameters of one field */
/* of a text in HTML that may name its charset; that of the HTML standard */
#define LIMIT_HTML_CHARSET_OCTETS 1024u
#define LIMIT_PREVIEW_CHARS 200u         /* RFC 8970 section 3.3: SHOULD; at most 256 */
#define LIMIT_PREVIEW_OCTETS (64u << 10) /* of a text that are read for its preview */

/* --- Sessions --- */
/* queued octets at which a command waits for the client to read */
#define LIMIT_OUTPUT_HIGH_WATER (256u << 10)
/* octets; hard maximum of the queued output of a session */
#define LIMIT_OUTPUT_MAX (16u << 20)
/* messages, and their octets, that one COPY or MOVE puts into another account. They are written
 * anew in one transaction, for which all other changes of that account wait. A single message
 * may be larger. */
#define LIMIT_COPY_ACROSS 10000u
#define LIMIT_COPY_ACROSS_OCTETS (64u << 20)
#define LIMIT_COPYUID (1u << 20) /* octets of that response code: 150,000 scattered UIDs */
#define LIMIT_SLICE_US 5000      /* length of one run of a session */
/* time in which a client waits for an answer before a line tells the progress; RFC 9585
 * recommends 10 to 15 seconds */
#define LIMIT_PROGRESS_US 10000000
#define LIMIT_BAD_COMMANDS_BEFORE_LOGIN 3u
#define LIMIT_BAD_COMMANDS 20u
/* per connection; includes logins that were refused for lack of TLS or could not be verified */
#define LIMIT_LOGIN_FAILURES 3u
#define LIMIT_LINGER_US 5000000 /* time in which the BYE must reach a peer that reads */
/* time after a keepalive at which it has normally been acknowledged */
#define LIMIT_ACK_LOOK_US 5000000
/* time in which a suspect session must answer when its place is needed */
#define LIMIT_PROBE_US 2000000
#define LIMIT_PLACE_WAIT_US 4000000 /* time that a new connection waits for such a place */
/* new connections that wait at the same time; others are refused */
#define LIMIT_PLACE_WAITERS 256u
/* age from which a connection without login (LMTP: without recipient) may be closed for
 * another */
#define LIMIT_STRANGER_US 1000000
/* strangers of one address may have max_connections divided by this */
#define LIMIT_ADDRESS_SHARE 4u
/* connections beyond max_connections that wait or are being refused */
#define LIMIT_NEWCOMERS 64u
/* connections reserved for LMTP; at most an eighth of max_connections */
#define LIMIT_DELIVERY_PLACES 64u
#define LIMIT_LEAVING_PACE 100 /* sessions told to end in a second, at least */
#define LIMIT_FINISH_MS 10000  /* time that a running command has left when the server stops */
#define LIMIT_EVENT_RING 32u   /* latest events kept by each session */
#define LIMIT_CMD_ARENA (64u << 20) /* octets of the arena of one command */

/* --- Client networks: how long silence survives there --- */
/* networks remembered; beyond that, the one unseen for longest is forgotten */
#define LIMIT_NETWORKS 8192u
#define LIMIT_NETWORK_DEVICES 16u /* devices remembered of each network, as a sample */
/* unacknowledged lines whose clients may still come back */
#define LIMIT_NETWORK_DOUBTS 8192u
/* time in which they may: IDLE is renewed after 29 minutes (RFC 2177) */
#define LIMIT_NETWORK_COMEBACK_S 2100
#define LIMIT_NETWORK_KEEP_DAYS 30 /* a network without evidence for this long is forgotten */

/* --- Work threads, connections --- */
#define LIMIT_TASKS (1u << 20)        /* tasks of one poller: sessions and listeners */
#define LIMIT_SLOT_WAITERS (1u << 17) /* tasks queued for one kind of slot */
#define LIMIT_READ_SLICE (256u << 10) /* octets that one conn_read takes from a connection */
#define LIMIT_ACCEPT_BATCH 64u        /* connections that one run of a listener accepts */
#define LIMIT_PROXY_HEADER 4096u      /* octets of a PROXY header: addresses and some fields */
#define LIMIT_PROXY_US 10000000       /* time in which a proxy must send all of it */
/* time that a socket stays open after the server's last words, for the client to read them and
 * close: a few round trips, even in a slow network */
#define LIMIT_PARTING_US 2000000
/* octets that are read from it and dropped: as many as are in transit at 80 Mbit/s and 100 ms;
 * then the client's window closes */
#define LIMIT_PARTING_OCTETS (1u << 20)
#define LIMIT_PARTING 1024u /* such sockets; for another one, the oldest is closed */

/* --- Mailboxes in memory --- */
/* octets of versions; beyond that, those without a view are freed */
#define LIMIT_VERSION_CACHE (256u << 20)
/* octets of what one commit changed: some 3 million entries */
#define LIMIT_CHANGE_LOG (256u << 20)
/* accounts kept in memory although no session holds them */
#define LIMIT_IDLE_ACCOUNTS 10000u

/* --- Mail from files --- */
#define LIMIT_IMPORT_DEPTH 64u      /* nested folders; mailboxes have at most 50 levels */
#define LIMIT_MBOX_JUNK (64u << 10) /* octets before the first message of an mbox */
#define LIMIT_MAIL_UNPACKED LIMIT_APPEND_MAX /* octets of a compressed file after unpacking */

/* --- Administration --- */
#define LIMIT_QUOTA_COMMANDS 256u       /* runs of [quota] warn_command that wait */
#define LIMIT_QUOTA_COMMAND_US 60000000 /* time that such a program has */
#define LIMIT_KICK_WORDS 400u    /* octets of an administrator's words, which are one line */
#define LIMIT_CONTROL_ASKERS 16u /* verbs that run at the same time over the control socket */

/* --- Store --- */
/* octets kept free on the disk, so that mail can be deleted when it is full */
#define LIMIT_DISK_RESERVE (8u << 20)
/* octets that a start needs free on the disk; it may take them from that reserve */
#define LIMIT_START_OCTETS (256u << 10)
#define LIMIT_DB_WAIT_MS 5000 /* time to wait for a lock held by another process */
/* octets; beyond that, new readers wait and the WAL is truncated */
#define LIMIT_WAL_OCTETS (16u << 20)
/* octets of log; a closed account with more is emptied first */
#define LIMIT_LOG_LEFT_OCTETS (256u << 10)
#define LIMIT_LOG_QUIET_S 300 /* time without use after which smaller logs are emptied too */
/* octets that the file of such a log keeps; that of an account in use keeps 512 KiB */
#define LIMIT_LOG_QUIET_OCTETS (64u << 10)
/* closed accounts whose logs are noted, 128 octets each */
#define LIMIT_LOGS_NOTED 262144u
/* frames of a log that is remembered so that it need not be read, 4 octets each */
#define LIMIT_LOG_MEMO_FRAMES 512u
#define LIMIT_LOG_MEMOS_OCTETS (32u << 20) /* of memory, for all of them */
#define LIMIT_SPARE_ACCOUNTS 64u /* empty accounts made ahead of need, some 100 KiB each */
#define LIMIT_SPARE_HANDLES                                                                    \
    64u /* databases' handles kept for the next account, some 160 KiB each */
#define LIMIT_INDEXES_OPEN 16u /* search indexes that are open at a time, 3 files each */
#define LIMIT_INDEX_IDLE_S 10  /* time without use after which one is closed */
/* octets of its log, from which on it is emptied after a batch */
#define LIMIT_INDEX_LOG_OCTETS (4u << 20)
/* octets of terms that are moved to longer runs with one batch: some 30 ms of a processor */
#define LIMIT_INDEX_MERGE_OCTETS (1u << 20)
#define LIMIT_INDEX_PROOFS 1024u /* digests of messages that an index keeps */
#define LIMIT_TURN_BATCH 64u     /* requests committed together */
#define LIMIT_TURN_BATCH_OCTETS (8u << 20)
#define LIMIT_READERS 2u              /* read handles of an open account */
#define LIMIT_BODY_CHUNK (256u << 10) /* octets of one stored piece of a body */

/* --- Logins --- */
#define LIMIT_PASSWORD 511u /* octets; libxcrypt accepts no more */
/* octets of one decoded SASL message, tokens among them: what LIMIT_LINE_BEFORE_LOGIN
 * carries */
#define LIMIT_SASL_MESSAGE 6000u
#define LIMIT_AUTH_CACHE 16384u     /* verified passwords that are remembered, 40 octets each */
#define LIMIT_AUTH_CACHE_MS 3600000 /* how long they are */
/* wrong passwords that are remembered as digests, 40 octets each */
#define LIMIT_AUTH_REFUSED 16384u
#define LIMIT_AUTH_REFUSED_MS 86400000 /* how long they are, after they were last tried */
/* addresses, logins and pairs with failures that are remembered */
#define LIMIT_THROTTLE 8192u
/* longest wait of a login; if it would be longer, the login is refused */
#define LIMIT_THROTTLE_MS 30000
#define LIMIT_GUESSES 60             /* wrong passwords allowed to one address at once */
#define LIMIT_GUESS_MS 15000         /* after that, one in this time */
#define LIMIT_GUESS_KNOWN_MS 3600000 /* the same for a known pair's own */
/* of these 60, those that are kept for logins that come while another one of the pair waits */
#define LIMIT_GUESSES_KEPT 10
/* of an address's guesses, those that known pairs with a spent budget leave to others */
#define LIMIT_GUESSES_LEFT 30
/* known pairs with nothing left that wait for LIMIT_THROTTLE_MS: one in this time */
#define LIMIT_GUESS_CROWD_MS 2000
#define LIMIT_GUESS_LOGIN_MS 4000 /* the same for one login, from all addresses together */
/* places for known pairs of address and account, 16 octets each, at first; with many accounts,
 * this many places for each account, but never more than the last number */
#define LIMIT_KNOWN 65536u
#define LIMIT_KNOWN_EACH 64u
#define LIMIT_KNOWN_MAX (1u << 23)
#define LIMIT_KNOWN_DAYS 30u    /* how long a pair is known after its last success */
#define LIMIT_KEY_QUEUE 256u    /* passwords that wait for SCRAM keys to be made */
#define LIMIT_KEY_WAIT_MS 60000 /* how long they wait at most */
/* time without a verification of a password before one key is made */
#define LIMIT_KEY_QUIET_MS 100
#define LIMIT_KEY_PATIENCE_MS 5000     /* or, if there is no such time, after this */
#define LIMIT_SCRAM_ITERATIONS 100000u /* of new keys */
#define LIMIT_OAUTH_KEYS 32u           /* keys of a JWK Set */
#define LIMIT_OAUTH_SKEW_S 60          /* clocks may differ by this much */
#define LIMIT_APP_PASSWORDS 50u        /* application passwords of one account */
#define LIMIT_APP_PASSWORD_NAME 64u    /* octets of the name of one */
#define LIMIT_APP_PASSWORD_DAYS 3650u  /* until it expires at the latest, if it expires */
/* the time of its last use is written again only after so many seconds */
#define LIMIT_APP_PASSWORD_USED_S 3600
/* uses that wait to be written; more of them are noted at the next login */
#define LIMIT_APP_PASSWORD_USES 1024u

/* --- Journal and log --- */
#define LIMIT_LOG_LINE 2000u /* octets of an entry's text; longer ones are cut */
/* octets waiting to be written; beyond that, entries are only counted */
#define LIMIT_LOG_QUEUE (4u << 20)
/* Octets of disk space allocated in advance for the log's file, so that it can still say that
 * the disk is full. */
#define LIMIT_LOG_ROOM (256u << 10)
#define LIMIT_LOG_ACCOUNTS 64u     /* accounts with levels of their own */
#define LIMIT_JOURNAL_GATHER_MS 50 /* time between two transactions of the journal */
/* octets of records waiting; beyond that, they are only counted */
#define LIMIT_JOURNAL_QUEUE (16u << 20)
/* records of sessions that never logged in; beyond that, they are summed up */
#define LIMIT_JOURNAL_UNKNOWN_PER_MINUTE 600u
#define LIMIT_RECORD_TEXT 512u /* octets of a text in a session's end record */

/* --- Indexes of texts --- */
/* accounts that wait to be indexed; beyond that, a later search of theirs asks again */
#define LIMIT_INDEX_WISHES 1024u
/* Terms of one message, and octets of them in one space. Of a message with more, none is kept,
 * and every search looks at it. */
#define LIMIT_INDEX_TERMS 100000u
#define LIMIT_INDEX_TERM_OCTETS (2u << 20)

/* --- Text of attachments, by [search] extract --- */
#define LIMIT_EXTRACT_COMMANDS 32u  /* media types that have one */
#define LIMIT_EXTRACT_ARGUMENTS 16u /* of a command, its path included */
/* octets of an attachment, decoded; a larger one is not read */
#define LIMIT_EXTRACT_INPUT (32u << 20)
#define LIMIT_EXTRACT_OUTPUT (4u << 20) /* octets that a command writes; the rest is not read */
#define LIMIT_EXTRACT_PARTS 32u         /* attachments of one message that are read */
/* octets of text, folded, that are kept of one message, and its terms; the rest is dropped */
#define LIMIT_EXTRACT_TEXT (1u << 20)
#define LIMIT_EXTRACT_TERMS 100000u
#define LIMIT_EXTRACT_WALL_MS 20000u    /* that a command may take */
#define LIMIT_EXTRACT_MESSAGE_MS 40000u /* that the attachments of one message may take */
#define LIMIT_EXTRACT_CPU_S 15u         /* of the processor, for each process */
#define LIMIT_EXTRACT_MEMORY (1u << 30) /* octets of addresses, for each process */
#define LIMIT_EXTRACT_LOG_MS 60000 /* between two entries about failures, which are counted */
#define LIMIT_FILTER_FILES 64u     /* files that such a command may have open */
/* processes and threads of the server's user, its own included, beyond which the command can
 * start no more */
#define LIMIT_FILTER_PROCESSES 4096u

/* --- Logs of other programs --- */
#define LIMIT_FOREIGN_FILES 64u        /* files read together */
#define LIMIT_FOREIGN_LINE (64u << 10) /* octets of a line; the rest is ignored */
/* octets kept of a log whose newest entry comes first */
#define LIMIT_FOREIGN_NEWEST (16u << 20)
#define LIMIT_FOREIGN_FOLDS 32u   /* lines joined to the one that they continue */
#define LIMIT_FOREIGN_WRAPPERS 8u /* layers that are removed from a line */
#define LIMIT_FOREIGN_SAMPLE 400u /* lines by which a format is recognised */
/* sessions of a log open at a time; beyond that, the one silent for longest is ended */
#define LIMIT_FOREIGN_OPEN 2048u
/* ended sessions kept in full; beyond that, they are only counted */
#define LIMIT_FOREIGN_KEPT 4096u
#define LIMIT_FOREIGN_COMMANDS 64u /* latest commands kept of a session */
#define LIMIT_FOREIGN_TEXT 320u    /* octets kept of a text */
#define LIMIT_FOREIGN_SECRETS 32u  /* secrets of a session that are looked for in its texts */

#endif
