/*
 * What each signal's strength is multiplied with. Made by lab/fit.py from the carriers of
 * lab/population.py with seeds 1 and 3; do not edit, but fit again. Included by signal.c alone.
 */
#ifndef HOPTELL_WATCH_WEIGHTS_H
#define HOPTELL_WATCH_WEIGHTS_H

static const float weights[SIGNAL_COUNT] = {
    [SIGNAL_BELOW_NETWORK] = 1.005f,   [SIGNAL_AS_NETWORK] = 0.886f,
    [SIGNAL_ABOVE_NETWORK] = 0.674f,   [SIGNAL_BELOW_SUBSCRIBER] = 0.300f,
    [SIGNAL_AS_SUBSCRIBER] = 1.132f,   [SIGNAL_ALTERNATING] = 0.300f,
    [SIGNAL_COMPUTER_STACK] = 1.513f,  [SIGNAL_SEVERAL_STACKS] = 2.101f,
    [SIGNAL_LARGER_MSS] = 0.970f,      [SIGNAL_CLOCK_BREAK] = 0.572f,
    [SIGNAL_TWO_IDENTIFIERS] = 1.749f, [SIGNAL_STACKS_IN_TURNS] = 1.244f,
};

#endif
