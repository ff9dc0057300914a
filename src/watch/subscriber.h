/*
 * The baseline of one subscriber (an IPv4 address, an IPv6 /64): its own usual hop limits, the
 * last few in order, the stacks seen behind it, and whether many share it (carrier-grade NAT).
 */
#ifndef HOPTELL_WATCH_SUBSCRIBER_H
#define HOPTELL_WATCH_SUBSCRIBER_H

#include "base/units.h"
#include "watch/judgement.h"
#include "watch/watch.h"

enum { SUBSCRIBER_CELLS = 4, SUBSCRIBER_RECENT = 6, SUBSCRIBER_NEW_CLOCKS = 3 };

/* Of an arrival with less than 127 hops, which all have: it came from a computer's system. */
enum { SUBSCRIBER_OF_COMPUTER = 0x80 };

struct subscriber {
    uint64_t key; /* subscriber_key */
    uint32_t decayed_s;
    uint32_t updated_s;
    uint32_t clocks;     /* one bit for each TCP clock seen more than once, by hash */
    uint32_t signatures; /* one bit for each way of making a packet, by hash */
    uint16_t seen;       /* as far as it goes */
    uint16_t new_clock[SUBSCRIBER_NEW_CLOCKS]; /* by hash, the newest first; 0: none */
    uint16_t count[SUBSCRIBER_CELLS];
    uint16_t identifier[2]; /* of the last two interfaces, by hash, the newest first; 0: none */
    uint16_t nearest;       /* of the device that came by the fewest hops, by hash; 0: none */
    uint8_t hop_limit[SUBSCRIBER_CELLS]; /* a count of 0: the cell is free */
    uint8_t family[STACK_FAMILY_COUNT];  /* observations by family of stack */
    uint8_t recent[SUBSCRIBER_RECENT];   /* hops, newest first, and SUBSCRIBER_OF_COMPUTER */
    uint8_t clock_server;                /* of which server the clocks are, by hash */
    uint8_t nearest_hops;                /* by which `nearest` came last */
};

/* The 64 bits by which a client's subscriber is known: a /64, or an IPv4 address. */
static inline uint64_t subscriber_key(const struct address *client)
{
    const uint8_t *at = client->octets + (address_is_v4(client) ? 8 : 0);

    return (uint64_t)load_u32(at) << 32 | load_u32(at + 4);
}

struct prefix subscriber_prefix(uint64_t key);

/*
 * As people name one: any address of it; or, where a GTP-U tunnel is the subscriber,
 * "teid:IDENTIFIER@ENDPOINT" by the tunnel's identifier, decimal or 0x and hexadecimal, and the address
 * of the endpoint that gave it. *out is then an address of subscriber_key like that of the tunnel.
 */
bool subscriber_named(const char *text, struct address *out);

/* Whom an observation is of: a line, or the subscriber of its client's address. */
static inline uint64_t subscriber_of(const struct observation *observation)
{
    return observation->line != 0 ? observation->line : subscriber_key(&observation->client);
}

/* How the tunnel of an observation is named, in `out`, as subscriber_named takes it; "" without one. */
enum { SUBSCRIBER_NAME_MAX = ADDRESS_TEXT_MAX + 24 };
const char *subscriber_tunnel_name(const struct observation *observation,
                                   char out[SUBSCRIBER_NAME_MAX]);

/* What a subscriber says about an observation before it has learnt from it. */
struct subscriber_reading {
    const struct subscriber *subscriber; /* NULL: nothing is known */
    bool shared;                         /* many devices, more than one person's, at one address */
    uint8_t devices;                     /* at least so many were told apart */
    bool below;          /* one hop below its own usual, which is known well enough */
    bool as_usual;       /* nearly always with these hops, and never one fewer */
    uint8_t usual;       /* its own usual hop limit, when below */
    uint8_t usual_share; /* percent of its arrivals */
    uint8_t own_share;   /* percent of its arrivals with the hops of the observation */
    uint8_t turns;       /* changes between these hops and one fewer among the last arrivals */
    uint8_t families;    /* bit for each family of stack seen often enough before */
};

/* How often the last arrivals, and one from a computer after them, went between computers and others. */
uint8_t subscriber_stack_turns(const struct subscriber *subscriber);

/*
 * `fresh_since_s`: what was learnt before this time (seconds since 1970) does not count, since the
 * path has changed meanwhile.
 */
void subscriber_read(const struct subscriber *subscriber, uint8_t hops, uint32_t fresh_since_s,
                     struct subscriber_reading *out);

/* How often it arrived with this hop limit, decayed. */
uint16_t subscriber_count(const struct subscriber *subscriber, uint8_t hop_limit);

/*
 * Whether this TCP clock, as a server with the hash `clock_server` sees it, was seen before. Newest
 * Linux makes up a clock for each connection: only one that comes again tells a device.
 */
bool subscriber_knows_clock(const struct subscriber *subscriber, uint32_t clock,
                            uint8_t clock_server);

/* Whether the clocks seen by a server with this hash came again and again, and hardly another. */
bool subscriber_clock_is_steady(const struct subscriber *subscriber, uint8_t clock_server);

/* Of the interface identifier of an IPv6 address (RFC 4291, 2.5.1); 0 for IPv4. */
uint16_t subscriber_identifier(const struct address *client);

/* Whether this is one of two interfaces that take turns, and not the one of last time. */
bool subscriber_turns_to(const struct subscriber *subscriber, uint16_t identifier);

/*
 * The TCP clock of a packet, where its stack keeps one (Linux and Android: milliseconds from a start of
 * its own for each device): a number that is as good as constant for a device as a server sees it. And a
 * hash of the server, since a system may keep another clock for each.
 */
bool subscriber_clock(const struct observation *observation, const struct stack *stack,
                      uint32_t *out);
uint8_t subscriber_clock_server(const struct observation *observation);

/*
 * Whether this very device, the nearest of all, came one hop nearer than `hops` before. A device is known
 * again by how it makes its packets, and by its IPv6 interface or its TCP clock.
 */
bool subscriber_was_nearer(const struct subscriber *subscriber,
                           const struct observation *observation, const struct stack *stack,
                           uint8_t hops);

struct subscriber_lesson {
    uint8_t hop_limit;
    uint8_t hops;
    enum stack_family family;
    bool is_computer; /* more likely than not */
    uint32_t signature;
    bool has_clock;
    uint32_t clock; /* a number for the TCP clock, as good as constant for one device */
    uint8_t clock_server;
    uint16_t identifier; /* subscriber_identifier */
    uint32_t fresh_since_s;
    uint64_t time_ns;
};

void subscriber_learn(struct subscriber *subscriber, const struct subscriber_lesson *lesson);

/* An arrival of which no more than its hop limit is known; no connection of its own. */
void subscriber_learn_hop_limit(struct subscriber *subscriber, uint8_t hop_limit,
                                uint32_t fresh_since_s, uint64_t time_ns);

/* Adds what was seen of the same subscriber elsewhere, both decayed to the later time. */
void subscriber_merge(struct subscriber *subscriber, const struct subscriber *other);

/* Adds arrivals with a hop limit; where all cells are taken the more frequent ones stay. */
void subscriber_add_count(struct subscriber *subscriber, uint8_t hop_limit, unsigned count);

/* As many hop limits of a subscriber as are written and taken back, here and by other sites. */
enum { SUBSCRIBER_SAVED_CELLS = 5 };

/* To octets and back. subscriber_restore returns 0, or -EINVAL with *out undefined. */
void subscriber_save(const struct subscriber *subscriber, struct baseline *out);
int subscriber_restore(const struct baseline *baseline, struct subscriber *out);

#endif
