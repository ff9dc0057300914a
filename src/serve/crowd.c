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

unsigned crowd_enter(struct crowd *crowd, const struct address *address, int connection,
                     uint64_t now_ms)
{
    const struct address subscriber = subscriber_of(address);
    const unsigned place = free_place(crowd, &subscriber);

    if (place != CROWD_MAX)
        crowd->guest[place] = (struct guest){true, connection, subscriber, now_ms};
    return place;
}

void crowd_served(struct crowd *crowd, unsigned place, uint64_t now_ms)
{
    if (place < CROWD_MAX)
        crowd->guest[place].since_ms = now_ms;
}

void crowd_leave(struct crowd *crowd, unsigned place)
{
    if (place < CROWD_MAX)
        crowd->guest[place].here = false;
}

void crowd_overdue(struct crowd *crowd, uint64_t now_ms, void (*each)(int connection))
{
    if (now_ms - crowd->looked_ms < CROWD_LOOK_EVERY_MS)
        return;
    crowd->looked_ms = now_ms;
    for (unsigned i = 0; i < CROWD_MAX; i++)
        if (crowd->guest[i].here && now_ms - crowd->guest[i].since_ms > CROWD_REQUEST_MAX_MS)
            each(crowd->guest[i].connection);
}
