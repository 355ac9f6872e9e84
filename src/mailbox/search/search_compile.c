/* SPDX-License-Identifier: MIT */
/*
 * From the tree of a SEARCH to its program: sets become runs of sequence numbers, keywords
 * numbers, needles UTF-8, constants go away where they decide, and siblings are put in the
 * order of their cost. A set that all messages must be in (the usual UID SEARCH UID n:* ...)
 * becomes the list of candidates. The parser keeps the tree shallow (LIMIT_NESTING): recursion
 * is bounded.
 */
#include "mailbox/search/search_private.h"

#include "base/limits.h"
#include "mailbox/content/fields.h"
#include "syntax/charset.h"

/* ---- numbers and flags ---- */

static enum rc
saved_runs(struct search_compiler *c, struct search_node *node)
{
    const struct version *version = c->search->view->members;

    node->runs = arena_array(c->arena, struct view_run, c->req->saved_count + 1);
    if (node->runs == NULL)
        return RC_LIMIT;
    for (size_t i = 0; i < c->req->saved_count; i++) {
        const struct uid_run *uids = &c->req->saved[i];
        const uint32_t first = version_lower_bound(version, uids->first);
        const uint32_t past = uids->last == UINT32_MAX
                                  ? version_count(version) + 1
                                  : version_lower_bound(version, uids->last + 1);
        if (past > first)
            node->runs[node->run_count++] = (struct view_run){first, past - 1};
    }
    return RC_OK;
}

static enum rc
compile_msgs(struct search_compiler *c, struct imap_msgs *msgs, struct search_node **out)
{
    struct search_node *node = search_node_new(c, OP_RUNS);
    const struct view *view = c->search->view;
    enum rc rc = RC_OK;

    if (node == NULL)
        return RC_LIMIT;
    if (msgs->kind == IMAP_MSGS_SEQ)
        rc = view_resolve_some_seqs(view, &msgs->seq, c->arena, &node->runs, &node->run_count);
    else if (msgs->kind == IMAP_MSGS_UID)
        rc = view_resolve_uids(view, &msgs->uid, c->arena, &node->runs, &node->run_count);
    else
        rc = saved_runs(c, node);
    *out = node;
    return rc == RC_OK ? RC_OK : err_set(c->err, rc, 0, "message set");
}

static uint32_t
msg_flag(unsigned imap_flag)
{
    switch (imap_flag) {
    case IMAP_FLAG_SEEN:
        return MSG_SEEN;
    case IMAP_FLAG_ANSWERED:
        return MSG_ANSWERED;
    case IMAP_FLAG_FLAGGED:
        return MSG_FLAGGED;
    case IMAP_FLAG_DELETED:
        return MSG_DELETED;
    default:
        return MSG_DRAFT;
    }
}

/* A keyword that the mailbox has never seen is on no message. */
static struct search_node *
keyword_node(struct search_compiler *c, struct span name)
{
    for (size_t i = 0; i < c->keywords.count; i++)
        if (span_ieq(c->keywords.names[i], name))
            return search_node_number(c, OP_KEYWORD, (int64_t)i);
    return search_node_number(c, OP_CONST, 0);
}

static struct search_node *
not_node(struct search_compiler *c, struct search_node *child)
{
    struct search_node *node = search_node_new(c, OP_NOT);

    if (node == NULL || child == NULL)
        return NULL;
    node->children = child;
    node->cost = child->cost;
    return node;
}

/* ---- the tree ---- */

/* Puts child among its siblings, cheap ones first, equal ones in the order asked for. */
static void
insert(struct search_node *parent, struct search_node *child, struct search_node **tail)
{
    if (*tail != NULL && (*tail)->cost <= child->cost) { /* the usual case, in constant time */
        (*tail)->next = child;
        *tail = child;
        return;
    }
    struct search_node **link = &parent->children;
    while (*link != NULL && (*link)->cost <= child->cost)
        link = &(*link)->next;
    child->next = *link;
    *link = child;
    if (child->next == NULL)
        *tail = child;
}

static enum rc compile(struct search_compiler *c, const struct imap_search_key *key,
                       struct search_node **out);

