/*
 * The archive; see archive.h.
 */
#include "cli/archive.h"

#include "base/clock.h"
#include "base/log.h"
#include "cli/hiding.h"
#include "cli/recalling.h"
#include "cli/restoring.h"
#include "watch/network.h"
#include "watch/subscriber.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KEY_SHARED   "/var/lib/hoptell/address.key"
#define SPOOL_SHARED "/var/lib/hoptell/spool" /* of a store that is not a file */

#define FADED_NS (NETWORK_FADED_S * 1000000000ull)

enum {
    QUEUE_ROWS = 8192, /* at 50,000 a second half of it is 80 milliseconds */
    LOOK_EVERY_MS = 1000,
    BEHIND_LOOKS = 3, /* after so many it is told that the store is behind, or has caught up */
    SAVE_EVERY_LOOKS = 60,
    DROP_EVERY_LOOKS = 3600, /* and at the start */
    MOMENT_MS = 250,         /* a full capture buffer away from a loss */
    /* Of the 90 seconds that a service has to stop (etc/hoptell.service.in): */
    STORE_END_MS = 10000, /* what is queued goes to the store, and after it to the spool */
    SAVE_END_MS = 40000,  /* baselines are given to the queue */
    PATH_OCTETS = 4096,
    RECALLS_MAX = 4, /* at once, a connection to the store each */
};

struct recall {
    struct recalling *recalling; /* NULL: free */
    uint64_t ticket;
    void (*done)(uint64_t ticket, struct recalled *recalled, void *context);
    void *context;
};

struct archive {
    uv_loop_t *loop;
    uv_timer_t timer;
    struct store_queue *queue;
    struct watching *watching;
    struct restoring *restoring; /* NULL: none is under way */
    bool hides;                  /* addresses, by the key */
    struct address_key key;
    struct recall recall[RECALLS_MAX];
    uint64_t tickets; /* given out */
    char *url;
    char *password_file;
    char *spool_path;
    uint64_t keep_us;
    uint64_t keep_observations;
    struct baseline_limits limits;
    uint64_t baselines;  /* given to the queue since old ones were dropped last */
    uint64_t saved_ns;   /* what changed since is not saved yet; clock of the observations */
    uint64_t round_ns;   /* when the round of saving began that goes on at save_from */
    uint64_t moved;      /* of watch_moved, then */
    uint64_t before_ns;  /* when the last round began that is over */
    uint64_t save_from;  /* of watch_each_baseline */
    uint64_t dropped_at; /* rows written when old ones were dropped last */
    unsigned looks;
    uint64_t lost;     /* as it was said last */
    uint64_t broken;   /* the same */
    bool was_failing;  /* the same */
    bool was_behind;   /* the same */
    unsigned changing; /* looks since it was otherwise */
    bool was_full;     /* the spool, as it was said last */
    bool was_refused;  /* the store, by the gate, the same */
    bool is_losing;    /* what is lost now has been said */
    bool is_restored;  /* what the store knew is known; before, a save would replace it by less */
    uint64_t end_ns;   /* 0: the loop turns; until then a save may wait for room; monotonic */
    char reason[256];  /* why the store fails */
    char refused[512]; /* why it may not take what it takes, as it turned out late; "" */
};

/* A baseline keeps whole seconds only: one of this very second may still change. */
static uint64_t this_second_ns(void)
{
    const uint64_t now = clock_real_ns();

    return now - now % 1000000000u;
}

static bool archive_save_one(const struct baseline *baseline, void *context)
{
    struct archive *a = context;

    if (baseline->updated_ns < a->saved_ns)
        return true;
    a->baselines++;
    if (store_queue_baseline(a->queue, baseline))
        return true;
    return a->end_ns > uv_hrtime() && store_queue_wait(a->queue) &&
           store_queue_baseline(a->queue, baseline);
}

/*
 * What changed since the last round began; where that is too much for the queue, in several parts.
 * What moved in between may have been left out, so that the next round has it once more. True when it
 * was all.
 */
