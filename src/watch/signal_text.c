/*
 * The sentence of each signal, made from what it put into its evidence.
 */
#include "watch/signal.h"
#include "watch/stack.h"

#include <stdarg.h>
#include <stdio.h>

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
    char arrived[24];

    say(out, size, "arrived with %s, as %u %% of this network does",
        hop_limit_text(d[0], d[2], arrived), d[1]);
}

static void say_as_subscriber(const uint8_t *d, char *out, size_t size)
{
    say(out, size, "arrived with %u, as %u %% of this subscriber does", d[0], d[1]);
}

static void say_longer_path(const uint8_t *d, char *out, size_t size)
{
    say(out, size,
        "arrived with %u; the same device came by %u hops before, so that its path is longer now",
        d[0], d[1]);
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

static void say_stacks_in_turns(const uint8_t *d, char *out, size_t size)
{
    say(out, size, "sent by %s, and handsets and computers take turns on this line",
        d[0] == STACK_UNKNOWN ? "a computer" : stack_family_name((enum stack_family)d[0]));
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

static unsigned mss_of(const uint8_t *d)
{
    return d[0] * 256u + d[1];
}

static void say_larger_mss(const uint8_t *d, char *out, size_t size)
{
    if (d[2] == 0)
        say(out, size, "offers segments of %u octets, more than any handset of this network",
            mss_of(d));
    else
        say(out, size,
            "offers segments of %u octets, more than most handsets of this network; %u %% have it",
            mss_of(d), d[2]);
}

static void say_smaller_mss(const uint8_t *d, char *out, size_t size)
{
    say(out, size, "offers segments of %u octets, as in a tunnel, where hops say nothing",
        mss_of(d));
}

static void say_clock_break(const uint8_t *d, char *out, size_t size)
{
    (void)d;
    say(out, size, "has another TCP clock than this subscriber, whose clock is steady");
}

static void say_two_identifiers(const uint8_t *d, char *out, size_t size)
{
    (void)d;
    say(out, size, "two devices of this subscriber are at work at once, each with its own address");
}

static void say_browser_stack(const uint8_t *d, char *out, size_t size)
{
    say(out, size, "the browser says that it is on %s, but %s sent the packet",
        stack_family_name((enum stack_family)d[0]), stack_family_name((enum stack_family)d[1]));
}

static void say_proxy(const uint8_t *d, char *out, size_t size)
{
    (void)d;
    say(out, size, "came through a proxy, whose own packet this is");
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

static void (*const texts[SIGNAL_COUNT])(const uint8_t *detail, char *out, size_t size) = {
    [SIGNAL_FIRST_DROP] = say_first_drop,           [SIGNAL_BELOW_NETWORK] = say_network,
    [SIGNAL_AS_NETWORK] = say_as_network,           [SIGNAL_ABOVE_NETWORK] = say_network,
    [SIGNAL_BELOW_SUBSCRIBER] = say_subscriber,     [SIGNAL_AS_SUBSCRIBER] = say_as_subscriber,
    [SIGNAL_ALTERNATING] = say_alternating,         [SIGNAL_STACK_HOP_LIMIT] = say_stack_hop_limit,
    [SIGNAL_COMPUTER_STACK] = say_computer_stack,   [SIGNAL_SEVERAL_STACKS] = say_several_stacks,
    [SIGNAL_TOO_LITTLE_SEEN] = say_too_little_seen, [SIGNAL_ROUTE_MOVED] = say_route_moved,
    [SIGNAL_INITIAL_255] = say_initial_255,         [SIGNAL_UNLIKE_NETWORK] = say_network,
    [SIGNAL_SHARED_ADDRESS] = say_shared_address,   [SIGNAL_SEVERAL_PATHS] = say_several_paths,
    [SIGNAL_FIXED_LINES] = say_fixed_lines,         [SIGNAL_HOSTING] = say_hosting,
    [SIGNAL_LARGER_MSS] = say_larger_mss,           [SIGNAL_SMALLER_MSS] = say_smaller_mss,
    [SIGNAL_CLOCK_BREAK] = say_clock_break,         [SIGNAL_TWO_IDENTIFIERS] = say_two_identifiers,
    [SIGNAL_BROWSER_STACK] = say_browser_stack,     [SIGNAL_PROXY] = say_proxy,
    [SIGNAL_STACKS_IN_TURNS] = say_stacks_in_turns, [SIGNAL_LONGER_PATH] = say_longer_path,
};

const char *evidence_text(const struct evidence *evidence, char *out, size_t size)
{
    if (size > 0)
        out[0] = '\0';
    if (evidence->signal < SIGNAL_COUNT)
        texts[evidence->signal](evidence->detail, out, size);
    return out;
}
