/* SPDX-License-Identifier: MIT */
/* What of a message is found, whatever it is written in and however it is fed. */
#include "support/cm.h"

#include "base/buf.h"
#include "syntax/mail/search/mime_search.h"

/* Whether a text is found in a message of this header and body. */
static void
assert_found(const char *head, const char *body, const char *text, bool is_there)
{
    const struct mime_needle wanted = {span_of_str(text), MIME_SCOPE_BODY, MIME_EXACT};
    struct mime_search search;
    struct mime_part *root;
    uint64_t offset;
    AUTO_ARENA arena = {0};
    AUTO_BUF mail = {0};

    buf_init(&mail, 1 << 20);
    arena_init(&arena, 1 << 20);
    buf_put_str(&mail, head);
    buf_put_lit(&mail, "\r\n\r\n");
    buf_put_str(&mail, body);
    const struct span all = buf_span(&mail);
    assert_int_equal(mime_scan(all, &arena, &root), RC_OK);
    assert_int_equal(mime_search_init(&search, &arena, &wanted, 1), RC_OK);
    for (size_t step = 1; step <= all.len; step++) {
        mime_search_begin(&search, root);
        while (mime_search_wants(&search, &offset))
            mime_search_feed(&search, span_head(span_tail(all, (size_t)offset), step));
        if (mime_search_found(&search, 0) != is_there)
            fail_msg("%s in steps of %zu in %s", text, step, body);
    }
    assert_false(mime_search_failed(&search));
    mime_search_done(&search);
}

