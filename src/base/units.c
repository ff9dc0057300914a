/*
 * Values with units, and addresses in text form; see units.h.
 *
 * Numbers are read as decimal digits and scaled in integers, never by strtod(3), so that the
 * locale has no say and what is written is exactly what is meant.
 */
#include "base/units.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct unit {
    const char *name;
    uint64_t factor;
};

#define KIB    UINT64_C(1024)
#define SECOND UINT64_C(1000000)
#define DAY    (86400 * SECOND)

/* In each table the units that are written come first, the largest at the top; `written` of them. */

static const struct unit count_units[] = {{"G", 1000000000}, {"M", 1000000}, {"k", 1000}, {"", 1}};
enum { COUNT_UNITS_WRITTEN = 4 };

static const struct unit size_units[] = {{"TiB", KIB *KIB *KIB *KIB},
                                         {"GiB", KIB *KIB *KIB},
                                         {"MiB", KIB *KIB},
                                         {"KiB", KIB},
                                         {"", 1},
                                         {"B", 1},
                                         {"kB", 1000},
                                         {"MB", 1000000},
                                         {"GB", 1000000000},
                                         {"TB", UINT64_C(1000000000000)}};
enum { SIZE_UNITS_WRITTEN = 5 };

static const struct unit duration_units[] = {
    {"d", DAY}, {"h", 3600 * SECOND}, {"min", 60 * SECOND}, {"s", SECOND}, {"ms", 1000},
    {"us", 1},  {"m", 60 * SECOND},   {"w", 7 * DAY}};
enum { DURATION_UNITS_WRITTEN = 6 };

#define COUNT_OF(table) (sizeof(table) / sizeof(table)[0])

