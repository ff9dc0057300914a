/*
 * Fits a table of stacks to opening packets of which the family is known. The table that it begins
 * from counts like some packets more of each family, so that a family of which few were seen keeps
 * what was known of it, and what was not seen once is not taken for impossible:
 *
 *     share = (seen with this value + STACK_LEARN_BEFORE * share before) / (seen + STACK_LEARN_BEFORE)
 */
#ifndef HOPTELL_WATCH_STACK_LEARN_H
#define HOPTELL_WATCH_STACK_LEARN_H

#include "watch/stack.h"

enum {
    STACK_LEARN_BEFORE = 20,
    STACK_LEARN_VALUES_MAX = 1024, /* rows and new values that are counted */
    STACK_LEARN_SEEN_LEAST = 2,    /* of one family, for a value to become a row */
};

struct stack_learn;

/*
 * Begins from the table of `text`. 0 with *out for stack_learn_free, -EINVAL with the errors in
 * `report`, or -ENOMEM.
 */
int stack_learn_new(const char *text, size_t length, struct report *report,
                    struct stack_learn **out);
void stack_learn_free(struct stack_learn *learn); /* NULL is fine */

/* `count` packets like this one came from `family`, which is not STACK_UNKNOWN. */
void stack_learn_add(struct stack_learn *learn, enum stack_family family,
                     const struct observation *observation, uint64_t count);

/* Packets of a family, and values that found no room and count with the rest. */
uint64_t stack_learn_seen(const struct stack_learn *learn, enum stack_family family);
uint64_t stack_learn_left_out(const struct stack_learn *learn);

/*
 * The table as text that stack_table_parse reads, piece by piece; the same packets in any order give
 * the same text, as long as none was left out. With `mix` also how common each family is, which the
 * packets show only where they are a fair sample; otherwise that stays as it was.
 */
void stack_learn_write(const struct stack_learn *learn, bool mix,
                       void (*put)(const char *text, void *context), void *context);

/* A family by its name; STACK_UNKNOWN for none. */
enum stack_family stack_family_of(const char *name);

#endif
