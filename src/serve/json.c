/*
 * A judgement as JSON, once as a jansson object and once as a line written by hand, which is what
 * `read` prints a million times. Both take their numbers from json_scaled, so that they agree to
 * the last digit; a test and a fuzz target hold them together.
 */
#include "serve/json.h"

#include "base/units.h"
#include "watch/subscriber.h"

/* Digits after the point. A verdict has more: a threshold may be as high as 0.9999. */
enum { SHARE_DECIMALS = 3, VERDICT_DECIMALS = 4, WEIGHT_DECIMALS = 2, DECIMALS_MAX = 4 };

static const int64_t powers_of_ten[DECIMALS_MAX + 1] = {1, 10, 100, 1000, 10000};

/* `value` in units of its last decimal; JSON knows no infinity, so there is an end to it. */
static int64_t json_scaled(double value, unsigned decimals)
{
    const double limit = 1e9;

    if (value != value)
        return 0;
    if (value > limit)
        value = limit;
    if (value < -limit)
        value = -limit;
    value *= (double)powers_of_ten[decimals];
    return (int64_t)(value < 0 ? value - 0.5 : value + 0.5);
}

static uint64_t observation_time_us(const struct observation *observation)
{
    return observation->time_ns / 1000;
}

/* The jansson form. */

static json_t *real(double value, unsigned decimals)
{
    return json_real((double)json_scaled(value, decimals) / (double)powers_of_ten[decimals]);
}

json_t *json_share(double share)
{
    return real(share, SHARE_DECIMALS);
}

json_t *json_probability(double probability)
{
    return real(probability, VERDICT_DECIMALS);
}

/* `object`, or NULL and nothing left of it when one of its parts could not be made. */
static json_t *whole(json_t *object, int failed)
{
    if (!failed)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *server_object(const struct observation *observation)
{
    char text[ADDRESS_TEXT_MAX];

    return json_pack("{s:s, s:i}", "address", units_address(&observation->server, text), "port",
                     (int)observation->server_port);
}

static json_t *stack_object(const struct stack *stack)
{
    json_t *object = json_object();
    int failed = 0;

    failed |= json_object_set_new(object, "family", json_string(stack_family_name(stack->family)));
    failed |=
        json_object_set_new(object, "probability", real(stack_probability(stack), SHARE_DECIMALS));
    return whole(object, failed);
}

static json_t *network_object(const struct network_view *network)
{
    json_t *object;
    char prefix[PREFIX_TEXT_MAX];
    int failed = 0;

    if (!network->known)
        return json_null();
    object = json_object();
    units_prefix(&network->prefix, prefix);
    failed |= json_object_set_new(object, "prefix", json_string(prefix));
    failed |= json_object_set_new(object, "hop_limit", json_integer(network->hop_limit));
    failed |= json_object_set_new(object, "share", real(network->share, SHARE_DECIMALS));
    failed |= json_object_set_new(object, "seen", json_integer((json_int_t)network->seen));
    return whole(object, failed);
}

static json_t *evidence_object(const struct evidence *evidence)
{
    json_t *object = json_object();
    char text[EVIDENCE_TEXT_MAX];
    int failed = 0;

    evidence_text(evidence, text, sizeof text);
    failed |= json_object_set_new(object, "signal", json_string(evidence_signal(evidence)));
    failed |=
        json_object_set_new(object, "weight", real((double)evidence->weight, WEIGHT_DECIMALS));
    failed |= json_object_set_new(object, "text", json_string(text));
    return whole(object, failed);
}

json_t *json_evidence(const struct judgement *judgement)
{
    json_t *list = json_array();
    int failed = 0;

    for (unsigned i = 0; i < judgement->evidence_count && i < EVIDENCE_MAX; i++)
        failed |= json_array_append_new(list, evidence_object(&judgement->evidence[i]));
    return whole(list, failed);
}

json_t *json_judgement(const struct judgement *judgement)
{
    const struct observation *seen = &judgement->observation;
    const double time = (double)observation_time_us(seen) / 1e6;
    json_t *object = json_object();
    char client[ADDRESS_TEXT_MAX];
    char tunnel[SUBSCRIBER_NAME_MAX];
    int failed = 0;

    units_address(&seen->client, client);
    failed |= json_object_set_new(object, "time", json_real(time));
    failed |= json_object_set_new(object, "address", json_string(client));
    failed |= json_object_set_new(object, "port", json_integer(seen->client_port));
    failed |= json_object_set_new(object, "server", server_object(seen));
    if (seen->line != 0)
        failed |= json_object_set_new(object, "subscriber",
                                      json_string(subscriber_tunnel_name(seen, tunnel)));
    failed |= json_object_set_new(object, "hop_limit", json_integer(seen->hop_limit));
    failed |= json_object_set_new(object, "initial", json_integer(judgement->initial));
    failed |= json_object_set_new(object, "hops", json_integer(judgement->hops));
    failed |= json_object_set_new(object, "stack", stack_object(&judgement->stack));
    failed |= json_object_set_new(object, "network", network_object(&judgement->network));
    failed |= json_object_set_new(object, "verdict", json_string(verdict_name(judgement->verdict)));
    failed |=
        json_object_set_new(object, "probability", real(judgement->probability, VERDICT_DECIMALS));
    failed |= json_object_set_new(object, "rewritten", json_boolean(judgement->rewritten));
    failed |= json_object_set_new(object, "evidence", json_evidence(judgement));
    return whole(object, failed);
}

/* The line. */

struct line {
    char *at;
    char *end; /* not written to */
    bool full;
};

static void put(struct line *line, const char *text, size_t length)
{
    if (length > (size_t)(line->end - line->at)) {
        line->full = true;
        return;
    }
    __builtin_memcpy(line->at, text, length);
    line->at += length;
}

/* For literals, whose length the compiler knows. */
#define PUT(line, literal) put((line), (literal), sizeof(literal) - 1)

static void put_text(struct line *line, const char *text)
{
    put(line, text, __builtin_strlen(text));
}

/* With leading zeros up to `width` digits. */
static void put_number(struct line *line, uint64_t number, unsigned width)
{
    char digits[20];
    unsigned at = sizeof digits;

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0 || sizeof digits - at < width);
    put(line, digits + at, sizeof digits - at);
}

