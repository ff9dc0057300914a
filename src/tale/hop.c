/*
 * One hop of a tale, from YAML; see hop.h. `hop_key` is the list of what a hop can have.
 */
#include "tale/hop.h"

#include "base/units.h"
#include "tale/keys.h"
#include "tale/personal.h"
#include "tale/words.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

enum {
    DELAY_MOST_US = 60 * 1000 * 1000,
    RATE_MOST = 1000 * 1000,
    MTU_LEAST = 68, /* RFC 791, 3.2: what every IPv4 link carries */
    MTU_MOST = 65535,
    SILENT_ALL = (1u << PROBE_PROTOCOL_COUNT) - 1,
};

/* A hop and the values that are looked at again once all of it is read. */
struct reading {
    struct hop *hop;
    struct personal says;
    struct yaml_node say;
    struct yaml_node otherwise;
    struct yaml_node address;
    struct yaml_node jitter;
    struct yaml_node distribution;
    struct yaml_node rate;
    struct yaml_node burst;
};

static void read_say(struct draft *draft, struct yaml_node value, void *into)
{
    struct reading *r = into;

    r->say = value;
    if (yaml_kind(value) == YAML_KIND_MAP) {
        r->says.text = NULL;
        personal_read_map(draft, value, &r->says);
    } else if (read_text(draft, "say", value, &r->says.text)) {
        personal_read_text(draft, r->says.text, yaml_line(value), yaml_column(value), &r->says);
    }
}

static void read_otherwise(struct draft *draft, struct yaml_node value, void *into)
{
    struct reading *r = into;

    if (read_text(draft, "otherwise", value, &r->says.otherwise))
        r->otherwise = value;
}

static void read_silent_one(struct draft *draft, struct yaml_node item, void *into)
{
    static const char *const words[] = {"icmp", "udp", "tcp", "other", "true", "false"};
    struct hop *hop = into;
    unsigned which;

    if (!read_choice(draft, "silent", item, words, COUNT(words), &which))
        return;
    if (which < PROBE_PROTOCOL_COUNT)
        hop->silent |= (uint8_t)(1u << which);
    else if (which == PROBE_PROTOCOL_COUNT)
        hop->silent = SILENT_ALL;
}

static void read_silent(struct draft *draft, struct yaml_node value, void *into)
{
    struct reading *r = into;

    read_each(draft, "silent", value, PROBE_PROTOCOL_COUNT, read_silent_one, r->hop);
}

static void read_address_one(struct draft *draft, struct yaml_node item, void *into)
{
    struct hop *hop = into;
    struct address address;
    enum family family;

    if (!read_address(draft, "address", item, &address))
        return;
    family = address_family(&address);
    if (!address_is_unspecified(&hop->address[family]))
        report_error(draft->report, yaml_line(item), yaml_column(item),
                     "expected one address of each family for a hop, found a second %s address",
                     family == FAMILY_V4 ? "IPv4" : "IPv6");
    hop->address[family] = address;
}

static void read_addresses(struct draft *draft, struct yaml_node value, void *into)
{
    struct reading *r = into;

    r->address = value;
    read_each(draft, "address", value, FAMILY_COUNT, read_address_one, r->hop);
}

static void read_delay(struct draft *draft, struct yaml_node value, void *into)
{
    struct reading *r = into;

    read_duration(draft, "delay", value, DELAY_MOST_US, &r->hop->delay_us);
}

static void read_jitter(struct draft *draft, struct yaml_node value, void *into)
{
    struct reading *r = into;

    r->jitter = value;
    read_duration(draft, "jitter", value, DELAY_MOST_US, &r->hop->jitter_us);
}

static void read_distribution(struct draft *draft, struct yaml_node value, void *into)
{
    static const char *const words[] = {
        [DELAY_NORMAL] = "normal", [DELAY_UNIFORM] = "uniform", [DELAY_PARETO] = "pareto"};
    struct reading *r = into;
    unsigned which;

    r->distribution = value;
    if (read_choice(draft, "distribution", value, words, COUNT(words), &which))
        r->hop->distribution = (enum delay_distribution)which;
}

