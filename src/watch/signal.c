/*
 * The signals of evidence, one small function each, and the table of them. A function says nothing
 * (false), or gives a weight, or 0 for a mute; and what its sentence needs.
 */
#include "watch/signal.h"

#include "watch/stack.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Computers among guests, and second families of stack on a tethered and on another line. */
#define COMPUTER_TETHERED 0.70
#define SEVERAL_TETHERED  0.50
#define SEVERAL_DIRECT    0.08
/* One below its own usual, or in turns with it, on a tethered and on another line. */
#define BELOW_TETHERED 0.90
#define BELOW_DIRECT   0.05
/* Always as it was, on a line that is tethered all the time and on another. */
#define ALWAYS_TETHERED 0.20
#define ALWAYS_DIRECT   0.80
#define PATH_IN_USE     0.15
#define TURNS_TETHERED  0.50
#define TURNS_DIRECT    0.05

static double logit(double p)
{
    return log(p / (1 - p));
}

static uint8_t percent(double share)
{
    return (uint8_t)lround(share * 100);
}

static uint8_t saturated(uint64_t count)
{
    return count < UINT8_MAX ? (uint8_t)count : UINT8_MAX;
}

static double clamp(double value, double least, double most)
{
    return value < least ? least : value > most ? most : value;
}

/* Hop limits say something only when the network is known, and they are what the sender set. */
static bool hops_count(const struct facts *f)
{
    return f->network.enough && f->initial != 255 && !f->rewritten && f->kind != NETWORK_OF_HOSTING;
}

/* A hop more is a router, which on a fixed line may be the subscriber's second one. */
static bool hops_tell_guests(const struct facts *f)
{
    return hops_count(f) && f->kind != NETWORK_OF_FIXED_LINES;
}

static void detail_of_network(const struct facts *f, struct evidence *out)
{
    out->detail[0] = f->observation->hop_limit;
    out->detail[1] = percent(f->network.usual_share);
    out->detail[2] = f->network.usual;
}

static double network_weight(const struct facts *f)
{
    return log(f->network.tethered / f->network.direct);
}

/* How much more of this network than the prior says is tethered, where much of it is. */
static double guests_weight(const struct facts *f)
{
    const double guests = clamp(f->network.guests, f->prior, 0.5);

    return logit(guests) - logit(f->prior);
}

/* detail of below_network, as_network, above_network: hop limit, percent, usual hop limit */
static bool below_network(const struct facts *f, struct evidence *out)
{
    if (!hops_tell_guests(f) || f->network.relation != NETWORK_BELOW)
        return false;
    detail_of_network(f, out);
    out->weight = (float)(network_weight(f) + guests_weight(f));
    return true;
}

static bool as_network(const struct facts *f, struct evidence *out)
{
    if (!hops_count(f) || f->network.relation != NETWORK_USUAL)
        return false;
    detail_of_network(f, out);
    out->weight = (float)network_weight(f);
    return true;
}

static bool above_network(const struct facts *f, struct evidence *out)
{
    if (!hops_tell_guests(f) || f->network.relation != NETWORK_ABOVE)
        return false;
    detail_of_network(f, out);
    out->weight = (float)network_weight(f);
    return true;
}

/* detail: hop limit, percent, usual hop limit; a mute, since nobody known arrives so */
static bool unlike_network(const struct facts *f, struct evidence *out)
{
    if (!hops_count(f) || f->network.relation != NETWORK_NEW)
        return false;
    detail_of_network(f, out);
    return true;
}

/* detail: hop limit, percent, its own usual hop limit */
static bool below_subscriber(const struct facts *f, struct evidence *out)
{
    const struct subscriber_reading *s = &f->subscriber;
    const double own = fmax(BELOW_DIRECT + s->own_share / 200.0, f->network.direct);

    if (!hops_tell_guests(f) || !s->below || s->shared)
        return false;
    out->detail[0] = f->observation->hop_limit;
    out->detail[1] = s->usual_share;
    out->detail[2] = s->usual;
    out->weight = (float)log(BELOW_TETHERED / (own + f->network.move));
    return out->weight > 0;
}

/*
 * detail: hop limit, percent. Only where these hops and one fewer are both paths in ordinary use, so
 * that the network cannot tell: elsewhere a line that was never seen but through its guest would
 * speak for itself.
 */
