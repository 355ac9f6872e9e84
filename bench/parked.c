/* SPDX-License-Identifier: MIT */
/*
 * More sessions than this machine has descriptors for: real IMAP sessions of a real server, on
 * connections that are memory instead of sockets. Each logs in, selects INBOX and idles; then
 * the program measures what they cost, waits for keepalives, delivers mail to some and to all
 * of one mailbox, and checks that each was told and none was lost.
 *
 *   roost-parked --sessions N [--seconds S] [--keepalive S] [--own]
 *
 * It prints a JSON line for each figure, and exits with 1 and the reason if something is wrong.
 * --keepalive: seconds in place of the default; all sessions must have got one by the end.
 * --own: an account for each session instead of a few for all.
 *
 * The other end of a session is a few octets of state (struct far). Both its callbacks run on
 * the work thread that runs the session: what it reads in `send` decides what `recv` says next.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/check.h"
#include "base/memory.h"
#include "daemon/config.h"
#include "daemon/server.h"
#include "imap/imap.h"
#include "store/registry.h"
#include "tests/support/tmpdir.h"

enum {
    ACCOUNTS = 20,     /* few, because the cost of an open account is not measured */
    SHARED_MAX = 5000, /* sessions of one mailbox; the first account's */
    SAMPLE = 10,       /* other accounts that get a message */
    HEAD = 64,         /* octets of a line that are examined */
    WAIT_S = 120,      /* for anything that has to happen */
    PAUSE_S = 3,       /* for the heap to return what the logins needed */
    SETTLE_S = 60,     /* for the server to release what parked sessions do not need */
};

/* A sanitizer's memory is not a session's. */
#if defined(__has_feature)
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
#define MEMORY_IS_OURS
#endif
#elif !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define MEMORY_IS_OURS
#endif
#define MEMORY_MAX_KIB                                                                         \
    2.0 /* of a parked session: the benchmark's target with room for noise                     \
         */

static const char password[] = "benchmark";
/* SHA-512 crypt of it with few rounds, so that logging in does not dominate the time. */
static const char crypt_hash[] =
    "$6$rounds=1000$parkedparked$"
    "/s01s1DV2BYEfJSkvQf.33g3nMjrXEmcvxp42MgYgbJUfr/EVMpJc.XlI3OfEHclWSNUlTxiplxTdBExIvDoi/";

/* What the other end does next. */
enum todo {
    NOTHING,
    SAY_LOGIN,
    SAY_SELECT,
    SAY_UNSELECT,
    SAY_IDLE,
    SAY_DONE,
    SAY_APPEND,
};

enum phase {
    GREETING,
    LOGIN,
    SELECT,
    UNSELECT,
    IDLE_ASKED,
    IDLING,
    DONE_SAID,
    READY,
    APPENDING
};

struct far {
    uint64_t id; /* of its session's task; 0: it has sent nothing yet */
    uint32_t account;
    atomic_uint todo;
    uint8_t phase;
    uint8_t head_len;
    bool sends; /* delivers instead of idling */
    bool got_keepalive;
    char head[HEAD]; /* of the line that is arriving */
};

static struct tmpdir dir;
static struct env *env;
static struct far *fars;

static atomic_uint idling;
static atomic_uint ready; /* deliverers that may send */
static atomic_uint lost;
static atomic_bool over; /* the server may end them now */
static atomic_uint told;
static atomic_uint kept_alive; /* sessions that got a keepalive */
static atomic_int_fast64_t told_us;
static atomic_int_fast64_t accepted_us; /* when APPEND was answered */

static int64_t
now_us(void)
{
    return clock_mono_us(&clock_system);
}

NORETURN PRINTF_LIKE(1, 2) static void die(const char *fmt, ...)
{
    va_list args;

    fputs("roost-parked: ", stderr);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    fflush(stdout);
    if (dir.path[0] != '\0')
        tmpdir_remove(&dir);
    _exit(1); /* the server's threads still run */
}

/* ---- the other end ---- */

static void
do_next(struct far *far, enum todo todo)
{
    atomic_store(&far->todo, todo);
    task_wake(env->poller, far->id);
}

