/* SPDX-License-Identifier: MIT */
/* SEARCH: every key, the shape of the tree, options, limits. */
#include "cmd_table.h"

static void
test_every_key(void **state)
{
    static const struct {
        const char *key;
        const char *dump;
    } cases[] = {
        {"ALL", "(all)"},
        {"ANSWERED", "(flag \\Answered)"},
        {"UNANSWERED", "(unflag \\Answered)"},
        {"DELETED", "(flag \\Deleted)"},
        {"UNDELETED", "(unflag \\Deleted)"},
        {"DRAFT", "(flag \\Draft)"},
        {"UNDRAFT", "(unflag \\Draft)"},
        {"FLAGGED", "(flag \\Flagged)"},
        {"UNFLAGGED", "(unflag \\Flagged)"},
        {"SEEN", "(flag \\Seen)"},
        {"unseen", "(unflag \\Seen)"},
        {"RECENT", "(flag \\Recent)"},
        {"OLD", "(unflag \\Recent)"},
        {"NEW", "(flag \\Recent)(unflag \\Seen)"},
        {"KEYWORD $Junk", "(keyword text=\"$Junk\")"},
        {"UNKEYWORD $Junk", "(unkeyword text=\"$Junk\")"},
        {"BCC x", "(bcc text=\"x\")"},
        {"CC x", "(cc text=\"x\")"},
        {"FROM \"Smith\"", "(from text=\"Smith\")"},
        {"TO {2}\r\n\xc3\xa4", "(to text=\"\xc3\xa4\")"},
        {"SUBJECT \"\"", "(subject text=\"\")"},
        {"BODY x", "(body text=\"x\")"},
        {"TEXT x", "(text text=\"x\")"},
        {"HEADER Message-ID <x>", "(header field=\"Message-ID\" text=\"<x>\")"},
        {"HEADER X-Foo \"\"", "(header field=\"X-Foo\" text=\"\")"},
        {"BEFORE 1-Feb-1994", "(before 8797)"},
        {"ON \"01-Feb-1994\"", "(on 8797)"},
        {"SINCE 1-Feb-1994", "(since 8797)"},
        {"SENTBEFORE 1-Feb-1994", "(sentbefore 8797)"},
        {"SENTON 1-Feb-1994", "(senton 8797)"},
        {"SENTSINCE 1-Feb-1994", "(sentsince 8797)"},
        {"SAVEDBEFORE 1-Feb-1994", "(savedbefore 8797)"},
        {"savedon 1-Feb-1994", "(savedon 8797)"},
        {"SAVEDSINCE \"1-Feb-1994\"", "(savedsince 8797)"},
        {"SAVEDATESUPPORTED", "(all)"},
        {"EMAILID M_9-a", "(emailid text=\"M_9-a\")"},
        {"threadid nil", "(threadid text=\"nil\")"},
        {"LARGER 0", "(larger 0)"},
        {"SMALLER 9223372036854775807", "(smaller 9223372036854775807)"},
        {"OLDER 1", "(older 1)"},
        {"YOUNGER 4294967295", "(younger 4294967295)"},
        {"UID 1:*", "(msgs uid=1:*)"},
        {"UID $", "(msgs $)"},
        {"UIDAFTER 45", "(msgs uid=46:4294967295)"},
        {"UIDAFTER 4294967295", "(msgs uid=)"},
        {"UIDBEFORE 45", "(msgs uid=1:44)"},
        {"uidbefore 1", "(msgs uid=)"},
        {"1,3:5", "(msgs seq=1,3:5)"},
        {"*", "(msgs seq=*)"},
        {"$", "(msgs $)"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_BUF text = {0};
        AUTO_BUF expected = {0};
        buf_init(&text, 1000);
        buf_init(&expected, 1000);
        buf_put_str(&text, "SEARCH ");
        buf_put_str(&text, cases[i].key);
        buf_put_char(&text, '\0');
        buf_printf(&expected, "SEARCH (and%s)", cases[i].dump);
        buf_put_char(&expected, '\0');
        const struct cmd_case one = {.text = buf_span(&text).ptr,
                                     .expected = buf_span(&expected).ptr};
        cmd_table_run(&one, 1);
    }
}

static void
test_shape(void **state)
{
    static const struct cmd_case cases[] = {
        {.text = "SEARCH SEEN DRAFT", .expected = "SEARCH (and(flag \\Seen)(flag \\Draft))"},
        {.text = "SEARCH (SEEN)", .expected = "SEARCH (and(flag \\Seen))"},
        {.text = "SEARCH (SEEN (DRAFT ALL)) OLD",
         .expected = "SEARCH (and(flag \\Seen)(flag \\Draft)(all)(unflag \\Recent))"},
        {.text = "SEARCH NOT SEEN", .expected = "SEARCH (and(unflag \\Seen))"},
        {.text = "SEARCH NOT UNSEEN", .expected = "SEARCH (and(flag \\Seen))"},
        {.text = "SEARCH NOT NOT SEEN", .expected = "SEARCH (and(flag \\Seen))"},
        {.text = "SEARCH NOT KEYWORD a", .expected = "SEARCH (and(unkeyword text=\"a\"))"},
        {.text = "SEARCH NOT NEW",
         .expected = "SEARCH (and(not(and(flag \\Recent)(unflag \\Seen))))"},
        {.text = "SEARCH NOT (NOT (TEXT x))", .expected = "SEARCH (and(text text=\"x\"))"},
        {.text = "SEARCH NOT NOT NOT TEXT x", .expected = "SEARCH (and(not(text text=\"x\")))"},
        {.text = "SEARCH OR SEEN DRAFT ALL",
         .expected = "SEARCH (and(or(flag \\Seen)(flag \\Draft))(all))"},
        {.text = "SEARCH OR 1 OR 2 3",
         .expected = "SEARCH (and(or(msgs seq=1)(msgs seq=2)(msgs seq=3)))"},
        {.text = "SEARCH OR OR 1 2 OR 3 4",
         .expected = "SEARCH (and(or(msgs seq=1)(msgs seq=2)(msgs seq=3)(msgs seq=4)))"},
        {.text = "SEARCH OR (OR 1 2) (OR 3 (4 5))",
         .expected = "SEARCH (and(or(msgs seq=1)(msgs seq=2)(msgs seq=3)(and(msgs seq=4)(msgs "
                     "seq=5))))"},
        {.text = "SEARCH OR NEW NOT OR 1 2",
         .expected = "SEARCH (and(or(and(flag \\Recent)(unflag \\Seen))(not(or(msgs "
                     "seq=1)(msgs seq=2)))))"},
        {.text =
             "SEARCH FLAGGED SINCE 1-Feb-1994 NOT FROM \"Smith\"", /* RFC 3501 section 6.4.4 */
         .expected = "SEARCH (and(flag \\Flagged)(since 8797)(not(from text=\"Smith\")))"},
    };

    (void)state;
    cmd_table_run(cases, ARRAY_LEN(cases));
}

/* FUZZY (RFC 6203 section 7) is a mark on the keys that it stands before. */
static void
test_fuzzy(void **state)
{
    static const struct cmd_case cases[] = {
        {.text = "SEARCH FUZZY (SUBJECT \"IMAP break\")",
         .expected = "SEARCH (and(~subject text=\"IMAP break\"))"},
        {.text = "SEARCH FUZZY SUBJECT work FROM user@example.com",
         .expected = "SEARCH (and(~subject text=\"work\")(from text=\"user@example.com\"))"},
        {.text = "SEARCH 1 fuzzy (TEXT a (SEEN NOT BODY b)) TO c",
         .expected = "SEARCH (and(msgs seq=1)(~text text=\"a\")(~flag \\Seen)(~not(~body "
                     "text=\"b\"))(to text=\"c\"))"},
        {.text = "SEARCH OR FUZZY CC a OR FUZZY OR BCC b BCC c BODY d",
         .expected = "SEARCH (and(or(~cc text=\"a\")(~bcc text=\"b\")(~bcc text=\"c\")(body "
                     "text=\"d\")))"},
        {.text = "SEARCH NOT FUZZY TEXT a FUZZY NOT TEXT b",
         .expected = "SEARCH (and(not(~text text=\"a\"))(not(~text text=\"b\")))"},
        {.text = "SEARCH NOT FUZZY NOT FUZZY TEXT a",
         .expected = "SEARCH (and(~text text=\"a\"))"},
        {.text = "SEARCH FUZZY NEW",
         .expected = "SEARCH (and(~flag \\Recent)(~unflag \\Seen))"},
        {.text = "UID SEARCH RETURN (RELEVANCY ALL) FUZZY TEXT \"Helo\"",
         .expected = "UID SEARCH uid return=104 (and(~text text=\"Helo\"))"},
        {.text = "ESEARCH RETURN (RELEVANCY) (ALL FUZZY TEXT a)",
         .expected = "ESEARCH uid in=0 return=100 (and(all)(~text text=\"a\"))"},
        {.text = "SORT (RELEVANCY REVERSE RELEVANCY DATE) UTF-8 FUZZY SUBJECT \"Helo\"",
         .expected = "SORT charset=\"UTF-8\" +9 +2 (and(~subject text=\"Helo\"))"},
        {.text = "SORT RETURN (RELEVANCY ALL) (REVERSE RELEVANCY) UTF-8 FUZZY TEXT a",
         .expected = "SORT return=104 charset=\"UTF-8\" -9 (and(~text text=\"a\"))"},
        {.text = "THREAD REFS UTF-8 FUZZY ALL",
         .expected = "THREAD charset=\"UTF-8\" thread=2 (and(~all))"},
        {.text = "SEARCH FUZZY", .expected = "!FUZZY needs a search key"},
        {.text = "SEARCH FUZZY ", .expected = "!A search key is missing"},
        {.text = "SEARCH FUZZY(ALL)", .expected = "!FUZZY needs a search key"},
        {.text = "SEARCH FUZZYALL", .expected = "!Unknown search key"},
        {.text = "SEARCH NOT FUZZY", .expected = "!FUZZY needs a search key"},
        {.text = "SEARCH RETURN (RELEVANCY) ALL",
         .expected = "!RELEVANCY needs a FUZZY search key"},
        {.text = "ESEARCH RETURN (ALL RELEVANCY) TEXT a",
         .expected = "!RELEVANCY needs a FUZZY search key"},
        {.text = "SORT (DATE RELEVANCY) UTF-8 ALL",
         .expected = "!RELEVANCY needs a FUZZY search key"},
        {.text = "SORT RETURN (RELEVANCY) (DATE) UTF-8 ALL",
         .expected = "!RELEVANCY needs a FUZZY search key"},
    };

    (void)state;
    cmd_table_run(cases, ARRAY_LEN(cases));
}

static void
test_options(void **state)
{
    static const struct cmd_case cases[] = {
        {.text = "UID SEARCH ALL", .expected = "UID SEARCH uid (and(all))"},
        {.text = "SEARCH ALL ", .expected = "SEARCH (and(all))"},
        {.text = "SEARCH CHARSET UTF-8 TEXT {2}\r\n\xc3\xa4",
         .expected = "SEARCH charset=\"UTF-8\" (and(text text=\"\xc3\xa4\"))"},
        {.text = "SEARCH RETURN () ALL", .expected = "SEARCH return=4 (and(all))"},
        {.text = "SEARCH RETURN (MIN COUNT) ALL", .expected = "SEARCH return=9 (and(all))"},
        {.text = "UID SEARCH RETURN (max all save) CHARSET \"us-ascii\" 1",
         .expected = "UID SEARCH uid return=16 charset=\"us-ascii\" (and(msgs seq=1))"},
        {.text = "SEARCH RETURN (UPDATE) ALL", .expected = "SEARCH return=40 (and(all))"},
        {.text =
             "UID SEARCH RETURN (context update (UID BODY[HEADER.FIELDS (To)]) count) CHARSET "
             "UTF-8 1:* SEEN",
         .expected = "UID SEARCH uid return=c8 charset=\"UTF-8\" fetch=\"(UID "
                     "BODY[HEADER.FIELDS (To)])\" (and(msgs seq=1:*)(flag \\Seen))"},
        {.text = "SORT RETURN (UPDATE COUNT) (SIZE) UTF-8 ALL",
         .expected = "SORT return=48 charset=\"UTF-8\" +4 (and(all))"},
        {.text = "ESEARCH ALL", .expected = "ESEARCH uid in=0 return=4 (and(all))"},
        {.text = "ESEARCH RETURN (COUNT) 1",
         .expected = "ESEARCH uid in=0 return=8 (and(msgs seq=1))"},
        {.text =
             "ESEARCH IN (selected inboxes PERSONAL subscribed) RETURN () CHARSET UTF-8 SEEN",
         .expected =
             "ESEARCH uid in=0 in=2 in=3 in=4 return=4 charset=\"UTF-8\" (and(flag \\Seen))"},
        {.text = "ESEARCH IN (mailboxes (a \"b c\") subtree d subtree-one (inbox)) ALL",
         .expected = "ESEARCH uid in=6 mailbox=\"a\" mailbox=\"b c\" in=5 mailbox=\"d\" in=7 "
                     "mailbox=\"INBOX\" return=4 (and(all))"},
        {.text = "ESEARCH IN (selected) RETURN (SAVE) ALL",
         .expected = "ESEARCH uid in=0 return=10 (and(all))"},
        {.text = "CANCELUPDATE \"a1\"", .expected = "CANCELUPDATE tag=\"a1\""},
        {.text = "CANCELUPDATE \"a1\" {2}\r\na2 \"\" ",
         .expected = "CANCELUPDATE tag=\"a1\" tag=\"a2\" tag=\"\""},
        {.text = "SEARCH MODSEQ 620162338",
         .expected = "SEARCH modseq (and(modseq 620162338))"},
        {.text = "SEARCH MODSEQ \"/flags/\\\\draft\" all 620162338",
         .expected = "SEARCH modseq (and(modseq 620162338))"},
        {.text = "SEARCH OR NOT MODSEQ 0 LARGER 50000",
         .expected = "SEARCH modseq (and(or(not(modseq 0))(larger 50000)))"},
    };

    (void)state;
    cmd_table_run(cases, ARRAY_LEN(cases));
}

static void
test_refused(void **state)
{
    static const struct cmd_case cases[] = {
        {.text = "SEARCH", .expected = "!SEARCH needs search keys"},
        {.text = "SEARCH ", .expected = "!A search key is missing"},
        {.text = "SEARCH FOO", .expected = "!Unknown search key"},
        {.text = "SEARCH SEENS", .expected = "!Unknown search key"},
        {.text = "SEARCH SEEN  DRAFT", .expected = "!Unknown search key"},
        {.text = "SEARCH ()", .expected = "!Unknown search key"},
        {.text = "SEARCH (SEEN", .expected = "!Missing closing parenthesis of search keys"},
        {.text = "SEARCH SEEN)", .expected = "!There is more after the end of the command"},
        {.text = "SEARCH NOT", .expected = "!NOT needs a search key"},
        {.text = "SEARCH NOT ", .expected = "!A search key is missing"},
        {.text = "SEARCH OR SEEN", .expected = "!OR needs two search keys"},
        {.text = "SEARCH OR", .expected = "!OR needs two search keys"},
        {.text = "SEARCH FROM", .expected = "!A search key lacks its argument"},
        {.text = "SEARCH FROM ", .expected = "!A search key needs a text"},
        {.text = "SEARCH FROM (x)", .expected = "!A search key needs a text"},
        {.text = "SEARCH HEADER x", .expected = "!HEADER needs a text"},
        {.text = "SEARCH KEYWORD \\Seen", .expected = "!A keyword is missing"},
        {.text = "SEARCH KEYWORD \"x\"", .expected = "!A keyword is missing"},
        {.text = "SEARCH SINCE 1-Feb-94", .expected = "!Not a date like 17-Jul-1996"},
        {.text = "SEARCH SINCE 30-Feb-1994", .expected = "!Not a date like 17-Jul-1996"},
        {.text = "SEARCH LARGER -1", .expected = "!A size in octets is missing"},
        {.text = "SEARCH LARGER 9223372036854775808", .expected = "!A number is out of range"},
        {.text = "SEARCH OLDER 0", .expected = "!A number must not be zero here"},
        {.text = "SEARCH YOUNGER 4294967296", .expected = "!A number is out of range"},
        {.text = "SEARCH UID x", .expected = "!A message set is missing"},
        {.text = "SEARCH 0",
         .expected = "!Not a message set: numbers from 1 to 4294967295, *, ranges, commas"},
        {.text = "SEARCH RETURN ALL", .expected = "!RETURN needs a list of options"},
        {.text = "SEARCH RETURN (FOO) ALL", .expected = "!Unknown SEARCH return option"},
        {.text = "SEARCH RETURN (MIN ALL", .expected = "!Missing closing parenthesis"},
        {.text = "SEARCH RETURN (MIN)", .expected = "!SEARCH needs search keys"},
        {.text = "SEARCH RETURN (UPDATE ()) ALL", .expected = "!A FETCH item is missing"},
        {.text = "SEARCH RETURN (UPDATE (FOO)) ALL", .expected = "!Unknown FETCH item"},
        {.text = "SEARCH RETURN (UPDATE (UID ALL", .expected = "!Unknown FETCH item"},
        {.text = "SEARCH RETURN (CONTEXT UPDATED) ALL",
         .expected = "!Unknown SEARCH return option"},
        {.text = "ESEARCH", .expected = "!ESEARCH needs search keys"},
        {.text = "ESEARCH IN", .expected = "!IN needs mailboxes in parentheses"},
        {.text = "ESEARCH IN ()", .expected = "!Unknown specification of mailboxes"},
        {.text = "ESEARCH IN (mailboxes) ALL", .expected = "!A mailbox name is missing"},
        {.text = "ESEARCH IN (subtree-one ()) ALL", .expected = "!A mailbox name is missing"},
        {.text = "ESEARCH IN (personal (x y)) ALL", .expected = "!Unknown scope option"},
        {.text = "ESEARCH IN (selected-delayed) ALL",
         .expected = "!SELECTED-DELAYED is for NOTIFY only"},
        {.text = "ESEARCH IN (personal) RETURN (SAVE) ALL",
         .expected = "!SAVE is for the selected mailbox alone"},
        {.text = "ESEARCH IN (personal)", .expected = "!ESEARCH needs search keys"},
        {.text = "ESEARCH IN (personal) ", .expected = "!A search key is missing"},
        {.text = "CANCELUPDATE", .expected = "!CANCELUPDATE needs the tags of searches"},
        {.text = "CANCELUPDATE ", .expected = "!CANCELUPDATE needs tags in quotes"},
        {.text = "CANCELUPDATE a1", .expected = "!CANCELUPDATE needs tags in quotes"},
        {.text = "CANCELUPDATE \"a1\"\"a2\"",
         .expected = "!There is more after the end of the command"},
        {.text = "SEARCH CHARSET", .expected = "!CHARSET needs a name"},
        {.text = "SEARCH CHARSET UTF-8", .expected = "!SEARCH needs search keys"},
        {.text = "SEARCH EMAILID", .expected = "!A search key lacks its argument"},
        {.text = "SEARCH EMAILID \"M1\"", .expected = "!An object identifier is missing"},
        {.text = "SEARCH THREADID a.b", .expected = "!Not an object identifier"},
        {.text = "SEARCH SAVEDON 1", .expected = "!Not a date like 17-Jul-1996"},
        {.text = "SEARCH MODSEQ x", .expected = "!MODSEQ needs a mod-sequence"},
        {.text = "SEARCH MODSEQ \"/foo\" all 1",
         .expected = "!A MODSEQ entry begins with /flags/"},
        {.text = "SEARCH MODSEQ \"/flags/x\" some 1",
         .expected = "!MODSEQ needs priv, shared or all"},
    };

    (void)state;
    cmd_table_run(cases, ARRAY_LEN(cases));
}

static void
test_sort_and_thread(void **state)
{
    static const struct cmd_case cases[] = {
        {.text = "SORT (SUBJECT REVERSE DATE) UTF-8 ALL",
         .expected = "SORT charset=\"UTF-8\" +5 -2 (and(all))"},
        {.text =
             "UID SORT (reverse arrival cc from size to displayfrom displayto) \"us-ascii\" "
             "1:2 SEEN",
         .expected = "UID SORT uid charset=\"us-ascii\" -0 +1 +3 +4 +6 +7 +8 (and(msgs "
                     "seq=1:2)(flag \\Seen))"},
        {.text = "SORT (DATE REVERSE DATE SIZE DATE) UTF-8 ALL",
         .expected = "SORT charset=\"UTF-8\" +2 +4 (and(all))"},
        {.text = "SORT RETURN () (DATE) UTF-8 ALL",
         .expected = "SORT return=4 charset=\"UTF-8\" +2 (and(all))"},
        {.text = "UID SORT RETURN (PARTIAL -9:-3 COUNT SAVE) (DATE) UTF-8 $",
         .expected =
             "UID SORT uid return=38 charset=\"UTF-8\" partial=-3:9 reversed +2 (and(msgs $))"},
        {.text = "SEARCH RETURN (PARTIAL 1:4294967295) ALL",
         .expected = "SEARCH return=20 partial=1:4294967295 (and(all))"},
        {.text = "THREAD REFERENCES UTF-8 ALL",
         .expected = "THREAD charset=\"UTF-8\" thread=1 (and(all))"},
        {.text = "UID THREAD orderedsubject UTF-8 NOT SEEN",
         .expected = "UID THREAD uid charset=\"UTF-8\" thread=0 (and(unflag \\Seen))"},
        {.text = "THREAD REFS UTF-8 ALL",
         .expected = "THREAD charset=\"UTF-8\" thread=2 (and(all))"},
        {.text = "SORT", .expected = "!SORT needs sort keys"},
        {.text = "SORT DATE UTF-8 ALL", .expected = "!SORT needs sort keys"},
        {.text = "SORT () UTF-8 ALL", .expected = "!Unknown sort key"},
        {.text = "SORT (DATES) UTF-8 ALL", .expected = "!Unknown sort key"},
        {.text = "SORT (DATE ) UTF-8 ALL", .expected = "!Unknown sort key"},
        {.text = "SORT (REVERSE) UTF-8 ALL", .expected = "!REVERSE needs a sort key"},
        {.text = "SORT (REVERSE REVERSE DATE) UTF-8 ALL", .expected = "!Unknown sort key"},
        {.text = "SORT (DATE", .expected = "!Missing closing parenthesis"},
        {.text = "SORT (DATE)", .expected = "!A charset is missing"},
        {.text = "SORT (DATE) UTF-8", .expected = "!Search keys are missing"},
        {.text = "SORT (DATE) UTF-8 ", .expected = "!A search key is missing"},
        {.text = "THREAD", .expected = "!THREAD needs an algorithm"},
        {.text = "THREAD REFERENCE UTF-8 ALL", .expected = "!Unknown threading algorithm"},
        {.text = "THREAD REFS", .expected = "!A charset is missing"},
        {.text = "THREAD REFS UTF-8", .expected = "!Search keys are missing"},
        {.text = "SEARCH RETURN (PARTIAL) ALL", .expected = "!PARTIAL needs a range"},
        {.text = "SEARCH RETURN (PARTIAL 1) ALL",
         .expected = "!PARTIAL needs a range like 1:100 or -1:-100"},
        {.text = "SEARCH RETURN (PARTIAL 1:-2) ALL",
         .expected = "!PARTIAL needs a range like 1:100 or -1:-100"},
        {.text = "SEARCH RETURN (PARTIAL -1:2) ALL",
         .expected = "!PARTIAL needs a range like 1:100 or -1:-100"},
        {.text = "SEARCH RETURN (PARTIAL 1:*) ALL",
         .expected = "!PARTIAL needs a range like 1:100 or -1:-100"},
        {.text = "SEARCH RETURN (PARTIAL 0:1) ALL",
         .expected = "!A number must not be zero here"},
        {.text = "SEARCH RETURN (PARTIAL 1:4294967296) ALL",
         .expected = "!A number is out of range"},
        {.text = "SEARCH RETURN (ALL PARTIAL 1:2) ALL",
         .expected = "!PARTIAL and ALL exclude each other"},
        {.text = "SEARCH RETURN (PARTIAL 1:2 PARTIAL 1:2) ALL",
         .expected = "!PARTIAL is given twice"},
    };

    (void)state;
    cmd_table_run(cases, ARRAY_LEN(cases));
}

/** Nested parentheses around a key that keeps them apart. */
static enum rc
nested(const char *open, const char *key, size_t depth)
{
    AUTO_ARENA arena = {0};
    AUTO_BUF text = {0};
    AUTO_BUF out = {0};

    arena_init(&arena, LIMIT_CMD_ARENA);
    buf_init(&text, 32u << 20);
    buf_init(&out, 32u << 20);
    buf_put_str(&text, "SEARCH ");
    for (size_t i = 0; i < depth; i++)
        buf_put_str(&text, open);
    buf_put_str(&text, key);
    for (size_t i = 0; i < depth; i++)
        buf_put_char(&text, ')');
    return cmd_parse(buf_span(&text), MBOX_WIRE_UTF7, &arena, &out);
}

static void
test_nesting_limit(void **state)
{
    static const size_t far[] = {1000, 1000000};

    (void)state;
    assert_int_equal(nested("(", "ALL", LIMIT_NESTING - 1), RC_OK);
    assert_int_equal(nested("(", "ALL", LIMIT_NESTING), RC_LIMIT);
    for (size_t i = 0; i < ARRAY_LEN(far); i++) {
        assert_int_equal(nested("(", "ALL", far[i]), RC_LIMIT);
        assert_int_equal(nested("NOT (1 ", "ALL", far[i]), RC_LIMIT);
        assert_int_equal(nested("OR 1 (2 ", "ALL", far[i]), RC_LIMIT);
        assert_int_equal(nested("OR 1 NOT (2 ", "ALL", far[i]), RC_LIMIT);
        assert_int_equal(nested("FUZZY (", "ALL", far[i]), RC_LIMIT);
    }
}

static void
test_key_count_limit(void **state)
{
    (void)state;
    /* The root is a key too. */
    assert_int_equal(cmd_parse_repeated("SEARCH 1", " 1", LIMIT_SEARCH_KEYS - 2, ""), RC_OK);
    assert_int_equal(cmd_parse_repeated("SEARCH 1", " 1", LIMIT_SEARCH_KEYS - 1, ""), RC_LIMIT);
    assert_int_equal(cmd_parse_repeated("SEARCH 1", " 1", 1000000, ""), RC_LIMIT);
    /* Chains of OR and NOT are as long as they like: they do not nest. */
    assert_int_equal(cmd_parse_repeated("SEARCH ", "OR FROM x ", 3000, "ALL"), RC_OK);
    assert_int_equal(cmd_parse_repeated("SEARCH ", "NOT ", 1000000, "ALL"), RC_OK);
    assert_int_equal(cmd_parse_repeated("SEARCH ", "FUZZY NOT ", 1000000, "ALL"), RC_OK);
    /* FUZZY between OR and OR keeps the chain, but each is a key for itself. */
    assert_int_equal(cmd_parse_repeated("SEARCH ", "OR ALL FUZZY ", LIMIT_NESTING - 1, "ALL"),
                     RC_OK);
    assert_int_equal(cmd_parse_repeated("SEARCH ", "OR ALL FUZZY ", 1000000, "ALL"), RC_LIMIT);
    assert_int_equal(cmd_parse_repeated("SEARCH ", "OR ", 1000000, "ALL"), RC_INVALID);
    assert_int_equal(cmd_parse_repeated("SEARCH EMAILID ", "-", LIMIT_OBJECT_ID, ""), RC_OK);
    assert_int_equal(cmd_parse_repeated("SEARCH THREADID ", "-", LIMIT_OBJECT_ID + 1, ""),
                     RC_INVALID);
    assert_int_equal(cmd_parse_repeated("SEARCH EMAILID ", "-", 1000 * LIMIT_OBJECT_ID, ""),
                     RC_INVALID);
    assert_int_equal(cmd_parse_repeated("SEARCH KEYWORD ", "k", LIMIT_KEYWORD_OCTETS, ""),
                     RC_OK);
    assert_int_equal(cmd_parse_repeated("SEARCH KEYWORD ", "k", LIMIT_KEYWORD_OCTETS + 1, ""),
                     RC_LIMIT);
    assert_int_equal(
        cmd_parse_repeated("SEARCH KEYWORD ", "k", 1000 * LIMIT_KEYWORD_OCTETS, ""), RC_LIMIT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_key),     cmocka_unit_test(test_shape),
        cmocka_unit_test(test_fuzzy),         cmocka_unit_test(test_options),
        cmocka_unit_test(test_refused),       cmocka_unit_test(test_sort_and_thread),
        cmocka_unit_test(test_nesting_limit), cmocka_unit_test(test_key_count_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
