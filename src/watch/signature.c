/*
 * p0f's notation of an opening packet; see signature.h.
 */
#include "watch/signature.h"

#include "base/writer.h"

#include <string.h>

enum {
    HOPS_MOST = 35, /* more than these are not believed, and written as ? */
    MSS_LEAST = 100,
    EXCESSIVE_SCALE = 14, /* RFC 7323, 2.3: more is too much */
    OPTION_SACK = 5,
};

static void write_hops(struct writer *w, const struct observation *o)
{
    const int hops = observation_initial(o->hop_limit) - o->hop_limit;

    if (hops > HOPS_MOST)
        writer_put(w, "%u:%u+?", o->version, o->hop_limit);
    else
        writer_put(w, "%u:%u+%d", o->version, o->hop_limit, hops);
}

/* The first of these that the window is a multiple of; 0 stands for none. */
static void write_window(struct writer *w, const struct observation *o)
{
    const bool v6 = o->version == 6;
    const bool has_clock = o->flags & OBSERVATION_HAS_TIMESTAMPS && o->timestamp_value != 0;
    const unsigned header = v6 ? 60 : 40;
    const struct {
        const char *name;
        unsigned size;
    } sizes[] = {
        {"mss", o->mss},
        {"mss", has_clock ? o->mss - 12u : 0},
        {"mss", 1460},
        {"mss", 1448},
        {"mss", v6 ? 1440 : 0},
        {"mss", v6 ? 1428 : 0},
        {"mtu", o->mss + header},
        {"mtu", 1500},
    };

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        if (o->window != 0 && o->mss >= MSS_LEAST && sizes[i].size != 0 &&
            o->window % sizes[i].size == 0) {
            writer_put(w, ":%s*%u", sizes[i].name, o->window / sizes[i].size);
            return;
        }
    writer_put(w, ":%u", o->window);
}

static const char *const options[] = {
    [TCP_OPTION_NOP] = "nop",         [TCP_OPTION_MSS] = "mss",
    [TCP_OPTION_WINDOW_SCALE] = "ws", [TCP_OPTION_SACK_PERMITTED] = "sok",
    [OPTION_SACK] = "sack",           [TCP_OPTION_TIMESTAMPS] = "ts",
};

enum { OPTION_NAMES = sizeof options / sizeof options[0], OPTION_DIGITS_MAX = 3 };

static bool is_name(const char *name, const char *text, size_t length)
{
    return name && strlen(name) == length && memcmp(name, text, length) == 0;
}

bool signature_option(const char *name, size_t length, uint8_t *out)
{
    unsigned kind = 0;

    for (unsigned i = 0; i < OPTION_NAMES; i++)
        if (is_name(options[i], name, length)) {
            *out = (uint8_t)i;
            return true;
        }
    if (length < 2 || length > 1 + OPTION_DIGITS_MAX || name[0] != '?')
        return false;
    for (size_t i = 1; i < length; i++) {
        if (name[i] < '0' || name[i] > '9')
            return false;
        kind = kind * 10 + (unsigned)(name[i] - '0');
    }
    *out = (uint8_t)kind;
    return kind <= UINT8_MAX;
}

static void write_options(struct writer *w, const struct observation *o)
{
    for (unsigned i = 0; i < o->option_count; i++) {
        const uint8_t kind = o->option[i];
        const char *separator = i == 0 ? ":" : ",";

        if (kind == TCP_OPTION_END)
            writer_put(w, "%seol+%u", separator, o->option_padding);
        else if (kind < OPTION_NAMES && options[kind])
            writer_put(w, "%s%s", separator, options[kind]);
        else
            writer_put(w, "%s?%u", separator, kind);
    }
    if (o->option_count == 0)
        writer_put(w, ":");
}

/* In the order of their bits. */
static const char *const quirks[] = {
    "df",    "id+",   "id-",    "ecn",  "0+",   "flow", "seq-", "ack+",
    "uptr+", "urgf+", "pushf+", "ts1-", "ts2+", "opt+", "exws", "bad",
};

enum { QUIRKS = sizeof quirks / sizeof quirks[0] };

uint32_t signature_quirk(const char *name, size_t length)
{
    for (unsigned i = 0; i < QUIRKS; i++)
        if (is_name(quirks[i], name, length))
            return 1u << i;
    return 0;
}

uint32_t signature_quirks(const struct observation *o)
{
    const bool v4 = o->version == 4;
    const bool df = o->flags & OBSERVATION_DONT_FRAGMENT;
    const bool ts = o->flags & OBSERVATION_HAS_TIMESTAMPS;
    const bool urg = o->tcp_bits & TCP_URG;
    const struct {
        bool is_there;
        uint32_t quirk;
    } rows[] = {
        {v4 && df, SIGNATURE_DF},
        {v4 && df && o->ip_id != 0, SIGNATURE_ID_SET},
        {v4 && !df && o->ip_id == 0, SIGNATURE_ID_ZERO},
        {o->traffic_class & 3 || o->tcp_bits & (TCP_ECE | TCP_CWR), SIGNATURE_ECN},
        {o->flags & OBSERVATION_RESERVED_BIT, SIGNATURE_RESERVED},
        {o->flow_label != 0, SIGNATURE_FLOW},
        {o->sequence == 0, SIGNATURE_SEQUENCE_ZERO},
        {o->acknowledgment != 0, SIGNATURE_ACK_SET},
        {!urg && o->urgent != 0, SIGNATURE_URGENT_SET},
        {urg, SIGNATURE_URGENT_BIT},
        {o->tcp_bits & TCP_PSH, SIGNATURE_PUSH_BIT},
        {ts && o->timestamp_value == 0, SIGNATURE_OWN_TIME_ZERO},
        {ts && o->timestamp_echo != 0, SIGNATURE_PEER_TIME_SET},
        {o->flags & OBSERVATION_PADDING, SIGNATURE_PADDING},
        {o->flags & OBSERVATION_HAS_WINDOW_SCALE && o->window_scale > EXCESSIVE_SCALE,
         SIGNATURE_SCALE_EXCESSIVE},
        {o->flags & OBSERVATION_BAD_OPTIONS, SIGNATURE_OPTIONS_BAD},
    };
    uint32_t found = 0;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        found |= rows[i].is_there ? rows[i].quirk : 0;
    return found;
}

static void write_quirks(struct writer *w, const struct observation *o)
{
    const uint32_t found = signature_quirks(o) & ~(uint32_t)SIGNATURE_ACK_SET;
    const char *separator = "";

    for (unsigned i = 0; i < QUIRKS; i++)
        if (found & 1u << i) {
            writer_put(w, "%s%s", separator, quirks[i]);
            separator = ",";
        }
}

const char *signature_text(const struct observation *observation, char out[SIGNATURE_TEXT_MAX])
{
    const struct observation *o = observation;
    struct writer w = {.out = out, .size = SIGNATURE_TEXT_MAX};

    write_hops(&w, o);
    writer_put(&w, ":%u:%u", o->version == 4 ? o->ip_options : 0u, o->mss);
    write_window(&w, o);
    writer_put(&w, ",%u", o->window_scale);
    write_options(&w, o);
    writer_put(&w, ":");
    write_quirks(&w, o);
    writer_put(&w, ":%s", o->flags & OBSERVATION_PAYLOAD ? "+" : "0");
    return out;
}