static void
line_idling(struct far *far)
{
    if (memcmp(far->head, "* OK Still", 10) == 0) {
        if (!far->got_keepalive)
            atomic_fetch_add(&kept_alive, 1);
        far->got_keepalive = true;
    } else if (strstr(far->head, " EXISTS") != NULL) {
        atomic_store(&told_us, now_us());
        atomic_fetch_add(&told, 1);
    }
}

/* Handles a line of the server, of which only the first octets are kept. */
static void
line_came(struct far *far)
{
    const bool ok = memcmp(far->head, "a OK", 4) == 0;

    if (memcmp(far->head, "* BYE", 5) == 0 || (memcmp(far->head, "a ", 2) == 0 && !ok)) {
        if (!atomic_load(&over) && atomic_fetch_add(&lost, 1) == 0)
            fprintf(stderr, "roost-parked: the first that was lost: %s\n", far->head);
        return;
    }
    switch ((enum phase)far->phase) {
    case GREETING:
        far->phase = LOGIN;
        do_next(far, SAY_LOGIN);
        break;
    case LOGIN:
        if (!ok)
            break;
        far->phase = SELECT;
        do_next(far, SAY_SELECT);
        break;
    case SELECT:
        if (!ok)
            break;
        far->phase = far->sends ? UNSELECT : IDLE_ASKED;
        do_next(far, far->sends ? SAY_UNSELECT : SAY_IDLE);
        break;
    case UNSELECT:
        if (!ok)
            break;
        far->phase = READY;
        atomic_fetch_add(&ready, 1);
        break;
    case IDLE_ASKED:
        if (far->head[0] != '+')
            break;
        far->phase = IDLING;
        atomic_fetch_add(&idling, 1);
        break;
    case IDLING:
        line_idling(far);
        break;
    case DONE_SAID:
        if (!ok)
            break;
        far->phase = IDLE_ASKED;
        do_next(far, SAY_IDLE);
        break;
    case READY:
        break;
    case APPENDING:
        if (!ok)
            break;
        far->phase = READY;
        atomic_store(&accepted_us, now_us());
        atomic_fetch_add(&ready, 1);
        break;
    }
}

static ssize_t
far_send(struct conn *conn, const void *src, size_t len)
{
    struct far *far = conn->io_ctx;
    const char *at = src;

    if (far->id == 0)
        far->id = CONTAINER_OF(conn, struct session, conn)->task.id;
    for (size_t i = 0; i < len; i++) {
        if (at[i] == '\n') {
            far->head[far->head_len] = '\0';
            line_came(far);
            far->head_len = 0;
            memset(far->head, 0, sizeof far->head);
        } else if (far->head_len < HEAD - 1) {
            far->head[far->head_len++] = at[i];
        }
    }
    return (ssize_t)len;
}

static ssize_t
far_recv(struct conn *conn, void *dst, size_t cap)
{
    struct far *far = conn->io_ctx;

    switch ((enum todo)atomic_exchange(&far->todo, NOTHING)) {
    case NOTHING:
        break;
    case SAY_LOGIN:
        return snprintf(dst, cap, "a LOGIN u%u %s\r\n", far->account, password);
    case SAY_SELECT:
        return snprintf(dst, cap, "a SELECT INBOX\r\n");
    case SAY_UNSELECT:
        return snprintf(dst, cap, "a UNSELECT\r\n");
    case SAY_IDLE:
        return snprintf(dst, cap, "a IDLE\r\n");
    case SAY_DONE:
        far->phase = DONE_SAID;
        return snprintf(dst, cap, "DONE\r\n");
    case SAY_APPEND:
        far->phase = APPENDING;
        return snprintf(dst, cap, "a APPEND INBOX {22+}\r\nSubject: hello\r\n\r\nHi\r\n\r\n");
    }
    errno = EAGAIN;
    return -1;
}

static const struct conn_io far_io = {.recv = far_recv, .send = far_send};