static enum rc
compile_list(struct search_compiler *c, enum search_op op,
             const struct imap_search_key *children, struct search_node **out)
{
    struct search_node *node = search_node_new(c, op);
    struct search_node *tail = NULL;

    if (node == NULL)
        return RC_LIMIT;
    for (const struct imap_search_key *key = children; key != NULL; key = key->next) {
        struct search_node *child = NULL;
        const enum rc rc = compile(c, key, &child);
        if (rc != RC_OK)
            return rc;
        insert(node, child, &tail);
        node->rates |= child->rates;
        if (child->cost > node->cost)
            node->cost = child->cost;
    }
    *out = node;
    return RC_OK;
}

static enum rc
compile_not(struct search_compiler *c, const struct imap_search_key *key,
            struct search_node **out)
{
    const bool was_in_not = c->in_not;
    struct search_node *child = NULL;

    c->in_not = true;
    const enum rc rc = compile(c, key->children, &child);
    c->in_not = was_in_not;
    if (rc != RC_OK)
        return rc;
    *out = not_node(c, child);
    return *out == NULL ? RC_LIMIT : RC_OK;
}

/* Keys with a number of their own and nothing else to look up. */
static bool
op_of_number(const struct imap_search_key *key, int64_t now_s, enum search_op *op,
             int64_t *number)
{
    const int64_t octets =
        key->number > INT64_MAX ? INT64_MAX : (int64_t)key->number; /* the parser's range */

    *number = octets;
    switch (key->kind) {
    case SEARCH_LARGER:
        *op = OP_LARGER;
        return true;
    case SEARCH_SMALLER:
        *op = OP_SMALLER;
        return true;
    case SEARCH_MODSEQ:
        *op = OP_MODSEQ;
        return true;
    case SEARCH_OLDER: /* RFC 5032 section 2: both ends belong to both */
    case SEARCH_YOUNGER:
        *op = key->kind == SEARCH_OLDER ? OP_OLDER : OP_YOUNGER;
        if (__builtin_sub_overflow(now_s, octets, number))
            *number = INT64_MIN;
        return true;
    case SEARCH_BEFORE:
    case SEARCH_ON:
    case SEARCH_SINCE:
        *op = key->kind == SEARCH_BEFORE ? OP_BEFORE
              : key->kind == SEARCH_ON   ? OP_ON
                                         : OP_SINCE;
        *number = key->day;
        return true;
    case SEARCH_SAVEDBEFORE:
    case SEARCH_SAVEDON:
    case SEARCH_SAVEDSINCE:
        *op = key->kind == SEARCH_SAVEDBEFORE ? OP_SAVEDBEFORE
              : key->kind == SEARCH_SAVEDON   ? OP_SAVEDON
                                              : OP_SAVEDSINCE;
        *number = key->day;
        return true;
    default:
        return false;
    }
}

static enum rc
compile_flag(struct search_compiler *c, const struct imap_search_key *key,
             struct search_node **out)
{
    struct search_node *node = key->kind == SEARCH_KEYWORD ? keyword_node(c, key->text)
                               : key->flag == IMAP_FLAG_RECENT
                                   ? search_node_new(c, OP_RECENT)
                                   : search_node_number(c, OP_FLAG, msg_flag(key->flag));

    if (node != NULL && !key->want)
        node = not_node(c, node);
    *out = node;
    return node == NULL ? RC_LIMIT : RC_OK;
}

