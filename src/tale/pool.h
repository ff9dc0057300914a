/*
 * The addresses of hops: out of the prefixes under `addresses`, in their order, each family its own.
 */
#ifndef HOPTELL_TALE_POOL_H
#define HOPTELL_TALE_POOL_H

#include "tale/draft.h"

/*
 * Gives an address to each hop that has none of its own, for every family that has a target; hops
 * that never answer get none, and repeated hops get what they repeat. Not handed out are network
 * and broadcast addresses, the anycast address of an IPv6 subnet (RFC 4291, 2.6.1), targets, and
 * what the tale gives to a hop by hand. Where the addresses run out, the first hop that is left
 * without one is an error with its line; and so is a hop whose own address is a target. One
 * address with two names is a warning.
 */
void pool_assign(struct draft *draft);

/* The first address of `prefix` that a host can have, by the same rules. */
struct address pool_first(const struct prefix *prefix);

#endif
