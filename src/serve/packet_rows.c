/*
 * The opening packet in rows; see packet_rows.h.
 */
#include "serve/packet_rows.h"

#include "base/units.h"

#include <stdio.h>

static const char *number(uint64_t value, char out[UNITS_TEXT_MAX])
{
    snprintf(out, UNITS_TEXT_MAX, "%llu", (unsigned long long)value);
    return out;
}

static void put_endpoint(const struct address *address, uint16_t port, enum language language,
                         struct buffer *out)
{
    char text[ADDRESS_TEXT_MAX];
    char digits[UNITS_TEXT_MAX];
    const char *const values[] = {units_address(address, text), number(port, digits)};

    texts_put(out, "packet.endpoint", language, values, 2);
}

static void put_from(const struct judgement *judgement, enum language language, struct buffer *out)
{
    put_endpoint(&judgement->observation.client, judgement->observation.client_port, language, out);
}

static void put_to(const struct judgement *judgement, enum language language, struct buffer *out)
{
    put_endpoint(&judgement->observation.server, judgement->observation.server_port, language, out);
}

static void put_protocol(const struct judgement *judgement, enum language language,
                         struct buffer *out)
{
    (void)language;
    buffer_format(out, "IPv%u, TCP", judgement->observation.version);
}

static void put_window(const struct judgement *judgement, enum language language,
                       struct buffer *out)
{
    const struct observation *seen = &judgement->observation;
    char window[UNITS_TEXT_MAX];
    char scale[UNITS_TEXT_MAX];
    const char *const values[] = {
        number(seen->window, window),
        number(1u << (seen->window_scale < 31 ? seen->window_scale : 31), scale)};

    if (seen->flags & OBSERVATION_HAS_WINDOW_SCALE)
        texts_put(out, "packet.window.scaled", language, values, 2);
    else
        buffer_put(out, values[0]);
}

static void put_mss(const struct judgement *judgement, enum language language, struct buffer *out)
{
    if (judgement->observation.flags & OBSERVATION_HAS_MSS)
        buffer_format(out, "%u", judgement->observation.mss);
    else
        texts_put(out, "packet.mss.none", language, NULL, 0);
}

/* IANA: TCP Option Kind Numbers; the words are those of packet tools and the same everywhere. */
static const struct {
    uint8_t kind;
    const char *name;
} option_names[] = {
    {TCP_OPTION_END, "end"},
    {TCP_OPTION_NOP, "nop"},
    {TCP_OPTION_MSS, "mss"},
    {TCP_OPTION_WINDOW_SCALE, "window scale"},
    {TCP_OPTION_SACK_PERMITTED, "sack permitted"},
    {TCP_OPTION_TIMESTAMPS, "timestamps"},
    {TCP_OPTION_FAST_OPEN, "fast open"},
};

static void put_option(uint8_t kind, struct buffer *out)
{
    for (size_t i = 0; i < sizeof option_names / sizeof option_names[0]; i++)
        if (option_names[i].kind == kind) {
            buffer_put(out, option_names[i].name);
            return;
        }
    buffer_format(out, "%u", kind);
}

static void put_options(const struct judgement *judgement, enum language language,
                        struct buffer *out)
{
    const struct observation *seen = &judgement->observation;

    for (unsigned i = 0; i < seen->option_count; i++) {
        buffer_put(out, i > 0 ? ", " : "");
        put_option(seen->option[i], out);
    }
    if (seen->option_count == 0)
        texts_put(out, "packet.options.none", language, NULL, 0);
}

static const struct {
    uint32_t flag;
    uint8_t tcp_bit;
    const char *text;
} marks[] = {
    {OBSERVATION_DONT_FRAGMENT, 0, "packet.df"},
    {0, TCP_ECE, "packet.ecn"},
    {OBSERVATION_PAYLOAD, 0, "packet.data"},
    {OBSERVATION_BAD_OPTIONS, 0, "packet.bad"},
};

static void put_marks(const struct judgement *judgement, enum language language, struct buffer *out)
{
    const struct observation *seen = &judgement->observation;
    unsigned count = 0;

    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (!(seen->flags & marks[i].flag) && !(seen->tcp_bits & marks[i].tcp_bit))
            continue;
        buffer_put(out, count++ > 0 ? ", " : "");
        texts_put(out, marks[i].text, language, NULL, 0);
    }
    if (count == 0)
        texts_put(out, "packet.options.none", language, NULL, 0);
}

/* As their makers write them. */
static const char *const family_names[STACK_FAMILY_COUNT] = {
    [STACK_ANDROID] = "Android", [STACK_IOS] = "iOS",     [STACK_MACOS] = "macOS",
    [STACK_WINDOWS] = "Windows", [STACK_LINUX] = "Linux", [STACK_OTHER] = "other",
};

static void put_stack(const struct judgement *judgement, enum language language, struct buffer *out)
{
    const struct stack *stack = &judgement->stack;
    char percent[TEXTS_PERCENT_MAX];

    if (stack->family >= STACK_FAMILY_COUNT || stack->family == STACK_OTHER) {
        texts_put(out, "packet.stack.unknown", language, NULL, 0);
        return;
    }
    buffer_format(out, "%s, %s", family_names[stack->family],
                  texts_percent(stack->probability[stack->family], language, percent));
}

static void put_network(const struct judgement *judgement, enum language language,
                        struct buffer *out)
{
    const struct network_view *network = &judgement->network;
    char prefix[PREFIX_TEXT_MAX];
    char hop_limit[UNITS_TEXT_MAX];
    char share[UNITS_TEXT_MAX];
    char seen[UNITS_TEXT_MAX];
    const char *const values[] = {
        units_prefix(&network->prefix, prefix),
        number(network->hop_limit, hop_limit),
        number((uint64_t)(network->share * 100 + 0.5), share),
        number(network->seen, seen),
    };

    if (network->known)
        texts_put(out, "packet.network.known", language, values, 4);
    else
        texts_put(out, "packet.network.unknown", language, NULL, 0);
}

static const struct row {
    const char *name;
    void (*put)(const struct judgement *judgement, enum language language, struct buffer *out);
} rows[PACKET_ROW_COUNT] = {
    {"packet.from", put_from},     {"packet.to", put_to},       {"packet.protocol", put_protocol},
    {"packet.window", put_window}, {"packet.mss", put_mss},     {"packet.options", put_options},
    {"packet.marks", put_marks},   {"packet.stack", put_stack}, {"packet.network", put_network},
};

const char *packet_row_name(unsigned row)
{
    return rows[row].name;
}

void packet_row_value(unsigned row, const struct judgement *judgement, enum language language,
                      struct buffer *out)
{
    buffer_put(out, "");
    rows[row].put(judgement, language, out);
}
