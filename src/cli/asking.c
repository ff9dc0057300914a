/*
 * Asking; see asking.h.
 */
#include "cli/asking.h"

#include "base/settings.h"
#include "base/units.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ANSWER_MS = 5000, /* beyond the wait that was asked for */
    SETTINGS_MAX = 1024 * 1024,
};

/* The first of operators.listen. */
static enum command_status take_place(const struct asking *asking, const struct settings *settings,
                                      struct asking_place *out)
{
    const char *listen = settings->operators_listen.item[0];
    char error[512];

    *out = (struct asking_place){.path = ""};
    if (strncmp(listen, "unix:", 5) == 0) {
        snprintf(out->path, sizeof out->path, "%s", listen + 5);
        out->ask.path = out->path;
        return COMMAND_DONE;
    }
    units_parse_endpoint(listen, &out->ask.address,
                         &out->ask.port); /* settings_parse has checked */
    if (address_is_loopback(&out->ask.address))
        return COMMAND_DONE;
    if (token_read(settings->operators_token_file, out->token, error, sizeof error) != 0)
        return command_failed(asking->command, "%s", error);
    out->ask.token = out->token;
    return COMMAND_DONE;
}

enum command_status asking_find(const struct asking *asking, struct asking_place *out)
{
    const bool named = asking->file != NULL;
    const char *file = named ? asking->file : SETTINGS_FILE_DEFAULT;
    const bool empty = !named && access(file, F_OK) != 0;
    struct settings *settings = NULL;
    struct report report;
    size_t length = 0;
    char *text = empty ? strdup("") : command_slurp(asking->command, file, SETTINGS_MAX, &length);
    enum command_status status = COMMAND_FAILED;

    if (text == NULL)
        return COMMAND_FAILED;
    report_init(&report, file);
    if (settings_parse(text, length, &report, &settings) != 0)
        command_print_report(&report);
    else if (settings->operators_listen.count == 0)
        command_failed(asking->command, "expected an address in operators.listen of %s, found none",
                       file);
    else
        status = take_place(asking, settings, out);
    settings_free(settings);
    free(text);
    return status;
}

/* A problem document (RFC 9457) says in its detail what was wrong. */
static enum command_status explain(const struct asking *asking, const struct ask_answer *answer)
{
    json_t *problem = json_loadb(answer->body, answer->length, 0, NULL);
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    char status[48];

    snprintf(status, sizeof status, "the daemon answered with HTTP status %ld", answer->status);
    command_failed(asking->command, "%s", detail != NULL ? detail : status);
    json_decref(problem);
    return answer->status == 404 ? COMMAND_NO : COMMAND_FAILED;
}

static enum command_status put_question(const struct asking *asking, const char *method,
                                        const char *target, const char *json,
                                        struct ask_answer *out)
{
    struct asking_place place;
    enum command_status status = asking_find(asking, &place);
    char error[512];

    if (status != COMMAND_DONE)
        return status;
    if (ask(&place.ask, method, target, json, asking->wait_ms + ANSWER_MS, out, error,
            sizeof error) != 0)
        return command_failed(asking->command, "%s", error);
    if (out->status == 200 || out->status == 204)
        return COMMAND_DONE;
    status = explain(asking, out);
    ask_answer_deinit(out);
    return status;
}

enum command_status asking_get(const struct asking *asking, const char *target,
                               struct ask_answer *out)
{
    return put_question(asking, "GET", target, NULL, out);
}

enum command_status asking_tell(const struct asking *asking, const char *method, const char *target,
                                const char *json)
{
    struct ask_answer answer;
    const enum command_status status = put_question(asking, method, target, json, &answer);

    if (status == COMMAND_DONE)
        ask_answer_deinit(&answer);
    return status;
}

enum command_status asking_wrong(const struct asking *asking, const char *what,
                                 const struct ask_answer *answer)
{
    return command_failed(
        asking->command, "expected %s from the daemon, found '%.*s'", what,
        (int)(strcspn(answer->body, "\r\n") < 60 ? strcspn(answer->body, "\r\n") : 60),
        answer->body);
}

void asking_print(struct ask_answer *answer)
{
    answer->body[strcspn(answer->body, "\r\n")] = '\0';
    printf("%s\n", answer->body);
}

enum command_status asking_finish(const struct asking *asking)
{
    if (fflush(stdout) != 0 || ferror(stdout))
        return command_failed(asking->command, "expected to write to standard output, found: %s",
                              strerror(errno));
    return COMMAND_DONE;
}

enum command_status asking_show(const struct asking *asking, const char *target,
                                enum asking_format format, bool (*print)(const json_t *answer),
                                const char *what)
{
    struct ask_answer answer;
    enum command_status status = asking_get(asking, target, &answer);
    json_t *object;

    if (status != COMMAND_DONE)
        return status;
    object = json_loadb(answer.body, answer.length, 0, NULL);
    if (object == NULL)
        status = asking_wrong(asking, "JSON", &answer);
    else if (format == ASKING_JSON)
        asking_print(&answer);
    else if (!print(object))
        status = asking_wrong(asking, what, &answer);
    json_decref(object);
    ask_answer_deinit(&answer);
    return status == COMMAND_DONE ? asking_finish(asking) : status;
}
