/*
 * From a URL to its kind of store, and from there on to that kind's functions; see store.h.
 */
#include "store/backend.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const struct store_backend *const backends[] = {
    &store_mariadb,
    &store_sqlite,
};

/* Is `url` of this scheme, with something after it? */
static bool has_scheme(const char *url, const char *scheme)
{
    const size_t length = strlen(scheme);

    return strncmp(url, scheme, length) == 0 && url[length] == ':' && url[length + 1] != '\0';
}

int store_open(const struct store_place *place, struct store **out, char *error, size_t error_size)
{
    for (size_t i = 0; i < sizeof backends / sizeof backends[0]; i++)
        if (has_scheme(place->url, backends[i]->scheme))
            return backends[i]->open(place, out, error, error_size);
    snprintf(error, error_size,
             "store: expected sqlite:PATH or mariadb://USER@HOST[:PORT]/NAME, found '%s'",
             place->url);
    return -EINVAL;
}

void store_close(struct store *store)
{
    if (store != NULL)
        store->backend->close(store);
}

int store_begin(struct store *store)
{
    return store->backend->begin(store);
}

int store_commit(struct store *store)
{
    return store->backend->commit(store);
}

void store_rollback(struct store *store)
{
    store->backend->rollback(store);
}

int store_put_judgement(struct store *store, const struct judgement *judgement)
{
    return store->backend->put_judgement(store, judgement);
}

int store_put_baseline(struct store *store, const struct baseline *baseline)
{
    return store->backend->put_baseline(store, baseline);
}

int store_put_label(struct store *store, const struct label *label)
{
    return store->backend->put_label(store, label);
}

int store_each_baseline(struct store *store,
                        void (*each)(const struct baseline *baseline, void *context), void *context,
                        uint64_t *out_broken)
{
    return store->backend->each_baseline(store, each, context, out_broken);
}

static int forget_observations(struct store *store, uint64_t time_us)
{
    uint64_t count = 1;
    int result = 0;

    while (result == 0 && count > 0 && !atomic_load(&store->hurries))
        result = store->backend->forget_some(store, time_us, &count);
    return result;
}

void store_hurry(struct store *store)
{
    atomic_store(&store->hurries, true);
}

int store_forget_before(struct store *store, uint64_t time_ns)
{
    const int result = store->backend->forget_subscribers(store, time_ns / 1000);

    return result == 0 ? forget_observations(store, time_ns / 1000) : result;
}

enum { BASELINES_STEP = 5000 }; /* deleted at once, so that others are not kept waiting */

/* How many are too many is asked once: who else writes here deletes for itself. */
static int forget_least_seen(struct store *store, bool subscribers, uint64_t most)
{
    uint64_t count;
    int result = store->backend->count_baselines(store, subscribers, &count);

    while (result == 0 && count > most && !atomic_load(&store->hurries)) {
        const uint64_t step = count - most < BASELINES_STEP ? count - most : BASELINES_STEP;

        result = store->backend->forget_baselines(store, subscribers, step);
        count -= step;
    }
    return result;
}

int store_forget_baselines(struct store *store, const struct baseline_limits *limits)
{
    int result = store->backend->forget_networks(store, limits->networks_since_ns / 1000);

    if (result == 0)
        result = forget_least_seen(store, false, limits->networks);
    return result == 0 ? forget_least_seen(store, true, limits->subscribers) : result;
}

int store_forget_beyond(struct store *store, uint64_t count)
{
    uint64_t time_us;
    const int result = store->backend->seen_behind(store, count, &time_us);

    if (result != 0 || time_us == 0)
        return result;
    return forget_observations(store, time_us + 1);
}

/*
 * Every address of an IPv6 prefix begins with the text of its first 16 bits, if these are not zero;
 * after that one address has zeros left out where another has none.
 */
static void text_range(const struct prefix *prefix, char after[8], char before[8])
{
    const uint8_t *octets = prefix->address.octets;
    const unsigned group = (unsigned)octets[0] << 8 | octets[1];

    after[0] = '\0';
    snprintf(before, 8, "~"); /* after all letters of addresses */
    if (group == 0)
        return;
    snprintf(after, 8, "%x:", group);
    snprintf(before, 8, "%x;", group);
}

/* What is done with each address of a subscriber, as text. 0 or -EIO. */
struct visit {
    int (*each)(struct store *store, const char *address, const struct visit *visit);
    uint64_t limit;
    void (*moment)(const struct moment *moment, void *context);
    void *context;
};

static int visit_page(struct store *store, const struct prefix *subscriber,
                      const struct address_page *page, const struct visit *visit)
{
    int result = 0;

    for (size_t i = 0; result == 0 && i < page->count; i++) {
        struct address address;

        if (units_parse_address(page->text[i], &address) && prefix_contains(subscriber, &address))
            result = visit->each(store, page->text[i], visit);
    }
    return result;
}

static int visit_addresses(struct store *store, const struct prefix *subscriber,
                           const struct visit *visit)
{
    struct address_page page = {.count = STORE_PAGE};
    char text[ADDRESS_TEXT_MAX];
    char after[ADDRESS_TEXT_MAX];
    char before[8];
    int result = 0;

    if (subscriber->length == 128)
        return visit->each(store, units_address(&subscriber->address, text), visit);
    text_range(subscriber, after, before);
    while (result == 0 && page.count == STORE_PAGE) {
        result = store->backend->addresses_between(store, after, before, &page);
        if (result == 0)
            result = visit_page(store, subscriber, &page, visit);
        if (page.count > 0)
            memcpy(after, page.text[page.count - 1], sizeof after);
    }
    return result;
}

