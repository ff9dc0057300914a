/*
 * The embedded store: one SQLite file in write-ahead mode, so that others can read while hoptell
 * writes. Times are microseconds since 1970-01-01 UTC, addresses and prefixes are text, so that a
 * page in any language can ask for an address and a port.
 */
#include "base/units.h"
#include "serve/json.h"
#include "store/sqlite_tables.h"
#include "watch/subscriber.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BUSY_TIMEOUT_MS = 5000, /* for whoever else has the file open */
    FORGET_STEP = 5000,     /* rows deleted at once, so that readers are not kept waiting */
    FILE_MODE = 0640,       /* it holds addresses of people */
};

struct sqlite_store {
    struct store base;
    sqlite3 *db;
    sqlite3_stmt *statement[STATEMENT_COUNT];
};

static struct sqlite_store *sqlite_of(struct store *store)
{
    return (struct sqlite_store *)store;
}

/* Keeps SQLite's words; returns -EIO. */
static int fail(struct sqlite_store *s)
{
    snprintf(s->base.error, sizeof s->base.error, "%s: %s", sqlite3_db_filename(s->db, "main"),
             sqlite3_errmsg(s->db));
    return -EIO;
}

static int run_sql(struct sqlite_store *s, const char *sql)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : fail(s);
}

/* Runs a statement that gives no rows, and makes it ready for the next time. */
static int run_statement(struct sqlite_store *s, enum statement which)
{
    sqlite3_stmt *statement = s->statement[which];
    const int result = sqlite3_step(statement) == SQLITE_DONE ? 0 : fail(s);

    sqlite3_reset(statement);
    return result;
}

/* Ends a statement that gave rows, `step` being what its last step said: a row, or that it is done. */
static int end_rows(struct sqlite_store *s, sqlite3_stmt *statement, int step)
{
    const int result = step == SQLITE_ROW || step == SQLITE_DONE ? 0 : fail(s);

    sqlite3_reset(statement);
    return result;
}

static void sqlite_close_store(struct store *store)
{
    struct sqlite_store *s = sqlite_of(store);

    for (size_t i = 0; i < STATEMENT_COUNT; i++)
        sqlite3_finalize(s->statement[i]);
    sqlite3_close(s->db);
    free(s);
}

static int sqlite_begin(struct store *store)
{
    return run_sql(sqlite_of(store), "BEGIN IMMEDIATE");
}

static int sqlite_commit(struct store *store)
{
    return run_sql(sqlite_of(store), "COMMIT");
}

static void sqlite_rollback(struct store *store)
{
    struct sqlite_store *s = sqlite_of(store);

    if (sqlite3_get_autocommit(s->db) == 0)
        (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

/* One number, 0 where there is none. */
static int query_number(struct sqlite_store *s, const char *sql, sqlite3_int64 *out)
{
    sqlite3_stmt *statement = NULL;
    int step = SQLITE_ERROR;

    *out = 0;
    if (sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL) == SQLITE_OK) {
        step = sqlite3_step(statement);
        if (step == SQLITE_ROW)
            *out = sqlite3_column_int64(statement, 0);
    }
    if (step != SQLITE_ROW && step != SQLITE_DONE) {
        (void)fail(s);
        sqlite3_finalize(statement);
        return -EIO;
    }
    sqlite3_finalize(statement);
    return 0;
}

static int too_new(struct sqlite_store *s, sqlite3_int64 version)
{
    snprintf(s->base.error, sizeof s->base.error,
             "%s: expected tables of version %d or older, found version %lld, which a newer "
             "hoptell has made",
             sqlite3_db_filename(s->db, "main"), STORE_VERSION_NEWEST, (long long)version);
    return -ENOTSUP;
}

/*
 * All missing migrations in one transaction, which is entered before the version is asked for, so
 * that of two programs that start at once one does it.
 */
static int migrate(struct sqlite_store *s)
{
    sqlite3_int64 version = 0;
    int result = sqlite_begin(&s->base);

    if (result == 0)
        result = run_sql(s, "CREATE TABLE IF NOT EXISTS schema_version ("
                            "version INTEGER PRIMARY KEY, migrated_at INTEGER NOT NULL)");
    if (result == 0)
        result = query_number(s, "SELECT max(version) FROM schema_version", &version);
    if (result == 0 && version > STORE_VERSION_NEWEST)
        result = too_new(s, version);
    for (sqlite3_int64 i = version; result == 0 && i < STORE_VERSION_NEWEST; i++) {
        char note[128];

        snprintf(note, sizeof note,
                 "INSERT INTO schema_version VALUES (%lld, strftime('%%s', 'now') * 1000000)",
                 (long long)i + 1);
        result = run_sql(s, sqlite_migrations[i]);
        if (result == 0)
            result = run_sql(s, note);
    }
    if (result == 0)
        result = sqlite_commit(&s->base);
    sqlite_rollback(&s->base);
    return result;
}

/*
 * Says in the system's words why the file cannot be had, which SQLite would not, and makes a new
 * one with its own mode. An existing file is not opened here: closing it again would drop the
 * locks of other connections of this process.
 */
static int check_file(const char *path, char *error, size_t error_size)
{
    const int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    struct stat status;
    int result = 0;

    if (fd >= 0) {
        close(fd);
        return 0;
    }
    if (errno != EEXIST)
        result = -errno;
    else if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        result = -EISDIR;
    else if (faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) != 0)
        result = -errno;
    if (result != 0)
        snprintf(error, error_size, "sqlite:%s: expected a file to read and write, found: %s", path,
                 strerror(-result));
    return result;
}

