/*
 * p0f's notation of a signature, read and compared; see pattern.h.
 */
#include "watch/pattern.h"

#include "watch/signature.h"

#include <string.h>

enum {
    NUMBER_DIGITS_MAX = 6,
    TIMES_MAX = 1000, /* as p0f has it */
    OPTION_SACK = 5,
    HEADERS_V4 = 40, /* of IP and TCP without options */
    HEADERS_V6 = 60,
    ETHERNET = 1500,
    CLOCK_OCTETS = 12,
    MSS_LEAST = 536, /* RFC 9293, 3.7.1 */
};

/* What is left of a signature. */
struct reader {
    const char *start;
    const char *at;
    const char *end;
    struct pattern_fault *fault;
};

static bool fail(const struct reader *r, const char *expected, const char *at, size_t length)
{
    *r->fault = (struct pattern_fault){expected, (size_t)(at - r->start), length};
    return false;
}

/* A part of the text: from `at` on to before the next `until` or the end. */
struct piece {
    const char *at;
    size_t length;
};

static struct piece next_piece(struct reader *r, char until)
{
    const char *found = r->at < r->end ? memchr(r->at, until, (size_t)(r->end - r->at)) : NULL;
    const char *stop = found ? found : r->end;
    const struct piece piece = {r->at, (size_t)(stop - r->at)};

    r->at = found ? found + 1 : r->end;
    return piece;
}

static bool is_word(struct piece piece, const char *word)
{
    return piece.length == strlen(word) && memcmp(piece.at, word, piece.length) == 0;
}

static bool has_start(struct piece *piece, const char *start)
{
    const size_t length = strlen(start);

    if (piece->length < length || memcmp(piece->at, start, length) != 0)
        return false;
    piece->at += length;
    piece->length -= length;
    return true;
}

static bool number(struct piece piece, uint32_t most, uint32_t *out)
{
    uint32_t value = 0;

    if (piece.length == 0 || piece.length > NUMBER_DIGITS_MAX)
        return false;
    for (size_t i = 0; i < piece.length; i++) {
        if (piece.at[i] < '0' || piece.at[i] > '9')
            return false;
        value = value * 10 + (uint32_t)(piece.at[i] - '0');
    }
    *out = value;
    return value <= most;
}

static bool number_or_open(struct piece piece, uint32_t most, int32_t *out)
{
    uint32_t value;

    if (is_word(piece, "*")) {
        *out = PATTERN_OPEN;
        return true;
    }
    if (!number(piece, most, &value))
        return false;
    *out = (int32_t)value;
    return true;
}

static bool take_version(struct piece piece, struct pattern *out)
{
    uint32_t version = 0;

    if (!is_word(piece, "*") && !(number(piece, 6, &version) && (version == 4 || version == 6)))
        return false;
    out->version = (uint8_t)version;
    return true;
}

/* "64", "51+13", "51+?", and "64-" of tools that choose it at random. */
static bool take_hop_limit(struct piece piece, struct pattern *out)
{
    const char *plus = memchr(piece.at, '+', piece.length);
    const struct piece before = {
        piece.at, plus ? (size_t)(plus - piece.at)
                       : piece.length - (piece.length > 0 && piece.at[piece.length - 1] == '-')};
    uint32_t hop_limit;
    uint32_t hops;

    if (!number(before, UINT8_MAX, &hop_limit) || hop_limit == 0)
        return false;
    if (plus) {
        const struct piece after = {plus + 1, piece.length - before.length - 1};

        if (!is_word(after, "?") && !number(after, UINT8_MAX - hop_limit, &hops))
            return false;
    }
    out->hop_limit = (uint8_t)hop_limit;
    return true;
}

static bool take_ip_options(struct piece piece, struct pattern *out)
{
    uint32_t octets;

    if (!number(piece, 40, &octets))
        return false;
    out->ip_options = (uint8_t)octets;
    return true;
}

static bool take_mss(struct piece piece, struct pattern *out)
{
    return number_or_open(piece, UINT16_MAX, &out->mss);
}

