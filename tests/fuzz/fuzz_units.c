/*
 * Any text as each kind of value. What is taken is written to a text that reads back to the same.
 */
#include "base/units.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void number(const char *text, bool (*parse)(const char *, uint64_t *),
                   const char *(*write)(uint64_t, char *))
{
    char written[UNITS_TEXT_MAX];
    uint64_t value;
    uint64_t again;

    if (parse(text, &value))
        require(parse(write(value, written), &again) && again == value);
}

static void share(const char *text)
{
    char written[UNITS_TEXT_MAX];
    double value;
    double again;

    if (!units_parse_share(text, &value))
        return;
    require(value >= 0 && value <= 1);
    require(units_parse_share(units_share(value, written), &again));
    require(again - value < 1e-14 && value - again < 1e-14);
}

static void addresses(const char *text)
{
    char written[PREFIX_TEXT_MAX];
    struct address address;
    struct prefix prefix;
    struct prefix again;
    uint16_t port;

    if (units_parse_address(text, &address)) {
        require(units_parse_prefix(units_address(&address, written), &prefix));
        require(prefix.length == 128 && address_equal(&prefix.address, &address));
    }
    if (units_parse_prefix(text, &prefix)) {
        require(prefix_contains(&prefix, &prefix.address));
        require(units_parse_prefix(units_prefix(&prefix, written), &again));
        require(again.length == prefix.length && address_equal(&again.address, &prefix.address));
    }
    if (units_parse_endpoint(text, &address, &port))
        require(port > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    char *text = malloc(length + 1);

    require(text != NULL);
    memcpy(text, octets, length);
    text[length] = '\0';
    number(text, units_parse_count, units_count);
    number(text, units_parse_size, units_size);
    number(text, units_parse_duration, units_duration);
    share(text);
    addresses(text);
    free(text);
    return 0;
}
