/*
 * Telling; see telling.h.
 */
#include "cli/telling.h"

#include "base/clock.h"
#include "tale/visitors.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

enum {
    PACKET_MAX = 65535,
    PACKETS_A_TURN = 64,   /* read before what is due has its turn */
    WALKERS_SHOWN_S = 600, /* who sent nothing for so long is not told of */
};

struct tun_queue {
    struct tun *tun;
    unsigned number;
    uint8_t packet[PACKET_MAX];
};

struct telling {
    struct tun *tun;
    struct hooks *hooks; /* the caller's */
    struct tun_queue *queues;
    struct limiter *limiter;
    struct walkers *walkers;
    struct visitors *visitors;
    struct routers routers;
    unsigned count;
    struct teller *teller[TUN_QUEUES_MAX];
};

static struct limit_settings telling_limits(const struct settings *settings)
{
    return (struct limit_settings){
        .source_rate = (uint32_t)settings->limit_source_rate,
        .source_burst = (uint32_t)settings->limit_source_burst,
        .total_rate = (uint32_t)settings->limit_total_rate,
        .total_burst = (uint32_t)settings->limit_total_burst,
        .sources = (uint32_t)settings->limit_sources,
    };
}

static int telling_new_limiter(struct telling *t, const struct settings *settings)
{
    struct limit_settings limits = telling_limits(settings);

    if (getrandom(limits.hash_key, sizeof limits.hash_key, 0) < 0)
        return -errno;
    return limiter_new(&limits, &t->limiter);
}

static int telling_new_tables(struct telling *t)
{
    uint64_t key[4];
    int code;

    if (getrandom(key, sizeof key, 0) < 0)
        return -errno;
    code = walkers_new(key, &t->walkers);
    return code == 0 ? visitors_new(key + 2, &t->visitors) : code;
}

static void tun_queue_read(void *context,
                           void (*each)(const uint8_t *octets, size_t length, void *to), void *to)
{
    struct tun_queue *q = context;

    for (int i = 0; i < PACKETS_A_TURN; i++) {
        const ssize_t length = tun_read(q->tun, q->number, q->packet, sizeof q->packet);

        if (length <= 0)
            break;
        each(q->packet, (size_t)length, to);
    }
}

static long tun_queue_write(void *context, const uint8_t *octets, size_t length)
{
    const struct tun_queue *q = context;

    return tun_write(q->tun, q->number, octets, length);
}

static void hook_read(void *context, void (*each)(const uint8_t *octets, size_t length, void *to),
                      void *to)
{
    xdp_read_handed(context, each, to);
}

static long hook_write(void *context, const uint8_t *octets, size_t length)
{
    return xdp_send(context, octets, length);
}

static int telling_add(struct telling *t, const struct teller_device *device,
                       const struct tales *tales, const struct settings *settings)
{
    const struct teller_orders orders = {
        .device = *device,
        .limiter = t->limiter,
        .routers = &t->routers,
        .walkers = t->walkers,
        .visitors = t->visitors,
        .tales = *tales,
        .delayed_max = (size_t)settings->limit_delayed,
    };
    int code;

    if (t->count == TUN_QUEUES_MAX)
        return -E2BIG;
    code = teller_start(&orders, &t->teller[t->count]);
    if (code == 0)
        t->count++;
    return code;
}

static int telling_add_tun(struct telling *t, const struct tales *tales,
                           const struct settings *settings)
{
    const unsigned queues = tun_queues(t->tun);
    int code = 0;

    t->queues = calloc(queues, sizeof t->queues[0]);
    if (t->queues == NULL)
        return -ENOMEM;
    for (unsigned i = 0; code == 0 && i < queues; i++) {
        const struct teller_device device = {
            .context = &t->queues[i],
            .descriptor = tun_descriptor(t->tun, i),
            .link = LINK_RAW,
            .read = tun_queue_read,
            .write = tun_queue_write,
        };

        t->queues[i].tun = t->tun;
        t->queues[i].number = i;
        code = telling_add(t, &device, tales, settings);
    }
    return code;
}