/* Ten sessions for each address, as in households. */
static void
far_open(size_t index, uint32_t account, bool sends)
{
    struct far *far = &fars[index];
    const uint32_t host = 0x0a000001u + (uint32_t)(index / 10);
    const struct net_addr peer = {
        .family = NET_IPV4,
        .port = (uint16_t)(1024 + index % 10),
        .ip = {(uint8_t)(host >> 24), (uint8_t)(host >> 16), (uint8_t)(host >> 8),
               (uint8_t)host},
    };

    far->account = account;
    far->sends = sends;
    const struct arrival arrival = {.fd = -1, .io = &far_io, .io_ctx = far, .peer = &peer};
    session_open(env, &imap_door, &arrival);
}

/* ---- figures ---- */

static void
figure(const char *what, double value, const char *unit, double target)
{
    printf("{\"what\": \"%s\", \"figure\": %.4f, \"unit\": \"%s\"", what, value, unit);
    if (target > 0)
        printf(", \"target\": %g", target);
    puts("}");
    fflush(stdout);
}

/* Anonymous memory of the process, without mapped files. */
static double
resident_octets(void)
{
    char line[128];
    double kib = 0;
    FILE *file = fopen("/proc/self/smaps_rollup", "r");

    CHECK(file != NULL);
    while (fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "Pss_Anon: %lf", &kib) == 1)
            break;
    fclose(file);
    return kib * 1024;
}

