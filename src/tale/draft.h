/*
 * A tale while it is being written, shared by the readers of its parts: keys.c reads values,
 * hop.c a hop, steps.c the steps, pool.c gives out addresses, compile.c knows them all.
 */
#ifndef HOPTELL_TALE_DRAFT_H
#define HOPTELL_TALE_DRAFT_H

#include "base/report.h"
#include "tale/tale.h"

/* What a tale's name consists of. */
#define DRAFT_NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._"

struct draft {
    struct tale *tale; /* its arrays have room for hop_capacity and step_capacity */
    struct report *report;
    unsigned hop_capacity;
    unsigned step_capacity;
    uint16_t *origin; /* of each hop: the hop that it repeats, or itself */
    bool is_full;     /* said once that there are too many hops */
};

/* 0 or -ENOMEM. */
int draft_init(struct draft *draft, struct report *report);
void draft_deinit(struct draft *draft); /* frees the tale as well, unless draft_finish took it */

/* What holds where the text says nothing; the name is that of `file`, without folders and ending. */
void draft_set_defaults(struct draft *draft, const char *file);

/* The tale's name from `length` octets of `text`, cut, with '-' for what no name has. */
void draft_set_name(struct draft *draft, const char *text, size_t length);

/* The tale, for tale_free; NULL, with an error in the report, when memory is short. */
struct tale *draft_finish(struct draft *draft);

/*
 * A new hop at the end, from `line`; NULL, with an error in the report, when there are too many or
 * memory is short. Good until the next is added.
 */
struct hop *draft_add_hop(struct draft *draft, uint32_t line, uint32_t column);

/* A copy of the hop at `index` at the end, with texts of its own to come; the same errors. */
struct hop *draft_copy_hop(struct draft *draft, unsigned index, uint32_t line, uint32_t column);

/* The hop at `index` once more at the end, with its addresses and texts; the same errors. */
struct hop *draft_repeat_hop(struct draft *draft, unsigned index, uint32_t line, uint32_t column);

/* A new step at the end; NULL as above. */
struct step *draft_add_step(struct draft *draft);

/* A copy of `text` that the tale's owner frees; NULL with an error in the report. */
char *draft_text(struct draft *draft, const char *text);

#endif
