/*
 * One hop of a tale, from YAML: a text, or a mapping of the keys in hop.c's table.
 */
#ifndef HOPTELL_TALE_HOP_H
#define HOPTELL_TALE_HOP_H

#include "base/yaml.h"
#include "tale/draft.h"

/* Adds the hop of `node` to the draft; errors go to its report. */
void hop_read(struct draft *draft, struct yaml_node node);

/* Adds a hop that says `text`, or a silent one for NULL, as plain text files have them. */
void hop_add_plain(struct draft *draft, const char *text, uint32_t line);

#endif
