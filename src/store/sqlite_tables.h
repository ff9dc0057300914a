/*
 * What is said to SQLite: the tables, and the statements on them. Only sqlite.c needs this.
 */
#ifndef HOPTELL_STORE_SQLITE_TABLES_H
#define HOPTELL_STORE_SQLITE_TABLES_H

#include "store/backend.h"
#include "store/statement.h"

/* Number n brings the tables from version n to n + 1. */
extern const char *const sqlite_migrations[STORE_VERSION_NEWEST];
extern const char *const sqlite_statements[STATEMENT_COUNT];

#endif
