/*
 * hoptell check: is this configuration good, and what does it amount to.
 */
#include "base/units.h"
#include "cli/command.h"
#include "cli/configuration.h"
#include "cli/machine.h"
#include "cli/options.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct question {
    const char *file; /* NULL: the usual one, which need not exist */
    bool print;
    bool machine;
    int format; /* 0: text */
};

static const struct option_row rows[] = {
    {"config", 'c', "FILE", "instead of " SETTINGS_FILE_DEFAULT, .take = option_text,
     .member = offsetof(struct question, file)},
    {"print", 0, NULL, "print every setting as YAML, with what it means", .take = option_flag,
     .member = offsetof(struct question, print)},
    {"machine", 0, NULL, "tell too what this machine can do, and what would be used",
     .take = option_flag, .member = offsetof(struct question, machine)},
    {"format", 'f', "text|json", "how the summary is printed (text)", .take = option_choice,
     .member = offsetof(struct question, format)},
};

const struct options check_options = {
    .command = "check",
    .operands = "",
    .purpose = "Reads the settings and every tale that they name, and tells what they amount to.\n"
               "The status is 0 when they are good, 1 when they are not.",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};

static bool take_question(int argc, char **argv, struct question *out,
                          enum command_status *out_status)
{
    if (!options_take(&check_options, argc, argv, out, out_status))
        return false;
    if (optind < argc)
        *out_status = command_usage("check", "expected options alone, found '%s'", argv[optind]);
    else if (out->print && out->format > 0)
        *out_status = command_usage("check", "expected --print or --format json, found both");
    return *out_status == COMMAND_DONE;
}

/* What it amounts to, once: as JSON, from which the text is written */

static json_t *texts_json(const struct text_list *list)
{
    json_t *array = json_array();

    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(array, json_string(list->item[i]));
    return array;
}

static json_t *prefixes_json(const struct prefix *prefix, size_t count)
{
    json_t *array = json_array();
    char text[PREFIX_TEXT_MAX];

    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, json_string(prefix[i].length == 128
                                                     ? units_address(&prefix[i].address, text)
                                                     : units_prefix(&prefix[i], text)));
    return array;
}

static json_t *tales_json(const struct configuration *configuration)
{
    json_t *array = json_array();

    for (size_t i = 0; i < configuration->tales.count; i++) {
        const struct tale *tale = configuration->tales.tale[i];

        json_array_append_new(array, json_pack("{s:s, s:s, s:i, s:o}", "name", tale->name, "file",
                                               configuration->settings->tales.item[i], "hops",
                                               (int)tale_longest(tale), "targets",
                                               prefixes_json(tale->target, tale->target_count)));
    }
    return array;
}

static json_t *summary(const struct configuration *configuration)
{
    const struct settings *s = configuration->settings;
    char keep[UNITS_TEXT_MAX];

    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:s, s:s}", "interfaces",
                     texts_json(&s->watch_interfaces), "visitors", texts_json(&s->visitors_listen),
                     "operators", texts_json(&s->operators_listen), "names",
                     texts_json(&s->names_listen), "tales", tales_json(configuration), "own",
                     prefixes_json(s->own.item, s->own.count), "store", s->store, "keep",
                     units_duration(s->keep_us, keep), "user", s->user);
}

/* "a, b", or `none` for an empty list. */
static void print_texts(const json_t *array, const char *none)
{
    for (size_t i = 0; i < json_array_size(array); i++)
        printf("%s%s", i == 0 ? "" : ", ", json_string_value(json_array_get(array, i)));
    printf("%s\n", json_array_size(array) == 0 ? none : "");
}

static void print_tales(const json_t *tales)
{
    for (size_t i = 0; i < json_array_size(tales); i++) {
        const json_t *tale = json_array_get(tales, i);
        const json_int_t hops = json_integer_value(json_object_get(tale, "hops"));

        printf("%-13s%s, %lld hop%s, at ", i == 0 ? "tales" : "",
               json_string_value(json_object_get(tale, "file")), (long long)hops,
               hops == 1 ? "" : "s");
        print_texts(json_object_get(tale, "targets"), "no target");
    }
    if (json_array_size(tales) == 0)
        printf("%-13s%s\n", "tales", "none");
}

static void print_text(const json_t *summary)
{
    static const struct {
        const char *key;
        const char *label;
        const char *none;
    } lists[] = {
        {"interfaces", "watches", "no interface, its own pages only"},
        {"visitors", "visitors at", "no address"},
        {"operators", "operators at", "no address"},
        {"names", "names at", "no address"},
        {"own", "answers from", "no prefix"},
    };

    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        printf("%-13s", lists[i].label);
        print_texts(json_object_get(summary, lists[i].key), lists[i].none);
    }
    print_tales(json_object_get(summary, "tales"));
    printf("%-13s%s", "store", json_string_value(json_object_get(summary, "store")));
    if (strcmp(json_string_value(json_object_get(summary, "store")), "none") != 0)
        printf(", for %s", json_string_value(json_object_get(summary, "keep")));
    printf("\n%-13s%s\n", "runs as", json_string_value(json_object_get(summary, "user")));
}

static void put(const char *text, void *context)
{
    fputs(text, context);
}

static enum command_status print_summary(const struct configuration *configuration,
                                         const struct question *question)
{
    json_t *object = summary(configuration);
    json_t *machine = question->machine ? machine_json(configuration->settings) : NULL;

    if (machine != NULL)
        json_object_set_new(object, "machine", machine);
    if (object == NULL)
        return command_failed("check", "cannot print: %s", strerror(ENOMEM));
    if (question->format > 0) {
        json_dumpf(object, stdout, 0);
        printf("\n");
    } else {
        print_text(object);
        if (machine != NULL)
            machine_print(machine);
    }
    json_decref(object);
    return COMMAND_DONE;
}

enum command_status command_check(int argc, char **argv)
{
    struct question question = {0};
    struct configuration *configuration;
    enum command_status status;
    int error;

    if (!take_question(argc, argv, &question, &status))
        return status;
    error = configuration_load(question.file != NULL ? question.file : SETTINGS_FILE_DEFAULT,
                               question.file != NULL, &configuration);
    if (error != 0)
        return error == -EINVAL ? COMMAND_NO : COMMAND_FAILED;
    if (question.print)
        settings_print(configuration->settings, put, stdout);
    else
        status = print_summary(configuration, &question);
    configuration_free(configuration);
    return status;
}
