/*
 * Watching; see watching.h.
 */
#include "cli/watching.h"

#include "base/clock.h"
#include "base/log.h"
#include "tale/targets.h"
#include "watch/flows.h"
#include "watch/subscriber.h"
#include "wire/tunnel.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum {
    PACKETS_A_TURN = 256, /* read before others of the loop have their turn */
    JOURNAL_JUDGEMENTS = 65536,
    PROBE_HOP_LIMIT = 32, /* no system of today starts so low */
};

struct source {
    uv_poll_t poll;
    struct watching *watching;
    struct capture *capture; /* or */
    struct xdp *xdp;         /* the caller's */
    const char *interface;   /* its name at the start; the hook's, or a copy for free(3) */
    unsigned index;          /* of the interface; 0: of all */
    bool is_down;
};

struct watching {
    struct watch *watch;
    struct journal *journal;
    struct tally tally;
    struct store_queue *queue;
    const struct tales *tales;     /* the configuration's */
    const struct address_key *key; /* of hidden addresses; NULL: none are */
    void (*judged)(const struct judgement *judgement, void *context);
    void *context;
    struct watching_counts counts;
    struct flows flows;
    bool tunnels;   /* are looked through */
    bool by_tunnel; /* a subscriber is a GTP-U tunnel, where there is one */
    bool is_broken; /* a source has ended */
    size_t open_handles;
    size_t source_count;
    struct source source[];
};

static struct watch_settings watching_settings(const struct configuration *configuration)
{
    const struct settings *settings = configuration->settings;
    struct watch_settings w = watch_settings_default();

    w.rule = settings->judge_rule == SETTINGS_RULE_FIRST_DROP ? RULE_FIRST_DROP : RULE_EVIDENCE;
    w.stacks = configuration->stacks;
    w.prior = settings->judge_prior;
    w.threshold = settings->judge_threshold;
    w.named = configuration->networks;
    w.networks = (uint32_t)settings->watch_networks;
    w.subscribers = (uint32_t)settings->watch_subscribers;
    w.connections = (uint32_t)settings->watch_connections;
    return w;
}

static struct address watching_hidden(const struct watching *w, const struct address *address)
{
    const struct address hidden = address_key_hide(w->key, address);

    return address_put_by(&hidden);
}

/* What the store knew of a subscriber stands under its hidden address until the subscriber comes. */
static void watching_recognise(struct watching *w, const struct observation *o)
{
    const struct prefix own = subscriber_prefix(subscriber_of(o));
    const struct subscriber *known;
    struct address hidden;
    struct baseline baseline;

    if (watch_subscriber(w->watch, &own.address) != NULL)
        return;
    hidden = watching_hidden(w, &own.address);
    known = watch_subscriber(w->watch, &hidden);
    if (known == NULL)
        return;
    subscriber_save(known, &baseline);
    baseline.prefix = own;
    (void)watch_restore(w->watch, &baseline);
}

void watching_recognise_by(struct watching *w, const struct address_key *key)
{
    w->key = key;
}

/* The queue hides the client's address; a tunnel goes by what its baseline does there. */
static void watching_store(struct watching *w, const struct judgement *judgement)
{
    struct judgement kept = *judgement;
    struct prefix tunnel;

    if (w->key != NULL && kept.observation.line != 0) {
        tunnel = subscriber_prefix(kept.observation.line);
        tunnel = address_key_hide_subscriber(w->key, &tunnel);
        kept.observation.line = subscriber_key(&tunnel.address);
        kept.observation.endpoint = (struct address){.octets = {0}};
    }
    store_queue_judgement(w->queue, &kept);
}

void watching_observe(struct watching *w, const struct observation *observation,
                      struct judgement *out)
{
    if (w->key != NULL)
        watching_recognise(w, observation);
    if (!watch_observe(w->watch, observation, out))
        return; /* the same opening packet again */
    w->counts.taken++;
    w->counts.verdict[out->verdict]++;
    journal_add(w->journal, out);
    tally_add(&w->tally, observation->time_ns, out->verdict);
    if (w->queue != NULL)
        watching_store(w, out);
    if (w->judged != NULL)
        w->judged(out, w->context);
}

/*
 * Traceroute by TCP sends what looks like an opening packet, with a hop limit of its own choice. One
 * to a target that has so few hops left, or ends inside the tale, is no visitor's.
 */
static bool watching_is_probe(const struct watching *w, const struct observation *observation)
{
    const struct address *server = &observation->server;
    const struct target target = tales_find(w->tales, address_family(server), server);

    return target.tale != NULL && (observation->hop_limit <= PROBE_HOP_LIMIT ||
                                   observation->hop_limit <= tale_longest(target.tale));
}

/* On a tap there is the other way, too, and what is in tunnels that go on. */
static void watching_flow(struct watching *w, const struct observation *packet)
{
    if (w->tunnels && flows_is_of_connection(packet) && flows_is_news(&w->flows, packet) &&
        flows_learn(w->watch, packet))
        w->counts.hop_limits++;
}