static void read_loss(struct draft *draft, struct yaml_node value, void *into)
{
    struct reading *r = into;

    read_share(draft, "loss", value, &r->hop->loss);
}

static void read_duplicate(struct draft *draft, struct yaml_node value, void *into)
{
    struct reading *r = into;

    read_share(draft, "duplicate", value, &r->hop->duplicate);
}

static void read_reorder(struct draft *draft, struct yaml_node value, void *into)
{
    struct reading *r = into;

    read_share(draft, "reorder", value, &r->hop->reorder);
}

static void read_rate(struct draft *draft, struct yaml_node value, void *into)
{
    struct reading *r = into;

    r->rate = value;
    read_number(draft, "rate", value, 1, RATE_MOST, &r->hop->rate);
}

static void read_burst(struct draft *draft, struct yaml_node value, void *into)
{
    struct reading *r = into;

    r->burst = value;
    read_number(draft, "burst", value, 1, RATE_MOST, &r->hop->burst);
}

static void read_mtu(struct draft *draft, struct yaml_node value, void *into)
{
    struct reading *r = into;
    uint32_t mtu;

    if (read_number(draft, "mtu", value, MTU_LEAST, MTU_MOST, &mtu))
        r->hop->mtu = (uint16_t)mtu;
}

static void read_refuse(struct draft *draft, struct yaml_node value, void *into)
{
    static const char *const words[] = {
        [REFUSE_NONE] = "none",
        [REFUSE_NET] = "net",
        [REFUSE_HOST] = "host",
        [REFUSE_PROTOCOL] = "protocol",
        [REFUSE_PORT] = "port",
        [REFUSE_ADMIN] = "admin",
        [REFUSE_SOURCE_ROUTE] = "source-route",
        [REFUSE_PRECEDENCE] = "precedence",
        [REFUSE_POLICY] = "policy",
        [REFUSE_REJECT] = "reject",
    };
    struct reading *r = into;
    unsigned which;

    if (read_choice(draft, "refuse", value, words, COUNT(words), &which))
        r->hop->refuse = (enum refusal)which;
}

/* MPLS: an entry of the label stack is its label, or a mapping (RFC 3032, 2.1). */

static void read_label(struct draft *draft, struct yaml_node value, void *into)
{
    struct mpls_label *entry = into;

    read_number(draft, "label", value, 0, (1u << 20) - 1, &entry->label);
}

static void read_tc(struct draft *draft, struct yaml_node value, void *into)
{
    struct mpls_label *entry = into;
    uint32_t tc;

    if (read_number(draft, "tc", value, 0, 7, &tc))
        entry->tc = (uint8_t)tc;
}

static void read_ttl(struct draft *draft, struct yaml_node value, void *into)
{
    struct mpls_label *entry = into;
    uint32_t ttl;

    if (read_number(draft, "ttl", value, 0, UINT8_MAX, &ttl))
        entry->ttl = (uint8_t)ttl;
}

static const struct key mpls_key[] = {
    {"label", read_label},
    {"tc", read_tc},
    {"ttl", read_ttl},
};
static const struct keys mpls_keys = {"an MPLS label", COUNT(mpls_key), mpls_key};

static void read_mpls_one(struct draft *draft, struct yaml_node item, void *into)
{
    struct hop *hop = into;
    struct mpls_label *entry = &hop->label[hop->label_count++];

    *entry = (struct mpls_label){.ttl = 1};
    if (yaml_kind(item) == YAML_KIND_TEXT) {
        read_label(draft, item, entry);
        return;
    }
    keys_read(draft, item, &mpls_keys, entry);
    if (yaml_kind(item) == YAML_KIND_MAP && !yaml_exists(yaml_find(item, "label")))
        report_error(draft->report, yaml_line(item), yaml_column(item),
                     "expected `label`, a number from 0 to 1048575, found none");
}

static void read_mpls(struct draft *draft, struct yaml_node value, void *into)
{
    struct reading *r = into;

    read_each(draft, "mpls", value, TALE_LABELS_MAX, read_mpls_one, r->hop);
}

/* Interface information (RFC 5837). */

