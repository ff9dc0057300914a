/*
 * The shared store: a MariaDB database, which pages in any language and other machines can ask. The
 * tables are those of sqlite.c. A connection is made when something is to be done and there is
 * none; any failure ends it, so that what was begun on it is rolled back by the server, and the
 * next try starts clean. Every wait on the server is bounded.
 */
#include "base/store_url.h"
#include "base/units.h"
#include "serve/json.h"
#include "store/backend.h"

#include <errmsg.h>
#include <errno.h>
#include <mysql.h>
#include <mysqld_error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONNECT_TIMEOUT_S = 5,
    ANSWER_TIMEOUT_S = 20, /* longer than the server waits for somebody's lock, below */
    FORGET_STEP = 5000,    /* rows deleted at once, so that others are not kept waiting */
    PASSWORD_MAX = 512,
    PARAMETERS_MAX = 17,
    STATEMENTS_MAX = 8, /* of one migration */
};

/*
 * Row n of these brings the tables from version n to n + 1, as in sqlite.c. MariaDB commits each
 * statement by itself, so that each has to be one that may run again. Never change one: add the next.
 */
static const char *const migrations[][STATEMENTS_MAX] = {
    {
        "CREATE TABLE IF NOT EXISTS observation ("
        " id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,"
        " address VARCHAR(45) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,"
        " port INT UNSIGNED NOT NULL,"
        " seen_at BIGINT NOT NULL,"
        " server_address VARCHAR(45) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,"
        " server_port INT UNSIGNED NOT NULL,"
        " hop_limit INT UNSIGNED NOT NULL,"
        " initial INT UNSIGNED NOT NULL,"
        " hops INT UNSIGNED NOT NULL,"
        " stack_family VARCHAR(16) NOT NULL,"
        " stack_probability DOUBLE NOT NULL,"
        " network_prefix VARCHAR(49) CHARACTER SET ascii COLLATE ascii_bin,"
        " network_hop_limit INT UNSIGNED,"
        " network_share DOUBLE,"
        " network_seen BIGINT,"
        " verdict VARCHAR(16) NOT NULL,"
        " probability DOUBLE NOT NULL,"
        " evidence TEXT NOT NULL,"
        " UNIQUE KEY observation_connection"
        "  (address, port, seen_at, server_address, server_port),"
        " KEY observation_seen_at (seen_at)"
        ") ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4",
        "CREATE TABLE IF NOT EXISTS baseline ("
        " prefix VARCHAR(49) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,"
        " subscriber TINYINT NOT NULL,"
        " updated_at BIGINT NOT NULL,"
        " octets VARBINARY(1024) NOT NULL,"
        " PRIMARY KEY (prefix, subscriber)"
        ") ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4",
        "CREATE TABLE IF NOT EXISTS label ("
        " id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,"
        " address VARCHAR(45) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,"
        " port INT UNSIGNED NOT NULL,"
        " label VARCHAR(16) NOT NULL,"
        " labelled_at BIGINT NOT NULL,"
        " KEY label_address (address, port)"
        ") ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4",
    },
    {
        "CREATE UNIQUE INDEX IF NOT EXISTS label_once ON label (address, port, labelled_at)",
        "DROP INDEX IF EXISTS label_address ON label",
    },
};

_Static_assert(sizeof migrations / sizeof migrations[0] == STORE_VERSION_NEWEST,
               "every kind of store has every migration");

enum statement {
    STATEMENT_PUT_OBSERVATION,
    STATEMENT_PUT_BASELINE,
    STATEMENT_PUT_LABEL,
    STATEMENT_EACH_BASELINE,
    STATEMENT_FORGET_OBSERVATIONS,
    STATEMENT_FORGET_SUBSCRIBERS,
    STATEMENT_ADDRESSES_BETWEEN,
    STATEMENT_FORGET_ADDRESS,
    STATEMENT_FORGET_LABELS,
    STATEMENT_FORGET_BASELINE,
    STATEMENT_COUNT,
};

