/*
 * hoptell export: what the store knows of networks, for another site.
 */
#include "base/clock.h"
#include "cli/options.h"
#include "cli/stored.h"
#include "store/exchange.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct question {
    bool subscribers;
    const char *file;
};

static const struct option_row rows[] = {
    {"subscribers", 's', NULL, "the baselines of subscribers, too", .take = option_flag,
     .member = offsetof(struct question, subscribers)},
    {"config", 'c', "FILE", "where it says which store", .take = option_text,
     .member = offsetof(struct question, file)},
};

const struct options export_options = {
    .command = "export",
    .operands = "",
    .purpose =
        "Prints the baselines that the store has, of this site and of those it imported from,\n"
        "for hoptell import at another site. A running daemon stores what it learns once a\n"
        "minute.",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};

struct exporting {
    bool subscribers;
    char site[SITE_TEXT_MAX]; /* whose baselines are being written; "": nobody's */
    size_t count;
    uint64_t broken;
};

static void end_site(struct exporting *e)
{
    char text[EXCHANGE_LINE_MAX];
    const size_t length = exchange_end_line(e->count, text);

    if (e->site[0] != '\0')
        fwrite(text, 1, length, stdout);
    e->site[0] = '\0';
}

static void begin_site(struct exporting *e, const char *site, uint64_t as_of_us)
{
    char text[EXCHANGE_LINE_MAX];
    const size_t length = exchange_site_line(site, as_of_us, text);

    end_site(e);
    snprintf(e->site, sizeof e->site, "%s", site);
    e->count = 0;
    fwrite(text, 1, length, stdout);
}

static void write_baseline(const struct baseline *baseline, void *context)
{
    struct exporting *e = context;
    char text[EXCHANGE_LINE_MAX];
    size_t length;

    if (baseline->subscriber && !e->subscribers)
        return;
    length = exchange_baseline_line(baseline, text);
    if (length == 0)
        e->broken++;
    else
        e->count++;
    fwrite(text, 1, length, stdout);
}

static void write_imported(const struct imported *imported, void *context)
{
    struct exporting *e = context;

    if (strcmp(e->site, imported->site) != 0)
        begin_site(e, imported->site, imported->as_of_us);
    write_baseline(&imported->baseline, e);
}

static enum command_status export_store(struct exporting *e, struct store *store)
{
    char text[EXCHANGE_LINE_MAX];
    char own[SITE_TEXT_MAX];
    const size_t length = exchange_head(text);
    uint64_t broken[2] = {0, 0};
    int code = store_site(store, own);

    fwrite(text, 1, length, stdout);
    if (code == 0) {
        begin_site(e, own, clock_real_ns() / 1000);
        code = store_each_baseline(store, write_baseline, e, &broken[0]);
    }
    if (code == 0)
        code = store_each_imported(store, write_imported, e, &broken[1]);
    if (code != 0)
        return command_failed("export", "cannot read the store: %s", store_error(store));
    end_site(e);
    if (fflush(stdout) != 0 || ferror(stdout))
        return command_failed("export", "expected to write to standard output, found: %s",
                              strerror(errno));
    e->broken += broken[0] + broken[1];
    if (e->broken > 0)
        fprintf(stderr, "hoptell export: %" PRIu64 " baselines in the store are broken: left out\n",
                e->broken);
    return COMMAND_DONE;
}

enum command_status command_export(int argc, char **argv)
{
    struct question q = {.file = NULL};
    struct exporting e = {.count = 0};
    struct store *store = NULL;
    enum command_status status;
    bool hides;

    if (!options_take(&export_options, argc, argv, &q, &status))
        return status;
    if (optind < argc)
        return command_usage("export", "expected options alone, found '%s'", argv[optind]);
    e.subscribers = q.subscribers;
    status = stored_open("export", q.file, &hides, &store);
    if (status == COMMAND_DONE && hides && q.subscribers)
        status =
            command_failed("export", "expected store_addresses: plain for --subscribers, found "
                                     "hashed, which says nothing at another site");
    if (status == COMMAND_DONE)
        status = export_store(&e, store);
    store_close(store);
    return status;
}