/* As few digits as say the same, but one after the point at least: "0.93", "1.0". */
static void put_real(struct line *line, double value, unsigned decimals)
{
    int64_t scaled = json_scaled(value, decimals);
    uint64_t fraction;

    if (scaled < 0) {
        PUT(line, "-");
        scaled = -scaled;
    }
    put_number(line, (uint64_t)(scaled / powers_of_ten[decimals]), 1);
    PUT(line, ".");
    fraction = (uint64_t)(scaled % powers_of_ten[decimals]);
    while (decimals > 1 && fraction % 10 == 0) {
        fraction /= 10;
        decimals--;
    }
    put_number(line, fraction, decimals);
}

/* A string with what RFC 8259, 7 wants escaped. */
static void put_string(struct line *line, const char *text)
{
    static const char hex[] = "0123456789abcdef";

    PUT(line, "\"");
    while (*text != '\0') {
        size_t plain = 0;
        unsigned char c;

        while ((c = (unsigned char)text[plain]) >= 0x20 && c != '"' && c != '\\')
            plain++;
        put(line, text, plain);
        text += plain;
        if (*text == '\0')
            break;
        if (c < 0x20) {
            const char escaped[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

            put(line, escaped, sizeof escaped);
        } else {
            const char escaped[] = {'\\', (char)c};

            put(line, escaped, sizeof escaped);
        }
        text++;
    }
    PUT(line, "\"");
}

static void put_endpoint(struct line *line, const struct address *address, uint16_t port)
{
    char text[ADDRESS_TEXT_MAX];

    PUT(line, "\"address\": \"");
    put_text(line, units_address(address, text));
    PUT(line, "\", \"port\": ");
    put_number(line, port, 1);
}

static void put_network(struct line *line, const struct network_view *network)
{
    char prefix[PREFIX_TEXT_MAX];

    if (!network->known) {
        PUT(line, ", \"network\": null");
        return;
    }
    PUT(line, ", \"network\": {\"prefix\": \"");
    put_text(line, units_prefix(&network->prefix, prefix));
    PUT(line, "\", \"hop_limit\": ");
    put_number(line, network->hop_limit, 1);
    PUT(line, ", \"share\": ");
    put_real(line, network->share, SHARE_DECIMALS);
    PUT(line, ", \"seen\": ");
    put_number(line, network->seen, 1);
    PUT(line, "}");
}

static void put_evidence(struct line *line, const struct evidence *evidence)
{
    char text[EVIDENCE_TEXT_MAX];

    PUT(line, "{\"signal\": ");
    put_string(line, evidence_signal(evidence));
    PUT(line, ", \"weight\": ");
    put_real(line, (double)evidence->weight, WEIGHT_DECIMALS);
    PUT(line, ", \"text\": ");
    put_string(line, evidence_text(evidence, text, sizeof text));
    PUT(line, "}");
}

static void put_evidence_list(struct line *line, const struct judgement *judgement)
{
    PUT(line, "[");
    for (unsigned i = 0; i < judgement->evidence_count && i < EVIDENCE_MAX; i++) {
        if (i > 0)
            PUT(line, ", ");
        put_evidence(line, &judgement->evidence[i]);
    }
    PUT(line, "]");
}

static void put_tunnel(struct line *line, const struct observation *observation)
{
    char name[SUBSCRIBER_NAME_MAX];

    if (observation->line == 0)
        return;
    PUT(line, ", \"subscriber\": \"");
    put_text(line, subscriber_tunnel_name(observation, name));
    PUT(line, "\"");
}

static void put_connection(struct line *line, const struct judgement *judgement)
{
    const struct observation *observation = &judgement->observation;
    const uint64_t time_us = observation_time_us(observation);

    PUT(line, "{\"time\": ");
    put_number(line, time_us / 1000000, 1);
    PUT(line, ".");
    put_number(line, time_us % 1000000, 6);
    PUT(line, ", ");
    put_endpoint(line, &observation->client, observation->client_port);
    PUT(line, ", \"server\": {");
    put_endpoint(line, &observation->server, observation->server_port);
    PUT(line, "}");
    put_tunnel(line, observation);
    PUT(line, ", \"hop_limit\": ");
    put_number(line, observation->hop_limit, 1);
    PUT(line, ", \"initial\": ");
    put_number(line, judgement->initial, 1);
    PUT(line, ", \"hops\": ");
    put_number(line, judgement->hops, 1);
}

static void put_findings(struct line *line, const struct judgement *judgement)
{
    PUT(line, ", \"stack\": {\"family\": \"");
    put_text(line, stack_family_name(judgement->stack.family));
    PUT(line, "\", \"probability\": ");
    put_real(line, stack_probability(&judgement->stack), SHARE_DECIMALS);
    PUT(line, "}");
    put_network(line, &judgement->network);
    PUT(line, ", \"verdict\": \"");
    put_text(line, verdict_name(judgement->verdict));
    PUT(line, "\", \"probability\": ");
    put_real(line, judgement->probability, VERDICT_DECIMALS);
    PUT(line, ", \"rewritten\": ");
    put_text(line, judgement->rewritten ? "true" : "false");
    PUT(line, ", \"evidence\": ");
    put_evidence_list(line, judgement);
    PUT(line, "}");
}

/* The length of what was put, or 0 when it did not fit. */
static size_t finish(struct line *line, const char *out)
{
    if (line->full || line->at == line->end)
        return 0;
    *line->at = '\0';
    return (size_t)(line->at - out);
}

size_t json_judgement_line(const struct judgement *judgement, char *out, size_t capacity)
{
    struct line line = {.at = out, .end = out + capacity};

    put_connection(&line, judgement);
    put_findings(&line, judgement);
    return finish(&line, out);
}

size_t json_evidence_line(const struct judgement *judgement, char *out, size_t capacity)
{
    struct line line = {.at = out, .end = out + capacity};

    put_evidence_list(&line, judgement);
    return finish(&line, out);
}
