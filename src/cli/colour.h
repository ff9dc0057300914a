/*
 * The colours of the commands' output, all of them. They are for terminals alone, and never where
 * NO_COLOR is set to anything but nothing.
 */
#ifndef HOPTELL_CLI_COLOUR_H
#define HOPTELL_CLI_COLOUR_H

#include <stdbool.h>

enum colour {
    COLOUR_PLAIN,
    COLOUR_DIRECT,
    COLOUR_TETHERED,
    COLOUR_UNKNOWN,
    COLOUR_TITLE,
    COLOUR_BAR, /* a title that is a line across */
    COLOUR_WARNING,
    COLOUR_COUNT,
};

/* Whether `descriptor` is a terminal whose user has not asked for no colours. */
bool colour_wanted(int descriptor);

/* Whether the user has asked for no colours. */
bool colour_unwanted(void);

/* Of a verdict by its name. */
enum colour colour_of_verdict(const char *verdict);

/* What a terminal takes to change to a colour; COLOUR_PLAIN ends every other. */
const char *colour_escape(enum colour colour);

#endif
