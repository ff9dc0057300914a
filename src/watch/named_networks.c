/*
 * Reads the user's file of networks, and finds the finest that holds an address: by bisection for
 * the last one that begins at it or before, and from there to larger ones.
 */
#include "watch/named_networks.h"

#include "base/printable.h"
#include "base/text_lines.h"
#include "base/units.h"
#include "watch/network.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_OCTETS_MAX = 256 };

static const char header[] = "prefix,name,kind";

static const char *const kinds[NETWORK_KIND_COUNT] = {
    [NETWORK_OF_ANY_KIND] = "",
    [NETWORK_OF_HANDSETS] = "handset",
    [NETWORK_OF_FIXED_LINES] = "fixed",
    [NETWORK_OF_HOSTING] = "hosting",
};

const char *network_kind_name(enum network_kind kind)
{
    return kinds[kind];
}

/* IPv6 before IPv4, although that is mapped into the middle of it. */
static int compare_prefixes(const struct prefix *a, const struct prefix *b)
{
    const int family = (int)address_is_v4(&a->address) - (int)address_is_v4(&b->address);
    const int order = memcmp(a->address.octets, b->address.octets, 16);

    if (family != 0)
        return family;
    return order != 0 ? order : (int)a->length - (int)b->length;
}

static int compare(const void *a, const void *b)
{
    const struct named_network *left = a;
    const struct named_network *right = b;

    return compare_prefixes(&left->prefix, &right->prefix);
}

static bool parse_kind(const char *text, uint8_t *out)
{
    for (unsigned i = NETWORK_OF_HANDSETS; i < NETWORK_KIND_COUNT; i++)
        if (strcmp(text, kinds[i]) == 0) {
            *out = (uint8_t)i;
            return true;
        }
    return false;
}

/* In quotes as in CSV (RFC 4180, 2.7) or without; in place. */
static void unquote(char *name)
{
    const size_t length = strlen(name);
    char *to = name;

    if (length < 2 || name[0] != '"' || name[length - 1] != '"')
        return;
    name[length - 1] = '\0';
    for (const char *from = name + 1; *from != '\0'; from++) {
        if (from[0] == '"' && from[1] == '"')
            from++;
        *to++ = *from;
    }
    *to = '\0';
}

/* What stands between the first comma and the last is the name. False with an error. */
static bool parse_line(char *line, uint32_t number, struct report *report,
                       struct named_network *out)
{
    char *name = strchr(line, ',');
    char *kind = strrchr(line, ',');

    *out = (struct named_network){0};
    if (!name || name == kind) {
        report_error(report, number, 1, "expected %s, found '%s'", header, line);
        return false;
    }
    *name++ = '\0';
    *kind++ = '\0';
    unquote(name);
    if (!units_parse_prefix(line, &out->prefix))
        report_error(report, number, 1, "expected a prefix as in 203.0.113.0/24, found '%s'", line);
    else if (name[0] == '\0' || strlen(name) >= NETWORK_NAME_MAX || !printable_is(name))
        report_error(report, number, (uint32_t)(name - line) + 1,
                     "expected a name of 1 to %d octets of UTF-8, found '%.*s'",
                     NETWORK_NAME_MAX - 1, NETWORK_NAME_MAX, name);
    else if (!parse_kind(kind, &out->kind))
        report_error(report, number, (uint32_t)(kind - line) + 1,
                     "expected handset, fixed or hosting, found '%s'", kind);
    else {
        memcpy(out->name, name, strlen(name) + 1);
        return true;
    }
    return false;
}

static void take_line(char *line, uint32_t number, struct report *report,
                      struct named_networks *networks)
{
    if (number == 1) {
        if (strcmp(line, header) != 0)
            report_error(report, 1, 1, "expected the header '%s', found '%s'", header, line);
    } else if (line[0] != '\0' && line[0] != '#' &&
               parse_line(line, number, report, &networks->network[networks->count])) {
        networks->count++;
    }
}

