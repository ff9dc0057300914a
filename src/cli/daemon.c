/*
 * The daemon; see daemon.h. It knows everyone and decides nothing: the table of steps says in which
 * order things are set up; each step leaves in struct daemon what daemon_close takes down again.
 */
#include "cli/daemon.h"

#include "base/log.h"
#include "base/privileges.h"
#include "base/sandbox.h"
#include "base/store_url.h"
#include "base/units.h"
#include "cli/archive.h"
#include "cli/greeting.h"
#include "cli/keeper.h"
#include "cli/metrics.h"
#include "cli/naming.h"
#include "cli/reloading.h"
#include "cli/routing.h"
#include "cli/serving.h"
#include "cli/supervising.h"
#include "cli/telling.h"
#include "cli/watching.h"
#include "edge/links.h"
#include "edge/resolver.h"
#include "edge/route.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { GATHER_MS = 1000, ERROR_TEXT_MAX = 512, DNS_PORT = 53 };

struct daemon {
    uv_loop_t loop;
    uv_signal_t interrupt;
    uv_signal_t terminate;
    uv_signal_t hangup;
    uv_timer_t gathering; /* of who walks the tales */
    const char *file;
    struct reloading *reloading; /* NULL: none is under way */
    bool reload_again;           /* asked for while one was */
    double started_s;            /* since 1970-01-01 UTC */
    struct configuration *configuration;
    struct identity identity;
    struct tun *tun;    /* until telling takes it over */
    unsigned interface; /* the device's index; 0: there is none */
    bool device_is_down;
    bool is_cut_off; /* an interface that answers is gone */
    struct links *links;
    uv_poll_t changes; /* of interfaces */
    struct hooks *hooks;
    struct keeper *keeper;
    struct watching *watching;
    struct archive *archive;
    struct telling *telling;
    struct naming *naming;
    struct serving *serving;
    struct supervising *supervising; /* NULL: there is nobody to tell */
};

static const struct settings *daemon_settings(const struct daemon *d)
{
    return d->configuration->settings;
}

static const struct tales *daemon_tales(const struct daemon *d)
{
    return &d->configuration->tales;
}

static int step_identity(struct daemon *d, char *error, size_t error_size)
{
    if (geteuid() != 0)
        return 0;
    return privileges_find(daemon_settings(d)->user, &d->identity, error, error_size);
}

static int device_addresses(struct route_socket *routes, const struct daemon *d)
{
    const struct prefix_list *addresses = &daemon_settings(d)->tun_addresses;
    int code = route_link_up(routes, d->interface);

    for (size_t i = 0; code == 0 && i < addresses->count; i++)
        code = route_address_add(routes, d->interface, &addresses->item[i].address,
                                 addresses->item[i].length);
    return code;
}

static unsigned device_queues(const struct daemon *d)
{
    const unsigned wanted = (unsigned)daemon_settings(d)->tun_queues;
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);

    if (wanted > 0)
        return wanted;
    return processors > 0 ? (unsigned)processors : 1;
}

static int step_device(struct daemon *d, char *error, size_t error_size)
{
    const char *name = daemon_settings(d)->tun_name;
    struct route_socket *routes;
    int code;

    if (daemon_tales(d)->count == 0 || daemon_settings(d)->datapath != DATAPATH_TUN)
        return 0;
    code = tun_open(name, device_queues(d), &d->tun, error, error_size);
    if (code != 0)
        return code;
    d->interface = tun_index(d->tun);
    code = route_open(&routes);
    if (code == 0) {
        code = device_addresses(routes, d);
        route_close(routes);
    }
    if (code != 0)
        snprintf(error, error_size, "cannot set up the device %s: %s", name, strerror(-code));
    return code;
}

static int step_hooks(struct daemon *d, char *error, size_t error_size)
{
    return hooks_open(daemon_settings(d), daemon_tales(d), &d->hooks, error, error_size);
}

/* In the keeper: the device must go when the daemon goes, so the keeper may not hold it. */
static void let_go_of_device(void *context)
{
    struct daemon *d = context;

    tun_close(d->tun);
}

/* What the keeper is to detach; for free(3), NULL for want of memory. */
static struct keeper_program *programs_of(const struct hooks *hooks)
{
    struct keeper_program *list = calloc(hooks_count(hooks) + 1, sizeof *list);