static void watching_opening(struct watching *w, const struct observation *observation)
{
    struct judgement judgement;

    if (w->tunnels)
        flows_open(&w->flows, observation);
    watching_observe(w, observation, &judgement);
}

static void watching_packet(const struct captured *captured, void *context)
{
    struct watching *w = context;
    struct cursor c = cursor_over(captured->octets, captured->length);
    struct observation observation;
    enum observation_refusal refusal;

    w->counts.packets++;
    if (!(w->tunnels ? tunnel_to_ip : frame_to_ip)(captured->link, &c)) {
        w->counts.not_ip++;
        return;
    }
    refusal = observation_from_packet(c.at, cursor_left(&c), captured->time_ns, &observation);
    if (refusal != OBSERVATION_TAKEN)
        w->counts.refused[refusal]++;
    if (refusal != OBSERVATION_TAKEN && refusal != OBSERVATION_NOT_OPENING)
        return;
    if (w->by_tunnel)
        observation.line = tunnel_subscriber(
            captured->link, cursor_over(captured->octets, captured->length), &observation.endpoint);
    if (refusal == OBSERVATION_NOT_OPENING)
        watching_flow(w, &observation);
    else if (watching_is_probe(w, &observation))
        w->counts.probes++;
    else
        watching_opening(w, &observation);
}

/* The first octets of a packet whose hop limit is new in connections that go on. */
static void watching_hop_limit(const struct captured *captured, struct watching *w)
{
    struct packet packet;

    w->counts.hop_limits++;
    if (packet_parse(captured->octets, captured->length, &packet) == PACKET_OK)
        watch_hop_limit(w->watch, &packet.source, packet.hop_limit, captured->time_ns);
}

/* A record has the monotonic clock's time, an observation the real one's. */
static uint64_t real_time(uint64_t monotonic_ns)
{
    return monotonic_ns + clock_real_ns() - clock_monotonic_ns();
}

static void watching_seen(const struct xdp_seen *seen, void *context)
{
    struct watching *w = context;
    const struct captured captured = {
        .link = LINK_RAW,
        .octets = seen->octets,
        .length = seen->captured <= XDP_SEEN_OCTETS ? seen->captured : XDP_SEEN_OCTETS,
        .time_ns = real_time(seen->time_ns),
    };

    if (seen->kind == XDP_SEEN_OPENING)
        watching_packet(&captured, w);
    else
        watching_hop_limit(&captured, w);
}

static void watching_read_hook(uv_poll_t *handle, int status, int events)
{
    struct source *source = handle->data;

    (void)status;
    (void)events;
    xdp_read_seen(source->xdp, watching_seen, source->watching);
}

static void watching_read(uv_poll_t *handle, int status, int events)
{
    struct source *source = handle->data;

    (void)events;
    if (status < 0) { /* the interface went down or is gone, which watching_link is told */
        capture_clear_error(source->capture);
        uv_poll_start(handle, UV_READABLE, watching_read);
    }
    if (capture_read(source->capture, PACKETS_A_TURN, watching_packet, source->watching) < 0 &&
        !source->is_down) {
        log_error("watching on %s: %s", source->interface, capture_error(source->capture));
        source->is_down = true;
    }
}

static void source_change(struct source *source, enum links_change change)
{
    switch (change) {
    case LINKS_UP:
    case LINKS_UNSURE:
        if (source->is_down)
            log_notice("watching on %s goes on: the interface is up", source->interface);
        source->is_down = false;
        break;
    case LINKS_DOWN:
        if (!source->is_down)
            log_warning("watching on %s waits: the interface is down", source->interface);
        source->is_down = true;
        break;
    case LINKS_GONE:
        log_error("watching on %s ends: the interface is gone", source->interface);
        uv_poll_stop(&source->poll);
        source->watching->is_broken = true;
        break;
    }
}

void watching_link(struct watching *w, unsigned interface, enum links_change change)
{
    for (size_t i = 0; i < w->source_count; i++)
        if (w->source[i].index == interface)
            source_change(&w->source[i], change);
}

static void watching_free(struct watching *w)
{
    for (size_t i = 0; i < w->source_count; i++) {
        if (w->source[i].capture)
            free((char *)w->source[i].interface);
        capture_close(w->source[i].capture);
    }
    journal_free(w->journal);
    watch_free(w->watch);
    free(w);
}

static void watching_closed(uv_handle_t *handle)
{
    struct source *source = handle->data;

    if (--source->watching->open_handles == 0)
        watching_free(source->watching);
}

static int watching_open_source(struct watching *w, const char *interface, char *error,
                                size_t error_size)
{
    struct source *source = &w->source[w->source_count];
    const int code = capture_open_live(interface, w->tunnels, &source->capture, error, error_size);

    if (code != 0)
        return code;
    w->source_count++;
    source->watching = w;
    source->index = if_nametoindex(interface);
    source->interface = strdup(interface);
    if (source->interface == NULL) {
        snprintf(error, error_size, "%s", strerror(ENOMEM));
        return -ENOMEM;
    }
    return 0;
}

