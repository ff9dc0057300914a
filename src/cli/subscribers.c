/*
 * hoptell subscribers: what the running daemon has learnt of subscribers, and what one did last.
 */
#include "cli/asking.h"
#include "cli/options.h"
#include "cli/text.h"
#include "watch/subscriber.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct question {
    const char *one; /* as it is named; NULL: the list */
    bool forget;
    uint32_t limit;
    int format;
    const char *file;
};

static const struct option_row rows[] = {
    {"limit", 'n', "NUMBER", "so many at most, the newest first (20)", .take = option_number,
     .member = offsetof(struct question, limit), .expected = "1 to 1000", .low = 1, .high = 1000},
    {"forget", 0, NULL, "forget ADDRESS: what was learnt, and what is stored", .take = option_flag,
     .member = offsetof(struct question, forget)},
    ASKING_ROW_FORMAT(struct question),
    ASKING_ROW_CONFIG(struct question),
};

const struct options subscribers_options = {
    .command = "subscribers",
    .operands = "[ADDRESS | teid:IDENTIFIER@ENDPOINT]",
    .purpose = "Asks the running daemon which subscribers it saw last; with ADDRESS, how that one\n"
               "usually arrives, and its last connections. The status is 1 when nothing is known.",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};

/* True when the command goes on; otherwise *out_status is what it ends with. */
static bool take_question(int argc, char **argv, struct question *out,
                          enum command_status *out_status)
{
    struct address address;

    if (!options_take(&subscribers_options, argc, argv, out, out_status))
        return false;
    if (optind == argc && out->forget)
        *out_status = command_usage("subscribers", "expected an address with --forget, found none");
    if (optind == argc)
        return !out->forget;
    out->one = argv[optind];
    if (!subscriber_named(out->one, &address))
        *out_status = command_usage("subscribers",
                                    "expected an IPv4 or IPv6 address, or teid:IDENTIFIER@ENDPOINT "
                                    "of a GTP-U tunnel, found '%s'",
                                    out->one);
    else if (optind + 1 < argc)
        *out_status = command_usage("subscribers", "expected one address, found '%s' after it",
                                    argv[optind + 1]);
    return *out_status == COMMAND_DONE;
}

static void write_target(const struct question *q, char *out, size_t size)
{
    const int length =
        snprintf(out, size, "/v1/subscribers%s%s", q->one ? "/" : "", q->one ? q->one : "");

    if (!q->forget)
        snprintf(out + length, size - (size_t)length, "?limit=%u", q->limit);
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

static bool print_list(const json_t *answer)
{
    const json_t *list = json_object_get(answer, "subscribers");
    const json_t *line;
    size_t i;

    if (!json_is_array(list))
        return false;
    printf("%-19s  %-26s %3s  %-7s  %-16s  %s\n", "last", "subscriber", "hop", "stack", "verdict",
           "seen");
    json_array_foreach(list, i, line) if (!print_line(line)) return false;
    return true;
}

/* "18:02" of what the daemon says in ISO 8601 and UTC, in the time zone of who reads; with `day` all. */
static void write_time(const char *iso, bool day, char *out, size_t size)
{
    struct tm parts = {.tm_isdst = 0};
    time_t seconds;

    snprintf(out, size, "?");
    if (iso == NULL || strptime(iso, "%Y-%m-%dT%H:%M:%SZ", &parts) == NULL)
        return;
    seconds = timegm(&parts);
    if (localtime_r(&seconds, &parts) != NULL)
        strftime(out, size, day ? "%F %H:%M" : "%H:%M", &parts);
}

/* "windows", or "windows, macos" */
static void write_families(const json_t *stacks, char *out, size_t size)
{
    const json_t *stack;
    size_t used = 0;
    size_t i;

    out[0] = '\0';
    json_array_foreach(stacks, i, stack)
    {
        const char *name = json_string_value(json_object_get(stack, "family"));

        if (name != NULL && used < size)
            used += (size_t)snprintf(out + used, size - used, "%s%s", i > 0 ? ", " : "", name);
    }
}

/* "2026-11-22 18:02 to 18:40  tethered  98.1 %  12 connections, windows behind android" */
static bool print_episode(const json_t *episode)
{
    const char *from = json_string_value(json_object_get(episode, "from"));
    const char *to = json_string_value(json_object_get(episode, "to"));
    const char *verdict = json_string_value(json_object_get(episode, "verdict"));
    const char *host = json_string_value(json_object_get(episode, "host"));
    const double probability = json_number_value(json_object_get(episode, "probability"));
    const json_int_t connections = json_integer_value(json_object_get(episode, "connections"));
    const json_t *reason;
    char begin[32];
    char end[32];
    char families[128];
    size_t i;

    if (from == NULL || to == NULL || verdict == NULL)
        return false;
    write_time(from, true, begin, sizeof begin);
    write_time(to, false, end, sizeof end);
    write_families(json_object_get(episode, "stacks"), families, sizeof families);
    printf("  %s to %s  %-8s %5.1f %%  %lld connection%s, %s%s%s\n", begin, end, verdict,
           (strcmp(verdict, "direct") == 0 ? 1 - probability : probability) * 100, connections,
           connections == 1 ? "" : "s", families, host != NULL ? " behind " : "",
           host != NULL ? host : "");
    json_array_foreach(json_object_get(episode, "evidence"), i, reason)
    {
        const char *text = json_string_value(json_object_get(reason, "text"));

        printf("%28s %s\n", "", text != NULL ? text : "");
    }
    return true;
}

static bool print_episodes(const json_t *answer)
{
    const json_t *episodes = json_object_get(answer, "episodes");
    const time_t now = time(NULL);
    struct tm parts;
    char zone[16] = "";
    const json_t *episode;
    size_t i;

    if (!json_is_array(episodes))
        return false;
    if (localtime_r(&now, &parts) != NULL)
        strftime(zone, sizeof zone, " (%Z)", &parts);
    printf("episodes%s%s:\n", zone,
           json_is_true(json_object_get(answer, "stored")) ? ""
                                                           : ", of this run of the daemon alone");
    json_array_foreach(episodes, i, episode) if (!print_episode(episode)) return false;
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
    if (!print_episodes(answer))
        return false;
    printf("newest connections (UTC):%s\n",
           json_array_size(timeline) > 0 ? "" : " none since the daemon started");
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
    enum command_status status;
    char target[256];

    if (!take_question(argc, argv, &q, &status))
        return status;
    asking.file = q.file;
    write_target(&q, target, sizeof target);
    if (q.forget)
        return asking_tell(&asking, "DELETE", target, NULL);
    return asking_show(&asking, target, (enum asking_format)q.format,
                       q.one ? print_one : print_list, "subscribers");
}