    for (size_t i = 0; list != NULL && i < hooks_count(hooks); i++)
        list[i] = (struct keeper_program){.interface = hooks_at(hooks, i)->interface,
                                          .index = hooks_at(hooks, i)->index,
                                          .id = xdp_id(hooks_at(hooks, i)->xdp)};
    return list;
}

static int start_keeper(struct daemon *d, bool resolver)
{
    struct prefix_list allowed = {0};
    struct keeper_orders orders = {.interface = d->interface,
                                   .addresses = &daemon_settings(d)->tun_addresses,
                                   .allowed = &allowed,
                                   .resolver = resolver,
                                   .program = programs_of(d->hooks),
                                   .program_count = hooks_count(d->hooks)};
    int code = orders.program == NULL
                   ? -ENOMEM
                   : routing_allowed(&daemon_settings(d)->own, daemon_tales(d), &allowed);

    if (code == 0)
        code = keeper_start(&orders, let_go_of_device, d, &d->keeper);
    free(allowed.item);
    free((void *)orders.program);
    return code;
}

static int step_keeper(struct daemon *d, char *error, size_t error_size)
{
    const bool resolver = daemon_settings(d)->names_resolver == RESOLVER_SYSTEM;
    int code;

    if (d->tun == NULL && !resolver && hooks_count(d->hooks) == 0)
        return 0;
    code = start_keeper(d, resolver);
    if (code != 0)
        snprintf(error, error_size, "cannot start the keeper: %s", strerror(-code));
    else if (d->tun != NULL)
        code = routing_change(d->keeper, NULL, daemon_tales(d), error, error_size);
    return code;
}

static int step_watching(struct daemon *d, char *error, size_t error_size)
{
    return watching_open(&d->loop, d->configuration, d->hooks, &d->watching, error, error_size);
}

static void daemon_gather(uv_timer_t *handle)
{
    struct daemon *d = handle->data;

    telling_gather(d->telling);
}

static int step_telling(struct daemon *d, char *error, size_t error_size)
{
    struct tun *tun = d->tun;
    int code;

    if (tun == NULL && !hooks_tell(d->hooks))
        return 0;
    d->tun = NULL;
    code = telling_open(tun, d->hooks, daemon_tales(d), daemon_settings(d), &d->telling);
    if (code != 0)
        snprintf(error, error_size, "cannot start to answer probes: %s", strerror(-code));
    else if (hooks_tell(d->hooks))
        uv_timer_start(&d->gathering, daemon_gather, 0, GATHER_MS);
    return code;
}

static int step_naming(struct daemon *d, char *error, size_t error_size)
{
    return naming_open(&d->loop, daemon_tales(d), daemon_settings(d), &d->naming, error,
                       error_size);
}

static void daemon_metrics(metric_put *put, void *to, void *context)
{
    const struct daemon *d = context;
    const struct metrics_sources sources = {
        .started_s = d->started_s,
        .watching = d->watching,
        .telling = d->telling,
        .hooks = d->hooks,
        .naming = d->naming,
        .archive = d->archive,
    };

    metrics_put(&sources, put, to);
}

static bool daemon_ready(const char **out_reason, void *context)
{
    const struct daemon *d = context;

    if (d->is_cut_off) {
        *out_reason = "an interface that answered probes is gone; the log says which";
        return false;
    }
    return watching_is_whole(d->watching, out_reason) && archive_is_well(d->archive, out_reason);
}

/* With the device the kernel takes down its routes, and some of its addresses. */
static void daemon_restore_device(struct daemon *d)
{
    char error[ERROR_TEXT_MAX];
    int code = keeper_restore_addresses(d->keeper);

    if (code != 0)
        snprintf(error, sizeof error, "cannot restore its addresses: %s", strerror(-code));
    else
        code = routing_change(d->keeper, NULL, daemon_tales(d), error, sizeof error);
    if (code != 0)
        log_error("%s is up again, but %s", daemon_settings(d)->tun_name, error);
    else
        log_notice("%s is up again: the tales go on", daemon_settings(d)->tun_name);
}