/* A decimal number: digits / 10^places. */
struct decimal {
    uint64_t digits;
    unsigned places;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads "12" or "1.5" and returns what comes after it; NULL when there is no such number. */
static const char *parse_decimal(const char *text, struct decimal *out)
{
    struct decimal d = {0, 0};
    bool point = false;

    if (!is_digit(*text))
        return NULL;
    for (; is_digit(*text) || (*text == '.' && !point); text++) {
        if (*text == '.') {
            point = true;
            if (!is_digit(text[1]))
                return NULL;
            continue;
        }
        if (__builtin_mul_overflow(d.digits, 10, &d.digits) ||
            __builtin_add_overflow(d.digits, (uint64_t)(*text - '0'), &d.digits))
            return NULL;
        d.places += point;
    }
    *out = d;
    return text;
}

/* digits * factor / 10^places; false when that is not whole or does not fit. */
static bool scale(struct decimal d, uint64_t factor, uint64_t *out)
{
    for (; d.places > 0 && d.digits % 10 == 0; d.places--)
        d.digits /= 10;
    if (__builtin_mul_overflow(d.digits, factor, &d.digits))
        return false;
    for (; d.places > 0; d.places--) {
        if (d.digits % 10 != 0)
            return false;
        d.digits /= 10;
    }
    *out = d.digits;
    return true;
}

static bool parse_scaled(const char *text, const struct unit *unit, size_t count, uint64_t *out)
{
    struct decimal d;
    const char *rest = parse_decimal(text, &d);

    if (rest == NULL)
        return false;
    for (size_t i = 0; i < count; i++)
        if (strcmp(rest, unit[i].name) == 0)
            return scale(d, unit[i].factor, out);
    return false;
}

bool units_parse_count(const char *text, uint64_t *out)
{
    return parse_scaled(text, count_units, COUNT_OF(count_units), out);
}

bool units_parse_size(const char *text, uint64_t *out_octets)
{
    return parse_scaled(text, size_units, COUNT_OF(size_units), out_octets);
}

bool units_parse_duration(const char *text, uint64_t *out_us)
{
    return parse_scaled(text, duration_units, COUNT_OF(duration_units), out_us);
}

bool units_parse_share(const char *text, double *out)
{
    struct decimal d;
    const char *rest = parse_decimal(text, &d);
    double share;
    double power = 1;

    if (rest == NULL || (strcmp(rest, "%") != 0 && *rest != '\0'))
        return false;
    d.places += *rest == '%' ? 2 : 0;
    for (unsigned i = 0; i < d.places; i++)
        power *= 10;
    share = (double)d.digits / power;
    if (share > 1)
        return false;
    *out = share;
    return true;
}

bool units_parse_address(const char *text, struct address *out)
{
    uint8_t octets[16];

    if (inet_pton(AF_INET, text, octets) == 1)
        *out = address_v4(octets);
    else if (inet_pton(AF_INET6, text, octets) == 1)
        *out = address_v6(octets);
    else
        return false;
    return true;
}

/* The bits of a prefix after its slash: "0" to "128", without a leading zero. */
static bool parse_length(const char *text, unsigned limit, uint8_t *out)
{
    unsigned length = 0;

    if (!is_digit(text[0]) || (text[0] == '0' && text[1] != '\0'))
        return false;
    for (; is_digit(*text) && length <= limit; text++)
        length = length * 10 + (unsigned)(*text - '0');
    if (*text != '\0' || length > limit)
        return false;
    *out = (uint8_t)length;
    return true;
}

bool units_parse_prefix(const char *text, struct prefix *out)
{
    const char *slash = strchr(text, '/');
    const size_t length = slash != NULL ? (size_t)(slash - text) : strlen(text);
    char address_text[ADDRESS_TEXT_MAX];
    struct prefix p = {.length = 128};
    struct prefix masked;

    if (length >= sizeof address_text)
        return false;
    memcpy(address_text, text, length);
    address_text[length] = '\0';
    if (!units_parse_address(address_text, &p.address))
        return false;
    if (slash != NULL) {
        const bool dotted = strchr(address_text, ':') == NULL;

        if (!parse_length(slash + 1, dotted ? 32 : 128, &p.length))
            return false;
        if (dotted)
            p.length = (uint8_t)(p.length + 96);
    }
    /* This also refuses an IPv4-mapped address with fewer than its 96 bits: ones lie past them. */
    masked = prefix_of(&p.address, p.length);
    if (!address_equal(&masked.address, &p.address))
        return false;
    *out = p;
    return true;
}

static bool parse_port(const char *text, uint16_t *out)
{
    struct decimal d;
    const char *rest = parse_decimal(text, &d);

    if (rest == NULL || *rest != '\0' || d.places > 0 || d.digits < 1 || d.digits > UINT16_MAX)
        return false;
    *out = (uint16_t)d.digits;
    return true;
}

bool units_parse_endpoint(const char *text, struct address *out, uint16_t *out_port)
{
    const bool bracketed = *text == '[';
    const char *colon = strrchr(text, ':');
    const char *start = bracketed ? text + 1 : text;
    const char *end = bracketed ? strchr(text, ']') : colon;
    char address[ADDRESS_TEXT_MAX];
    struct address parsed;
    uint16_t port;

    if (colon == NULL || end == NULL || (bracketed && end + 1 != colon) ||
        (size_t)(end - start) >= sizeof address)
        return false;
    memcpy(address, start, (size_t)(end - start));
    address[end - start] = '\0';
    if (bracketed != (strchr(address, ':') != NULL) || !parse_port(colon + 1, &port) ||
        !units_parse_address(address, &parsed))
        return false;
    *out = parsed;
    *out_port = port;
    return true;
}

bool units_is_host_name(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";

    if (strlen(text) > 253)
        return false;
    for (;;) {
        const size_t length = strspn(text, letters);

        if (length == 0 || length > 63 || text[0] == '-' || text[length - 1] == '-')
            return false;
        text += length;
        if (*text == '\0')
            return true;
        if (*text++ != '.')
            return false;
    }
}

/*
 * Addresses are written by hand: they stand in every line of output, and inet_ntop(3) takes several
 * times as long, and writes ::1:2 as ::0.1.0.2, against RFC 5952, 5.
 */
static char *put_octet(char *at, unsigned octet)
{
    if (octet >= 100)
        *at++ = (char)('0' + octet / 100);
    if (octet >= 10)
        *at++ = (char)('0' + octet / 10 % 10);
    *at++ = (char)('0' + octet % 10);
    return at;
}

static void put_v4(char *at, const uint8_t octets[4])
{
    for (unsigned i = 0; i < 4; i++) {
        if (i > 0)
            *at++ = '.';
        at = put_octet(at, octets[i]);
    }
    *at = '\0';
}

/* Lower case, without leading zeros (RFC 5952, 4.1 and 4.3). */
static char *put_group(char *at, unsigned group)
{
    static const char digits[] = "0123456789abcdef";

    for (unsigned shift = 16; shift > 0;) {
        shift -= 4;
        if (shift == 0 || group >> shift != 0)
            *at++ = digits[group >> shift & 15];
    }
    return at;
}

/* The groups that :: stands for: the longest run of zeros, of two at least, the first of several
 * (RFC 5952, 4.2). */
static void longest_zeros(const unsigned group[8], unsigned *out_start, unsigned *out_count)
{
    unsigned count = 0;

    *out_start = 8;
    *out_count = 1; /* a run has to be longer */
    for (unsigned i = 0; i < 8; i++) {
        count = group[i] == 0 ? count + 1 : 0;
        if (count > *out_count) {
            *out_count = count;
            *out_start = i + 1 - count;
        }
    }
}

static void put_v6(char *at, const uint8_t octets[16])
{
    unsigned group[8];
    unsigned zeros;
    unsigned zero_count;

    for (size_t i = 0; i < 8; i++)
        group[i] = (unsigned)octets[2 * i] << 8 | octets[2 * i + 1];
    longest_zeros(group, &zeros, &zero_count);
    for (unsigned i = 0; i < 8; i++) {
        if (i == zeros) {
            *at++ = ':';
            i += zero_count - 1;
            if (i == 7)
                *at++ = ':';
            continue;
        }
        if (i > 0)
            *at++ = ':';
        at = put_group(at, group[i]);
    }
    *at = '\0';
}

const char *units_address(const struct address *address, char out[ADDRESS_TEXT_MAX])
{
    if (address_is_v4(address))
        put_v4(out, address_wire(address));
    else
        put_v6(out, address->octets);
    return out;
}

const char *units_prefix(const struct prefix *prefix, char out[PREFIX_TEXT_MAX])
{
    char *at = out + strlen(units_address(&prefix->address, out));

    *at++ = '/';
    at = put_octet(at, prefix_written_length(prefix));
    *at = '\0';
    return out;
}

/* In the largest unit that leaves no rest; "0" in the smallest. */
static const char *write_scaled(uint64_t value, const struct unit *unit, size_t count,
                                char out[UNITS_TEXT_MAX])
{
    size_t i = 0;

    while (i + 1 < count && (value == 0 || value % unit[i].factor != 0))
        i++;
    snprintf(out, UNITS_TEXT_MAX, "%" PRIu64 "%s", value / unit[i].factor, unit[i].name);
    return out;
}

const char *units_count(uint64_t count, char out[UNITS_TEXT_MAX])
{
    return write_scaled(count, count_units, COUNT_UNITS_WRITTEN, out);
}

const char *units_duration(uint64_t us, char out[UNITS_TEXT_MAX])
{
    return write_scaled(us, duration_units, DURATION_UNITS_WRITTEN, out);
}

const char *units_size(uint64_t octets, char out[UNITS_TEXT_MAX])
{
    return write_scaled(octets, size_units, SIZE_UNITS_WRITTEN, out);
}

/* With as few places as read back to the same share. */
const char *units_share(double share, char out[UNITS_TEXT_MAX])
{
    for (int places = 0; places < 15; places++) {
        double again;

        snprintf(out, UNITS_TEXT_MAX, "%.*f%%", places, share * 100);
        if (units_parse_share(out, &again) && again == share)
            break;
    }
    return out;
}
