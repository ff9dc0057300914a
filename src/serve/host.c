/*
 * The Host of a request; see host.h.
 */
#include "serve/host.h"

#include "base/units.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { HOST_MAX = 254 };

static bool ends_in_localhost(const char *name)
{
    static const char ending[] = ".localhost";
    const size_t length = strlen(name);

    return length >= sizeof ending - 1 &&
           strcasecmp(name + length - (sizeof ending - 1), ending) == 0;
}

bool host_is_local(const char *host)
{
    const bool is_bracketed = host[0] == '[';
    const size_t length = is_bracketed ? strcspn(host, "]") : strcspn(host, ":");
    char name[HOST_MAX];
    struct address address;

    if (length >= sizeof name)
        return false;
    snprintf(name, sizeof name, "%.*s", (int)(length - is_bracketed), host + is_bracketed);
    return strchr(name, '.') == NULL || ends_in_localhost(name) ||
           units_parse_address(name, &address);
}