static bool archive_save(struct archive *a)
{
    const struct watch *watch = watching_watch(a->watching);

    if (a->save_from == 0) {
        a->round_ns = this_second_ns();
        a->moved = watch_moved(watch);
    }
    if (!watch_each_baseline(watch, &a->save_from, archive_save_one, a))
        return false;
    a->saved_ns = watch_moved(watch) == a->moved ? a->round_ns : a->before_ns;
    a->before_ns = a->round_ns;
    return true;
}

/* Said once for as long as it is so. */
static void archive_tell_refused(struct archive *a, const char *refused)
{
    if (strcmp(a->refused, refused) == 0)
        return;
    snprintf(a->refused, sizeof a->refused, "%s", refused);
    if (a->refused[0] != '\0')
        log_error("%s; until then, what is to be stored waits in %s", a->refused, a->spool_path);
}

/*
 * A store that works, and takes less than comes: no fault, and told when it stays so for some looks, as
 * is that it is over. What waits for a store that was away is told then.
 */
static void archive_tell_behind(struct archive *a, const struct store_queue_counts *counts)
{
    const bool is_behind = counts->spooled > 0;

    a->changing = is_behind == a->was_behind ? 0 : a->changing + 1;
    if (a->was_failing || a->changing < BEHIND_LOOKS)
        return;
    if (is_behind)
        log_notice("the store is behind: %llu rows wait for it in %s",
                   (unsigned long long)counts->spooled, a->spool_path);
    else
        log_notice("the store has caught up: no rows wait in %s", a->spool_path);
    a->was_behind = is_behind;
    a->changing = 0;
}

/* Rows wait in memory for a full spool, and then are lost. */
static void archive_tell_full(struct archive *a, const struct store_queue_counts *counts)
{
    const bool is_losing = counts->lost > a->lost;

    if (counts->spool_full && !a->was_full)
        log_warning("%s is full or cannot be written: what is to be stored waits in memory",
                    a->spool_path);
    if (is_losing && !a->is_losing)
        log_error(
            "%s is full or cannot be written, and there is no more room in memory: what is to "
            "be stored is lost, and counted in hoptell_store_lost_total",
            a->spool_path);
    a->is_losing = is_losing || (a->is_losing && counts->spool_full);
    a->was_full = counts->spool_full;
    a->lost = counts->lost;
}

/* Says once what has changed: that the store fails, that it is back or behind, that rows are lost. */
static void archive_tell(struct archive *a, const struct store_queue_counts *counts)
{
    const bool failing = store_queue_failing(a->queue, a->reason, sizeof a->reason);

    if (counts->refused || a->was_refused)
        archive_tell_refused(a, counts->refused ? a->reason : "");
    a->was_refused = counts->refused;
    if (failing && !a->was_failing)
        log_warning("%s; until it is back, what is to be stored waits in %s", a->reason,
                    a->spool_path);
    if (!failing && a->was_failing && a->is_restored) {
        log_notice("the store is back; %llu rows wait for it", (unsigned long long)counts->spooled);
        a->was_behind = counts->spooled > 0;
    }
    if (counts->broken > a->broken)
        log_error("%s: %llu places could not be read again; what was there is lost", a->spool_path,
                  (unsigned long long)(counts->broken - a->broken));
    a->was_failing = failing || (a->was_failing && !a->is_restored);
    a->broken = counts->broken;
    archive_tell_behind(a, counts);
    archive_tell_full(a, counts);
}

static void archive_restored(bool restored, const char *refused, void *context)
{
    struct archive *a = context;

    a->restoring = NULL;
    a->is_restored = restored;
    archive_tell_refused(a, refused);
    if (restored)
        log_notice("the store is reached: what it knows is known again");
}

/* What the spool has of baselines must be in the store before they are read from there. */
static void archive_restore_late(struct archive *a, const struct store_queue_counts *counts)
{
    const struct store_place place = {.url = a->url, .password_file = a->password_file};

    if (a->is_restored || a->restoring != NULL || counts->spooled > 0)
        return;
    a->restoring = restoring_begin(a->loop, &place, RESTORING_ALL, a->hides ? &a->key : NULL,
                                   watching_watch(a->watching), archive_restored, a);
}

