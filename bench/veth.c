/*
 * A hop answered in XDP over a pair of veth devices, against the program of minimal.bpf.c that swaps
 * addresses and sends back, on the same pair.
 *
 *     veth MINIMAL ROUNDS SECONDS
 *
 * In a network namespace of its own, on one processor: a sender hands UDP probes to one end, the
 * program under test answers at the other in the driver, and a program at the sender's end counts
 * what comes back. Time is this process's processor time, in which the kernel does all of that; on an
 * idle machine that is the time there is, and on a busy one it leaves out whom the processor served
 * meanwhile. Prints a row a line, as JSON.
 */
#include "edge/xdp.h"
#include "ours.h"
#include "probe.h"
#include "row.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ETHERNET = 14, BATCH = 64, FRAME_MAX = 128, PROBE_LENGTH = 40, WARM = 20 };
enum { TURNS = 10 }; /* of a round: both have their share of a machine whose speed changes */

static const char sending[] = "sending0";
static const char answering[] = "answering0";

static struct built built;
static struct bpf_object *minimal;
static uint8_t frame[BATCH][FRAME_MAX];
static size_t frame_length;

static int program(const char *name)
{
    return bpf_program__fd(bpf_object__find_program_by_name(minimal, name));
}

static void run(const char *command)
{
    if (system(command) == 0)
        return;
    fprintf(stderr, "veth: expected this to work: %s\n", command);
    exit(1);
}

static void attach(const char *device, int fd)
{
    expect(bpf_xdp_attach((int)if_nametoindex(device), fd, XDP_FLAGS_DRV_MODE, NULL),
           "attach a program");
}

static void make_pair(void)
{
    char command[256];

    expect(unshare(CLONE_NEWNET) == 0 ? 0 : -errno, "make a network namespace");
    snprintf(command, sizeof command,
             "ip link add %s type veth peer name %s && ip link set %s up && ip link set %s up",
             sending, answering, sending, answering);
    run(command);
    attach(sending, program("sink"));
}

/* Nobody's addresses: what the program lets pass, the kernel drops. */
static void write_frames(uint8_t version)
{
    static const uint8_t v4[4] = {192, 0, 2, 77};
    static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0x99, [15] = 0x77};
    const struct address source = version == 6 ? address_v6(v6) : address_v4(v4);

    for (unsigned i = 0; i < BATCH; i++) {
        const struct probe_order order = {.source = &source,
                                          .destination = &built.tale.target[version == 6].address,
                                          .version = version,
                                          .protocol = PROTOCOL_UDP,
                                          .hop_limit = 1,
                                          .flow = (uint16_t)(40000 + i),
                                          .length = PROBE_LENGTH};

        memset(frame[i], 2, ETHERNET);
        store_u16(frame[i] + 12, version == 6 ? ETH_P_IPV6 : ETH_P_IP);
        frame_length = ETHERNET + probe_write(&order, frame[i] + ETHERNET);
    }
}

static uint64_t returned(void)
{
    const uint32_t first = 0;
    const int processors = libbpf_num_possible_cpus();
    uint64_t count[1024] = {0}, sum = 0;

    expect(processors <= 1024 ? 0 : -E2BIG, "count on so many processors");
    expect(bpf_map_lookup_elem(bpf_object__find_map_fd_by_name(minimal, "returned"), &first, count),
           "read the count");
    for (int i = 0; i < processors; i++)
        sum += count[i];
    return sum;
}

/* Bound to nothing, so that it is given no copies of what it sends. */
static int open_sender(void)
{
    const int one = 1;
    const int sender = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

    expect(sender >= 0 ? 0 : -errno, "open a socket");
    setsockopt(sender, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof one);
    return sender;
}

static double processor_time(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* What came back, and the processor's time that it took. */
struct pace {
    double packets;
    double seconds;
};

/* Goes on for `seconds` with the program `fd` at the other end. */
static void run_for(double seconds, int fd, int sender, struct pace *pace)
{
    struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(sending)};
    struct mmsghdr message[BATCH] = {0};
    struct iovec part[BATCH];
    uint64_t before = 0;
    double start = 0;

    for (unsigned i = 0; i < BATCH; i++) {
        part[i] = (struct iovec){.iov_base = frame[i], .iov_len = frame_length};
        message[i].msg_hdr = (struct msghdr){
            .msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &part[i], .msg_iovlen = 1};
    }
    attach(answering, fd);
    for (unsigned batch = 0; batch <= WARM || processor_time() < start + seconds; batch++) {
        if (batch == WARM) {
            before = returned();
            start = processor_time();
        }
        sendmmsg(sender, message, BATCH, 0);
    }
    pace->packets += (double)(returned() - before);
    pace->seconds += processor_time() - start;
}

static void measure(uint8_t version, int ours, unsigned rounds, double seconds)
{
    const struct row row = {.row = version == 6 ? "veth-ipv6" : "veth-ipv4",
                            .what = version == 6 ? "a hop answered in XDP over a veth pair: IPv6"
                                                 : "a hop answered in XDP over a veth pair: IPv4",
                            .unit = "packets/s",
                            .reference = "swapping addresses and sending back, on the same pair",
                            .kind = "ratio",
                            .budget = 0.9};
    double values[ROUNDS_MAX], references[ROUNDS_MAX];
    const int sender = open_sender();

    write_frames(version);
    for (unsigned round = 0; round < rounds; round++) {
        struct pace pace = {0}, reference = {0};

        for (unsigned turn = 0; turn < TURNS; turn++) {
            run_for(seconds / TURNS, ours, sender, &pace);
            run_for(seconds / TURNS, program("swap"), sender, &reference);
        }
        values[round] = pace.packets / pace.seconds;
        references[round] = reference.packets / reference.seconds;
    }
    close(sender);
    row_print(&row, values, references, rounds);
}

int main(int argc, char **argv)
{
    const unsigned rounds = argc == 4 ? (unsigned)atoi(argv[2]) : 0;
    const double seconds = argc == 4 ? atof(argv[3]) : 0;
    struct xdp *xdp;
    cpu_set_t last;

    if (rounds < 1 || rounds > ROUNDS_MAX || seconds <= 0) {
        fprintf(stderr, "veth: expected MINIMAL ROUNDS SECONDS, of rounds 1 to %d\n", ROUNDS_MAX);
        return 2;
    }
    CPU_ZERO(&last);
    CPU_SET((size_t)sysconf(_SC_NPROCESSORS_ONLN) - 1, &last);
    sched_setaffinity(0, sizeof last, &last);
    ours_write_tale(&built);
    minimal = bpf_object__open_file(argv[1], NULL);
    if (!minimal || bpf_object__load(minimal) != 0) {
        fprintf(stderr, "veth: cannot load %s\n", argv[1]);
        return 1;
    }
    make_pair();
    xdp = ours_open(&built, true, false);
    for (uint8_t version = 4; version <= 6; version = (uint8_t)(version + 2))
        measure(version, ours_program(xdp), rounds, seconds);
    xdp_close(xdp);
    bpf_object__close(minimal);
    return 0;
}
