/*
 * The shared store: a MariaDB database, which pages in any language and other machines can ask. The
 * tables are those of sqlite.c. How it is reached is mariadb_connection.c; here is what is done in it.
 */
#include "base/units.h"
#include "serve/json.h"
#include "store/mariadb_connection.h"
#include "watch/subscriber.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FORGET_STEP = 5000, /* rows deleted at once, so that others are not kept waiting */
    PARAMETERS_MAX = 19,
};

static struct mariadb_store *mariadb_of(struct store *store)
{
    return (struct mariadb_store *)store;
}

/* Parameters of a statement, in order; texts and octets are the caller's until it has run. */
struct parameters {
    unsigned count;
    MYSQL_BIND bind[PARAMETERS_MAX];
    union {
        int64_t number;
        double real;
    } value[PARAMETERS_MAX];
};

static void add_number(struct parameters *p, int64_t number)
{
    p->value[p->count].number = number;
    p->bind[p->count].buffer_type = MYSQL_TYPE_LONGLONG;
    p->bind[p->count].buffer = &p->value[p->count].number;
    p->count++;
}

static void add_real(struct parameters *p, double real)
{
    p->value[p->count].real = real;
    p->bind[p->count].buffer_type = MYSQL_TYPE_DOUBLE;
    p->bind[p->count].buffer = &p->value[p->count].real;
    p->count++;
}

static void add_octets(struct parameters *p, enum enum_field_types type, const void *octets,
                       size_t length)
{
    p->bind[p->count].buffer_type = type;
    p->bind[p->count].buffer = (void *)(uintptr_t)octets;
    p->bind[p->count].buffer_length = (unsigned long)length;
    p->count++;
}

static void add_text(struct parameters *p, const char *text)
{
    add_octets(p, MYSQL_TYPE_STRING, text, strlen(text));
}

static void add_null(struct parameters *p)
{
    p->bind[p->count++].buffer_type = MYSQL_TYPE_NULL;
}

static void add_time(struct parameters *p, uint64_t time_ns)
{
    add_number(p, (int64_t)(time_ns / 1000));
}

static void mariadb_close_store(struct store *store)
{
    struct mariadb_store *s = mariadb_of(store);

    mariadb_connection_end(s);
    free(s->text);
    free(s->password_file);
    free(s);
}

static int mariadb_open_store(const struct store_place *place, struct store **out, char *error,
                              size_t error_size)
{
    struct mariadb_store *s = calloc(1, sizeof *s);
    int result = -ENOMEM;

    if (s != NULL) {
        s->base.backend = &store_mariadb;
        s->text = strdup(place->url);
        s->password_file = strdup(place->password_file != NULL ? place->password_file : "");
        if (!store_url_parse(place->url, &s->url))
            result = -EINVAL;
        else if (s->text != NULL && s->password_file != NULL)
            result = mariadb_connection_make(s);
    }
    if (result == -EINVAL)
        snprintf(error, error_size, "store: expected mariadb://USER@HOST[:PORT]/NAME, found '%s'",
                 place->url);
    else if (result != 0)
        snprintf(error, error_size, "%s", s != NULL ? s->base.error : strerror(ENOMEM));
    if (result == 0 || result == -EHOSTDOWN)
        *out = &s->base;
    else if (s != NULL)
        mariadb_close_store(&s->base);
    return result;
}

/* Running statements */

/* The words of what went wrong; the connection ends, and what was begun on it is as if never. */
static int give_up(struct mariadb_store *s, const char *found)
{
    mariadb_connection_fail(s, "to use it", found, -EIO);
    mariadb_connection_end(s);
    return -EIO;
}

static int run_statement(struct mariadb_store *s, enum statement which, struct parameters *p)
{
    MYSQL_STMT *statement;

    if (mariadb_connection_make(s) != 0)
        return -EIO;
    statement = s->statement[which];
    if ((p != NULL && mysql_stmt_bind_param(statement, p->bind) != 0) ||
        mysql_stmt_execute(statement) != 0)
        return give_up(s, mysql_stmt_error(statement));
    return 0;
}

static int mariadb_begin(struct store *store)
{
    struct mariadb_store *s = mariadb_of(store);

    if (mariadb_connection_make(s) != 0)
        return -EIO;
    return mysql_query(s->db, "START TRANSACTION") == 0 ? 0 : give_up(s, mysql_error(s->db));
}