static void archive_others_read(bool whole, const char *refused, void *context)
{
    struct archive *a = context;

    (void)refused;
    a->restoring = NULL;
    if (!whole)
        log_warning("the store could not be read: what was imported stays as it was");
}

void archive_read_others(struct archive *a)
{
    struct store_place place;

    if (a == NULL || !a->is_restored || a->restoring != NULL)
        return;
    place = (struct store_place){.url = a->url, .password_file = a->password_file};
    a->restoring = restoring_begin(a->loop, &place, RESTORING_OTHERS, a->hides ? &a->key : NULL,
                                   watching_watch(a->watching), archive_others_read, a);
}

static void archive_drop_old(struct archive *a)
{
    const uint64_t now = clock_real_ns();
    const uint64_t keep = a->keep_us * 1000;

    /* A machine without a clock of its own begins in 1970: nothing is old then. */
    if (now > keep)
        store_queue_forget(a->queue, now - keep);
    store_queue_forget_beyond(a->queue, a->keep_observations);
    a->limits.networks_since_ns = now > FADED_NS ? now - FADED_NS : 0;
    store_queue_forget_baselines(a->queue, &a->limits);
}

/* Now and then, and sooner where a flood of connections, or of networks that nobody knows, would fill
 * the disk until then. */
static bool is_time_to_drop(struct archive *a, const struct store_queue_counts *counts)
{
    if (a->looks % DROP_EVERY_LOOKS != 0 &&
        counts->written - a->dropped_at <= a->keep_observations / 4 &&
        a->baselines <= (a->limits.networks + a->limits.subscribers) / 4)
        return false;
    a->dropped_at = counts->written;
    a->baselines = 0;
    return true;
}

static void archive_look(uv_timer_t *timer)
{
    struct archive *a = timer->data;
    const struct store_queue_counts counts = store_queue_counts(a->queue);

    archive_tell(a, &counts);
    archive_restore_late(a, &counts);
    if (is_time_to_drop(a, &counts))
        archive_drop_old(a);
    /* A round goes on as there is room; into the spool, where newer rows replace nothing, more slowly. */
    if (++a->looks % SAVE_EVERY_LOOKS != 0 && (a->save_from == 0 || counts.spooled > 0))
        return;
    if (a->is_restored)
        (void)archive_save(a);
}

/* Beside the file of an embedded store, so that both are on one disk and move together. */
static char *archive_path(const struct settings *settings, const char *named, const char *ending,
                          const char *shared)
{
    static const char sqlite[] = "sqlite:";
    char path[PATH_OCTETS];

    if (named[0] != '\0')
        return strdup(named);
    if (strncmp(settings->store, sqlite, strlen(sqlite)) != 0)
        return strdup(shared);
    snprintf(path, sizeof path, "%s%s", settings->store + strlen(sqlite), ending);
    return strdup(path);
}

static int archive_take_key(struct archive *a, const struct settings *settings, char *error,
                            size_t error_size)
{
    char *path;
    int code;

    a->hides = settings->store_addresses == ADDRESSES_HASHED;
    if (!a->hides)
        return 0;
    path = archive_path(settings, settings->store_key_file, ".key", KEY_SHARED);
    code = path != NULL ? address_key_load(path, &a->key, error, error_size) : -ENOMEM;
    free(path);
    if (code == 0)
        watching_recognise_by(a->watching, &a->key);
    return code;
}

void archive_reconfigure(struct archive *a, const struct settings *settings)
{
    if (a == NULL)
        return;
    a->keep_us = settings->keep_us;
    a->keep_observations = settings->keep_observations;
    a->limits.networks = settings->watch_networks;
    a->limits.subscribers = settings->watch_subscribers;
}

static struct archive *archive_new(uv_loop_t *loop, const struct settings *settings,
                                   struct watching *watching)
{
    struct archive *a = calloc(1, sizeof *a);

