/*
 * Probes to tales, and what each gets: the rows that user space and the kernel are both held against.
 */
#ifndef HOPTELL_TESTS_ANSWERS_H
#define HOPTELL_TESTS_ANSWERS_H

#include "tale/respond.h"
#include "tale_built.h"

/* How a row's tale differs from the usual. */
static void as_it_is(struct built *b)
{
    (void)b;
}

static void ends(struct built *b, enum end_answer all)
{
    for (unsigned i = 0; i < PROBE_PROTOCOL_COUNT; i++)
        b->tale.end[i] = all;
}

static void replying(struct built *b)
{
    ends(b, END_REPLY);
}

static void resetting(struct built *b)
{
    ends(b, END_RESET);
}

static void unreachable(struct built *b)
{
    ends(b, END_UNREACHABLE);
}

static void mute(struct built *b)
{
    ends(b, END_SILENT);
}

static void passing(struct built *b)
{
    ends(b, END_PASS);
}

static void narrow(struct built *b)
{
    b->hop[1].mtu = 1400;
}

static void very_narrow(struct built *b)
{
    b->hop[1].mtu = 600;
}

static void far(struct built *b)
{
    b->tale.base_hop_limit = 255;
}

static void hiding(struct built *b)
{
    b->hop[0].silent = 1u << PROBE_UDP;
}

static void old(struct built *b)
{
    b->hop[0].address[FAMILY_V6] = (struct address){0};
}

static void wide(struct built *b)
{
    b->tale.target[0] = prefix_of(&b->tale.target[0].address, 96 + 24);
}

#define REFUSING(name, refusal)                  \
    static void refusing_##name(struct built *b) \
    {                                            \
        b->hop[0].refuse = refusal;              \
    }

REFUSING(net, REFUSE_NET)
REFUSING(host, REFUSE_HOST)
REFUSING(protocol, REFUSE_PROTOCOL)
REFUSING(port, REFUSE_PORT)
REFUSING(admin, REFUSE_ADMIN)
REFUSING(source_route, REFUSE_SOURCE_ROUTE)
REFUSING(precedence, REFUSE_PRECEDENCE)
REFUSING(policy, REFUSE_POLICY)
REFUSING(reject, REFUSE_REJECT)

/*
 * Probes to the tale of tale_built.h and what each gets, octet for octet. The octets are not
 * hoptell's: they were put together with scapy.
 */
struct answer_row {
    const char *name;
    void (*change)(struct built *b);
    enum reason reason;
    const char *probe;
    const char *answer;
};

static const struct answer_row answer_rows[] = {
#include "answers_at_a_hop.h"
#include "answers_at_the_end.h"
#include "answers_never.h"
};

static uint8_t digit(char c)
{
    return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static size_t unhex(const char *text, uint8_t *out)
{
    size_t length = 0;

    for (; text[0] != '\0'; text += 2)
        out[length++] = (uint8_t)(digit(text[0]) << 4 | digit(text[1]));
    return length;
}

enum { ANSWER_ROWS = sizeof answer_rows / sizeof answer_rows[0] };

#endif