/* A row that is there already is left as it is; IGNORE would also hide what is wrong with a row. */
static const char *const statements[STATEMENT_COUNT] = {
    [STATEMENT_PUT_OBSERVATION] =
        "INSERT INTO observation (address, port, seen_at, server_address, server_port, hop_limit,"
        " initial, hops, stack_family, stack_probability, network_prefix, network_hop_limit,"
        " network_share, network_seen, verdict, probability, evidence)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON DUPLICATE KEY UPDATE id = id",
    [STATEMENT_PUT_BASELINE] =
        "INSERT INTO baseline (prefix, subscriber, updated_at, octets) VALUES (?, ?, ?, ?)"
        " ON DUPLICATE KEY UPDATE updated_at = VALUES(updated_at), octets = VALUES(octets)",
    [STATEMENT_PUT_LABEL] = "INSERT INTO label (address, port, label, labelled_at)"
                            " VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE id = id",
    [STATEMENT_EACH_BASELINE] = "SELECT prefix, subscriber, updated_at, octets FROM baseline",
    [STATEMENT_FORGET_OBSERVATIONS] =
        "DELETE FROM observation WHERE seen_at < ? ORDER BY seen_at LIMIT ?",
    [STATEMENT_FORGET_SUBSCRIBERS] = "DELETE FROM baseline WHERE subscriber = 1 AND updated_at < ?",
    [STATEMENT_ADDRESSES_BETWEEN] =
        "SELECT address FROM (SELECT DISTINCT address FROM observation WHERE address > ? AND"
        " address < ? ORDER BY address LIMIT 256) AS o UNION"
        " SELECT address FROM (SELECT DISTINCT address FROM label WHERE address > ? AND"
        " address < ? ORDER BY address LIMIT 256) AS l ORDER BY address LIMIT 256",
    [STATEMENT_FORGET_ADDRESS] = "DELETE FROM observation WHERE address = ?",
    [STATEMENT_FORGET_LABELS] = "DELETE FROM label WHERE address = ?",
    [STATEMENT_FORGET_BASELINE] = "DELETE FROM baseline WHERE subscriber = 1 AND prefix = ?",
};

struct mariadb_store {
    struct store base;
    char *text; /* the URL, for messages */
    char *password_file;
    struct store_url url;
    MYSQL *db; /* NULL: not connected */
    MYSQL_STMT *statement[STATEMENT_COUNT];
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

/* Connecting */

static void disconnect(struct mariadb_store *s)
{
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        if (s->statement[i] != NULL)
            mysql_stmt_close(s->statement[i]);
        s->statement[i] = NULL;
    }
    if (s->db != NULL)
        mysql_close(s->db);
    s->db = NULL;
}

/* Keeps what was expected and found; returns `code`. */
static int fail(struct mariadb_store *s, const char *expected, const char *found, int code)
{
    snprintf(s->base.error, sizeof s->base.error, "%s: expected %s, found: %s", s->text, expected,
             found);
    return code;
}

static int run_sql(struct mariadb_store *s, const char *sql)
{
    return mysql_query(s->db, sql) == 0 ? 0
                                        : fail(s, "to use its tables", mysql_error(s->db), -EIO);
}

/* One number, 0 where there is none. */
static int query_number(struct mariadb_store *s, const char *sql, long long *out)
{
    int result = run_sql(s, sql);
    MYSQL_RES *rows;
    MYSQL_ROW row;

    *out = 0;
    if (result != 0)
        return result;
    rows = mysql_store_result(s->db);
    if (rows == NULL)
        return fail(s, "to use its tables", mysql_error(s->db), -EIO);
    row = mysql_fetch_row(rows);
    if (row != NULL && row[0] != NULL)
        *out = strtoll(row[0], NULL, 10);
    mysql_free_result(rows);
    return 0;
}

static int migrate_to(struct mariadb_store *s, long long version)
{
    const char *const *statement = migrations[version - 1];
    char note[128];
    int result = 0;

    for (size_t i = 0; result == 0 && i < STATEMENTS_MAX && statement[i] != NULL; i++)
        result = run_sql(s, statement[i]);
    snprintf(note, sizeof note,
             "INSERT INTO schema_version VALUES (%lld, UNIX_TIMESTAMP() * 1000000)", version);
    return result == 0 ? run_sql(s, note) : result;
}

static int migrate_locked(struct mariadb_store *s)
{
    long long version = 0;
    int result = run_sql(s, "CREATE TABLE IF NOT EXISTS schema_version ("
                            "version INT PRIMARY KEY, migrated_at BIGINT NOT NULL) ENGINE=InnoDB");

    if (result == 0)
        result = query_number(s, "SELECT max(version) FROM schema_version", &version);
    if (result == 0 && version > STORE_VERSION_NEWEST) {
        snprintf(s->base.error, sizeof s->base.error,
                 "%s: expected tables of version %d or older, found version %lld, which a newer "
                 "hoptell has made",
                 s->text, STORE_VERSION_NEWEST, version);
        result = -ENOTSUP;
    }
    while (result == 0 && version < STORE_VERSION_NEWEST)
        result = migrate_to(s, ++version);
    return result;
}

