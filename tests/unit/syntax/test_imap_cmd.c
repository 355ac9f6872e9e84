/* SPDX-License-Identifier: MIT */
/* Every command but SEARCH: what is parsed, what is refused with which sentence, limits. */
#include "cmd_table.h"

static void
test_tags(void **state)
{
    static const struct {
        const char *text;
        const char *tag;
    } cases[] = {
        {"a NOOP", "a"},
        {"A.1-]x NOOP", "A.1-]x"},
        {"a", "a"},
        {"", ""},
        {" NOOP", ""},
        {"+ NOOP", ""},
        {"a+ NOOP", ""},
        {"* NOOP", ""},
        {"a{ NOOP", ""},
        {"a\r", ""},
        {"\xc3\xa4 NOOP", ""},
        {"(a NOOP", ""},
        {"0123456789012345678901234567890123456789012345678901234567890123 N",
         "0123456789012345678901234567890123456789012345678901234567890123"},
        {"01234567890123456789012345678901234567890123456789012345678901234 N", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_true(span_eq_str(imap_text_tag(span_of_str(cases[i].text)), cases[i].tag));
}

static void
test_heads(void **state)
{
    static const struct {
        const char *text;
        const char *bad;
    } cases[] = {
        {"", "Empty command line"},
        {"+ NOOP", "A command begins with a tag"},
        {"a", "A command word is missing after the tag"},
        {"a ", "A command word is missing after the tag"},
        {"a FOO", "Unknown command"},
        {"a  NOOP", "Unknown command"},
        {"a NOOPS", "Unknown command"},
        {"a UID", "Unknown command"},
        {"a UID FOO", "Unknown UID command"},
        {"a UID NOOP", "Unknown UID command"},
        {"a FETCHED 1 ALL", "Unknown command"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct imap_head head;
        const char *bad = NULL;
        assert_int_equal(imap_head_parse(span_of_str(cases[i].text), &head, &bad), RC_INVALID);
        assert_string_equal(bad, cases[i].bad);
    }
    for (int id = 0; id < IMAP_CMD_COUNT; id++) {
        AUTO_BUF text = {0};
        struct imap_head head;
        const char *bad;
        buf_init(&text, 100);
        buf_put_str(&text, "Tag1 ");
        buf_put_span(&text, imap_cmd_word((enum imap_cmd_id)id));
        buf_put_str(&text, " x");
        for (size_t i = 5; i < buf_len(&text) - 2; i += 2) /* in mixed case */
            text.data[i] = ascii_lower(text.data[i]);
        assert_int_equal(imap_head_parse(buf_span(&text), &head, &bad), RC_OK);
        assert_int_equal(head.id, id);
        assert_true(span_eq_str(head.tag, "Tag1"));
        assert_true(span_eq_str(head.args, " x"));
    }
}

static void
test_without_arguments(void **state)
{
    static const struct cmd_case cases[] = {
        {.text = "NOOP", .expected = "NOOP"},
        {.text = "noop  ", .expected = "NOOP"},
        {.text = "NOOP x", .expected = "!There is more after the end of the command"},
        {.text = "CAPABILITY", .expected = "CAPABILITY"},
        {.text = "IDLE", .expected = "IDLE"},
        {.text = "EXPUNGE 1", .expected = "!There is more after the end of the command"},
    };

    (void)state;
    cmd_table_run(cases, ARRAY_LEN(cases));
}

static void
test_strings(void **state)
{
    static const struct cmd_case cases[] = {
        {.text = "LOGIN joe secret", .expected = "LOGIN user=\"joe\" password=\"secret\""},
        {.text = "LOGIN \"joe\" \"\"", .expected = "LOGIN user=\"joe\" password=\"\""},
        {.text = "LOGIN \"a\\\"b\" \"c\\\\d\"",
         .expected = "LOGIN user=\"a\\x22b\" password=\"c\\x5cd\""},
        {.text = "LOGIN {3}\r\njoe {0}\r\n", .expected = "LOGIN user=\"joe\" password=\"\""},
        {.text = "LOGIN {3+}\r\njoe {4-}\r\n)\r\n(",
         .expected = "LOGIN user=\"joe\" password=\")\\x0d\\x0a(\""},
        {.text = "LOGIN joe] \xc3\xa4",
         .expected = "LOGIN user=\"joe]\" password=\"\xc3\xa4\""},
        {.text = "LOGIN ~joe ~", .expected = "LOGIN user=\"~joe\" password=\"~\""},
        {.text = "LOGIN", .expected = "!LOGIN needs a user name and a password"},
        {.text = "LOGIN ", .expected = "!LOGIN needs a user name"},
        {.text = "LOGIN  joe x", .expected = "!LOGIN needs a user name"},
        {.text = "LOGIN joe", .expected = "!LOGIN needs a password"},
        {.text = "LOGIN joe x y", .expected = "!There is more after the end of the command"},
        {.text = "LOGIN joe \"x", .expected = "!Missing closing quote"},
        {.text = "LOGIN joe \"x\\",
         .expected = "!In a quoted string a backslash stands before \" or \\ only"},
        {.text = "LOGIN joe \"\\x\"",
         .expected = "!In a quoted string a backslash stands before \" or \\ only"},
        {.text = "LOGIN joe \"a\rb\"",
         .expected = "!A quoted string cannot contain CR, LF or NUL"},
        {.text = "LOGIN joe {3}", .expected = "!A literal's length must end its line"},
        {.text = "LOGIN joe {3}\r\nab", .expected = "!A literal's length must end its line"},
        {.text = "LOGIN joe {x}\r\nab", .expected = "!A literal needs a length"},
        {.text = "LOGIN joe {3\r\nabc", .expected = "!Missing closing brace of a literal"},
        {.text = "LOGIN joe {18446744073709551616}\r\nabc",
         .expected = "!A number is out of range"},
        {.text = "LOGIN joe {3}\0\n",
         .octets = 15,
         .expected = "!Only APPEND takes a message as its literal"},
        {.text = "LOGIN joe {3}\r\na\0b",
         .octets = 18,
         .expected = "!A string cannot contain NUL"},
        {.text = "LOGIN joe (", .expected = "!LOGIN needs a password"},
        {.text = "LOGIN joe %", .expected = "!LOGIN needs a password"},
    };

    (void)state;
    cmd_table_run(cases, ARRAY_LEN(cases));
}

static void
test_session_commands(void **state)
{
    static const struct cmd_case cases[] = {
        {.text = "AUTHENTICATE PLAIN", .expected = "AUTHENTICATE mechanism=\"PLAIN\""},
        {.text = "AUTHENTICATE PLAIN ", .expected = "AUTHENTICATE mechanism=\"PLAIN\""},
        {.text = "AUTHENTICATE PLAIN =",
         .expected = "AUTHENTICATE mechanism=\"PLAIN\" initial=\"\""},
        {.text = "AUTHENTICATE SCRAM-SHA-256 biwsbj1qb2U=",
         .expected = "AUTHENTICATE mechanism=\"SCRAM-SHA-256\" initial=\"biwsbj1qb2U=\""},
        {.text = "AUTHENTICATE", .expected = "!AUTHENTICATE needs a mechanism"},
        {.text = "AUTHENTICATE \"PLAIN\"", .expected = "!AUTHENTICATE needs a mechanism"},
        {.text = "AUTHENTICATE PLAIN a-b", .expected = "!An initial response is base64 or ="},
        {.text = "AUTHENTICATE PLAIN \"x\"", .expected = "!An initial response is base64 or ="},
        {.text = "NOTIFY NONE", .expected = "NOTIFY"},
        {.text = "notify set (selected none)", .expected = "NOTIFY set selected=0"},
        {.text = "NOTIFY SET STATUS (inboxes (messagenew MESSAGEEXPUNGE flagchange)) "
                 "(subtree (a \"b c\") (MailboxName)) (mailboxes inbox (SubscriptionChange)) ",
         .expected = "NOTIFY set status inboxes=7 subtree=8 mailbox=\"a\" mailbox=\"b c\" "
                     "mailboxes=10 mailbox=\"INBOX\""},
        {.text = "NOTIFY SET (selected-delayed (MessageNew (UID BODY[TEXT]) MessageExpunge)) "
                 "(personal (Future AnnotationChange MessageNew MessageExpunge))",
         .expected = "NOTIFY set delayed=3 personal=183 fetch=\"(UID BODY[TEXT])\""},
        {.text = "NOTIFY SET (personal (MailboxMetadataChange servermetadatachange))",
         .expected = "NOTIFY set personal=60"},
        {.text = "NOTIFY SET (subtree () NONE)", .expected = "!A mailbox name is missing"},
        {.text = "NOTIFY SET (personal ())", .expected = "!An event is missing"},
        {.text = "NOTIFY SET(personal NONE)", .expected = "!NOTIFY SET needs groups of events"},
        {.text = "NOTIFY SET (personal NONE)(inboxes NONE)",
         .expected = "!There is more after the end of the command"},
        {.text = "NOTIFY SET (personal (FlagChange MessageNew))",
         .expected = "!MessageNew and MessageExpunge must be asked for together"},
        {.text = "COMPRESS DEFLATE", .expected = "COMPRESS"},
        {.text = "compress deflate ", .expected = "COMPRESS"},
        {.text = "COMPRESS", .expected = "!COMPRESS needs an algorithm"},
        {.text = "COMPRESS LZ4", .expected = "!COMPRESS knows no algorithm but DEFLATE"},
        {.text = "COMPRESS DEFLATEX", .expected = "!COMPRESS knows no algorithm but DEFLATE"},
        {.text = "COMPRESS \"DEFLATE\"",
         .expected = "!COMPRESS knows no algorithm but DEFLATE"},
        {.text = "ENABLE CONDSTORE", .expected = "ENABLE capability=\"CONDSTORE\""},
        {.text = "ENABLE X-A UTF8=ACCEPT ",
         .expected = "ENABLE capability=\"X-A\" capability=\"UTF8=ACCEPT\""},
        {.text = "ENABLE", .expected = "!ENABLE needs a capability"},
        {.text = "ENABLE (X)", .expected = "!ENABLE needs a capability"},
        {.text = "ID NIL", .expected = "ID"},
        {.text = "ID ()", .expected = "ID"},
        {.text = "ID (\"name\" \"Joe\" \"os\" NIL)",
         .expected = "ID field=\"name\" value=\"Joe\" field=\"os\" NIL"},
        {.text = "ID (\"name\" {3}\r\nJoe)", .expected = "ID field=\"name\" value=\"Joe\""},
        {.text = "ID", .expected = "!ID needs NIL or a list"},
        {.text = "ID foo", .expected = "!ID needs NIL or a list"},
        {.text = "ID (\"name\")", .expected = "!An ID field needs a value"},
        {.text = "ID (\"name\" x)", .expected = "!An ID value is a string or NIL"},
        {.text = "ID (NIL \"x\")", .expected = "!ID needs pairs of strings"},
        {.text = "ID (\"a\" \"b\"", .expected = "!Missing closing parenthesis after ID pairs"},
    };

    (void)state;
    cmd_table_run(cases, ARRAY_LEN(cases));
    assert_int_equal(cmd_parse_repeated("ID (\"f\" NIL", " \"f\" NIL", LIMIT_ID_PAIRS - 1, ")"),
                     RC_OK);
    assert_int_equal(cmd_parse_repeated("ID (\"f\" NIL", " \"f\" NIL", LIMIT_ID_PAIRS, ")"),
                     RC_INVALID);
    assert_int_equal(cmd_parse_repeated("ID (\"f\" NIL", " \"f\" NIL", 100000, ")"),
                     RC_INVALID);
    assert_int_equal(cmd_parse_repeated("ID (\"", "f", LIMIT_ID_FIELD, "\" NIL)"), RC_OK);
    assert_int_equal(cmd_parse_repeated("ID (\"", "f", LIMIT_ID_FIELD + 1, "\" NIL)"),
                     RC_INVALID);
    assert_int_equal(cmd_parse_repeated("ID (\"", "f", 100 * LIMIT_ID_FIELD, "\" NIL)"),
                     RC_INVALID);
    assert_int_equal(cmd_parse_repeated("ID (\"f\" \"", "v", LIMIT_ID_VALUE, "\")"), RC_OK);
    assert_int_equal(cmd_parse_repeated("ID (\"f\" \"", "v", LIMIT_ID_VALUE + 1, "\")"),
                     RC_INVALID);
    assert_int_equal(cmd_parse_repeated("ID (\"f\" \"", "v", 1000000, "\")"), RC_INVALID);
}

static void
test_mailbox_commands(void **state)
{
    static const struct cmd_case cases[] = {
        {.text = "SELECT inbox", .expected = "SELECT mailbox=\"INBOX\""},
        {.text = "EXAMINE {5}\r\nINBOX", .expected = "EXAMINE mailbox=\"INBOX\""},
        {.text = "SELECT Entw&APw-rfe", .expected = "SELECT mailbox=\"Entw\u00fcrfe\""},
        {.text = "SELECT INBOX (CONDSTORE)", .expected = "SELECT mailbox=\"INBOX\" condstore"},
        {.text = "SELECT INBOX (QRESYNC (67890007 20050715194045000 41,43:211,214:541))",
         .expected = "SELECT mailbox=\"INBOX\" uidvalidity=67890007 modseq=20050715194045000 "
                     "known=41,43:211,214:541"}, /* RFC 7162 section 3.2.5.1 */
        {.text = "SELECT INBOX (QRESYNC (1 2))",
         .expected = "SELECT mailbox=\"INBOX\" uidvalidity=1 modseq=2"},
        {.text = "SELECT INBOX (QRESYNC (1 2 (1:3 4:6)) CONDSTORE)",
         .expected = "SELECT mailbox=\"INBOX\" condstore uidvalidity=1 modseq=2 match=1:3/4:6"},
        {.text = "SELECT INBOX (QRESYNC (1 2 7,5 (1,3 10,20)))",
         .expected =
             "SELECT mailbox=\"INBOX\" uidvalidity=1 modseq=2 known=5,7 match=1,3/10,20"},
        {.text = "SELECT", .expected = "!A mailbox name is missing"},
        {.text = "SELECT *", .expected = "!A mailbox name is missing"},
        {.text = "SELECT \"\"", .expected = "SELECT mailbox!"},
        {.text = "SELECT a//b", .expected = "SELECT mailbox!"},
        {.text = "SELECT INBOX x", .expected = "!SELECT parameters must be in parentheses"},
        {.text = "SELECT INBOX ()", .expected = "!Unknown SELECT parameter"},
        {.text = "SELECT INBOX (FOO)", .expected = "!Unknown SELECT parameter"},
        {.text = "SELECT INBOX (CONDSTORE",
         .expected = "!Missing closing parenthesis after SELECT parameters"},
        {.text = "SELECT INBOX (QRESYNC)", .expected = "!QRESYNC needs its arguments"},
        {.text = "SELECT INBOX (QRESYNC (0 1))", .expected = "!A number must not be zero here"},
        {.text = "SELECT INBOX (QRESYNC (1 0))", .expected = "!A number must not be zero here"},
        {.text = "SELECT INBOX (QRESYNC (1 9223372036854775808))",
         .expected = "!A number is out of range"},
        {.text = "SELECT INBOX (QRESYNC (1 9223372036854775807 1:*))",
         .expected = "!* is not allowed in QRESYNC"},
        {.text = "SELECT INBOX (QRESYNC (1 2 (1:3 4:5)))",
         .expected = "!QRESYNC's two sets name different numbers of messages"},
        {.text = "SELECT INBOX (QRESYNC (1 2) QRESYNC (1 2))",
         .expected = "!QRESYNC is given twice"},
        {.text = "CREATE foo/", .expected = "CREATE mailbox=\"foo\" trailing"},
        {.text = "CREATE Archive (USE (\\Archive \\Junk))",
         .expected = "CREATE mailbox=\"Archive\" uses=22"},
        {.text = "CREATE x (USE ())", .expected = "CREATE mailbox=\"x\""},
        {.text = "CREATE x (USE (\\Foo \\Sent))",
         .expected = "CREATE mailbox=\"x\" uses=40 unknown-use"},
        {.text = "CREATE x (USE (Sent))", .expected = "!A special use begins with a backslash"},
        {.text = "CREATE x (FOO)", .expected = "!Unknown CREATE parameter"},
        {.text = "CREATE x (USE (\\Sent)",
         .expected = "!Missing closing parenthesis after CREATE parameters"},
        {.text = "CREATE", .expected = "!CREATE needs a mailbox name"},
        {.text = "DELETE foo", .expected = "DELETE mailbox=\"foo\""},
        {.text = "SUBSCRIBE foo ", .expected = "SUBSCRIBE mailbox=\"foo\""},
        {.text = "UNSUBSCRIBE \"foo bar\"", .expected = "UNSUBSCRIBE mailbox=\"foo bar\""},
        {.text = "RENAME a b", .expected = "RENAME from=\"a\" to=\"b\""},
        {.text = "RENAME a", .expected = "!RENAME needs a new mailbox name"},
        {.text = "DELETE", .expected = "!A mailbox name is missing"},
    };

    (void)state;
    cmd_table_run(cases, ARRAY_LEN(cases));
}

static void
test_metadata_commands(void **state)
{
    static const struct cmd_case cases[] = {
        {.text = "GETMETADATA \"\" /shared/comment",
         .expected = "GETMETADATA server entry=\"/shared/comment\""},
        {.text = "getmetadata inbox (/private/a \"/shared/b c\")",
         .expected =
             "GETMETADATA mailbox=\"INBOX\" entry=\"/private/a\" entry=\"/shared/b c\""},
        {.text = "GETMETADATA {0+}\r\n {9}\r\n/shared/x",
         .expected = "GETMETADATA server entry=\"/shared/x\""},
        {.text = "GETMETADATA (MAXSIZE 10 DEPTH infinity) a /shared",
         .expected = "GETMETADATA mailbox=\"a\" maxsize=10 depth=infinity entry=\"/shared\""},
        {.text = "GETMETADATA a (depth 1) (/shared/vendor/x)",
         .expected = "GETMETADATA mailbox=\"a\" depth=1 entry=\"/shared/vendor/x\""},
        {.text = "GETMETADATA (DEPTH 0) a (MAXSIZE 0) \"/shared/x\"",
         .expected = "GETMETADATA mailbox=\"a\" maxsize=0 entry=\"/shared/x\""},
        {.text = "GETMETADATA a (\"/shared/x\")",
         .expected = "GETMETADATA mailbox=\"a\" entry=\"/shared/x\""},
        {.text = "GETMETADATA", .expected = "!A mailbox name is missing"},
        {.text = "GETMETADATA ()  a /shared/x", .expected = "!Unknown GETMETADATA option"},
        {.text = "GETMETADATA (DEPTH) a /shared/x", .expected = "!DEPTH is 0, 1 or infinity"},
        {.text = "GETMETADATA (MAXSIZE) a /shared/x", .expected = "!MAXSIZE needs a number"},
        {.text = "GETMETADATA (MAXSIZE 9223372036854775808) a /shared/x",
         .expected = "!A number is out of range"},
        {.text = "GETMETADATA (DEPTH 1 a /shared/x", .expected = "!Unknown GETMETADATA option"},
        {.text = "GETMETADATA (DEPTH 1",
         .expected = "!Missing closing parenthesis after options"},
        {.text = "GETMETADATA a (DEPTH 1)", .expected = "!The name of an entry is missing"},
        {.text = "GETMETADATA a ()", .expected = "!The name of an entry is missing"},
        {.text = "GETMETADATA a (/shared/x /shared/y",
         .expected = "!Missing closing parenthesis after entries"},
        {.text = "GETMETADATA a /shared/x /shared/y  ",
         .expected = "GETMETADATA mailbox=\"a\" entry=\"/shared/x\" entry=\"/shared/y\""},
        {.text = "GETMETADATA a /shared/x  /shared/y",
         .expected = "!The name of an entry is missing"},
        {.text = "GETMETADATA a /shared/x /shared/y)",
         .expected = "!There is more after the end of the command"},
        {.text = "GETMETADATA a (/shared/x )", .expected = "!The name of an entry is missing"},
        {.text = "GETMETADATA a /shared/vendor/x",
         .expected = "!The name of a vendor's entry has at least four components"},
        {.text = "GETMETADATA a shared/x",
         .expected = "!The name of an entry begins with /private or /shared"},
        {.text = "GETMETADATA a \"\"",
         .expected = "!The name of an entry begins with /private or /shared"},
        {.text = "GETMETADATA a \"/shared/a\tb\"",
         .expected = "!The name of an entry is ASCII without controls, * and %"},
        {.text = "SETMETADATA \"\" (/private/a NIL /private/b \"NIL\" /private/c {3}\r\nx\r\n)",
         .expected = "SETMETADATA server entry=\"/private/a\" NIL entry=\"/private/b\" "
                     "value=\"NIL\" entry=\"/private/c\" value=\"x\\x0d\\x0a\""},
        {.text = "SETMETADATA a (/private/vendor/x/y ~{3+}\r\na\0b)",
         .octets = 46,
         .expected = "SETMETADATA mailbox=\"a\" entry=\"/private/vendor/x/y\" "
                     "value=\"a\\x00b\""},
        {.text = "SETMETADATA a (/private/a \"\" /private/b ~{0}\r\n)",
         .expected = "SETMETADATA mailbox=\"a\" entry=\"/private/a\" value=\"\" "
                     "entry=\"/private/b\" value=\"\""},
        {.text = "SETMETADATA a (/private/a {1}\r\n\0)",
         .octets = 33,
         .expected = "!A string cannot contain NUL"},
        {.text = "SETMETADATA a",
         .expected = "!SETMETADATA needs a list of entries and values"},
        {.text = "SETMETADATA a (/private/a)", .expected = "!A value is missing"},
        {.text = "SETMETADATA a (/private/a x)", .expected = "!A value is missing"},
        {.text = "SETMETADATA a (/private/a ~\"x\")", .expected = "!A value is missing"},
        {.text = "SETMETADATA a (/private/a \"x\" )",
         .expected = "!The name of an entry is missing"},
        {.text = "SETMETADATA a (/private/a \"x\"",
         .expected = "!Missing closing parenthesis after entries and values"},
        {.text = "SETMETADATA a (/private \"x\")",
         .expected = "!The name of an entry has at least two components"},
        {.text = "LIST \"\" % RETURN (METADATA (\"/shared/x\" /private/y) CHILDREN)",
         .expected = "LIST extended reference=\"\" pattern=\"%\" return=12 "
                     "entry=\"/shared/x\" entry=\"/private/y\""},
        {.text = "LIST \"\" % RETURN (METADATA)",
         .expected = "!METADATA needs a list of entries"},
        {.text = "LIST \"\" % RETURN (METADATA /shared/x)",
         .expected = "!METADATA needs a list of entries"},
    };

    (void)state;
    cmd_table_run(cases, ARRAY_LEN(cases));
}

static void
test_metadata_limits(void **state)
{
    char name[LIMIT_METADATA_NAME + 2];

    (void)state;
    memset(name, 'x', sizeof name);
    memcpy(name, "/shared/", 8);
    name[LIMIT_METADATA_NAME] = '\0';
    assert_int_equal(cmd_parse_repeated("GETMETADATA a ", name, 1, ""), RC_OK);
    name[LIMIT_METADATA_NAME] = 'x';
    name[LIMIT_METADATA_NAME + 1] = '\0';
    assert_int_equal(cmd_parse_repeated("GETMETADATA a ", name, 1, ""), RC_INVALID);
    assert_int_equal(
        cmd_parse_repeated("GETMETADATA a /shared/", "x", 1000 * LIMIT_METADATA_NAME, ""),
        RC_INVALID);

    static const struct {
        const char *before;
        const char *unit;
        const char *after;
    } lists[] = {
        {"GETMETADATA a (", "/shared/x ", "/shared/y)"},
        {"SETMETADATA a (", "/shared/x \"\" ", "/shared/y NIL)"},
        {"LIST \"\" * RETURN (METADATA (", "/shared/x ", "/shared/y))"},
    };
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        assert_int_equal(cmd_parse_repeated(lists[i].before, lists[i].unit,
                                            LIMIT_METADATA_NAMES - 1, lists[i].after),
                         RC_OK);
        assert_int_equal(cmd_parse_repeated(lists[i].before, lists[i].unit,
                                            LIMIT_METADATA_NAMES, lists[i].after),
                         RC_LIMIT);
        assert_int_equal(cmd_parse_repeated(lists[i].before, lists[i].unit,
                                            100 * LIMIT_METADATA_NAMES, lists[i].after),
                         RC_LIMIT);
    }
}

static void
test_quota_commands(void **state)
{
    static const struct cmd_case cases[] = {
        {.text = "SETACL inbox fred +lr",
         .expected = "SETACL mailbox=\"INBOX\" identifier=\"fred\" rights=\"+lr\""},
        {.text = "SETACL a \"-group:x y\" \"\"",
         .expected = "SETACL mailbox=\"a\" identifier=\"-group:x y\" rights=\"\""},
        {.text = "SETACL {1}\r\na {4}\r\nfred {2}\r\nlr",
         .expected = "SETACL mailbox=\"a\" identifier=\"fred\" rights=\"lr\""},
        {.text = "SETACL a fred", .expected = "!SETACL needs rights"},
        {.text = "SETACL a", .expected = "!An identifier is missing"},
        {.text = "SETACL a fred lr x",
         .expected = "!There is more after the end of the command"},
        {.text = "DELETEACL a fred", .expected = "DELETEACL mailbox=\"a\" identifier=\"fred\""},
        {.text = "DELETEACL a ", .expected = "!An identifier is missing"},
        {.text = "GETACL a", .expected = "GETACL mailbox=\"a\""},
        {.text = "GETACL", .expected = "!A mailbox name is missing"},
        {.text = "LISTRIGHTS a anyone",
         .expected = "LISTRIGHTS mailbox=\"a\" identifier=\"anyone\""},
        {.text = "MYRIGHTS a", .expected = "MYRIGHTS mailbox=\"a\""},
        {.text = "MYRIGHTS a b", .expected = "!There is more after the end of the command"},
        {.text = "GETQUOTA \"\"", .expected = "GETQUOTA root=\"\""},
        {.text = "GETQUOTA {11}\r\n#user/alice", .expected = "GETQUOTA root=\"#user/alice\""},
        {.text = "GETQUOTA", .expected = "!A quota root is missing"},
        {.text = "GETQUOTA ", .expected = "!A quota root is missing"},
        {.text = "GETQUOTA \"\" x", .expected = "!There is more after the end of the command"},
        {.text = "GETQUOTAROOT inbox", .expected = "GETQUOTAROOT mailbox=\"INBOX\""},
        {.text = "GETQUOTAROOT", .expected = "!A mailbox name is missing"},
        {.text = "SETQUOTA \"\" ()", .expected = "SETQUOTA root=\"\""},
        {.text = "SETQUOTA a (STORAGE 9223372036854775807 X-NEW 0)",
         .expected = "SETQUOTA root=\"a\""},
        {.text = "SETQUOTA a (STORAGE 9223372036854775808)",
         .expected = "!A number is out of range"},
        {.text = "SETQUOTA a", .expected = "!SETQUOTA needs a list"},
        {.text = "SETQUOTA a STORAGE 5", .expected = "!SETQUOTA needs a list"},
        {.text = "SETQUOTA a (STORAGE)", .expected = "!A resource needs a limit"},
        {.text = "SETQUOTA a (STORAGE -1)", .expected = "!A limit is a number"},
        {.text = "SETQUOTA a (STORAGE 1",
         .expected = "!Missing closing parenthesis after the limits"},
        {.text = "SETQUOTA a (STORAGE 1 )", .expected = "!A resource is missing"},
    };

    (void)state;
    cmd_table_run(cases, ARRAY_LEN(cases));
}

static void
test_utf8_names(void **state)
{
    AUTO_ARENA arena = {0};
    AUTO_BUF out = {0};

    (void)state;
    arena_init(&arena, 1u << 20);
    buf_init(&out, 1000);
    assert_int_equal(cmd_parse(SPAN("SELECT \"R&D-\u00fc\""), MBOX_WIRE_UTF8, &arena, &out),
                     RC_OK);
    assert_true(span_eq_str(buf_span(&out), "SELECT mailbox=\"R&D-\u00fc\""));
}

static void
test_list_and_status(void **state)
{
    static const struct cmd_case cases[] = {
        {.text = "LIST \"\" *", .expected = "LIST reference=\"\" pattern=\"*\""},
        {.text = "LIST \"\" \"\"", .expected = "LIST reference=\"\" pattern=\"\""},
        {.text = "LIST a/ %.x]", .expected = "LIST reference=\"a/\" pattern=\"%.x]\""},
        {.text = "LIST {0}\r\n {1}\r\n*", .expected = "LIST reference=\"\" pattern=\"*\""},
        {.text = "LIST \"\" &APw-%", .expected = "LIST reference=\"\" pattern=\"\u00fc%\""},
        {.text = "LIST \"\" \"\xff\"", .expected = "LIST reference=\"\" pattern=\"\" hopeless"},
        {.text = "LSUB \"\" *", .expected = "LSUB reference=\"\" pattern=\"*\""},
        {.text = "XLIST \"\" %", .expected = "XLIST reference=\"\" pattern=\"%\""},
        {.text = "LIST () \"\" *", .expected = "LIST extended reference=\"\" pattern=\"*\""},
        {.text = "LIST (SUBSCRIBED RECURSIVEMATCH) \"\" %",
         .expected = "LIST extended select=5 reference=\"\" pattern=\"%\""},
        {.text = "LIST (remote special-use) \"\" %",
         .expected = "LIST extended select=a reference=\"\" pattern=\"%\""},
        {.text = "LIST \"\" (INBOX Drafts Sent/%)",
         .expected = "LIST extended reference=\"\" pattern=\"INBOX\" pattern=\"Drafts\" "
                     "pattern=\"Sent/%\""},
        {.text = "LIST \"\" % RETURN (CHILDREN SUBSCRIBED SPECIAL-USE)",
         .expected = "LIST extended reference=\"\" pattern=\"%\" return=7"},
        {.text = "LIST \"\" % RETURN ()",
         .expected = "LIST extended reference=\"\" pattern=\"%\""},
        {.text = "LIST \"\" % RETURN (STATUS (MESSAGES UNSEEN) CHILDREN)",
         .expected = "LIST extended reference=\"\" pattern=\"%\" return=a status=11"},
        {.text = "LIST", .expected = "!LIST needs a reference name and a pattern"},
        {.text = "LIST \"\"", .expected = "!LIST needs a mailbox pattern"},
        {.text = "LIST \"\" ()", .expected = "!LIST needs a mailbox pattern"},
        {.text = "LIST (FOO) \"\" *", .expected = "!Unknown LIST selection option"},
        {.text = "LIST (RECURSIVEMATCH) \"\" *",
         .expected = "!RECURSIVEMATCH needs SUBSCRIBED or SPECIAL-USE as well"},
        {.text = "LIST (REMOTE RECURSIVEMATCH) \"\" *",
         .expected = "!RECURSIVEMATCH needs SUBSCRIBED or SPECIAL-USE as well"},
        {.text = "LIST \"\" (a b",
         .expected = "!Missing closing parenthesis after LIST patterns"},
        {.text = "LIST \"\" * FOO",
         .expected = "!LIST takes RETURN and a list after its patterns"},
        {.text = "LIST \"\" * RETURN", .expected = "!RETURN needs a list of options"},
        {.text = "LIST \"\" % RETURN (MYRIGHTS)",
         .expected = "LIST extended reference=\"\" pattern=\"%\" return=20"},
        {.text = "LIST \"\" * RETURN (FOO)", .expected = "!Unknown LIST return option"},
        {.text = "LIST \"\" * RETURN (STATUS)", .expected = "!STATUS needs a list of items"},
        {.text = "LIST \"\" * RETURN (CHILDREN",
         .expected = "!Missing closing parenthesis after LIST return options"},
        {.text = "LSUB (SUBSCRIBED) \"\" *", .expected = "!LIST needs a reference name"},
        {.text = "XLIST \"\" * RETURN (STATUS (MESSAGES))",
         .expected = "!There is more after the end of the command"},
        {.text = "LSUB \"\" (a b)", .expected = "!LIST needs a mailbox pattern"},
        {.text = "STATUS INBOX (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN)",
         .expected = "STATUS mailbox=\"INBOX\" items=1f"},
        {.text = "STATUS x (deleted size highestmodseq appendlimit mailboxid)",
         .expected = "STATUS mailbox=\"x\" items=3e0"},
        {.text = "STATUS x (DELETED-STORAGE deleted)",
         .expected = "STATUS mailbox=\"x\" items=420"},
        {.text = "STATUS x (DELETED-)", .expected = "!Unknown STATUS item"},
        {.text = "STATUS x ()", .expected = "!Unknown STATUS item"},
        {.text = "STATUS x (FOO)", .expected = "!Unknown STATUS item"},
        {.text = "STATUS x MESSAGES", .expected = "!STATUS items must be in parentheses"},
        {.text = "STATUS x (MESSAGES",
         .expected = "!Missing closing parenthesis after STATUS items"},
        {.text = "STATUS x", .expected = "!STATUS needs a list of items"},
    };

    (void)state;
    cmd_table_run(cases, ARRAY_LEN(cases));
    assert_int_equal(cmd_parse_repeated("LIST \"\" (*", " *", LIMIT_LIST_PATTERNS - 1, ")"),
                     RC_OK);
    assert_int_equal(cmd_parse_repeated("LIST \"\" (*", " *", LIMIT_LIST_PATTERNS, ")"),
                     RC_LIMIT);
    assert_int_equal(cmd_parse_repeated("LIST \"\" (*", " *", 1000000, ")"), RC_LIMIT);
    assert_int_equal(cmd_parse_repeated("LIST \"\" ", "(", 1000000, ""), RC_INVALID);
}

static void
test_append(void **state)
{
    static const struct cmd_case cases[] = {
        {.text = "APPEND INBOX {5}\r\nhello",
         .expected = "APPEND mailbox=\"INBOX\" () octets=5 inline=\"hello\""},
        {.text = "APPEND saved-messages (\\Seen $Forwarded) \" 7-Feb-1994 21:52:25 -0800\" "
                 "{3+}\r\nabc",
         .expected = "APPEND mailbox=\"saved-messages\" (\\Seen+$Forwarded) date=760686745-480 "
                     "octets=3 inline=\"abc\""},
        {.text = "APPEND x {310}\0\n",
         .octets = 16,
         .expected = "APPEND mailbox=\"x\" () octets=310 spool=0"},
        {.text = "APPEND x (\\Draft) {310}\0\n {4}\0\n () {5-}\0\n",
         .octets = 41,
         .expected = "APPEND mailbox=\"x\" (\\Draft) octets=310 spool=0 () octets=4 spool=1 () "
                     "octets=5 spool=2"},
        {.text = "APPEND {1}\r\nx ~{2}\r\nab",
         .expected = "APPEND mailbox=\"x\" () literal8 octets=2 inline=\"ab\""},
        {.text = "APPEND x UTF8 (~{2}\r\nab)",
         .expected = "APPEND mailbox=\"x\" () utf8 literal8 octets=2 inline=\"ab\""},
        {.text = "APPEND x {0}\r\n",
         .expected = "APPEND mailbox=\"x\" () octets=0 inline=\"\""},
        {.text = "APPEND x UTF8 ({2}\r\nab)", .expected = "!UTF8 needs a literal8: ~{octets}"},
        {.text = "APPEND x UTF8 (~{2}\r\nab",
         .expected = "!Missing closing parenthesis after a UTF8 message"},
        {.text = "REPLACE 4 Drafts (\\Seen \\Draft) {310}\0\n",
         .octets = sizeof "REPLACE 4 Drafts (\\Seen \\Draft) {310}\0\n" - 1,
         .expected = "REPLACE seq=4 mailbox=\"Drafts\" (\\Seen\\Draft) octets=310 spool=0"},
        {.text = "UID REPLACE * x \"17-Jul-1996 02:44:25 -0700\" ~{1+}\r\nx",
         .expected = "UID REPLACE uid=* mailbox=\"x\" () date=837596665-420 literal8 octets=1 "
                     "inline=\"x\""},
        {.text = "REPLACE 1:1 x {1}\r\ny",
         .expected = "REPLACE seq=1 mailbox=\"x\" () octets=1 inline=\"y\""},
        {.text = "REPLACE", .expected = "!REPLACE needs the number of a message"},
        {.text = "REPLACE x", .expected = "!A message set is missing"},
        {.text = "REPLACE 0 x {1}\r\ny",
         .expected = "!Not a message set: numbers from 1 to 4294967295, *, ranges, commas"},
        {.text = "REPLACE 1,2 x {1}\r\ny", .expected = "!REPLACE takes one message"},
        {.text = "UID REPLACE 1:* x {1}\r\ny", .expected = "!REPLACE takes one message"},
        {.text = "UID REPLACE $ x {1}\r\ny", .expected = "!REPLACE takes one message"},
        {.text = "REPLACE 1 x", .expected = "!APPEND needs a message"},
        {.text = "REPLACE 1 x {1}\r\ny {1}\r\nz",
         .expected = "!There is more after the end of the command"},
        {.text = "APPEND x (\\Seen) CATENATE (URL \"/y/;UID=1\" TEXT {2}\r\nab url /z/;UID=2)",
         .expected = "APPEND mailbox=\"x\" (\\Seen) url=\"/y/;UID=1\" text=\"ab\" "
                     "url=\"/z/;UID=2\""},
        {.text = "APPEND x catenate (TEXT {3}\0\n TEXT {4}\0\n) {5}\0\n",
         .octets = sizeof "APPEND x catenate (TEXT {3}\0\n TEXT {4}\0\n) {5}\0\n" - 1,
         .expected = "APPEND mailbox=\"x\" () text-spool=0 text-spool=1 () octets=5 spool=2"},
        {.text = "UID REPLACE 5 x CATENATE (URL {1}\r\ny)",
         .expected = "UID REPLACE uid=5 mailbox=\"x\" () url=\"y\""},
        {.text = "APPEND x CATENATE (UTF8 (~{2}\r\nab) TEXT {1}\r\nc)",
         .expected = "APPEND mailbox=\"x\" () text=\"ab\" text=\"c\""},
        {.text = "APPEND x CATENATE (UTF8 ({2}\r\nab))",
         .expected = "!UTF8 needs a literal8: ~{octets}"},
        {.text = "APPEND x CATENATE", .expected = "!CATENATE needs parts in parentheses"},
        {.text = "APPEND x CATENATE ()", .expected = "!CATENATE takes TEXT and URL"},
        {.text = "APPEND x CATENATE (TEXT \"a\")", .expected = "!TEXT needs a literal"},
        {.text = "APPEND x CATENATE (URL)", .expected = "!URL needs a URL"},
        {.text = "APPEND x CATENATE (URL a",
         .expected = "!Missing closing parenthesis after CATENATE"},
        {.text = "APPEND x CATENATE (URL {1}\0\n)",
         .octets = sizeof "APPEND x CATENATE (URL {1}\0\n)" - 1,
         .expected = "!Only APPEND takes a message as its literal"},
        {.text = "APPEND", .expected = "!APPEND needs a mailbox name"},
        {.text = "APPEND x", .expected = "!APPEND needs a message"},
        {.text = "APPEND x ", .expected = "!APPEND needs a message as a literal"},
        {.text = "APPEND x hello", .expected = "!APPEND needs a message as a literal"},
        {.text = "APPEND x (\\Seen)", .expected = "!APPEND needs a message after its flags"},
        {.text = "APPEND x (\\Recent) {1}\r\nx",
         .expected = "!\\Recent is the server's to set"},
        {.text = "APPEND x (\\Foo) {1}\r\nx", .expected = "!Unknown system flag"},
        {.text = "APPEND x \"1-Foo-2000 00:00:00 +0000\" {1}\r\nx",
         .expected = "!Not a date-time like \"17-Jul-1996 02:44:25 -0700\""},
        {.text = "APPEND x \"17-Jul-1996 02:44:25 -0700\"",
         .expected = "!APPEND needs a message after its date"},
        {.text = "APPEND x \"hello\"",
         .expected = "!Not a date-time like \"17-Jul-1996 02:44:25 -0700\""},
        {.text = "APPEND x {1}\r\nx {1}", .expected = "!A literal's length must end its line"},
        {.text = "APPEND x {1}\r\nxy",
         .expected = "!There is more after the end of the command"},
    };

    (void)state;
    cmd_table_run(cases, ARRAY_LEN(cases));
    assert_int_equal(
        cmd_parse_repeated("APPEND x CATENATE (URL a", " URL a", LIMIT_CATENATE_PARTS - 1, ")"),
        RC_OK);
    assert_int_equal(
        cmd_parse_repeated("APPEND x CATENATE (URL a", " URL a", LIMIT_CATENATE_PARTS, ")"),
        RC_LIMIT);
    assert_int_equal(cmd_parse_repeated("APPEND x CATENATE (URL a", " URL a",
                                        1000 * LIMIT_CATENATE_PARTS, ")"),
                     RC_LIMIT);
    assert_int_equal(cmd_parse_repeated("APPEND x", " {1}\r\nm", LIMIT_APPEND_MESSAGES, ""),
                     RC_OK);
    assert_int_equal(cmd_parse_repeated("APPEND x", " {1}\r\nm", LIMIT_APPEND_MESSAGES + 1, ""),
                     RC_LIMIT);
    assert_int_equal(cmd_parse_repeated("APPEND x", " {1}\r\nm", 1000000, ""), RC_LIMIT);
}

static void
test_fetch_items(void **state)
{
    static const struct cmd_case cases[] = {
        {.text = "FETCH 1 FLAGS", .expected = "FETCH seq=1 FLAGS"},
        {.text =
             "FETCH 2:4 (FLAGS BODY[HEADER.FIELDS (DATE FROM)])", /* RFC 3501 section 6.4.5 */
         .expected = "FETCH seq=2:4 FLAGS BODY[HEADER.FIELDS (DATE FROM)]! seen"},
        {.text = "FETCH 1 ALL",
         .expected = "FETCH seq=1 FLAGS INTERNALDATE ENVELOPE RFC822.SIZE"},
        {.text = "FETCH 1 fast", .expected = "FETCH seq=1 FLAGS INTERNALDATE RFC822.SIZE"},
        {.text = "FETCH 1 FULL",
         .expected = "FETCH seq=1 FLAGS INTERNALDATE ENVELOPE RFC822.SIZE BODY"},
        {.text = "UID FETCH $ (UID FLAGS)", .expected = "UID FETCH $ UID FLAGS"},
        {.text = "UID FETCH 1 FLAGS", .expected = "UID FETCH uid=1 UID FLAGS"},
        {.text = "UID FETCH 1 (FLAGS UID)", .expected = "UID FETCH uid=1 FLAGS UID"},
        {.text = "UID FETCH 46:* (BODY.PEEK[HEADER.FIELDS (References X-Ref X-Priority "
                 "X-MSMail-Priority "
                 "X-MSOESRec Newsgroups)] ENVELOPE RFC822.SIZE UID FLAGS INTERNALDATE)",
         .expected = "UID FETCH uid=46:* BODY[HEADER.FIELDS (References X-Ref X-Priority "
                     "X-MSMail-Priority "
                     "X-MSOESRec Newsgroups)] ENVELOPE RFC822.SIZE UID FLAGS INTERNALDATE"},
        {.text = "FETCH 1 (BODY BODYSTRUCTURE BODY[] BODY.PEEK[])",
         .expected = "FETCH seq=1 BODY BODYSTRUCTURE BODY[]! BODY[] seen"},
        {.text = "FETCH 1 (EMAILID THREADID emailid SAVEDATE)",
         .expected = "FETCH seq=1 EMAILID THREADID SAVEDATE"},
        {.text = "FETCH 1 PREVIEW", .expected = "FETCH seq=1 PREVIEW"},
        {.text = "FETCH 1 preview (lazy)", .expected = "FETCH seq=1 PREVIEW"},
        {.text = "FETCH 1 (UID PREVIEW (LAZY LAZY) FLAGS)",
         .expected = "FETCH seq=1 UID PREVIEW FLAGS"},
        {.text = "FETCH 1 (PREVIEW PREVIEW (LAZY))", .expected = "FETCH seq=1 PREVIEW"},
        {.text = "FETCH 1 PREVIEW (LAZY) (CHANGEDSINCE 7)",
         .expected = "FETCH seq=1 PREVIEW MODSEQ changedsince=7"},
        {.text = "FETCH 1 PREVIEW (CHANGEDSINCE 7)",
         .expected = "FETCH seq=1 PREVIEW MODSEQ changedsince=7"},
        {.text = "FETCH 1 (PREVIEW (LAZY SLOW))",
         .expected = "!PREVIEW knows no modifier but LAZY"},
        {.text = "FETCH 1 (PREVIEW (LAZY)",
         .expected = "!Missing closing parenthesis after FETCH items"},
        {.text = "FETCH 1 (PREVIEW (LAZY",
         .expected = "!Missing closing parenthesis after PREVIEW modifiers"},
        {.text = "FETCH 1 (FLAGS flags FLAGS)", .expected = "FETCH seq=1 FLAGS"},
        {.text = "FETCH 1 (RFC822 RFC822.HEADER RFC822.TEXT RFC822.SIZE)",
         .expected = "FETCH seq=1 RFC822! RFC822.HEADER RFC822.TEXT! RFC822.SIZE seen"},
        {.text = "FETCH 1 BODY.PEEK[1.2.3]", .expected = "FETCH seq=1 BODY[1.2.3]"},
        {.text = "FETCH 1 body.peek[1.2.mime]", .expected = "FETCH seq=1 BODY[1.2.MIME]"},
        {.text = "FETCH 1 BODY.PEEK[4294967295.HEADER]",
         .expected = "FETCH seq=1 BODY[4294967295.HEADER]"},
        {.text = "FETCH 1 BODY.PEEK[1.HEADER.FIELDS.NOT (\"From\" {2}\r\nTo \"a]b\")]",
         .expected = "FETCH seq=1 BODY[1.HEADER.FIELDS.NOT (From To a]b)]"},
        {.text = "FETCH 1 BODY.PEEK[HEADER.FIELDS (\"a(b\" \"c\\\"d\")]",
         .expected = "FETCH seq=1 BODY[HEADER.FIELDS (\"a(b\" \"c\\\"d\")]"},
        {.text = "FETCH 1 BODY.PEEK[TEXT]<0.1000>",
         .expected = "FETCH seq=1 BODY[TEXT]<0>,1000"},
        {.text = "FETCH 1 BODY[]<4294967296.9223372036854775807>",
         .expected = "FETCH seq=1 BODY[]<4294967296>,9223372036854775807! seen"},
        {.text = "FETCH 1 (BINARY[1] BINARY.PEEK[1.2]<5.6> BINARY.SIZE[3] BINARY[])",
         .expected = "FETCH seq=1 BINARY[1]! BINARY[1.2]<5>,6 BINARY.SIZE[3] BINARY[]! seen"},
        {.text = "FETCH 1 (MODSEQ)", .expected = "FETCH seq=1 MODSEQ"},
        {.text = "FETCH 1 FLAGS (CHANGEDSINCE 12345)",
         .expected = "FETCH seq=1 FLAGS MODSEQ changedsince=12345"},
        {.text = "UID FETCH 1:* FLAGS (PARTIAL 3:1)",
         .expected = "UID FETCH uid=1:* UID FLAGS partial=1:3 reversed"},
        {.text = "UID FETCH $ FLAGS (PARTIAL -1:-3)",
         .expected = "UID FETCH $ UID FLAGS partial=-1:3"},
        {.text = "UID FETCH 1:* (FLAGS) (CHANGEDSINCE 0 VANISHED)",
         .expected = "UID FETCH uid=1:* UID FLAGS MODSEQ changedsince=0 vanished"},
    };

    (void)state;
    cmd_table_run(cases, ARRAY_LEN(cases));
}

static void
test_fetch_refused(void **state)
{
    static const struct cmd_case cases[] = {
        {.text = "FETCH", .expected = "!FETCH needs a message set"},
        {.text = "FETCH 1", .expected = "!FETCH needs items"},
        {.text = "FETCH 1 ", .expected = "!A FETCH item is missing"},
        {.text = "FETCH 0 FLAGS",
         .expected = "!Not a message set: numbers from 1 to 4294967295, *, ranges, commas"},
        {.text = "FETCH 4294967296 FLAGS",
         .expected = "!Not a message set: numbers from 1 to 4294967295, *, ranges, commas"},
        {.text = "FETCH x FLAGS", .expected = "!A message set is missing"},
        {.text = "FETCH 1 FOO", .expected = "!Unknown FETCH item"},
        {.text = "FETCH 1 (ALL)", .expected = "!Unknown FETCH item"},
        {.text = "FETCH 1 (FLAGS ALL)", .expected = "!Unknown FETCH item"},
        {.text = "FETCH 1 ALL FLAGS", .expected = "!FETCH modifiers must be in parentheses"},
        {.text = "FETCH 1 ()", .expected = "!A FETCH item is missing"},
        {.text = "FETCH 1 (FLAGS",
         .expected = "!Missing closing parenthesis after FETCH items"},
        {.text = "FETCH 1 (FLAGS)x", .expected = "!There is more after the end of the command"},
        {.text = "FETCH 1 FLAGS[]", .expected = "!There is more after the end of the command"},
        {.text = "FETCH 1 BODY.PEEK", .expected = "!A section in brackets is missing"},
        {.text = "FETCH 1 BODY[", .expected = "!Unknown section"},
        {.text = "FETCH 1 BODY[1", .expected = "!Missing closing bracket of a section"},
        {.text = "FETCH 1 BODY[1.]", .expected = "!Unknown section"},
        {.text = "FETCH 1 BODY[0]", .expected = "!A number must not be zero here"},
        {.text = "FETCH 1 BODY[1.0]", .expected = "!A number must not be zero here"},
        {.text = "FETCH 1 BODY[4294967296]", .expected = "!A number is out of range"},
        {.text = "FETCH 1 BODY[MIME]", .expected = "!MIME needs a part number before it"},
        {.text = "FETCH 1 BODY[FOO]", .expected = "!Unknown section"},
        {.text = "FETCH 1 BODY[HEADERS]", .expected = "!Unknown section"},
        {.text = "FETCH 1 BODY[HEADER.FIELDS]",
         .expected = "!HEADER.FIELDS needs a list of names"},
        {.text = "FETCH 1 BODY[HEADER.FIELDS ()]",
         .expected = "!A header field name is missing"},
        {.text = "FETCH 1 BODY[HEADER.FIELDS ({4}\r\na\r\nb)]",
         .expected = "!Not a header field name"},
        {.text = "FETCH 1 BODY[HEADER.FIELDS (From]",
         .expected = "!Missing closing parenthesis after header field names"},
        {.text = "FETCH 1 BODY[HEADER.FIELDS (From)",
         .expected = "!Missing closing bracket of a section"},
        {.text = "FETCH 1 BODY[]<0>", .expected = "!A partial is written <offset.octets>"},
        {.text = "FETCH 1 BODY[]<0.0>", .expected = "!A number must not be zero here"},
        {.text = "FETCH 1 BODY[]<x.1>", .expected = "!A partial needs an offset"},
        {.text = "FETCH 1 BODY[]<0.1", .expected = "!Missing > after a partial"},
        {.text = "FETCH 1 BODY[]<9223372036854775808.1>",
         .expected = "!A number is out of range"},
        {.text = "FETCH 1 BINARY[TEXT]", .expected = "!BINARY takes part numbers only"},
        {.text = "FETCH 1 BINARY[1.MIME]", .expected = "!BINARY takes part numbers only"},
        {.text = "FETCH 1 BINARY.SIZE[1]<0.1>",
         .expected = "!There is more after the end of the command"},
        {.text = "FETCH 1 FLAGS (FOO)", .expected = "!Unknown FETCH modifier"},
        {.text = "FETCH 1 FLAGS (PARTIAL 1:2)", .expected = "!PARTIAL needs UID FETCH"},
        {.text = "UID FETCH 1 FLAGS (PARTIAL 1:2 PARTIAL 1:2)",
         .expected = "!Unknown FETCH modifier"},
        {.text = "FETCH 1 FLAGS (CHANGEDSINCE)",
         .expected = "!CHANGEDSINCE needs a mod-sequence"},
        {.text = "FETCH 1 FLAGS (CHANGEDSINCE 9223372036854775808)",
         .expected = "!A number is out of range"},
        {.text = "FETCH 1 FLAGS (CHANGEDSINCE 1 VANISHED)",
         .expected = "!VANISHED needs UID FETCH and CHANGEDSINCE"},
        {.text = "UID FETCH 1 FLAGS (VANISHED)",
         .expected = "!VANISHED needs UID FETCH and CHANGEDSINCE"},
        {.text = "FETCH 1 FLAGS (CHANGEDSINCE 1",
         .expected = "!Missing closing parenthesis after FETCH modifiers"},
    };

    (void)state;
    cmd_table_run(cases, ARRAY_LEN(cases));
}

static void
test_fetch_limits(void **state)
{
    static const struct {
        const char *prefix;
        const char *unit;
        const char *suffix;
        size_t limit;
    } cases[] = {
        {"UID FETCH 1 (BODY[]", " BODY[]", ")", LIMIT_FETCH_ITEMS - 1},
        {"FETCH 1 BODY[1", ".1", "]", LIMIT_SECTION_DEPTH - 1},
        {"FETCH 1 BODY[HEADER.FIELDS (A", " \"(\"", ")]", LIMIT_HEADER_FIELDS - 1},
        {"FETCH 1", ",1", " FLAGS", LIMIT_SET_RANGES - 1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        /* a hundred times as many, but no more than so long a command carries */
        const size_t most = LIMIT_LINE / strlen(cases[i].unit);
        const size_t far = 100 * cases[i].limit < most ? 100 * cases[i].limit : most;
        assert_int_equal(
            cmd_parse_repeated(cases[i].prefix, cases[i].unit, cases[i].limit, cases[i].suffix),
            RC_OK);
        assert_int_equal(cmd_parse_repeated(cases[i].prefix, cases[i].unit, cases[i].limit + 1,
                                            cases[i].suffix),
                         RC_LIMIT);
        assert_int_equal(
            cmd_parse_repeated(cases[i].prefix, cases[i].unit, far, cases[i].suffix), RC_LIMIT);
    }
}

static void
test_store_copy_move_expunge(void **state)
{
    static const struct cmd_case cases[] = {
        {.text = "STORE 2:4 +FLAGS (\\Deleted)", .expected = "STORE seq=2:4 add (\\Deleted)"},
        {.text = "STORE 1 FLAGS ()", .expected = "STORE seq=1 replace ()"},
        {.text = "STORE 1 -FLAGS.SILENT (\\Seen \\ANSWERED $Junk foo FOO)",
         .expected = "STORE seq=1 remove silent (\\Seen\\Answered+$Junk+foo+FOO)"},
        {.text = "STORE 1 FLAGS \\Seen \\Draft kw ",
         .expected = "STORE seq=1 replace (\\Seen\\Draft+kw)"},
        {.text = "UID STORE $ flags.silent \\Flagged",
         .expected = "UID STORE $ replace silent (\\Flagged)"},
        {.text = "UID STORE 7,5,9 (UNCHANGEDSINCE 320162338) +FLAGS.SILENT (\\Deleted)",
         .expected = "UID STORE uid=7,5,9 add silent unchangedsince=320162338 (\\Deleted)"},
        {.text = "STORE 1 (UNCHANGEDSINCE 0) FLAGS ()",
         .expected = "STORE seq=1 replace unchangedsince=0 ()"},
        {.text = "STORE 1", .expected = "!STORE needs flags"},
        {.text = "STORE 1 FLAGS", .expected = "!STORE needs flags"},
        {.text = "STORE 1 FLAGS ", .expected = "!A flag is missing"},
        {.text = "STORE 1 FOO (x)", .expected = "!STORE needs FLAGS, +FLAGS or -FLAGS"},
        {.text = "STORE 1 +FLAGS.LOUD (x)", .expected = "!STORE needs FLAGS, +FLAGS or -FLAGS"},
        {.text = "STORE 1 FLAGS (\\Seen",
         .expected = "!Missing closing parenthesis of a flag list"},
        {.text = "STORE 1 FLAGS (\\)", .expected = "!A flag is missing"},
        {.text = "STORE 1 FLAGS (a])",
         .expected = "!Missing closing parenthesis of a flag list"},
        {.text = "STORE 1 FLAGS (\"x\")", .expected = "!A flag is missing"},
        {.text = "STORE 1 (FOO 1) FLAGS ()", .expected = "!Unknown STORE modifier"},
        {.text = "STORE 1 (UNCHANGEDSINCE 9223372036854775808) FLAGS ()",
         .expected = "!A number is out of range"},
        {.text = "COPY 2:4 MEETING", .expected = "COPY seq=2:4 mailbox=\"MEETING\""},
        {.text = "UID COPY $ inbox", .expected = "UID COPY $ mailbox=\"INBOX\""},
        {.text = "MOVE * x", .expected = "MOVE seq=* mailbox=\"x\""},
        {.text = "UID MOVE 1,3 {1}\r\nx", .expected = "UID MOVE uid=1,3 mailbox=\"x\""},
        {.text = "COPY 1", .expected = "!A mailbox name is missing"},
        {.text = "COPY x y", .expected = "!A message set is missing"},
        {.text = "UIDBATCHES 2000", .expected = "UIDBATCHES size=2000"},
        {.text = "uidbatches 1 4:4294967295",
         .expected = "UIDBATCHES size=1 range=4:4294967295"},
        {.text = "UIDBATCHES 2000 4:1", .expected = "UIDBATCHES size=2000 range=4:1"},
        {.text = "UIDBATCHES", .expected = "!UIDBATCHES needs a number of messages"},
        {.text = "UIDBATCHES 0", .expected = "!A number must not be zero here"},
        {.text = "UIDBATCHES 4294967296", .expected = "!A number is out of range"},
        {.text = "UIDBATCHES 2000 1", .expected = "!A range of batches is written as 1:4"},
        {.text = "UIDBATCHES 2000 1:*", .expected = "!A range of batches is written as 1:4"},
        {.text = "UIDBATCHES 2000 0:1", .expected = "!A number must not be zero here"},
        {.text = "UIDBATCHES 2000 1:2,4",
         .expected = "!There is more after the end of the command"},
        {.text = "UID EXPUNGE 3000:3002", .expected = "UID EXPUNGE uid=3000:3002"},
        {.text = "UID EXPUNGE", .expected = "!A message set is missing"},
    };

    (void)state;
    cmd_table_run(cases, ARRAY_LEN(cases));
    assert_int_equal(cmd_parse_repeated("STORE 1 FLAGS (", "k", LIMIT_KEYWORD_OCTETS, ")"),
                     RC_OK);
    assert_int_equal(cmd_parse_repeated("STORE 1 FLAGS (", "k", LIMIT_KEYWORD_OCTETS + 1, ")"),
                     RC_LIMIT);
    assert_int_equal(cmd_parse_repeated("STORE 1 FLAGS (", "k", 1000000, ")"), RC_LIMIT);
    assert_int_equal(cmd_parse_repeated("STORE 1 FLAGS (k", " K", 1000000, ")"), RC_OK);
}

/* A list may name more keywords than a mailbox can have: it is taken as far as it fits, so all
 * of it is given to the store. What bounds it is the length of the command. */
static void
test_many_keywords(void **state)
{
    static const unsigned counts[] = {LIMIT_KEYWORDS, LIMIT_KEYWORDS + 1, 100 * LIMIT_KEYWORDS,
                                      LIMIT_LINE / 8};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        AUTO_ARENA arena = {0};
        AUTO_BUF text = {0};
        AUTO_BUF out = {0};
        arena_init(&arena, LIMIT_CMD_ARENA);
        buf_init(&text, 2 * LIMIT_LINE);
        buf_init(&out, 8 * LIMIT_LINE);
        buf_put_str(&text, "STORE 1 FLAGS");
        for (unsigned j = 0; j < counts[i]; j++)
            buf_printf(&text, " k%u", j);
        assert_int_equal(cmd_parse(buf_span(&text), MBOX_WIRE_UTF7, &arena, &out), RC_OK);
    }
}

static void
test_spent_arena(void **state)
{
    static const char *const texts[] = {
        "LOGIN \"a\\\\b\" c", "ID (\"a\" \"b\")",  "SELECT &APw-",
        "LIST \"\" *",        "APPEND x {1}\r\nx", "FETCH 1 BODY[1]",
        "SEARCH ALL",         "STORE 1 FLAGS (x)", "ENABLE X",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        AUTO_BUF out = {0};
        buf_init(&out, 1000);
        for (size_t budget = 1; budget <= 16; budget++) { /* less than a block's header */
            AUTO_ARENA arena = {0};
            arena_init(&arena, budget);
            buf_clear(&out);
            assert_int_equal(cmd_parse(span_of_str(texts[i]), MBOX_WIRE_UTF7, &arena, &out),
                             RC_LIMIT);
        }
    }
}

static void
test_done(void **state)
{
    (void)state;
    assert_true(imap_line_is_done(SPAN("DONE")));
    assert_true(imap_line_is_done(SPAN("done")));
    assert_true(imap_line_is_done(SPAN("Done  \t")));
    assert_false(imap_line_is_done(SPAN("")));
    assert_false(imap_line_is_done(SPAN(" DONE")));
    assert_false(imap_line_is_done(SPAN("DONE x")));
    assert_false(imap_line_is_done(SPAN("a DONE")));
    assert_false(imap_line_is_done(SPAN("DON")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_without_arguments),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_session_commands),
        cmocka_unit_test(test_mailbox_commands),
        cmocka_unit_test(test_quota_commands),
        cmocka_unit_test(test_metadata_commands),
        cmocka_unit_test(test_metadata_limits),
        cmocka_unit_test(test_utf8_names),
        cmocka_unit_test(test_list_and_status),
        cmocka_unit_test(test_append),
        cmocka_unit_test(test_fetch_items),
        cmocka_unit_test(test_fetch_refused),
        cmocka_unit_test(test_fetch_limits),
        cmocka_unit_test(test_store_copy_move_expunge),
        cmocka_unit_test(test_many_keywords),
        cmocka_unit_test(test_spent_arena),
        cmocka_unit_test(test_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
