/*
 * hoptell lookup: asks the running daemon what it has read from one connection.
 */
#include "base/settings.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/text.h"
#include "edge/ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    WAIT_MAX_MS = 10000,
    ANSWER_MS = 5000, /* beyond the wait that was asked for */
    SETTINGS_MAX = 1024 * 1024,
};

enum lookup_option { OPTION_WAIT, OPTION_FORMAT, OPTION_CONFIGURATION };

static const struct option_row rows[] = {
    [OPTION_WAIT] = {"wait", 'w', "MS", "wait so long for a connection that is on its way (0)"},
    [OPTION_FORMAT] = {"format", 'f', "text|json", "how it is printed (text)"},
    [OPTION_CONFIGURATION] = {"config", 'c', "FILE", "where it says operators.listen"},
};

static const struct options options = {
    .command = "lookup",
    .arguments = "ADDRESS [PORT] [--wait MS] [--format text|json] [-c FILE]",
    .purpose =
        "Asks the running daemon about the newest connection from ADDRESS, and from PORT where\n"
        "it is given. The status is 0 when it knows one, 1 when it does not.",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};

static const char *const formats[] = {"text", "json", NULL};

struct question {
    struct address client;
    uint32_t port; /* 0: any */
    uint32_t wait_ms;
    int format; /* of `formats` */
    const char *file;
    struct address daemon;
    uint16_t daemon_port;
};

/* A plain number between `low` and `high`; false for anything else. */
static bool parse_number(const char *text, uint32_t low, uint32_t high, uint32_t *out)
{
    char *end;
    unsigned long number;

    if (text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    number = strtoul(text, &end, 10);
    if (errno != 0 || *end != '\0' || number < low || number > high)
        return false;
    *out = (uint32_t)number;
    return true;
}

/* True when the command goes on; otherwise *out_status is what it ends with. */
static bool take_options(int argc, char **argv, struct question *q, enum command_status *out_status)
{
    const char *value;
    int found;

    *out_status = COMMAND_USAGE;
    while ((found = options_next(&options, argc, argv, &value)) != OPTIONS_END) {
        if (found == OPTIONS_HELP)
            *out_status = COMMAND_DONE;
        if (found == OPTION_FORMAT)
            q->format = options_choice(&options, "format", value, formats);
        if (found == OPTION_CONFIGURATION)
            q->file = value;
        if (found == OPTION_WAIT && !parse_number(value, 0, WAIT_MAX_MS, &q->wait_ms)) {
            command_usage("lookup", "expected 0 to %d milliseconds for --wait, found '%s'",
                          WAIT_MAX_MS, value);
            return false;
        }
        if (found < 0 || q->format < 0)
            return false;
    }
    return true;
}

static enum command_status take_operands(int count, char **operands, struct question *q)
{
    if (count < 1)
        return command_usage("lookup", "expected an address, found none");
    if (!units_parse_address(operands[0], &q->client))
        return command_usage("lookup", "expected an IPv4 or IPv6 address, found '%s'", operands[0]);
    if (count > 1 && !parse_number(operands[1], 1, UINT16_MAX, &q->port))
        return command_usage("lookup", "expected a port from 1 to 65535, found '%s'", operands[1]);
    if (count > 2)
        return command_usage("lookup", "expected an address and a port, found '%s' after them",
                             operands[2]);
    return COMMAND_DONE;
}

/* The first of operators.listen; a file that nobody named and that is not there is an empty one. */
static enum command_status find_daemon(struct question *q)
{
    const bool named = q->file != NULL;
    const char *file = named ? q->file : SETTINGS_FILE_DEFAULT;
    const bool empty = !named && access(file, F_OK) != 0;
    struct settings *settings = NULL;
    struct report report;
    size_t length = 0;
    char *text = empty ? strdup("") : command_slurp("lookup", file, SETTINGS_MAX, &length);
    enum command_status status = COMMAND_FAILED;

    if (text == NULL)
        return COMMAND_FAILED;
    report_init(&report, file);
    if (settings_parse(text, length, &report, &settings) != 0)
        command_print_report(&report);
    else if (settings->operators_listen.count == 0)
        command_failed("lookup", "expected an address in operators.listen of %s, found none", file);
    else if (!units_parse_endpoint(settings->operators_listen.item[0], &q->daemon, &q->daemon_port))
        command_failed("lookup",
                       "expected an address and a port in operators.listen of %s, found '%s'", file,
                       settings->operators_listen.item[0]);
    else
        status = COMMAND_DONE;
    settings_free(settings);
    free(text);
    return status;
}

static void print_lines(const struct text *text)
{
    char lines[TEXT_MAX];
    const size_t length = text_lines(text, text_wants_colour(STDOUT_FILENO), lines);

    fwrite(lines, 1, length, stdout);
}

static enum command_status print_answer(const struct question *q, const struct ask_answer *answer)
{
    json_t *object = json_loadb(answer->body, answer->length, 0, NULL);
    struct text text;
    char *end = answer->body + strcspn(answer->body, "\r\n");
    bool fine = object != NULL && text_from_json(object, &text);

    *end = '\0';
    /* The daemon's own line, so that it reads as `read` would have printed it. */
    if (fine && strcmp(formats[q->format], "json") == 0)
        printf("%s\n", answer->body);
    else if (fine)
        print_lines(&text);
    else
        command_failed("lookup", "expected a judgement from the daemon, found '%.60s'",
                       answer->body);
    json_decref(object);
    if (fine && fflush(stdout) != 0)
        return command_failed("lookup", "expected to write to standard output, found: %s",
                              strerror(errno));
    return fine ? COMMAND_DONE : COMMAND_FAILED;
}

/* A problem document (RFC 9457) says in its detail what was wrong. */
static enum command_status explain(const struct ask_answer *answer)
{
    json_t *problem = json_loadb(answer->body, answer->length, 0, NULL);
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    char status[48];

    snprintf(status, sizeof status, "the daemon answered with HTTP status %ld", answer->status);
    command_failed("lookup", "%s", detail != NULL ? detail : status);
    json_decref(problem);
    return answer->status == 404 ? COMMAND_NO : COMMAND_FAILED;
}

enum command_status command_lookup(int argc, char **argv)
{
    struct question q = {0};
    struct ask_answer answer;
    enum command_status status;
    char address[ADDRESS_TEXT_MAX];
    char port[32] = "";
    char target[256];
    char error[512];

    if (!take_options(argc, argv, &q, &status))
        return status;
    status = take_operands(argc - optind, argv + optind, &q);
    if (status == COMMAND_DONE)
        status = find_daemon(&q);
    if (status != COMMAND_DONE)
        return status;
    if (q.port != 0)
        snprintf(port, sizeof port, "&port=%u", q.port);
    snprintf(target, sizeof target, "/v1/lookup?address=%s%s&wait=%u",
             units_address(&q.client, address), port, q.wait_ms);
    if (ask(&q.daemon, q.daemon_port, target, (long)q.wait_ms + ANSWER_MS, &answer, error,
            sizeof error) != 0)
        return command_failed("lookup", "%s", error);
    status = answer.status == 200 ? print_answer(&q, &answer) : explain(&answer);
    ask_answer_deinit(&answer);
    return status;
}
