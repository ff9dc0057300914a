#include "unit.h"

#include "answers.h"
#include "packets.h"
#include "same.h"
#include "scenes.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

/* For each scene; HOPTELL_PACKETS in the environment has more. */
enum { PACKETS_A_SCENE = 3000 };

static struct same same;
static struct built built;
static uint8_t frame[PACKET_FRAME_MAX + 64];
static char why[SAME_WHY_MAX];

/* False, and the test is skipped, where the kernel takes no program from us. */
static int open_it(bool watches)
{
    char error[512];
    const int alone = unshare(CLONE_NEWNET); /* no service here waits for what is sent */
    const int code = same_open(&same, watches, error, sizeof error);

    (void)alone;
    if (code == 0)
        return 0;
    print_message("# skipped: %s\n", error);
    return geteuid() == 0 && code != -EOPNOTSUPP ? -1 : 0;
}

static int open_alone(void **state)
{
    (void)state;
    return open_it(false);
}

static int open_watching(void **state)
{
    (void)state;
    return open_it(true);
}

static int close_it(void **state)
{
    (void)state;
    xdp_close(same.xdp);
    same.xdp = NULL;
    return 0;
}

static void skip_without_rights(void)
{
    if (!same.xdp)
        skip();
}

/* The built tale as it now is. */
static int same_built(const struct address *own, size_t own_count)
{
    const struct tales tales = built_tales(&built);

    return same_tales(&same, &tales, own, own_count);
}

static size_t frame_of(const char *packet, unsigned tags)
{
    size_t link = 12;

    for (size_t i = 0; i < 12; i++)
        frame[i] = (uint8_t)(0x10 + i);
    for (unsigned i = 0; i < tags; i++, link += 4) {
        store_u16(frame + link, ETHERTYPE_VLAN);
        store_u16(frame + link + 2, (uint16_t)(100 + i));
    }
    store_u16(frame + link, packet[0] == '6' ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4);
    return link + 2 + unhex(packet, frame + link + 2);
}

/* The rows that scapy made for user space. */
static void each_probe_gets_the_same_answer_in_the_kernel(void **state)
{
    (void)state;
    skip_without_rights();
    for (size_t i = 0; i < 3u * ANSWER_ROWS; i++) {
        const struct answer_row *row = &answer_rows[i / 3];

        built_usual(&built);
        row->change(&built);
        assert_int_equal(same_built(NULL, 0), 0);
        if (!same_check(&same, frame, frame_of(row->probe, (unsigned)(i % 3)), why))
            fail_msg("%s, %zu tags: %s", row->name, i % 3, why);
    }
}

/* What a packet to an address of this machine is to meet with, by what it would have met with else. */
static uint32_t verdict_on_own_address(enum reason reason, uint8_t protocol)
{
    const bool is_known = protocol == PROTOCOL_ICMP || protocol == PROTOCOL_ICMPV6 ||
                          protocol == PROTOCOL_UDP || protocol == PROTOCOL_TCP;

    switch (reason) {
    case REASON_TIME_EXCEEDED:
    case REASON_REFUSED:
        return is_known ? XDP_TX : XDP_PASS;
    case REASON_TOO_BIG: /* user space answers */
    case REASON_SILENT:
    case REASON_NO_ADDRESS:
        return is_known ? XDP_DROP : XDP_PASS;
    default:
        return XDP_PASS;
    }
}

/* All that is no probe within the tale goes on to the machine, untouched. */
static void on_an_own_address_only_probes_are_taken(void **state)
{
    static const uint8_t v4[4] = {203, 0, 113, 9};
    static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0x42, [15] = 9};
    const struct address own[] = {address_v4(v4), address_v6(v6)};

    (void)state;
    skip_without_rights();
    for (size_t i = 0; i < ANSWER_ROWS; i++) {
        const size_t length = frame_of(answer_rows[i].probe, 0);
        struct xdp_run run = {.frame = frame,
                              .length = length,
                              .repeat = 1,
                              .out = same.out,
                              .capacity = sizeof same.out};
        struct packet p = {0};
        uint32_t expected;

        built_usual(&built);
        answer_rows[i].change(&built);
        assert_int_equal(same_built(own, 2), 0);
        assert_int_equal(xdp_run(same.xdp, &run), 0);
        expected = packet_parse(frame + 14, length - 14, &p) == PACKET_OK
                       ? verdict_on_own_address(answer_rows[i].reason, p.protocol)
                       : XDP_PASS;
        if (run.out_verdict == XDP_DROP && p.flags & PACKET_OPTIONS)
            continue; /* handed to user space */
        if (answer_rows[i].change == wide)
            continue; /* to another address of the target */
        if (run.out_verdict != expected)
            print_error("%s\n", answer_rows[i].name);
        assert_int_equal(run.out_verdict, expected);
        if (expected == XDP_PASS)
            assert_memory_equal(same.out, frame, length);
    }
}

static void dump(size_t length)
{
    for (size_t i = 0; i < length && i < 120; i++)
        print_error("%02x", frame[i]);
    print_error("\n");
}

static void packets_made_by_chance_are_treated_alike(void **state)
{
    const char *more = getenv("HOPTELL_PACKETS");
    const unsigned long packets = more ? strtoul(more, NULL, 10) : PACKETS_A_SCENE;

    (void)state;
    skip_without_rights();
    for (unsigned scene = 0; scene < SCENES; scene++) {
        struct random random = random_seeded(scene);

        scenes[scene](&built);
        assert_int_equal(same_built(NULL, 0), 0);
        for (unsigned long i = 0; i < packets; i++) {
            const size_t length = packet_make(&random, frame);

            if (same_check(&same, frame, length, why))
                continue;
            dump(length);
            fail_msg("scene %u, packet %lu: %s", scene, i, why);
        }
    }
    print_message("# %llu frames, %llu of them handed to user space\n",
                  (unsigned long long)same.frames, (unsigned long long)same.handed);
    assert_true(same.handed < same.frames / 4);
}

/* Once while nothing else is asked of the program, once while it watches connections too. */
#define SAME_TEST(test)                                              \
    {#test, test, open_alone, close_it, NULL},                       \
    {                                                                \
#test "_beside_a_watch", test, open_watching, close_it, NULL \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        SAME_TEST(each_probe_gets_the_same_answer_in_the_kernel),
        SAME_TEST(on_an_own_address_only_probes_are_taken),
        SAME_TEST(packets_made_by_chance_are_treated_alike),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
