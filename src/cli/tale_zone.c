/*
 * hoptell tale zone: the DNS zones of a tale as master files.
 */
#include "base/units.h"
#include "cli/output.h"
#include "cli/tale.h"
#include "names/records.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define COMMAND "tale zone"

enum { TTL_DEFAULT = 60, TTL_MOST = 604800 };

struct question {
    const char *directory; /* NULL: print */
    struct names_settings names;
};

static bool take_server(const struct option_row *row, const char *value, void *out)
{
    (void)row;
    *(const char **)out = value;
    return units_is_host_name(value);
}

static bool take_ttl(const struct option_row *row, const char *value, void *out)
{
    uint64_t us;

    (void)row;
    if (!units_parse_duration(value, &us) || us / 1000000 > TTL_MOST)
        return false;
    *(uint32_t *)out = (uint32_t)(us / 1000000);
    return true;
}

static const struct option_row rows[] = {
    {"directory", 'o', "DIR", "a file for each zone in DIR, named ZONE.zone", .take = option_text,
     .member = offsetof(struct question, directory)},
    {"server", 's', "NAME", "the name server (ns. and the tale's zone)", .take = take_server,
     .member = offsetof(struct question, names.server),
     .expected = "a host name without a last dot"},
    {"serial", 'n', "NUMBER", "of the SOA records (the time, in seconds)", .take = option_number,
     .member = offsetof(struct question, names.serial), .expected = "0 to 4294967295", .low = 0,
     .high = UINT32_MAX},
    {"ttl", 't', "DURATION", "of all records (60s)", .take = take_ttl,
     .member = offsetof(struct question, names.ttl),
     .expected = "a duration such as 60s, at most 7d,"},
};

const struct options tale_zone_options = {
    .command = COMMAND,
    .operands = "FILE",
    .purpose = "Prints the DNS zones of the tale in FILE, '-' for standard input, as master files: "
               "PTR for\n"
               "every hop, A and AAAA for the target's name, SOA and NS.",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};

static void put(const char *text, void *context)
{
    fputs(text, context);
}

static enum command_status print_zones(const struct names *names)
{
    for (size_t i = 0; i < names_zone_count(names); i++)
        names_write_zone(names, i, put, stdout);
    if (fflush(stdout) != 0)
        return command_failed(COMMAND, "cannot write the zones: %s", strerror(errno));
    return COMMAND_DONE;
}

static int write_zone(const struct names *names, size_t index, const char *directory,
                      struct output *out)
{
    char *path;
    int rc;

    if (asprintf(&path, "%s/%s.zone", directory, names_zone(names, index)) < 0)
        return -ENOMEM;
    rc = output_open(path, out);
    free(path);
    if (rc == 0)
        names_write_zone(names, index, put, out->to);
    return rc;
}

/* First all files are written, then all are put in their places. */
static enum command_status write_zones(const struct names *names, const char *directory)
{
    const size_t count = names_zone_count(names);
    struct output *outputs = calloc(count + 1, sizeof *outputs);
    int rc = outputs != NULL ? 0 : -ENOMEM;

    for (size_t i = 0; i < count && rc == 0; i++)
        rc = write_zone(names, i, directory, &outputs[i]);
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = output_finish(&outputs[i]);
    for (size_t i = 0; i < count && outputs != NULL; i++)
        output_deinit(&outputs[i]);
    free(outputs);
    if (rc != 0)
        return command_failed(COMMAND, "cannot write the zones to %s: %s", directory,
                              strerror(-rc));
    return COMMAND_DONE;
}

static enum command_status zone(const char *path, const struct question *question)
{
    struct tale *tale = NULL;
    struct names *names;
    enum command_status status = tale_load(COMMAND, path, &tale);
    const struct tales tales = {.count = 1, .tale = &tale};

    if (status != COMMAND_DONE)
        return status;
    if (names_new(&tales, &question->names, &names) != 0) {
        tale_free(tale);
        return command_failed(COMMAND, "not enough memory for the zones");
    }
    status =
        question->directory != NULL ? write_zones(names, question->directory) : print_zones(names);
    names_free(names);
    tale_free(tale);
    return status;
}

enum command_status tale_zone(int argc, char **argv)
{
    struct question question = {
        .names = {.ttl = TTL_DEFAULT, .serial = (uint32_t)time(NULL)},
    };
    enum command_status status;

    if (!options_take(&tale_zone_options, argc, argv, &question, &status))
        return status;
    if (argc - optind != 1)
        return command_usage(COMMAND, "expected one file, found %d", argc - optind);
    return zone(argv[optind], &question);
}
