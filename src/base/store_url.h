/*
 * Where a shared store is: mariadb://USER@HOST[:PORT]/NAME[?socket=PATH]
 *
 * HOST is a name or an address, IPv6 in brackets. With `localhost` it is a Unix socket, MariaDB's
 * usual one or that of `socket`. A password has no place in it, since settings are shown and
 * logged: it is in a file of its own.
 */
#ifndef HOPTELL_BASE_STORE_URL_H
#define HOPTELL_BASE_STORE_URL_H

#include <stdbool.h>
#include <stdint.h>

struct store_url {
    char user[81];    /* MariaDB takes 80 letters */
    char host[256];   /* without brackets */
    uint16_t port;    /* 0: the usual one */
    char name[65];    /* of the database; MariaDB takes 64 letters */
    char socket[108]; /* "": none is named; sockaddr_un takes no more */
};

/* False, with *out undefined, for anything but exactly such a URL. */
bool store_url_parse(const char *text, struct store_url *out);

/* Is it a URL of that scheme at all, right or wrong? */
bool store_url_is_mariadb(const char *text);

#endif
