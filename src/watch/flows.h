/*
 * Packets of connections that go on: what of them is news. Nearly every one is a server's, or shows the
 * hop limit that its sender is known to arrive with, and costs no more than to find that out.
 */
#ifndef HOPTELL_WATCH_FLOWS_H
#define HOPTELL_WATCH_FLOWS_H

#include "watch/watch.h"

enum { FLOWS_NOTES = 8192, FLOWS_BITS = 1 << 21 };

/* All zeros to begin with. */
struct flows {
    uint64_t packets;
    bool any_opened;
    /* A subscriber and one of its hop limits; two of a place drive each other out, and no more. */
    uint64_t note[FLOWS_NOTES];
    uint64_t opened[FLOWS_BITS / 64]; /* bits of who has opened a connection, and of some others */
};

/* Starts to bring into the cache what flows_open will write to. */
void flows_prefetch(const struct flows *flows, const struct observation *opening);

/* Notes who sent an opening packet, and that it arrived with its hop limit. */
void flows_open(struct flows *flows, const struct observation *opening);

/* Whether a packet that observation_from_packet found to be no opening one is of a connection. */
static inline bool flows_is_of_connection(const struct observation *packet)
{
    return (packet->tcp_bits & (TCP_SYN | TCP_RST)) == 0;
}

/*
 * Whether such a packet comes from somebody who opened a connection, and shows a hop limit that was not
 * noted yet, as it is then. Now and then true all the same, since more may be known of the sender now.
 */
bool flows_is_news(struct flows *flows, const struct observation *packet);

/*
 * For a packet that is news: where it comes from the client of a connection that is known from its
 * opening packet, and its subscriber was not seen with this hop limit, it is learnt by watch_hop_limit,
 * and this is true. A server's packets, the other way, teach nothing.
 */
bool flows_learn(struct watch *watch, const struct observation *packet);

#endif
