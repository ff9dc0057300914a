/*
 * The keeper; see keeper.h. Daemon and keeper speak over a pair of sockets, one message a request
 * and one an answer; the end of the daemon is the end of its socket.
 */
#include "cli/keeper.h"

#include "base/log.h"
#include "base/privileges.h"
#include "base/sandbox.h"
#include "edge/resolver.h"
#include "edge/route.h"
#include "edge/xdp.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum keeper_order { KEEPER_ROUTE_ADD, KEEPER_ROUTE_DELETE, KEEPER_ADDRESSES };

struct request {
    enum keeper_order order;
    struct prefix prefix;
};

struct keeper {
    int socket;
    pid_t child;
};

static bool prefix_is_allowed(const struct prefix *prefix, const struct prefix_list *allowed)
{
    for (size_t i = 0; i < allowed->count; i++)
        if (prefix->length >= allowed->item[i].length &&
            prefix_contains(&allowed->item[i], &prefix->address))
            return true;
    return false;
}

static int restore_addresses(const struct keeper_orders *orders, struct route_socket *routes)
{
    int result = 0;

    for (size_t i = 0; result == 0 && i < orders->addresses->count; i++) {
        const struct prefix *address = &orders->addresses->item[i];

        result = route_address_add(routes, orders->interface, &address->address, address->length);
        if (result == -EEXIST)
            result = 0;
    }
    return result;
}

static int keeper_obey(const struct request *request, const struct keeper_orders *orders,
                       struct route_socket *routes)
{
    if (request->order == KEEPER_ADDRESSES)
        return restore_addresses(orders, routes);
    if (request->prefix.length > 128 || !prefix_is_allowed(&request->prefix, orders->allowed))
        return -EPERM;
    switch (request->order) {
    case KEEPER_ROUTE_ADD:
        return route_add(routes, orders->interface, &request->prefix);
    case KEEPER_ROUTE_DELETE:
        return route_delete(routes, orders->interface, &request->prefix);
    default:
        return -EINVAL;
    }
}

/* Interrupts from the terminal reach the whole process group, and are the daemon's to act on. */
static void ignore_interrupts(void)
{
    static const int interrupts[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};

    for (size_t i = 0; i < sizeof interrupts / sizeof interrupts[0]; i++)
        signal(interrupts[i], SIG_IGN);
}

/* Ours alone: another hoptell may have taken the interface over meanwhile. */
static void keeper_detach(const struct keeper_orders *orders)
{
    for (size_t i = 0; i < orders->program_count; i++) {
        const struct keeper_program *p = &orders->program[i];

        if (xdp_detach(p->index, p->id) != 0)
            log_error("cannot take the XDP program off %s: 'ip link set dev %s xdp off' does it",
                      p->interface, p->interface);
    }
}

/* It gives up all but what its orders need. */
static bool keeper_confine(void)
{
    char error[256];

    if (privileges_narrow() != 0)
        return false;
    if (sandbox_enter(SANDBOX_KEEPER, error, sizeof error) == 0)
        return true;
    log_error("%s", error);
    return false;
}

static _Noreturn void keeper_main(int socket, const struct keeper_orders *orders)
{
    struct route_socket *routes = NULL;
    struct request request;

    ignore_interrupts();
    prctl(PR_SET_NAME, "hoptell-keeper");
    if (route_open(&routes) != 0 || !keeper_confine())
        _exit(EXIT_FAILURE);
    while (recv(socket, &request, sizeof request, 0) == (ssize_t)sizeof request) {
        const int result = keeper_obey(&request, orders, routes);

        if (send(socket, &result, sizeof result, MSG_NOSIGNAL) < 0)
            break;
    }
    route_close(routes);
    keeper_detach(orders);
    if (orders->resolver && resolver_leave() != 0)
        log_error("cannot put resolv.conf back: 'umount /etc/resolv.conf' does it");
    _exit(EXIT_SUCCESS);
}

int keeper_start(const struct keeper_orders *orders, void (*in_child)(void *context), void *context,
                 struct keeper **out)
{
    struct keeper *keeper = malloc(sizeof *keeper);
    int pair[2];

    if (keeper == NULL)
        return -ENOMEM;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        const int code = errno;

        free(keeper);
        return -code;
    }
    keeper->child = fork();
    if (keeper->child == 0) {
        close(pair[0]);
        in_child(context);
        keeper_main(pair[1], orders);
    }
    close(pair[1]);
    keeper->socket = pair[0];
    if (keeper->child < 0) {
        const int code = errno;

        close(pair[0]);
        free(keeper);
        return -code;
    }
    *out = keeper;
    return 0;
}

static int keeper_ask(struct keeper *keeper, enum keeper_order order, const struct prefix *prefix)
{
    struct request request;
    int result;

    memset(&request, 0, sizeof request); /* no octet of padding leaves with what was there */
    request.order = order;
    if (prefix != NULL)
        request.prefix = *prefix;
    if (send(keeper->socket, &request, sizeof request, MSG_NOSIGNAL) < 0)
        return -errno;
    if (recv(keeper->socket, &result, sizeof result, 0) != (ssize_t)sizeof result)
        return -EPIPE;
    return result;
}

int keeper_route_add(struct keeper *keeper, const struct prefix *prefix)
{
    return keeper_ask(keeper, KEEPER_ROUTE_ADD, prefix);
}

int keeper_route_delete(struct keeper *keeper, const struct prefix *prefix)
{
    return keeper_ask(keeper, KEEPER_ROUTE_DELETE, prefix);
}

int keeper_restore_addresses(struct keeper *keeper)
{
    return keeper_ask(keeper, KEEPER_ADDRESSES, NULL);
}

void keeper_stop(struct keeper *keeper)
{
    if (keeper == NULL)
        return;
    close(keeper->socket);
    waitpid(keeper->child, NULL, 0);
    free(keeper);
}
