/*
 * The way to a MariaDB database. A connection is made when something is to be done and there is
 * none; any failure ends it, so that what was begun on it is rolled back by the server, and the next
 * try starts clean. Every wait on the server is bounded. Only mariadb.c needs this.
 */
#ifndef HOPTELL_STORE_MARIADB_CONNECTION_H
#define HOPTELL_STORE_MARIADB_CONNECTION_H

#include "base/store_url.h"
#include "store/backend.h"
#include "store/statement.h"

#include <mysql.h>

struct mariadb_store {
    struct store base;
    char *text; /* the URL, for messages */
    char *password_file;
    struct store_url url;
    MYSQL *db; /* NULL: not connected */
    MYSQL_STMT *statement[STATEMENT_COUNT];
};

/*
 * 0 with a connection, the newest tables and all statements prepared; else none, and words in the
 * store's error: -EHOSTDOWN where another try may do better, another negative errno where not.
 */
int mariadb_connection_make(struct mariadb_store *s);

void mariadb_connection_end(struct mariadb_store *s); /* none is fine */

/* Keeps what was expected and found in the store's error; returns `code`. */
int mariadb_connection_fail(struct mariadb_store *s, const char *expected, const char *found,
                            int code);

#endif
