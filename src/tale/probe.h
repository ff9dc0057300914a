/*
 * Whether a packet is a probe that may be answered at all (design.md 6.1, rule 1).
 */
#ifndef HOPTELL_TALE_PROBE_H
#define HOPTELL_TALE_PROBE_H

#include "tale/respond.h"

struct probe {
    struct packet packet; /* leads into the caller's octets */
    const struct tale *tale;
    enum probe_protocol protocol;
    struct traits visitor; /* who sent it; all zero where the tale does not ask */
};

/*
 * Reads the packet at `octets`. True: *out is a probe. False: it must not be answered, for
 * *out_reason; out->tale is set where it was to a target.
 */
bool probe_read(const struct tales *tales, const uint8_t *octets, size_t length, struct probe *out,
                enum reason *out_reason);

#endif
