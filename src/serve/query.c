/*
 * The query of a request; see query.h.
 */
#include "serve/query.h"

#include "base/units.h"
#include "watch/subscriber.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { FOUND_TEXT_MAX = 64 };

/* What a stranger wrote, fit to be shown: printable ASCII, cut where it is long. */
static const char *found_text(const char *text, size_t length, char out[FOUND_TEXT_MAX])
{
    const bool cut = length >= FOUND_TEXT_MAX;
    const size_t kept = cut ? FOUND_TEXT_MAX - 4 : length;

    for (size_t i = 0; i < kept; i++)
        out[i] = (char)(text[i] >= ' ' && text[i] <= '~' ? text[i] : '?');
    memcpy(out + kept, cut ? "..." : "", cut ? 4 : 1);
    return out;
}

/* Plain decimal digits, nothing around them, between `low` and `high`. */
static bool number_between(const char *text, uint32_t low, uint32_t high, uint32_t *out)
{
    uint32_t number = 0;

    if (*text == '\0' || strlen(text) > 5)
        return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return false;
        number = number * 10 + (uint32_t)(*text - '0');
    }
    *out = number;
    return number >= low && number <= high;
}

static bool take_address(const char *value, struct query *out)
{
    return units_parse_address(value, &out->address);
}

static bool port_of(const char *value, uint16_t *out)
{
    uint32_t number;

    if (!number_between(value, 1, UINT16_MAX, &number))
        return false;
    *out = (uint16_t)number;
    return true;
}

static bool take_client(const char *value, struct query *out)
{
    return subscriber_named(value, &out->address);
}

static bool take_port(const char *value, struct query *out)
{
    return port_of(value, &out->port);
}

static bool take_server_port(const char *value, struct query *out)
{
    return port_of(value, &out->server_port);
}

static bool take_wait(const char *value, struct query *out)
{
    return number_between(value, 0, QUERY_WAIT_MAX_MS, &out->wait_ms);
}

static bool take_prefix(const char *value, struct query *out)
{
    return units_parse_prefix(value, &out->prefix);
}

static bool take_limit(const char *value, struct query *out)
{
    return number_between(value, 1, QUERY_LIMIT_MAX, &out->limit);
}

static bool take_after(const char *value, struct query *out)
{
    return units_parse_prefix(value, &out->after);
}

/* Seconds since 1970, with as many decimals as one likes: 1700000000.123456 */
static bool take_time(const char *value, struct query *out)
{
    enum { DIGITS_MOST = 10, DECIMALS = 9 };
    uint64_t number = 0;
    unsigned digits = 0;
    unsigned decimals = 0;

    for (; *value >= '0' && *value <= '9' && digits < DIGITS_MOST; value++, digits++)
        number = number * 10 + (uint64_t)(*value - '0');
    if (digits > 0 && *value == '.')
        for (value++; *value >= '0' && *value <= '9'; value++)
            if (decimals < DECIMALS) {
                number = number * 10 + (uint64_t)(*value - '0');
                decimals++;
            }
    for (; decimals < DECIMALS; decimals++)
        number *= 10;
    out->time_ns = number;
    return digits > 0 && *value == '\0';
}

/* In the order of the bits. */
static const struct row {
    const char *name;
    const char *expected;
    bool (*take)(const char *value, struct query *out);
} rows[] = {
    {"address", "an IPv4 or IPv6 address", take_address},
    {"address", "an IPv4 or IPv6 address, or teid:IDENTIFIER@ENDPOINT of a GTP-U tunnel,",
     take_client},
    {"port", "a port from 1 to 65535", take_port},
    {"wait", "milliseconds from 0 to 10000", take_wait},
    {"prefix", "a prefix, as in 203.0.113.0/24", take_prefix},
    {"limit", "a number from 1 to 1000", take_limit},
    {"after", "a prefix, as in 203.0.113.0/24 or ::/0", take_after},
    {"server_port", "a port from 1 to 65535", take_server_port},
    {"time", "seconds since 1970, as in 1700000000.5", take_time},
};

enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

static unsigned row_of(const struct query_parameter *parameter, unsigned accepted)
{
    unsigned row = 0;

    while (row < ROW_COUNT &&
           (!(accepted & 1u << row) || strlen(rows[row].name) != parameter->name_length ||
            memcmp(rows[row].name, parameter->name, parameter->name_length) != 0))
        row++;
    return row;
}

/* "address, port and wait alone"; "no parameters". */
static const char *accepted_words(unsigned accepted, char out[FOUND_TEXT_MAX])
{
    size_t length = 0;

    if (accepted == 0)
        return "no parameters";
    for (unsigned row = 0; row < ROW_COUNT; row++)
        if (accepted & 1u << row && length < FOUND_TEXT_MAX) {
            const bool is_last = accepted >> row == 1;
            const char *before = length == 0 ? "" : is_last ? " and " : ", ";

            length += (size_t)snprintf(out + length, FOUND_TEXT_MAX - length, "%s%s%s", before,
                                       rows[row].name, is_last ? " alone" : "");
        }
    return out;
}

static int take_parameter(const struct query_parameter *parameter, unsigned accepted,
                          struct query *out, char error[QUERY_ERROR_MAX])
{
    const unsigned row = row_of(parameter, accepted);
    const char *value = parameter->value != NULL ? parameter->value : "";
    const size_t length = parameter->value != NULL ? parameter->value_length : 0;
    char found[FOUND_TEXT_MAX];
    char words[FOUND_TEXT_MAX];

    if (row == ROW_COUNT) {
        snprintf(error, QUERY_ERROR_MAX, "expected %s, found '%s'", accepted_words(accepted, words),
                 found_text(parameter->name, parameter->name_length, found));
        return -EINVAL;
    }
    if (out->given & 1u << row) {
        snprintf(error, QUERY_ERROR_MAX, "expected %s once, found it again", rows[row].name);
        return -EINVAL;
    }
    out->given |= 1u << row;
    if (strlen(value) != length || !rows[row].take(value, out)) {
        snprintf(error, QUERY_ERROR_MAX, "expected %s as %s, found '%s'", rows[row].expected,
                 rows[row].name, found_text(value, length, found));
        return -EINVAL;
    }
    return 0;
}

int query_parse(const struct query_parameter *parameters, size_t count, unsigned accepted,
                unsigned required, struct query *out, char error[QUERY_ERROR_MAX])
{
    *out = (struct query){.limit = QUERY_LIMIT_DEFAULT};
    for (size_t i = 0; i < count; i++) {
        const int refused = take_parameter(&parameters[i], accepted, out, error);

        if (refused < 0)
            return refused;
    }
    for (unsigned row = 0; row < ROW_COUNT; row++)
        if (required & ~out->given & 1u << row) {
            snprintf(error, QUERY_ERROR_MAX, "expected %s as %s, found none", rows[row].expected,
                     rows[row].name);
            return -EINVAL;
        }
    return 0;
}