static void parse(const char *text, size_t length, struct report *report,
                  struct named_networks *networks)
{
    struct text_lines lines = {.rest = text, .left = length};
    char line[LINE_OCTETS_MAX] = "";

    if (length == 0)
        take_line(line, 1, report, networks);
    while (text_lines_next(&lines))
        if (text_lines_string(&lines, report, line, sizeof line))
            take_line(line, lines.number, report, networks);
}

/* The larger one that holds it is the one before it, or holds that. */
static void link_parents(struct named_networks *networks, struct report *report)
{
    char text[PREFIX_TEXT_MAX];

    for (size_t i = 1; i < networks->count; i++) {
        struct named_network *this_one = &networks->network[i];
        uint32_t outer = (uint32_t)i;

        if (compare(this_one, this_one - 1) == 0)
            report_error(report, 0, 0, "expected each prefix once, found %s twice",
                         units_prefix(&this_one->prefix, text));
        while (outer != 0 &&
               !prefix_contains(&networks->network[outer - 1].prefix, &this_one->prefix.address))
            outer = networks->network[outer - 1].parent;
        this_one->parent = outer;
    }
}

static size_t count_lines(const char *text, size_t length)
{
    size_t lines = 1;

    for (size_t i = 0; i < length; i++)
        lines += text[i] == '\n';
    return lines;
}

int named_networks_new(const char *text, size_t length, struct report *report,
                       struct named_networks **out)
{
    const unsigned errors = report->errors;
    const size_t lines = count_lines(text, length);
    struct named_networks *networks;

    if (lines >= UINT32_MAX)
        return -ENOMEM;
    networks = calloc(1, sizeof *networks + lines * sizeof networks->network[0]);
    if (!networks)
        return -ENOMEM;
    parse(text, length, report, networks);
    qsort(networks->network, networks->count, sizeof networks->network[0], compare);
    link_parents(networks, report);
    if (report->errors != errors) {
        free(networks);
        return -EINVAL;
    }
    *out = networks;
    return 0;
}

void named_networks_free(struct named_networks *networks)
{
    free(networks);
}

/* The last one that is not behind `prefix`; NULL for none. */
static const struct named_network *last_until(const struct named_networks *networks,
                                              const struct prefix *prefix)
{
    size_t low = 0;
    size_t high = networks ? networks->count : 0;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (compare_prefixes(&networks->network[middle].prefix, prefix) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 ? &networks->network[low - 1] : NULL;
}

const struct named_network *named_networks_find(const struct named_networks *networks,
                                                const struct address *address)
{
    const struct named_network *found =
        last_until(networks, &(struct prefix){.address = *address, .length = 128});

    while (found && !prefix_contains(&found->prefix, address))
        found = named_networks_parent(networks, found);
    return found;
}

const struct named_network *named_networks_at(const struct named_networks *networks,
                                              const struct prefix *prefix)
{
    const struct named_network *found = last_until(networks, prefix);

    return found && compare_prefixes(&found->prefix, prefix) == 0 ? found : NULL;
}

const struct named_network *named_networks_parent(const struct named_networks *networks,
                                                  const struct named_network *network)
{
    return network->parent > 0 ? &networks->network[network->parent - 1] : NULL;
}

unsigned named_networks_levels(const struct named_networks *networks, const struct address *client,
                               struct prefix *out, enum network_kind *out_kind)
{
    const struct named_network *network;
    unsigned count = 0;

    /* Most users name none, and this is asked for every packet. */
    if (!networks) {
        *out_kind = NETWORK_OF_ANY_KIND;
        return network_levels(client, out);
    }
    network = named_networks_find(networks, client);
    *out_kind = network ? (enum network_kind)network->kind : NETWORK_OF_ANY_KIND;
    if (!network)
        return network_levels(client, out);
    for (; network && count < NETWORK_LEVELS_MAX;
         network = named_networks_parent(networks, network))
        out[count++] = network->prefix;
    return count;
}
