/*
 * The steps of a tale, from the list under `hops`: hops, forks and loops.
 */
#ifndef HOPTELL_TALE_STEPS_H
#define HOPTELL_TALE_STEPS_H

#include "base/yaml.h"
#include "tale/draft.h"

/* Adds every entry of `list` to the draft; errors go to its report. */
void steps_read(struct draft *draft, struct yaml_node list);

/* Makes the hops from `first` to the last one a step each. */
void steps_add(struct draft *draft, unsigned first);

/*
 * Once all is read: the longest way must be one that a hop limit counts, and what a client will
 * not see (past traceroute's 30 hops, behind a hop that refuses) is a warning.
 */
void steps_check(struct draft *draft);

#endif
