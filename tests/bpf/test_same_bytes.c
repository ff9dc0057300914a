#include "unit.h"

#include "answers.h"
#include "packets.h"
#include "same.h"
#include "scenes.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* For each scene; HOPTELL_PACKETS in the environment has more. */
enum { PACKETS_A_SCENE = 3000 };

static struct same same;
static struct built built;
static uint8_t frame[PACKET_FRAME_MAX + 64];
static char why[SAME_WHY_MAX];

/* False, and the test is skipped, where the kernel takes no program from us. */
static int open_it(void **state)
{
    char error[512];
    const int code = same_open(&same, error, sizeof error);

    (void)state;
    if (code == 0)
        return 0;
    print_message("# skipped: %s\n", error);
    *state = &same;
    return geteuid() == 0 && code != -EOPNOTSUPP ? -1 : 0;
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
        assert_int_equal(same_tales(&same, &built.tales, NULL, 0), 0);
        if (!same_check(&same, frame, frame_of(row->probe, (unsigned)(i % 3)), why))
            fail_msg("%s, %zu tags: %s", row->name, i % 3, why);
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
        assert_int_equal(same_tales(&same, &built.tales, NULL, 0), 0);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_probe_gets_the_same_answer_in_the_kernel),
        cmocka_unit_test(packets_made_by_chance_are_treated_alike),
    };

    return cmocka_run_group_tests(tests, open_it, close_it);
}
