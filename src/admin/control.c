/* SPDX-License-Identifier: MIT */
/*
 * See the header. An asker's thread owns its socket; the list of askers, under LOCK_LEAF, is
 * there so that control_close can shut their sockets down and wait.
 */
#include "admin/control.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "admin/frame.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/lock.h"
#include "journal/log.h"

enum {
    BACKLOG = 16,
    GRACE_MS = 300,
    PAUSE_MS = 500,          /* without descriptors: new askers wait in the backlog */
    TROUBLE_EVERY_MS = 60000 /* between two log lines about it */
};

struct control {
    struct verb_house house;
    char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
    int fd;
    int stop_fd; /* eventfd */
    pthread_t thread;
    /* when a failing accept was last reported; monotonic; 0: never; only the thread uses it */
    int64_t trouble_ms;
    struct lock lock;
    pthread_cond_t changed; /* guarded by lock: an asker has ended */
    struct list askers;     /* lock */
    unsigned count;         /* lock */
};

struct asker {
    struct list link; /* control->lock */
    struct control *control;
    struct frame_stream stream;
    unsigned uid;    /* the user who asks */
    struct buf data; /* data of the last frame read */
    bool ended;      /* the input is complete */
};

/* ---- frames of a verb ---- */

static enum rc
io_row(void *ctx, json_t *row, struct span data, struct err *err)
{
    struct asker *asker = ctx;

    if (row == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory for a row");
    json_t *head = json_pack("{so}", "row", row);
    const enum rc rc = head == NULL ? err_set(err, RC_LIMIT, 0, "no memory for a row")
                                    : frame_write(&asker->stream, head, data, err);
    json_decref(head);
    return rc;
}

static enum rc
io_next(void *ctx, json_t **head_out, struct span *data_out, struct err *err)
{
    struct asker *asker = ctx;
    json_t *head = NULL;

    if (asker->ended)
        return RC_NOT_FOUND;
    const enum rc rc = frame_read(&asker->stream, &head, &asker->data, err);
    if (rc != RC_OK)
        return rc;
    if (json_is_true(json_object_get(head, "end"))) {
        asker->ended = true;
        json_decref(head);
        return RC_NOT_FOUND;
    }
    *head_out = head;
    *data_out = buf_span(&asker->data);
    return RC_OK;
}

static void
answer(struct asker *asker, enum rc rc, const struct err *err)
{
    json_t *head =
        json_pack("{ss, ss}", "rc", rc_name(rc), "error", rc == RC_OK ? "" : err->text);

    if (head != NULL && frame_write(&asker->stream, head, SPAN(""), NULL) != RC_OK) {
        /* The asker is gone and cannot be told. */
    }
    json_decref(head);
}

static void
tell_done(const struct asker *asker, const char *verb)
{
    struct log_scope scope;

    log_scope_init(&scope, asker->control->house.log, LOG_SERVER, 0);
    log_put(&scope, LOG_E_ADMIN_VERB, "%s by %u", verb, asker->uid);
}

static void
serve(struct asker *asker)
{
    const struct verb_io io = {.ctx = asker, .row = io_row, .next = io_next};
    struct verb_call call = {.house = &asker->control->house, .io = &io, .uid = asker->uid};
    struct err err = {.rc = RC_OK};
    json_t *head = NULL;

    if (frame_read(&asker->stream, &head, &asker->data, &err) != RC_OK)
        return;
    const char *verb = json_string_value(json_object_get(head, "verb"));
    call.args = json_object_get(head, "args");
    const enum rc rc = verb == NULL || !json_is_object(call.args)
                           ? err_set(&err, RC_INVALID, 0, "no verb was named")
                           : verb_run(verb, &call, &err);
    if (rc == RC_OK)
        tell_done(asker, verb);
    answer(asker, rc, &err);
    json_decref(head);
}

static void *
asker_run(void *arg)
{
    struct asker *asker = arg;
    struct control *control = asker->control;

    serve(asker);
    lock_enter(&control->lock);
    list_remove(&asker->link);
    control->count--;
    pthread_cond_signal(&control->changed);
    close(asker->stream.fd); /* under the lock: control_close must not shut a reused number */
    lock_leave(&control->lock);
    frame_stream_done(&asker->stream);
    buf_done(&asker->data);
    free(asker);
    return NULL;
}

/* ---- askers ---- */

static bool
is_trusted(int fd, unsigned *uid_out)
{
    struct ucred cred;
    socklen_t len = sizeof cred;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0)
        return false;
    *uid_out = cred.uid;
    return cred.uid == 0 || cred.uid == geteuid();
}

