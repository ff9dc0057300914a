/*
 * Features of an opening packet, and naive Bayes over them.
 */
#include "watch/stack.h"

#include "watch/signature.h"

#include <math.h>
#include <string.h>

/* A family is named only when the others together are no more than a quarter. */
#define STACK_NAMED_FROM 0.75
/* From this probability of the systems that start from a number on it is what was set. */
#define INITIAL_SURE 0.9

static const uint64_t fnv_offset = 0xcbf29ce484222325u;

static uint64_t fnv(uint64_t hash, uint8_t octet)
{
    return (hash ^ octet) * 0x100000001b3u; /* FNV-1a */
}

bool stack_family_is_handset(enum stack_family family)
{
    return family == STACK_ANDROID || family == STACK_IOS;
}

const char *stack_family_name(enum stack_family family)
{
    static const char *const names[] = {
        [STACK_ANDROID] = "android", [STACK_IOS] = "ios",     [STACK_MACOS] = "macos",
        [STACK_WINDOWS] = "windows", [STACK_LINUX] = "linux", [STACK_OTHER] = "other",
        [STACK_UNKNOWN] = "unknown",
    };

    return family <= STACK_UNKNOWN ? names[family] : "unknown";
}

static uint64_t layout_value(const struct observation *o)
{
    uint64_t hash = fnv_offset;

    for (unsigned i = 0; i < o->option_count; i++)
        hash = fnv(hash, o->option[i]);
    return fnv(hash, o->option_padding);
}

static uint64_t scale_value(const struct observation *o)
{
    return o->flags & OBSERVATION_HAS_WINDOW_SCALE ? o->window_scale : STACK_VALUE_NONE;
}

static uint64_t id_value(const struct observation *o)
{
    if (o->version == 6)
        return STACK_ID_V6;
    return (o->flags & OBSERVATION_DONT_FRAGMENT ? STACK_ID_DF : 0u) |
           (o->ip_id != 0 ? STACK_ID_SET : 0u);
}

static uint64_t ecn_value(const struct observation *o)
{
    return (o->tcp_bits & (TCP_ECE | TCP_CWR)) == (TCP_ECE | TCP_CWR);
}

static uint64_t flow_value(const struct observation *o)
{
    if (o->version != 6)
        return STACK_VALUE_NONE;
    return o->flow_label != 0;
}

static uint64_t quirk_value(const struct observation *o)
{
    if (o->timestamp_echo != 0)
        return STACK_QUIRK_ECHO;
    if (o->flags & OBSERVATION_PADDING)
        return STACK_QUIRK_PADDING;
    if (o->urgent != 0 || o->tcp_bits & TCP_URG)
        return STACK_QUIRK_URGENT;
    return o->acknowledgment != 0 ? STACK_QUIRK_ACK : STACK_VALUE_NONE;
}

/*
 * Linux and its like make the first window a multiple of the MSS of their own interface, which
 * need not be the one that arrives here. So the window alone says what it is a multiple of: it is
 * if some usual MSS fits.
 */
static uint64_t window_class(uint16_t window)
{
    static const uint8_t multiples[] = {4, 10, 20, 44};
    enum { MSS_LEAST = 1200, MSS_MOST = 1460 };

    if (window >= 62000 && window < UINT16_MAX)
        return STACK_WINDOW_NEAR_64K;
    for (size_t i = 0; i < sizeof multiples; i++)
        if (window % multiples[i] == 0 && window >= multiples[i] * MSS_LEAST &&
            window <= multiples[i] * MSS_MOST)
            return STACK_WINDOW_MULTIPLE + multiples[i];
    return STACK_VALUE_NONE;
}

static const struct stack_row *row_of(const struct stack_table *table, enum stack_feature feature,
                                      uint64_t value)
{
    const struct stack_row *row = table->row + table->first[feature];

    for (unsigned i = 0; i < table->count[feature]; i++)
        if (row[i].value == value)
            return &row[i];
    return NULL;
}

/* The window itself, where it is no usual one in other clothes. */
static uint64_t window_value(const struct observation *o)
{
    const uint64_t class = window_class(o->window);

    return class != STACK_VALUE_NONE ? class : o->window;
}

static uint64_t no_value(const struct observation *o)
{
    (void)o;
    return STACK_VALUE_NONE;
}

