/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "cli/mail/foreign_file.h"

#include <fnmatch.h>
#include <stddef.h>

#include "base/attr.h"

struct known {
    const char *pattern; /* a shell pattern, without regard to case */
    const char *what;
};

static const struct known files[] = {
    {".*", "hidden"},
    {"dovecot*", "a file of Dovecot"},
    {"maildirfolder", "a marker file of Maildir++"},
    {"maildirsize", "a quota file of Maildir++"},
    {"courier*", "a file of Courier"},
    {"cyrus.*", "a file of Cyrus"},
    {"*.cmeta", "an index of Evolution"},
    {"*.ev-summary*", "an index of Evolution"},
    {"*.ibex.index*", "an index of Evolution"},
    {",[0-9]*", "a message that MH has deleted"},
    {"*.msf", "an index of Thunderbird"},
    {"*.dat", "settings of Thunderbird"},
    {"*.sqlite*", "a database"},
    {"*.db", "a database"},
    {"*.wdseml", "an index of Thunderbird"},
    {"filterlog.html", "a log of Thunderbird"},
    {"archive_browser.html", "a page of Google Takeout"},
    {"*.json", "a settings file"},
    {"*.ini", "a settings file"},
    {"*.plist", "settings of Apple Mail"},
    {"table_of_contents", "an index of Apple Mail"},
    {"*.lock", "a lock file"},
    {"*.sieve", "a Sieve script"},
    {"*.svbin", "a Sieve script"},
    {"Thumbs.db", "a file of Windows"},
    {"desktop.ini", "a file of Windows"},
};

static const struct known folders[] = {
    {".*", "hidden"},
    {"courierimapkeywords", "a folder of Courier"},
    {"courierimaphieracl", "a folder of Courier"},
    {"*.mozmsgs", "an index of Thunderbird"},
    {"lost+found", "a folder of the file system"},
};

static const struct known unread[] = {
    {"dbox-Mails", "mail in Dovecot's dbox format cannot be read; copy it by IMAP, or turn it "
                   "into a Maildir with `doveadm backup`"},
};

static const char *
find(const struct known *known, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (fnmatch(known[i].pattern, name, FNM_CASEFOLD) == 0)
            return known[i].what;
    return NULL;
}

const char *
foreign_file(const char *name)
{
    return find(files, ARRAY_LEN(files), name);
}

bool
foreign_is_everywhere(const char *name)
{
    static const char *const names[] = {".DS_Store",        "._*",       ".localized",
                                        ".directory",       "Thumbs.db", "desktop.ini",
                                        ".gitkeep",         ".keep",     ".placeholder",
                                        ".nfs[0-9a-f]*",    ".hidden",   "Icon\r",
                                        ".com.apple.timem*"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (fnmatch(names[i], name, FNM_CASEFOLD) == 0)
            return true;
    return false;
}

const char *
foreign_folder(const char *name)
{
    return find(folders, ARRAY_LEN(folders), name);
}

const char *
unread_folder(const char *name)
{
    return find(unread, ARRAY_LEN(unread), name);
}