    if (a == NULL)
        return NULL;
    a->loop = loop;
    a->watching = watching;
    archive_reconfigure(a, settings);
    a->saved_ns = a->before_ns = this_second_ns();
    a->url = strdup(settings->store);
    a->password_file = strdup(settings->store_password_file);
    a->spool_path = archive_path(settings, settings->spool_path, ".spool", SPOOL_SHARED);
    return a;
}

static void archive_free(struct archive *a)
{
    if (a == NULL)
        return;
    free(a->url);
    free(a->password_file);
    free(a->spool_path);
    free(a);
}

/* Before a store that was away at the start is given anything, in the writer's thread. */
static int archive_check_store(struct store *store, void *context, char *error, size_t error_size)
{
    const struct archive *a = context;

    return hiding_check(&a->key, store, a->url, error, error_size);
}

/* The queue; store and spool are its own then. */
static int archive_start(struct archive *a, struct store *store, struct spool *spool)
{
    const struct store_gate gate = {.check = archive_check_store, .context = a};
    const bool is_checked = !a->hides || a->is_restored;
    const int code =
        store_queue_open(store, spool, QUEUE_ROWS, is_checked ? NULL : &gate, &a->queue);

    if (code == 0 && a->hides)
        store_queue_hide(a->queue, &a->key);
    return code;
}

/* The store with what it knows, or the way to it while it cannot be reached. */
static int archive_reach(struct archive *a, struct store **out, char *error, size_t error_size)
{
    const struct store_place place = {.url = a->url, .password_file = a->password_file};
    int code = store_open(&place, out, error, error_size);

    if (code == 0 && a->hides)
        code = hiding_check(&a->key, *out, a->url, error, error_size);
    if (code == 0) {
        a->is_restored = true;
        return restoring_now(watching_watch(a->watching), *out, a->hides, error, error_size);
    }
    if (code != -EHOSTDOWN)
        return code;
    log_warning("%s; until it is there, what is to be stored waits in %s", error, a->spool_path);
    a->was_failing = true;
    return 0;
}

int archive_open(uv_loop_t *loop, const struct settings *settings, struct watching *watching,
                 struct archive **out, char *error, size_t error_size)
{
    struct archive *a;
    struct store *store = NULL;
    struct spool *spool = NULL;
    int code = -ENOMEM;

    *out = NULL;
    if (strcmp(settings->store, "none") == 0)
        return 0;
    snprintf(error, error_size, "%s", strerror(ENOMEM));
    a = archive_new(loop, settings, watching);
    if (a != NULL && a->url != NULL && a->password_file != NULL && a->spool_path != NULL)
        code = archive_take_key(a, settings, error, error_size);
    if (code == 0)
        code = archive_reach(a, &store, error, error_size);
    if (code == 0)
        code = spool_open(a->spool_path, settings->spool_size, &spool, error, error_size);
    if (code == 0)
        store_queue_take_left(spool);
    if (code == 0 && a->hides)
        code = hiding_check_spool(spool, a->spool_path, error, error_size);
    if (code == 0) {
        restoring_spooled(watching_watch(watching), spool, a->hides);
        code = archive_start(a, store, spool);
    }
    if (code != 0) {
        watching_recognise_by(watching, NULL);
        store_close(store);
        spool_close(spool);
        archive_free(a);
        return code;
    }
    uv_timer_init(loop, &a->timer);
    a->timer.data = a;
    uv_timer_start(&a->timer, archive_look, LOOK_EVERY_MS, LOOK_EVERY_MS);
    *out = a;
    return 0;
}

struct store_queue *archive_queue(struct archive *a)
{
    return a != NULL ? a->queue : NULL;
}

/*
 * What an operator is told to be done must outlive a crash. A commit takes milliseconds; the loop
 * waits no longer than captures can.
 */
static int wait_a_moment(struct archive *a)
{
    return store_queue_wait_for(a->queue, MOMENT_MS) ? 0 : -EAGAIN;
}

