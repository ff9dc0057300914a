/*
 * What the end of a tale, the target itself, does with a probe (design.md 6.1, rule 5).
 */
#ifndef HOPTELL_TALE_END_H
#define HOPTELL_TALE_END_H

#include "tale/answer.h"

struct plan end_plan(const struct probe *probe);

#endif
