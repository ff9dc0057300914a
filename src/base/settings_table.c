/*
 * The table of settings: a row is all there is to say of one; see settings_table.h.
 */
#include "base/settings_table.h"

#include "base/store_url.h"
#include "base/units.h"

#include <string.h>

/* What texts must look like */

static bool is_user(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    const size_t length = strlen(text);

    return length >= 1 && length <= 32 && strspn(text, letters) >= 1 &&
           strcspn(text, ":/ ") == length;
}

static bool is_store(const char *text)
{
    static const char sqlite[] = "sqlite:";
    struct store_url url;

    if (strncmp(text, sqlite, strlen(sqlite)) == 0)
        return text[strlen(sqlite)] != '\0';
    if (store_url_is_mariadb(text))
        return store_url_parse(text, &url);
    return strcmp(text, "none") == 0;
}

static bool is_file(const char *text)
{
    return text[0] != '\0';
}

/* What the kernel takes for one (dev_valid_name, IFNAMSIZ), but no '%', which is a pattern to it. */
static bool is_interface(const char *text)
{
    const size_t length = strlen(text);

    return length >= 1 && length <= 15 && strcspn(text, "/: %") == length &&
           strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
}

static bool is_device(const char *text)
{
    return is_interface(text) && strcmp(text, "any") != 0;
}

static bool is_endpoint(const char *text)
{
    struct address address;
    uint16_t port;

    return units_parse_endpoint(text, &address, &port);
}

/* An endpoint, or a Unix socket whose path the kernel can hold (unix(7)). */
static bool is_operators_place(const char *text)
{
    if (strncmp(text, "unix:", 5) == 0)
        return text[5] == '/' && strlen(text + 5) < 108 && text[strlen(text) - 1] != '/';
    return is_endpoint(text);
}

static bool is_path_or_nothing(const char *text)
{
    return text[0] == '/' || text[0] == '\0';
}

