/*
 * The greeting; see greeting.h.
 */
#include "cli/greeting.h"

#include "base/log.h"
#include "base/units.h"

#include <stdio.h>
#include <string.h>

enum { WHERE_MAX = ADDRESS_TEXT_MAX + 16 };

/* Where a listener can be reached from this machine: "localhost:8080" for one on all addresses. */
static const char *reach(const char *listen, char out[WHERE_MAX])
{
    struct address address;
    uint16_t port;

    if (units_parse_endpoint(listen, &address, &port) && address_is_unspecified(&address))
        snprintf(out, WHERE_MAX, "localhost:%u", port);
    else
        snprintf(out, WHERE_MAX, "%s", listen);
    return out;
}

static void say_watching(const struct text_list *interfaces)
{
    if (interfaces->count == 0)
        log_notice("watching the connections to its own pages only");
    for (size_t i = 0; i < interfaces->count; i++)
        log_notice("watching TCP connections to this machine on %s",
                   strcmp(interfaces->item[i], "any") == 0 ? "all interfaces"
                                                           : interfaces->item[i]);
}

static void say_serving(const struct settings *settings)
{
    char where[WHERE_MAX];

    for (size_t i = 0; i < settings->visitors_listen.count; i++)
        log_notice("visitors: http://%s/", reach(settings->visitors_listen.item[i], where));
    for (size_t i = 0; i < settings->operators_listen.count; i++)
        log_notice(strncmp(settings->operators_listen.item[i], "unix:", 5) == 0
                       ? "operators: %s, and 'hoptell lookup ADDRESS PORT'"
                       : "operators: http://%s/, and 'hoptell lookup ADDRESS PORT'",
                   reach(settings->operators_listen.item[i], where));
}

static void say_tale(const struct tale *tale)
{
    for (size_t i = 0; i < tale->target_count; i++) {
        char text[ADDRESS_TEXT_MAX];

        log_notice("tale %s: traceroute %s", tale->name,
                   units_address(&tale->target[i].address, text));
    }
}

void greeting_say(const struct settings *settings, const struct tales *tales, bool by_hand)
{
    say_watching(&settings->watch_interfaces);
    say_serving(settings);
    for (size_t i = 0; i < tales->count; i++)
        say_tale(tales->tale[i]);
    if (by_hand)
        log_notice("Ctrl-C ends it and leaves nothing behind");
}