static void read_role(struct draft *draft, struct yaml_node value, void *into)
{
    static const char *const words[] = {[ROLE_INCOMING] = "incoming",
                                        [ROLE_INCOMING_SUB_IP] = "incoming-sub-ip",
                                        [ROLE_OUTGOING] = "outgoing",
                                        [ROLE_NEXT_HOP] = "next-hop"};
    struct interface_info *info = into;
    unsigned which;

    if (read_choice(draft, "role", value, words, COUNT(words), &which))
        info->role = (enum interface_role)which;
}

static void read_interface_name(struct draft *draft, struct yaml_node value, void *into)
{
    struct interface_info *info = into;
    const char *name;

    if (!read_text(draft, "name", value, &name))
        return;
    if (name[0] == '\0' || strlen(name) >= sizeof info->name) {
        report_error(draft->report, yaml_line(value), yaml_column(value),
                     "expected a name of 1 to %zu octets, found %zu", sizeof info->name - 1,
                     strlen(name));
        return;
    }
    strcpy(info->name, name);
    info->flags |= INTERFACE_HAS_NAME;
}

static void read_index(struct draft *draft, struct yaml_node value, void *into)
{
    struct interface_info *info = into;

    if (read_number(draft, "index", value, 1, UINT32_MAX, &info->index))
        info->flags |= INTERFACE_HAS_INDEX;
}

static void read_interface_address(struct draft *draft, struct yaml_node value, void *into)
{
    struct interface_info *info = into;

    if (strcmp(yaml_text(value), "own") == 0 ||
        read_address(draft, "address", value, &info->address))
        info->flags |= INTERFACE_HAS_ADDRESS;
}

static void read_interface_mtu(struct draft *draft, struct yaml_node value, void *into)
{
    struct interface_info *info = into;

    if (read_number(draft, "mtu", value, 1, UINT32_MAX, &info->mtu))
        info->flags |= INTERFACE_HAS_MTU;
}

static const struct key interface_key[] = {
    {"role", read_role},         {"name", read_interface_name},
    {"index", read_index},       {"address", read_interface_address},
    {"mtu", read_interface_mtu},
};
static const struct keys interface_keys = {"an interface", COUNT(interface_key), interface_key};

static void read_interface_one(struct draft *draft, struct yaml_node item, void *into)
{
    struct hop *hop = into;
    struct interface_info *info = &hop->interface[hop->interface_count];
    const unsigned errors = draft->report->errors;

    *info = (struct interface_info){.role = ROLE_INCOMING};
    keys_read(draft, item, &interface_keys, info);
    if (info->flags == 0 && draft->report->errors == errors)
        report_error(draft->report, yaml_line(item), yaml_column(item),
                     "expected `name`, `index`, `address` or `mtu` of an interface, found none");
    for (unsigned i = 0; i < hop->interface_count; i++)
        if (hop->interface[i].role == info->role)
            report_error(draft->report, yaml_line(item), yaml_column(item),
                         "expected one interface of each role, found a second of the same");
    hop->interface_count++;
}

static void read_interface(struct draft *draft, struct yaml_node value, void *into)
{
    struct reading *r = into;

    r->hop->interface = calloc(TALE_INTERFACES_MAX, sizeof *r->hop->interface);
    if (r->hop->interface == NULL) {
        report_error(draft->report, 0, 0, "not enough memory for the tale");
        return;
    }
    read_each(draft, "interface", value, TALE_INTERFACES_MAX, read_interface_one, r->hop);
}

static const struct key hop_key[] = {
    {"say", read_say},
    {"otherwise", read_otherwise},
    {"silent", read_silent},
    {"address", read_addresses},
    {"delay", read_delay},
    {"jitter", read_jitter},
    {"distribution", read_distribution},
    {"loss", read_loss},
    {"duplicate", read_duplicate},
    {"reorder", read_reorder},
    {"rate", read_rate},
    {"burst", read_burst},
    {"mpls", read_mpls},
    {"interface", read_interface},
    {"mtu", read_mtu},
    {"refuse", read_refuse},
};
static const struct keys hop_keys = {"a hop", COUNT(hop_key), hop_key};

/* The key `needed` gives `node` its meaning; without it there is a mistake. */
static void need(struct draft *draft, struct yaml_node node, const char *key, const char *needed,
                 struct yaml_node by)
{
    if (yaml_exists(node) && !yaml_exists(by))
        report_error(draft->report, yaml_line(node), yaml_column(node),
                     "expected `%s` beside `%s`, found none", needed, key);
}

