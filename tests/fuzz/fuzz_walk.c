/*
 * A tale as YAML, an octet 0, and packets that walk it, each behind its length in two octets: with
 * limits, delays, losses, clocks and who walks, as the daemon has them. What is answered at a hop is never
 * answered before its time, and the tables for the kernel take the tale or say why not.
 */
#include "tale/book.h"
#include "tale/compile.h"
#include "tale/respond.h"
#include "tale/targets.h"
#include "tale/visitors.h"
#include "tale/walker.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

static const struct limit_settings limits = {.source_rate = 50,
                                             .source_burst = 4,
                                             .total_rate = 200,
                                             .total_burst = 16,
                                             .sources = 8,
                                             .hash_key = {1, 2}};
static struct book book;
static uint8_t out[ANSWER_CAPACITY];

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void into_book(const struct tales *tales)
{
    char error[256] = "";

    require(book_write(tales, NULL, 0, &limits, &book, error, sizeof error) == 0 ||
            error[0] != '\0');
}

/* The packet's length says whether something becomes known of its source, or is forgotten. */
static void know(struct visitors *visitors, const uint8_t *octets, size_t length, uint64_t now_ns)
{
    const struct traits visitor = traits_of(2, 4, 128, 123);
    struct packet packet;
    struct traits found;

    if (packet_parse(octets, length, &packet) != PACKET_OK)
        return;
    if (length % 4 == 0)
        visitors_note(visitors, &packet.source, &visitor, now_ns / 1000000000u);
    if (length % 4 == 1)
        visitors_forget(visitors, &packet.source);
    found = visitors_find(visitors, &packet.source);
    require(length % 4 > 1 || (found.value[TRAIT_HOP_LIMIT] == 123) == (length % 4 == 0));
}

static void walk(const struct tales *tales, struct cursor c)
{
    static struct routers routers;
    struct responder responder = {.tales = *tales, .routers = &routers, .random = random_seeded(1)};
    struct walker walking[WALKERS_MAX];
    struct visitors *visitors;
    uint64_t now_ns = 1;
    size_t walkers;

    memset(&routers, 0, sizeof routers);
    require(limiter_new(&limits, &responder.limiter) == 0);
    require(walkers_new(limits.hash_key, &responder.walkers) == 0);
    require(visitors_new(limits.hash_key, &visitors) == 0);
    responder.visitors = visitors;
    while (cursor_left(&c) > 2) {
        const uint16_t wanted = cursor_u16(&c);
        const size_t left = cursor_left(&c);
        const size_t length = wanted < left ? wanted : left;
        const uint8_t *packet = cursor_take(&c, length);
        struct answer answer;

        now_ns += (uint64_t)wanted << 16;
        answer = respond(&responder, packet, length, now_ns, out, sizeof out);
        require((answer.length != 0) == (reason_fate(answer.reason) == FATE_ANSWER));
        require(answer.due_ns >= now_ns && (answer.length != 0 || !answer.duplicate));
        require(answer.length == 0 || (answer.tale != NULL && answer.position != 0));
        know(visitors, packet, length, now_ns);
    }
    walkers = walkers_list(responder.walkers, 0, walking);
    for (size_t i = 0; i < walkers; i++)
        require(walking[i].furthest >= walking[i].position && walking[i].probes > 0);
    visitors_free(visitors);
    walkers_free(responder.walkers);
    limiter_free(responder.limiter);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    const uint8_t *text_end = length > 0 ? memchr(octets, 0, length) : NULL;
    const size_t text_length = text_end != NULL ? (size_t)(text_end - octets) : length;
    struct report report;
    struct tale *tale;

    report_init(&report, "t.yaml");
    tale = tale_compile((const char *)octets, text_length, "t.yaml", &report);
    if (tale != NULL) {
        struct tales tales = {.count = 1, .tale = &tale};
        struct targets *targets;

        into_book(&tales);
        require(targets_new(&tales, &targets) == 0);
        tales.targets = targets;
        if (text_end != NULL)
            walk(&tales, cursor_over(text_end + 1, length - text_length - 1));
        targets_free(targets);
    }
    tale_free(tale);
    return 0;
}
