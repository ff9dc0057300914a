/*
 * hoptell import: what another site knows of networks, into the store.
 */
#include "cli/options.h"
#include "cli/stored.h"
#include "store/exchange.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FILE_OCTETS_MAX = 1 << 30 };

struct question {
    const char *file;
};

static const struct option_row rows[] = {
    {"config", 'c', "FILE", "where it says which store", .take = option_text,
     .member = offsetof(struct question, file)},
};

const struct options import_options = {
    .command = "import",
    .operands = "FILE",
    .purpose =
        "Takes the baselines of hoptell export at another site into the store; FILE may be '-'.\n"
        "What was known from a site is replaced, and what came from this one is passed over.\n"
        "A running daemon takes them over when it reloads its settings (SIGHUP).",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};

static enum command_status load(const char *path, struct exchange *out)
{
    struct report report;
    size_t length;
    char *text = command_slurp("import", path, FILE_OCTETS_MAX, &length);
    int rc;

    if (text == NULL)
        return COMMAND_FAILED;
    report_init(&report, path);
    rc = exchange_parse(text, length, (uint64_t)time(NULL), &report, out);
    command_print_report(&report);
    free(text);
    if (rc == -ENOMEM)
        return command_failed("import", "expected memory for %s, found too little", path);
    return rc == 0 ? COMMAND_DONE : COMMAND_FAILED;
}

/* What became of one site's. */
static void tell(const struct exchange_site *site, int code)
{
    const time_t seconds = (time_t)(site->as_of_us / 1000000u);
    struct tm parts;
    char day[32] = "";

    if (gmtime_r(&seconds, &parts) != NULL)
        strftime(day, sizeof day, "%FT%TZ", &parts);
    printf("site %s as of %s: ", site->id, day);
    if (code == -EPERM)
        printf("this one, passed over\n");
    else if (code == -EEXIST)
        printf("known already\n");
    else
        printf("%zu baselines taken\n", site->count);
}

/* No plain address comes into a store that hides them. */
static void leave_out_subscribers(struct exchange *exchange)
{
    for (size_t i = 0; i < exchange->count; i++) {
        struct exchange_site *site = &exchange->site[i];
        size_t kept = 0;

        for (size_t j = 0; j < site->count; j++)
            if (!site->baseline[j].subscriber)
                site->baseline[kept++] = site->baseline[j];
        site->count = kept;
    }
}

static enum command_status import_sites(struct store *store, const struct exchange *exchange)
{
    for (size_t i = 0; i < exchange->count; i++) {
        const struct exchange_site *site = &exchange->site[i];
        const int code = store_import(store, site->id, site->as_of_us, site->baseline, site->count);

        if (code != 0 && code != -EPERM && code != -EEXIST)
            return command_failed("import", "cannot write to the store: %s", store_error(store));
        tell(site, code);
    }
    return COMMAND_DONE;
}

enum command_status command_import(int argc, char **argv)
{
    struct question q = {.file = NULL};
    struct exchange *exchange = NULL;
    struct store *store = NULL;
    enum command_status status;
    bool hides;

    if (!options_take(&import_options, argc, argv, &q, &status))
        return status;
    if (argc - optind != 1)
        return command_usage("import", "expected one file ('-' is standard input), found %s",
                             argc == optind ? "none" : "more");
    exchange = calloc(1, sizeof *exchange);
    if (exchange == NULL)
        return command_failed("import", "expected memory, found too little");
    status = load(argv[optind], exchange);
    if (status == COMMAND_DONE)
        status = stored_open("import", q.file, &hides, &store);
    if (status == COMMAND_DONE && hides)
        leave_out_subscribers(exchange);
    if (status == COMMAND_DONE)
        status = import_sites(store, exchange);
    store_close(store);
    exchange_deinit(exchange);
    free(exchange);
    return status;
}
