/*
 * The settings of a file and the tales that they name, as one; see configuration.h.
 */
#include "cli/configuration.h"

#include "base/units.h"
#include "cli/command.h"
#include "cli/networks_file.h"
#include "cli/stacks.h"
#include "tale/compile.h"
#include "tale/own.h"
#include "tale/targets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 1 << 20 };

static int unreadable(const char *file, const char *what, int error)
{
    if (error == -EFBIG)
        fprintf(stderr, "%s: error: expected at most %d octets, found more\n", file, FILE_MAX);
    else
        fprintf(stderr, "%s: error: expected %s to read: %s\n", file, what, strerror(-error));
    return error;
}

static int load_settings(const char *file, bool must_exist, struct settings **out)
{
    struct report report;
    char *text = NULL;
    size_t length = 0;
    int error = command_load(file, FILE_MAX, &text, &length);

    if (error != 0 && (error != -ENOENT || must_exist))
        return unreadable(file, "settings", error);
    report_init(&report, file);
    error = settings_parse(text != NULL ? text : "", length, &report, out);
    command_print_report(&report);
    free(text);
    return error;
}

/* `file` as the settings in `beside` mean it: from their folder on, if it does not begin with /. */
static char *path_beside(const char *beside, const char *file)
{
    const char *slash = strrchr(beside, '/');
    char *path;

    if (file[0] == '/' || slash == NULL)
        return strdup(file);
    return asprintf(&path, "%.*s%s", (int)(slash - beside + 1), beside, file) < 0 ? NULL : path;
}

/* Nobody may answer from what is not theirs (RFC 2827). */
static void check_own(const struct tale *tale, const struct prefix_list *own, struct report *report)
{
    struct address address;
    uint32_t line;

    if (tale_outside(tale, own->item, own->count, &line, &address)) {
        char text[ADDRESS_TEXT_MAX];

        report_error(report, line, 1,
                     "expected an address in a prefix of 'own'%s, found %s, which is in none",
                     own->count == 0 ? " (which is empty)" : "", units_address(&address, text));
    }
}

static int load_tale(const char *path, const struct prefix_list *own, struct tale **out)
{
    struct report report;
    struct tale *tale;
    char *text = NULL;
    size_t length;
    int error = command_load(path, FILE_MAX, &text, &length);

    if (error != 0)
        return unreadable(path, "a tale", error);
    report_init(&report, path);
    tale = tale_compile(text, length, path, &report);
    if (tale != NULL)
        check_own(tale, own, &report);
    command_print_report(&report);
    free(text);
    if (report.errors > 0) {
        tale_free(tale);
        return -EINVAL;
    }
    *out = tale;
    return 0;
}

static bool same_prefix(const struct prefix *a, const struct prefix *b)
{
    return a->length == b->length && address_equal(&a->address, &b->address);
}

/* The first target that the two have in common; NULL for none. */
static const struct prefix *shared_target(const struct tale *a, const struct tale *b)
{
    for (unsigned i = 0; i < a->target_count; i++)
        for (unsigned j = 0; j < b->target_count; j++)
            if (same_prefix(&a->target[i], &b->target[j]))
                return &a->target[i];
    return NULL;
}

static void warn_of_shared_targets(const char *file, const struct configuration *configuration)
{
    const struct tales *tales = &configuration->tales;
    const struct text_list *names = &configuration->settings->tales;
    char text[PREFIX_TEXT_MAX];

    for (size_t i = 0; i < tales->count; i++)
        for (size_t j = 0; j < i; j++) {
            const struct prefix *shared = shared_target(tales->tale[i], tales->tale[j]);

            if (shared != NULL)
                fprintf(stderr,
                        "%s: warning: %s and %s have the same target %s; the first one tells it\n",
                        file, names->item[j], names->item[i], units_prefix(shared, text));
        }
}

/* Every tale is tried, so that all errors are told. The worst of them is returned. */
static int load_tales(const char *file, struct configuration *configuration)
{
    const struct text_list *names = &configuration->settings->tales;
    struct tale **tales = calloc(names->count + 1, sizeof tales[0]);
    int worst = 0;

    if (tales == NULL)
        return unreadable(file, "settings", -ENOMEM);
    configuration->tales = (struct tales){.count = names->count, .tale = tales};
    for (size_t i = 0; i < names->count; i++) {
        char *path = path_beside(file, names->item[i]);
        const int error = path == NULL ? unreadable(names->item[i], "a tale", -ENOMEM)
                                       : load_tale(path, &configuration->settings->own, &tales[i]);

        if (error != 0 && (worst == 0 || worst == -EINVAL))
            worst = error;
        free(path);
    }
    return worst;
}

static int load_networks(const char *file, struct configuration *configuration)
{
    const char *name = configuration->settings->watch_networks_file;
    char *path;
    int error;

    if (name[0] == '\0')
        return 0;
    path = path_beside(file, name);
    if (path == NULL)
        return unreadable(name, "networks", -ENOMEM);
    error = networks_file_load(path, &configuration->networks);
    free(path);
    return error;
}

/* The first of two errors, when there is any. */
static int worse(int first, int second)
{
    return first != 0 ? first : second;
}

static int load_stacks(const char *file, struct configuration *configuration)
{
    const struct settings *settings = configuration->settings;
    const char *const names[] = {settings->watch_stacks, settings->watch_p0f};
    char *path[2] = {NULL, NULL};
    int error = 0;

    for (int i = 0; i < 2; i++) {
        path[i] = names[i][0] != '\0' ? path_beside(file, names[i]) : strdup("");
        if (path[i] == NULL)
            error = unreadable(names[i], "stacks", -ENOMEM);
    }
    if (error == 0)
        error = stacks_load(path[0], path[1], &configuration->stacks);
    free(path[0]);
    free(path[1]);
    return error;
}

static int index_targets(const char *file, struct configuration *configuration)
{
    struct targets *targets;

    if (targets_new(&configuration->tales, &targets) != 0)
        return unreadable(file, "settings", -ENOMEM);
    configuration->tales.targets = targets;
    return 0;
}

int configuration_load(const char *file, bool must_exist, struct configuration **out)
{
    struct configuration *configuration = calloc(1, sizeof *configuration);
    int error;

    if (configuration == NULL)
        return unreadable(file, "settings", -ENOMEM);
    error = load_settings(file, must_exist, &configuration->settings);
    if (error == 0)
        error = worse(worse(load_tales(file, configuration), load_networks(file, configuration)),
                      load_stacks(file, configuration));
    if (error == 0)
        error = index_targets(file, configuration);
    if (error != 0) {
        configuration_free(configuration);
        return error;
    }
    warn_of_shared_targets(file, configuration);
    *out = configuration;
    return 0;
}

void configuration_free(struct configuration *configuration)
{
    if (configuration == NULL)
        return;
    for (size_t i = 0; i < configuration->tales.count; i++)
        tale_free(configuration->tales.tale[i]);
    free((void *)configuration->tales.tale);
    named_networks_free(configuration->networks);
    targets_free((struct targets *)configuration->tales.targets);
    settings_free(configuration->settings);
    free(configuration->stacks);
    free(configuration);
}
