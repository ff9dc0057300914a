/*
 * A baseline as a store may give it back: kind 1, prefix 16, its length 1, time 8, octets. What is
 * taken must come out again, and be the same when it is put back; of a subscriber with more hop limits
 * than are kept now (earlier ones kept five) the rarest may be missing when it comes out first.
 */
#include "watch/watch.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static bool keep(const struct baseline *baseline, void *context)
{
    *(struct baseline *)context = *baseline;
    return true;
}

static bool is_same(const struct baseline *a, const struct baseline *b)
{
    return a->subscriber == b->subscriber && a->length == b->length &&
           memcmp(&a->prefix, &b->prefix, sizeof a->prefix) == 0 &&
           memcmp(a->octets, b->octets, a->length) == 0;
}

static void observe_in(struct watch *watch, const struct baseline *baseline)
{
    const struct observation observation = {
        .time_ns = baseline->updated_ns,
        .client = baseline->prefix.address,
        .version = address_is_v4(&baseline->prefix.address) ? 4 : 6,
        .hop_limit = 51,
    };
    struct judgement judgement;

    watch_observe(watch, &observation, &judgement);
    require(judgement.probability >= 0 && judgement.probability <= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    struct watch_settings settings = watch_settings_default();
    struct cursor c = cursor_over(octets, length);
    struct baseline given = {.subscriber = cursor_u8(&c) & 1};
    struct baseline back = {0};
    struct baseline again = {0};
    uint64_t position = 0;
    struct watch *watch;
    const uint8_t *address = cursor_take(&c, 16);

    if (!address)
        return 0;
    given.prefix.address = address_v6(address);
    given.prefix.length = cursor_u8(&c);
    given.updated_ns = (uint64_t)cursor_u32(&c) << 32;
    given.updated_ns |= cursor_u32(&c);
    if (c.failed || cursor_left(&c) > sizeof given.octets)
        return 0;
    given.length = (uint16_t)cursor_left(&c);
    memcpy(given.octets, c.at, given.length);

    settings.networks = settings.subscribers = settings.connections = 64;
    require(watch_new(&settings, &watch) == 0);
    if (watch_restore(watch, &given) == 0) {
        watch_each_baseline(watch, &position, keep, &back);
        require(given.subscriber || is_same(&given, &back));
        require(watch_restore(watch, &back) == 0);
        watch_each_baseline(watch, &position, keep, &again);
        require(is_same(&back, &again));
        observe_in(watch, &given);
    }
    watch_free(watch);
    return 0;
}
