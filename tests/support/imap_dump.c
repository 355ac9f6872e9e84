/* SPDX-License-Identifier: MIT */
/* One function for each kind of request, in the order of req.h; see the header. */
#include "support/imap_dump.h"

static void
dump_str(struct buf *buf, struct span s)
{
    buf_put_char(buf, '"');
    for (size_t i = 0; i < s.len; i++) {
        const unsigned char c = (unsigned char)s.ptr[i];
        if (c < 0x20 || c == 0x7f || c == '"' || c == '\\')
            buf_printf(buf, "\\x%02x", c);
        else
            buf_put_char(buf, s.ptr[i]);
    }
    buf_put_char(buf, '"');
}

static void
dump_field(struct buf *buf, const char *name, struct span s)
{
    buf_printf(buf, " %s=", name);
    dump_str(buf, s);
}

static void
dump_bits(struct buf *buf, const char *name, unsigned bits)
{
    if (bits != 0)
        buf_printf(buf, " %s=%x", name, bits);
}

static void
dump_mark(struct buf *buf, const char *name, bool is_set)
{
    if (is_set)
        buf_printf(buf, " %s", name);
}

static void
dump_u64(struct buf *buf, const char *name, uint64_t number)
{
    buf_printf(buf, " %s=%ju", name, (uintmax_t)number);
}

static void
dump_mbox(struct buf *buf, const char *name, const struct mbox_arg *mbox)
{
    if (mbox->invalid != NULL)
        buf_printf(buf, " %s!", name);
    else
        dump_field(buf, name, mbox->name);
    dump_mark(buf, "trailing", mbox->trailing);
}

static void
dump_msgs(struct buf *buf, const struct imap_msgs *msgs)
{
    switch (msgs->kind) {
    case IMAP_MSGS_SEQ:
        buf_put_str(buf, " seq=");
        numset_put(buf, &msgs->seq.set);
        break;
    case IMAP_MSGS_UID:
        buf_put_str(buf, " uid=");
        numset_put(buf, &msgs->uid.set);
        break;
    case IMAP_MSGS_SAVED:
        buf_put_str(buf, " $");
        break;
    }
}

static void
dump_flags(struct buf *buf, const struct imap_flag_list *list)
{
    buf_put_str(buf, " (");
    for (unsigned i = 0; i < IMAP_FLAG_COUNT; i++)
        if (list->flags & 1u << i)
            buf_put_span(buf, imap_flag_names[i]);
    for (size_t i = 0; i < list->keyword_count; i++) {
        buf_put_char(buf, '+');
        buf_put_span(buf, list->keywords[i]);
    }
    buf_put_char(buf, ')');
}

static void
dump_session(struct buf *buf, const struct imap_cmd *cmd)
{
    switch (cmd->id) {
    case IMAP_CMD_LOGIN:
        dump_field(buf, "user", cmd->u.login.user);
        dump_field(buf, "password", cmd->u.login.password);
        break;
    case IMAP_CMD_AUTHENTICATE:
        dump_field(buf, "mechanism", cmd->u.authenticate.mechanism);
        if (cmd->u.authenticate.has_initial)
            dump_field(buf, "initial", cmd->u.authenticate.initial);
        break;
    case IMAP_CMD_ID:
        for (size_t i = 0; i < cmd->u.id.pair_count; i++) {
            dump_field(buf, "field", cmd->u.id.pairs[i].field);
            if (cmd->u.id.pairs[i].is_nil)
                buf_put_str(buf, " NIL");
            else
                dump_field(buf, "value", cmd->u.id.pairs[i].value);
        }
        break;
    default:
        for (size_t i = 0; i < cmd->u.enable.capability_count; i++)
            dump_field(buf, "capability", cmd->u.enable.capabilities[i]);
        break;
    }
}