int archive_label(struct archive *a, const struct address *address, uint16_t port, bool is_tethered)
{
    const struct label label = {
        .address = *address,
        .port = port,
        .verdict = is_tethered ? VERDICT_TETHERED : VERDICT_DIRECT,
        .labelled_ns = clock_real_ns(),
    };

    if (a == NULL)
        return -ENOTSUP;
    return store_queue_label(a->queue, &label) ? wait_a_moment(a) : -ENOBUFS;
}

static void archive_recalled(struct recalling *self, struct recalled *recalled, void *context)
{
    struct recall *recall = context;

    (void)self;
    recall->recalling = NULL;
    recall->done(recall->ticket, recalled, recall->context);
}

int archive_recall(struct archive *a, const struct address *address,
                   void (*done)(uint64_t ticket, struct recalled *recalled, void *context),
                   void *context, uint64_t *out_ticket)
{
    struct prefix subscriber = subscriber_prefix(subscriber_key(address));
    struct store_place place;
    struct recall *recall;
    unsigned i = 0;

    if (a == NULL)
        return -ENOTSUP;
    if (store_queue_counts(a->queue).forgetting > 0)
        return -EBUSY; /* the store may still tell of who is forgotten */
    while (i < RECALLS_MAX && a->recall[i].recalling != NULL)
        i++;
    if (i == RECALLS_MAX)
        return -EBUSY;
    if (a->hides)
        subscriber = address_key_hide_subscriber(&a->key, &subscriber);
    recall = &a->recall[i];
    place = (struct store_place){.url = a->url, .password_file = a->password_file};
    *recall = (struct recall){.ticket = ++a->tickets, .done = done, .context = context};
    recall->recalling = recalling_begin(a->loop, &place, &subscriber, archive_recalled, recall);
    *out_ticket = recall->ticket;
    return recall->recalling != NULL ? 0 : -EBUSY;
}

int archive_forget(struct archive *a, const struct address *address)
{
    const struct prefix subscriber = subscriber_prefix(subscriber_key(address));

    if (a == NULL)
        return 0;
    return store_queue_forget_subscriber(a->queue, &subscriber) ? wait_a_moment(a) : -ENOBUFS;
}

bool archive_is_well(struct archive *a, const char **out_reason)
{
    if (a == NULL)
        return true;
    if (store_queue_failing(a->queue, a->reason, sizeof a->reason))
        *out_reason = a->reason;
    else if (a->refused[0] != '\0')
        *out_reason = a->refused;
    else
        return true;
    return false;
}

static void archive_closed(uv_handle_t *handle)
{
    archive_free(handle->data);
}

/* All that is queued goes to the store, or in time to the spool; and what became of it is said. */
static void archive_finish(struct archive *a)
{
    struct store_queue_counts counts;

    store_queue_hurry(a->queue, STORE_END_MS);
    a->end_ns = uv_hrtime() + (uint64_t)SAVE_END_MS * 1000000u;
    a->save_from = 0; /* what has changed since the round passed it, too */
    if (!a->is_restored)
        log_warning("the store was not reached: what was learnt since the start is not kept");
    else if (!archive_save(a))
        log_warning("the store was too slow: some of what was learnt lately is not kept");
    (void)store_queue_wait(a->queue);
    counts = store_queue_counts(a->queue);
    archive_tell(a, &counts);
    if (counts.spooled > 0)
        log_notice("%llu rows wait in %s for the store until the next start",
                   (unsigned long long)counts.spooled, a->spool_path);
}

void archive_close(struct archive *a)
{
    uint64_t lost;

    if (a == NULL)
        return;
    watching_recognise_by(a->watching, NULL); /* the key goes */
    restoring_abandon(a->restoring);
    for (unsigned i = 0; i < RECALLS_MAX; i++)
        recalling_abandon(a->recall[i].recalling);
    archive_finish(a);
    lost = store_queue_close(a->queue);
    if (lost > 0)
        log_error("%llu rows fitted neither in the store nor in %s, and are lost",
                  (unsigned long long)lost, a->spool_path);
    uv_close((uv_handle_t *)&a->timer, archive_closed);
}