static void set_texts(struct draft *draft, struct report *report, struct hop *hop, const char *say,
                      uint32_t line, uint32_t column)
{
    char name[TALE_NAME_MAX + 1] = "";

    words_to_name(say, report, line, column, name);
    hop->say = draft_text(draft, say);
    hop->name = draft_text(draft, name);
}

static void check(struct draft *draft, const struct reading *r)
{
    struct hop *hop = r->hop;

    need(draft, r->distribution, "distribution", "jitter", r->jitter);
    need(draft, r->burst, "burst", "rate", r->rate);
    if (hop->burst == 0)
        hop->burst = hop->rate;
    if (hop->silent == SILENT_ALL && (r->says.text == NULL || r->says.text[0] != '\0'))
        report_warning(draft->report, yaml_line(r->say), yaml_column(r->say),
                       "the hop is silent, so that nobody sees its text");
    if (yaml_exists(r->otherwise) && (!r->says.depends || r->says.text == NULL))
        report_error(
            draft->report, yaml_line(r->otherwise), yaml_column(r->otherwise),
            "expected `otherwise` beside a text with something of the visitor in it, as in "
            "{hop_limit}, found it beside another");
    if (r->says.depends && yaml_exists(r->address))
        report_error(draft->report, yaml_line(r->address), yaml_column(r->address),
                     "expected no `address` of a hop with a text for the visitor: each of its "
                     "texts gets one out of `addresses`");
}

/* The hop that was read is for the trait's first value; those for the others follow it. */
static void add_values(struct draft *draft, const struct personal *says, uint32_t line,
                       uint32_t column)
{
    const unsigned first = draft->tale->hop_count - 1u;
    char text[TALE_TEXT_MAX + 2];
    struct report unheard;

    report_init(&unheard, NULL);
    draft->tale->hop[first].trait = (uint8_t)(says->trait + 1);
    for (unsigned i = 0; i < trait_values(says->trait); i++) {
        struct hop *hop =
            i == 0 ? &draft->tale->hop[first] : draft_copy_hop(draft, first, line, column);

        if (hop == NULL)
            return;
        set_texts(draft, personal_is_new(says, i) ? draft->report : &unheard, hop,
                  personal_text(says, i, text), line, column);
    }
}

void hop_read(struct draft *draft, struct yaml_node node)
{
    struct reading r = {.says = {.text = ""}};
    const unsigned errors = draft->report->errors;
    uint32_t line = yaml_line(node);
    uint32_t column = yaml_column(node);

    r.hop = draft_add_hop(draft, line, column);
    if (r.hop == NULL)
        return;
    if (yaml_kind(node) == YAML_KIND_TEXT && !yaml_is_null(node)) {
        read_say(draft, node, &r);
    } else if (yaml_kind(node) == YAML_KIND_MAP) {
        keys_read(draft, node, &hop_keys, &r);
    } else {
        report_error(draft->report, line, column, "expected a hop, a text or a mapping, found %s",
                     yaml_is_null(node) ? "nothing" : yaml_kind_words(node));
    }
    check(draft, &r);
    if (yaml_exists(r.say)) {
        line = yaml_line(r.say);
        column = yaml_column(r.say);
    }
    if (!r.says.depends)
        set_texts(draft, draft->report, r.hop, r.says.text != NULL ? r.says.text : "", line,
                  column);
    else if (draft->report->errors == errors)
        add_values(draft, &r.says, line, column);
}

void hop_add_plain(struct draft *draft, const char *text, uint32_t line)
{
    struct hop *hop = draft_add_hop(draft, line, 1);
    struct personal says = {.text = ""};
    const unsigned errors = draft->report->errors;

    if (hop == NULL)
        return;
    if (text == NULL)
        hop->silent = SILENT_ALL;
    else
        personal_read_text(draft, text, line, 1, &says);
    if (!says.depends)
        set_texts(draft, draft->report, hop, says.text, line, 1);
    else if (draft->report->errors == errors)
        add_values(draft, &says, line, 1);
}
