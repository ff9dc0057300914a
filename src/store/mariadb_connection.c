/*
 * The way to a MariaDB database; see mariadb_connection.h.
 */
#include "store/mariadb_connection.h"

#include <errmsg.h>
#include <errno.h>
#include <mysqld_error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONNECT_TIMEOUT_S = 5,
    ANSWER_TIMEOUT_S = 20, /* longer than the server waits for somebody's lock, below */
    PASSWORD_MAX = 512,
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
    {
        "ALTER TABLE observation ADD COLUMN IF NOT EXISTS"
        " rewritten TINYINT NOT NULL DEFAULT 0",
    },
    {
        "CREATE TABLE IF NOT EXISTS site ("
        " id VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,"
        " own TINYINT NOT NULL,"
        " as_of BIGINT NOT NULL"
        ") ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4",
        "INSERT INTO site SELECT LEFT(SHA2(CONCAT(UUID(), RAND(), RAND()), 256), 32), 1, 0"
        " FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM site WHERE own = 1)",
        "CREATE TABLE IF NOT EXISTS imported ("
        " site VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,"
        " prefix VARCHAR(49) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,"
        " subscriber TINYINT NOT NULL,"
        " updated_at BIGINT NOT NULL,"
        " octets VARBINARY(1024) NOT NULL,"
        " PRIMARY KEY (site, prefix, subscriber)"
        ") ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4",
    },
    {
        "ALTER TABLE site ADD COLUMN IF NOT EXISTS"
        " key_mark VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT ''",
        "ALTER TABLE baseline ADD COLUMN IF NOT EXISTS seen BIGINT NOT NULL DEFAULT 1000",
        "CREATE INDEX IF NOT EXISTS baseline_seen ON baseline (subscriber, seen, updated_at)",
    },
    {
        "ALTER TABLE observation ADD COLUMN IF NOT EXISTS"
        " subscriber VARCHAR(49) CHARACTER SET ascii COLLATE ascii_bin",
        "CREATE INDEX IF NOT EXISTS observation_subscriber ON observation (subscriber, seen_at)",
    },
};

_Static_assert(sizeof migrations / sizeof migrations[0] == STORE_VERSION_NEWEST,
               "every kind of store has every migration");