/* A connection that is lost here leaves open whether it was done: the caller puts the rows again. */
static int mariadb_commit(struct store *store)
{
    struct mariadb_store *s = mariadb_of(store);

    return mysql_commit(s->db) == 0 ? 0 : give_up(s, mysql_error(s->db));
}

static void mariadb_rollback(struct store *store)
{
    mariadb_connection_end(mariadb_of(store));
}

static void add_network(struct parameters *p, const struct network_view *network,
                        char prefix[PREFIX_TEXT_MAX])
{
    if (!network->known) {
        for (int i = 0; i < 4; i++)
            add_null(p);
        return;
    }
    add_text(p, units_prefix(&network->prefix, prefix));
    add_number(p, network->hop_limit);
    add_real(p, network->share);
    add_number(p, (int64_t)network->seen);
}

static void add_line(struct parameters *p, uint64_t line, char text[PREFIX_TEXT_MAX])
{
    const struct prefix subscriber = subscriber_prefix(line);

    if (line == 0)
        add_null(p);
    else
        add_text(p, units_prefix(&subscriber, text));
}

static int mariadb_put_judgement(struct store *store, const struct judgement *judgement)
{
    const struct observation *observation = &judgement->observation;
    struct parameters p = {0};
    char client[ADDRESS_TEXT_MAX];
    char server[ADDRESS_TEXT_MAX];
    char prefix[PREFIX_TEXT_MAX];
    char subscriber[PREFIX_TEXT_MAX];
    char evidence[JSON_LINE_MAX];

    json_evidence_line(judgement, evidence, sizeof evidence);
    add_text(&p, units_address(&observation->client, client));
    add_number(&p, observation->client_port);
    add_time(&p, observation->time_ns);
    add_text(&p, units_address(&observation->server, server));
    add_number(&p, observation->server_port);
    add_number(&p, observation->hop_limit);
    add_number(&p, judgement->initial);
    add_number(&p, judgement->hops);
    add_text(&p, stack_family_name(judgement->stack.family));
    add_real(&p, stack_probability(&judgement->stack));
    add_network(&p, &judgement->network, prefix);
    add_text(&p, verdict_name(judgement->verdict));
    add_real(&p, judgement->probability);
    add_text(&p, evidence);
    add_number(&p, judgement->rewritten ? 1 : 0);
    add_line(&p, observation->line, subscriber);
    return run_statement(mariadb_of(store), STATEMENT_PUT_OBSERVATION, &p);
}

static int mariadb_put_baseline(struct store *store, const struct baseline *baseline)
{
    struct parameters p = {0};
    char prefix[PREFIX_TEXT_MAX];

    add_text(&p, units_prefix(&baseline->prefix, prefix));
    add_number(&p, baseline->subscriber ? 1 : 0);
    add_time(&p, baseline->updated_ns);
    add_octets(&p, MYSQL_TYPE_BLOB, baseline->octets, baseline->length);
    add_number(&p, (int64_t)baseline_seen(baseline));
    return run_statement(mariadb_of(store), STATEMENT_PUT_BASELINE, &p);
}

static int mariadb_put_label(struct store *store, const struct label *label)
{
    struct parameters p = {0};
    char address[ADDRESS_TEXT_MAX];

    add_text(&p, units_address(&label->address, address));
    add_number(&p, label->port);
    add_text(&p, verdict_name(label->verdict));
    add_time(&p, label->labelled_ns);
    return run_statement(mariadb_of(store), STATEMENT_PUT_LABEL, &p);
}

/* A row of `baseline` as it comes, or of `imported`, which has two columns more. */
struct baseline_row {
    char prefix[PREFIX_TEXT_MAX];
    int64_t subscriber;
    int64_t updated_at;
    uint8_t octets[BASELINE_OCTETS_MAX];
    char site[SITE_TEXT_MAX];
    int64_t as_of;
    unsigned long prefix_length;
    unsigned long octets_length;
    unsigned long site_length;
};