/* Letters, digits, hyphens and dots, labels of 1 to 63 octets (RFC 1123, 2.1); or nothing. */
static bool is_name(const char *text)
{
    size_t label = 0;

    if (strlen(text) > 253)
        return false;
    for (const char *p = text; *p != '\0'; p++) {
        const bool edge = p[1] == '\0' || p[1] == '.' || label == 0;

        if (*p == '.' ? label == 0 || p[1] == '\0' : *p == '-' && edge)
            return false;
        if (*p != '.' && *p != '-' && !(*p >= '0' && *p <= '9') &&
            !((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z'))
            return false;
        label = *p == '.' ? 0 : label + 1;
        if (label > 63)
            return false;
    }
    return true;
}

/* In the order of the enums in settings.h. */
static const char *const log_levels[] = {"error", "warning", "notice", "info", "debug", NULL};
static const char *const subscribers[] = {"address", "tunnel", NULL};
static const char *const address_forms[] = {"plain", "hashed", NULL};
static const char *const rules[] = {"evidence", "first-drop", NULL};
static const char *const datapaths[] = {"tun", "xdp", NULL};
static const char *const watch_datapaths[] = {"pcap", "xdp", NULL};
static const char *const no_or_yes[] = {"false", "true", NULL};
static const char *const xdp_modes[] = {"auto", "native", "generic", NULL};
static const char *const resolver_uses[] = {"off", "system", NULL};

/* The field's place, where it has the C type that the setting's type stores; else it does not build. */
#define FIELD(setting_type, c_type, name)                               \
    .type = (setting_type), .offset = offsetof(struct settings, name) + \
                                      0 * sizeof((c_type *)0 == &((struct settings *)0)->name)
#define TEXT(name)      FIELD(SETTING_TEXT, char *, name)
#define COUNT(name)     FIELD(SETTING_COUNT, uint64_t, name)
#define SIZE(name)      FIELD(SETTING_SIZE, uint64_t, name)
#define DURATION(name)  FIELD(SETTING_DURATION, uint64_t, name)
#define SHARE(name)     FIELD(SETTING_SHARE, double, name)
#define CHOICE(name)    FIELD(SETTING_CHOICE, int, name)
#define TEXTS(name)     FIELD(SETTING_TEXTS, struct text_list, name)
#define PREFIXES(name)  FIELD(SETTING_PREFIXES, struct prefix_list, name)
#define ADDRESSES(name) FIELD(SETTING_ADDRESSES, struct prefix_list, name)

/* Keys of one group stand together, since the file has them together. */
const struct setting settings_table[] = {
    {.key = "user",
     TEXT(user),
     .fixed = true,
     .fallback = "hoptell",
     .words = "a user's name",
     .good = is_user,
     .help = "Who hoptell is once everything that needs rights is open. In a user namespace that "
             "has no other, root: without its capabilities."},
    {.key = "store",
     TEXT(store),
     .fixed = true,
     .fallback = "sqlite:/var/lib/hoptell/hoptell.db",
     .words = "sqlite:PATH, mariadb://USER@HOST[:PORT]/NAME or none",
     .good = is_store,
     .help =
         "Where verdicts and baselines are kept: in a file, or in a MariaDB database that pages "
         "and other machines share. At localhost MariaDB is asked by its Unix socket, or by "
         "another one with ?socket=PATH after NAME. A password never stands here. With none "
         "all is forgotten at the end."},
    {.key = "store_password_file",
     TEXT(store_password_file),
     .fixed = true,
     .fallback = "\"\"",
     .words = "a file (\"\" for no password)",
     .help = "The password for MariaDB: the first line of this file, which the user of hoptell has "
             "to be able to read, and nobody else should. It is read anew for each connection."},
    {.key = "store_addresses",
     CHOICE(store_addresses),
     .fixed = true,
     .fallback = "plain",
     .choices = address_forms,
     .help =
         "How clients' addresses are kept. hashed keeps them, in the store and in the spool, as "
         "a keyed hash in the form of an IPv6 address of 100::/8: who has the store without the "
         "key cannot tell whose they are, and hoptell still finds, forgets and remembers them. "
         "It takes a store without plain addresses."},
    {.key = "store_key_file",
     TEXT(store_key_file),
     .fixed = true,
     .fallback = "\"\"",
     .words = "a file (\"\" for the usual one)",
     .help =
         "The key for hashed addresses, 32 random octets that hoptell makes where there is no "
         "such file, readable for its owner alone. The usual one is, for sqlite:PATH, PATH with "
         ".key after it, else /var/lib/hoptell/address.key. Without the key hashed addresses "
         "are nobody's for ever."},
    {.key = "keep",
     DURATION(keep_us),
     .fallback = "30d",
     .least = "1min",
     .most = "3650d",
     .help =
         "How long a verdict stays in the store, and what was learnt of a subscriber who does not "
         "come."},
    {.key = "keep_observations",
     COUNT(keep_observations),
     .fallback = "10M",
     .least = "1k",
     .most = "100M",
     .help = "How many verdicts stay in the store; of more the oldest go, once an hour. A million "
             "takes up to a gigabyte."},
    {.key = "log",
     CHOICE(log_level),
     .fallback = "notice",
     .choices = log_levels,
     .help = "The least important messages that are shown."},
    {.key = "tales",
     TEXTS(tales),
     .fallback = "[]",
     .words = "a list of files ([] for none)",
     .item = "a file",
     .good = is_file,
     .help = "The tales that run, each a file. A path that does not begin with / starts from where "
             "this file is."},
    {.key = "own",
     PREFIXES(own),
     .fallback = "[]",
     .words = "a list of prefixes ([] for none)",
     .item = "a prefix, as in 203.0.113.0/24 or 2001:db8::/32",
     .help = "The prefixes that are yours to answer from. A tale with a hop outside them is "
             "refused, because an answer from somebody else's address is a forgery (RFC 2827)."},

    {.key = "datapath",
     CHOICE(datapath),
     .fixed = true,
     .fallback = "tun",
     .choices = datapaths,
     .help =
         "Where probes are answered. tun is a device to which the targets are routed. xdp answers "
         "on xdp.interfaces before this machine's own stack sees a probe, so that a target may "
         "be an address of this machine."},

    {.key = "spool.path",
     TEXT(spool_path),
     .fixed = true,
     .fallback = "\"\"",
     .words = "a directory (\"\" for the usual one)",
     .help = "Where observations wait on disk while the store does not take them, or takes less "
             "than comes. It is made if need be. The usual one is, for sqlite:PATH, PATH with "
             ".spool after it, else /var/lib/hoptell/spool. Each hoptell needs its own."},
    {.key = "spool.size",
     SIZE(spool_size),
     .fixed = true,
     .fallback = "256MiB",
     .least = "1MiB",
     .most = "1TiB",
     .help =
         "How much may wait there. When it is full, rows wait in memory, as long as that has room, "
         "and are then lost, and counted. An observation takes about 160 octets."},

    {.key = "watch.interfaces",
     TEXTS(watch_interfaces),
     .fixed = true,
     .fallback = "[any]",
     .words = "a list of interfaces ([] for none)",
     .item = "an interface's name of at most 15 letters, or any",
     .good = is_interface,
     .help = "Where opening packets are captured; any is all interfaces. Connections to hoptell's "
             "own pages are seen without it."},
    {.key = "watch.datapath",
     CHOICE(watch_datapath),
     .fixed = true,
     .fallback = "pcap",
     .choices = watch_datapaths,
     .help = "How opening packets are captured. xdp costs established connections next to nothing, "
             "and takes watch.interfaces by name."},
    {.key = "watch.tunnels",
     CHOICE(watch_tunnels),
     .fixed = true,
     .fallback = "false",
     .choices = no_or_yes,
     .help = "Whether watch.interfaces are taps: packets for others are captured as well, and "
             "MPLS, PPPoE, GRE, ERSPAN, IP in IP, 6in4, VXLAN and GTP-U are looked through. Both "
             "directions may be on it. Of connections that go on, one packet in 64, and each in a "
             "tunnel, shows with which hop limits their clients arrive. Only for a link on which "
             "nobody "
             "else can put such packets."},
    {.key = "watch.subscriber",
     CHOICE(watch_subscriber),
     .fixed = true,
     .fallback = "address",
     .choices = subscribers,
     .help =
         "What a subscriber goes by: its IPv4 address or IPv6 /64, or the outermost GTP-U tunnel, "
         "by its endpoint and identifier, which stays when the address changes, and tells apart "
         "private addresses that are used more than once. tunnel takes watch.tunnels: true; "
         "packets without a tunnel go by their address. `hoptell subscribers "
         "teid:IDENTIFIER@ENDPOINT` shows and forgets one."},
    {.key = "watch.stacks",
     TEXT(watch_stacks),
     .fallback = "\"\"",
     .words = "a file (\"\" for the table that ships with hoptell)",
     .help = "The table by which opening packets are told apart, as of hoptell stack; see "
             "hoptell-stack(1). A path that does not begin with / starts from where this file is."},
    {.key = "watch.p0f",
     TEXT(watch_p0f),
     .fallback = "\"\"",
     .words = "a file (\"\" for none)",
     .help = "Signatures in the format of p0f 3 that are gone by beside the table, as in "
             "/etc/p0f/p0f.fp."},
    {.key = "watch.connections",
     COUNT(watch_connections),
     .fixed = true,
     .fallback = "1M",
     .least = "1k",
     .most = "100M",
     .help = "How many connections are remembered; then the oldest is forgotten."},
    {.key = "watch.subscribers",
     COUNT(watch_subscribers),
     .fixed = true,
     .fallback = "1M",
     .least = "1k",
     .most = "100M",
     .help = "How many subscribers (IPv4 addresses, IPv6 /64) have a baseline, in memory and in "
             "the store; of more those go that were seen least."},
    {.key = "watch.networks",
     COUNT(watch_networks),
     .fixed = true,
     .fallback = "64k",
     .least = "1k",
     .most = "10M",
     .help =
         "How many networks have a baseline, in memory and in the store; of more those go that "
         "were "
         "seen least. One that was not seen for 48 days has faded to nothing, and goes as well."},
    {.key = "watch.networks_file",
     TEXT(watch_networks_file),
     .fallback = "\"\"",
     .words = "a file (\"\" for none)",
     .help =
         "Networks that you know, a CSV file with the header prefix,name,kind; kind is handset, "
         "fixed or hosting. They are compared each by itself, at the size that stands there, and "
         "`hoptell networks` calls them by their names. On fixed lines a router at home is "
         "normal, so that one hop more says nothing; of hosting networks nothing is said at "
         "all. A relative path begins at the folder of this file."},

    {.key = "judge.rule",
     CHOICE(judge_rule),
     .fallback = "evidence",
     .choices = rules,
     .help = "How a verdict is found. evidence adds up weights and may say unknown; first-drop "
             "takes any hop limit below the network's highest for a tether."},
    {.key = "judge.prior",
     SHARE(judge_prior),
     .fallback = "10%",
     .least = "0.01%",
     .most = "99%",
     .help = "The share of connections that are tethered, as you expect it before anything is "
             "seen."},
    {.key = "judge.threshold",
     SHARE(judge_threshold),
     .fallback = "95%",
     .least = "50%",
     .most = "99.99%",
     .help = "From this probability on the verdict is tethered; below 100% less this one it is "
             "direct; between the two it is unknown."},

    {.key = "tun.name",
     TEXT(tun_name),
     .fixed = true,
     .fallback = "hoptell0",
     .words = "a device's name of at most 15 letters",
     .good = is_device,
     .help = "The device to which the tales' targets are routed. It exists while hoptell runs."},
    {.key = "tun.addresses",
     ADDRESSES(tun_addresses),
     .fixed = true,
     .fallback = "[]",
     .words = "a list of addresses ([] for none)",
     .item = "an address without a length, as in 198.51.100.1 or 2001:db8::1",
     .help = "This machine's own addresses on the device: what it sends from when you trace a tale "
             "from here."},
    {.key = "tun.queues",
     COUNT(tun_queues),
     .fixed = true,
     .fallback = "0",
     .least = "0",
     .most = "64",
     .help = "The device's queues, each with a thread of its own that answers; 0 is one for each "
             "processor."},

    {.key = "xdp.interfaces",
     TEXTS(xdp_interfaces),
     .fixed = true,
     .fallback = "[]",
     .words = "a list of interfaces ([] for none)",
     .item = "an interface's name of at most 15 letters",
     .good = is_device,
     .help = "Where probes arrive that are answered by XDP."},
    {.key = "xdp.mode",
     CHOICE(xdp_mode),
     .fixed = true,
     .fallback = "auto",
     .choices = xdp_modes,
     .help =
         "Where the XDP program runs: native is the driver, generic is the kernel after it, which "
         "works on every interface and is slower; auto is native where the driver has it."},

    {.key = "limit.source_rate",
     COUNT(limit_source_rate),
     .fallback = "200",
     .least = "1",
     .most = "10M",
     .help = "Answers a second to one source (IPv4 address, IPv6 /64). One mtr sends a packet a "
             "second to each of up to 30 hops: this is enough for six of them behind one address, "
             "and for scamper at ten times its usual 20 packets a second."},
    {.key = "limit.source_burst",
     COUNT(limit_source_burst),
     .fallback = "2k",
     .least = "1",
     .most = "10M",
     .help = "Answers at once to a source that was quiet before. A traceroute of 30 hops sends 90 "
             "packets, within a second where hops answer at once: this is enough for twenty of "
             "them one after the other. With fewer, who tries things out soon sees stars that no "
             "tale has."},
    {.key = "limit.total_rate",
     COUNT(limit_total_rate),
     .fallback = "20k",
     .least = "1",
     .most = "100M",
     .help = "Answers a second to all sources together. The longest answer has 576 octets (IPv4) "
             "or 1280 (IPv6), so that this is at most 92 or 205 Mbit/s, and about 20 Mbit/s for "
             "the packets that traceroute sends by itself."},
    {.key = "limit.total_burst",
     COUNT(limit_total_burst),
     .fallback = "40k",
     .least = "1",
     .most = "100M",
     .help = "Answers at once to all sources together after a quiet time: two seconds' worth."},
    {.key = "limit.sources",
     COUNT(limit_sources),
     .fixed = true,
     .fallback = "64k",
     .least = "1k",
     .most = "16M",
     .help = "How many sources are counted one by one. A flood of forged ones pushes out others, "
             "and gains nothing by it."},
    {.key = "limit.delayed",
     COUNT(limit_delayed),
     .fixed = true,
     .fallback = "16384",
     .least = "1",
     .most = "1M",
     .help = "How many answers of hops with a delay are on their way at once, of each queue of the "
             "device; more are dropped."},

    {.key = "names.listen",
     TEXTS(names_listen),
     .fixed = true,
     .fallback = "[]",
     .words = "a list of addresses with ports ([] for none)",
     .item = "an address with a port, as in 127.0.0.1:53 or [::1]:53",
     .good = is_endpoint,
     .help = "Where the DNS server for the tales' names listens, by UDP and TCP."},
    {.key = "names.server",
     TEXT(names_server),
     .fallback = "\"\"",
     .words = "a host's name (\"\" for ns.ZONE)",
     .good = is_name,
     .help = "The name of that server, for NS and SOA records. Without one it is ns in each zone."},
    {.key = "names.ttl",
     DURATION(names_ttl_us),
     .fallback = "1min",
     .least = "1s",
     .most = "7d",
     .help = "How long others may remember a name; whole seconds count."},
    {.key = "names.resolver",
     CHOICE(names_resolver),
     .fixed = true,
     .fallback = "off",
     .choices = resolver_uses,
     .help = "With system, this machine's own resolver asks hoptell about the tales' names while "
             "it runs, so that traceroute shows them here without any delegation."},

    {.key = "visitors.listen",
     TEXTS(visitors_listen),
     .fixed = true,
     .fallback = "[\"[::]:8080\"]",
     .words = "a list of addresses with ports ([] for none)",
     .item = "an address with a port, as in 0.0.0.0:8080 or [::]:8080",
     .good = is_endpoint,
     .help = "Where visitors find the page about their own connection."},
    {.key = "operators.listen",
     TEXTS(operators_listen),
     .fixed = true,
     .fallback = "[\"127.0.0.1:8081\"]",
     .words = "a list of addresses with ports and of unix:PATH ([] for none)",
     .item = "an address with a port or a socket's path, as in 127.0.0.1:8081 or "
             "unix:/run/hoptell/operators.sock",
     .good = is_operators_place,
     .help = "Where operators ask about any connection. Whoever reaches a local address may ask; a "
             "socket can be opened by the group of its directory; on any other address who asks "
             "shows the token."},
    {.key = "operators.token_file",
     TEXT(operators_token_file),
     .fixed = true,
     .fallback = "\"\"",
     .words = "a path from / on (\"\" for none)",
     .good = is_path_or_nothing,
     .help = "A file of one line, the token that operators elsewhere than on this machine show: at "
             "least 16 letters, open to its owner and group alone. It travels as it is, so that "
             "the way needs to be encrypted by other means."},
};

const size_t settings_count = sizeof settings_table / sizeof settings_table[0];
