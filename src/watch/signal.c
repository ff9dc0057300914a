/*
 * The signals of evidence, one small function each, and the table of them. A function is asked only
 * where asked_of says so, and relies on that. It says nothing (false), or gives a weight, or 0 for a
 * mute; and what its sentence needs.
 */
#include "watch/signal.h"

#include "watch/stack.h"
#include "watch/weights.h"

#include "base/rounded.h"

#include <math.h>

/* Computers among guests. */
#define COMPUTER_TETHERED 0.70
/* A larger MSS than the network's handsets', among guests: most paths clamp it; and the fewest
 * handsets that are believed to have it. */
#define MSS_TETHERED     0.30
#define MSS_DIRECT_LEAST 0.02
/* One below its own usual, or in turns with it, on a tethered and on another line. */
#define BELOW_TETHERED 0.90
#define BELOW_DIRECT   0.05
#define PATH_IN_USE    0.15
#define TURNS_TETHERED 0.50
#define TURNS_DIRECT   0.05
/* The device of the line itself, by a longer path than before. */
#define LONGER_PATH (-3.0F)
/* Changes among the last arrivals. */
#define TURNS_LEAST 3
/* From a computer to a handset and back. */
#define STACK_TURNS_LEAST 2
/* What is counted of evidence that the network has given already. */
#define SAID_AGAIN 1.0

static double logit(double p)
{
    return log(p / (1 - p));
}

