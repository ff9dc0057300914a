/*
 * Telling; see telling.h.
 */
#include "cli/telling.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

struct telling {
    struct tun *tun;
    struct limiter *limiter;
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

int telling_open(struct tun *tun, const struct tales *tales, const struct settings *settings,
                 struct telling **out)
{
    struct telling *t = calloc(1, sizeof *t);
    const unsigned queues = tun_queues(tun);
    int code;

    if (t == NULL) {
        tun_close(tun);
        return -ENOMEM;
    }
    t->tun = tun;
    code = telling_new_limiter(t, settings);
    while (code == 0 && t->count < queues) {
        const struct teller_orders orders = {
            .tun = tun,
            .queue = t->count,
            .limiter = t->limiter,
            .tales = *tales,
            .delayed_max = (size_t)settings->limit_delayed,
        };

        code = teller_start(&orders, &t->teller[t->count]);
        if (code == 0)
            t->count++;
    }
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

void telling_close(struct telling *t)
{
    if (t == NULL)
        return;
    for (unsigned i = 0; i < t->count; i++)
        teller_stop(t->teller[i]);
    limiter_free(t->limiter);
    tun_close(t->tun);
    free(t);
}
