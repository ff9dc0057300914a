/*
 * The board as lines of coloured text, for a screen of any size or for none: what is shown is decided
 * here, and nothing here knows of terminals.
 */
#ifndef HOPTELL_CLI_BOARD_PAGE_H
#define HOPTELL_CLI_BOARD_PAGE_H

#include "cli/board.h"
#include "cli/colour.h"

enum { PAGE_LINE_MAX = 512, PAGE_SPANS_MAX = 8, PAGE_LINES_MAX = 600 };

enum board_part { BOARD_ALL, BOARD_NETWORKS, BOARD_VERDICTS, BOARD_WALKERS };

enum board_order { BOARD_BY_SEEN, BOARD_BY_TETHERED, BOARD_BY_NEWEST, BOARD_BY_NAME, BOARD_ORDERS };

struct board_view {
    unsigned columns; /* 0: as many as it takes */
    unsigned rows;    /* 0: as many as it takes, and no line about keys */
    enum board_part part;
    enum board_order order; /* of networks */
    bool tethered;          /* these verdicts alone */
    bool paused;
    bool help;
    unsigned scroll; /* lines of the one part that are above its first; page_lay bounds it */
    double now;      /* since 1970-01-01 UTC, seconds */
};

struct page_span {
    unsigned end; /* of its octets in the line */
    enum colour colour;
};

struct page_line {
    unsigned count;
    struct page_span span[PAGE_SPANS_MAX];
    unsigned length; /* of text */
    char text[PAGE_LINE_MAX];
};

struct page {
    unsigned count;
    struct page_line line[PAGE_LINES_MAX];
};

void page_lay(const struct board *board, struct board_view *view, struct page *out);

#endif