static int bind_row(MYSQL_STMT *statement, struct baseline_row *row)
{
    MYSQL_BIND bind[6] = {
        {.buffer_type = MYSQL_TYPE_STRING,
         .buffer = row->prefix,
         .buffer_length = sizeof row->prefix,
         .length = &row->prefix_length},
        {.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &row->subscriber},
        {.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &row->updated_at},
        {.buffer_type = MYSQL_TYPE_BLOB,
         .buffer = row->octets,
         .buffer_length = sizeof row->octets,
         .length = &row->octets_length},
        {.buffer_type = MYSQL_TYPE_STRING,
         .buffer = row->site,
         .buffer_length = sizeof row->site,
         .length = &row->site_length},
        {.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &row->as_of},
    };

    return mysql_stmt_bind_result(statement, bind) == 0 ? 0 : -EIO;
}

/* False for a row that no put would have written. */
static bool baseline_from_row(struct baseline_row *row, struct baseline *out)
{
    *out = (struct baseline){.subscriber = row->subscriber != 0};
    if (row->prefix_length >= sizeof row->prefix || row->octets_length > sizeof row->octets ||
        row->site_length >= sizeof row->site || row->updated_at < 0 ||
        row->updated_at > INT64_MAX / 1000)
        return false;
    row->prefix[row->prefix_length] = '\0';
    row->site[row->site_length] = '\0';
    if (!units_parse_prefix(row->prefix, &out->prefix))
        return false;
    out->updated_ns = (uint64_t)row->updated_at * 1000;
    out->length = (uint16_t)row->octets_length;
    memcpy(out->octets, row->octets, row->octets_length);
    return true;
}

static int each_row(struct mariadb_store *s, enum statement which,
                    void (*each)(const struct imported *imported, void *context), void *context,
                    uint64_t *out_broken)
{
    int result = run_statement(s, which, NULL);
    MYSQL_STMT *statement = s->statement[which];
    struct baseline_row row = {.site_length = 0};
    struct imported imported = {.site = row.site};
    int fetched;

    *out_broken = 0;
    if (result != 0)
        return result;
    if (bind_row(statement, &row) != 0)
        return give_up(s, mysql_stmt_error(statement));
    while ((fetched = mysql_stmt_fetch(statement)) == 0 || fetched == MYSQL_DATA_TRUNCATED) {
        imported.as_of_us = (uint64_t)row.as_of;
        if (fetched == 0 && baseline_from_row(&row, &imported.baseline))
            each(&imported, context);
        else
            ++*out_broken;
    }
    if (fetched != MYSQL_NO_DATA)
        return give_up(s, mysql_stmt_error(statement));
    mysql_stmt_free_result(statement);
    return 0;
}

/* Somebody who wants baselines alone. */
struct baselines {
    void (*each)(const struct baseline *baseline, void *context);
    void *context;
};

static void give_baseline(const struct imported *imported, void *context)
{
    const struct baselines *baselines = context;

    baselines->each(&imported->baseline, baselines->context);
}

static int mariadb_each_baseline(struct store *store,
                                 void (*each)(const struct baseline *baseline, void *context),
                                 void *context, uint64_t *out_broken)
{
    struct baselines baselines = {each, context};

    return each_row(mariadb_of(store), STATEMENT_EACH_BASELINE, give_baseline, &baselines,
                    out_broken);
}

static int mariadb_each_imported(struct store *store,
                                 void (*each)(const struct imported *imported, void *context),
                                 void *context, uint64_t *out_broken)
{
    return each_row(mariadb_of(store), STATEMENT_EACH_IMPORTED, each, context, out_broken);
}

/* A row of `observation`, as far as a timeline wants it. */
struct moment_row {
    int64_t seen_at;
    double probability;
    char verdict[16];
    char family[16];
    char evidence[JSON_LINE_MAX];
    unsigned long length[3];
};

static int bind_moment(MYSQL_STMT *statement, struct moment_row *row)
{
    MYSQL_BIND bind[5] = {
        {.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &row->seen_at},
        {.buffer_type = MYSQL_TYPE_STRING,
         .buffer = row->verdict,
         .buffer_length = sizeof row->verdict - 1,
         .length = &row->length[0]},
        {.buffer_type = MYSQL_TYPE_DOUBLE, .buffer = &row->probability},
        {.buffer_type = MYSQL_TYPE_STRING,
         .buffer = row->family,
         .buffer_length = sizeof row->family - 1,
         .length = &row->length[1]},
        {.buffer_type = MYSQL_TYPE_STRING,
         .buffer = row->evidence,
         .buffer_length = sizeof row->evidence - 1,
         .length = &row->length[2]},
    };

    return mysql_stmt_bind_result(statement, bind) == 0 ? 0 : -EIO;
}