static bool take_window(struct piece piece, struct pattern *out)
{
    static const struct {
        const char *start;
        enum pattern_window kind;
        uint32_t most;
    } rows[] = {
        {"mss*", PATTERN_WINDOW_MSS, TIMES_MAX},
        {"mtu*", PATTERN_WINDOW_MTU, TIMES_MAX},
        {"%", PATTERN_WINDOW_MODULO, UINT16_MAX},
        {"", PATTERN_WINDOW_IS, UINT16_MAX},
    };
    uint32_t value;

    if (is_word(piece, "*"))
        return true;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!has_start(&piece, rows[i].start))
            continue;
        out->window_kind = rows[i].kind;
        if (!number(piece, rows[i].most, &value) ||
            (value == 0 && rows[i].kind != PATTERN_WINDOW_IS))
            return false;
        out->window = (uint16_t)value;
        return true;
    }
    return false;
}

static bool take_scale(struct piece piece, struct pattern *out)
{
    int32_t scale;

    if (!number_or_open(piece, UINT8_MAX, &scale))
        return false;
    out->scale = (int16_t)scale;
    return true;
}

static bool take_option(struct piece piece, struct pattern *out)
{
    uint32_t padding;

    if (out->option_count == TCP_OPTIONS_MAX ||
        (out->option_count > 0 && out->option[out->option_count - 1] == TCP_OPTION_END))
        return false;
    if (has_start(&piece, "eol+")) {
        if (!number(piece, 40, &padding))
            return false;
        out->option[out->option_count++] = TCP_OPTION_END;
        out->option_padding = (uint8_t)padding;
        return true;
    }
    return signature_option(piece.at, piece.length, &out->option[out->option_count++]);
}

static bool take_quirk(struct piece piece, struct pattern *out)
{
    const uint32_t quirk = signature_quirk(piece.at, piece.length);

    /* Of a packet with an ACK, or of none: no opening packet has these. */
    if (quirk == 0 && !is_word(piece, "ack-"))
        return false;
    out->quirks |= quirk;
    return true;
}

