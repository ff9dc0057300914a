/*
 * The terminal as a screen, by ncurses: pages on it, keys from it, and the terminal as it was, however
 * the program ends (but for SIGKILL).
 */
#ifndef HOPTELL_CLI_SCREEN_H
#define HOPTELL_CLI_SCREEN_H

#include "cli/board_page.h"

enum screen_key {
    SCREEN_NO_KEY = -1, /* none is waiting */
    SCREEN_UP = 0x100,
    SCREEN_DOWN,
    SCREEN_PAGE_UP,
    SCREEN_PAGE_DOWN,
    SCREEN_HOME,
    SCREEN_OTHER,
};

/* Takes the terminal of standard input and output; false with a sentence for one that cannot. */
bool screen_open(char *error, size_t error_size);
void screen_close(void);

/* The size as the terminal has it now; to be called after SIGWINCH. */
void screen_measure(unsigned *out_columns, unsigned *out_rows);

void screen_show(const struct page *page);

/* The next key, a letter or enum screen_key, without waiting. */
int screen_key(void);

#endif
