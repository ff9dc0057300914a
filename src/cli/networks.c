/*
 * hoptell networks: what the running daemon has learnt of networks.
 */
#include "base/units.h"
#include "cli/asking.h"
#include "cli/options.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LIMIT_MAX = 1000, MODES_SHOWN = 3 };

enum networks_option { OPTION_ADDRESS, OPTION_PREFIX, OPTION_LIMIT, OPTION_FORMAT, OPTION_CONFIG };

static const struct option_row rows[] = {
    [OPTION_ADDRESS] = {"address", 'a', "ADDRESS", "those that hold it, finest first"},
    [OPTION_PREFIX] = {"prefix", 'p', "PREFIX", "those within it"},
    [OPTION_LIMIT] = {"limit", 'n', "NUMBER", "so many at most, the most seen first (20)"},
    [OPTION_FORMAT] = {"format", 'f', "text|json", "how they are printed (text)"},
    [OPTION_CONFIG] = {"config", 'c', "FILE", "where it says operators.listen"},
};

static const struct options options = {
    .command = "networks",
    .arguments = "[--address ADDRESS | --prefix PREFIX] [--limit NUMBER] [--format text|json]"
                 " [-c FILE]",
    .purpose = "Asks the running daemon how the clients of networks arrive, the most seen first.",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};

static const char *const formats[] = {"text", "json", NULL};

struct question {
    struct address address;
    bool has_address;
    struct prefix prefix;
    bool has_prefix;
    uint32_t limit;
    int format; /* of `formats` */
    const char *file;
};

/* False for a value that is wrong, which has been said. */
static bool take_option(int found, const char *value, struct question *q)
{
    switch (found) {
    case OPTION_ADDRESS:
        q->has_address = units_parse_address(value, &q->address);
        if (!q->has_address)
            command_usage("networks", "expected an address for --address, found '%s'", value);
        return q->has_address;
    case OPTION_PREFIX:
        q->has_prefix = units_parse_prefix(value, &q->prefix);
        if (!q->has_prefix)
            command_usage("networks", "expected a prefix for --prefix, found '%s'", value);
        return q->has_prefix;
    case OPTION_LIMIT:
        if (asking_number(value, 1, LIMIT_MAX, &q->limit))
            return true;
        command_usage("networks", "expected 1 to %d for --limit, found '%s'", LIMIT_MAX, value);
        return false;
    case OPTION_FORMAT:
        q->format = options_choice(&options, "format", value, formats);
        return q->format >= 0;
    case OPTION_CONFIG:
        q->file = value;
        return true;
    default:
        return false;
    }
}

/* True when the command goes on; otherwise *out_status is what it ends with. */
static bool take_arguments(int argc, char **argv, struct question *q,
                           enum command_status *out_status)
{
    const char *value;
    int found;

    *out_status = COMMAND_USAGE;
    while ((found = options_next(&options, argc, argv, &value)) != OPTIONS_END) {
        if (found == OPTIONS_HELP)
            *out_status = COMMAND_DONE;
        if (!take_option(found, value, q))
            return false;
    }
    if (optind < argc)
        command_usage("networks", "expected options alone, found '%s'", argv[optind]);
    else if (q->has_address && q->has_prefix)
        command_usage("networks", "expected --address or --prefix, found both");
    else
        return true;
    return false;
}

static void write_target(const struct question *q, char *out, size_t size)
{
    char text[PREFIX_TEXT_MAX];

    if (q->has_address)
        snprintf(out, size, "/v1/networks?address=%s", units_address(&q->address, text));
    else if (q->has_prefix)
        snprintf(out, size, "/v1/networks?prefix=%s&limit=%u", units_prefix(&q->prefix, text),
                 q->limit);
    else
        snprintf(out, size, "/v1/networks?limit=%u", q->limit);
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
    json_t *modes = NULL;
    json_int_t seen = 0;
    double tethered = 0;
    int enough = 0;

    if (json_unpack((json_t *)network, "{s:s, s:I, s:b, s:F, s:o}", "prefix", &prefix, "seen",
                    &seen, "enough", &enough, "tethered", &tethered, "modes", &modes) != 0 ||
        !json_is_array(modes))
        return false;
    printf("%-24s %10lld ", prefix, seen);
    if (enough)
        printf("%7.1f %%  ", tethered * 100);
    else
        printf("%9s  ", "-");
    print_modes(modes);
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
    struct ask_answer answer;
    enum command_status status;
    char target[256];
    json_t *object;
    bool fine = true;

    if (!take_arguments(argc, argv, &q, &status))
        return status;
    asking.file = q.file;
    write_target(&q, target, sizeof target);
    status = asking_get_json(&asking, target, &answer, &object);
    if (status != COMMAND_DONE)
        return status;
    if (strcmp(formats[q.format], "json") == 0)
        asking_print(&answer);
    else
        fine = print_text(object);
    status = fine ? asking_finish(&asking) : asking_wrong(&asking, "networks", &answer);
    json_decref(object);
    ask_answer_deinit(&answer);
    return status;
}