static bool as_subscriber(const struct facts *f, struct evidence *out)
{
    const struct subscriber_reading *s = &f->subscriber;

    if (!hops_count(f) || !s->as_usual || s->shared || f->network.path < PATH_IN_USE ||
        f->network.nearer_path < PATH_IN_USE)
        return false;
    out->detail[0] = f->observation->hop_limit;
    out->detail[1] = s->own_share;
    out->weight = (float)log(ALWAYS_TETHERED / ALWAYS_DIRECT);
    return true;
}

/* detail: hop limit, changes among the last arrivals */
static bool alternating(const struct facts *f, struct evidence *out)
{
    if (!hops_tell_guests(f) || f->subscriber.turns < 3 || f->subscriber.shared)
        return false;
    out->detail[0] = f->observation->hop_limit;
    out->detail[1] = f->subscriber.turns;
    /* Where a second path is in ordinary use, lines that use both look the same. */
    out->weight = (float)log(TURNS_TETHERED / (TURNS_DIRECT + f->network.direct));
    return out->weight > 0;
}

/*
 * detail: the family of stack, its initial, the initial that was seen. A mute: what hides a hop says
 * nothing of who is on the line, and the hops that are left say nothing at all.
 */
static bool stack_hop_limit(const struct facts *f, struct evidence *out)
{
    out->detail[0] = (uint8_t)f->stack->family;
    out->detail[1] = stack_other_initial(f->initial);
    out->detail[2] = f->initial;
    return f->rewritten;
}

/* detail: the family of stack, percent of computers among the devices on the line */
static bool computer_stack(const struct facts *f, struct evidence *out)
{
    const double computer = stack_computer_share(f->stack);
    const double handset = f->stack->probability[STACK_ANDROID] + f->stack->probability[STACK_IOS];
    const double among_direct = f->network.computers;

    if (!f->network.enough || !f->network.handsets || computer <= handset)
        return false;
    out->detail[0] = (uint8_t)f->stack->family;
    out->detail[1] = percent(among_direct);
    out->weight = (float)log((COMPUTER_TETHERED * computer + (1 - COMPUTER_TETHERED) * handset) /
                             (among_direct * computer + (1 - among_direct) * handset));
    return out->weight > 0;
}

/* detail: the family of stack, bits of the families seen before */
static bool several_stacks(const struct facts *f, struct evidence *out)
{
    const enum stack_family family = f->stack->family;
    const uint8_t others =
        family < STACK_FAMILY_COUNT ? (uint8_t)(f->subscriber.families & ~(1u << family)) : 0;

    if (others == 0 || f->subscriber.shared || !f->network.handsets)
        return false;
    if (family == STACK_ANDROID || family == STACK_IOS)
        return false; /* the handset of a line is seldom the guest on it */
    out->detail[0] = (uint8_t)family;
    out->detail[1] = others;
    out->weight = (float)(f->stack->probability[family] * log(SEVERAL_TETHERED / SEVERAL_DIRECT));
    return true;
}

/* detail: observations so far */
static bool too_little_seen(const struct facts *f, struct evidence *out)
{
    if (f->network.enough || f->network.moving)
        return false;
    out->detail[0] = f->network.network ? saturated(f->network.network->seen) : 0;
    return true;
}

/* detail: hops before, hops now */
static bool route_moved(const struct facts *f, struct evidence *out)
{
    if (!f->network.moving)
        return false;
    out->detail[0] = f->network.network->moved_from;
    out->detail[1] = f->network.network->moved_to;
    return true;
}

/* detail: hop limit */
static bool initial_255(const struct facts *f, struct evidence *out)
{
    out->detail[0] = f->observation->hop_limit;
    return f->initial == 255;
}

/* detail: at least so many devices */
static bool shared_address(const struct facts *f, struct evidence *out)
{
    out->detail[0] = f->subscriber.devices;
    return f->subscriber.shared;
}

/* detail: hops of a second path, percent that take it */
static bool several_paths(const struct facts *f, struct evidence *out)
{
    if (!hops_count(f) || f->network.second == NETWORK_HOPS_NONE)
        return false;
    out->detail[0] = f->network.second;
    out->detail[1] = percent(f->network.second_share);
    return true;
}