static void
dump_select(struct buf *buf, const struct imap_select_req *req)
{
    dump_mbox(buf, "mailbox", &req->mailbox);
    dump_mark(buf, "condstore", req->condstore);
    if (!req->has_qresync)
        return;
    dump_u64(buf, "uidvalidity", req->qresync.uidvalidity);
    dump_u64(buf, "modseq", req->qresync.modseq);
    if (req->qresync.has_known_uids) {
        buf_put_str(buf, " known=");
        numset_put(buf, &req->qresync.known_uids.set);
    }
    if (req->qresync.has_match) {
        buf_put_str(buf, " match=");
        numset_put(buf, &req->qresync.match_seqs.set);
        buf_put_char(buf, '/');
        numset_put(buf, &req->qresync.match_uids.set);
    }
}

static void
dump_notify(struct buf *buf, const struct imap_notify_req *req)
{
    static const char *const scopes[] = {
        [IMAP_NOTIFY_SELECTED] = "selected",     [IMAP_NOTIFY_SELECTED_DELAYED] = "delayed",
        [IMAP_NOTIFY_INBOXES] = "inboxes",       [IMAP_NOTIFY_PERSONAL] = "personal",
        [IMAP_NOTIFY_SUBSCRIBED] = "subscribed", [IMAP_NOTIFY_SUBTREE] = "subtree",
        [IMAP_NOTIFY_MAILBOXES] = "mailboxes",
    };

    dump_mark(buf, "set", req->set);
    dump_mark(buf, "status", req->status);
    for (size_t i = 0; i < req->group_count; i++) {
        const struct imap_notify_group *group = &req->groups[i];
        buf_printf(buf, " %s=%x", scopes[group->scope], group->events);
        for (size_t k = 0; k < group->mailbox_count; k++)
            dump_mbox(buf, "mailbox", &group->mailboxes[k]);
    }
    if (req->fetch.len > 0)
        dump_field(buf, "fetch", req->fetch);
}

static void
dump_entries(struct buf *buf, const struct imap_entries *entries)
{
    for (size_t i = 0; i < entries->count; i++)
        dump_field(buf, "entry", entries->names[i]);
}

static void
dump_getmetadata(struct buf *buf, const struct imap_getmetadata_req *req)
{
    static const char *const depths[] = {"0", "1", "infinity"};

    dump_mark(buf, "server", req->server);
    if (!req->server)
        dump_mbox(buf, "mailbox", &req->mailbox);
    if (req->has_max_octets)
        dump_u64(buf, "maxsize", req->max_octets);
    if (req->depth != IMAP_DEPTH_0)
        buf_printf(buf, " depth=%s", depths[req->depth]);
    dump_entries(buf, &req->entries);
}

static void
dump_setmetadata(struct buf *buf, const struct imap_setmetadata_req *req)
{
    dump_mark(buf, "server", req->server);
    if (!req->server)
        dump_mbox(buf, "mailbox", &req->mailbox);
    for (size_t i = 0; i < req->pair_count; i++) {
        dump_field(buf, "entry", req->pairs[i].name);
        if (req->pairs[i].is_nil)
            dump_mark(buf, "NIL", true);
        else
            dump_field(buf, "value", req->pairs[i].value);
    }
}

static void
dump_list(struct buf *buf, const struct imap_list_req *req)
{
    dump_mark(buf, "extended", req->extended);
    dump_bits(buf, "select", req->select);
    dump_field(buf, "reference", req->reference.text);
    dump_mark(buf, "hopeless", req->reference.hopeless);
    for (size_t i = 0; i < req->pattern_count; i++) {
        dump_field(buf, "pattern", req->patterns[i].text);
        dump_mark(buf, "hopeless", req->patterns[i].hopeless);
    }
    dump_bits(buf, "return", req->returns);
    dump_bits(buf, "status", req->status_items);
    dump_entries(buf, &req->entries);
}

static void
dump_parts(struct buf *buf, const struct imap_append_message *message)
{
    for (size_t i = 0; i < message->part_count; i++) {
        const struct imap_cat_part *part = &message->parts[i];
        if (part->is_url)
            dump_field(buf, "url", part->url);
        else if (part->is_spooled)
            dump_u64(buf, "text-spool", part->spool);
        else
            dump_field(buf, "text", part->inline_octets);
    }
}