static double
cpu_seconds(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void
await(atomic_uint *counter, unsigned want, const char *what)
{
    const int64_t until_us = now_us() + WAIT_S * INT64_C(1000000);

    while (atomic_load(counter) < want) {
        if (atomic_load(&lost) > 0)
            die("%u sessions were ended while waiting for: %s", atomic_load(&lost), what);
        if (now_us() > until_us)
            die("only %u of %u: %s", atomic_load(counter), want, what);
        usleep(1000);
    }
}

/* ---- what is measured ---- */

struct options {
    unsigned sessions;
    unsigned seconds;
    unsigned keepalive_s; /* 0: the server's default */
    bool own;             /* each session has an account to itself */
};
static struct options options = {.sessions = 10000, .seconds = 5};

static unsigned
shared_count(void)
{
    return options.sessions / 4 < SHARED_MAX ? options.sessions / 4 : SHARED_MAX;
}

static unsigned
account_count(void)
{
    return options.own ? options.sessions : ACCOUNTS;
}

static unsigned
deliverer_count(void)
{
    return options.own ? SAMPLE + 1 : ACCOUNTS;
}

static void
accounts_make(void)
{
    /* Keys that nobody uses, so that none are made at the first login. */
    static const struct scram_keys keys = {.iterations = 4096, .salt_octets = 16};
    const unsigned count = account_count();
    struct registry_new *rows = calloc(count, sizeof *rows);
    char(*names)[12] = calloc(count, sizeof *names);
    struct err err = {.rc = RC_OK};

    if (rows == NULL || names == NULL)
        die("no memory");
    for (unsigned i = 0; i < count; i++) {
        snprintf(names[i], sizeof names[i], "u%u", i);
        rows[i] = (struct registry_new){
            .name = span_of_str(names[i]), .crypt = crypt_hash, .scram = &keys};
    }
    if (registry_add_many(env->registry, rows, count, &err) != RC_OK)
        die("accounts: %s", err.text);
    for (unsigned i = 0; i < count; i++)
        if (rows[i].refused.rc != RC_OK)
            die("accounts: %s", rows[i].refused.text);
    free(names);
    free(rows);
}

/* Logs in one session for each account, or a few. After that, an account's own costs are paid:
 * its mailbox is open, and its password is known. */
static void
deliverers_open(void)
{
    const unsigned count = deliverer_count();

    for (uint32_t i = 0; i < count; i++)
        far_open(options.sessions + i, i, true);
    await(&ready, count, "log in");
}

static uint32_t
account_of(uint32_t index)
{
    if (options.own)
        return index;
    const uint32_t groups = options.sessions / shared_count();
    return index % groups == 0 ? 0 : 1 + index % (ACCOUNTS - 1);
}

/* The memory from the first to the last session in IDLE, with free memory returned. Memory of
 * open databases does not belong to a session: how many are open depends on how many sessions
 * come at the same moment. */
static double
idlers_open(uint32_t first, uint32_t end)
{
    for (uint32_t i = first; i < end; i++)
        far_open(i, account_of(i), false);
    await(&idling, end, "idle");
    sleep(PAUSE_S);
    memory_trim();
    return resident_octets() - (double)memory_octets(MEMORY_SQLITE);
}

/* Memory of a session and of everything that its account keeps, compared with the server
 * without sessions. This program returns no pages; the server has SETTLE_S to do so by
 * itself. */
static void
idlers_with_own_accounts(void)
{
    const int64_t start_us = now_us();
    const double before = resident_octets();

    for (uint32_t i = 0; i < options.sessions; i++)
        far_open(i, account_of(i), false);
    await(&idling, options.sessions, "idle");
    const double took_s = (double)(now_us() - start_us) / 1e6;
    const double parked = resident_octets();
    sleep(SETTLE_S);
    const double settled = resident_octets();

    figure("in one process, without sockets: sessions in IDLE, each on its own account",
           options.sessions, "", 0);
    figure("  from connect to IDLE, all of them", took_s, "s", 0);
    figure("  memory of one when all are parked", (parked - before) / 1024 / options.sessions,
           "KiB", 0);
    figure("  memory of one, a minute later", (settled - before) / 1024 / options.sessions,
           "KiB", 3);
}

static void
idlers(void)
{
    /* The first tenth pays what accounts cost: their databases are opened as often as sessions
     * need them at the same time. */
    const uint32_t first = options.sessions / 10;
    const int64_t start_us = now_us();
    const double before = idlers_open(0, first);
    const double after = idlers_open(first, options.sessions);
    const double took_s = (double)(now_us() - start_us) / 1e6 - 2 * PAUSE_S;
    const double each_kib = (after - before) / 1024 / (options.sessions - first);

    figure("in one process, without sockets: sessions in IDLE", options.sessions, "", 0);
    figure("  from connect to IDLE, all of them", took_s, "s", 0);
    figure("  memory of a parked session", each_kib, "KiB", 1.5);
#ifdef MEMORY_IS_OURS
    if (each_kib > MEMORY_MAX_KIB)
        die("a parked session takes %.2f KiB, more than %g", each_kib, MEMORY_MAX_KIB);
#endif
}

static void
idle_for_a_while(void)
{
    const double before_s = cpu_seconds();
    const int64_t start_us = now_us();

    sleep(options.seconds);
    const double took_s = (double)(now_us() - start_us) / 1e6;
    figure("  processor while all idle", (cpu_seconds() - before_s) / took_s * 100,
           "% of a core", 3);
    if (options.keepalive_s > 0)
        await(&kept_alive, options.sessions, "get a keepalive");
    figure("  sessions that got a keepalive meanwhile", atomic_load(&kept_alive), "", 0);
}

/* Sends a message to one account, of which all its sessions are told. Returns the time from the
 * answer. */
static double
deliver_ms(uint32_t account, unsigned idlers)
{
    atomic_store(&told, 0);
    atomic_store(&ready, 0);
    do_next(&fars[options.sessions + account], SAY_APPEND);
    await(&ready, 1, "accept a message");
    await(&told, idlers, "be told of a message");
    usleep(20000);
    if (atomic_load(&told) != idlers)
        die("%u were told of a message for %u", atomic_load(&told), idlers);
    return (double)(atomic_load(&told_us) - atomic_load(&accepted_us)) / 1000;
}

static unsigned
idlers_of(uint32_t account)
{
    unsigned count = 0;

    for (size_t i = 0; i < options.sessions; i++)
        count += fars[i].account == account;
    return count;
}

static void
deliver(void)
{
    enum { ROUNDS = 11 };
    double worst_ms = 0;
    double worst_sample_ms = 0;
    char what[80];

    for (unsigned i = 0; i < ROUNDS; i++) {
        const double ms = deliver_ms(0, idlers_of(0));
        worst_ms = ms > worst_ms ? ms : worst_ms;
    }
    snprintf(what, sizeof what, "  one message to %u of them: the last told, slowest of %d",
             idlers_of(0), ROUNDS);
    figure(what, worst_ms, "ms", 0);
    for (uint32_t account = 1; account <= SAMPLE; account++) {
        const double ms = deliver_ms(account, idlers_of(account));
        worst_sample_ms = ms > worst_sample_ms ? ms : worst_sample_ms;
    }
    snprintf(what, sizeof what, "  the same to %u of them, slowest of %d", idlers_of(1),
             SAMPLE);
    figure(what, worst_sample_ms, "ms", 0);
}

/* DONE and IDLE again, for some: parked sessions still answer. */
static void
resume(void)
{
    const unsigned count = options.sessions < 1000 ? options.sessions : 1000;

    atomic_store(&idling, 0);
    for (unsigned i = 0; i < count; i++)
        do_next(&fars[(uint64_t)i * 7919 % options.sessions], SAY_DONE);
    await(&idling, count, "answer DONE");
}

static void
with_server(struct env *server_env)
{
    env = server_env;
    const size_t count = options.sessions + deliverer_count();
    fars = calloc(count, sizeof *fars);
    if (fars == NULL)
        die("no memory");
    memset(fars, 1, count * sizeof *fars); /* resident before memory is measured */
    memset(fars, 0, count * sizeof *fars);
    accounts_make();
    deliverers_open();
    if (options.own)
        idlers_with_own_accounts();
    else
        idlers();
    idle_for_a_while();
    deliver();
    resume();
    figure("  lost", atomic_load(&lost), "", 0);
    if (atomic_load(&lost) > 0)
        die("%u sessions were lost", atomic_load(&lost));
    atomic_store(&over, true);
    kill(getpid(), SIGTERM);
}

static unsigned
number(const char *text)
{
    uint64_t value = 0;

    if (!span_to_u64(span_of_str(text), 1000000, &value) || value == 0)
        die("not a number in range: %s", text);
    return (unsigned)value;
}

static void
options_take(int argc, char **argv)
{
    static const struct option known[] = {
        {"sessions", required_argument, NULL, 'n'},
        {"seconds", required_argument, NULL, 's'},
        {"keepalive", required_argument, NULL, 'k'},
        {"own", no_argument, NULL, 'o'},
        {NULL, 0, NULL, 0},
    };
    int c;

    while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (c == 'n')
            options.sessions = number(optarg);
        else if (c == 's')
            options.seconds = number(optarg);
        else if (c == 'k')
            options.keepalive_s = number(optarg);
        else if (c == 'o')
            options.own = true;
        else
            die("--sessions N, --seconds S, --keepalive S, --own");
    }
}

