/*
 * The tables in SQLite, and the statements on them; see sqlite_tables.h. Times are microseconds since
 * 1970-01-01 UTC.
 */
#include "store/sqlite_tables.h"

/* Number n of these brings the tables from version n to n + 1. Never change one: add the next. */
const char *const sqlite_migrations[STORE_VERSION_NEWEST] = {
    "CREATE TABLE observation ("
    " id INTEGER PRIMARY KEY,"
    " address TEXT NOT NULL,"
    " port INTEGER NOT NULL,"
    " seen_at INTEGER NOT NULL,"
    " server_address TEXT NOT NULL,"
    " server_port INTEGER NOT NULL,"
    " hop_limit INTEGER NOT NULL,"
    " initial INTEGER NOT NULL,"
    " hops INTEGER NOT NULL,"
    " stack_family TEXT NOT NULL,"
    " stack_probability REAL NOT NULL,"
    " network_prefix TEXT,"
    " network_hop_limit INTEGER,"
    " network_share REAL,"
    " network_seen INTEGER,"
    " verdict TEXT NOT NULL,"
    " probability REAL NOT NULL,"
    " evidence TEXT NOT NULL);"
    /* What is delivered again after a fault is the same row, and is kept once. */
    "CREATE UNIQUE INDEX observation_connection"
    " ON observation (address, port, seen_at, server_address, server_port);"
    "CREATE INDEX observation_seen_at ON observation (seen_at);"
    "CREATE TABLE baseline ("
    " prefix TEXT NOT NULL,"
    " subscriber INTEGER NOT NULL,"
    " updated_at INTEGER NOT NULL,"
    " octets BLOB NOT NULL,"
    " PRIMARY KEY (prefix, subscriber)) WITHOUT ROWID;"
    "CREATE TABLE label ("
    " id INTEGER PRIMARY KEY,"
    " address TEXT NOT NULL,"
    " port INTEGER NOT NULL,"
    " label TEXT NOT NULL,"
    " labelled_at INTEGER NOT NULL);"
    "CREATE INDEX label_address ON label (address, port);",
    /* A label, too, is kept once when it is delivered again. */
    "DELETE FROM label WHERE id NOT IN"
    " (SELECT min(id) FROM label GROUP BY address, port, labelled_at);"
    "CREATE UNIQUE INDEX label_once ON label (address, port, labelled_at);"
    "DROP INDEX label_address;",
    /* Before, nobody looked whether a hop limit was rewritten. */
    "ALTER TABLE observation ADD COLUMN rewritten INTEGER NOT NULL DEFAULT 0;",
    /* Baselines of other sites, and this site's own id. */
    "CREATE TABLE site ("
    " id TEXT NOT NULL PRIMARY KEY,"
    " own INTEGER NOT NULL,"
    " as_of INTEGER NOT NULL);"
    "INSERT INTO site VALUES (lower(hex(randomblob(16))), 1, 0);"
    "CREATE TABLE imported ("
    " site TEXT NOT NULL,"
    " prefix TEXT NOT NULL,"
    " subscriber INTEGER NOT NULL,"
    " updated_at INTEGER NOT NULL,"
    " octets BLOB NOT NULL,"
    " PRIMARY KEY (site, prefix, subscriber)) WITHOUT ROWID;",
    /* What tells a changed key of hidden addresses; and how often each baseline was seen, since the
     * least seen are the first to go. Of those from before nobody knows: often. */
    "ALTER TABLE site ADD COLUMN key_mark TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE baseline ADD COLUMN seen INTEGER NOT NULL DEFAULT 1000;"
    "CREATE INDEX baseline_seen ON baseline (subscriber, seen, updated_at);",
    /* Whose it is where a tunnel tells it, as in `baseline`; NULL: its address does. */
    "ALTER TABLE observation ADD COLUMN subscriber TEXT;"
    "CREATE INDEX observation_subscriber ON observation (subscriber, seen_at)"
    " WHERE subscriber IS NOT NULL;",
};