static void
dump_append(struct buf *buf, const struct imap_append_req *req)
{
    dump_mbox(buf, "mailbox", &req->mailbox);
    for (size_t i = 0; i < req->message_count; i++) {
        const struct imap_append_message *message = &req->messages[i];
        dump_flags(buf, &message->flags);
        if (message->has_date)
            buf_printf(buf, " date=%jd%+d", (intmax_t)message->date.epoch_s,
                       message->date.zone_minutes);
        dump_mark(buf, "utf8", message->utf8);
        if (message->part_count > 0) {
            dump_parts(buf, message);
            continue;
        }
        dump_mark(buf, "literal8", message->literal8);
        dump_u64(buf, "octets", message->octets);
        if (message->is_spooled)
            dump_u64(buf, "spool", message->spool);
        else
            dump_field(buf, "inline", message->inline_octets);
    }
}

static const char *const search_names[] = {
    [SEARCH_ALL] = "all",
    [SEARCH_AND] = "and",
    [SEARCH_OR] = "or",
    [SEARCH_NOT] = "not",
    [SEARCH_MSGS] = "msgs",
    [SEARCH_FLAG] = "flag",
    [SEARCH_KEYWORD] = "keyword",
    [SEARCH_BCC] = "bcc",
    [SEARCH_CC] = "cc",
    [SEARCH_FROM] = "from",
    [SEARCH_TO] = "to",
    [SEARCH_SUBJECT] = "subject",
    [SEARCH_BODY] = "body",
    [SEARCH_TEXT] = "text",
    [SEARCH_HEADER] = "header",
    [SEARCH_BEFORE] = "before",
    [SEARCH_ON] = "on",
    [SEARCH_SINCE] = "since",
    [SEARCH_SAVEDBEFORE] = "savedbefore",
    [SEARCH_SAVEDON] = "savedon",
    [SEARCH_SAVEDSINCE] = "savedsince",
    [SEARCH_SENTBEFORE] = "sentbefore",
    [SEARCH_SENTON] = "senton",
    [SEARCH_SENTSINCE] = "sentsince",
    [SEARCH_EMAILID] = "emailid",
    [SEARCH_THREADID] = "threadid",
    [SEARCH_LARGER] = "larger",
    [SEARCH_SMALLER] = "smaller",
    [SEARCH_OLDER] = "older",
    [SEARCH_YOUNGER] = "younger",
    [SEARCH_MODSEQ] = "modseq",
};

static void
dump_key(struct buf *buf, const struct imap_search_key *key)
{
    const bool wanted = key->kind == SEARCH_FLAG || key->kind == SEARCH_KEYWORD;

    buf_printf(buf, "(%s%s%s", key->fuzzy ? "~" : "", wanted && !key->want ? "un" : "",
               search_names[key->kind]);
    if (key->kind == SEARCH_FLAG)
        buf_printf(buf, " %.*s", SPAN_FMT(imap_flag_names[__builtin_ctz(key->flag)]));
    if (key->kind == SEARCH_HEADER)
        dump_field(buf, "field", key->field);
    if ((key->kind >= SEARCH_KEYWORD && key->kind <= SEARCH_HEADER) ||
        key->kind == SEARCH_EMAILID || key->kind == SEARCH_THREADID)
        dump_field(buf, "text", key->text);
    if (key->kind >= SEARCH_BEFORE && key->kind <= SEARCH_SENTSINCE)
        buf_printf(buf, " %d", key->day);
    if (key->kind >= SEARCH_LARGER)
        buf_printf(buf, " %ju", (uintmax_t)key->number);
    if (key->kind == SEARCH_MSGS)
        dump_msgs(buf, key->msgs);
    for (const struct imap_search_key *child = key->children; child; child = child->next)
        dump_key(buf, child);
    buf_put_char(buf, ')');
}

