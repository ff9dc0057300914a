/*
 * A hop answered over TUN, against reading and writing the same packets unchanged.
 *
 *     tun HOPTELL ROUNDS SECONDS
 *
 * In a network namespace of its own: `HOPTELL run` answers on one device, a plain loop of read and
 * write returns on another what it was given, and a sender fills each in turn with UDP probes. What
 * the kernel receives from a device is counted by the kernel; both kinds of packet are addressed to
 * nobody here, so that it drops both at the same place. Sender and answerer have a processor each.
 * Time is the answerer's processor time: with a full device that is all there is on an idle machine,
 * and on a busy one it leaves out whom the processor served meanwhile. Prints a row a line, as JSON.
 */
#include "edge/tun.h"
#include "edge/route.h"
#include "probe.h"
#include "row.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    FLOWS = 64,
    HOPS = 5,
    PROBE_MAX = 64,
    PROBE_LENGTH = 40, /* what traceroute sends by itself: 60 octets over IPv4 */
    READY_TENTHS = 200,
    SETTLE_US = 50000,
    TRIES = 10,
};

static const char answering[] = "hoptell0";
static const char returning[] = "plain0";

static const char tale[] = "targets: [203.0.113.9, \"2001:db8:42::9\"]\n"
                           "addresses: [198.51.100.16/28, \"2001:db8:43::/64\"]\n"
                           "hops: [one, two, three, four, five]\n";
static const char settings[] =
    "user: nobody\nstore: none\nwatch: {interfaces: []}\n"
    "visitors: {listen: []}\noperators: {listen: []}\ntun: {queues: 1}\n"
    "own: [203.0.113.0/24, 198.51.100.0/24, \"2001:db8:42::/48\", \"2001:db8:43::/48\"]\n"
    "limit: {source_rate: 10M, source_burst: 10M, total_rate: 100M, total_burst: 100M}\n"
    "tales: [tale.yaml]\n";

struct bench {
    char folder[32];
    pid_t hoptell;
    clockid_t hoptell_clock; /* its processor time */
    struct tun *plain;
    clockid_t plain_clock;
    uint8_t version; /* of the probes that are sent now */
    uint8_t probe[FLOWS][PROBE_MAX];
    size_t probe_length;
    const char *_Atomic to; /* the device that is filled now; NULL: none */
};

static void fail(const char *what)
{
    fprintf(stderr, "tun: %s: %s\n", what, strerror(errno));
    exit(3);
}

static double seconds_of(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void put_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
        fail(path);
}

/* The first or the last processor that there is: sender and answerer, where there are two. */
static void stay_on(bool last)
{
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(last && processors > 1 ? (size_t)processors - 1 : 0, &set);
    sched_setaffinity(0, sizeof set, &set);
}

static void write_probe(struct bench *b, unsigned flow)
{
    static const uint8_t v4[4] = {192, 0, 2, 77}, target_v4[4] = {203, 0, 113, 9};
    static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0x99, [15] = 0x77};
    static const uint8_t target_v6[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0x42, [15] = 9};
    const struct address source = b->version == 6 ? address_v6(v6) : address_v4(v4);
    const struct address target = b->version == 6 ? address_v6(target_v6) : address_v4(target_v4);
    const struct probe_order order = {.source = &source,
                                      .destination = &target,
                                      .version = b->version,
                                      .protocol = PROTOCOL_UDP,
                                      .hop_limit = (uint8_t)(1 + flow % HOPS),
                                      .flow = (uint16_t)(40000 + flow),
                                      .length = b->version == 6 ? PROBE_LENGTH - 20 : PROBE_LENGTH};

    b->probe_length = probe_write(&order, b->probe[flow]);
}

/* Packets that the kernel received from `device`. */
static uint64_t received(const char *device)
{
    FILE *file = fopen("/proc/thread-self/net/dev", "r");
    char line[512];
    uint64_t packets = 0;

    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        const char *at = strstr(line, device);

        if (at != NULL)
            sscanf(at + strlen(device), ": %*u %" SCNu64, &packets);
    }
    if (file != NULL)
        fclose(file);
    return packets;
}

/* Bound to nothing, so that it is given no copies of what it sends. */
static int open_sender(void)
{
    const int one = 1;
    const int sender = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (sender < 0)
        fail("socket of the sender");
    setsockopt(sender, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof one);
    return sender;
}

/* Fills `device` until it is no longer the one to be filled; what does not fit is dropped. */
static void fill(struct bench *b, const char *device)
{
    struct sockaddr_ll to = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(b->version == 6 ? ETH_P_IPV6 : ETH_P_IP),
        .sll_ifindex = (int)if_nametoindex(device),
    };
    const int sender = open_sender();
    struct mmsghdr message[FLOWS] = {0};
    struct iovec part[FLOWS];

    for (unsigned i = 0; i < FLOWS; i++) {
        part[i] = (struct iovec){.iov_base = b->probe[i], .iov_len = b->probe_length};
        message[i].msg_hdr = (struct msghdr){
            .msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &part[i], .msg_iovlen = 1};
    }
    while (b->to == device)
        sendmmsg(sender, message, FLOWS, 0);
    close(sender);
}

static void *send_probes(void *context)
{
    struct bench *b = context;

    stay_on(true);
    for (;;) {
        const char *device = b->to;

        if (device != NULL)
            fill(b, device);
        else
            usleep(1000);
    }
    return NULL;
}

static void *return_unchanged(void *context)
{
    const int device = tun_descriptor(((struct bench *)context)->plain, 0);
    static uint8_t packet[65535];

    stay_on(false);
    for (;;) {
        const ssize_t length = read(device, packet, sizeof packet);

        if (length > 0 && write(device, packet, (size_t)length) < 0)
            fail("write");
    }
    return NULL;
}

