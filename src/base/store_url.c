/*
 * The place of a shared store; see store_url.h.
 */
#include "base/store_url.h"

#include "base/units.h"

#include <stdlib.h>
#include <string.h>

static const char scheme[] = "mariadb://";

bool store_url_is_mariadb(const char *text)
{
    return strncmp(text, scheme, strlen(scheme)) == 0;
}

/* Copies the `length` octets at `from`, which may be neither none nor more than fit. */
static bool take(const char *from, size_t length, char *out, size_t size)
{
    if (length == 0 || length >= size)
        return false;
    memcpy(out, from, length);
    out[length] = '\0';
    return true;
}

static bool take_port(const char *text, size_t length, uint16_t *out)
{
    char digits[6];
    long port;

    if (!take(text, length, digits, sizeof digits) || strspn(digits, "0123456789") != length)
        return false;
    port = strtol(digits, NULL, 10);
    *out = (uint16_t)port;
    return port >= 1 && port <= UINT16_MAX;
}

/* HOST, HOST:PORT, [ADDRESS] or [ADDRESS]:PORT in the `length` octets at `text`. */
static bool take_host(const char *text, size_t length, struct store_url *out)
{
    const bool brackets = text[0] == '[';
    const char *host = text + (brackets ? 1 : 0);
    const char *end = memchr(host, brackets ? ']' : ':', length - (size_t)(host - text));
    const char *rest;
    struct address address;

    if (brackets && end == NULL)
        return false;
    if (end == NULL)
        end = text + length;
    if (!take(host, (size_t)(end - host), out->host, sizeof out->host))
        return false;
    if (brackets ? !units_parse_address(out->host, &address) : !units_is_host_name(out->host))
        return false;
    rest = end + (brackets ? 1 : 0);
    if (rest == text + length)
        return true;
    return *rest == ':' && take_port(rest + 1, length - (size_t)(rest + 1 - text), &out->port);
}

/* NAME or NAME?socket=PATH */
static bool take_name(const char *text, struct store_url *out)
{
    static const char option[] = "?socket=";
    const size_t length = strcspn(text, "?");
    const char *rest = text + length;

    if (!take(text, length, out->name, sizeof out->name) || strpbrk(out->name, "/&#%") != NULL)
        return false;
    if (*rest == '\0')
        return true;
    return strncmp(rest, option, strlen(option)) == 0 && strcmp(out->host, "localhost") == 0 &&
           rest[strlen(option)] == '/' &&
           take(rest + strlen(option), strlen(rest + strlen(option)), out->socket,
                sizeof out->socket);
}

bool store_url_parse(const char *text, struct store_url *out)
{
    const char *user = text + strlen(scheme);
    const char *at;
    const char *slash;

    *out = (struct store_url){0};
    if (!store_url_is_mariadb(text))
        return false;
    at = strchr(user, '@');
    slash = at != NULL ? strchr(at, '/') : NULL;
    if (slash == NULL || slash == at + 1)
        return false;
    return take(user, (size_t)(at - user), out->user, sizeof out->user) &&
           strpbrk(out->user, ":/?#%") == NULL &&
           take_host(at + 1, (size_t)(slash - at - 1), out) && take_name(slash + 1, out);
}