static void
dump_partial(struct buf *buf, const struct imap_partial *partial)
{
    buf_printf(buf, " partial=%s%u:%u%s", partial->from_end ? "-" : "", partial->first,
               partial->last, partial->reversed ? " reversed" : "");
}

static void
dump_search(struct buf *buf, const struct imap_search_req *req)
{
    dump_mark(buf, "uid", req->is_uid);
    for (size_t i = 0; i < req->source_count; i++) {
        buf_printf(buf, " in=%d", (int)req->sources[i].scope);
        for (size_t k = 0; k < req->sources[i].mailbox_count; k++)
            dump_mbox(buf, "mailbox", &req->sources[i].mailboxes[k]);
    }
    if (req->has_return)
        dump_bits(buf, "return", req->returns);
    if (req->has_charset)
        dump_field(buf, "charset", req->charset);
    if ((req->returns & IMAP_SEARCH_PARTIAL) != 0)
        dump_partial(buf, &req->partial);
    if (req->update_fetch.len > 0)
        dump_field(buf, "fetch", req->update_fetch);
    for (size_t i = 0; i < req->sort_count; i++)
        buf_printf(buf, " %s%d", req->sort[i].reverse ? "-" : "+", (int)req->sort[i].key);
    if (req->find == IMAP_FIND_THREAD)
        buf_printf(buf, " thread=%d", (int)req->thread);
    dump_mark(buf, "modseq", req->uses_modseq);
    buf_put_char(buf, ' ');
    dump_key(buf, req->root);
}

static void
dump_fetch_item(struct buf *buf, const struct imap_fetch_item *item)
{
    buf_put_char(buf, ' ');
    buf_put_span(buf, item->label);
    if (item->is_partial)
        buf_printf(buf, ",%ju", (uintmax_t)item->count);
    if (item->marks_seen)
        buf_put_char(buf, '!');
}

static void
dump_fetch(struct buf *buf, const struct imap_fetch_req *req)
{
    unsigned kinds = 0;

    dump_msgs(buf, &req->msgs);
    for (size_t i = 0; i < req->item_count; i++) {
        dump_fetch_item(buf, &req->items[i]);
        kinds |= 1u << req->items[i].kind;
    }
    dump_mark(buf, "WRONG-KINDS", kinds != req->kinds);
    dump_mark(buf, "WRONG-UID", req->uid_is_implied && req->items[0].kind != FETCH_UID);
    dump_mark(buf, "seen", req->marks_seen);
    if (req->has_changed_since)
        dump_u64(buf, "changedsince", req->changed_since);
    if (req->has_partial)
        dump_partial(buf, &req->partial);
    dump_mark(buf, "vanished", req->vanished);
}

static void
dump_store(struct buf *buf, const struct imap_store_req *req)
{
    static const char *const modes[] = {"replace", "add", "remove"};

    dump_msgs(buf, &req->msgs);
    dump_mark(buf, modes[req->mode], true);
    dump_mark(buf, "silent", req->silent);
    if (req->has_unchanged_since)
        dump_u64(buf, "unchangedsince", req->unchanged_since);
    dump_flags(buf, &req->flags);
}