static void daemon_device_changed(struct daemon *d, enum links_change change)
{
    const bool was_down = d->device_is_down;
    char unused[ERROR_TEXT_MAX];

    d->device_is_down = change == LINKS_DOWN;
    if (change == LINKS_DOWN && !was_down)
        log_warning("%s is down: the tales wait until it is up", daemon_settings(d)->tun_name);
    if (change == LINKS_UNSURE) { /* what is still there of its routes is set anew */
        (void)routing_change(d->keeper, daemon_tales(d), NULL, unused, sizeof unused);
        daemon_restore_device(d);
    }
    if (change == LINKS_UP && was_down)
        daemon_restore_device(d);
    if (change == LINKS_GONE)
        log_error("%s is gone: the tales end", daemon_settings(d)->tun_name);
}

static bool hooks_tell_on(const struct hooks *hooks, unsigned interface)
{
    for (size_t i = 0; i < hooks_count(hooks); i++)
        if (hooks_at(hooks, i)->tells && hooks_at(hooks, i)->index == interface)
            return true;
    return false;
}

static void daemon_link_changed(unsigned interface, enum links_change change, void *context)
{
    struct daemon *d = context;
    const bool is_device = interface == d->interface;

    watching_link(d->watching, interface, change);
    if (is_device)
        daemon_device_changed(d, change);
    if (change == LINKS_GONE && (is_device || hooks_tell_on(d->hooks, interface)))
        d->is_cut_off = true;
}

static void daemon_read_links(uv_poll_t *handle, int status, int events)
{
    struct daemon *d = handle->data;

    (void)events;
    if (status < 0) /* libuv stops at an error, and this one says that words were lost */
        uv_poll_start(handle, UV_READABLE, daemon_read_links);
    links_read(d->links, daemon_link_changed, d);
}

static int step_links(struct daemon *d, char *error, size_t error_size)
{
    const int code = links_open(&d->links);

    if (code != 0) {
        snprintf(error, error_size, "cannot ask for changes of interfaces: %s", strerror(-code));
        return code;
    }
    uv_poll_init(&d->loop, &d->changes, links_descriptor(d->links));
    d->changes.data = d;
    uv_poll_start(&d->changes, UV_READABLE, daemon_read_links);
    return 0;
}

static const struct tales *daemon_tales_now(void *context)
{
    return daemon_tales(context);
}

static size_t daemon_walkers(struct walker out[WALKERS_MAX], void *context)
{
    struct daemon *d = context;

    return d->telling != NULL ? telling_walkers(d->telling, out) : 0;
}

static int daemon_label(const struct address *address, uint16_t port, bool is_tethered,
                        void *context)
{
    struct daemon *d = context;

    return archive_label(d->archive, address, port, is_tethered);
}

/* The store first: where it cannot, nothing is forgotten at all. */
static void daemon_recalled(uint64_t ticket, struct recalled *recalled, void *context)
{
    struct daemon *d = context;

    serving_recalled(d->serving, ticket, recalled);
}

static int daemon_recall(const struct address *address, uint64_t *out_ticket, void *context)
{
    struct daemon *d = context;

    return archive_recall(d->archive, address, daemon_recalled, d, out_ticket);
}

static int daemon_forget(const struct address *address, void *context)
{
    struct daemon *d = context;
    const int code = archive_forget(d->archive, address);

    if (code != 0 && code != -EAGAIN)
        return code;
    watching_forget(d->watching, address);
    if (d->telling != NULL)
        telling_forget(d->telling, address);
    return code;
}

static int step_serving(struct daemon *d, char *error, size_t error_size)
{
    const struct serving_sources sources = {
        .watching = d->watching,
        .metrics = daemon_metrics,
        .ready = daemon_ready,
        .tales = daemon_tales_now,
        .walkers = daemon_walkers,
        .label = daemon_label,
        .forget = daemon_forget,
        .recall = daemon_recall,
        .context = d,
    };

    return serving_open(&d->loop, daemon_settings(d), &sources, &d->serving, error, error_size);
}

