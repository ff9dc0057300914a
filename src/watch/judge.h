/*
 * From what is known to a verdict with its evidence.
 */
#ifndef HOPTELL_WATCH_JUDGE_H
#define HOPTELL_WATCH_JUDGE_H

#include "watch/signal.h"
#include "watch/watch.h"

/* Fills verdict, probability and evidence of *out by the rule that the settings name. */
void judge(const struct watch_settings *settings, const struct facts *facts, struct judgement *out);

#endif
