/*
 * Colours; see colour.h.
 */
#include "cli/colour.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ECMA-48, 8.3.117 (SGR) */
static const char *const escapes[COLOUR_COUNT] = {
    [COLOUR_PLAIN] = "\033[0m",      [COLOUR_DIRECT] = "\033[32m", [COLOUR_TETHERED] = "\033[1;33m",
    [COLOUR_UNKNOWN] = "\033[2m",    [COLOUR_TITLE] = "\033[1m",   [COLOUR_BAR] = "\033[7m",
    [COLOUR_WARNING] = "\033[1;31m",
};

bool colour_unwanted(void)
{
    const char *no_colour = getenv("NO_COLOR");

    return no_colour != NULL && no_colour[0] != '\0';
}

bool colour_wanted(int descriptor)
{
    return isatty(descriptor) && !colour_unwanted();
}

enum colour colour_of_verdict(const char *verdict)
{
    static const struct {
        const char *verdict;
        enum colour colour;
    } rows[] = {
        {"direct", COLOUR_DIRECT},
        {"tethered", COLOUR_TETHERED},
        {"unknown", COLOUR_UNKNOWN},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].verdict, verdict) == 0)
            return rows[i].colour;
    return COLOUR_PLAIN;
}

const char *colour_escape(enum colour colour)
{
    return escapes[colour];
}