/* A resolver asks port 53 only (resolv.conf(5)), so our server must listen there. */
static int step_resolver(struct daemon *d, char *error, size_t error_size)
{
    const struct text_list *listen = &daemon_settings(d)->names_listen;

    if (daemon_settings(d)->names_resolver != RESOLVER_SYSTEM)
        return 0;
    for (size_t i = 0; i < listen->count; i++) {
        struct address address;
        uint16_t port;

        if (units_parse_endpoint(listen->item[i], &address, &port) && port == DNS_PORT)
            return resolver_enter(&address, error, error_size);
    }
    snprintf(error, error_size,
             "expected an address with port 53 in 'names.listen', as 'names.resolver: system' "
             "needs, found none");
    return -EINVAL;
}

static int step_supervising(struct daemon *d, char *error, size_t error_size)
{
    return supervising_open(&d->loop, &d->supervising, error, error_size);
}

static int step_rights(struct daemon *d, char *error, size_t error_size)
{
    return privileges_drop(&d->identity, error, error_size);
}

/* Who keeps its store here connects to nobody; without XDP nothing of interfaces changes. */
static int step_sandbox(struct daemon *d, char *error, size_t error_size)
{
    unsigned purposes = SANDBOX_DAEMON;

    if (store_url_is_mariadb(daemon_settings(d)->store))
        purposes |= SANDBOX_CLIENT;
    if (hooks_count(d->hooks) > 0)
        purposes |= SANDBOX_INTERFACES;
    return sandbox_enter(purposes, error, error_size);
}

static void daemon_judged(const struct judgement *judgement, void *context)
{
    struct daemon *d = context;

    serving_judged(d->serving, judgement);
    if (d->telling != NULL)
        telling_judged(d->telling, judgement);
}

static int step_archive(struct daemon *d, char *error, size_t error_size)
{
    const int code =
        archive_open(&d->loop, daemon_settings(d), d->watching, &d->archive, error, error_size);

    if (code == 0)
        watching_deliver(d->watching, archive_queue(d->archive), daemon_judged, d);
    return code;
}

/*
 * What wants rights comes before step_rights; what writes files as the daemon's user, after it, and
 * so does whatever has threads, since rights are each thread's own.
 */
static int (*const steps[])(struct daemon *d, char *error, size_t error_size) = {
    step_identity, step_device,  step_hooks,   step_keeper,   step_watching,
    step_links,    step_naming,  step_serving, step_resolver, step_supervising,
    step_rights,   step_sandbox, step_telling, step_archive,
};

static int daemon_set_up(struct daemon *d, char *error, size_t error_size)
{
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        const int code = steps[i](d, error, error_size);

        if (code != 0)
            return code;
    }
    return 0;
}

/* What takes probes to hoptell: routes to the device, or the tables of the XDP programs. */
static int daemon_redirect(struct daemon *d, const struct configuration *from,
                           const struct configuration *to, char *error, size_t error_size)
{
    if (d->telling == NULL)
        return 0;
    if (hooks_tell(d->hooks))
        return hooks_replace(d->hooks, &to->tales, to->settings, error, error_size);
    return routing_change(d->keeper, &from->tales, &to->tales, error, error_size);
}

static int daemon_take_over(struct daemon *d, const struct configuration *next, char *error,
                            size_t error_size)
{
    const char *fixed = settings_fixed_difference(daemon_settings(d), next->settings);
    int code;

    if (fixed == NULL && (next->tales.count > 0) != (d->telling != NULL))
        fixed = "tales";
    if (fixed != NULL) {
        snprintf(error, error_size, "'%s' can change with a restart only", fixed);
        return -EINVAL;
    }
    code = daemon_redirect(d, d->configuration, next, error, error_size);
    if (code != 0)
        return code;
    code = naming_replace(d->naming, &next->tales, next->settings);
    if (code != 0) {
        snprintf(error, error_size, "%s", strerror(-code));
        (void)daemon_redirect(d, next, d->configuration, error, error_size);
    }
    return code;
}

/* All or nothing: the old configuration stays when anything of the new one cannot be. */
static void daemon_replace(struct daemon *d, struct configuration *next)
{
    char error[ERROR_TEXT_MAX] = "";

    if (next == NULL) {
        log_error("reload: %s is not good; the old settings stay", d->file);
        return;
    }
    if (daemon_take_over(d, next, error, sizeof error) != 0) {
        log_error("reload: %s; the old settings stay", error);
        configuration_free(next);
        return;
    }
    if (d->telling != NULL)
        telling_replace(d->telling, &next->tales, next->settings);
    watching_reconfigure(d->watching, next);
    archive_reconfigure(d->archive, next->settings);
    archive_read_others(d->archive);
    log_set_level(next->settings->log_level);
    reloading_discard(&d->loop, d->configuration);
    d->configuration = next;
    log_notice("reload: the settings of %s are in force", d->file);
}