static void end_text(char *text, size_t size, unsigned long length)
{
    text[length < size ? length : size - 1] = '\0';
}

static int mariadb_each_moment(struct store *store, bool in_tunnel, const char *what,
                               uint64_t limit,
                               void (*each)(const struct moment *moment, void *context),
                               void *context)
{
    const enum statement which =
        in_tunnel ? STATEMENT_EACH_MOMENT_IN_TUNNEL : STATEMENT_EACH_MOMENT;
    struct mariadb_store *s = mariadb_of(store);
    struct parameters p = {0};
    struct moment_row row = {.seen_at = 0};
    struct moment moment;
    MYSQL_STMT *statement;
    int fetched;

    add_text(&p, what);
    add_number(&p, (int64_t)limit);
    if (run_statement(s, which, &p) != 0)
        return -EIO;
    statement = s->statement[which];
    if (bind_moment(statement, &row) != 0)
        return give_up(s, mysql_stmt_error(statement));
    while ((fetched = mysql_stmt_fetch(statement)) == 0 || fetched == MYSQL_DATA_TRUNCATED) {
        end_text(row.verdict, sizeof row.verdict, row.length[0]);
        end_text(row.family, sizeof row.family, row.length[1]);
        end_text(row.evidence, sizeof row.evidence, row.length[2]);
        store_row_moment(row.seen_at, row.verdict, row.probability, row.family, row.evidence,
                         &moment);
        each(&moment, context);
    }
    if (fetched != MYSQL_NO_DATA)
        return give_up(s, mysql_stmt_error(statement));
    mysql_stmt_free_result(statement);
    return 0;
}

/* Of one row of `site` the id and the time; *out_us is 0 where there is none. */
static int site_row(struct mariadb_store *s, enum statement which, struct parameters *p,
                    char out_site[SITE_TEXT_MAX], uint64_t *out_us)
{
    char site[SITE_TEXT_MAX] = "";
    unsigned long length = 0;
    int64_t as_of = 0;
    MYSQL_BIND bind[2] = {
        {.buffer_type = MYSQL_TYPE_STRING,
         .buffer = site,
         .buffer_length = sizeof site - 1,
         .length = &length},
        {.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &as_of},
    };
    MYSQL_STMT *statement;
    int fetched;

    if (run_statement(s, which, p) != 0)
        return -EIO;
    statement = s->statement[which];
    if (mysql_stmt_bind_result(statement, bind) != 0)
        return give_up(s, mysql_stmt_error(statement));
    fetched = mysql_stmt_fetch(statement);
    if (fetched != 0 && fetched != MYSQL_NO_DATA)
        return give_up(s, mysql_stmt_error(statement));
    mysql_stmt_free_result(statement);
    snprintf(out_site, SITE_TEXT_MAX, "%.*s", fetched == 0 ? (int)length : 0, site);
    *out_us = fetched == 0 ? (uint64_t)as_of : 0;
    return 0;
}

static int mariadb_site(struct store *store, char out[SITE_TEXT_MAX])
{
    uint64_t as_of_us;
    const int result = site_row(mariadb_of(store), STATEMENT_SITE, NULL, out, &as_of_us);

    return result == 0 && out[0] == '\0'
               ? give_up(mariadb_of(store), "no id of this site in its table")
               : result;
}

static int mariadb_key_mark(struct store *store, char out[KEY_MARK_MAX])
{
    char mark[SITE_TEXT_MAX];
    uint64_t as_of_us;
    const int result = site_row(mariadb_of(store), STATEMENT_KEY_MARK, NULL, mark, &as_of_us);

    snprintf(out, KEY_MARK_MAX, "%.*s", KEY_MARK_MAX - 1, result == 0 ? mark : "");
    return result;
}

static int mariadb_put_key_mark(struct store *store, const char *mark)
{
    struct parameters p = {0};

    add_text(&p, mark);
    return run_statement(mariadb_of(store), STATEMENT_PUT_KEY_MARK, &p);
}

