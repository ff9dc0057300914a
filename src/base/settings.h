/*
 * The settings: one struct, filled from one table (settings_table.c) that also feeds `check --print`,
 * the manual page and reload. Every setting has a default; an empty file is a good one.
 */
#ifndef HOPTELL_BASE_SETTINGS_H
#define HOPTELL_BASE_SETTINGS_H

#include "base/report.h"
#include "wire/address.h"

#define SETTINGS_FILE_DEFAULT "/etc/hoptell/hoptell.yaml"

struct text_list {
    size_t count;
    char **item;
};

struct prefix_list {
    size_t count;
    struct prefix *item;
};

enum watch_subscriber { SUBSCRIBER_ADDRESS, SUBSCRIBER_TUNNEL };
enum store_addresses { ADDRESSES_PLAIN, ADDRESSES_HASHED };
enum rule { SETTINGS_RULE_EVIDENCE, SETTINGS_RULE_FIRST_DROP };
enum resolver_use { RESOLVER_OFF, RESOLVER_SYSTEM };
enum datapath { DATAPATH_TUN, DATAPATH_XDP };
enum watch_datapath { WATCH_PCAP, WATCH_XDP };
enum xdp_mode { XDP_MODE_IS_AUTO, XDP_MODE_IS_NATIVE, XDP_MODE_IS_GENERIC };
enum log_level_setting {
    LOG_LEVEL_ERROR,
    LOG_LEVEL_WARNING,
    LOG_LEVEL_NOTICE,
    LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG
};

struct settings {
    /* key in the file: what it means (default) */
    char *user;                 /* user: who hoptell is once it is set up ("hoptell") */
    char *store;                /* store: URL ("sqlite:/var/lib/hoptell/hoptell.db"), or "none" */
    int store_addresses;        /* store_addresses: plain, hashed (plain) */
    char *store_key_file;       /* store_key_file: of hashed addresses; "": the usual one ("") */
    char *store_password_file;  /* store_password_file: its first line is MariaDB's password ("") */
    uint64_t keep_us;           /* keep: how long observations stay in the store (30d) */
    uint64_t keep_observations; /* keep_observations: how many stay in the store at most (10M) */
    int log_level;              /* log: error, warning, notice, info, debug (notice) */
    struct text_list tales;     /* tales: files ([]) */
    struct prefix_list own;     /* own: prefixes that are yours to answer from ([]) */
    int datapath;               /* datapath: tun, xdp (tun) */

    char *spool_path;    /* spool.path: a directory; "": the store's usual one ("") */
    uint64_t spool_size; /* spool.size: octets (256MiB) */

    struct text_list watch_interfaces; /* watch.interfaces: to capture on ([any]); [] for none */
    int watch_datapath;                /* watch.datapath: pcap, xdp (pcap) */
    int watch_tunnels;                 /* watch.tunnels: false, true (false) */
    int watch_subscriber;              /* watch.subscriber: address, tunnel (address) */
    char *watch_stacks;                /* watch.stacks: a table's file; "": the shipped one ("") */
    char *watch_p0f;                   /* watch.p0f: a file of p0f's signatures; "": none ("") */
    uint64_t watch_connections;        /* watch.connections: remembered (1M) */
    uint64_t watch_subscribers;        /* watch.subscribers: remembered (1M) */
    uint64_t watch_networks;           /* watch.networks: remembered (64k) */
    char *watch_networks_file;         /* watch.networks_file: that are known by name ("") */

    int judge_rule;         /* judge.rule: evidence, first-drop (evidence) */
    double judge_prior;     /* judge.prior: share tethered before anything is seen (10%) */
    double judge_threshold; /* judge.threshold: (95%), 50% to 99.99% */

    char *tun_name;                   /* tun.name: of the device ("hoptell0") */
    struct prefix_list tun_addresses; /* tun.addresses: of this machine on the device, each a
                                         prefix of one address ([]) */
    uint64_t tun_queues;              /* tun.queues: of the device, a thread each; 0: one a
                                         processor (0) */

    struct text_list xdp_interfaces; /* xdp.interfaces: to answer on ([]) */
    int xdp_mode;                    /* xdp.mode: auto, native, generic (auto) */

    uint64_t limit_source_rate;  /* limit.source_rate: answers a second to one source */
    uint64_t limit_source_burst; /* limit.source_burst */
    uint64_t limit_total_rate;   /* limit.total_rate: answers a second to all */
    uint64_t limit_total_burst;  /* limit.total_burst */
    uint64_t limit_sources;      /* limit.sources: remembered (64k) */
    uint64_t limit_delayed;      /* limit.delayed: answers on their way at once (16384) */

    struct text_list names_listen; /* names.listen: address:port of the DNS server ([]) */
    char *names_server;            /* names.server: name in NS and SOA ("" : ns.<zone>) */
    uint64_t names_ttl_us;         /* names.ttl: (1min), from 1s */
    int names_resolver;            /* names.resolver: off, system (off); system lets this
                                      machine's resolver ask hoptell while it runs */

    struct text_list visitors_listen;  /* visitors.listen: (["[::]:8080"]) */
    struct text_list operators_listen; /* operators.listen: (["127.0.0.1:8081"]), or unix:PATH */
    char *operators_token_file; /* operators.token_file: what those elsewhere show ("": none) */
};

/*
 * Reads settings from `text`. Returns 0 and a filled *out for settings_free, or -EINVAL with every
 * error in `report` and nothing in *out. An unknown key, a wrong type and a value out of range are
 * errors; for an unknown key the nearest known one is named.
 */
int settings_parse(const char *text, size_t length, struct report *report, struct settings **out);
void settings_free(struct settings *settings); /* NULL is fine */

/* Every setting as YAML that settings_parse reads to the same, by `put`, piece by piece. */
void settings_print(const struct settings *settings, void (*put)(const char *text, void *context),
                    void *context);

/*
 * The first setting that differs and can only change with a restart ("tun.name"); NULL when
 * `next` can take over from `now` while it runs.
 */
const char *settings_fixed_difference(const struct settings *now, const struct settings *next);

/* One setting, for the manual. */
enum { SETTINGS_EXPECTED_MAX = 160 };

struct settings_description {
    const char *key;
    char expected[SETTINGS_EXPECTED_MAX]; /* "a duration from 1h to 30d" */
    const char *fallback;                 /* the default, as YAML */
    const char *help;                     /* sentences */
    bool fixed;                           /* a change takes a restart */
};

/* The setting at `index`, in the order of the file. False past the last. */
bool settings_describe(size_t index, struct settings_description *out);

#endif
