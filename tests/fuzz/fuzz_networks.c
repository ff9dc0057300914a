/*
 * The user's file of networks: each one that was read is found by its own address, unless a finer one
 * holds that, and larger ones hold it.
 */
#include "watch/named_networks.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check(const struct named_networks *networks, const struct named_network *network)
{
    const struct named_network *at = named_networks_find(networks, &network->prefix.address);

    require(network->name[0] != '\0' && strlen(network->name) < NETWORK_NAME_MAX);
    require(network_kind_name((enum network_kind)network->kind)[0] != '\0');
    require(named_networks_at(networks, &network->prefix) == network);
    while (at && at != network) {
        require(at->prefix.length > network->prefix.length);
        at = named_networks_parent(networks, at);
    }
    require(at == network);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    static struct report report;
    struct named_networks *networks;

    report_init(&report, "networks.csv");
    if (named_networks_new((const char *)octets, length, &report, &networks) < 0)
        return 0;
    for (size_t i = 0; i < networks->count; i++)
        check(networks, &networks->network[i]);
    named_networks_free(networks);
    return 0;
}