static int mariadb_as_of(struct store *store, const char *site, uint64_t *out_us)
{
    struct parameters p = {0};
    char found[SITE_TEXT_MAX];

    add_text(&p, site);
    return site_row(mariadb_of(store), STATEMENT_AS_OF, &p, found, out_us);
}

static int mariadb_clear_site(struct store *store, const char *site, uint64_t as_of_us)
{
    struct parameters p = {0};
    int result;

    add_text(&p, site);
    result = run_statement(mariadb_of(store), STATEMENT_CLEAR_SITE, &p);
    add_number(&p, (int64_t)as_of_us);
    return result == 0 ? run_statement(mariadb_of(store), STATEMENT_PUT_SITE, &p) : result;
}

static int mariadb_put_imported(struct store *store, const char *site,
                                const struct baseline *baseline)
{
    struct parameters p = {0};
    char prefix[PREFIX_TEXT_MAX];

    add_text(&p, site);
    add_text(&p, units_prefix(&baseline->prefix, prefix));
    add_number(&p, baseline->subscriber ? 1 : 0);
    add_time(&p, baseline->updated_ns);
    add_octets(&p, MYSQL_TYPE_BLOB, baseline->octets, baseline->length);
    return run_statement(mariadb_of(store), STATEMENT_PUT_IMPORTED, &p);
}

static int mariadb_forget_some(struct store *store, uint64_t time_us, uint64_t *out_count)
{
    struct mariadb_store *s = mariadb_of(store);
    struct parameters p = {0};
    int result;

    *out_count = 0;
    add_number(&p, (int64_t)time_us);
    add_number(&p, FORGET_STEP);
    result = run_statement(s, STATEMENT_FORGET_OBSERVATIONS, &p);
    if (result == 0)
        *out_count = mysql_stmt_affected_rows(s->statement[STATEMENT_FORGET_OBSERVATIONS]);
    return result;
}

/* The one number of a statement's only row; 0 where there is none. */
static int number_of(struct mariadb_store *s, enum statement which, struct parameters *p,
                     int64_t *out)
{
    int64_t number = 0;
    MYSQL_BIND bind = {.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &number};
    MYSQL_STMT *statement;
    int fetched;

    if (run_statement(s, which, p) != 0)
        return -EIO;
    statement = s->statement[which];
    if (mysql_stmt_bind_result(statement, &bind) != 0)
        return give_up(s, mysql_stmt_error(statement));
    fetched = mysql_stmt_fetch(statement);
    if (fetched != 0 && fetched != MYSQL_NO_DATA)
        return give_up(s, mysql_stmt_error(statement));
    mysql_stmt_free_result(statement);
    *out = fetched == 0 ? number : 0;
    return 0;
}

static int mariadb_seen_behind(struct store *store, uint64_t count, uint64_t *out_time_us)
{
    struct parameters p = {0};
    int64_t seen_at;

    add_number(&p, (int64_t)count);
    if (number_of(mariadb_of(store), STATEMENT_SEEN_BEHIND, &p, &seen_at) != 0)
        return -EIO;
    *out_time_us = seen_at > 0 ? (uint64_t)seen_at : 0;
    return 0;
}

static int mariadb_has_plain(struct store *store, bool *out)
{
    int64_t found = 0;
    const int result = number_of(mariadb_of(store), STATEMENT_HAS_PLAIN, NULL, &found);

    *out = found != 0;
    return result;
}

static int mariadb_forget_subscribers(struct store *store, uint64_t time_us)
{
    struct parameters p = {0};

    int result;

    add_number(&p, (int64_t)time_us);
    result = run_statement(mariadb_of(store), STATEMENT_FORGET_SUBSCRIBERS, &p);
    return result == 0 ? run_statement(mariadb_of(store), STATEMENT_FORGET_OLD_IMPORTED, &p)
                       : result;
}

static int mariadb_forget_networks(struct store *store, uint64_t time_us)
{
    struct parameters p = {0};

    add_number(&p, (int64_t)time_us);
    return run_statement(mariadb_of(store), STATEMENT_FORGET_NETWORKS, &p);
}

static int mariadb_count_baselines(struct store *store, bool subscribers, uint64_t *out_count)
{
    struct parameters p = {0};
    int64_t count = 0;
    int result;

    add_number(&p, subscribers ? 1 : 0);
    result = number_of(mariadb_of(store), STATEMENT_COUNT_BASELINES, &p, &count);
    *out_count = (uint64_t)count;
    return result;
}