static bool take_payload(struct piece piece, struct pattern *out)
{
    static const struct {
        const char *word;
        int8_t payload;
    } rows[] = {{"0", 0}, {"+", 1}, {"*", PATTERN_OPEN}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (is_word(piece, rows[i].word)) {
            out->payload = rows[i].payload;
            return true;
        }
    return false;
}

/* A part that is a list, `until` its end; an empty list has no items. */
static bool take_list(struct reader *r, const char *expected,
                      bool (*take)(struct piece piece, struct pattern *out), struct pattern *out)
{
    const struct piece whole = next_piece(r, ':');
    struct reader items = {r->start, whole.at, whole.at + whole.length, r->fault};

    while (items.at < items.end) {
        const struct piece item = next_piece(&items, ',');

        if (!take(item, out))
            return fail(r, expected, item.at, item.length);
    }
    if (whole.length > 0 && whole.at[whole.length - 1] == ',')
        return fail(r, expected, whole.at + whole.length, 0);
    return true;
}

static bool take_part(struct reader *r, char until, const char *expected,
                      bool (*take)(struct piece piece, struct pattern *out), struct pattern *out)
{
    const struct piece piece = next_piece(r, until);

    return take(piece, out) ? true : fail(r, expected, piece.at, piece.length);
}

bool pattern_parse(const char *text, size_t length, struct pattern *out,
                   struct pattern_fault *out_fault)
{
    static const struct {
        const char *expected;
        bool (*take)(struct piece piece, struct pattern *out);
        char until;
        bool is_list;
    } parts[] = {
        {"a version of 4, 6 or *", take_version, ':', false},
        {"a hop limit, as in 64, 51+13 or 64-", take_hop_limit, ':', false},
        {"the octets of IP options, at most 40", take_ip_options, ':', false},
        {"an MSS or *", take_mss, ':', false},
        {"a window, as in 65535, mss*20, mtu*2, %8192 or *", take_window, ',', false},
        {"a window scale or *", take_scale, ':', false},
        {"an option of eol+N, nop, mss, ws, sok, sack, ts or ?N", take_option, ':', true},
        {"a quirk of p0f's", take_quirk, ':', true},
        {"a payload of 0, + or *", take_payload, ':', false},
    };
    struct reader r = {text, text, text + length, out_fault};

    *out = (struct pattern){.window_kind = PATTERN_WINDOW_ANY};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (!(parts[i].is_list
                  ? take_list(&r, parts[i].expected, parts[i].take, out)
                  : take_part(&r, parts[i].until, parts[i].expected, parts[i].take, out)))
            return false;
    return r.at == r.end && length > 0 && text[length - 1] != ':'
               ? true
               : fail(&r, "nothing after the payload", r.at, (size_t)(r.end - r.at));
}

static bool options_match(const struct pattern *pattern, const struct observation *o)
{
    return pattern->option_count == o->option_count &&
           pattern->option_padding == o->option_padding &&
           memcmp(pattern->option, o->option, o->option_count) == 0;
}

/* By the window alone, so that a clamped MSS changes nothing. */
static bool is_multiple(uint16_t window, uint16_t times, uint16_t most)
{
    return window % times == 0 && window / times >= MSS_LEAST && window / times <= most;
}

static bool window_matches(const struct pattern *pattern, uint16_t window)
{
    switch (pattern->window_kind) {
    case PATTERN_WINDOW_ANY:
        return true;
    case PATTERN_WINDOW_IS:
        return window == pattern->window;
    case PATTERN_WINDOW_MSS:
        return is_multiple(window, pattern->window, ETHERNET - HEADERS_V4);
    case PATTERN_WINDOW_MTU:
        return is_multiple(window, pattern->window, ETHERNET);
    case PATTERN_WINDOW_MODULO:
        return window % pattern->window == 0;
    }
    return false;
}

static enum pattern_match quirks_match(const struct pattern *pattern, const struct observation *o)
{
    static const uint32_t of_v4 = SIGNATURE_DF | SIGNATURE_ID_SET | SIGNATURE_ID_ZERO;
    uint32_t found = signature_quirks(o);
    uint32_t wanted = pattern->quirks;

    /* Who wrote for both versions had IPv4 before his eyes: today most set a flow label. */
    if (pattern->version == 0) {
        wanted &= ~(SIGNATURE_FLOW | (o->version == 4 ? 0u : of_v4));
        found &= ~(uint32_t)SIGNATURE_FLOW;
    }
    if (wanted == found)
        return PATTERN_EXACT;
    if ((wanted & ~found & ~(uint32_t)(SIGNATURE_DF | SIGNATURE_ID_SET)) != 0 ||
        (found & ~wanted & ~(uint32_t)(SIGNATURE_ID_ZERO | SIGNATURE_ECN)) != 0)
        return PATTERN_NO;
    return PATTERN_FUZZY;
}

enum pattern_match pattern_match(const struct pattern *pattern,
                                 const struct observation *observation)
{
    const struct observation *o = observation;
    const bool has_payload = o->flags & OBSERVATION_PAYLOAD;
    const uint8_t scale = o->flags & OBSERVATION_HAS_WINDOW_SCALE ? o->window_scale : 0;

    if (!options_match(pattern, o) || !window_matches(pattern, o->window) ||
        (pattern->scale != PATTERN_OPEN && pattern->scale != scale) ||
        (pattern->version != 0 && pattern->version != o->version) ||
        pattern->ip_options != o->ip_options ||
        (pattern->payload != PATTERN_OPEN && pattern->payload != has_payload))
        return PATTERN_NO;
    return quirks_match(pattern, o);
}

/* The largest that p0f would write so, of those that fit in 16 bits; 0 for none. */
static uint16_t largest_window(const struct pattern *pattern)
{
    const bool v6 = pattern->version == 6;
    const uint32_t mss = (uint32_t)pattern->mss;
    const uint32_t headers = v6 ? HEADERS_V6 : HEADERS_V4;
    const uint32_t of_mss[] = {mss, mss - CLOCK_OCTETS, ETHERNET - headers,
                               ETHERNET - headers - CLOCK_OCTETS};
    const uint32_t of_mtu[] = {mss + headers, ETHERNET};
    const bool is_mss = pattern->window_kind == PATTERN_WINDOW_MSS;
    const uint32_t *sizes = is_mss ? of_mss : of_mtu;
    const size_t count =
        is_mss ? sizeof of_mss / sizeof of_mss[0] : sizeof of_mtu / sizeof of_mtu[0];
    uint32_t largest = 0;

    for (size_t i = 0; i < count; i++) {
        const uint32_t window = sizes[i] * pattern->window;

        if (sizes[i] < UINT16_MAX && window <= UINT16_MAX && window > largest)
            largest = window;
    }
    return (uint16_t)largest;
}

static void take_quirks(const struct pattern *pattern, struct observation *out)
{
    const uint32_t q = pattern->quirks;

    out->flags |= q & SIGNATURE_DF ? OBSERVATION_DONT_FRAGMENT : 0u;
    out->flags |= q & SIGNATURE_RESERVED ? OBSERVATION_RESERVED_BIT : 0u;
    out->flags |= q & SIGNATURE_PADDING ? OBSERVATION_PADDING : 0u;
    out->flags |= q & SIGNATURE_OPTIONS_BAD ? OBSERVATION_BAD_OPTIONS : 0u;
    /* Without DF an ID is usual, and its absence a quirk; with DF the other way round. */
    out->ip_id = q & SIGNATURE_DF ? (q & SIGNATURE_ID_SET) != 0 : !(q & SIGNATURE_ID_ZERO);
    out->tcp_bits = (uint8_t)(TCP_SYN | (q & SIGNATURE_ECN ? TCP_ECE | TCP_CWR : 0) |
                              (q & SIGNATURE_URGENT_BIT ? TCP_URG : 0) |
                              (q & SIGNATURE_PUSH_BIT ? TCP_PSH : 0));
    out->flow_label = (q & SIGNATURE_FLOW) != 0;
    out->sequence = !(q & SIGNATURE_SEQUENCE_ZERO);
    out->acknowledgment = (q & SIGNATURE_ACK_SET) != 0;
    out->urgent = (q & SIGNATURE_URGENT_SET) != 0;
    out->timestamp_value = !(q & SIGNATURE_OWN_TIME_ZERO);
    out->timestamp_echo = (q & SIGNATURE_PEER_TIME_SET) != 0;
}

static void take_options(const struct pattern *pattern, struct observation *out)
{
    static const uint32_t flags[] = {
        [TCP_OPTION_MSS] = OBSERVATION_HAS_MSS,
        [TCP_OPTION_WINDOW_SCALE] = OBSERVATION_HAS_WINDOW_SCALE,
        [TCP_OPTION_SACK_PERMITTED] = OBSERVATION_HAS_SACK_PERMITTED,
        [TCP_OPTION_TIMESTAMPS] = OBSERVATION_HAS_TIMESTAMPS,
    };

    out->option_count = pattern->option_count;
    out->option_padding = pattern->option_padding;
    memcpy(out->option, pattern->option, sizeof out->option);
    for (unsigned i = 0; i < pattern->option_count; i++)
        if (pattern->option[i] < sizeof flags / sizeof flags[0])
            out->flags |= flags[pattern->option[i]];
}

bool pattern_observation(const struct pattern *pattern, struct observation *out)
{
    const bool is_times =
        pattern->window_kind == PATTERN_WINDOW_MSS || pattern->window_kind == PATTERN_WINDOW_MTU;

    if (pattern->version == 0 || pattern->mss == PATTERN_OPEN || pattern->scale == PATTERN_OPEN ||
        pattern->payload == PATTERN_OPEN ||
        !(is_times || pattern->window_kind == PATTERN_WINDOW_IS))
        return false;
    *out = (struct observation){
        .version = pattern->version,
        .hop_limit = pattern->hop_limit,
        .ip_options = pattern->ip_options,
        .mss = (uint16_t)pattern->mss,
        .window = is_times ? largest_window(pattern) : pattern->window,
        .window_scale = (uint8_t)pattern->scale,
        .flags = pattern->payload ? OBSERVATION_PAYLOAD : 0u,
    };
    take_options(pattern, out);
    take_quirks(pattern, out);
    return true;
}