static void daemon_loaded(struct configuration *next, void *context);

static void daemon_reload(struct daemon *d)
{
    d->reload_again = false;
    d->reloading = reloading_begin(&d->loop, d->file, daemon_loaded, d);
    if (d->reloading == NULL)
        log_error("reload: too little memory; the old settings stay");
}

static void daemon_loaded(struct configuration *next, void *context)
{
    struct daemon *d = context;

    d->reloading = NULL;
    daemon_replace(d, next);
    if (d->reload_again)
        daemon_reload(d);
    if (d->reloading == NULL)
        supervising_ready(d->supervising);
}

static void daemon_hear(uv_signal_t *handle, int number)
{
    struct daemon *d = handle->data;

    (void)number;
    supervising_reloading(d->supervising);
    d->reload_again = true;
    if (d->reloading == NULL)
        daemon_reload(d);
    if (d->reloading == NULL)
        supervising_ready(d->supervising);
}

static void daemon_stop(uv_signal_t *handle, int number)
{
    (void)number;
    uv_stop(handle->loop);
}

static void daemon_on_signal(struct daemon *d, uv_signal_t *handle, uv_signal_cb act, int number)
{
    uv_signal_init(&d->loop, handle);
    handle->data = d;
    uv_signal_start(handle, act, number);
}

static void daemon_close(struct daemon *d)
{
    uv_close((uv_handle_t *)&d->interrupt, NULL);
    uv_close((uv_handle_t *)&d->terminate, NULL);
    uv_close((uv_handle_t *)&d->hangup, NULL);
    uv_close((uv_handle_t *)&d->gathering, NULL);
    if (d->links != NULL)
        uv_close((uv_handle_t *)&d->changes, NULL);
    reloading_abandon(d->reloading);
    supervising_close(d->supervising);
    serving_close(d->serving);
    naming_close(d->naming);
    telling_close(d->telling);
    tun_close(d->tun);
    archive_close(d->archive);
    watching_close(d->watching);
    uv_run(&d->loop, UV_RUN_DEFAULT);
    uv_loop_close(&d->loop);
    links_close(d->links);
    hooks_close(d->hooks);
    keeper_stop(d->keeper);
    configuration_free(d->configuration);
}

/*
 * Each listener has room for 1024 strangers, more than the 1024 descriptors that a process usually has
 * without asking, and a listener without one could not say anything to anybody.
 */
static void raise_descriptors(void)
{
    enum { WANTED = 8192 };
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= WANTED)
        return;
    limit.rlim_cur = limit.rlim_max < WANTED ? limit.rlim_max : WANTED;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < WANTED)
        log_warning("expected to have %d files open at once (ulimit -Hn), found %llu: with many "
                    "visitors there may be no room for operators",
                    WANTED, (unsigned long long)limit.rlim_cur);
}

enum command_status daemon_run(const char *file, struct configuration *configuration)
{
    struct daemon d = {
        .file = file, .configuration = configuration, .started_s = (double)time(NULL)};
    char error[ERROR_TEXT_MAX] = "";
    enum command_status status = COMMAND_DONE;

    log_set_level(configuration->settings->log_level);
    signal(SIGPIPE, SIG_IGN);
    raise_descriptors();
    uv_loop_init(&d.loop);
    daemon_on_signal(&d, &d.interrupt, daemon_stop, SIGINT);
    daemon_on_signal(&d, &d.terminate, daemon_stop, SIGTERM);
    daemon_on_signal(&d, &d.hangup, daemon_hear, SIGHUP);
    uv_timer_init(&d.loop, &d.gathering);
    d.gathering.data = &d;
    if (daemon_set_up(&d, error, sizeof error) == 0) {
        greeting_say(configuration->settings, &configuration->tales, d.supervising == NULL);
        supervising_ready(d.supervising);
        uv_run(&d.loop, UV_RUN_DEFAULT);
    } else {
        status = command_failed("run", "%s", error);
    }
    daemon_close(&d);
    return status;
}