static int mariadb_forget_baselines(struct store *store, bool subscribers, uint64_t count)
{
    struct parameters p = {0};

    add_number(&p, subscribers ? 1 : 0);
    add_number(&p, (int64_t)count);
    return run_statement(mariadb_of(store), STATEMENT_FORGET_BASELINES, &p);
}

static int mariadb_addresses_between(struct store *store, const char *after, const char *before,
                                     struct address_page *out)
{
    struct mariadb_store *s = mariadb_of(store);
    struct parameters p = {0};
    char text[ADDRESS_TEXT_MAX] = "";
    unsigned long length = 0;
    MYSQL_BIND bind = {.buffer_type = MYSQL_TYPE_STRING,
                       .buffer = text,
                       .buffer_length = sizeof text - 1,
                       .length = &length};
    MYSQL_STMT *statement;
    int fetched = MYSQL_NO_DATA;

    out->count = 0;
    for (int i = 0; i < 2; i++) {
        add_text(&p, after);
        add_text(&p, before);
    }
    if (run_statement(s, STATEMENT_ADDRESSES_BETWEEN, &p) != 0)
        return -EIO;
    statement = s->statement[STATEMENT_ADDRESSES_BETWEEN];
    if (mysql_stmt_bind_result(statement, &bind) != 0)
        return give_up(s, mysql_stmt_error(statement));
    while (out->count < STORE_PAGE && (fetched = mysql_stmt_fetch(statement)) == 0)
        snprintf(out->text[out->count++], ADDRESS_TEXT_MAX, "%.*s", (int)length, text);
    if (fetched != 0 && fetched != MYSQL_NO_DATA)
        return give_up(s, mysql_stmt_error(statement));
    mysql_stmt_free_result(statement);
    return 0;
}

static int mariadb_forget_address(struct store *store, const char *address)
{
    struct mariadb_store *s = mariadb_of(store);
    struct parameters p = {0};
    int result;

    add_text(&p, address);
    result = run_statement(s, STATEMENT_FORGET_ADDRESS, &p);
    return result == 0 ? run_statement(s, STATEMENT_FORGET_LABELS, &p) : result;
}

static int mariadb_forget_baseline(struct store *store, const struct prefix *subscriber)
{
    static const enum statement of_subscriber[] = {
        STATEMENT_FORGET_BASELINE, STATEMENT_FORGET_IMPORTED, STATEMENT_FORGET_TUNNEL};
    struct parameters p = {0};
    char prefix[PREFIX_TEXT_MAX];
    int result = 0;

    add_text(&p, units_prefix(subscriber, prefix));
    for (size_t i = 0; result == 0 && i < sizeof of_subscriber / sizeof of_subscriber[0]; i++)
        result = run_statement(mariadb_of(store), of_subscriber[i], &p);
    return result;
}

const struct store_backend store_mariadb = {
    .scheme = "mariadb",
    .open = mariadb_open_store,
    .close = mariadb_close_store,
    .begin = mariadb_begin,
    .commit = mariadb_commit,
    .rollback = mariadb_rollback,
    .put_judgement = mariadb_put_judgement,
    .put_baseline = mariadb_put_baseline,
    .put_label = mariadb_put_label,
    .each_baseline = mariadb_each_baseline,
    .forget_some = mariadb_forget_some,
    .seen_behind = mariadb_seen_behind,
    .forget_subscribers = mariadb_forget_subscribers,
    .forget_networks = mariadb_forget_networks,
    .count_baselines = mariadb_count_baselines,
    .forget_baselines = mariadb_forget_baselines,
    .addresses_between = mariadb_addresses_between,
    .forget_address = mariadb_forget_address,
    .forget_baseline = mariadb_forget_baseline,
    .each_moment = mariadb_each_moment,
    .has_plain = mariadb_has_plain,
    .key_mark = mariadb_key_mark,
    .put_key_mark = mariadb_put_key_mark,
    .site = mariadb_site,
    .as_of = mariadb_as_of,
    .each_imported = mariadb_each_imported,
    .clear_site = mariadb_clear_site,
    .put_imported = mariadb_put_imported,
};
