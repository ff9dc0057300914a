/*
 * hoptell networks: what the running daemon has learnt of networks.
 */
#include "base/units.h"
#include "cli/asking.h"
#include "cli/options.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MODES_SHOWN = 3 };

struct question {
    struct option_address address;
    struct option_prefix prefix;
    struct option_prefix after;
    uint32_t limit;
    int format;
    const char *file;
};

static const struct option_row rows[] = {
    {"address", 'a', "ADDRESS", "those that hold it, finest first", .take = option_address,
     .member = offsetof(struct question, address), .expected = "an address"},
    {"prefix", 'p', "PREFIX", "those within it", .take = option_prefix,
     .member = offsetof(struct question, prefix), .expected = "a prefix"},
    {"after", 0, "PREFIX", "in order, those that come after it; ::/0 is before all",
     .take = option_prefix, .member = offsetof(struct question, after), .expected = "a prefix"},
    {"limit", 'n', "NUMBER", "so many at most, the most seen first (20)", .take = option_number,
     .member = offsetof(struct question, limit), .expected = "1 to 1000", .low = 1, .high = 1000},
    ASKING_ROW_FORMAT(struct question),
    ASKING_ROW_CONFIG(struct question),
};

const struct options networks_options = {
    .command = "networks",
    .operands = "",
    .purpose = "Asks the running daemon how the clients of networks arrive, the most seen first.",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};

/* True when the command goes on; otherwise *out_status is what it ends with. */
static bool take_question(int argc, char **argv, struct question *out,
                          enum command_status *out_status)
{
    if (!options_take(&networks_options, argc, argv, out, out_status))
        return false;
    if (optind < argc)
        *out_status = command_usage("networks", "expected options alone, found '%s'", argv[optind]);
    else if (out->address.given && out->after.given)
        *out_status = command_usage("networks", "expected --address or --after, found both");
    else if (out->address.given && out->prefix.given)
        *out_status = command_usage("networks", "expected --address or --prefix, found both");
    return *out_status == COMMAND_DONE;
}

static void write_target(const struct question *q, char *out, size_t size)
{
    char text[PREFIX_TEXT_MAX];
    int length;

    if (q->address.given) {
        snprintf(out, size, "/v1/networks?address=%s", units_address(&q->address.address, text));
        return;
    }
    length = snprintf(out, size, "/v1/networks?limit=%u", q->limit);
    if (q->prefix.given)
        length += snprintf(out + length, size - (size_t)length, "&prefix=%s",
                           units_prefix(&q->prefix.prefix, text));
    if (q->after.given)
        snprintf(out + length, size - (size_t)length, "&after=%s",
                 units_prefix(&q->after.prefix, text));
}

/* "12 hops 94.0 %, 13 hops 4.0 %" */
static void print_modes(const json_t *modes)
{
    const json_t *mode;
    size_t i;

    json_array_foreach(modes, i, mode)
    {
        if (i == MODES_SHOWN) {
            printf(", and %zu more", json_array_size(modes) - i);
            break;
        }
        printf("%s%lld hops %.1f %%", i > 0 ? ", " : "",
               json_integer_value(json_object_get(mode, "hops")),
               json_number_value(json_object_get(mode, "share")) * 100);
    }
}

static bool print_network(const json_t *network)
{
    const char *prefix = NULL;
    const char *name = json_string_value(json_object_get(network, "name"));
    json_t *modes = NULL;
    json_int_t imported = 0;
    json_int_t seen = 0;
    double tethered = 0;
    int enough = 0;

    if (json_unpack((json_t *)network, "{s:s, s:I, s:I, s:b, s:F, s:o}", "prefix", &prefix, "seen",
                    &seen, "imported", &imported, "enough", &enough, "tethered", &tethered, "modes",
                    &modes) != 0 ||
        !json_is_array(modes))
        return false;
    printf("%-24s %10lld ", prefix, seen);
    if (enough)
        printf("%7.1f %%  ", tethered * 100);
    else
        printf("%9s  ", "-");
    print_modes(modes);
    if (name != NULL)
        printf("  (%s)", name);
    if (imported > 0)
        printf("  [%lld of other sites]", imported);
    printf("\n");
    return true;
}

static bool print_text(const json_t *answer)
{
    const json_t *list = json_object_get(answer, "networks");
    const json_int_t total = json_integer_value(json_object_get(answer, "total"));
    const json_t *network;
    size_t i;

    if (!json_is_array(list))
        return false;
    printf("%-24s %10s %9s  %s\n", "network", "seen", "tethered", "arrives after");
    json_array_foreach(list, i, network) if (!print_network(network)) return false;
    if (total > (json_int_t)json_array_size(list))
        printf("and %lld more\n", total - (json_int_t)json_array_size(list));
    return true;
}

enum command_status command_networks(int argc, char **argv)
{
    struct question q = {.limit = 20};
    struct asking asking = {.command = "networks"};
    enum command_status status;
    char target[256];

    if (!take_question(argc, argv, &q, &status))
        return status;
    asking.file = q.file;
    write_target(&q, target, sizeof target);
    return asking_show(&asking, target, (enum asking_format)q.format, print_text, "networks");
}
