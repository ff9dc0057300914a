/*
 * hoptell lookup: asks the running daemon what it has read from one connection.
 */
#include "cli/asking.h"
#include "cli/options.h"
#include "cli/text.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { TARGET_MAX = 256, TIME_MAX = 32 };

struct question {
    char client[SUBSCRIBER_NAME_MAX];
    uint32_t port;        /* 0: any */
    uint32_t server_port; /* 0: any */
    uint32_t wait_ms;
    const char *time; /* seconds since 1970; NULL: any */
    int format;
    const char *file;
};

static const struct option_row rows[] = {
    {"wait", 'w', "MS", "wait so long for a connection that is on its way (0)",
     .take = option_number, .member = offsetof(struct question, wait_ms),
     .expected = "0 to 10000 milliseconds", .low = 0, .high = 10000},
    {"server-port", 's', "PORT", "a connection to this port of the server's alone",
     .take = option_number, .member = offsetof(struct question, server_port),
     .expected = "a port from 1 to 65535", .low = 1, .high = UINT16_MAX},
    {"time", 't', "SECONDS", "the one that was accepted at this time (since 1970), and no other",
     .take = option_text, .member = offsetof(struct question, time)},
    ASKING_ROW_FORMAT(struct question),
    ASKING_ROW_CONFIG(struct question),
};

const struct options lookup_options = {
    .command = "lookup",
    .operands = "ADDRESS|teid:IDENTIFIER@ENDPOINT [PORT]",
    .purpose =
        "Asks the running daemon about the newest connection from ADDRESS, or in a GTP-U tunnel, "
        "and\n"
        "from PORT where it is given. The status is 0 when it knows one, 1 when it does not.",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};

/* "1700000000" or "1700000000.5" */
static bool is_time(const char *text)
{
    const size_t digits = strspn(text, "0123456789");
    const char *rest = text + digits;

    return digits >= 1 && digits <= 10 &&
           (*rest == '\0' || (*rest == '.' && rest[1 + strspn(rest + 1, "0123456789")] == '\0')) &&
           strlen(text) < TIME_MAX;
}

static enum command_status take_operands(int count, char **operands, struct question *q)
{
    struct address address;

    if (q->time != NULL && !is_time(q->time))
        return command_usage(
            "lookup", "expected seconds since 1970, as in 1700000000.5, for --time, found '%s'",
            q->time);
    if (count < 1)
        return command_usage("lookup", "expected an address, found none");
    if (!subscriber_named(operands[0], &address) || strlen(operands[0]) >= sizeof q->client)
        return command_usage("lookup",
                             "expected an IPv4 or IPv6 address, or teid:IDENTIFIER@ENDPOINT of a "
                             "GTP-U tunnel, found '%s'",
                             operands[0]);
    if (operands[0][0] == 't')
        snprintf(q->client, sizeof q->client, "%s", operands[0]);
    else
        units_address(&address, q->client);
    if (count > 1 && !options_number(operands[1], 1, UINT16_MAX, &q->port))
        return command_usage("lookup", "expected a port from 1 to 65535, found '%s'", operands[1]);
    if (count > 2)
        return command_usage("lookup", "expected an address and a port, found '%s' after them",
                             operands[2]);
    return COMMAND_DONE;
}

static bool print_text(const json_t *answer)
{
    struct text text;

    if (!text_from_json(answer, &text))
        return false;
    text_print(&text);
    return true;
}

static const char *write_target(const struct question *q, char out[TARGET_MAX])
{
    char port[32] = "";
    char server_port[32] = "";
    char time[TIME_MAX + 8] = "";

    if (q->time != NULL)
        snprintf(time, sizeof time, "&time=%s", q->time);
    if (q->port != 0)
        snprintf(port, sizeof port, "&port=%u", q->port);
    if (q->server_port != 0)
        snprintf(server_port, sizeof server_port, "&server_port=%u", q->server_port);
    snprintf(out, TARGET_MAX, "/v1/lookup?address=%s%s%s%s&wait=%u", q->client, port, server_port,
             time, q->wait_ms);
    return out;
}

enum command_status command_lookup(int argc, char **argv)
{
    struct question q = {0};
    struct asking asking = {.command = "lookup"};
    enum command_status status;
    char target[TARGET_MAX];

    if (!options_take(&lookup_options, argc, argv, &q, &status))
        return status;
    status = take_operands(argc - optind, argv + optind, &q);
    if (status != COMMAND_DONE)
        return status;
    asking.file = q.file;
    asking.wait_ms = (long)q.wait_ms;
    return asking_show(&asking, write_target(&q, target), (enum asking_format)q.format, print_text,
                       "a judgement");
}