/* What is shown of HTML is what is searched. */
static void
test_html(void **state)
{
    static const char head[] =
        "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable";
    static const char body[] =
        "<html><head><title>Never</title><style>.hidden{}</style></head>\r\n"
        "<body class=3Dattribute><!-- comment --><p>A long=20\r\n"
        "line of <i>sou=\r\nrce</i>, foo<b>bar</b>&nbsp;and caf&eac=\r\nute;</p>"
        "<td>one</td><td>two</td> 1 < 2 <img src=3Dcid alt=3D'A picture'>"
        "<a href=3D\"http://link.example/\">Here</a>";
    static const struct {
        const char *text;
        bool is_there;
    } rows[] = {
        {"a long line of source, foobar and caf\xC3\xA9", true},
        {"one\ntwo", true},
        {"onetwo", false},
        {"one two", false},
        {"1 < 2", true},
        {"a picture", true},
        {"here", true},
        {"never", false},
        {"hidden", false},
        {"attribute", false},
        {"comment", false},
        {"link.example", false},
        {"eacute", false},
        {"<b>", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_found(head, body, rows[i].text, rows[i].is_there);
}

/* Names of attachments, in whichever way they are written. */
static void
test_attachment_names(void **state)
{
    static const struct {
        const char *fields;
        const char *text;
        bool is_there;
    } rows[] = {
        {"Content-Type: application/pdf\r\nContent-Disposition: attachment; "
         "filename*=UTF-8''r%C3%A9sum%C3%A9.pdf",
         "r\xC3\xA9sum\xC3\xA9.pdf", true},
        {"Content-Type: application/pdf\r\nContent-Disposition: attachment; "
         "filename*=iso-8859-1'en'r%E9sum%E9.pdf; size=3",
         "R\xC3\x89SUM\xC3\x89.pdf", true},
        {"Content-Type: application/pdf\r\nContent-Disposition: attachment; "
         "filename*0=\"annual re\";\r\n filename*1=port.pdf",
         "annual report.pdf", true},
        {"Content-Type: application/pdf\r\nContent-Disposition: attachment; "
         "filename*0*=utf-8''gr%C3%BC;\r\n filename*1*=%C3%9Fe;\r\n filename*2=\".pdf\"",
         "gr\xC3\xBC\xC3\x9F"
         "e.pdf",
         true},
        {"Content-Type: application/pdf\r\nContent-Disposition: attachment; "
         "filename=\"=?utf-8?q?gr=C3=BC=C3=9Fe?=\r\n =?utf-8?q?.pdf?=\"",
         "gr\xC3\xBC\xC3\x9F"
         "e.pdf",
         true},
        {"Content-Type: application/pdf\r\nContent-Disposition: attachment; "
         "filename==?utf-8?b?Z3LDvMOfZS5wZGY=?=",
         "gr\xC3\xBC\xC3\x9F"
         "e.pdf",
         true},
        {"Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"a "
         "\\\"b\\\" c.pdf\"",
         "a \"b\" c.pdf", true},
        {"Content-Type: application/pdf\r\nContent-Disposition: attachment; "
         "filename=\"gr\xC3\xBC\xC3\x9F"
         "e.pdf\"",
         "gr\xC3\xBC\xC3\x9F"
         "e.pdf",
         true},
        {"Content-Type: application/pdf; name*=gb2312''%D6%D0%B9%FA.pdf",
         "\xE4\xB8\xAD\xE5\x9B\xBD.pdf", true},
        {"Content-Type: image/png;\r\n name*0=one;\r\n name*1=two", "onetwo", true},
        {"Content-Type: image/png;\r\n name*0=one;\r\n name*1=two\r\nX-Other: three",
         "onetwothree", false},
        {"X-Type: image/png;\r\n name*0=one;\r\n name*1=two", "onetwo", false},
        {"Content-Type: application/pdf\r\nContent-Disposition: attachment; "
         "filename*=UTF-8''plain%20name",
         "plain name", true},
        {"Content-Type: application/pdf\r\nContent-Disposition: attachment; "
         "filename*=UTF-8''plain%20name",
         "name*=", true},
    };
    AUTO_BUF mail = {0};

    (void)state;
    buf_init(&mail, 1 << 16);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        buf_clear(&mail);
        buf_put_lit(&mail, "--b\r\n");
        buf_put_str(&mail, rows[i].fields);
        buf_put_lit(&mail, "\r\n\r\nAAAA\r\n--b--\r\n\0");
        assert_found("Content-Type: multipart/mixed; boundary=b", buf_span(&mail).ptr,
                     rows[i].text, rows[i].is_there);
    }
}

static const struct {
    const char *head;
    const char *body;
    const char *text;
} in_charsets[] = {
    {"Content-Type: text/plain; charset=iso-2022-jp\r\nContent-Transfer-Encoding: base64",
     "GyRCTEBGfCROMnE1RCRP\r\nRWw1fiRHJDkhIxsoQg==\r\n",
     "\xE4\xBC\x9A\xE8\xAD\xB0\xE3\x81\xAF\xE6\x9D\xB1\xE4\xBA\xAC"},
    {"Content-Type: text/plain; charset=iso-2022-jp\r\nContent-Transfer-Encoding: "
     "quoted-printable",
     "=1B$BL@F|$N2q5D$OEl5=\r\n~$G$9!#=1B(B\r\n",
     "\xE4\xBC\x9A\xE8\xAD\xB0\xE3\x81\xAF\xE6\x9D\xB1\xE4\xBA\xAC"},
    {"Content-Type: text/plain; charset=iso-2022-jp\r\nContent-Transfer-Encoding: 8bit",
     "\x1B$BL@F|$N2q5D$OEl5~$G$9!#\x1B(B\r\n",
     "\xE4\xBC\x9A\xE8\xAD\xB0\xE3\x81\xAF\xE6\x9D\xB1\xE4\xBA\xAC"},
    {"Content-Type: text/html; charset=iso-2022-jp\r\nContent-Transfer-Encoding: base64",
     "PHA+GyRCTEBGfCROMnEb\r\nKEI8Yj4bJEI1RBsoQjwv\r\nYj4bJEIkT0VsNX4kRyQ5\r\nISMbKEI8L3A+"
     "\r\n",
     "\xE4\xBC\x9A\xE8\xAD\xB0\xE3\x81\xAF\xE6\x9D\xB1\xE4\xBA\xAC"},
    {"Content-Type: text/plain; charset=shift_jis\r\nContent-Transfer-Encoding: base64",
     "lr6T+oLMie+LY4LNk4yL\r\nnoLFgreBQg==\r\n",
     "\xE4\xBC\x9A\xE8\xAD\xB0\xE3\x81\xAF\xE6\x9D\xB1\xE4\xBA\xAC"},
    {"Content-Type: text/plain; charset=shift_jis\r\nContent-Transfer-Encoding: "
     "quoted-printable",
     "=96=BE=93=FA=82=CC=\r\n=89=EF=8Bc=82=CD=93=\r\n=8C=8B=9E=82=C5=82=\r\n=B7=81B\r\n",
     "\xE4\xBC\x9A\xE8\xAD\xB0\xE3\x81\xAF\xE6\x9D\xB1\xE4\xBA\xAC"},
    {"Content-Type: text/plain; charset=shift_jis\r\nContent-Transfer-Encoding: 8bit",
     "\x96\xBE\x93\xFA\x82\xCC\x89\xEF\x8B"
     "c\x82\xCD\x93\x8C\x8B\x9E\x82\xC5\x82\xB7\x81"
     "B\r\n",
     "\xE4\xBC\x9A\xE8\xAD\xB0\xE3\x81\xAF\xE6\x9D\xB1\xE4\xBA\xAC"},
    {"Content-Type: text/html; charset=shift_jis\r\nContent-Transfer-Encoding: base64",
     "PHA+lr6T+oLMie88Yj6L\r\nYzwvYj6CzZOMi56CxYK3\r\ngUI8L3A+\r\n",
     "\xE4\xBC\x9A\xE8\xAD\xB0\xE3\x81\xAF\xE6\x9D\xB1\xE4\xBA\xAC"},
    {"Content-Type: text/plain; charset=euc-jp\r\nContent-Transfer-Encoding: base64",
     "zMDG/KTOsvG1xKTPxey1\r\n/qTHpLmhow==\r\n",
     "\xE4\xBC\x9A\xE8\xAD\xB0\xE3\x81\xAF\xE6\x9D\xB1\xE4\xBA\xAC"},
    {"Content-Type: text/plain; charset=euc-jp\r\nContent-Transfer-Encoding: "
     "quoted-printable",
     "=CC=C0=C6=FC=A4=CE=\r\n=B2=F1=B5=C4=A4=CF=\r\n=C5=EC=B5=FE=A4=C7=\r\n=A4=B9=A1="
     "A3\r\n",
     "\xE4\xBC\x9A\xE8\xAD\xB0\xE3\x81\xAF\xE6\x9D\xB1\xE4\xBA\xAC"},
    {"Content-Type: text/plain; charset=euc-jp\r\nContent-Transfer-Encoding: 8bit",
     "\xCC\xC0\xC6\xFC\xA4\xCE\xB2\xF1\xB5\xC4\xA4\xCF\xC5\xEC\xB5\xFE\xA4\xC7\xA4\xB9\xA1"
     "\xA3\r\n",
     "\xE4\xBC\x9A\xE8\xAD\xB0\xE3\x81\xAF\xE6\x9D\xB1\xE4\xBA\xAC"},
    {"Content-Type: text/html; charset=euc-jp\r\nContent-Transfer-Encoding: base64",
     "PHA+zMDG/KTOsvE8Yj61\r\nxDwvYj6kz8Xstf6kx6S5\r\noaM8L3A+\r\n",
     "\xE4\xBC\x9A\xE8\xAD\xB0\xE3\x81\xAF\xE6\x9D\xB1\xE4\xBA\xAC"},
    {"Content-Type: text/plain; charset=gb2312\r\nContent-Transfer-Encoding: base64",
     "ztLDx8P3zOzU2rGxvqm/\r\nqrvhoaM=\r\n",
     "\xE5\x8C\x97\xE4\xBA\xAC\xE5\xBC\x80\xE4\xBC\x9A"},
    {"Content-Type: text/plain; charset=gb2312\r\nContent-Transfer-Encoding: "
     "quoted-printable",
     "=CE=D2=C3=C7=C3=F7=\r\n=CC=EC=D4=DA=B1=B1=\r\n=BE=A9=BF=AA=BB=E1=\r\n=A1=A3\r\n",
     "\xE5\x8C\x97\xE4\xBA\xAC\xE5\xBC\x80\xE4\xBC\x9A"},
    {"Content-Type: text/plain; charset=gb2312\r\nContent-Transfer-Encoding: 8bit",
     "\xCE\xD2\xC3\xC7\xC3\xF7\xCC\xEC\xD4\xDA\xB1\xB1\xBE\xA9\xBF\xAA\xBB\xE1\xA1\xA3\r\n",
     "\xE5\x8C\x97\xE4\xBA\xAC\xE5\xBC\x80\xE4\xBC\x9A"},
    {"Content-Type: text/html; charset=gb2312\r\nContent-Transfer-Encoding: base64",
     "PHA+ztLDx8P3zOzU2rGx\r\nPGI+vqk8L2I+v6q74aGj\r\nPC9wPg==\r\n",
     "\xE5\x8C\x97\xE4\xBA\xAC\xE5\xBC\x80\xE4\xBC\x9A"},
    {"Content-Type: text/plain; charset=gb18030\r\nContent-Transfer-Encoding: base64",
     "ztLDx8P3zOzU2pUygjax\r\nsb6pv6q74aGj\r\n", "\xF0\xA0\x80\x80\xE5\x8C\x97\xE4\xBA\xAC"},
    {"Content-Type: text/plain; charset=gb18030\r\nContent-Transfer-Encoding: "
     "quoted-printable",
     "=CE=D2=C3=C7=C3=F7=\r\n=CC=EC=D4=DA=952=826=\r\n=B1=B1=BE=A9=BF=AA=\r\n=BB=E1=A1="
     "A3\r\n",
     "\xF0\xA0\x80\x80\xE5\x8C\x97\xE4\xBA\xAC"},
    {"Content-Type: text/plain; charset=gb18030\r\nContent-Transfer-Encoding: 8bit",
     "\xCE\xD2\xC3\xC7\xC3\xF7\xCC\xEC\xD4\xDA\x95"
     "2\x82"
     "6\xB1\xB1\xBE\xA9\xBF\xAA\xBB\xE1\xA1\xA3\r\n",
     "\xF0\xA0\x80\x80\xE5\x8C\x97\xE4\xBA\xAC"},
    {"Content-Type: text/html; charset=gb18030\r\nContent-Transfer-Encoding: base64",
     "PHA+ztLDx8P3zOzU2pUy\r\ngjY8Yj6xsTwvYj6+qb+q\r\nu+GhozwvcD4=\r\n",
     "\xF0\xA0\x80\x80\xE5\x8C\x97\xE4\xBA\xAC"},
    {"Content-Type: text/plain; charset=big5\r\nContent-Transfer-Encoding: base64",
     "p9qtzKn6pNGmYqV4pV+2\r\nfbd8oUM=\r\n",
     "\xE5\x8F\xB0\xE5\x8C\x97\xE9\x96\x8B\xE6\x9C\x83"},
    {"Content-Type: text/plain; charset=big5\r\nContent-Transfer-Encoding: "
     "quoted-printable",
     "=A7=DA=AD=CC=A9=FA=\r\n=A4=D1=A6b=A5x=A5_=\r\n=B6}=B7|=A1C\r\n",
     "\xE5\x8F\xB0\xE5\x8C\x97\xE9\x96\x8B\xE6\x9C\x83"},
    {"Content-Type: text/plain; charset=big5\r\nContent-Transfer-Encoding: 8bit",
     "\xA7\xDA\xAD\xCC\xA9\xFA\xA4\xD1\xA6"
     "b\xA5x\xA5_\xB6}\xB7|\xA1"
     "C\r\n",
     "\xE5\x8F\xB0\xE5\x8C\x97\xE9\x96\x8B\xE6\x9C\x83"},
    {"Content-Type: text/html; charset=big5\r\nContent-Transfer-Encoding: base64",
     "PHA+p9qtzKn6pNGmYqV4\r\nPGI+pV88L2I+tn23fKFD\r\nPC9wPg==\r\n",
     "\xE5\x8F\xB0\xE5\x8C\x97\xE9\x96\x8B\xE6\x9C\x83"},
    {"Content-Type: text/plain; charset=euc-kr\r\nContent-Transfer-Encoding: base64",
     "s7vAzyDIuMDHtMIgvK2/\r\n77+hvK0gx9W0z7TZLg==\r\n",
     "\xED\x9A\x8C\xEC\x9D\x98\xEB\x8A\x94 \xEC\x84\x9C\xEC\x9A\xB8"},
    {"Content-Type: text/plain; charset=euc-kr\r\nContent-Transfer-Encoding: "
     "quoted-printable",
     "=B3=BB=C0=CF =C8=B8=\r\n=C0=C7=B4=C2 =BC=AD=\r\n=BF=EF=BF=A1=BC=AD "
     "=\r\n=C7=D5=B4=CF=B4=D9.\r\n",
     "\xED\x9A\x8C\xEC\x9D\x98\xEB\x8A\x94 \xEC\x84\x9C\xEC\x9A\xB8"},
    {"Content-Type: text/plain; charset=euc-kr\r\nContent-Transfer-Encoding: 8bit",
     "\xB3\xBB\xC0\xCF \xC8\xB8\xC0\xC7\xB4\xC2 \xBC\xAD\xBF\xEF\xBF\xA1\xBC\xAD "
     "\xC7\xD5\xB4\xCF\xB4\xD9.\r\n",
     "\xED\x9A\x8C\xEC\x9D\x98\xEB\x8A\x94 \xEC\x84\x9C\xEC\x9A\xB8"},
    {"Content-Type: text/html; charset=euc-kr\r\nContent-Transfer-Encoding: base64",
     "PHA+s7vAzyDIuDxiPsDH\r\nPC9iPrTCILytv++/obyt\r\nIMfVtM+02S48L3A+\r\n",
     "\xED\x9A\x8C\xEC\x9D\x98\xEB\x8A\x94 \xEC\x84\x9C\xEC\x9A\xB8"},
    {"Content-Type: text/plain; charset=ks_c_5601-1987\r\nContent-Transfer-Encoding: "
     "base64",
     "s7vAzyDIuMDHtMIgvK2/\r\n77+hvK0gx9W0z7TZLg==\r\n",
     "\xED\x9A\x8C\xEC\x9D\x98\xEB\x8A\x94 \xEC\x84\x9C\xEC\x9A\xB8"},
    {"Content-Type: text/plain; charset=ks_c_5601-1987\r\nContent-Transfer-Encoding: "
     "quoted-printable",
     "=B3=BB=C0=CF =C8=B8=\r\n=C0=C7=B4=C2 =BC=AD=\r\n=BF=EF=BF=A1=BC=AD "
     "=\r\n=C7=D5=B4=CF=B4=D9.\r\n",
     "\xED\x9A\x8C\xEC\x9D\x98\xEB\x8A\x94 \xEC\x84\x9C\xEC\x9A\xB8"},
    {"Content-Type: text/plain; charset=ks_c_5601-1987\r\nContent-Transfer-Encoding: 8bit",
     "\xB3\xBB\xC0\xCF \xC8\xB8\xC0\xC7\xB4\xC2 \xBC\xAD\xBF\xEF\xBF\xA1\xBC\xAD "
     "\xC7\xD5\xB4\xCF\xB4\xD9.\r\n",
     "\xED\x9A\x8C\xEC\x9D\x98\xEB\x8A\x94 \xEC\x84\x9C\xEC\x9A\xB8"},
    {"Content-Type: text/html; charset=ks_c_5601-1987\r\nContent-Transfer-Encoding: base64",
     "PHA+s7vAzyDIuDxiPsDH\r\nPC9iPrTCILytv++/obyt\r\nIMfVtM+02S48L3A+\r\n",
     "\xED\x9A\x8C\xEC\x9D\x98\xEB\x8A\x94 \xEC\x84\x9C\xEC\x9A\xB8"},
    {"Content-Type: text/plain; charset=koi8-r\r\nContent-Transfer-Encoding: base64",
     "99PU0sXewSDXIO3P08vX\r\nxSDawdfU0sE=\r\n",
     "\xD0\xB2 \xD0\x9C\xD0\x9E\xD0\xA1\xD0\x9A\xD0\x92\xD0\x95"},
    {"Content-Type: text/plain; charset=koi8-r\r\nContent-Transfer-Encoding: "
     "quoted-printable",
     "=F7=D3=D4=D2=C5=DE=\r\n=C1 =D7 =ED=CF=D3=CB=\r\n=D7=C5 =DA=C1=D7=D4=\r\n=D2=C1\r\n",
     "\xD0\xB2 \xD0\x9C\xD0\x9E\xD0\xA1\xD0\x9A\xD0\x92\xD0\x95"},
    {"Content-Type: text/plain; charset=koi8-r\r\nContent-Transfer-Encoding: 8bit",
     "\xF7\xD3\xD4\xD2\xC5\xDE\xC1 \xD7 \xED\xCF\xD3\xCB\xD7\xC5 "
     "\xDA\xC1\xD7\xD4\xD2\xC1\r\n",
     "\xD0\xB2 \xD0\x9C\xD0\x9E\xD0\xA1\xD0\x9A\xD0\x92\xD0\x95"},
    {"Content-Type: text/html; charset=koi8-r\r\nContent-Transfer-Encoding: base64",
     "PHA+99PU0sXewSDXPGI+\r\nIDwvYj7tz9PL18Ug2sHX\r\n1NLBPC9wPg==\r\n",
     "\xD0\xB2 \xD0\x9C\xD0\x9E\xD0\xA1\xD0\x9A\xD0\x92\xD0\x95"},
    {"Content-Type: text/plain; charset=windows-1251\r\nContent-Transfer-Encoding: base64",
     "wvHy8OX34CDiIMzu8eri\r\n5SDn4OLy8OA=\r\n",
     "\xD0\xB2 \xD0\xBC\xD0\xBE\xD1\x81\xD0\xBA\xD0\xB2\xD0\xB5"},
    {"Content-Type: text/plain; charset=windows-1251\r\nContent-Transfer-Encoding: "
     "quoted-printable",
     "=C2=F1=F2=F0=E5=F7=\r\n=E0 =E2 =CC=EE=F1=EA=\r\n=E2=E5 =E7=E0=E2=F2=\r\n=F0=E0\r\n",
     "\xD0\xB2 \xD0\xBC\xD0\xBE\xD1\x81\xD0\xBA\xD0\xB2\xD0\xB5"},
    {"Content-Type: text/plain; charset=windows-1251\r\nContent-Transfer-Encoding: 8bit",
     "\xC2\xF1\xF2\xF0\xE5\xF7\xE0 \xE2 \xCC\xEE\xF1\xEA\xE2\xE5 "
     "\xE7\xE0\xE2\xF2\xF0\xE0\r\n",
     "\xD0\xB2 \xD0\xBC\xD0\xBE\xD1\x81\xD0\xBA\xD0\xB2\xD0\xB5"},
    {"Content-Type: text/html; charset=windows-1251\r\nContent-Transfer-Encoding: base64",
     "PHA+wvHy8OX34CDiPGI+\r\nIDwvYj7M7vHq4uUg5+Di\r\n8vDgPC9wPg==\r\n",
     "\xD0\xB2 \xD0\xBC\xD0\xBE\xD1\x81\xD0\xBA\xD0\xB2\xD0\xB5"},
    {"Content-Type: text/plain; charset=iso-8859-2\r\nContent-Transfer-Encoding: base64",
     "WmG/87PmIGfqtmyxIGph\r\nvPE=\r\n",
     "ZA\xC5\xBB\xC3\x93\xC5\x81\xC4\x86 g\xC4\x99\xC5\x9Bl\xC4\x85"},
    {"Content-Type: text/plain; charset=iso-8859-2\r\nContent-Transfer-Encoding: "
     "quoted-printable",
     "Za=BF=F3=B3=E6 g=EA=\r\n=B6l=B1 ja=BC=F1\r\n",
     "ZA\xC5\xBB\xC3\x93\xC5\x81\xC4\x86 g\xC4\x99\xC5\x9Bl\xC4\x85"},
    {"Content-Type: text/plain; charset=iso-8859-2\r\nContent-Transfer-Encoding: 8bit",
     "Za\xBF\xF3\xB3\xE6 g\xEA\xB6l\xB1 ja\xBC\xF1\r\n",
     "ZA\xC5\xBB\xC3\x93\xC5\x81\xC4\x86 g\xC4\x99\xC5\x9Bl\xC4\x85"},
    {"Content-Type: text/html; charset=iso-8859-2\r\nContent-Transfer-Encoding: base64",
     "PHA+WmG/87PmIGfqtmyx\r\nIGphvPE=\r\n",
     "ZA\xC5\xBB\xC3\x93\xC5\x81\xC4\x86 g\xC4\x99\xC5\x9Bl\xC4\x85"},
    {"Content-Type: text/plain; charset=iso-8859-7\r\nContent-Transfer-Encoding: base64",
     "yuHr5+zd8eEg6vzz7OU=\r\n",
     "\xCE\x9A\xCE\x91\xCE\x9B\xCE\x97\xCE\x9C\xCE\x88\xCE\xA1\xCE\x91"},
    {"Content-Type: text/plain; charset=iso-8859-7\r\nContent-Transfer-Encoding: "
     "quoted-printable",
     "=CA=E1=EB=E7=EC=DD=\r\n=F1=E1 =EA=FC=F3=EC=\r\n=E5\r\n",
     "\xCE\x9A\xCE\x91\xCE\x9B\xCE\x97\xCE\x9C\xCE\x88\xCE\xA1\xCE\x91"},
    {"Content-Type: text/plain; charset=iso-8859-7\r\nContent-Transfer-Encoding: 8bit",
     "\xCA\xE1\xEB\xE7\xEC\xDD\xF1\xE1 \xEA\xFC\xF3\xEC\xE5\r\n",
     "\xCE\x9A\xCE\x91\xCE\x9B\xCE\x97\xCE\x9C\xCE\x88\xCE\xA1\xCE\x91"},
    {"Content-Type: text/html; charset=iso-8859-7\r\nContent-Transfer-Encoding: base64",
     "PHA+yuHr5+zd8eEg6vzz\r\n7OU=\r\n",
     "\xCE\x9A\xCE\x91\xCE\x9B\xCE\x97\xCE\x9C\xCE\x88\xCE\xA1\xCE\x91"},
    {"Content-Type: text/plain; charset=windows-1255\r\nContent-Transfer-Encoding: base64",
     "+ezl7SDy5ezt\r\n", "\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D \xD7\xA2\xD7\x95\xD7\x9C\xD7\x9D"},
    {"Content-Type: text/plain; charset=windows-1255\r\nContent-Transfer-Encoding: "
     "quoted-printable",
     "=F9=EC=E5=ED =F2=E5=\r\n=EC=ED\r\n",
     "\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D \xD7\xA2\xD7\x95\xD7\x9C\xD7\x9D"},
    {"Content-Type: text/plain; charset=windows-1255\r\nContent-Transfer-Encoding: 8bit",
     "\xF9\xEC\xE5\xED \xF2\xE5\xEC\xED\r\n",
     "\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D \xD7\xA2\xD7\x95\xD7\x9C\xD7\x9D"},
    {"Content-Type: text/html; charset=windows-1255\r\nContent-Transfer-Encoding: base64",
     "PHA++TxiPuw8L2I+5e0g\r\n8uXs7TwvcD4=\r\n",
     "\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D \xD7\xA2\xD7\x95\xD7\x9C\xD7\x9D"},
    {"Content-Type: text/plain; charset=windows-1256\r\nContent-Transfer-Encoding: base64",
     "49HNyMcgyMfh2sfh4w==\r\n", "\xD8\xA8\xD8\xA7\xD9\x84\xD8\xB9\xD8\xA7\xD9\x84\xD9\x85"},
    {"Content-Type: text/plain; charset=windows-1256\r\nContent-Transfer-Encoding: "
     "quoted-printable",
     "=E3=D1=CD=C8=C7 =C8=\r\n=C7=E1=DA=C7=E1=E3\r\n",
     "\xD8\xA8\xD8\xA7\xD9\x84\xD8\xB9\xD8\xA7\xD9\x84\xD9\x85"},
    {"Content-Type: text/plain; charset=windows-1256\r\nContent-Transfer-Encoding: 8bit",
     "\xE3\xD1\xCD\xC8\xC7 \xC8\xC7\xE1\xDA\xC7\xE1\xE3\r\n",
     "\xD8\xA8\xD8\xA7\xD9\x84\xD8\xB9\xD8\xA7\xD9\x84\xD9\x85"},
    {"Content-Type: text/html; charset=windows-1256\r\nContent-Transfer-Encoding: base64",
     "PHA+49HNyDxiPsc8L2I+\r\nIMjH4drH4eM8L3A+\r\n",
     "\xD8\xA8\xD8\xA7\xD9\x84\xD8\xB9\xD8\xA7\xD9\x84\xD9\x85"},
    {"Content-Type: text/plain; charset=tis-620\r\nContent-Transfer-Encoding: base64",
     "ysfRyrTVpMPRug==\r\n",
     "\xE0\xB8\xAA\xE0\xB8\xA7\xE0\xB8\xB1\xE0\xB8\xAA\xE0\xB8\x94\xE0\xB8\xB5"},
    {"Content-Type: text/plain; charset=tis-620\r\nContent-Transfer-Encoding: "
     "quoted-printable",
     "=CA=C7=D1=CA=B4=D5=\r\n=A4=C3=D1=BA\r\n",
     "\xE0\xB8\xAA\xE0\xB8\xA7\xE0\xB8\xB1\xE0\xB8\xAA\xE0\xB8\x94\xE0\xB8\xB5"},
    {"Content-Type: text/plain; charset=tis-620\r\nContent-Transfer-Encoding: 8bit",
     "\xCA\xC7\xD1\xCA\xB4\xD5\xA4\xC3\xD1\xBA\r\n",
     "\xE0\xB8\xAA\xE0\xB8\xA7\xE0\xB8\xB1\xE0\xB8\xAA\xE0\xB8\x94\xE0\xB8\xB5"},
    {"Content-Type: text/html; charset=tis-620\r\nContent-Transfer-Encoding: base64",
     "PHA+yjxiPsc8L2I+0cq0\r\n1aTD0bo8L3A+\r\n",
     "\xE0\xB8\xAA\xE0\xB8\xA7\xE0\xB8\xB1\xE0\xB8\xAA\xE0\xB8\x94\xE0\xB8\xB5"},
    {"Content-Type: text/plain; charset=utf-16le\r\nContent-Transfer-Encoding: base64",
     "RwByAPwA3wBlACAAYQB1\r\nAHMAIABLAPYAbABuAA==\r\n", "GR\xC3\x9CSSE aus k\xC3\xB6ln"},
    {"Content-Type: text/plain; charset=utf-16le\r\nContent-Transfer-Encoding: "
     "quoted-printable",
     "G=00r=00=FC=00=DF=00=\r\ne=00 =00a=00u=00s=00=\r\n =00K=00=F6=00l=00n=\r\n=00\r\n",
     "GR\xC3\x9CSSE aus k\xC3\xB6ln"},
    {"Content-Type: text/html; charset=utf-16le\r\nContent-Transfer-Encoding: base64",
     "PABwAD4ARwByAPwA3wBl\r\nACAAYQB1AHMAIABLAPYA\r\nbABuAA==\r\n",
     "GR\xC3\x9CSSE aus k\xC3\xB6ln"},
    {"Content-Type: text/plain; charset=utf-7\r\nContent-Transfer-Encoding: base64",
     "R3IrQVB3QTN3LWUgYXVz\r\nIEsrQVBZLWxu\r\n",
     "gr\xC3\xBC\xC3\x9F"
     "e aus k\xC3\xB6ln"},
    {"Content-Type: text/plain; charset=utf-7\r\nContent-Transfer-Encoding: "
     "quoted-printable",
     "Gr+APwA3w-e aus K+AP=\r\nY-ln\r\n",
     "gr\xC3\xBC\xC3\x9F"
     "e aus k\xC3\xB6ln"},
    {"Content-Type: text/plain; charset=utf-7\r\nContent-Transfer-Encoding: 8bit",
     "Gr+APwA3w-e aus K+APY-ln\r\n",
     "gr\xC3\xBC\xC3\x9F"
     "e aus k\xC3\xB6ln"},
    {"Content-Type: text/html; charset=utf-7\r\nContent-Transfer-Encoding: base64",
     "PHA+R3IrQVB3QTN3LWUg\r\nYXVzIEsrQVBZLWxu\r\n",
     "gr\xC3\xBC\xC3\x9F"
     "e aus k\xC3\xB6ln"},
    {"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64",
     "Q2FmZcyBIGRlzIFqYcyA\r\n", "caf\xC3\xA9 d\xC3\xA9j\xC3\xA0"},
    {"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
     "quoted-printable",
     "Cafe=CC=81 de=CC=81j=\r\na=CC=80\r\n", "caf\xC3\xA9 d\xC3\xA9j\xC3\xA0"},
    {"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit",
     "Cafe\xCC\x81 de\xCC\x81ja\xCC\x80\r\n", "caf\xC3\xA9 d\xC3\xA9j\xC3\xA0"},
    {"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64",
     "PHA+Q2FmZcyBIGRlzIFq\r\nYcyA\r\n", "caf\xC3\xA9 d\xC3\xA9j\xC3\xA0"},
    {"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64",
     "Q2Fmw6kgZMOpasOg\r\n", "Cafe\xCC\x81 de\xCC\x81ja\xCC\x80"},
    {"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
     "quoted-printable",
     "Caf=C3=A9 d=C3=A9j=\r\n=C3=A0\r\n", "Cafe\xCC\x81 de\xCC\x81ja\xCC\x80"},
    {"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit",
     "Caf\xC3\xA9 d\xC3\xA9j\xC3\xA0\r\n", "Cafe\xCC\x81 de\xCC\x81ja\xCC\x80"},
    {"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64",
     "PHA+QzxiPmE8L2I+ZsOp\r\nIGTDqWrDoDwvcD4=\r\n", "Cafe\xCC\x81 de\xCC\x81ja\xCC\x80"},
};

/* Whatever the encoding and the charset, also in an enclosed message. */
static void
test_charsets(void **state)
{
    AUTO_BUF mail = {0};

    (void)state;
    buf_init(&mail, 1 << 16);
    for (size_t i = 0; i < ARRAY_LEN(in_charsets); i++) {
        assert_found(in_charsets[i].head, in_charsets[i].body, in_charsets[i].text, true);
        buf_clear(&mail);
        buf_put_lit(&mail, "Subject: enclosed\r\n");
        buf_put_str(&mail, in_charsets[i].head);
        buf_put_lit(&mail, "\r\n\r\n");
        buf_put_str(&mail, in_charsets[i].body);
        buf_put_char(&mail, '\0');
        assert_found("Content-Type: message/rfc822", buf_span(&mail).ptr, in_charsets[i].text,
                     true);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_html),
        cmocka_unit_test(test_attachment_names),
        cmocka_unit_test(test_charsets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
