/*
 * What each signal's strength is multiplied with. Made by lab/fit.py from the carriers of
 * lab/population.py with seeds 1 and 3; do not edit, but fit again. Included by signal.c alone.
 */
#ifndef HOPTELL_WATCH_WEIGHTS_H
#define HOPTELL_WATCH_WEIGHTS_H

static const float weights[SIGNAL_COUNT] = {
    [SIGNAL_BELOW_NETWORK] = 1.926f,   [SIGNAL_AS_NETWORK] = 0.945f,
    [SIGNAL_ABOVE_NETWORK] = 0.301f,   [SIGNAL_BELOW_SUBSCRIBER] = 2.362f,
    [SIGNAL_AS_SUBSCRIBER] = 1.179f,   [SIGNAL_ALTERNATING] = 1.033f,
    [SIGNAL_COMPUTER_STACK] = 1.530f,  [SIGNAL_SEVERAL_STACKS] = 2.120f,
    [SIGNAL_LARGER_MSS] = 0.982f,      [SIGNAL_CLOCK_BREAK] = 0.547f,
    [SIGNAL_TWO_IDENTIFIERS] = 1.746f, [SIGNAL_STACKS_IN_TURNS] = 1.273f,
    [SIGNAL_LONGER_PATH] = 1.480f,
};

#endif