static void
asker_add(struct control *control, int fd, unsigned uid)
{
    struct asker *asker = calloc(1, sizeof *asker);
    pthread_attr_t attr;
    pthread_t thread;

    if (asker == NULL) {
        close(fd);
        return;
    }
    asker->control = control;
    asker->uid = uid;
    frame_stream_init(&asker->stream, fd);
    buf_init(&asker->data, FRAME_DATA_MAX);
    lock_enter(&control->lock);
    const bool room = control->count < LIMIT_CONTROL_ASKERS;
    if (room) {
        list_push_back(&control->askers, &asker->link);
        control->count++;
    }
    lock_leave(&control->lock);
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    const bool started = room && pthread_create(&thread, &attr, asker_run, asker) == 0;
    pthread_attr_destroy(&attr);
    if (started)
        return;
    const struct err busy = {.rc = RC_BUSY, .text = "too many administrators at once"};
    answer(asker, RC_BUSY, &busy);
    lock_enter(&control->lock);
    if (room) {
        list_remove(&asker->link);
        control->count--;
    }
    lock_leave(&control->lock);
    close(fd);
    frame_stream_done(&asker->stream);
    free(asker);
}

/* Whether something has run out that will not be available at once. Repeated attempts would
 * keep a processor busy, because the socket stays readable. */
static bool
is_out_of_something(int os_errno)
{
    return os_errno == EMFILE || os_errno == ENFILE || os_errno == ENOBUFS ||
           os_errno == ENOMEM;
}

static void
trouble_tell(struct control *control, int os_errno)
{
    const int64_t now_ms = clock_mono_ms(&clock_system);
    struct log_scope scope;
    struct err err = {.rc = RC_OK};

    if (control->trouble_ms != 0 && now_ms - control->trouble_ms < TROUBLE_EVERY_MS)
        return;
    control->trouble_ms = now_ms;
    (void)err_set(&err, RC_LIMIT, os_errno, "control socket: pausing: accept");
    log_scope_init(&scope, control->house.log, LOG_SERVER, 0);
    log_put(&scope, LOG_E_SERVER_FAILED, "%s", err.text);
}

static void *
control_run(void *arg)
{
    struct control *control = arg;
    unsigned uid;
    bool pausing = false; /* for a while, only the stop is listened to */

    for (;;) {
        struct pollfd fds[2] = {{.fd = control->stop_fd, .events = POLLIN},
                                {.fd = control->fd, .events = POLLIN}};
        const int ready = poll(fds, pausing ? 1 : 2, pausing ? PAUSE_MS : -1);
        pausing = false;
        if (ready > 0 && fds[0].revents != 0)
            return NULL;
        if (ready <= 0 || fds[1].revents == 0)
            continue;
        const int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0 && is_out_of_something(errno)) {
            trouble_tell(control, errno);
            pausing = true;
        }
        if (fd < 0)
            continue;
        if (is_trusted(fd, &uid))
            asker_add(control, fd, uid);
        else
            close(fd);
    }
}

static enum rc
socket_open(struct control *control, const char *path, struct err *err)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof addr.sun_path)
        return err_set(err, RC_INVALID, 0, "%s: the path is too long for a socket", path);
    memcpy(addr.sun_path, path, strlen(path));
    memcpy(control->path, addr.sun_path, sizeof control->path);
    control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    control->stop_fd = eventfd(0, EFD_CLOEXEC);
    if (control->fd < 0 || control->stop_fd < 0)
        return err_set(err, rc_of_errno(errno), errno, "control socket");
    unlink(path); /* DIR/run/lock ensures that nobody else uses it */
    const mode_t mask = umask(0177);
    const int failed = bind(control->fd, (const struct sockaddr *)&addr, sizeof addr);
    const int bind_errno = errno;
    umask(mask);
    if (failed != 0 || listen(control->fd, BACKLOG) != 0)
        return err_set(err, rc_of_errno(bind_errno), bind_errno, "%s", path);
    return RC_OK;
}

enum rc
control_open(const struct verb_house *house, const char *path, struct control **out,
             struct err *err)
{
    struct control *control = calloc(1, sizeof *control);

    if (control == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory");
    control->house = *house;
    control->fd = control->stop_fd = -1;
    lock_init(&control->lock, LOCK_LEAF);
    pthread_cond_init(&control->changed, NULL);
    list_init(&control->askers);
    enum rc rc = socket_open(control, path, err);
    if (rc == RC_OK && pthread_create(&control->thread, NULL, control_run, control) != 0)
        rc = err_set(err, RC_LIMIT, 0, "control thread");
    if (rc != RC_OK) {
        fd_close(&control->fd);
        fd_close(&control->stop_fd);
        free(control);
        return rc;
    }
    *out = control;
    return RC_OK;
}

void
control_close(struct control *control)
{
    const uint64_t one = 1;

    if (control == NULL)
        return;
    if (write(control->stop_fd, &one, sizeof one) != (ssize_t)sizeof one)
        return; /* impossible: an eventfd always takes a one */
    pthread_join(control->thread, NULL);
    lock_enter(&control->lock);
    if (control->count > 0) /* an asker that is being answered will notice it */
        lock_wait_ms(&control->lock, &control->changed, GRACE_MS);
    LIST_FOR_EACH (node, &control->askers)
        shutdown(CONTAINER_OF(node, struct asker, link)->stream.fd, SHUT_RDWR);
    while (control->count > 0)
        lock_wait(&control->lock, &control->changed);
    lock_leave(&control->lock);
    unlink(control->path);
    fd_close(&control->fd);
    fd_close(&control->stop_fd);
    pthread_cond_destroy(&control->changed);
    lock_done(&control->lock);
    free(control);
}