static int telling_add_hooks(struct telling *t, struct hooks *hooks, const struct tales *tales,
                             const struct settings *settings)
{
    int code = 0;

    for (size_t i = 0; code == 0 && i < hooks_count(hooks); i++) {
        const struct hook *hook = hooks_at(hooks, i);

        if (hook->tells) {
            const struct teller_device device = {
                .context = hook->xdp,
                .descriptor = xdp_handed_descriptor(hook->xdp),
                .link = LINK_ETHERNET,
                .read = hook_read,
                .write = hook_write,
            };

            code = telling_add(t, &device, tales, settings);
        }
    }
    return code;
}

int telling_open(struct tun *tun, struct hooks *hooks, const struct tales *tales,
                 const struct settings *settings, struct telling **out)
{
    struct telling *t = calloc(1, sizeof *t);
    int code;

    if (t == NULL) {
        tun_close(tun);
        return -ENOMEM;
    }
    t->tun = tun;
    t->hooks = hooks;
    code = telling_new_limiter(t, settings);
    if (code == 0)
        code = telling_new_tables(t);
    if (code == 0 && tun != NULL)
        code = telling_add_tun(t, tales, settings);
    if (code == 0)
        code = telling_add_hooks(t, hooks, tales, settings);
    if (code != 0) {
        telling_close(t);
        return code;
    }
    *out = t;
    return 0;
}

void telling_replace(struct telling *t, const struct tales *tales, const struct settings *settings)
{
    const struct limit_settings limits = telling_limits(settings);

    limiter_reconfigure(t->limiter, &limits);
    for (unsigned i = 0; i < t->count; i++)
        teller_replace(t->teller[i], tales);
}

struct teller_counts telling_counts(struct telling *t)
{
    struct teller_counts counts = {0};

    for (unsigned i = 0; i < t->count; i++)
        teller_count(t->teller[i], &counts);
    return counts;
}

static void note_walk(const struct xdp_seen *seen, void *context)
{
    struct telling *t = context;
    const size_t captured = seen->captured <= XDP_SEEN_OCTETS ? seen->captured : XDP_SEEN_OCTETS;
    struct probe probe = {0};

    if (packet_parse(seen->octets, captured, &probe.packet) != PACKET_OK)
        return;
    probe.protocol = probe_protocol_of(probe.packet.version, probe.packet.protocol);
    walkers_note(t->walkers, &probe, seen->position, seen->is_end, seen->time_ns);
}

void telling_judged(struct telling *t, const struct judgement *judgement)
{
    const struct observation *seen = &judgement->observation;
    const enum stack_family family = judgement->stack.family;
    const struct traits visitor =
        traits_of((uint8_t)judgement->verdict, family == STACK_UNKNOWN ? 0 : (uint8_t)(family + 1),
                  judgement->initial, seen->hop_limit);

    visitors_note(t->visitors, &seen->client, &visitor, seen->time_ns / 1000000000u);
}

void telling_forget(struct telling *t, const struct address *address)
{
    visitors_forget(t->visitors, address);
}

void telling_gather(struct telling *t)
{
    for (size_t i = 0; i < hooks_count(t->hooks); i++) {
        const struct hook *hook = hooks_at(t->hooks, i);

        if (hook->tells)
            xdp_read_walks(hook->xdp, note_walk, t);
    }
}

size_t telling_walkers(struct telling *t, struct walker out[WALKERS_MAX])
{
    const uint64_t now_ns = clock_monotonic_ns();
    const uint64_t window_ns = (uint64_t)WALKERS_SHOWN_S * 1000000000u;
    const size_t count = walkers_list(t->walkers, now_ns > window_ns ? now_ns - window_ns : 0, out);
    const uint64_t ahead = clock_real_ns() - now_ns;

    for (size_t i = 0; i < count; i++) {
        out[i].first_ns += ahead;
        out[i].last_ns += ahead;
    }
    return count;
}

void telling_close(struct telling *t)
{
    if (t == NULL)
        return;
    for (unsigned i = 0; i < t->count; i++)
        teller_stop(t->teller[i]);
    limiter_free(t->limiter);
    walkers_free(t->walkers);
    visitors_free(t->visitors);
    tun_close(t->tun);
    free(t->queues);
    free(t);
}