int
main(int argc, char **argv)
{
    const char *overrides[8] = {
        "imap.listen=", "imaps.listen=", "lmtp.listen=", "auth.allow_plaintext=yes",
        "limits.max_connections_per_user=1000000"};
    size_t count = 5;
    char connections[60];
    char keepalive[40];
    struct err err = {.rc = RC_OK};

    options_take(argc, argv);
    snprintf(connections, sizeof connections, "limits.max_connections=%u",
             (options.sessions + deliverer_count()) * 8 / 7 + 1); /* an eighth is for LMTP */
    overrides[count++] = connections;
    if (options.keepalive_s > 0) {
        snprintf(keepalive, sizeof keepalive, "idle.keepalive=%us", options.keepalive_s);
        overrides[count++] = keepalive;
    }
    tmpdir_make(&dir);
    const char *config = tmpdir_file(&dir, "roost.conf");
    FILE *file = fopen(config, "w");
    if (file == NULL || fclose(file) != 0)
        die("%s: %s", config, strerror(errno));
    const struct serve_options serve = {.config_path = config,
                                        .overrides = overrides,
                                        .override_count = count,
                                        .ready = with_server};
    const enum rc rc = server_run(&serve, &err);
    tmpdir_remove(&dir);
    free(fars);
    if (rc != RC_OK)
        die("%s", err.text);
    return 0;
}