uint64_t stack_value(enum stack_feature feature, const struct observation *observation)
{
    static uint64_t (*const values[STACK_FEATURE_COUNT])(const struct observation *observation) = {
        [STACK_FEATURE_PRIOR] = no_value,      [STACK_FEATURE_LAYOUT] = layout_value,
        [STACK_FEATURE_WINDOW] = window_value, [STACK_FEATURE_SCALE] = scale_value,
        [STACK_FEATURE_ID] = id_value,         [STACK_FEATURE_ECN] = ecn_value,
        [STACK_FEATURE_FLOW] = flow_value,     [STACK_FEATURE_QUIRK] = quirk_value,
    };

    return values[feature](observation);
}

static const struct stack_row *window_row(const struct stack_table *table, uint16_t window)
{
    const struct stack_row *row = row_of(table, STACK_FEATURE_WINDOW, window);

    return row ? row : row_of(table, STACK_FEATURE_WINDOW, window_class(window));
}

static void add_row(const struct stack_table *table, enum stack_feature feature,
                    const struct stack_row *row, float sum[STACK_FAMILY_COUNT])
{
    if (!row)
        row = &table->other[feature];
    for (unsigned i = 0; i < STACK_FAMILY_COUNT; i++)
        sum[i] += row->log_likelihood[i];
}

/* How likely such a match is for a family that the signature does not mean. */
static const float p0f_others[] = {
    [P0F_FUZZY] = 0.2F,
    [P0F_GENERIC] = 0.1F,
    [P0F_SPECIFIC] = 0.04F,
};

/* True when a signature of one make matches, which makes an unusual order of options a known one. */
static bool add_p0f(const struct p0f *p0f, const struct observation *o,
                    float sum[STACK_FAMILY_COUNT])
{
    uint8_t families;
    const enum p0f_rank rank = p0f->count > 0 ? p0f_match(p0f, o, &families) : P0F_NONE;

    for (unsigned i = 0; rank != P0F_NONE && i < STACK_FAMILY_COUNT; i++)
        if (!(families & 1u << i))
            sum[i] += logf(p0f_others[rank]);
    return rank == P0F_SPECIFIC;
}

/* From logarithms to probabilities that sum to 1. */
static void normalise(const float sum[STACK_FAMILY_COUNT], double out[STACK_FAMILY_COUNT])
{
    float largest = sum[0];
    double total = 0;

    for (unsigned i = 1; i < STACK_FAMILY_COUNT; i++)
        largest = sum[i] > largest ? sum[i] : largest;
    for (unsigned i = 0; i < STACK_FAMILY_COUNT; i++)
        total += out[i] = (double)expf(sum[i] - largest);
    for (unsigned i = 0; i < STACK_FAMILY_COUNT; i++)
        out[i] /= total;
}

void stack_guess(const struct stack_table *table, const struct observation *observation,
                 struct stack *out)
{
    static const enum stack_feature features[] = {STACK_FEATURE_SCALE, STACK_FEATURE_ID,
                                                  STACK_FEATURE_ECN, STACK_FEATURE_FLOW,
                                                  STACK_FEATURE_QUIRK};
    const struct stack_row *layout = row_of(table, STACK_FEATURE_LAYOUT, layout_value(observation));
    float sum[STACK_FAMILY_COUNT] = {0};
    unsigned best = 0;
    bool is_known;

    add_row(table, STACK_FEATURE_PRIOR, NULL, sum);
    add_row(table, STACK_FEATURE_LAYOUT, layout, sum);
    add_row(table, STACK_FEATURE_WINDOW, window_row(table, observation->window), sum);
    for (size_t i = 0; i < sizeof features / sizeof features[0]; i++)
        add_row(table, features[i],
                row_of(table, features[i], stack_value(features[i], observation)), sum);
    is_known = add_p0f(&table->p0f, observation, sum) || layout;
    normalise(sum, out->probability);
    for (unsigned i = 1; i < STACK_FAMILY_COUNT; i++)
        best = out->probability[i] > out->probability[best] ? i : best;
    /* An order of options that nobody is known to send is not evidence for whoever is left. */
    out->family = is_known && out->probability[best] >= STACK_NAMED_FROM ? (enum stack_family)best
                                                                         : STACK_UNKNOWN;
}

double stack_computer_share(const struct stack *stack)
{
    return stack->probability[STACK_WINDOWS] + stack->probability[STACK_MACOS] +
           stack->probability[STACK_LINUX];
}