static int prepare(struct sqlite_store *s)
{
    for (size_t i = 0; i < STATEMENT_COUNT; i++)
        if (sqlite3_prepare_v3(s->db, sqlite_statements[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &s->statement[i], NULL) != SQLITE_OK)
            return fail(s);
    return 0;
}

/* NORMAL loses at most the newest batches when the machine itself goes down, and breaks nothing. */
static int set_up(struct sqlite_store *s)
{
    int result;

    sqlite3_busy_timeout(s->db, BUSY_TIMEOUT_MS);
    result = run_sql(s, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
    if (result == 0)
        result = migrate(s);
    if (result == 0)
        result = prepare(s);
    return result;
}

static int sqlite_open_store(const struct store_place *place, struct store **out, char *error,
                             size_t error_size)
{
    const char *path = place->url + strlen("sqlite:");
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    struct sqlite_store *s;
    int result = check_file(path, error, error_size);

    if (result != 0)
        return result;
    s = calloc(1, sizeof *s);
    if (s == NULL || sqlite3_open_v2(path, &s->db, flags, NULL) != SQLITE_OK) {
        snprintf(error, error_size, "sqlite:%s: expected to open it, found: %s", path,
                 s != NULL ? sqlite3_errmsg(s->db) : strerror(ENOMEM));
        result = -EIO;
        goto out;
    }
    s->base.backend = &store_sqlite;
    result = set_up(s);
    if (result == -ENOTSUP)
        snprintf(error, error_size, "sqlite:%s", s->base.error);
    else if (result != 0)
        snprintf(error, error_size, "sqlite:%s: expected a database of hoptell's, found: %s", path,
                 sqlite3_errmsg(s->db));
out:
    if (result == 0)
        *out = &s->base;
    else if (s != NULL)
        sqlite_close_store(&s->base);
    return result;
}

static void bind_text(sqlite3_stmt *statement, int index, const char *text)
{
    sqlite3_bind_text(statement, index, text, -1, SQLITE_TRANSIENT);
}

static void bind_address(sqlite3_stmt *statement, int index, const struct address *address)
{
    char text[ADDRESS_TEXT_MAX];

    bind_text(statement, index, units_address(address, text));
}

static void bind_prefix(sqlite3_stmt *statement, int index, const struct prefix *prefix)
{
    char text[PREFIX_TEXT_MAX];

    bind_text(statement, index, units_prefix(prefix, text));
}

static void bind_time(sqlite3_stmt *statement, int index, uint64_t time_ns)
{
    sqlite3_bind_int64(statement, index, (sqlite3_int64)(time_ns / 1000));
}

static void bind_network(sqlite3_stmt *statement, int first, const struct network_view *network)
{
    if (!network->known) {
        for (int i = 0; i < 4; i++)
            sqlite3_bind_null(statement, first + i);
        return;
    }
    bind_prefix(statement, first, &network->prefix);
    sqlite3_bind_int(statement, first + 1, network->hop_limit);
    sqlite3_bind_double(statement, first + 2, network->share);
    sqlite3_bind_int64(statement, first + 3, (sqlite3_int64)network->seen);
}

static void bind_line(sqlite3_stmt *statement, int index, uint64_t line)
{
    const struct prefix subscriber = subscriber_prefix(line);

    if (line == 0)
        sqlite3_bind_null(statement, index);
    else
        bind_prefix(statement, index, &subscriber);
}

static int sqlite_put_judgement(struct store *store, const struct judgement *judgement)
{
    struct sqlite_store *s = sqlite_of(store);
    sqlite3_stmt *statement = s->statement[STATEMENT_PUT_OBSERVATION];
    const struct observation *observation = &judgement->observation;
    char evidence[JSON_LINE_MAX];

    json_evidence_line(judgement, evidence, sizeof evidence);
    bind_address(statement, 1, &observation->client);
    sqlite3_bind_int(statement, 2, observation->client_port);
    bind_time(statement, 3, observation->time_ns);
    bind_address(statement, 4, &observation->server);
    sqlite3_bind_int(statement, 5, observation->server_port);
    sqlite3_bind_int(statement, 6, observation->hop_limit);
    sqlite3_bind_int(statement, 7, judgement->initial);
    sqlite3_bind_int(statement, 8, judgement->hops);
    bind_text(statement, 9, stack_family_name(judgement->stack.family));
    sqlite3_bind_double(statement, 10, stack_probability(&judgement->stack));
    bind_network(statement, 11, &judgement->network);
    bind_text(statement, 15, verdict_name(judgement->verdict));
    sqlite3_bind_double(statement, 16, judgement->probability);
    bind_text(statement, 17, evidence);
    sqlite3_bind_int(statement, 18, judgement->rewritten ? 1 : 0);
    bind_line(statement, 19, observation->line);
    return run_statement(s, STATEMENT_PUT_OBSERVATION);
}

static int sqlite_put_baseline(struct store *store, const struct baseline *baseline)
{
    struct sqlite_store *s = sqlite_of(store);
    sqlite3_stmt *statement = s->statement[STATEMENT_PUT_BASELINE];

    bind_prefix(statement, 1, &baseline->prefix);
    sqlite3_bind_int(statement, 2, baseline->subscriber ? 1 : 0);
    bind_time(statement, 3, baseline->updated_ns);
    sqlite3_bind_blob(statement, 4, baseline->octets, baseline->length, SQLITE_TRANSIENT);
    sqlite3_bind_int64(statement, 5, (sqlite3_int64)baseline_seen(baseline));
    return run_statement(s, STATEMENT_PUT_BASELINE);
}

static int sqlite_put_label(struct store *store, const struct label *label)
{
    struct sqlite_store *s = sqlite_of(store);
    sqlite3_stmt *statement = s->statement[STATEMENT_PUT_LABEL];

    bind_address(statement, 1, &label->address);
    sqlite3_bind_int(statement, 2, label->port);
    bind_text(statement, 3, verdict_name(label->verdict));
    bind_time(statement, 4, label->labelled_ns);
    return run_statement(s, STATEMENT_PUT_LABEL);
}

/* False for a row that no put would have written. */
static bool baseline_from_row(sqlite3_stmt *row, struct baseline *out)
{
    const char *prefix = (const char *)sqlite3_column_text(row, 0);
    const sqlite3_int64 updated_at = sqlite3_column_int64(row, 2);
    const void *octets = sqlite3_column_blob(row, 3);
    const int length = sqlite3_column_bytes(row, 3);

    *out = (struct baseline){.subscriber = sqlite3_column_int(row, 1) != 0};
    if (prefix == NULL || !units_parse_prefix(prefix, &out->prefix) || updated_at < 0 ||
        updated_at > INT64_MAX / 1000 || length < 0 || length > BASELINE_OCTETS_MAX)
        return false;
    out->updated_ns = (uint64_t)updated_at * 1000;
    out->length = (uint16_t)length;
    if (length > 0)
        memcpy(out->octets, octets, (size_t)length);
    return true;
}

static int sqlite_each_baseline(struct store *store,
                                void (*each)(const struct baseline *baseline, void *context),
                                void *context, uint64_t *out_broken)
{
    struct sqlite_store *s = sqlite_of(store);
    sqlite3_stmt *row = s->statement[STATEMENT_EACH_BASELINE];
    struct baseline baseline;
    int step;

    *out_broken = 0;
    while ((step = sqlite3_step(row)) == SQLITE_ROW) {
        if (baseline_from_row(row, &baseline))
            each(&baseline, context);
        else
            ++*out_broken;
    }
    return end_rows(s, row, step);
}

static int sqlite_forget_some(struct store *store, uint64_t time_us, uint64_t *out_count)
{
    struct sqlite_store *s = sqlite_of(store);
    sqlite3_stmt *statement = s->statement[STATEMENT_FORGET_OBSERVATIONS];
    int result;

    sqlite3_bind_int64(statement, 1, (sqlite3_int64)time_us);
    sqlite3_bind_int(statement, 2, FORGET_STEP);
    result = run_statement(s, STATEMENT_FORGET_OBSERVATIONS);
    *out_count = (uint64_t)sqlite3_changes(s->db);
    return result;
}

static int sqlite_seen_behind(struct store *store, uint64_t count, uint64_t *out_time_us)
{
    struct sqlite_store *s = sqlite_of(store);
    sqlite3_stmt *row = s->statement[STATEMENT_SEEN_BEHIND];
    int step;

    *out_time_us = 0;
    sqlite3_bind_int64(row, 1, (sqlite3_int64)count);
    step = sqlite3_step(row);
    if (step == SQLITE_ROW)
        *out_time_us = (uint64_t)sqlite3_column_int64(row, 0);
    return end_rows(s, row, step);
}

static int sqlite_forget_subscribers(struct store *store, uint64_t time_us)
{
    struct sqlite_store *s = sqlite_of(store);

    int result;

    sqlite3_bind_int64(s->statement[STATEMENT_FORGET_SUBSCRIBERS], 1, (sqlite3_int64)time_us);
    sqlite3_bind_int64(s->statement[STATEMENT_FORGET_OLD_IMPORTED], 1, (sqlite3_int64)time_us);
    result = run_statement(s, STATEMENT_FORGET_SUBSCRIBERS);
    return result == 0 ? run_statement(s, STATEMENT_FORGET_OLD_IMPORTED) : result;
}

static int sqlite_forget_networks(struct store *store, uint64_t time_us)
{
    struct sqlite_store *s = sqlite_of(store);

    sqlite3_bind_int64(s->statement[STATEMENT_FORGET_NETWORKS], 1, (sqlite3_int64)time_us);
    return run_statement(s, STATEMENT_FORGET_NETWORKS);
}

static int sqlite_count_baselines(struct store *store, bool subscribers, uint64_t *out_count)
{
    struct sqlite_store *s = sqlite_of(store);
    sqlite3_stmt *row = s->statement[STATEMENT_COUNT_BASELINES];
    int step;

    sqlite3_bind_int(row, 1, subscribers ? 1 : 0);
    step = sqlite3_step(row);
    *out_count = step == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(row, 0) : 0;
    if (step != SQLITE_ROW)
        (void)fail(s);
    sqlite3_reset(row);
    return step == SQLITE_ROW ? 0 : -EIO;
}

static int sqlite_forget_baselines(struct store *store, bool subscribers, uint64_t count)
{
    struct sqlite_store *s = sqlite_of(store);
    sqlite3_stmt *statement = s->statement[STATEMENT_FORGET_BASELINES];

    sqlite3_bind_int(statement, 1, subscribers ? 1 : 0);
    sqlite3_bind_int64(statement, 2, (sqlite3_int64)count);
    return run_statement(s, STATEMENT_FORGET_BASELINES);
}

static int sqlite_addresses_between(struct store *store, const char *after, const char *before,
                                    struct address_page *out)
{
    struct sqlite_store *s = sqlite_of(store);
    sqlite3_stmt *row = s->statement[STATEMENT_ADDRESSES_BETWEEN];
    int step = SQLITE_DONE;

    out->count = 0;
    bind_text(row, 1, after);
    bind_text(row, 2, before);
    while (out->count < STORE_PAGE && (step = sqlite3_step(row)) == SQLITE_ROW)
        snprintf(out->text[out->count++], ADDRESS_TEXT_MAX, "%s", sqlite3_column_text(row, 0));
    return end_rows(s, row, step);
}

static int sqlite_forget_address(struct store *store, const char *address)
{
    struct sqlite_store *s = sqlite_of(store);
    int result;

    bind_text(s->statement[STATEMENT_FORGET_ADDRESS], 1, address);
    bind_text(s->statement[STATEMENT_FORGET_LABELS], 1, address);
    result = run_statement(s, STATEMENT_FORGET_ADDRESS);
    return result == 0 ? run_statement(s, STATEMENT_FORGET_LABELS) : result;
}

static int sqlite_forget_baseline(struct store *store, const struct prefix *subscriber)
{
    struct sqlite_store *s = sqlite_of(store);
    static const enum statement of_subscriber[] = {
        STATEMENT_FORGET_BASELINE, STATEMENT_FORGET_IMPORTED, STATEMENT_FORGET_TUNNEL};
    int result = 0;

    for (size_t i = 0; result == 0 && i < sizeof of_subscriber / sizeof of_subscriber[0]; i++) {
        bind_prefix(s->statement[of_subscriber[i]], 1, subscriber);
        result = run_statement(s, of_subscriber[i]);
    }
    return result;
}

static int sqlite_each_moment(struct store *store, bool in_tunnel, const char *what, uint64_t limit,
                              void (*each)(const struct moment *moment, void *context),
                              void *context)
{
    struct sqlite_store *s = sqlite_of(store);
    sqlite3_stmt *row =
        s->statement[in_tunnel ? STATEMENT_EACH_MOMENT_IN_TUNNEL : STATEMENT_EACH_MOMENT];
    struct moment moment;
    int step;

    bind_text(row, 1, what);
    sqlite3_bind_int64(row, 2, (sqlite3_int64)limit);
    while ((step = sqlite3_step(row)) == SQLITE_ROW) {
        store_row_moment(sqlite3_column_int64(row, 0), (const char *)sqlite3_column_text(row, 1),
                         sqlite3_column_double(row, 2), (const char *)sqlite3_column_text(row, 3),
                         (const char *)sqlite3_column_text(row, 4), &moment);
        each(&moment, context);
    }
    return end_rows(s, row, step);
}

static int sqlite_has_plain(struct store *store, bool *out)
{
    struct sqlite_store *s = sqlite_of(store);
    sqlite3_stmt *row = s->statement[STATEMENT_HAS_PLAIN];
    const int step = sqlite3_step(row);

    if (step == SQLITE_ROW)
        *out = sqlite3_column_int(row, 0) != 0;
    else
        (void)fail(s);
    sqlite3_reset(row);
    return step == SQLITE_ROW ? 0 : -EIO;
}

/* The one text of a statement's only row. */
static int text_of(struct sqlite_store *s, enum statement which, size_t size, char *out)
{
    sqlite3_stmt *row = s->statement[which];
    const int step = sqlite3_step(row);

    if (step == SQLITE_ROW)
        snprintf(out, size, "%s", sqlite3_column_text(row, 0));
    else
        (void)fail(s);
    sqlite3_reset(row);
    return step == SQLITE_ROW ? 0 : -EIO;
}

static int sqlite_key_mark(struct store *store, char out[KEY_MARK_MAX])
{
    return text_of(sqlite_of(store), STATEMENT_KEY_MARK, KEY_MARK_MAX, out);
}

static int sqlite_put_key_mark(struct store *store, const char *mark)
{
    struct sqlite_store *s = sqlite_of(store);

    bind_text(s->statement[STATEMENT_PUT_KEY_MARK], 1, mark);
    return run_statement(s, STATEMENT_PUT_KEY_MARK);
}

static int sqlite_site(struct store *store, char out[SITE_TEXT_MAX])
{
    return text_of(sqlite_of(store), STATEMENT_SITE, SITE_TEXT_MAX, out);
}

static int sqlite_as_of(struct store *store, const char *site, uint64_t *out_us)
{
    struct sqlite_store *s = sqlite_of(store);
    sqlite3_stmt *row = s->statement[STATEMENT_AS_OF];
    int step;

    *out_us = 0;
    bind_text(row, 1, site);
    step = sqlite3_step(row);
    if (step == SQLITE_ROW)
        *out_us = (uint64_t)sqlite3_column_int64(row, 0);
    return end_rows(s, row, step);
}

static int sqlite_each_imported(struct store *store,
                                void (*each)(const struct imported *imported, void *context),
                                void *context, uint64_t *out_broken)
{
    struct sqlite_store *s = sqlite_of(store);
    sqlite3_stmt *row = s->statement[STATEMENT_EACH_IMPORTED];
    struct imported imported;
    int step;

    *out_broken = 0;
    while ((step = sqlite3_step(row)) == SQLITE_ROW) {
        imported.site = (const char *)sqlite3_column_text(row, 4);
        imported.as_of_us = (uint64_t)sqlite3_column_int64(row, 5);
        if (imported.site != NULL && baseline_from_row(row, &imported.baseline))
            each(&imported, context);
        else
            ++*out_broken;
    }
    return end_rows(s, row, step);
}

static int sqlite_clear_site(struct store *store, const char *site, uint64_t as_of_us)
{
    struct sqlite_store *s = sqlite_of(store);
    int result;

    bind_text(s->statement[STATEMENT_CLEAR_SITE], 1, site);
    bind_text(s->statement[STATEMENT_PUT_SITE], 1, site);
    sqlite3_bind_int64(s->statement[STATEMENT_PUT_SITE], 2, (sqlite3_int64)as_of_us);
    result = run_statement(s, STATEMENT_CLEAR_SITE);
    return result == 0 ? run_statement(s, STATEMENT_PUT_SITE) : result;
}

static int sqlite_put_imported(struct store *store, const char *site,
                               const struct baseline *baseline)
{
    struct sqlite_store *s = sqlite_of(store);
    sqlite3_stmt *statement = s->statement[STATEMENT_PUT_IMPORTED];

    bind_text(statement, 1, site);
    bind_prefix(statement, 2, &baseline->prefix);
    sqlite3_bind_int(statement, 3, baseline->subscriber ? 1 : 0);
    bind_time(statement, 4, baseline->updated_ns);
    sqlite3_bind_blob(statement, 5, baseline->octets, baseline->length, SQLITE_TRANSIENT);
    return run_statement(s, STATEMENT_PUT_IMPORTED);
}

const struct store_backend store_sqlite = {
    .scheme = "sqlite",
    .open = sqlite_open_store,
    .close = sqlite_close_store,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .put_judgement = sqlite_put_judgement,
    .put_baseline = sqlite_put_baseline,
    .put_label = sqlite_put_label,
    .each_baseline = sqlite_each_baseline,
    .forget_some = sqlite_forget_some,
    .seen_behind = sqlite_seen_behind,
    .forget_subscribers = sqlite_forget_subscribers,
    .forget_networks = sqlite_forget_networks,
    .count_baselines = sqlite_count_baselines,
    .forget_baselines = sqlite_forget_baselines,
    .addresses_between = sqlite_addresses_between,
    .forget_address = sqlite_forget_address,
    .forget_baseline = sqlite_forget_baseline,
    .each_moment = sqlite_each_moment,
    .has_plain = sqlite_has_plain,
    .key_mark = sqlite_key_mark,
    .put_key_mark = sqlite_put_key_mark,
    .site = sqlite_site,
    .as_of = sqlite_as_of,
    .each_imported = sqlite_each_imported,
    .clear_site = sqlite_clear_site,
    .put_imported = sqlite_put_imported,
};