/*
 * Packets that come back from `device` in a second of the time that `clock` keeps; 0 where others
 * kept the processor so long that there is nothing to count.
 */
static double rate_once(struct bench *b, const char *device, clockid_t clock, double seconds)
{
    uint64_t packets;
    double took;

    b->to = device;
    usleep(SETTLE_US);
    took = seconds_of(clock);
    packets = received(device);
    usleep((useconds_t)(seconds * 1e6));
    took = seconds_of(clock) - took;
    packets = received(device) - packets;
    b->to = NULL;
    usleep(SETTLE_US);
    return took > seconds / 20 ? (double)packets / took : 0;
}

static double rate(struct bench *b, const char *device, clockid_t clock, double seconds)
{
    double found = 0;

    for (int i = 0; found <= 0; i++) {
        if (i == TRIES) {
            fprintf(stderr, "tun: expected packets to come back from %s, found none\n", device);
            exit(3);
        }
        found = rate_once(b, device, clock, seconds);
    }
    return found;
}

/*
 * The device, and on it a route to where IPv6 probes come from: what is for others is dropped with
 * less work than what is for nobody, and both kinds of packet are to be dropped alike.
 */
static void set_up_plain(const struct bench *b)
{
    static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0x99};
    const struct prefix others = {.address = address_v6(v6), .length = 64};
    struct route_socket *routes;
    int code = route_open(&routes);

    if (code == 0)
        code = route_link_up(routes, tun_index(b->plain));
    if (code == 0)
        code = route_add(routes, tun_index(b->plain), &others);
    if (code != 0) {
        errno = -code;
        fail(returning);
    }
    route_close(routes);
}

/* What is not for this machine is dropped, and nothing else. */
static void enter_namespace(void)
{
    if (unshare(CLONE_NEWNET) != 0)
        fail("a network namespace");
    put_file("/proc/sys/net/ipv4/ip_forward", "0");
    put_file("/proc/sys/net/ipv4/conf/all/rp_filter", "0");
    put_file("/proc/sys/net/ipv4/conf/default/rp_filter", "0");
}

static void start_plain(struct bench *b)
{
    char error[256];
    pthread_t thread;
    int descriptor;

    if (tun_open(returning, 1, &b->plain, error, sizeof error) != 0) {
        fprintf(stderr, "tun: %s\n", error);
        exit(3);
    }
    descriptor = tun_descriptor(b->plain, 0);
    fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK);
    set_up_plain(b);
    pthread_create(&thread, NULL, return_unchanged, b);
    pthread_getcpuclockid(thread, &b->plain_clock);
}

static void start_hoptell(struct bench *b, const char *program)
{
    char path[64];

    strcpy(b->folder, "/tmp/hoptell-bench-XXXXXX");
    if (mkdtemp(b->folder) == NULL)
        fail("a folder");
    snprintf(path, sizeof path, "%s/tale.yaml", b->folder);
    put_file(path, tale);
    snprintf(path, sizeof path, "%s/hoptell.yaml", b->folder);
    put_file(path, settings);
    b->hoptell = fork();
    if (b->hoptell == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        stay_on(false);
        execl(program, program, "run", "-c", path, (char *)NULL);
        fail(program);
    }
    for (int i = 0; if_nametoindex(answering) == 0; i++) {
        if (i == READY_TENTHS || waitpid(b->hoptell, NULL, WNOHANG) != 0) {
            fprintf(stderr, "tun: expected %s to make %s\n", program, answering);
            exit(3);
        }
        usleep(100000);
    }
    usleep(500000); /* the device is there before its thread */
    clock_getcpuclockid(b->hoptell, &b->hoptell_clock);
}

static void stop_hoptell(struct bench *b)
{
    static const char *const files[] = {"tale.yaml", "hoptell.yaml"};
    char path[64];

    kill(b->hoptell, SIGTERM);
    waitpid(b->hoptell, NULL, 0);
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", b->folder, files[i]);
        unlink(path);
    }
    rmdir(b->folder);
}

static void measure(struct bench *b, uint8_t version, unsigned rounds, double seconds)
{
    double answered[ROUNDS_MAX], returned[ROUNDS_MAX];

    b->version = version;
    for (unsigned i = 0; i < FLOWS; i++)
        write_probe(b, i);
    for (unsigned i = 0; i < rounds; i++) {
        returned[i] = rate(b, returning, b->plain_clock, seconds);
        answered[i] = rate(b, answering, b->hoptell_clock, seconds);
    }
    row_print(&(struct row){version == 6 ? "tun-ipv6" : "tun-ipv4",
                            version == 6 ? "a hop answered over TUN, IPv6"
                                         : "a hop answered over TUN, IPv4",
                            "packets/s", "the same packets read and written back", "ratio", 0.8},
              answered, returned, rounds);
}

int main(int argc, char **argv)
{
    static struct bench b;
    const unsigned rounds = argc == 4 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    const double seconds = argc == 4 ? strtod(argv[3], NULL) : 0;
    pthread_t sender;

    if (rounds < 1 || rounds > ROUNDS_MAX || seconds <= 0) {
        fprintf(stderr, "tun: expected HOPTELL ROUNDS SECONDS\n");
        return 2;
    }
    enter_namespace();
    start_hoptell(&b, argv[1]);
    start_plain(&b);
    pthread_create(&sender, NULL, send_probes, &b);
    measure(&b, 4, rounds, seconds);
    measure(&b, 6, rounds, seconds);
    stop_hoptell(&b);
    return 0;
}