/* no detail */
static bool fixed_lines(const struct facts *f, struct evidence *out)
{
    (void)out;
    return f->kind == NETWORK_OF_FIXED_LINES && hops_count(f) &&
           (f->network.relation != NETWORK_USUAL || f->subscriber.below);
}

/* no detail */
static bool hosting(const struct facts *f, struct evidence *out)
{
    (void)out;
    return f->kind == NETWORK_OF_HOSTING;
}

static void say(char *out, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(char *out, size_t size, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(out, size, format, arguments);
    va_end(arguments);
}

/* "52"; with its hops, "52 (12 hops)", when the other one it is compared with starts elsewhere */
static const char *hop_limit_text(uint8_t hop_limit, uint8_t other, char out[24])
{
    const uint8_t initial = observation_initial(hop_limit);

    if (initial == observation_initial(other))
        (void)snprintf(out, 24, "%u", hop_limit);
    else
        (void)snprintf(out, 24, "%u (%d hops)", hop_limit, initial - hop_limit);
    return out;
}

static void say_against(const uint8_t *d, const char *whom, char *out, size_t size)
{
    char arrived[24];
    char usual[24];

    say(out, size, "arrived with %s; %u %% of this %s arrives with %s",
        hop_limit_text(d[0], d[2], arrived), d[1], whom, hop_limit_text(d[2], d[0], usual));
}

static void say_network(const uint8_t *d, char *out, size_t size)
{
    say_against(d, "network", out, size);
}

static void say_subscriber(const uint8_t *d, char *out, size_t size)
{
    say_against(d, "subscriber", out, size);
}

static void say_as_network(const uint8_t *d, char *out, size_t size)
{
    say(out, size, "arrived with %u, as %u %% of this network does", d[0], d[1]);
}

static void say_as_subscriber(const uint8_t *d, char *out, size_t size)
{
    say(out, size, "arrived with %u, as %u %% of this subscriber does", d[0], d[1]);
}

static void say_alternating(const uint8_t *d, char *out, size_t size)
{
    say(out, size, "arrived with %u; this subscriber went between that and one more %u times", d[0],
        d[1]);
}

static void say_stack_hop_limit(const uint8_t *d, char *out, size_t size)
{
    const bool is_named = d[0] < STACK_OTHER;

    say(out, size, "sent by %s, which starts from %u, but it arrived as if from %u: rewritten",
        is_named ? stack_family_name((enum stack_family)d[0]) : "a system", d[1], d[2]);
}

static void say_computer_stack(const uint8_t *d, char *out, size_t size)
{
    say(out, size, "sent by %s; %u %% of the devices on the lines of this network are computers",
        d[0] == STACK_UNKNOWN ? "a computer" : stack_family_name((enum stack_family)d[0]), d[1]);
}

static void say_several_stacks(const uint8_t *d, char *out, size_t size)
{
    char others[64] = "";
    size_t used = 0;

    for (unsigned i = 0; i < STACK_FAMILY_COUNT; i++)
        if (d[1] & 1u << i)
            used += (size_t)snprintf(others + used, sizeof others - used, "%s%s", used ? ", " : "",
                                     stack_family_name((enum stack_family)i));
    say(out, size, "sent by %s, where %s was seen before",
        stack_family_name((enum stack_family)d[0]), others);
}

static void say_too_little_seen(const uint8_t *d, char *out, size_t size)
{
    if (d[0] == 0)
        say(out, size, "nothing was seen of this network before");
    else
        say(out, size, "this network was seen %s%u %s so far, too few to compare with",
            d[0] == UINT8_MAX ? "over " : "", d[0], d[0] == 1 ? "time" : "times");
}

static void say_route_moved(const uint8_t *d, char *out, size_t size)
{
    say(out, size, "this network moved from %u to %u hops, and is being learnt anew", d[0], d[1]);
}

static void say_initial_255(const uint8_t *d, char *out, size_t size)
{
    say(out, size, "arrived with %u, from an initial of 255, which says nothing of hops", d[0]);
}

static void say_shared_address(const uint8_t *d, char *out, size_t size)
{
    say(out, size, "many share this address: at least %u devices were told apart", d[0]);
}

static void say_several_paths(const uint8_t *d, char *out, size_t size)
{
    say(out, size, "this network has several paths: %u %% of it arrives after %u hops", d[1], d[0]);
}

static void say_fixed_lines(const uint8_t *d, char *out, size_t size)
{
    (void)d;
    say(out, size, "a network of fixed lines, where a router at home is normal");
}

static void say_hosting(const uint8_t *d, char *out, size_t size)
{
    (void)d;
    say(out, size, "a hosting network: whoever comes through it hides the line behind");
}

static void say_first_drop(const uint8_t *d, char *out, size_t size)
{
    if (d[0] < d[1])
        say(out, size, "arrived with %u; the highest ever seen from this network is %u", d[0],
            d[1]);
    else if (d[0] == d[1])
        say(out, size, "arrived with %u, the highest ever seen from this network", d[0]);
    else
        say(out, size, "arrived with %u, higher than any before from this network (%u)", d[0],
            d[1]);
}

/* In the order in which they are listed when their weights are equal. */
static const struct {
    const char *name;
    enum signal_group group;
    bool (*weigh)(const struct facts *facts, struct evidence *out); /* NULL: of another rule */
    void (*text)(const uint8_t *detail, char *out, size_t size);
} signals[SIGNAL_COUNT] = {
    [SIGNAL_FIRST_DROP] = {"first_drop", GROUP_HOPS, NULL, say_first_drop},
    [SIGNAL_BELOW_NETWORK] = {"below_network", GROUP_HOPS, below_network, say_network},
    [SIGNAL_AS_NETWORK] = {"as_network", GROUP_HOPS, as_network, say_as_network},
    [SIGNAL_ABOVE_NETWORK] = {"above_network", GROUP_HOPS, above_network, say_network},
    [SIGNAL_BELOW_SUBSCRIBER] = {"below_subscriber", GROUP_HOPS, below_subscriber, say_subscriber},
    [SIGNAL_AS_SUBSCRIBER] = {"as_subscriber", GROUP_HOPS, as_subscriber, say_as_subscriber},
    [SIGNAL_ALTERNATING] = {"alternating", GROUP_HOPS, alternating, say_alternating},
    [SIGNAL_STACK_HOP_LIMIT] = {"stack_hop_limit", GROUP_MUTE, stack_hop_limit,
                                say_stack_hop_limit},
    [SIGNAL_COMPUTER_STACK] = {"computer_stack", GROUP_STACK, computer_stack, say_computer_stack},
    [SIGNAL_SEVERAL_STACKS] = {"several_stacks", GROUP_SUBSCRIBER, several_stacks,
                               say_several_stacks},
    [SIGNAL_TOO_LITTLE_SEEN] = {"too_little_seen", GROUP_MUTE, too_little_seen,
                                say_too_little_seen},
    [SIGNAL_ROUTE_MOVED] = {"route_moved", GROUP_MUTE, route_moved, say_route_moved},
    [SIGNAL_INITIAL_255] = {"initial_255", GROUP_MUTE, initial_255, say_initial_255},
    [SIGNAL_UNLIKE_NETWORK] = {"unlike_network", GROUP_MUTE, unlike_network, say_network},
    [SIGNAL_SHARED_ADDRESS] = {"shared_address", GROUP_MUTE, shared_address, say_shared_address},
    [SIGNAL_SEVERAL_PATHS] = {"several_paths", GROUP_MUTE, several_paths, say_several_paths},
    [SIGNAL_FIXED_LINES] = {"fixed_lines", GROUP_MUTE, fixed_lines, say_fixed_lines},
    [SIGNAL_HOSTING] = {"hosting", GROUP_MUTE, hosting, say_hosting},
};

enum signal_group signal_group(enum signal signal)
{
    return signals[signal].group;
}

bool signal_weigh(enum signal signal, const struct facts *facts, struct evidence *out)
{
    *out = (struct evidence){.signal = (uint8_t)signal};
    return signals[signal].weigh && signals[signal].weigh(facts, out);
}

const char *evidence_signal(const struct evidence *evidence)
{
    return evidence->signal < SIGNAL_COUNT ? signals[evidence->signal].name : "unknown";
}

const char *evidence_text(const struct evidence *evidence, char *out, size_t size)
{
    if (size > 0)
        out[0] = '\0';
    if (evidence->signal < SIGNAL_COUNT)
        signals[evidence->signal].text(evidence->detail, out, size);
    return out;
}