static uint8_t percent(double share)
{
    return (uint8_t)rounded(share * 100);
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

/* As in a tunnel, which is a hop by itself. */
static bool is_smaller_mss(const struct facts *f)
{
    return f->mss == NETWORK_MSS_SMALLER;
}

/* A hop more is a router, which on a fixed line may be the subscriber's second one. */
static bool hops_tell_guests(const struct facts *f)
{
    return hops_count(f) && f->kind != NETWORK_OF_FIXED_LINES && !is_smaller_mss(f);
}

/*
 * A device that came by a usual path, and comes one hop later: it has moved, and is no guest. It was none
 * before, either, where no path is yet another hop nearer.
 */
static bool path_is_longer(const struct facts *f)
{
    const struct subscriber_reading *s = &f->subscriber;

    return s->subscriber && !s->shared && f->network.nearer_path >= PATH_IN_USE &&
           f->network.nearest_path < PATH_IN_USE &&
           subscriber_was_nearer(s->subscriber, f->observation, f->stack, f->hops);
}

/* Several devices on one line are no news where many share it, and at home. */
static bool line_is_one_handset(const struct facts *f)
{
    return f->network.handsets && !f->subscriber.shared && f->kind != NETWORK_OF_FIXED_LINES;
}

/* Bits of the families seen on the line beside this packet's; none where its family is not known. */
static uint8_t other_stacks(const struct facts *f)
{
    const enum stack_family family = f->stack->family;

    return family < STACK_FAMILY_COUNT ? (uint8_t)(f->subscriber.families & ~(1u << family)) : 0;
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

    return logit(guests) - f->prior_logit;
}

/* detail of below_network, as_network, above_network: hop limit, percent, usual hop limit */
static bool below_network(const struct facts *f, struct evidence *out)
{
    detail_of_network(f, out);
    out->weight = (float)(network_weight(f) + guests_weight(f));
    return true;
}

static bool as_network(const struct facts *f, struct evidence *out)
{
    detail_of_network(f, out);
    out->weight = (float)network_weight(f);
    return true;
}

static bool above_network(const struct facts *f, struct evidence *out)
{
    detail_of_network(f, out);
    out->weight = (float)network_weight(f);
    return true;
}

/* detail: hop limit, percent, usual hop limit; a mute, since nobody known arrives so */
static bool unlike_network(const struct facts *f, struct evidence *out)
{
    detail_of_network(f, out);
    return true;
}

/*
 * The subscriber and its network have seen the same hops, so that only what the one knows better than
 * the other is counted; and a little, so that it is said.
 */
static float beyond_network(const struct facts *f, double log_ratio)
{
    const double more = log_ratio - fmax(network_weight(f), 0);

    if (log_ratio <= 0)
        return 0;
    return (float)fmax(more, fmin(log_ratio, SAID_AGAIN));
}

/* detail: hop limit, percent, its own usual hop limit */
static bool below_subscriber(const struct facts *f, struct evidence *out)
{
    const struct subscriber_reading *s = &f->subscriber;
    const double own = fmax(BELOW_DIRECT + s->own_share / 200.0, f->network.direct);

    out->detail[0] = f->observation->hop_limit;
    out->detail[1] = s->usual_share;
    out->detail[2] = s->usual;
    out->weight = beyond_network(f, log(BELOW_TETHERED / (own + f->network.move)));
    return out->weight > 0;
}

/*
 * detail: hop limit, percent. Only where these hops and one fewer are both paths in ordinary use, so
 * that the network cannot tell: elsewhere a line that was never seen but through its guest would
 * speak for itself.
 */
static bool as_subscriber(const struct facts *f, struct evidence *out)
{
    out->detail[0] = f->observation->hop_limit;
    out->detail[1] = f->subscriber.own_share;
    out->weight = -1;
    return true;
}

/* detail: hop limit, hops before */
static bool longer_path(const struct facts *f, struct evidence *out)
{
    out->detail[0] = f->observation->hop_limit;
    out->detail[1] = f->subscriber.subscriber->nearest_hops;
    out->weight = LONGER_PATH;
    return true;
}

/* detail: hop limit, changes among the last arrivals */
static bool alternating(const struct facts *f, struct evidence *out)
{
    out->detail[0] = f->observation->hop_limit;
    out->detail[1] = f->subscriber.turns;
    /* Where a second path is in ordinary use, lines that use both look the same. */
    out->weight = beyond_network(f, log(TURNS_TETHERED / (TURNS_DIRECT + f->network.direct)));
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
    return true;
}

/* detail: the family of stack, percent of computers among the devices on the line */
static bool computer_stack(const struct facts *f, struct evidence *out)
{
    const double computer = stack_computer_share(f->stack);
    const double handset = f->stack->probability[STACK_ANDROID] + f->stack->probability[STACK_IOS];
    const double among_direct = f->network.computers;

    if (computer <= handset)
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

    out->detail[0] = (uint8_t)family;
    out->detail[1] = other_stacks(f);
    out->weight = (float)f->stack->probability[family];
    return true;
}

/*
 * detail: the family of stack, changes. Several stacks come with a new holder of the address, too, once;
 * but then not in turns.
 */
static bool stacks_in_turns(const struct facts *f, struct evidence *out)
{
    const double computer = stack_computer_share(f->stack);

    if (computer <= 0.5)
        return false;
    out->detail[0] = (uint8_t)f->stack->family;
    out->detail[1] = subscriber_stack_turns(f->subscriber.subscriber);
    out->weight = (float)computer;
    return out->detail[1] >= STACK_TURNS_LEAST;
}

static void detail_of_mss(const struct facts *f, struct evidence *out)
{
    out->detail[0] = (uint8_t)(f->observation->mss >> 8);
    out->detail[1] = (uint8_t)f->observation->mss;
}

/*
 * detail: the MSS, two octets, percent of handsets with it. Handsets take it from their carrier's
 * interface, and guests from a wireless or wired one, which is wider; where the path clamps it, all
 * have the same.
 */
static bool larger_mss(const struct facts *f, struct evidence *out)
{
    detail_of_mss(f, out);
    out->detail[2] = percent(f->mss_share);
    out->weight = (float)log(MSS_TETHERED / fmax(f->mss_share, MSS_DIRECT_LEAST));
    return true;
}

/* detail: the MSS, two octets */
static bool smaller_mss(const struct facts *f, struct evidence *out)
{
    detail_of_mss(f, out);
    return true;
}

/* no detail; newest Linux has a clock for each connection, which is none to be broken */
static bool clock_break(const struct facts *f, struct evidence *out)
{
    (void)f;
    out->weight = 1;
    return true;
}

/* no detail */
static bool two_identifiers(const struct facts *f, struct evidence *out)
{
    (void)f;
    out->weight = 1;
    return true;
}

/* detail: observations so far */
static bool too_little_seen(const struct facts *f, struct evidence *out)
{
    out->detail[0] = f->network.network ? saturated(f->network.network->seen) : 0;
    return true;
}

/* detail: hops before, hops now */
static bool route_moved(const struct facts *f, struct evidence *out)
{
    out->detail[0] = f->network.network->moved_from;
    out->detail[1] = f->network.network->moved_to;
    return true;
}

/* detail: hop limit */
static bool initial_255(const struct facts *f, struct evidence *out)
{
    out->detail[0] = f->observation->hop_limit;
    return true;
}

/* detail: at least so many devices */
static bool shared_address(const struct facts *f, struct evidence *out)
{
    out->detail[0] = f->subscriber.devices;
    return true;
}

/* detail: hops of a second path, percent that take it */
static bool several_paths(const struct facts *f, struct evidence *out)
{
    out->detail[0] = f->network.second;
    out->detail[1] = percent(f->network.second_share);
    return true;
}

/* no detail */
static bool fixed_lines(const struct facts *f, struct evidence *out)
{
    (void)f;
    (void)out;
    return true;
}

/* no detail */
static bool hosting(const struct facts *f, struct evidence *out)
{
    (void)f;
    (void)out;
    return true;
}

/* In the order in which they are listed when their weights are equal. */
static const struct {
    const char *name;
    enum signal_group group;
    bool (*weigh)(const struct facts *facts, struct evidence *out); /* NULL: not of a packet */
} signals[SIGNAL_COUNT] = {
    [SIGNAL_FIRST_DROP] = {"first_drop", GROUP_HOPS, NULL},
    [SIGNAL_BELOW_NETWORK] = {"below_network", GROUP_HOPS, below_network},
    [SIGNAL_AS_NETWORK] = {"as_network", GROUP_HOPS, as_network},
    [SIGNAL_ABOVE_NETWORK] = {"above_network", GROUP_HOPS, above_network},
    [SIGNAL_BELOW_SUBSCRIBER] = {"below_subscriber", GROUP_HOPS, below_subscriber},
    [SIGNAL_AS_SUBSCRIBER] = {"as_subscriber", GROUP_HOPS, as_subscriber},
    [SIGNAL_ALTERNATING] = {"alternating", GROUP_HOPS, alternating},
    [SIGNAL_STACK_HOP_LIMIT] = {"stack_hop_limit", GROUP_MUTE, stack_hop_limit},
    [SIGNAL_COMPUTER_STACK] = {"computer_stack", GROUP_STACK, computer_stack},
    [SIGNAL_SEVERAL_STACKS] = {"several_stacks", GROUP_SUBSCRIBER, several_stacks},
    [SIGNAL_TOO_LITTLE_SEEN] = {"too_little_seen", GROUP_MUTE, too_little_seen},
    [SIGNAL_ROUTE_MOVED] = {"route_moved", GROUP_MUTE, route_moved},
    [SIGNAL_INITIAL_255] = {"initial_255", GROUP_MUTE, initial_255},
    [SIGNAL_UNLIKE_NETWORK] = {"unlike_network", GROUP_MUTE, unlike_network},
    [SIGNAL_SHARED_ADDRESS] = {"shared_address", GROUP_MUTE, shared_address},
    [SIGNAL_SEVERAL_PATHS] = {"several_paths", GROUP_MUTE, several_paths},
    [SIGNAL_FIXED_LINES] = {"fixed_lines", GROUP_MUTE, fixed_lines},
    [SIGNAL_HOSTING] = {"hosting", GROUP_MUTE, hosting},
    [SIGNAL_LARGER_MSS] = {"larger_mss", GROUP_STACK, larger_mss},
    [SIGNAL_SMALLER_MSS] = {"smaller_mss", GROUP_MUTE, smaller_mss},
    [SIGNAL_CLOCK_BREAK] = {"clock_break", GROUP_SUBSCRIBER, clock_break},
    [SIGNAL_TWO_IDENTIFIERS] = {"two_identifiers", GROUP_SUBSCRIBER, two_identifiers},
    [SIGNAL_BROWSER_STACK] = {"browser_stack", GROUP_BROWSER, NULL},
    [SIGNAL_PROXY] = {"proxy", GROUP_MUTE, NULL},
    [SIGNAL_LONGER_PATH] = {"longer_path", GROUP_HOPS, longer_path},
    [SIGNAL_STACKS_IN_TURNS] = {"stacks_in_turns", GROUP_SUBSCRIBER, stacks_in_turns},
};

enum signal_group signal_group(enum signal signal)
{
    return signals[signal].group;
}

_Static_assert(SIGNAL_COUNT <= 32, "a word has a bit for each");

static uint32_t bit(enum signal signal)
{
    return (uint32_t)1 << signal;
}

/* These bits where that is so, or none, without a branch. */
static uint32_t where(bool so, uint32_t bits)
{
    return -(uint32_t)so & bits;
}

/* Of what the line did before. */
static uint32_t asked_of_line(const struct facts *f, bool counts, bool guests)
{
    const struct subscriber_reading *s = &f->subscriber;
    const bool own = s->subscriber && !s->shared;
    const bool of_handset = s->subscriber && line_is_one_handset(f);
    /* The handset of a line is seldom the guest on it. */
    const bool others =
        of_handset && !stack_family_is_handset(f->stack->family) && other_stacks(f) != 0;
    const bool both_paths = f->network.path >= PATH_IN_USE && f->network.nearer_path >= PATH_IN_USE;

    return where(guests && own && s->below, bit(SIGNAL_BELOW_SUBSCRIBER)) |
           where(guests && own && s->turns >= TURNS_LEAST, bit(SIGNAL_ALTERNATING)) |
           where(counts && own && s->as_usual && both_paths, bit(SIGNAL_AS_SUBSCRIBER)) |
           where(others, bit(SIGNAL_SEVERAL_STACKS)) |
           where(of_handset, bit(SIGNAL_STACKS_IN_TURNS)) |
           where(of_handset && f->clock_break, bit(SIGNAL_CLOCK_BREAK)) |
           where(of_handset && f->other_identifier, bit(SIGNAL_TWO_IDENTIFIERS)) |
           where(s->subscriber && s->shared, bit(SIGNAL_SHARED_ADDRESS));
}

/*
 * The signals that are asked, a bit for each: those that have something to say, as far as that is found
 * out sooner than by asking. What several of them rest on is found out once.
 */
static uint32_t asked_of(const struct facts *f)
{
    const enum network_relation relation = f->network.relation;
    const bool counts = hops_count(f);
    const bool longer = counts && path_is_longer(f);
    const bool guests = hops_tell_guests(f) && !longer;
    const bool little = !f->network.enough;
    const bool fixed = f->kind == NETWORK_OF_FIXED_LINES;

    return where(counts && relation == NETWORK_USUAL, bit(SIGNAL_AS_NETWORK)) |
           where(guests && relation == NETWORK_BELOW, bit(SIGNAL_BELOW_NETWORK)) |
           where(guests && relation == NETWORK_ABOVE, bit(SIGNAL_ABOVE_NETWORK)) |
           where(counts && relation == NETWORK_NEW, bit(SIGNAL_UNLIKE_NETWORK)) |
           where(longer, bit(SIGNAL_LONGER_PATH)) |
           where(counts && f->network.second != NETWORK_HOPS_NONE, bit(SIGNAL_SEVERAL_PATHS)) |
           where(!little && f->network.handsets, bit(SIGNAL_COMPUTER_STACK)) |
           where(f->mss == NETWORK_MSS_LARGER, bit(SIGNAL_LARGER_MSS)) |
           where(is_smaller_mss(f), bit(SIGNAL_SMALLER_MSS)) |
           where(f->rewritten, bit(SIGNAL_STACK_HOP_LIMIT)) |
           where(f->initial == 255, bit(SIGNAL_INITIAL_255)) |
           where(little && !f->network.moving, bit(SIGNAL_TOO_LITTLE_SEEN)) |
           where(little && f->network.moving, bit(SIGNAL_ROUTE_MOVED)) |
           where(fixed && counts && (relation != NETWORK_USUAL || f->subscriber.below),
                 bit(SIGNAL_FIXED_LINES)) |
           where(f->kind == NETWORK_OF_HOSTING, bit(SIGNAL_HOSTING)) |
           asked_of_line(f, counts, guests);
}

static bool ask(enum signal signal, const struct facts *facts, struct evidence *out)
{
    *out = (struct evidence){.signal = (uint8_t)signal};
    return signals[signal].weigh(facts, out);
}

bool signal_strength(enum signal signal, const struct facts *facts, struct evidence *out)
{
    return asked_of(facts) & bit(signal) && ask(signal, facts, out);
}

unsigned signal_weigh_all(const struct facts *facts, struct evidence out[SIGNAL_COUNT])
{
    unsigned count = 0;

    for (uint32_t asked = asked_of(facts); asked != 0; asked &= asked - 1) {
        const unsigned i = (unsigned)__builtin_ctz(asked);

        if (ask((enum signal)i, facts, &out[count]))
            out[count++].weight *= weights[i];
    }
    return count;
}

const char *evidence_signal(const struct evidence *evidence)
{
    return evidence->signal < SIGNAL_COUNT ? signals[evidence->signal].name : "unknown";
}