static enum rc
compile(struct search_compiler *c, const struct imap_search_key *key, struct search_node **out)
{
    enum search_op op;
    int64_t number;

    if (op_of_number(key, c->req->now_s, &op, &number)) {
        *out = search_node_number(c, op, number);
        return *out == NULL ? RC_LIMIT : RC_OK;
    }
    switch (key->kind) {
    case SEARCH_AND:
        return compile_list(c, OP_AND, key->children, out);
    case SEARCH_OR:
        return compile_list(c, OP_OR, key->children, out);
    case SEARCH_NOT:
        return compile_not(c, key, out);
    case SEARCH_MSGS:
        return compile_msgs(c, key->msgs, out);
    case SEARCH_FLAG:
    case SEARCH_KEYWORD:
        return compile_flag(c, key, out);
    case SEARCH_BCC:
        return search_compile_field(c, OP_ADDRESS, SPAN("Bcc"), key, out);
    case SEARCH_CC:
        return search_compile_field(c, OP_ADDRESS, SPAN("Cc"), key, out);
    case SEARCH_FROM:
        return search_compile_field(c, OP_ADDRESS, SPAN("From"), key, out);
    case SEARCH_TO:
        return search_compile_field(c, OP_ADDRESS, SPAN("To"), key, out);
    case SEARCH_SUBJECT:
        return search_compile_field(c, OP_FIELD, SPAN("Subject"), key, out);
    case SEARCH_HEADER:
        return search_compile_field(c, OP_FIELD, key->field, key, out);
    case SEARCH_BODY:
        return search_compile_text(c, key, MIME_SCOPE_BODY, out);
    case SEARCH_TEXT:
        return search_compile_text(c, key, MIME_SCOPE_TEXT, out);
    case SEARCH_EMAILID:
        return search_compile_id(c, OP_EMAILID, key->text, out);
    case SEARCH_THREADID:
        return search_compile_id(c, OP_THREADID, key->text, out);
    case SEARCH_SENTBEFORE:
        return search_compile_sent(c, OP_SENTBEFORE, key->day, out);
    case SEARCH_SENTON:
        return search_compile_sent(c, OP_SENTON, key->day, out);
    case SEARCH_SENTSINCE:
        return search_compile_sent(c, OP_SENTSINCE, key->day, out);
    default: /* SEARCH_ALL */
        *out = search_node_number(c, OP_CONST, 1);
        return *out == NULL ? RC_LIMIT : RC_OK;
    }
}

/* Candidates: the smallest set among those that every message found must be in. */
static enum rc
choose_candidates(const struct search_compiler *c)
{
    struct search *search = c->search;
    struct search_node *best = NULL;
    uint64_t best_count = search->exists;
    struct search_node *child =
        search->root->op == OP_AND ? search->root->children : search->root;

    for (; child != NULL; child = child->next) {
        uint64_t count = 0;
        if (child->op != OP_RUNS)
            continue;
        for (size_t i = 0; i < child->run_count; i++)
            count += child->runs[i].last - child->runs[i].first + 1;
        if (count <= best_count) {
            best = child;
            best_count = count;
        }
    }
    if (c->req->among != NULL) {
        search->runs = c->req->among;
        search->run_count = c->req->among_count;
        return RC_OK;
    }
    if (best != NULL) {
        search->runs = best->runs;
        search->run_count = best->run_count;
        best->op = OP_CONST;
        best->number = 1;
        return RC_OK;
    }
    struct view_run *all = arena_new(c->arena, struct view_run);
    if (all == NULL)
        return RC_LIMIT;
    *all = (struct view_run){1, search->exists};
    search->runs = all;
    search->run_count = search->exists == 0 ? 0 : 1;
    return RC_OK;
}

enum rc
search_compile(struct search *search, struct arena *arena, const struct search_req *req,
               struct err *err)
{
    struct search_compiler c = {.search = search, .arena = arena, .req = req, .err = err};

    if (req->has_charset && !charset_is_known(req->charset))
        return err_set(err, RC_BAD_CHARSET, 0, "charset %.*s", SPAN_FMT(req->charset));
    enum rc rc = mailbox_keywords(search->view->mailbox, arena, &c.keywords);
    if (rc == RC_OK)
        rc = compile(&c, req->root, &search->root);
    if (rc == RC_OK)
        rc = choose_candidates(&c);
    if (rc != RC_OK)
        return rc;

    if (c.needle_count > 0) {
        rc = mime_search_init(&search->needles, arena, c.needles, c.needle_count);
        search->has_needles = rc == RC_OK;
    }
    /* One piece of text is one step of work, however many needles are looked for in it. */
    const size_t sought =
        c.needle_count + (search->has_needles ? search->needles.word_count : 0);
    search->piece_octets = (256u << 10) / (1 + sought / 4);
    if (search->piece_octets < 4096)
        search->piece_octets = 4096;
    return rc;
}