/* What the systems of the guess start from, 64 or 128; 0 where that is not sure. */
static uint8_t stack_initial(const struct stack *stack)
{
    const double other = stack->probability[STACK_OTHER];
    const double windows = stack->probability[STACK_WINDOWS];

    if (windows >= INITIAL_SURE)
        return 128;
    return 1 - windows - other >= INITIAL_SURE ? 64 : 0;
}

uint8_t stack_other_initial(uint8_t initial)
{
    return initial == 128 ? 64 : 128;
}

bool stack_contradicts(const struct stack *stack, uint8_t initial)
{
    const uint8_t own = stack_initial(stack);

    return own != 0 && initial == stack_other_initial(own);
}

uint32_t stack_signature(const struct observation *observation)
{
    uint64_t hash = layout_value(observation);

    hash = fnv(hash, (uint8_t)scale_value(observation));
    hash = fnv(hash, (uint8_t)(observation->window >> 8));
    hash = fnv(hash, (uint8_t)observation->window);
    hash = fnv(hash, (uint8_t)id_value(observation));
    return (uint32_t)(hash ^ hash >> 32);
}

_Static_assert(TCP_OPTIONS_MAX == 3 * sizeof(uint64_t), "the kinds of options are three words");

/*
 * What all features but the kinds of options are made of, and never 0. It may tell packets apart that
 * have the same features, never the other way round. What is usually zero is looked at together.
 */
static uint64_t rest_of(const struct observation *o)
{
    enum {
        FLAGS = OBSERVATION_HAS_WINDOW_SCALE | OBSERVATION_PADDING | OBSERVATION_DONT_FRAGMENT,
        TCP_BITS = TCP_ECE | TCP_CWR | TCP_URG,
        ANY = 1u << 14,
    };
    const bool is_set = (o->version == 6 ? o->flow_label : o->ip_id) != 0;
    const bool is_odd = (o->timestamp_echo | o->acknowledgment | o->urgent) != 0;
    const uint64_t quirk = is_odd ? quirk_value(o) & 7 : 0;

    _Static_assert(FLAGS < 1u << 11 && TCP_OPTIONS_MAX < 1u << 5, "each has its own bits");
    return (uint64_t)o->window << 48 | (uint64_t)o->window_scale << 40 |
           (uint64_t)o->option_padding << 32 | (o->option_count & 0x1fu) << 26 |
           (uint64_t)is_set << 25 | quirk << 22 | (uint64_t)(o->tcp_bits & TCP_BITS) << 14 | ANY |
           (o->version & 7u) << 11 | (o->flags & FLAGS);
}

/* What signatures of p0f's look at beside that. */
static uint64_t more_of(const struct observation *o)
{
    return (uint64_t)signature_quirks(o) << 16 | (uint64_t)o->version << 8 |
           (o->flags & OBSERVATION_PAYLOAD ? 0x80u : 0u) | o->ip_options;
}

uint32_t stack_recall(const struct stack_table *table, struct stack_cache *cache,
                      const struct observation *observation, struct stack *out)
{
    const uint64_t rest = rest_of(observation);
    const uint64_t more = table->p0f.count > 0 ? more_of(observation) : 0;
    uint64_t option[TCP_OPTIONS_MAX / 8];
    struct stack_kept *kept;
    uint64_t at;

    memcpy(option, observation->option, sizeof option);
    at = ((option[0] ^ rest) * 0x9e3779b97f4a7c15u ^ option[1] ^ more) * 0xbf58476d1ce4e5b9u;
    kept = &cache->kept[((at >> 56) ^ option[2]) % STACK_GUESSES];
    if (kept->option[0] != option[0] || kept->option[1] != option[1] ||
        kept->option[2] != option[2] || kept->rest != rest || kept->more != more) {
        memcpy(kept->option, option, sizeof option);
        kept->rest = rest;
        kept->more = more;
        kept->signature = stack_signature(observation);
        stack_guess(table, observation, &kept->stack);
    }
    *out = kept->stack;
    return kept->signature;
}

double stack_probability(const struct stack *stack)
{
    double highest = 0;

    if (stack->family < STACK_FAMILY_COUNT)
        return stack->probability[stack->family];
    for (unsigned i = 0; i < STACK_FAMILY_COUNT; i++)
        if (stack->probability[i] > highest)
            highest = stack->probability[i];
    return highest;
}
