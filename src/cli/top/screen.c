/* SPDX-License-Identifier: MIT */
/*
 * See the header. Signals set flags that screen_key checks, except for those of a crash, which
 * restore the screen at once; tcsetattr and write may be called in handlers.
 */
#include "cli/top/screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/attr.h"

static const char enter_codes[] = "\033[?1049h\033[?25l\033[H\033[2J";
static const char leave_codes[] = "\033[0m\033[?25h\033[?1049l";

static struct termios before;          /* the user's settings */
static volatile sig_atomic_t is_taken; /* we use the screen */
static volatile sig_atomic_t shall_end;
static volatile sig_atomic_t shall_stop;  /* Ctrl-Z */
static volatile sig_atomic_t has_changed; /* the size has changed, or the program was resumed */

static void
put(const char *text, size_t len)
{
    while (len > 0) {
        const ssize_t n = write(STDOUT_FILENO, text, len);
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return;
        if (n > 0) {
            text += n;
            len -= (size_t)n;
        }
    }
}

void
screen_leave(void)
{
    if (!is_taken)
        return;
    is_taken = 0;
    put(leave_codes, sizeof leave_codes - 1);
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

/* Restores the screen, and lets the signal end the process. */
static void
on_crash(int number)
{
    const int saved = errno;

    screen_leave();
    errno = saved;
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

static void
on_signal(int number)
{
    switch (number) {
    case SIGWINCH:
        has_changed = 1;
        break;
    case SIGTSTP:
        shall_stop = 1;
        break;
    default:
        if (shall_end) /* the second time: something hangs */
            on_crash(number);
        shall_end = 1;
        break;
    }
}

static bool
take(void)
{
    struct termios raw = before;

    /* ISIG stays set: Ctrl-C and Ctrl-Z are signals */
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) != 0)
        return false;
    is_taken = 1;
    put(enter_codes, sizeof enter_codes - 1);
    return true;
}

bool
screen_is_there(void)
{
    const char *term = getenv("TERM");

    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term != NULL &&
           strcmp(term, "dumb") != 0;
}

bool
screen_enter(void)
{
    static const int flags[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH, SIGPIPE};
    static const int crashes[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    struct sigaction action = {0};

    if (tcgetattr(STDIN_FILENO, &before) != 0)
        return false;
    sigemptyset(&action.sa_mask);
    action.sa_handler = on_signal; /* without SA_RESTART: poll returns */
    for (size_t i = 0; i < ARRAY_LEN(flags); i++)
        (void)sigaction(flags[i], &action, NULL);
    action.sa_handler = on_crash;
    for (size_t i = 0; i < ARRAY_LEN(crashes); i++)
        (void)sigaction(crashes[i], &action, NULL);
    return atexit(screen_leave) == 0 && take();
}

void
screen_size(unsigned *lines_out, unsigned *columns_out)
{
    struct winsize size;

    *lines_out = 24;
    *columns_out = 80;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0) {
        *lines_out = size.ws_row < 2 ? 2 : size.ws_row;
        *columns_out = size.ws_col < 20 ? 20 : size.ws_col;
    }
}

void
screen_show(struct span frame)
{
    /* Without wrapping: a line that is too long is cut at the edge. */
    put("\033[?7l\033[H", 8);
    put(frame.ptr, frame.len);
    put("\033[J\033[?7h", 8);
}

/* Ctrl-Z: restores the user's screen while the program is stopped. */
static void
stop(void)
{
    shall_stop = 0;
    screen_leave();
    (void)raise(SIGSTOP);
    (void)take();
    has_changed = 1;
}

int
screen_key(int timeout_ms)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    char rest[16];

    if (!shall_end && !shall_stop && !has_changed) {
        const int ready = poll(&in, 1, timeout_ms);
        if (ready > 0) {
            char key = 0;
            const ssize_t n = read(STDIN_FILENO, &key, 1);
            if (n > 0 && key != '\033')
                return (unsigned char)key;
            if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
                return -1; /* the terminal is gone */
            if (n > 0)
                /* VMIN 0: reads what has arrived */
                (void)!read(STDIN_FILENO, rest, sizeof rest);
        }
    }
    if (shall_stop)
        stop();
    has_changed = 0;
    return shall_end ? -1 : 0;
}
