/*
 * Text fit to be printed; see printable.h.
 */
#include "base/printable.h"

/* What may follow a first octet of UTF-8 (RFC 3629, 4); C1 controls are left out. */
static const struct lead {
    unsigned char first; /* of those that lead so */
    unsigned char last;
    unsigned char second_low;
    unsigned char second_high;
    unsigned char octets;
} leads[] = {
    {' ', '~', 0, 0, 1},         {0xc2, 0xc2, 0xa0, 0xbf, 2},
    {0xc3, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
    {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, /* no surrogates */
    {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
    {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

enum { LEADS = sizeof leads / sizeof leads[0] };

/* The octets of the letter at `text`; 0 when there is none. */
static unsigned letter_octets(const unsigned char *text)
{
    const struct lead *lead = leads;

    while (lead < leads + LEADS && (text[0] < lead->first || text[0] > lead->last))
        lead++;
    if (lead == leads + LEADS)
        return 0;
    if (lead->octets > 1 && (text[1] < lead->second_low || text[1] > lead->second_high))
        return 0;
    for (unsigned i = 2; i < lead->octets; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    return lead->octets;
}

bool printable_is(const char *text)
{
    while (*text != '\0') {
        const unsigned octets = letter_octets((const unsigned char *)text);

        if (octets == 0)
            return false;
        text += octets;
    }
    return true;
}

void printable_make(char *text, char instead)
{
    while (*text != '\0') {
        const unsigned octets = letter_octets((const unsigned char *)text);

        if (octets == 0)
            *text = instead;
        text += octets == 0 ? 1 : octets;
    }
}
