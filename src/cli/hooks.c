/*
 * Hooks; see hooks.h.
 */
#include "cli/hooks.h"

#include "base/log.h"
#include "edge/machine.h"
#include "tale/book.h"
#include "tale/limit_set.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { OWN_MAX = 1024 }; /* addresses of this machine that are told apart */

struct hooks {
    size_t count;
    struct hook hook[];
};

/* The one whose tables all share; NULL: none answers, or there is none. */
static struct xdp *first(const struct hooks *hooks)
{
    return hooks->count > 0 ? hooks->hook[0].xdp : NULL;
}

static struct hook *find_or_add(struct hooks *hooks, const char *interface)
{
    struct hook *hook;

    for (size_t i = 0; i < hooks->count; i++)
        if (strcmp(hooks->hook[i].interface, interface) == 0)
            return &hooks->hook[i];
    hook = &hooks->hook[hooks->count];
    hook->interface = strdup(interface);
    hook->index = if_nametoindex(interface);
    if (hook->interface == NULL)
        return NULL;
    hooks->count++;
    return hook;
}

/* Which interfaces there are, and what for. */
static int collect(struct hooks *hooks, const struct settings *settings, bool has_tales)
{
    const struct {
        const struct text_list *list;
        bool wanted;
        bool tells;
    } wishes[] = {
        {&settings->xdp_interfaces, settings->datapath == DATAPATH_XDP && has_tales, true},
        {&settings->watch_interfaces, settings->watch_datapath == WATCH_XDP, false},
    };

    for (size_t i = 0; i < sizeof wishes / sizeof wishes[0]; i++) {
        for (size_t j = 0; wishes[i].wanted && j < wishes[i].list->count; j++) {
            struct hook *hook = find_or_add(hooks, wishes[i].list->item[j]);

            if (hook == NULL)
                return -ENOMEM;
            if (wishes[i].tells)
                hook->tells = true;
            else
                hook->watches = true;
        }
    }
    return 0;
}

static enum xdp_way way_of(const struct settings *settings)
{
    static const enum xdp_way ways[] = {
        [XDP_MODE_IS_AUTO] = XDP_WAY_AUTO,
        [XDP_MODE_IS_NATIVE] = XDP_WAY_NATIVE,
        [XDP_MODE_IS_GENERIC] = XDP_WAY_GENERIC,
    };

    return ways[settings->xdp_mode];
}

static int attach(struct hooks *hooks, const struct settings *settings, char *error,
                  size_t error_size)
{
    struct xdp_orders orders = {
        .way = way_of(settings),
        .limit_sets = limit_sets_for((uint32_t)settings->limit_sources),
        .connections = (uint32_t)settings->watch_connections,
        .subscribers = (uint32_t)settings->watch_subscribers,
    };
    int code = 0;

    if (getrandom(orders.limit_key, sizeof orders.limit_key, 0) < 0) {
        code = -errno;
        snprintf(error, error_size, "expected a key from the kernel, found: %s", strerror(-code));
        return code;
    }
    for (size_t i = 0; code == 0 && i < hooks->count; i++) {
        struct hook *hook = &hooks->hook[i];

        orders.interface = hook->interface;
        orders.tells = hook->tells;
        orders.watches = hook->watches;
        orders.sibling = first(hooks);
        code = xdp_open(&orders, &hook->xdp, error, error_size);
        if (code == 0)
            log_notice("XDP on %s: %s%s", hook->interface,
                       xdp_way(hook->xdp) == XDP_WAY_NATIVE ? "native, in the driver"
                                                            : "generic, behind the driver",
                       xdp_is_shared(hook->xdp) ? ", beside other programs" : "");
    }
    return code;
}

int hooks_open(const struct settings *settings, const struct tales *tales, struct hooks **out,
               char *error, size_t error_size)
{
    const size_t most = settings->xdp_interfaces.count + settings->watch_interfaces.count;
    struct hooks *hooks = calloc(1, sizeof *hooks + most * sizeof hooks->hook[0]);
    int code = hooks ? collect(hooks, settings, tales->count > 0) : -ENOMEM;

    if (code == 0)
        code = attach(hooks, settings, error, error_size);
    else
        snprintf(error, error_size, "%s", strerror(-code));
    if (code == 0)
        code = hooks_replace(hooks, tales, settings, error, error_size);
    if (code != 0) {
        hooks_close(hooks);
        return code;
    }
    *out = hooks;
    return 0;
}

size_t hooks_count(const struct hooks *hooks)
{
    return hooks ? hooks->count : 0;
}

const struct hook *hooks_at(const struct hooks *hooks, size_t index)
{
    return &hooks->hook[index];
}

bool hooks_tell(const struct hooks *hooks)
{
    for (size_t i = 0; i < hooks_count(hooks); i++)
        if (hooks->hook[i].tells)
            return true;
    return false;
}

int hooks_replace(struct hooks *hooks, const struct tales *tales, const struct settings *settings,
                  char *error, size_t error_size)
{
    const struct limit_settings limits = {
        .source_rate = (uint32_t)settings->limit_source_rate,
        .source_burst = (uint32_t)settings->limit_source_burst,
        .total_rate = (uint32_t)settings->limit_total_rate,
        .total_burst = (uint32_t)settings->limit_total_burst,
    };
    struct address own[OWN_MAX];
    size_t own_count;
    int code;

    if (!hooks_tell(hooks))
        return 0;
    code = machine_addresses(own, OWN_MAX, &own_count);
    if (code != 0) {
        snprintf(error, error_size, "cannot read this machine's addresses: %s", strerror(-code));
        return code;
    }
    code = book_write(tales, own, own_count, &limits, xdp_book(first(hooks)), error, error_size);
    if (code == 0)
        xdp_turn(first(hooks));
    return code;
}

uint64_t hooks_count_of(const struct hooks *hooks, unsigned which)
{
    return hooks_count(hooks) > 0 ? xdp_count(first(hooks), which) : 0;
}

uint64_t hooks_handed_lost(const struct hooks *hooks)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < hooks_count(hooks); i++)
        sum += xdp_handed_lost(hooks->hook[i].xdp);
    return sum;
}

void hooks_close(struct hooks *hooks)
{
    if (hooks == NULL)
        return;
    for (size_t i = 0; i < hooks->count; i++) {
        if (hooks->hook[i].xdp)
            (void)xdp_detach(hooks->hook[i].index, xdp_id(hooks->hook[i].xdp));
        xdp_close(hooks->hook[i].xdp);
        free((char *)hooks->hook[i].interface);
    }
    free(hooks);
}
