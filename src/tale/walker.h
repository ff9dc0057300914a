/*
 * Who walks a tale now: one entry for a source, a target and a program, with how far it got. A
 * table of a fixed size that any number of threads may share; one who sent little, or nothing for a
 * while, makes room first, so that a flood of false sources does not push out who really walks.
 */
#ifndef HOPTELL_TALE_WALKER_H
#define HOPTELL_TALE_WALKER_H

#include "tale/client.h"
#include "tale/path.h"

enum {
    WALKERS_MAX = 512,
    WALKER_REST_S = 30, /* after such a pause it is another walk */
};

struct walker {
    struct address source;
    struct address target; /* the very address that was probed */
    uint64_t first_ns;     /* of this walk, by the clock of respond() */
    uint64_t last_ns;
    uint32_t probes;
    uint8_t client;   /* enum probe_client */
    uint8_t protocol; /* enum probe_protocol */
    uint8_t position; /* where its newest probe stopped, from 1; the end is one past the last hop */
    uint8_t furthest;
    bool at_end; /* a probe of this walk reached the end */
};

struct walkers;

/* `hash_key` is random at start. 0 and *out for walkers_free, or -ENOMEM. */
int walkers_new(const uint64_t hash_key[2], struct walkers **out);
void walkers_free(struct walkers *walkers); /* NULL is fine */

/* A probe that stopped at `position`. */
void walkers_note(struct walkers *walkers, const struct probe *probe, uint8_t position, bool at_end,
                  uint64_t now_ns);

/* Copies those that sent something since `since_ns`, the newest first; returns how many. */
size_t walkers_list(struct walkers *walkers, uint64_t since_ns, struct walker out[WALKERS_MAX]);

#endif
