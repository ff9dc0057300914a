/*
 * hoptell tale zone: the DNS zones of a tale as master files.
 */
#include "base/units.h"
#include "cli/output.h"
#include "cli/tale.h"
#include "names/records.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COMMAND "tale zone"

enum { TTL_DEFAULT = 60, TTL_MOST = 604800 };

static const char usage[] =
    "Usage: hoptell tale zone [-o DIR] [--server NAME] [--serial N] [--ttl DURATION] FILE\n\n"
    "Prints the DNS zones of the tale in FILE, '-' for standard input, as master files: PTR for\n"
    "every hop, A and AAAA for the target's name, SOA and NS.\n\n"
    "  -o DIR            a file for each zone in DIR, named ZONE.zone\n"
    "  --server NAME     the name server (ns. and the tale's zone)\n"
    "  --serial N        of the SOA records (the time, in seconds)\n"
    "  --ttl DURATION    of all records (60s)\n";

struct options {
    const char *directory; /* NULL: print */
    struct names_settings names;
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

static enum command_status zone(const char *path, const struct options *options)
{
    struct tale *tale = NULL;
    struct names *names;
    enum command_status status = tale_load(COMMAND, path, &tale);
    const struct tales tales = {.count = 1, .tale = &tale};

    if (status != COMMAND_DONE)
        return status;
    if (names_new(&tales, &options->names, &names) != 0) {
        tale_free(tale);
        return command_failed(COMMAND, "not enough memory for the zones");
    }
    status =
        options->directory != NULL ? write_zones(names, options->directory) : print_zones(names);
    names_free(names);
    tale_free(tale);
    return status;
}

static enum command_status read_ttl(const char *word, uint32_t *out)
{
    uint64_t us;

    if (!units_parse_duration(word, &us) || us / 1000000 > TTL_MOST)
        return command_usage(COMMAND, "expected a duration such as 60s, at most 7d, found '%s'",
                             word);
    *out = (uint32_t)(us / 1000000);
    return COMMAND_DONE;
}

static enum command_status read_serial(const char *word, uint32_t *out)
{
    uint64_t serial;

    if (!units_parse_count(word, &serial) || serial > UINT32_MAX)
        return command_usage(COMMAND, "expected a serial from 0 to 4294967295, found '%s'", word);
    *out = (uint32_t)serial;
    return COMMAND_DONE;
}

static enum command_status read_option(int option, char *const argv[], struct options *out)
{
    switch (option) {
    case 'o':
        out->directory = optarg;
        return COMMAND_DONE;
    case 's':
        out->names.server = optarg;
        if (units_is_host_name(optarg))
            return COMMAND_DONE;
        return command_usage(COMMAND, "expected a host name without a last dot, found '%s'",
                             optarg);
    case 'n':
        return read_serial(optarg, &out->names.serial);
    case 't':
        return read_ttl(optarg, &out->names.ttl);
    default:
        return tale_bad_option(COMMAND, option, argv);
    }
}

enum command_status tale_zone(int argc, char **argv)
{
    static const struct option names[] = {
        {"server", required_argument, NULL, 's'},
        {"serial", required_argument, NULL, 'n'},
        {"ttl", required_argument, NULL, 't'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct options options = {.names = {.ttl = TTL_DEFAULT, .serial = (uint32_t)time(NULL)}};
    int option;

    while ((option = getopt_long(argc, argv, ":o:h", names, NULL)) != -1) {
        enum command_status status;

        if (option == 'h') {
            fputs(usage, stdout);
            return COMMAND_DONE;
        }
        status = read_option(option, argv, &options);
        if (status != COMMAND_DONE)
            return status;
    }
    if (argc - optind != 1)
        return command_usage(COMMAND, "expected one file, found %d", argc - optind);
    return zone(argv[optind], &options);
}