void
imap_dump(struct buf *buf, const struct imap_cmd *cmd)
{
    buf_put_span(buf, imap_cmd_word(cmd->id));
    switch (cmd->id) {
    case IMAP_CMD_LOGIN:
    case IMAP_CMD_AUTHENTICATE:
    case IMAP_CMD_ID:
    case IMAP_CMD_ENABLE:
        dump_session(buf, cmd);
        break;
    case IMAP_CMD_SELECT:
    case IMAP_CMD_EXAMINE:
        dump_select(buf, &cmd->u.select);
        break;
    case IMAP_CMD_CREATE:
        dump_mbox(buf, "mailbox", &cmd->u.create.mailbox);
        dump_bits(buf, "uses", cmd->u.create.uses);
        dump_mark(buf, "unknown-use", cmd->u.create.unknown_use);
        break;
    case IMAP_CMD_DELETE:
    case IMAP_CMD_SUBSCRIBE:
    case IMAP_CMD_UNSUBSCRIBE:
    case IMAP_CMD_GETQUOTAROOT:
    case IMAP_CMD_GETACL:
    case IMAP_CMD_MYRIGHTS:
        dump_mbox(buf, "mailbox", &cmd->u.mailbox.mailbox);
        break;
    case IMAP_CMD_SETACL:
    case IMAP_CMD_DELETEACL:
    case IMAP_CMD_LISTRIGHTS:
        dump_mbox(buf, "mailbox", &cmd->u.acl.mailbox);
        dump_field(buf, "identifier", cmd->u.acl.identifier);
        if (cmd->id == IMAP_CMD_SETACL)
            dump_field(buf, "rights", cmd->u.acl.rights);
        break;
    case IMAP_CMD_GETQUOTA:
    case IMAP_CMD_SETQUOTA:
        dump_field(buf, "root", cmd->u.quota.root);
        break;
    case IMAP_CMD_RENAME:
        dump_mbox(buf, "from", &cmd->u.rename.from);
        dump_mbox(buf, "to", &cmd->u.rename.to);
        break;
    case IMAP_CMD_LIST:
    case IMAP_CMD_LSUB:
    case IMAP_CMD_XLIST:
        dump_list(buf, &cmd->u.list);
        break;
    case IMAP_CMD_UIDBATCHES:
        buf_printf(buf, " size=%u", cmd->u.uidbatches.size);
        if (cmd->u.uidbatches.has_range)
            buf_printf(buf, " range=%u:%u", cmd->u.uidbatches.first, cmd->u.uidbatches.last);
        break;
    case IMAP_CMD_STATUS:
        dump_mbox(buf, "mailbox", &cmd->u.status.mailbox);
        dump_bits(buf, "items", cmd->u.status.items);
        break;
    case IMAP_CMD_REPLACE:
    case IMAP_CMD_UID_REPLACE:
        dump_msgs(buf, &cmd->u.append.replaced);
        dump_append(buf, &cmd->u.append);
        break;
    case IMAP_CMD_GETMETADATA:
        dump_getmetadata(buf, &cmd->u.getmetadata);
        break;
    case IMAP_CMD_SETMETADATA:
        dump_setmetadata(buf, &cmd->u.setmetadata);
        break;
    case IMAP_CMD_NOTIFY:
        dump_notify(buf, &cmd->u.notify);
        break;
    case IMAP_CMD_APPEND:
        dump_append(buf, &cmd->u.append);
        break;
    case IMAP_CMD_UID_EXPUNGE:
        dump_msgs(buf, &cmd->u.uid_expunge.msgs);
        break;
    case IMAP_CMD_SEARCH:
    case IMAP_CMD_UID_SEARCH:
    case IMAP_CMD_SORT:
    case IMAP_CMD_UID_SORT:
    case IMAP_CMD_THREAD:
    case IMAP_CMD_UID_THREAD:
        dump_search(buf, &cmd->u.search);
        break;
    case IMAP_CMD_ESEARCH:
        dump_search(buf, &cmd->u.search);
        break;
    case IMAP_CMD_CANCELUPDATE:
        for (size_t i = 0; i < cmd->u.cancel_update.tag_count; i++)
            dump_field(buf, "tag", cmd->u.cancel_update.tags[i]);
        break;
    case IMAP_CMD_FETCH:
    case IMAP_CMD_UID_FETCH:
        dump_fetch(buf, &cmd->u.fetch);
        break;
    case IMAP_CMD_STORE:
    case IMAP_CMD_UID_STORE:
        dump_store(buf, &cmd->u.store);
        break;
    case IMAP_CMD_COPY:
    case IMAP_CMD_UID_COPY:
    case IMAP_CMD_MOVE:
    case IMAP_CMD_UID_MOVE:
        dump_msgs(buf, &cmd->u.copy.msgs);
        dump_mbox(buf, "mailbox", &cmd->u.copy.mailbox);
        break;
    default: /* no arguments */
        break;
    }
}
