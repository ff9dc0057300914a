/*
 * p0f's notation of an opening packet; see signature.h.
 */
#include "watch/signature.h"

#include <stdarg.h>
#include <stdio.h>

enum {
    HOPS_MOST = 35, /* more than these are not believed, and written as ? */
    MSS_LEAST = 100,
    EXCESSIVE_SCALE = 14, /* RFC 7323, 2.3: more is too much */
    OPTION_SACK = 5,
};

struct writer {
    char *out;
    size_t used;
};

static void write_text(struct writer *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void write_text(struct writer *w, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(w->out + w->used, SIGNATURE_TEXT_MAX - w->used, format, arguments);
    va_end(arguments);
    if (length > 0)
        w->used += (size_t)length;
    if (w->used >= SIGNATURE_TEXT_MAX)
        w->used = SIGNATURE_TEXT_MAX - 1;
}

static void write_hops(struct writer *w, const struct observation *o)
{
    const int hops = observation_initial(o->hop_limit) - o->hop_limit;

    if (hops > HOPS_MOST)
        write_text(w, "%u:%u+?", o->version, o->hop_limit);
    else
        write_text(w, "%u:%u+%d", o->version, o->hop_limit, hops);
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
            write_text(w, ":%s*%u", sizes[i].name, o->window / sizes[i].size);
            return;
        }
    write_text(w, ":%u", o->window);
}

static void write_options(struct writer *w, const struct observation *o)
{
    static const char *const names[] = {
        [TCP_OPTION_NOP] = "nop",         [TCP_OPTION_MSS] = "mss",
        [TCP_OPTION_WINDOW_SCALE] = "ws", [TCP_OPTION_SACK_PERMITTED] = "sok",
        [OPTION_SACK] = "sack",           [TCP_OPTION_TIMESTAMPS] = "ts",
    };

    for (unsigned i = 0; i < o->option_count; i++) {
        const uint8_t kind = o->option[i];
        const char *separator = i == 0 ? ":" : ",";

        if (kind == TCP_OPTION_END)
            write_text(w, "%seol+%u", separator, o->option_padding);
        else if (kind < sizeof names / sizeof names[0] && names[kind])
            write_text(w, "%s%s", separator, names[kind]);
        else
            write_text(w, "%s?%u", separator, kind);
    }
    if (o->option_count == 0)
        write_text(w, ":");
}

static void write_quirks(struct writer *w, const struct observation *o)
{
    const bool v4 = o->version == 4;
    const bool df = o->flags & OBSERVATION_DONT_FRAGMENT;
    const bool ts = o->flags & OBSERVATION_HAS_TIMESTAMPS;
    const bool urg = o->tcp_bits & TCP_URG;
    const struct {
        bool is_there;
        const char *name;
    } quirks[] = {
        {v4 && df, "df"},
        {v4 && df && o->ip_id != 0, "id+"},
        {v4 && !df && o->ip_id == 0, "id-"},
        {o->traffic_class & 3 || o->tcp_bits & (TCP_ECE | TCP_CWR), "ecn"},
        {o->flags & OBSERVATION_RESERVED_BIT, "0+"},
        {o->flow_label != 0, "flow"},
        {o->sequence == 0, "seq-"},
        {!urg && o->urgent != 0, "uptr+"},
        {urg, "urgf+"},
        {o->tcp_bits & TCP_PSH, "pushf+"},
        {ts && o->timestamp_value == 0, "ts1-"},
        {ts && o->timestamp_echo != 0, "ts2+"},
        {o->flags & OBSERVATION_PADDING, "opt+"},
        {o->flags & OBSERVATION_HAS_WINDOW_SCALE && o->window_scale > EXCESSIVE_SCALE, "exws"},
        {o->flags & OBSERVATION_BAD_OPTIONS, "bad"},
    };
    const char *separator = "";

    for (size_t i = 0; i < sizeof quirks / sizeof quirks[0]; i++)
        if (quirks[i].is_there) {
            write_text(w, "%s%s", separator, quirks[i].name);
            separator = ",";
        }
}

const char *signature_text(const struct observation *observation, char out[SIGNATURE_TEXT_MAX])
{
    const struct observation *o = observation;
    struct writer w = {.out = out};

    write_hops(&w, o);
    write_text(&w, ":%u:%u", o->version == 4 ? o->ip_options : 0u, o->mss);
    write_window(&w, o);
    write_text(&w, ",%u", o->window_scale);
    write_options(&w, o);
    write_text(&w, ":");
    write_quirks(&w, o);
    write_text(&w, ":%s", o->flags & OBSERVATION_PAYLOAD ? "+" : "0");
    return out;
}
