/*
 * What is known of those who may walk a tale, by subscriber (an IPv4 address, an IPv6 /64). A table of
 * a fixed size: one thread writes it, any number read it without a lock. Of those that share a set,
 * one without a verdict makes room first, so that a flood of false sources, of which nothing is
 * known, does not push out who really came.
 */
#ifndef HOPTELL_TALE_VISITORS_H
#define HOPTELL_TALE_VISITORS_H

#include "tale/traits.h"
#include "wire/address.h"

enum { VISITORS_MAX = 1 << 16 };

struct visitors;

/* `hash_key` is random at start. 0 and *out for visitors_free, or -ENOMEM. */
int visitors_new(const uint64_t hash_key[2], struct visitors **out);
void visitors_free(struct visitors *visitors); /* NULL is fine */

/* The newest of this subscriber; `now_s` is any clock that does not go back. */
void visitors_note(struct visitors *visitors, const struct address *source,
                   const struct traits *visitor, uint64_t now_s);

/* Nothing is known of this subscriber any more; by the thread that notes. */
void visitors_forget(struct visitors *visitors, const struct address *source);

/* All zero when nothing is known. */
struct traits visitors_find(const struct visitors *visitors, const struct address *source);

#endif
