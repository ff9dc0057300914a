/*
 * What a watch is told at its start; see watch.h.
 */
#include "watch/watch.h"

struct watch_settings watch_settings_default(void)
{
    return (struct watch_settings){
        .rule = RULE_EVIDENCE,
        .prior = 0.1,
        .threshold = 0.95,
        .networks = 1u << 16,
        .subscribers = 1000000,
        .connections = 1000000,
    };
}

bool watch_settings_are_good(const struct watch_settings *settings)
{
    return (settings->rule == RULE_EVIDENCE || settings->rule == RULE_FIRST_DROP) &&
           settings->prior > 0 && settings->prior < 1 && settings->threshold >= 0.5 &&
           settings->threshold < 1 && settings->networks > 0 && settings->subscribers > 0 &&
           settings->connections > 0;
}
