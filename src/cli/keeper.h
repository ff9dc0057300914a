/*
 * The keeper: a child process that keeps the few rights which the daemon gives up, parses nothing
 * from strangers, and does two things: it changes routes and addresses of the TUN device when the daemon
 * asks (only those that it was told at the start), and when the daemon is gone, however it went,
 * it undoes what would otherwise stay behind.
 */
#ifndef HOPTELL_CLI_KEEPER_H
#define HOPTELL_CLI_KEEPER_H

#include "base/settings.h"

struct keeper;

/* An XDP program that was attached. */
struct keeper_program {
    const char *interface; /* for messages */
    unsigned index;
    uint32_t id;
};

struct keeper_orders {
    unsigned interface;                   /* routes go to it */
    const struct prefix_list *addresses;  /* of the machine on it */
    const struct prefix_list *allowed;    /* and lie within these */
    bool resolver;                        /* resolver_leave at the end */
    const struct keeper_program *program; /* detached at the end */
    size_t program_count;
};

/*
 * Forks; to be called before there are threads. `in_child` is called in the child, to close what
 * it must not hold. 0 and *out for keeper_stop, or a negative errno.
 */
int keeper_start(const struct keeper_orders *orders, void (*in_child)(void *context), void *context,
                 struct keeper **out);

/* 0, or the kernel's errno, negative; -EPERM for a prefix that is not allowed. */
int keeper_route_add(struct keeper *keeper, const struct prefix *prefix);
int keeper_route_delete(struct keeper *keeper, const struct prefix *prefix);

/* Gives the interface its addresses again, which it loses some of when it goes down. */
int keeper_restore_addresses(struct keeper *keeper);

/* Lets it undo, and waits for it. NULL is fine. */
void keeper_stop(struct keeper *keeper);

#endif