/* Of several hoptells that start at once one does it; a lock ends with its connection. */
static int migrate(struct mariadb_store *s)
{
    long long locked = 0;
    int result = query_number(s, "SELECT GET_LOCK(CONCAT('hoptell in ', DATABASE()), 10)", &locked);

    if (result == 0 && locked != 1)
        result = fail(s, "to bring its tables to the newest version",
                      "somebody else who does so for more than 10 seconds", -EHOSTDOWN);
    if (result == 0)
        result = migrate_locked(s);
    if (result == 0)
        result = query_number(s, "SELECT RELEASE_LOCK(CONCAT('hoptell in ', DATABASE()))", &locked);
    return result;
}

static int prepare(struct mariadb_store *s)
{
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        s->statement[i] = mysql_stmt_init(s->db);
        if (s->statement[i] == NULL)
            return fail(s, "memory", strerror(ENOMEM), -ENOMEM);
        if (mysql_stmt_prepare(s->statement[i], statements[i], strlen(statements[i])) != 0)
            return fail(s, "to use its tables", mysql_stmt_error(s->statement[i]), -EIO);
    }
    return 0;
}

/* The first line of the file of the password; "" where no file is named. */
static int read_password(struct mariadb_store *s, char out[PASSWORD_MAX])
{
    FILE *file;

    out[0] = '\0';
    if (s->password_file[0] == '\0')
        return 0;
    file = fopen(s->password_file, "re");
    if (file == NULL || (fgets(out, PASSWORD_MAX, file) == NULL && ferror(file))) {
        const int code = errno;

        snprintf(s->base.error, sizeof s->base.error, "%s: expected its password in %s, found: %s",
                 s->text, s->password_file, strerror(code));
        if (file != NULL)
            fclose(file);
        return -code;
    }
    out[strcspn(out, "\r\n")] = '\0';
    fclose(file);
    return 0;
}

