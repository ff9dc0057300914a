/*
 * From what is known to a verdict with its evidence.
 */
#ifndef HOPTELL_WATCH_JUDGE_H
#define HOPTELL_WATCH_JUDGE_H

#include "watch/signal.h"
#include "watch/watch.h"

/* Fills verdict, probability and evidence of *out by the rule that the settings name. */
void judge(const struct watch_settings *settings, const struct facts *facts, struct judgement *out);

/*
 * Adds to a judgement what the page that the connection asked for has heard: the system that the
 * browser names, or STACK_UNKNOWN, and whether a proxy has passed the request on. For this answer
 * alone: nothing is learnt of it, since anybody may say anything.
 */
void judge_hear(double threshold, enum stack_family browser, bool proxied,
                struct judgement *judgement);

#endif
