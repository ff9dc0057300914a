/*
 * ncurses' place; see screen.h.
 */
#include "cli/screen.h"

#include <curses.h>
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

enum { RESTORE_MAX = 256 };

/* What the end and a crash have to undo: a signal's handler sees nothing but what is static. */
static struct {
    SCREEN *screen;
    struct termios termios;
    size_t length;
    char text[RESTORE_MAX]; /* that the terminal takes to be as it was */
} restore;

static const int crashes[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};

static void on_crash(int signal)
{
    /* all of it is safe in a handler (POSIX.1-2017, 2.4.3) */
    tcsetattr(STDOUT_FILENO, TCSANOW, &restore.termios);
    if (write(STDOUT_FILENO, restore.text, restore.length) < 0)
        _exit(128 + signal);
    raise(signal); /* comes when this returns, and ends the program as it would have */
}

static void add_restoring(const char *capability)
{
    const char *text = tigetstr(capability);

    if (text == NULL || text == (const char *)-1 ||
        strlen(text) >= sizeof restore.text - restore.length)
        return;
    memcpy(restore.text + restore.length, text, strlen(text));
    restore.length += strlen(text);
}

static void prepare_restoring(void)
{
    const struct sigaction action = {.sa_handler = on_crash, .sa_flags = (int)SA_RESETHAND};

    restore.length = 0;
    add_restoring("sgr0");  /* no colours */
    add_restoring("rmkx");  /* its own keys */
    add_restoring("cnorm"); /* the cursor */
    add_restoring("rmcup"); /* what was on it before */
    for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++)
        sigaction(crashes[i], &action, NULL);
}

static void start_colours(void)
{
    static const short foreground[COLOUR_COUNT] = {
        [COLOUR_PLAIN] = -1,
        [COLOUR_DIRECT] = COLOR_GREEN,
        [COLOUR_TETHERED] = COLOR_YELLOW,
        [COLOUR_UNKNOWN] = -1,
        [COLOUR_TITLE] = -1,
        [COLOUR_BAR] = -1,
        [COLOUR_WARNING] = COLOR_RED,
    };

    if (colour_unwanted() || !has_colors())
        return;
    start_color();
    use_default_colors();
    for (int i = 1; i < COLOUR_COUNT; i++)
        init_pair((short)i, foreground[i], -1);
}

/* Without colours, what they say is still said by bold and dim letters. */
static attr_t attributes_of(enum colour colour)
{
    static const attr_t attributes[COLOUR_COUNT] = {
        [COLOUR_TETHERED] = A_BOLD, [COLOUR_UNKNOWN] = A_DIM,  [COLOUR_TITLE] = A_BOLD,
        [COLOUR_BAR] = A_REVERSE,   [COLOUR_WARNING] = A_BOLD,
    };

    return attributes[colour];
}

static void close_terminal(void)
{
    endwin();
    delscreen(restore.screen);
    restore.screen = NULL;
}

bool screen_open(char *error, size_t error_size)
{
    const char *name = getenv("TERM");

    setlocale(LC_CTYPE, "");
    if (tcgetattr(STDOUT_FILENO, &restore.termios) != 0) {
        snprintf(error, error_size, "expected a terminal, found: %s", strerror(errno));
        return false;
    }
    restore.screen = newterm(NULL, stdout, stdin);
    if (restore.screen == NULL || tigetstr("cup") == NULL || tigetstr("cup") == (const char *)-1) {
        snprintf(error, error_size, "expected a terminal that can move its cursor, found '%s'",
                 name != NULL ? name : "");
        if (restore.screen != NULL)
            close_terminal();
        return false;
    }
    prepare_restoring();
    start_colours();
    cbreak();
    noecho();
    nonl();
    curs_set(0);
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    set_escdelay(25);
    return true;
}

void screen_close(void)
{
    const struct sigaction action = {.sa_handler = SIG_DFL};

    close_terminal();
    for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++)
        sigaction(crashes[i], &action, NULL);
}

void screen_measure(unsigned *out_columns, unsigned *out_rows)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0)
        resizeterm(size.ws_row, size.ws_col);
    *out_columns = (unsigned)COLS;
    *out_rows = (unsigned)LINES;
}

static void show_line(int row, const struct page_line *line)
{
    unsigned from = 0;

    move(row, 0);
    for (unsigned i = 0; i < line->count; i++) {
        const enum colour colour = line->span[i].colour;

        attr_set(attributes_of(colour), (short)colour, NULL);
        addnstr(line->text + from, (int)(line->span[i].end - from));
        from = line->span[i].end;
    }
    attr_set(A_NORMAL, 0, NULL);
}

void screen_show(const struct page *page)
{
    erase();
    for (unsigned i = 0; i < page->count && i < (unsigned)LINES; i++)
        show_line((int)i, &page->line[i]);
    refresh();
}

int screen_key(void)
{
    const int key = getch();

    switch (key) {
    case ERR:
        return SCREEN_NO_KEY;
    case KEY_UP:
        return SCREEN_UP;
    case KEY_DOWN:
        return SCREEN_DOWN;
    case KEY_PPAGE:
        return SCREEN_PAGE_UP;
    case KEY_NPAGE:
        return SCREEN_PAGE_DOWN;
    case KEY_HOME:
        return SCREEN_HOME;
    default:
        return key > 0 && key < SCREEN_UP ? key : SCREEN_OTHER;
    }
}