static void watching_add_hooks(struct watching *w, struct hooks *hooks)
{
    for (size_t i = 0; i < hooks_count(hooks); i++) {
        const struct hook *hook = hooks_at(hooks, i);

        if (hook->watches)
            w->source[w->source_count++] = (struct source){.watching = w,
                                                           .xdp = hook->xdp,
                                                           .interface = hook->interface,
                                                           .index = hook->index};
    }
}

static void watching_start(struct watching *w, uv_loop_t *loop)
{
    for (size_t i = 0; i < w->source_count; i++) {
        struct source *source = &w->source[i];

        uv_poll_init(loop, &source->poll,
                     source->xdp ? xdp_seen_descriptor(source->xdp)
                                 : capture_descriptor(source->capture));
        source->poll.data = source;
        uv_poll_start(&source->poll, UV_READABLE, source->xdp ? watching_read_hook : watching_read);
        w->open_handles++;
    }
}

/* Of the time, so that no number of an earlier run is given again. */
static uint64_t start_number(void)
{
    return clock_real_ns() / 1000;
}

static int watching_new_watch(struct watching *w, const struct configuration *configuration,
                              char *error, size_t error_size)
{
    struct watch_settings judge = watching_settings(configuration);
    int code;

    if (getrandom(judge.hash_key, sizeof judge.hash_key, 0) < 0)
        code = -errno;
    else
        code = watch_new(&judge, &w->watch);
    if (code == 0)
        code = journal_new(JOURNAL_JUDGEMENTS, start_number(), judge.hash_key, &w->journal);
    if (code != 0)
        snprintf(error, error_size, "cannot make the tables of watch: %s", strerror(-code));
    return code;
}

int watching_open(uv_loop_t *loop, const struct configuration *configuration, struct hooks *hooks,
                  struct watching **out, char *error, size_t error_size)
{
    const struct settings *settings = configuration->settings;
    const struct text_list *interfaces = &settings->watch_interfaces;
    struct watching *w = calloc(1, sizeof *w + interfaces->count * sizeof w->source[0]);
    int code;

    if (w == NULL) {
        snprintf(error, error_size, "%s", strerror(ENOMEM));
        return -ENOMEM;
    }
    w->tales = &configuration->tales;
    w->by_tunnel = configuration->settings->watch_subscriber == SUBSCRIBER_TUNNEL;
    w->tunnels = settings->watch_tunnels != 0;
    code = watching_new_watch(w, configuration, error, error_size);
    if (code == 0 && settings->watch_datapath == WATCH_XDP)
        watching_add_hooks(w, hooks);
    else
        for (size_t i = 0; code == 0 && i < interfaces->count; i++)
            code = watching_open_source(w, interfaces->item[i], error, error_size);
    if (code != 0) {
        watching_free(w);
        return code;
    }
    watching_start(w, loop);
    *out = w;
    return 0;
}

void watching_deliver(struct watching *w, struct store_queue *queue,
                      void (*judged)(const struct judgement *judgement, void *context),
                      void *context)
{
    w->queue = queue;
    w->judged = judged;
    w->context = context;
}

/* Of a connection in a tunnel the watch knows the address alone, by which it would still be found. */
static void watching_forget_one(const struct judgement *judgement, void *context)
{
    const struct watching *w = context;

    (void)watch_forget_connection(w->watch, judgement);
}

void watching_forget(struct watching *w, const struct address *address)
{
    struct address hidden;

    watch_forget(w->watch, address);
    if (w->key != NULL) {
        hidden = watching_hidden(w, address);
        watch_forget(w->watch, &hidden);
    }
    journal_forget(w->journal, address, watching_forget_one, w);
}

void watching_reconfigure(struct watching *w, const struct configuration *configuration)
{
    const struct watch_settings judge = watching_settings(configuration);

    w->tales = &configuration->tales;
    watch_reconfigure(w->watch, &judge);
}

struct watch *watching_watch(struct watching *w)
{
    return w->watch;
}

struct journal *watching_journal(struct watching *w)
{
    return w->journal;
}

const struct tally *watching_tally(const struct watching *w)
{
    return &w->tally;
}

struct watching_counts watching_counts(struct watching *w)
{
    struct watching_counts counts = w->counts;

    for (size_t i = 0; i < w->source_count; i++)
        counts.dropped += w->source[i].xdp ? xdp_count(w->source[i].xdp, XDP_COUNT_OPENING_LOST)
                                           : capture_counts(w->source[i].capture).dropped;
    return counts;
}

bool watching_is_whole(const struct watching *w, const char **out_reason)
{
    if (!w->is_broken)
        return true;
    *out_reason = "an interface that is watched is gone or failed; the log says which";
    return false;
}

void watching_close(struct watching *w)
{
    if (w == NULL)
        return;
    if (w->open_handles == 0) {
        watching_free(w);
        return;
    }
    for (size_t i = 0; i < w->source_count; i++)
        uv_close((uv_handle_t *)&w->source[i].poll, watching_closed);
}