const char *const sqlite_statements[STATEMENT_COUNT] = {
    [STATEMENT_PUT_OBSERVATION] =
        "INSERT OR IGNORE INTO observation (address, port, seen_at, server_address, server_port,"
        " hop_limit, initial, hops, stack_family, stack_probability, network_prefix,"
        " network_hop_limit, network_share, network_seen, verdict, probability, evidence, "
        "rewritten, subscriber)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,"
        " ?18, ?19)",
    [STATEMENT_PUT_BASELINE] =
        "INSERT OR REPLACE INTO baseline (prefix, subscriber, updated_at, octets, seen)"
        " VALUES (?1, ?2, ?3, ?4, ?5)",
    [STATEMENT_PUT_LABEL] =
        "INSERT OR IGNORE INTO label (address, port, label, labelled_at) VALUES (?1, ?2, ?3, ?4)",
    [STATEMENT_EACH_BASELINE] = "SELECT prefix, subscriber, updated_at, octets FROM baseline",
    [STATEMENT_FORGET_OBSERVATIONS] = "DELETE FROM observation WHERE id IN"
                                      " (SELECT id FROM observation WHERE seen_at < ?1 LIMIT ?2)",
    [STATEMENT_FORGET_SUBSCRIBERS] =
        "DELETE FROM baseline WHERE subscriber = 1 AND updated_at < ?1",
    [STATEMENT_FORGET_NETWORKS] = "DELETE FROM baseline WHERE subscriber = 0 AND updated_at < ?1",
    [STATEMENT_COUNT_BASELINES] = "SELECT count(*) FROM baseline WHERE subscriber = ?1",
    [STATEMENT_FORGET_BASELINES] =
        "DELETE FROM baseline WHERE subscriber = ?1 AND prefix IN (SELECT prefix FROM baseline"
        " WHERE subscriber = ?1 ORDER BY seen, updated_at LIMIT ?2)",
    [STATEMENT_SEEN_BEHIND] =
        "SELECT seen_at FROM observation ORDER BY seen_at DESC LIMIT 1 OFFSET ?1",
    [STATEMENT_ADDRESSES_BETWEEN] =
        "SELECT address FROM (SELECT DISTINCT address FROM observation WHERE address > ?1 AND"
        " address < ?2 ORDER BY address LIMIT 256) AS o UNION"
        " SELECT address FROM (SELECT DISTINCT address FROM label WHERE address > ?1 AND"
        " address < ?2 ORDER BY address LIMIT 256) AS l ORDER BY address LIMIT 256",
    [STATEMENT_FORGET_ADDRESS] = "DELETE FROM observation WHERE address = ?1",
    [STATEMENT_FORGET_LABELS] = "DELETE FROM label WHERE address = ?1",
    [STATEMENT_FORGET_BASELINE] = "DELETE FROM baseline WHERE subscriber = 1 AND prefix = ?1",
    [STATEMENT_FORGET_IMPORTED] = "DELETE FROM imported WHERE subscriber = 1 AND prefix = ?1",
    [STATEMENT_FORGET_OLD_IMPORTED] =
        "DELETE FROM imported WHERE subscriber = 1 AND updated_at < ?1",
    [STATEMENT_FORGET_TUNNEL] = "DELETE FROM observation WHERE subscriber = ?1",
    [STATEMENT_EACH_MOMENT] =
        "SELECT seen_at, verdict, probability, stack_family, evidence FROM observation"
        " WHERE address = ?1 ORDER BY seen_at DESC LIMIT ?2",
    [STATEMENT_EACH_MOMENT_IN_TUNNEL] =
        "SELECT seen_at, verdict, probability, stack_family, evidence FROM observation"
        " WHERE subscriber = ?1 ORDER BY seen_at DESC LIMIT ?2",
    [STATEMENT_HAS_PLAIN] =
        "SELECT EXISTS (SELECT 1 FROM observation WHERE address NOT LIKE '1__:%')"
        " OR EXISTS (SELECT 1 FROM observation WHERE subscriber IS NOT NULL"
        " AND subscriber NOT LIKE '1__:%')"
        " OR EXISTS (SELECT 1 FROM label WHERE address NOT LIKE '1__:%')"
        " OR EXISTS (SELECT 1 FROM baseline WHERE subscriber = 1 AND prefix NOT LIKE '1__:%')"
        " OR EXISTS (SELECT 1 FROM imported WHERE subscriber = 1 AND prefix NOT LIKE '1__:%')",
    [STATEMENT_KEY_MARK] = "SELECT key_mark FROM site WHERE own = 1",
    [STATEMENT_PUT_KEY_MARK] = "UPDATE site SET key_mark = ?1 WHERE own = 1 AND key_mark = ''",
    [STATEMENT_SITE] = "SELECT id FROM site WHERE own = 1",
    [STATEMENT_AS_OF] = "SELECT as_of FROM site WHERE id = ?1",
    [STATEMENT_EACH_IMPORTED] =
        "SELECT i.prefix, i.subscriber, i.updated_at, i.octets, i.site, s.as_of"
        " FROM imported AS i JOIN site AS s ON s.id = i.site ORDER BY i.site, i.prefix",
    [STATEMENT_CLEAR_SITE] = "DELETE FROM imported WHERE site = ?1",
    [STATEMENT_PUT_SITE] = "INSERT OR REPLACE INTO site (id, own, as_of) VALUES (?1, 0, ?2)",
    [STATEMENT_PUT_IMPORTED] =
        "INSERT OR REPLACE INTO imported (site, prefix, subscriber, updated_at, octets)"
        " VALUES (?1, ?2, ?3, ?4, ?5)",
};
