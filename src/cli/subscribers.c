/*
 * hoptell subscribers: what the running daemon has learnt of subscribers, and what one did last.
 */
#include "base/units.h"
#include "cli/asking.h"
#include "cli/options.h"
#include "cli/text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT_MAX = 1000 };

enum subscribers_option { OPTION_LIMIT, OPTION_FORMAT, OPTION_CONFIG };

static const struct option_row rows[] = {
    [OPTION_LIMIT] = {"limit", 'n', "NUMBER", "so many at most, the newest first (20)"},
    [OPTION_FORMAT] = {"format", 'f', "text|json", "how they are printed (text)"},
    [OPTION_CONFIG] = {"config", 'c', "FILE", "where it says operators.listen"},
};

static const struct options options = {
    .command = "subscribers",
    .arguments = "[--limit NUMBER] [--format text|json] [-c FILE] [ADDRESS]",
    .purpose = "Asks the running daemon which subscribers it saw last; with ADDRESS, how that one\n"
               "usually arrives, and its last connections. The status is 1 when nothing is known.",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};

static const char *const formats[] = {"text", "json", NULL};

struct question {
    struct address address;
    bool has_address;
    uint32_t limit;
    int format; /* of `formats` */
    const char *file;
};

static bool take_option(int found, const char *value, struct question *q)
{
    switch (found) {
    case OPTION_LIMIT:
        if (asking_number(value, 1, LIMIT_MAX, &q->limit))
            return true;
        command_usage("subscribers", "expected 1 to %d for --limit, found '%s'", LIMIT_MAX, value);
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
    if (optind == argc)
        return true;
    q->has_address = units_parse_address(argv[optind], &q->address);
    if (!q->has_address)
        command_usage("subscribers", "expected an IPv4 or IPv6 address, found '%s'", argv[optind]);
    else if (optind + 1 < argc)
        command_usage("subscribers", "expected one address, found '%s' after it", argv[optind + 1]);
    else
        return true;
    return false;
}

static void write_target(const struct question *q, char *out, size_t size)
{
    char text[ADDRESS_TEXT_MAX] = "";

    snprintf(out, size, "/v1/subscribers%s%s?limit=%u", q->has_address ? "/" : "",
             q->has_address ? units_address(&q->address, text) : "", q->limit);
}

static void print_time(json_int_t seconds)
{
    const time_t at = (time_t)seconds;
    struct tm parts;
    char text[32] = "";

    if (gmtime_r(&at, &parts) != NULL)
        strftime(text, sizeof text, "%F %T", &parts);
    printf("%-19s", text);
}

/* "android 12, windows 3" */
static void print_counts(const json_t *list, const char *key)
{
    const json_t *entry;
    size_t i;

    json_array_foreach(list, i, entry)
    {
        const json_t *name = json_object_get(entry, key);
        const json_int_t count = json_integer_value(json_object_get(entry, "count"));

        printf("%s", i > 0 ? ", " : " ");
        if (json_is_string(name))
            printf("%s %lld", json_string_value(name), count);
        else
            printf("%lld (%lld)", json_integer_value(name), count);
    }
    printf("\n");
}

static bool print_line(const json_t *line)
{
    const char *subscriber = NULL;
    const char *stack = NULL;
    const char *verdict = NULL;
    json_int_t time = 0;
    json_int_t hop_limit = 0;
    double probability = 0;

    if (json_unpack((json_t *)line, "{s:s, s:I, s:I, s:s, s:s, s:F}", "subscriber", &subscriber,
                    "time", &time, "hop_limit", &hop_limit, "stack", &stack, "verdict", &verdict,
                    "probability", &probability) != 0)
        return false;
    print_time(time);
    printf("  %-26s %3lld  %-7s  %-8s %5.1f %%  %lld\n", subscriber, hop_limit, stack, verdict,
           (strcmp(verdict, "direct") == 0 ? 1 - probability : probability) * 100,
           json_integer_value(json_object_get(json_object_get(line, "baseline"), "seen")));
    return true;
}

static bool print_list(const json_t *list)
{
    const json_t *line;
    size_t i;

    if (!json_is_array(list))
        return false;
    printf("%-19s  %-26s %3s  %-7s  %-16s  %s\n", "last", "subscriber", "hop", "stack", "verdict",
           "seen");
    json_array_foreach(list, i, line) if (!print_line(line)) return false;
    return true;
}

static bool print_one(const json_t *answer)
{
    const json_t *baseline = json_object_get(answer, "baseline");
    const json_t *timeline = json_object_get(answer, "timeline");
    const char *subscriber = json_string_value(json_object_get(answer, "subscriber"));
    const json_t *entry;
    size_t i;

    if (subscriber == NULL || !json_is_array(timeline))
        return false;
    printf("%s", subscriber);
    if (json_is_object(baseline)) {
        printf(": seen %lld times, at least %lld devices%s\n  hop limits:",
               json_integer_value(json_object_get(baseline, "seen")),
               json_integer_value(json_object_get(baseline, "devices")),
               json_is_true(json_object_get(baseline, "shared")) ? ", shared by many" : "");
        print_counts(json_object_get(baseline, "hop_limits"), "hop_limit");
        printf("  stacks:");
        print_counts(json_object_get(baseline, "stacks"), "family");
    } else {
        printf(": no baseline\n");
    }
    json_array_foreach(timeline, i, entry)
    {
        struct text text;

        if (!text_from_json(entry, &text))
            return false;
        text_print(&text);
    }
    return true;
}

enum command_status command_subscribers(int argc, char **argv)
{
    struct question q = {.limit = 20};
    struct asking asking = {.command = "subscribers"};
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
        fine =
            q.has_address ? print_one(object) : print_list(json_object_get(object, "subscribers"));
    status = fine ? asking_finish(&asking) : asking_wrong(&asking, "subscribers", &answer);
    json_decref(object);
    ask_answer_deinit(&answer);
    return status;
}
