/*
 * hoptell label: tells the running daemon the truth about an address.
 */
#include "base/units.h"
#include "cli/asking.h"
#include "cli/options.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct telling {
    struct address address;
    uint32_t port; /* 0: every one */
    const char *label;
    const char *file;
};

static const struct option_row rows[] = {
    {"port", 'p', "PORT", "of the connections from this port alone", .take = option_number,
     .member = offsetof(struct telling, port), .expected = "a port from 1 to 65535", .low = 1,
     .high = UINT16_MAX},
    ASKING_ROW_CONFIG(struct telling),
};

const struct options label_options = {
    .command = "label",
    .operands = "ADDRESS direct|tethered",
    .purpose =
        "Tells the running daemon what is known to be true of the connections from ADDRESS.\n"
        "It keeps the label in its store, so that verdicts can be measured against it.",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};

static enum command_status take_operands(int count, char **operands, struct telling *t)
{
    if (count < 1 || !units_parse_address(operands[0], &t->address))
        return command_usage("label", "expected an IPv4 or IPv6 address, found %s%s%s",
                             count < 1 ? "none" : "'", count < 1 ? "" : operands[0],
                             count < 1 ? "" : "'");
    if (count < 2 || (strcmp(operands[1], "direct") != 0 && strcmp(operands[1], "tethered") != 0))
        return command_usage("label", "expected direct or tethered after %s, found %s%s%s",
                             operands[0], count < 2 ? "none" : "'", count < 2 ? "" : operands[1],
                             count < 2 ? "" : "'");
    if (count > 2)
        return command_usage("label", "expected an address and a label, found '%s' after them",
                             operands[2]);
    t->label = operands[1];
    return COMMAND_DONE;
}

enum command_status command_label(int argc, char **argv)
{
    struct telling t = {.port = 0};
    struct asking asking = {.command = "label"};
    enum command_status status;
    char address[ADDRESS_TEXT_MAX];
    char port[32] = "";
    char json[160];

    if (!options_take(&label_options, argc, argv, &t, &status))
        return status;
    status = take_operands(argc - optind, argv + optind, &t);
    if (status != COMMAND_DONE)
        return status;
    asking.file = t.file;
    if (t.port != 0)
        snprintf(port, sizeof port, "\"port\": %u, ", t.port);
    snprintf(json, sizeof json, "{\"address\": \"%s\", %s\"label\": \"%s\"}",
             units_address(&t.address, address), port, t.label);
    return asking_tell(&asking, "POST", "/v1/labels", json);
}
