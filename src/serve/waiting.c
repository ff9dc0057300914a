/*
 * Requests that wait for an opening packet; see waiting.h.
 */
#include "serve/waiting.h"

#include "watch/subscriber.h"

#include <errno.h>
#include <stddef.h>

int waiting_add(struct waiting *waiting, struct wait *wait)
{
    if (waiting->count == WAITING_MAX)
        return -EBUSY;
    wait->state = WAIT_WAITING;
    wait->slot = waiting->count;
    waiting->wait[waiting->count++] = wait;
    return 0;
}

void waiting_remove(struct waiting *waiting, struct wait *wait)
{
    struct wait *last;

    if (wait->slot >= waiting->count || waiting->wait[wait->slot] != wait)
        return;
    last = waiting->wait[--waiting->count];
    waiting->wait[wait->slot] = last;
    last->slot = wait->slot;
}

/* The very address; or any address in the tunnel. */
static bool is_of(const struct address *wanted, const struct observation *seen)
{
    return address_equal(wanted, &seen->client) ||
           (seen->line != 0 && seen->line == subscriber_key(wanted));
}

static bool is_awaited(const struct wait *wait, const struct observation *seen)
{
    const struct journal_wanted *wanted = &wait->wanted;

    return wait->state == WAIT_WAITING && wait->ticket == 0 &&
           (wanted->port == 0 || wanted->port == seen->client_port) &&
           (wanted->server_port == 0 || wanted->server_port == seen->server_port) &&
           journal_is_when(wanted, seen->time_ns) && is_of(&wait->address, seen);
}

unsigned waiting_judged(struct waiting *waiting, const struct judgement *judgement)
{
    unsigned found = 0;

    for (unsigned i = 0; i < waiting->count; i++) {
        struct wait *wait = waiting->wait[i];

        if (!is_awaited(wait, &judgement->observation))
            continue;
        wait->judgement = *judgement;
        wait->state = WAIT_FOUND;
        found++;
    }
    return found;
}

bool waiting_recalled(struct waiting *waiting, uint64_t ticket, const struct recalled *recalled)
{
    for (unsigned i = 0; i < waiting->count; i++) {
        struct wait *wait = waiting->wait[i];

        if (wait->state != WAIT_WAITING || wait->ticket != ticket)
            continue;
        wait->recalled = *recalled;
        wait->state = WAIT_FOUND;
        return true;
    }
    return false;
}

void waiting_expire(struct waiting *waiting, uint64_t now_ms)
{
    for (unsigned i = 0; i < waiting->count; i++)
        if (waiting->wait[i]->state == WAIT_WAITING && waiting->wait[i]->deadline_ms <= now_ms)
            waiting->wait[i]->state = WAIT_EXPIRED;
}

struct wait *waiting_take_finished(struct waiting *waiting)
{
    for (unsigned i = 0; i < waiting->count; i++) {
        struct wait *wait = waiting->wait[i];

        if (wait->state == WAIT_WAITING)
            continue;
        waiting_remove(waiting, wait);
        return wait;
    }
    return NULL;
}

uint64_t waiting_deadline(const struct waiting *waiting)
{
    uint64_t earliest = UINT64_MAX;

    for (unsigned i = 0; i < waiting->count; i++)
        if (waiting->wait[i]->deadline_ms < earliest)
            earliest = waiting->wait[i]->deadline_ms;
    return earliest;
}
