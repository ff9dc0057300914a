/*
 * What stands at each hop limit of a tale: a client's lines, with every way through its forks.
 */
#ifndef HOPTELL_TALE_LINES_H
#define HOPTELL_TALE_LINES_H

#include "tale/tale.h"
#include "tale/traits.h"

/* One hop that a probe with some hop limit may end at. */
struct sight {
    const struct hop *hop;   /* NULL: the end of the tale */
    const struct step *step; /* NULL for the end */
    uint8_t branch;          /* of the step's, from 0; or the visitor's value of its trait */
};

/*
 * Calls `each` for everything that a probe of `visitor` can meet at `position`, from 1, in the
 * tale's order. Returns how many that were; 0 past the end, and past a hop that refuses what comes.
 */
unsigned lines_at(const struct tale *tale, const struct traits *visitor, unsigned position,
                  void (*each)(const struct sight *sight, void *context), void *context);

#endif
