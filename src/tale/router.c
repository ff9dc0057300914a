/*
 * Simulated routers' own limits; see router.h.
 */
#include "tale/router.h"

/* The hop's number among those of all tales, from 1; hops that share a place take turns in it. */
static uint32_t router_number(const struct tales *tales, const struct tale *tale,
                              const struct hop *hop)
{
    uint32_t number = (uint32_t)(hop - tale->hop) + 1;

    for (size_t i = 0; i < tales->count && tales->tale[i] != tale; i++)
        number += tales->tale[i]->hop_count;
    return number;
}

static bool router_take(struct router *router, uint32_t number, const struct bucket_rate *rate,
                        uint64_t now_ns)
{
    if (router->owner != number)
        *router = (struct router){.owner = number};
    if (!bucket_has(&router->bucket, rate, now_ns))
        return false;
    bucket_take(&router->bucket, rate, now_ns);
    return true;
}

bool router_allows(struct routers *routers, const struct tales *tales, const struct tale *tale,
                   const struct hop *hop, uint64_t now_ns)
{
    const struct bucket_rate rate = bucket_rate(hop->rate, hop->burst);
    const uint32_t number = router_number(tales, tale, hop);
    bool allowed;

    while (atomic_flag_test_and_set_explicit(&routers->lock, memory_order_acquire))
        ;
    allowed = router_take(&routers->router[number % ROUTERS_MAX], number, &rate, now_ns);
    atomic_flag_clear_explicit(&routers->lock, memory_order_release);
    return allowed;
}