/* Time limits on every wait; what a site has in the group [hoptell] of its option files, as TLS. */
static void set_options(MYSQL *db)
{
    const unsigned connect_timeout = CONNECT_TIMEOUT_S;
    const unsigned answer_timeout = ANSWER_TIMEOUT_S;

    mysql_options(db, MYSQL_READ_DEFAULT_GROUP, "hoptell");
    mysql_options(db, MYSQL_OPT_CONNECT_TIMEOUT, &connect_timeout);
    mysql_options(db, MYSQL_OPT_READ_TIMEOUT, &answer_timeout);
    mysql_options(db, MYSQL_OPT_WRITE_TIMEOUT, &answer_timeout);
    mysql_options(db, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_options(db, MYSQL_INIT_COMMAND,
                  "SET SESSION innodb_lock_wait_timeout = 5, lock_wait_timeout = 5,"
                  " sql_mode = 'STRICT_ALL_TABLES'");
}

/* What trying again will not mend: somebody has to change the settings or the server's rights. */
static bool is_refused(unsigned error)
{
    static const unsigned refusals[] = {
        ER_ACCESS_DENIED_ERROR,   ER_ACCESS_DENIED_NO_PASSWORD_ERROR,
        ER_DBACCESS_DENIED_ERROR, ER_BAD_DB_ERROR,
        ER_HOST_NOT_PRIVILEGED,   ER_TABLEACCESS_DENIED_ERROR,
    };

    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
        if (error == refusals[i])
            return true;
    return false;
}

/* An error where the server has just been asked to let us in: -EACCES or -EHOSTDOWN. */
static int not_let_in(struct mariadb_store *s)
{
    const bool refused = is_refused(mysql_errno(s->db));

    return fail(s, refused ? "to be let in" : "to reach it", mysql_error(s->db),
                refused ? -EACCES : -EHOSTDOWN);
}

static int log_in(struct mariadb_store *s)
{
    const struct store_url *url = &s->url;
    char password[PASSWORD_MAX];
    int result = read_password(s, password);

    if (result != 0)
        return result;
    s->db = mysql_init(NULL);
    if (s->db == NULL)
        return fail(s, "memory", strerror(ENOMEM), -ENOMEM);
    set_options(s->db);
    if (mysql_real_connect(s->db, url->host, url->user, password, url->name, url->port,
                           url->socket[0] != '\0' ? url->socket : NULL, 0) == NULL)
        result = not_let_in(s);
    explicit_bzero(password, sizeof password);
    return result;
}

/* 0 with a connection; else none, and -EHOSTDOWN where another try may do better. */
static int connect_store(struct mariadb_store *s)
{
    int result;

    if (s->db != NULL)
        return 0;
    result = log_in(s);
    if (result == 0)
        result = migrate(s);
    if (result == 0)
        result = prepare(s);
    if (result == -EIO && s->db != NULL && mysql_errno(s->db) >= CR_MIN_ERROR &&
        mysql_errno(s->db) <= CR_MAX_ERROR)
        result = -EHOSTDOWN; /* it went away in between */
    if (result != 0)
        disconnect(s);
    return result;
}

static void mariadb_close_store(struct store *store)
{
    struct mariadb_store *s = mariadb_of(store);

    disconnect(s);
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
            result = connect_store(s);
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
    fail(s, "to use it", found, -EIO);
    disconnect(s);
    return -EIO;
}

static int run_statement(struct mariadb_store *s, enum statement which, struct parameters *p)
{
    MYSQL_STMT *statement;

    if (connect_store(s) != 0)
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

    if (connect_store(s) != 0)
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
    disconnect(mariadb_of(store));
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

static int mariadb_put_judgement(struct store *store, const struct judgement *judgement)
{
    const struct observation *observation = &judgement->observation;
    struct parameters p = {0};
    char client[ADDRESS_TEXT_MAX];
    char server[ADDRESS_TEXT_MAX];
    char prefix[PREFIX_TEXT_MAX];
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
    add_real(&p, json_stack_probability(&judgement->stack));
    add_network(&p, &judgement->network, prefix);
    add_text(&p, verdict_name(judgement->verdict));
    add_real(&p, judgement->probability);
    add_text(&p, evidence);
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

/* A row of `baseline` as it comes. */
struct baseline_row {
    char prefix[PREFIX_TEXT_MAX];
    int64_t subscriber;
    int64_t updated_at;
    uint8_t octets[BASELINE_OCTETS_MAX];
    unsigned long prefix_length;
    unsigned long octets_length;
};

static int bind_row(MYSQL_STMT *statement, struct baseline_row *row)
{
    MYSQL_BIND bind[4] = {
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
    };

    return mysql_stmt_bind_result(statement, bind) == 0 ? 0 : -EIO;
}

/* False for a row that no put would have written. */
static bool baseline_from_row(struct baseline_row *row, struct baseline *out)
{
    *out = (struct baseline){.subscriber = row->subscriber != 0};
    if (row->prefix_length >= sizeof row->prefix || row->octets_length > sizeof row->octets ||
        row->updated_at < 0 || row->updated_at > INT64_MAX / 1000)
        return false;
    row->prefix[row->prefix_length] = '\0';
    if (!units_parse_prefix(row->prefix, &out->prefix))
        return false;
    out->updated_ns = (uint64_t)row->updated_at * 1000;
    out->length = (uint16_t)row->octets_length;
    memcpy(out->octets, row->octets, row->octets_length);
    return true;
}

static int mariadb_each_baseline(struct store *store,
                                 void (*each)(const struct baseline *baseline, void *context),
                                 void *context, uint64_t *out_broken)
{
    struct mariadb_store *s = mariadb_of(store);
    int result = run_statement(s, STATEMENT_EACH_BASELINE, NULL);
    MYSQL_STMT *statement = s->statement[STATEMENT_EACH_BASELINE];
    struct baseline_row row;
    struct baseline baseline;
    int fetched;

    *out_broken = 0;
    if (result != 0)
        return result;
    if (bind_row(statement, &row) != 0)
        return give_up(s, mysql_stmt_error(statement));
    while ((fetched = mysql_stmt_fetch(statement)) == 0 || fetched == MYSQL_DATA_TRUNCATED) {
        if (fetched == 0 && baseline_from_row(&row, &baseline))
            each(&baseline, context);
        else
            ++*out_broken;
    }
    if (fetched != MYSQL_NO_DATA)
        return give_up(s, mysql_stmt_error(statement));
    mysql_stmt_free_result(statement);
    return 0;
}

static int mariadb_forget_before(struct store *store, uint64_t time_ns)
{
    struct mariadb_store *s = mariadb_of(store);
    struct parameters observations = {0};
    struct parameters subscribers = {0};
    uint64_t deleted = FORGET_STEP;
    int result;

    add_time(&subscribers, time_ns);
    add_time(&observations, time_ns);
    add_number(&observations, FORGET_STEP);
    result = run_statement(s, STATEMENT_FORGET_SUBSCRIBERS, &subscribers);
    while (result == 0 && deleted >= FORGET_STEP) {
        result = run_statement(s, STATEMENT_FORGET_OBSERVATIONS, &observations);
        if (result == 0)
            deleted = mysql_stmt_affected_rows(s->statement[STATEMENT_FORGET_OBSERVATIONS]);
    }
    return result;
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
    struct parameters p = {0};
    char prefix[PREFIX_TEXT_MAX];

    add_text(&p, units_prefix(subscriber, prefix));
    return run_statement(mariadb_of(store), STATEMENT_FORGET_BASELINE, &p);
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
    .forget_before = mariadb_forget_before,
    .addresses_between = mariadb_addresses_between,
    .forget_address = mariadb_forget_address,
    .forget_baseline = mariadb_forget_baseline,
};