/* A row that is there already is left as it is; IGNORE would also hide what is wrong with a row. */
static const char *const statements[STATEMENT_COUNT] = {
    [STATEMENT_PUT_OBSERVATION] =
        "INSERT INTO observation (address, port, seen_at, server_address, server_port, hop_limit,"
        " initial, hops, stack_family, stack_probability, network_prefix, network_hop_limit,"
        " network_share, network_seen, verdict, probability, evidence, rewritten, subscriber)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON DUPLICATE KEY UPDATE id = id",
    [STATEMENT_PUT_BASELINE] =
        "INSERT INTO baseline (prefix, subscriber, updated_at, octets, seen)"
        " VALUES (?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE updated_at = VALUES(updated_at),"
        " octets = VALUES(octets), seen = VALUES(seen)",
    [STATEMENT_PUT_LABEL] = "INSERT INTO label (address, port, label, labelled_at)"
                            " VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE id = id",
    [STATEMENT_EACH_BASELINE] = "SELECT prefix, subscriber, updated_at, octets FROM baseline",
    [STATEMENT_FORGET_OBSERVATIONS] =
        "DELETE FROM observation WHERE seen_at < ? ORDER BY seen_at LIMIT ?",
    [STATEMENT_FORGET_SUBSCRIBERS] = "DELETE FROM baseline WHERE subscriber = 1 AND updated_at < ?",
    [STATEMENT_FORGET_NETWORKS] = "DELETE FROM baseline WHERE subscriber = 0 AND updated_at < ?",
    [STATEMENT_COUNT_BASELINES] = "SELECT count(*) FROM baseline WHERE subscriber = ?",
    [STATEMENT_FORGET_BASELINES] =
        "DELETE FROM baseline WHERE subscriber = ? ORDER BY seen, updated_at LIMIT ?",
    [STATEMENT_SEEN_BEHIND] =
        "SELECT seen_at FROM observation ORDER BY seen_at DESC LIMIT 1 OFFSET ?",
    [STATEMENT_ADDRESSES_BETWEEN] =
        "SELECT address FROM (SELECT DISTINCT address FROM observation WHERE address > ? AND"
        " address < ? ORDER BY address LIMIT 256) AS o UNION"
        " SELECT address FROM (SELECT DISTINCT address FROM label WHERE address > ? AND"
        " address < ? ORDER BY address LIMIT 256) AS l ORDER BY address LIMIT 256",
    [STATEMENT_FORGET_ADDRESS] = "DELETE FROM observation WHERE address = ?",
    [STATEMENT_FORGET_LABELS] = "DELETE FROM label WHERE address = ?",
    [STATEMENT_FORGET_BASELINE] = "DELETE FROM baseline WHERE subscriber = 1 AND prefix = ?",
    [STATEMENT_FORGET_IMPORTED] = "DELETE FROM imported WHERE subscriber = 1 AND prefix = ?",
    [STATEMENT_FORGET_OLD_IMPORTED] =
        "DELETE FROM imported WHERE subscriber = 1 AND updated_at < ?",
    [STATEMENT_FORGET_TUNNEL] = "DELETE FROM observation WHERE subscriber = ?",
    [STATEMENT_EACH_MOMENT] =
        "SELECT seen_at, verdict, probability, stack_family, evidence FROM observation"
        " WHERE address = ? ORDER BY seen_at DESC LIMIT ?",
    [STATEMENT_EACH_MOMENT_IN_TUNNEL] =
        "SELECT seen_at, verdict, probability, stack_family, evidence FROM observation"
        " WHERE subscriber = ? ORDER BY seen_at DESC LIMIT ?",
    [STATEMENT_HAS_PLAIN] =
        "SELECT EXISTS (SELECT 1 FROM observation WHERE address NOT LIKE '1__:%')"
        " OR EXISTS (SELECT 1 FROM observation WHERE subscriber NOT LIKE '1__:%')"
        " OR EXISTS (SELECT 1 FROM label WHERE address NOT LIKE '1__:%')"
        " OR EXISTS (SELECT 1 FROM baseline WHERE subscriber = 1 AND prefix NOT LIKE '1__:%')"
        " OR EXISTS (SELECT 1 FROM imported WHERE subscriber = 1 AND prefix NOT LIKE '1__:%')",
    [STATEMENT_KEY_MARK] = "SELECT key_mark, as_of FROM site WHERE own = 1",
    [STATEMENT_PUT_KEY_MARK] = "UPDATE site SET key_mark = ? WHERE own = 1 AND key_mark = ''",
    [STATEMENT_SITE] = "SELECT id, as_of FROM site WHERE own = 1",
    [STATEMENT_AS_OF] = "SELECT id, as_of FROM site WHERE id = ? FOR UPDATE",
    [STATEMENT_EACH_IMPORTED] =
        "SELECT i.prefix, i.subscriber, i.updated_at, i.octets, i.site, s.as_of"
        " FROM imported AS i JOIN site AS s ON s.id = i.site ORDER BY i.site, i.prefix",
    [STATEMENT_CLEAR_SITE] = "DELETE FROM imported WHERE site = ?",
    [STATEMENT_PUT_SITE] = "INSERT INTO site (id, own, as_of) VALUES (?, 0, ?)"
                           " ON DUPLICATE KEY UPDATE as_of = VALUES(as_of)",
    [STATEMENT_PUT_IMPORTED] =
        "INSERT INTO imported (site, prefix, subscriber, updated_at, octets)"
        " VALUES (?, ?, ?, ?, ?)"
        " ON DUPLICATE KEY UPDATE updated_at = VALUES(updated_at), octets = VALUES(octets)",
};

void mariadb_connection_end(struct mariadb_store *s)
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

int mariadb_connection_fail(struct mariadb_store *s, const char *expected, const char *found,
                            int code)
{
    snprintf(s->base.error, sizeof s->base.error, "%s: expected %s, found: %s", s->text, expected,
             found);
    return code;
}

static int run_sql(struct mariadb_store *s, const char *sql)
{
    return mysql_query(s->db, sql) == 0
               ? 0
               : mariadb_connection_fail(s, "to use its tables", mysql_error(s->db), -EIO);
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
        return mariadb_connection_fail(s, "to use its tables", mysql_error(s->db), -EIO);
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
        result = mariadb_connection_fail(s, "to bring its tables to the newest version",
                                         "somebody else who does so for more than 10 seconds",
                                         -EHOSTDOWN);
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
            return mariadb_connection_fail(s, "memory", strerror(ENOMEM), -ENOMEM);
        if (mysql_stmt_prepare(s->statement[i], statements[i], strlen(statements[i])) != 0)
            return mariadb_connection_fail(s, "to use its tables",
                                           mysql_stmt_error(s->statement[i]), -EIO);
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

    return mariadb_connection_fail(s, refused ? "to be let in" : "to reach it", mysql_error(s->db),
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
        return mariadb_connection_fail(s, "memory", strerror(ENOMEM), -ENOMEM);
    set_options(s->db);
    if (mysql_real_connect(s->db, url->host, url->user, password, url->name, url->port,
                           url->socket[0] != '\0' ? url->socket : NULL, 0) == NULL)
        result = not_let_in(s);
    explicit_bzero(password, sizeof password);
    return result;
}

int mariadb_connection_make(struct mariadb_store *s)
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
        mariadb_connection_end(s);
    return result;
}