static int forget_address(struct store *store, const char *address, const struct visit *visit)
{
    (void)visit;
    return store->backend->forget_address(store, address);
}

static int recall_address(struct store *store, const char *address, const struct visit *visit)
{
    return store->backend->each_moment(store, false, address, visit->limit, visit->moment,
                                       visit->context);
}

int store_forget_subscriber(struct store *store, const struct prefix *subscriber)
{
    const struct visit visit = {.each = forget_address};
    const int result = store->backend->forget_baseline(store, subscriber);

    return result == 0 ? visit_addresses(store, subscriber, &visit) : result;
}

int store_each_moment(struct store *store, const struct prefix *subscriber, uint64_t limit,
                      void (*each)(const struct moment *moment, void *context), void *context)
{
    const struct visit visit = {
        .each = recall_address,
        .limit = limit,
        .moment = each,
        .context = context,
    };
    char text[PREFIX_TEXT_MAX];
    const int result = visit_addresses(store, subscriber, &visit);

    if (result != 0 || subscriber->length == 128)
        return result;
    return store->backend->each_moment(store, true, units_prefix(subscriber, text), limit, each,
                                       context);
}

static enum verdict verdict_of(const char *name)
{
    for (unsigned i = 0; name && i < VERDICT_COUNT; i++)
        if (strcmp(verdict_name((enum verdict)i), name) == 0)
            return (enum verdict)i;
    return VERDICT_UNKNOWN;
}

static enum stack_family family_of(const char *name)
{
    unsigned i = 0;

    while (i < STACK_UNKNOWN &&
           !(name && strcmp(stack_family_name((enum stack_family)i), name) == 0))
        i++;
    return (enum stack_family)i;
}

/* The first of a list as serve/json.h writes it, which has the strongest first. */
static void take_reason(const char *evidence, struct timeline_evidence *out)
{
    json_t *list = evidence ? json_loads(evidence, 0, NULL) : NULL;
    const char *signal;
    const char *text;
    double weight;

    if (json_unpack(json_array_get(list, 0), "{s:s, s:F, s:s}", "signal", &signal, "weight",
                    &weight, "text", &text) == 0 &&
        weight > 0) {
        out->weight = (float)weight;
        snprintf(out->signal, sizeof out->signal, "%s", signal);
        snprintf(out->text, sizeof out->text, "%s", text);
    }
    json_decref(list);
}

void store_row_moment(int64_t seen_at, const char *verdict, double probability, const char *family,
                      const char *evidence, struct moment *out)
{
    *out = (struct moment){
        .time_us = seen_at > 0 ? (uint64_t)seen_at : 0,
        .verdict = verdict_of(verdict),
        .family = family_of(family),
        .probability = probability,
    };
    if (out->verdict == VERDICT_TETHERED)
        take_reason(evidence, &out->reason);
}

int store_has_plain(struct store *store, bool *out)
{
    return store->backend->has_plain(store, out);
}

/* Of two who come at once with different keys one finds the other's. */
int store_check_key(struct store *store, const char mark[KEY_MARK_MAX], bool *out_same)
{
    char kept[KEY_MARK_MAX];
    int result = store->backend->key_mark(store, kept);

    if (result == 0 && kept[0] == '\0') {
        result = store->backend->put_key_mark(store, mark);
        if (result == 0)
            result = store->backend->key_mark(store, kept);
    }
    *out_same = result == 0 && strcmp(kept, mark) == 0;
    return result;
}

int store_site(struct store *store, char out[SITE_TEXT_MAX])
{
    return store->backend->site(store, out);
}

int store_each_imported(struct store *store,
                        void (*each)(const struct imported *imported, void *context), void *context,
                        uint64_t *out_broken)
{
    return store->backend->each_imported(store, each, context, out_broken);
}

/* Between begin and commit, so that of two who import at once the newer stays. */
static int replace_site(struct store *store, const char *site, uint64_t as_of_us,
                        const struct baseline *baselines, size_t count)
{
    uint64_t known_us;
    int result = store->backend->as_of(store, site, &known_us);

    if (result == 0 && known_us >= as_of_us)
        result = -EEXIST;
    if (result == 0)
        result = store->backend->clear_site(store, site, as_of_us);
    for (size_t i = 0; result == 0 && i < count; i++)
        result = store->backend->put_imported(store, site, &baselines[i]);
    return result;
}

int store_import(struct store *store, const char *site, uint64_t as_of_us,
                 const struct baseline *baselines, size_t count)
{
    char own[SITE_TEXT_MAX];
    int result = store_site(store, own);

    if (result == 0 && strcmp(site, own) == 0)
        return -EPERM;
    if (result == 0)
        result = store_begin(store);
    if (result != 0)
        return result;
    result = replace_site(store, site, as_of_us, baselines, count);
    if (result == 0)
        result = store_commit(store);
    if (result != 0)
        store_rollback(store);
    return result;
}

const char *store_error(const struct store *store)
{
    return store->error;
}
