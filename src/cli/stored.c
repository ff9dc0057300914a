/*
 * The store of the settings; see stored.h.
 */
#include "cli/stored.h"

#include "cli/configuration.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SETTINGS_MAX = 1 << 20 };

static enum command_status load_settings(const char *command, const char *file,
                                         struct settings **out)
{
    const char *named = file != NULL ? file : SETTINGS_FILE_DEFAULT;
    const bool empty = file == NULL && access(named, F_OK) != 0;
    struct report report;
    size_t length = 0;
    char *text = empty ? strdup("") : command_slurp(command, named, SETTINGS_MAX, &length);
    int error;

    if (text == NULL)
        return COMMAND_FAILED;
    report_init(&report, named);
    error = settings_parse(text, length, &report, out);
    command_print_report(&report);
    free(text);
    return error == 0 ? COMMAND_DONE : COMMAND_FAILED;
}

static enum command_status open_store(const char *command, const struct settings *settings,
                                      struct store **out)
{
    static const char sqlite[] = "sqlite:";
    const char *path = settings->store + strlen(sqlite);
    const struct store_place place = {.url = settings->store,
                                      .password_file = settings->store_password_file};
    char error[512];
    int code;

    if (strcmp(settings->store, "none") == 0)
        return command_failed(command, "expected a store in the settings, found none");
    if (strncmp(settings->store, sqlite, strlen(sqlite)) == 0 && access(path, F_OK) != 0)
        return command_failed(command, "expected the store of a hoptell that has run, found %s: %s",
                              path, strerror(errno));
    code = store_open(&place, out, error, sizeof error);
    if (code == 0)
        return COMMAND_DONE;
    if (code == -EHOSTDOWN)
        store_close(*out);
    *out = NULL;
    return command_failed(command, "%s", error);
}

enum command_status stored_open(const char *command, const char *file, bool *out_hides,
                                struct store **out)
{
    struct settings *settings = NULL;
    enum command_status status = load_settings(command, file, &settings);

    if (status == COMMAND_DONE)
        status = open_store(command, settings, out);
    *out_hides = status == COMMAND_DONE && settings->store_addresses == ADDRESSES_HASHED;
    settings_free(settings);
    return status;
}
