/*
 * Who is connected; see crowd.h.
 */
#include "serve/crowd.h"

static struct address subscriber_of(const struct address *address)
{
    return prefix_of(address, address_is_v4(address) ? 128 : 64).address;
}

/* A free place, or CROWD_MAX when all are taken or this subscriber has as many as one may. */
static unsigned free_place(const struct crowd *crowd, const struct address *subscriber)
{
    unsigned place = CROWD_MAX;
    unsigned same = 0;

    for (unsigned i = 0; i < CROWD_MAX; i++) {
        const struct guest *guest = &crowd->guest[i];

        if (!guest->here)
            place = i;
        else if (address_equal(&guest->subscriber, subscriber))
            same++;
    }
    return same < CROWD_OF_ONE_MAX ? place : CROWD_MAX;
}

bool crowd_has_room(const struct crowd *crowd, const struct address *address)
{
    const struct address subscriber = subscriber_of(address);

    return free_place(crowd, &subscriber) != CROWD_MAX;
}

unsigned crowd_enter(struct crowd *crowd, const struct address *address,
                     struct connection *connection, uint64_t now_ms)
{
    const struct address subscriber = subscriber_of(address);
    const unsigned place = free_place(crowd, &subscriber);

    if (place != CROWD_MAX)
        crowd->guest[place] = (struct guest){true, false, connection, subscriber, now_ms};
    return place;
}

void crowd_served(struct crowd *crowd, unsigned place, uint64_t now_ms)
{
    if (place == CROWD_MAX)
        return;
    crowd->guest[place].since_ms = now_ms;
    crowd->guest[place].leaving = false;
}

void crowd_leave(struct crowd *crowd, unsigned place)
{
    if (place < CROWD_MAX)
        crowd->guest[place].here = false;
}

bool crowd_make_room(struct crowd *crowd, void (*each)(struct connection *connection))
{
    struct guest *oldest = NULL;
    unsigned free = 0;

    for (unsigned i = 0; i < CROWD_MAX; i++) {
        struct guest *guest = &crowd->guest[i];

        free += !guest->here || guest->leaving;
        if (guest->here && !guest->leaving &&
            (oldest == NULL || guest->since_ms < oldest->since_ms))
            oldest = guest;
    }
    if (free >= CROWD_SPARE || oldest == NULL)
        return false;
    oldest->leaving = true;
    each(oldest->connection);
    return true;
}

unsigned crowd_overdue(struct crowd *crowd, uint64_t now_ms,
                       void (*each)(struct connection *connection))
{
    unsigned overdue = 0;

    if (now_ms - crowd->looked_ms < CROWD_LOOK_EVERY_MS)
        return 0;
    crowd->looked_ms = now_ms;
    for (unsigned i = 0; i < CROWD_MAX; i++)
        if (crowd->guest[i].here && !crowd->guest[i].leaving &&
            now_ms - crowd->guest[i].since_ms > CROWD_REQUEST_MAX_MS) {
            crowd->guest[i].leaving = true;
            each(crowd->guest[i].connection);
            overdue++;
        }
    return overdue;
}
